"""--text: lines of a file through a Hugging Face folder's tokenizer, and decoders' own ways."""

from pathlib import Path

import pytest

from autotune import InputsError, UsageError

torch = pytest.importorskip("torch")

from autotune.export import export
from autotune.export._text import lines_of

WORDS = "the cat sat on a mat and looked at two birds".split()


def lines(tmp_path: Path, content: bytes, encoding: str = "utf-8") -> tuple[list[str], list[str]]:
    said: list[str] = []
    (tmp_path / "lines.txt").write_bytes(content)
    return lines_of(str(tmp_path / "lines.txt"), encoding, said.append), said


def test_lines_end_where_an_editor_ends_them(tmp_path):
    text = "one\u2028two\r\nthree\u0085four\x0cfive\n\x1csix\x0b.\rlast"
    got, said = lines(tmp_path, text.encode())
    assert got == ["one\u2028two", "three\u0085four\x0cfive", "\x1csix\x0b.", "last"]
    assert said == []


def test_a_byte_order_mark_is_no_text(tmp_path):
    assert lines(tmp_path, b"\xef\xbb\xbfone\ntwo\n")[0] == ["one", "two"]
    assert lines(tmp_path, "one\ntwo".encode("utf-16"), "utf-16")[0] == ["one", "two"]


def test_lines_that_are_left_out_are_counted(tmp_path):
    got, said = lines(tmp_path, b"one\n\n  \ntwo\n")
    assert got == ["one", "two"]
    assert "2 of 4 lines are empty" in said[0]
    got, said = lines(tmp_path, "".join(f"line {n}\n" for n in range(600)).encode())
    assert len(got) == 512
    assert "first 512 of 600 lines with text are taken, 88 are left out" in said[0]


def test_another_encoding_is_named(tmp_path):
    latin = "le caf\u00e9\nle th\u00e9\n".encode("latin-1")
    with pytest.raises(InputsError, match=r"lines.txt cannot be read as utf-8 .*--encoding NAME"):
        lines(tmp_path, latin)
    assert lines(tmp_path, latin, "latin-1")[0] == ["le caf\u00e9", "le th\u00e9"]
    with pytest.raises(UsageError, match="'latin-0' is not known"):
        lines(tmp_path, latin, "latin-0")


@pytest.fixture(scope="module")
def decoder(tmp_path_factory) -> Path:
    """Of GPT-2's kind, whose tokenizer has no padding token and whose outputs carry a cache."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    folder = tmp_path_factory.mktemp("decoder") / "model"
    vocabulary = {word: n for n, word in enumerate(["<unk>", "<eos>", *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", eos_token="<eos>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.GPT2Config(
        vocab_size=len(vocabulary), n_positions=16, n_embd=32, n_layer=1, n_head=2
    )
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


def test_a_decoder_without_a_padding_token_is_exported_without_its_cache(decoder, tmp_path):
    import transformers

    said: list[str] = []
    (tmp_path / "lines.txt").write_text("the cat sat\ntwo birds looked at the cat\na mat\n")
    folder = export(
        str(decoder),
        tmp_path / "set",
        text=str(tmp_path / "lines.txt"),
        batch=(1, 4),
        precision="fp32",
        on_progress=said.append,
    )
    assert any("padded with '<eos>'" in line for line in said)
    assert any("use_cache=False" in line for line in said)
    tensors = torch.load(folder / "inputs.pt")
    model = transformers.GPT2LMHeadModel.from_pretrained(decoder).eval()
    names = ["input_ids", "attention_mask"] if len(tensors) == 2 else None
    with torch.no_grad():
        want = model(**dict(zip(names, tensors)), use_cache=False).logits
    got = torch._inductor.aoti_load_package(str(folder / "fp32.pt2"))(*tensors)
    assert list(got) == ["logits"]
    assert (got["logits"].shape, got["logits"].dtype) == (want.shape, want.dtype)
    torch.testing.assert_close(got["logits"], want, rtol=1e-4, atol=1e-5)


def test_a_tokenizer_that_has_nothing_to_pad_with_is_refused(decoder, tmp_path):
    import transformers

    from autotune.export._text import tokens_of

    tokenizer = transformers.AutoTokenizer.from_pretrained(decoder)
    tokenizer.eos_token = tokenizer.unk_token = None
    tokenizer.save_pretrained(tmp_path)
    with pytest.raises(InputsError, match="no padding token, and neither an end-of-text nor an unknown"):
        tokens_of(tmp_path, torch.nn.Identity(), ["the cat", "a mat sat"], 8, lambda line: None)


def test_experts_of_transformers_run_without_python(tmp_path):
    transformers = pytest.importorskip("transformers")
    torch.manual_seed(0)
    config = transformers.MixtralConfig(
        vocab_size=50, hidden_size=32, intermediate_size=64, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, num_local_experts=4,
    )  # fmt: skip
    transformers.MixtralModel(config).save_pretrained(tmp_path / "model")
    ids = torch.randint(0, 50, (4, 8))
    folder = export(
        str(tmp_path / "model"), tmp_path / "set", inputs={"input_ids": ids}, batch=(1, 4), precision="fp32"
    )
    model = transformers.MixtralModel.from_pretrained(tmp_path / "model").eval()
    with torch.no_grad():
        want = model(ids, use_cache=False).last_hidden_state
    got = torch._inductor.aoti_load_package(str(folder / "fp32.pt2"))(ids)["last_hidden_state"]
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
