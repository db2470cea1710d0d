"""What is to be exported: a model and example arguments, from where the user points."""

import dataclasses
import importlib
import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils import _pytree as pytree

from .._errors import InputsError, ModelError, UsageError
from ._in_float32 import given_in, in_float32, inputs_in_float32
from ._text import lines_of, tokens_of

SPEC = re.compile(r"(?P<dtype>\w+)\[batch(?P<dims>(?:,\d+)*)\](?::(?P<values>.+))?")
RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


@dataclasses.dataclass
class Source:
    """A model in evaluation mode and in float32, with arguments of as many rows as there are."""

    model: torch.nn.Module
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    made_from: str
    given_in: str  # The floating type the model came in.
    mask: str | None = None  # Path of the tensor whose sum counts useful units.

    def tensors(self) -> dict[str, torch.Tensor]:
        """By their paths, in the order of a walk: `0`, `1.2`, `attention_mask`, `0.ids`."""
        leaves, _ = pytree.tree_flatten_with_path((self.args, self.kwargs))
        return {
            ".".join(str(getattr(key, "idx", getattr(key, "key", key))) for key in path[1:]): leaf
            for path, leaf in leaves
            if isinstance(leaf, torch.Tensor)
        }


def read_source(
    model: str | torch.nn.Module,
    *,
    inputs: Any,
    specs: Sequence[str] | None,
    text: str | None,
    max_tokens: int,
    encoding: str,
    say: Callable[[str], None],
) -> Source:
    given = [
        name
        for name, value in (("inputs", inputs), ("input", specs), ("text", text))
        if value is not None
    ]
    if len(given) != 1:
        raise UsageError(
            f"{' and '.join(given) or 'no example inputs'} given: one of inputs, input and text is needed."
        )
    if isinstance(model, torch.nn.Module):
        loaded, folder = model, None
    elif Path(model).is_dir():
        loaded, folder = hugging_face_model(Path(model)), Path(model)
    else:
        loaded, folder = python_model(model), None
    args, kwargs, mask = (), {}, None
    if text is not None:
        if folder is None:
            raise UsageError("text needs a Hugging Face folder, whose tokenizer reads it.")
        kwargs = tokens_of(folder, loaded, lines_of(text, encoding, say), max_tokens, say)
        mask = "attention_mask" if "attention_mask" in kwargs else None
    elif inputs is not None:
        args, kwargs = saved_inputs(inputs)
    else:
        args = tuple(made_up(spec) for spec in specs)
    described = (
        type(model).__name__ if folder is None and not isinstance(model, str) else str(model)
    )
    kwargs = without_cache(loaded, kwargs, say)
    if not isinstance(model, torch.nn.Module):
        without_operators_of_python(loaded, say)
    loaded.eval().requires_grad_(False)
    dtype = given_in(loaded)
    if dtype is not None:
        loaded = in_float32(loaded)
        say(f"the model is given in {name_of(dtype)}: fp32 is made of it in float32")
    args, kwargs = inputs_in_float32((args, kwargs), dtype)
    return Source(loaded, args, kwargs, described, name_of(dtype or torch.float32), mask)


def without_cache(
    model: torch.nn.Module, kwargs: dict[str, Any], say: Callable[[str], None]
) -> dict[str, Any]:
    """A decoder's keys and values are for its next call: a package gives tensors for this one."""
    wanted = getattr(getattr(model, "config", None), "use_cache", False)
    if not wanted or "use_cache" in kwargs:
        return kwargs
    if "use_cache" not in inspect.signature(model.forward).parameters:
        return kwargs
    say("the model is exported without its cache of keys and values (use_cache=False)")
    return {**kwargs, "use_cache": False}


def without_operators_of_python(model: torch.nn.Module, say: Callable[[str], None]) -> None:
    """Transformers multiplies experts in FP32 by an operator of its own, which no package can call."""
    if getattr(getattr(model, "config", None), "_experts_implementation", "") == "grouped_mm":
        model.set_experts_implementation("batched_mm")
        say("the model's experts are multiplied in a batch (experts_implementation batched_mm)")


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def hugging_face_model(folder: Path) -> torch.nn.Module:
    config = folder / "config.json"
    if not config.is_file():
        raise ModelError(f"{folder} is no Hugging Face folder: it has no config.json.")
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    try:
        import transformers
    except ImportError as error:
        raise ModelError(
            f"{folder} needs transformers: pip install transformers ({error})."
        ) from None
    transformers.utils.logging.disable_progress_bar()
    names = json.loads(config.read_text(encoding="utf-8")).get("architectures") or ["AutoModel"]
    kind = getattr(transformers, names[0], transformers.AutoModel)
    try:
        return kind.from_pretrained(folder, dtype=torch.float32)
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"transformers cannot load {folder} as {kind.__name__}: {error}"
        ) from error


def python_model(name: str) -> torch.nn.Module:
    module, _, factory = name.partition(":")
    if not factory:
        raise ModelError(f"{name} is neither a folder nor module:factory.")
    sys.path.insert(0, os.getcwd())
    try:
        made = getattr(importlib.import_module(module), factory)()
    except (ImportError, AttributeError) as error:
        raise ModelError(f"{name} cannot be imported: {error}") from error
    finally:
        sys.path.pop(0)
    if not isinstance(made, torch.nn.Module):
        raise ModelError(f"{name}() gives a {type(made).__name__}, not a torch.nn.Module.")
    return made


def saved_inputs(inputs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """A tensor, a tuple or list of arguments, or a dict of named ones; or a file with that."""
    if isinstance(inputs, (str, os.PathLike)):
        try:
            inputs = torch.load(inputs, weights_only=True)
        except Exception as error:  # torch.load raises nearly everything.
            raise InputsError(
                f"{inputs} is no file of torch.save with tensors in it: {error}"
            ) from None
    if isinstance(inputs, dict):
        return (), dict(inputs)
    if isinstance(inputs, (tuple, list)):
        return tuple(inputs), {}
    return (inputs,), {}


def made_up(spec: str, rows: int = 64) -> torch.Tensor:
    """Seeded values of `int64[batch,128]:0..30521` or `float32[batch,3,224,224]:normal`."""
    found = SPEC.fullmatch(spec)
    dtype = getattr(torch, found["dtype"], None) if found else None
    if not isinstance(dtype, torch.dtype):
        raise UsageError(
            f"input {spec!r} is not like int64[batch,128]:0..30521 or float32[batch,3,224,224]:normal."
        )
    shape = (rows, *(int(dim) for dim in found["dims"].split(",")[1:]))
    generator = torch.Generator().manual_seed(0)
    if dtype.is_floating_point:
        return torch.randn(shape, generator=generator).to(dtype)
    low_high = RANGE.fullmatch(found["values"] or "")
    if low_high is None or int(low_high[1]) > int(low_high[2]):
        raise UsageError(
            f"input {spec!r}: whole numbers need a range, like int64[batch,128]:0..30521."
        )
    return torch.randint(
        int(low_high[1]), int(low_high[2]) + 1, shape, generator=generator, dtype=dtype
    )
