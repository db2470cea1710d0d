"""`export`: every precision of one model, into a folder that is complete or not there."""

import os
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from .._errors import DeviceError, Error, InputsError, ModelError, UsageError
from . import _manifest
from ._in_float32 import tf32_off
from ._package import make_package
from ._recipes import RECIPES, Flat, Recipe
from ._reference import Reference, buffers_kept
from ._rows import gathered, in_order, row_count, rows_to_export
from ._source import Source, read_source

REFERENCE = "fp32"


def export(
    model: str | torch.nn.Module,
    out: str | os.PathLike[str],
    *,
    inputs: Any = None,
    input: str | Sequence[str] | None = None,
    text: str | None = None,
    max_tokens: int = 128,
    encoding: str = "utf-8",
    precision: str | Sequence[str] | None = None,
    batch: tuple[int, int] = (1, 256),
    device: str = "cpu",
    units_from_mask: int | str | None = None,
    on_progress: Callable[[str], None] | None = None,
) -> Path:
    """Makes a variant set of a Python model: one compiled package per precision, with a manifest.

    Always makes fp32, against which the others' accuracy is judged; a precision that cannot be
    exported is recorded with its reason and does not spoil the others.

    Args:
        model: A module, `module:factory` that gives one, or a Hugging Face folder.
        out: Folder of the set. A set that is there is replaced once the new one is complete.
        inputs: Example arguments: a tensor, a tuple or list of arguments, or a dict of named ones;
            or a file of torch.save with that. Dimension 0 of every tensor is the batch.
        input: Instead, one spec per argument: `int64[batch,128]:0..30521`.
        text: Instead, a text file for a Hugging Face folder: one row per line.
        max_tokens: The most tokens of a line of `text`.
        encoding: Of `text`, as Python names it.
        precision: Only these beside fp32: `bf16`, `fp16` (GPU), `int8`; by default all.
        batch: First and last batch size the packages take.
        device: `cpu` or `cuda`: packages are compiled for this machine's.
        units_from_mask: The argument whose sum counts useful units; with `text` the attention mask.
        on_progress: Called with a line of text before and after each precision.

    Returns:
        The folder of the set.

    Raises:
        Error: If nothing could be made; its subclasses and `code` say why.
    """
    say = on_progress or (lambda line: None)
    folder = Path(out)
    recipes = wanted(precision, device)
    check(folder, batch, device)
    specs = [input] if isinstance(input, str) else input
    source = read_source(
        model,
        inputs=inputs,
        specs=specs,
        text=text,
        max_tokens=max_tokens,
        encoding=encoding,
        say=say,
    )
    source.model.to(device)
    if units_from_mask is not None:
        source.mask = str(units_from_mask)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as partial:
        made = Path(partial) / "set"
        made.mkdir()
        with buffers_kept(source.model), tf32_off():
            fill(made, source, recipes, batch, device, say)
        put_in_place(made, folder)
    say(f"{folder}: made; tune it with: autotune tune {folder}")
    return folder


def fill(
    folder: Path,
    source: Source,
    recipes: list[Recipe],
    batch: tuple[int, int],
    device: str,
    say: Callable[[str], None],
) -> None:
    model = Flat(source.model, source.args, source.kwargs)
    tensors = source.tensors()
    leaves = [in_order(tensor) for tensor in tensors.values()]
    check_rows(leaves, batch)
    mask = position(source.mask, list(tensors))
    reference = reference_of(model, leaves, batch, device, source.given_in, say)
    rows = rows_to_export(row_count(leaves), batch)
    examples = [tensor.to(device) for tensor in gathered(leaves, rows)]
    variants, failed = [], {}
    for recipe in recipes:
        say(f"{recipe.precision}: exporting and compiling")
        package = folder / f"{recipe.precision}.pt2"
        try:
            variant = make_package(recipe, model, examples, batch, package, say)
            reference.check(recipe.precision, package)
        except Exception as error:  # What a compiler raises is not known beforehand.
            reason = str(error) if isinstance(error, Error) else one_line(error)
            if recipe.precision == REFERENCE and isinstance(error, Error):
                raise
            if recipe.precision == REFERENCE:
                raise ModelError(f"the model cannot be exported as fp32: {reason}") from error
            failed[recipe.precision] = reason
            package.unlink(missing_ok=True)
            say(f"{recipe.precision}: not made: {reason}")
            continue
        variants.append(variant)
        say(f"{recipe.precision}: {variant.seconds:.0f} s, {variant.bytes / 2**20:.1f} MiB")
    torch.save(tuple(t.cpu() for t in leaves), folder / "inputs.pt")
    _manifest.write(
        folder,
        _manifest.manifest(
            made_from=source.made_from,
            given_in=source.given_in,
            device=device,
            batch=batch,
            tensors=leaves,
            mask=mask,
            reference=reference.write(folder),
            variants=variants,
            failed=failed,
        ),
    )


def reference_of(
    model: Flat,
    tensors: list[torch.Tensor],
    batch: tuple[int, int],
    device: str,
    given_in: str,
    say: Callable[[str], None],
) -> Reference:
    try:
        return Reference(model, tensors, batch, device, say)
    except ModelError as error:
        if given_in == "float32":
            raise
        raise ModelError(
            f"{error} The model was given in {given_in} and converted to float32, in which fp32 "
            "computes: it must run in that too."
        ) from error


def wanted(precision: str | Sequence[str] | None, device: str) -> list[Recipe]:
    if precision is None:
        return [recipe for recipe in RECIPES if device in recipe.devices]
    words = precision.split(",") if isinstance(precision, str) else list(precision)
    known = {recipe.precision: recipe for recipe in RECIPES}
    for word in words:
        if word not in known:
            raise UsageError(f"precision {word!r} is not known: {', '.join(known)}.")
        if device not in known[word].devices:
            raise UsageError(
                f"precision {word} is made for {', '.join(known[word].devices)} only, not {device}."
            )
    return [recipe for recipe in RECIPES if recipe.precision in {REFERENCE, *words}]


def check(folder: Path, batch: tuple[int, int], device: str) -> None:
    if not 1 <= batch[0] <= batch[1]:
        raise UsageError(f"batch {batch[0]}:{batch[1]} is not FIRST:LAST with 1 <= FIRST <= LAST.")
    if device not in ("cpu", "cuda"):
        raise UsageError(f"device {device!r} is neither cpu nor cuda.")
    if device == "cuda" and not torch.cuda.is_available():
        raise DeviceError("device cuda: this torch sees no GPU.")
    if (
        folder.exists()
        and not _manifest.is_set(folder)
        and (not folder.is_dir() or any(folder.iterdir()))
    ):
        raise UsageError(
            f"{folder} exists and is no variant set: name a new folder, nothing is overwritten."
        )


def position(mask: str | None, paths: list[str]) -> str | None:
    """The mask's place among the tensors: packages take them one after the other."""
    if mask is None:
        return None
    if mask not in paths:
        raise UsageError(
            f"units_from_mask {mask!r} is no tensor of the inputs: {', '.join(paths)}."
        )
    return str(paths.index(mask))


def check_rows(tensors: list[torch.Tensor], batch: tuple[int, int]) -> None:
    if row_count(tensors) < 2 <= batch[1]:
        raise InputsError(
            "one row of inputs is too few: torch would fix the batch to it. Give two or more."
        )


def put_in_place(made: Path, folder: Path) -> None:
    """Replaces `folder`; what was there goes last."""
    old = made.parent / "old"
    if folder.exists():
        folder.rename(old)
    made.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def one_line(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
