"""Lines of a text file as rows of tokens, through a Hugging Face folder's own tokenizer."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from .._errors import InputsError, UsageError

MOST_ROWS = 512
END_OF_LINE = re.compile("\r\n|\n|\r")  # Not U+2028, form feed and so on, as str.splitlines has it.


def lines_of(text: str, encoding: str, say: Callable[[str], None]) -> list[str]:
    """The lines of a file with something in them, at most MOST_ROWS; what is left out is said."""
    try:
        content = Path(text).read_bytes().decode(encoding)
    except LookupError:
        raise UsageError(
            f"encoding {encoding!r} is not known to Python: utf-8, latin-1 and utf-16 are."
        ) from None
    except (OSError, UnicodeError) as error:
        raise InputsError(
            f"{text} cannot be read as {encoding} text: {error}. Another encoding is named with "
            "--encoding NAME, like latin-1."
        ) from None
    every = END_OF_LINE.split(content.removeprefix("\ufeff"))
    if not every[-1]:
        every.pop()  # After the end of the last line.
    lines = [line for line in every if line.strip()]
    if len(lines) < len(every):
        say(f"{text}: {len(every) - len(lines)} of {len(every)} lines are empty and left out")
    if len(lines) > MOST_ROWS:
        say(
            f"{text}: the first {MOST_ROWS} of {len(lines)} lines with text are taken, "
            f"{len(lines) - MOST_ROWS} are left out"
        )
    if len(lines) < 2:
        raise InputsError(f"{text} has {len(lines)} line(s) with text: two or more are needed.")
    return lines[:MOST_ROWS]


def tokens_of(
    folder: Path, model: torch.nn.Module, lines: list[str], max_tokens: int, say: Callable[[str], None]
) -> dict[str, torch.Tensor]:
    """Padded to the longest of them.

    Raises:
        InputsError: If the folder has no tokenizer, or one that cannot pad.
    """
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    except Exception as error:  # Of several libraries.
        reason = " ".join(str(error).split())[:300]
        raise InputsError(
            f"{folder} has no tokenizer that can be loaded: {reason}. Give token numbers with --inputs."
        ) from error
    let_it_pad(tokenizer, model, folder, say)
    tokens = tokenizer(
        lines, padding=True, truncation=True, max_length=max_tokens, return_tensors="pt"
    )
    return dict(tokens)


def let_it_pad(
    tokenizer: Any, model: torch.nn.Module, folder: Path, say: Callable[[str], None]
) -> None:
    """Rows of a batch are of one length; which token fills them up matters to no masked one."""
    if tokenizer.pad_token is None:
        filler = tokenizer.eos_token or tokenizer.unk_token
        if filler is None:
            raise InputsError(
                f"the tokenizer of {folder} has no padding token, and neither an end-of-text nor an "
                "unknown token to pad with. Name one in its tokenizer_config.json as pad_token."
            )
        tokenizer.pad_token = filler
        say(f"the tokenizer has no padding token: rows are padded with {filler!r}, which the mask hides")
    config = getattr(model, "config", None)
    if getattr(config, "pad_token_id", 0) is None:  # Classifiers look for the last token by it.
        config.pad_token_id = tokenizer.pad_token_id
