"""The command line of `python -m autotune export`."""

import argparse
import sys
from pathlib import Path

from .._errors import Error


def main(words: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if words is None else words)
    from . import export  # Imports torch: `--help` must not take seconds.

    try:
        export(
            options.model,
            options.out,
            inputs=options.inputs,
            input=options.input,
            text=options.text,
            max_tokens=options.max_tokens,
            encoding=options.encoding,
            precision=options.precision,
            batch=batch_range(options.batch),
            device=options.device,
            units_from_mask=options.units_from_mask,
            on_progress=lambda line: print(line, file=sys.stderr, flush=True),
        )
    except Error as error:
        print(f"autotune export: {error}", file=sys.stderr)
        return 1
    return 0


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m autotune export",
        description="Makes a variant set: one compiled package per precision, and a manifest.",
    )
    parser.add_argument("model", help="a Hugging Face folder, or module:factory of a Python model")
    parser.add_argument("--out", type=Path, required=True, help="folder of the set, new or a set")
    parser.add_argument("--inputs", help="example inputs from torch.save; dimension 0 is the batch")
    parser.add_argument(
        "--input", action="append", help="instead, a spec per argument: int64[batch,128]:0..30521"
    )
    parser.add_argument(
        "--text", help="instead, a text file, one row per line, for the folder's tokenizer"
    )
    parser.add_argument(
        "--max-tokens", type=int, default=128, help="of a line of --text (default 128)"
    )
    parser.add_argument(
        "--encoding", default="utf-8", help="of --text, as Python names it (default utf-8)"
    )
    parser.add_argument(
        "--precision", help="only these beside fp32, comma separated: bf16, fp16, int8"
    )
    parser.add_argument(
        "--batch", default="1:256", help="range FIRST:LAST the packages take (default 1:256)"
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda (default cpu)")
    parser.add_argument("--units-from-mask", help="the argument whose sum counts units: 0, 1, 2.0")
    return parser.parse_args(words)


def batch_range(text: str) -> tuple[int, int]:
    first, _, last = text.partition(":")
    try:
        return int(first), int(last or first)
    except ValueError:
        raise SystemExit(
            f"autotune export: --batch {text!r} is not FIRST:LAST, like 1:256."
        ) from None


if __name__ == "__main__":
    sys.exit(main())
