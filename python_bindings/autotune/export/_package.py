"""One precision of a model as an AOTInductor package."""

import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._inductor

from ._flops import refuse_loops
from ._host import fingerprint
from ._int8_check import int8_coverage
from ._lstm import lstm_with_its_shapes
from ._manifest import Variant
from ._operators import drawing_operators, refuse_foreign_operators
from ._recipes import Flat, Recipe


def make_package(
    recipe: Recipe,
    model: Flat,
    tensors: list[torch.Tensor],
    batch: tuple[int, int],
    path: Path,
    say: Callable[[str], None],
) -> Variant:
    """Exports with a dynamic batch, compiles, and checks that the package runs what it says.

    Raises:
        Exception: Of torch, if the model cannot be exported or compiled.
    """
    started = time.monotonic()
    with torch.no_grad(), warnings.catch_warnings(), lstm_with_its_shapes():
        warnings.simplefilter("ignore")
        sizes = shapes(tensors, batch)
        exported = torch.export.export(
            recipe.make(model), tuple(tensors), dynamic_shapes={"tensors": sizes}
        )
        refuse_foreign_operators(exported.graph_module)
        if drawing := drawing_operators(exported.graph_module):
            say(f"{recipe.precision}: draws random numbers of its own ({', '.join(drawing)})")
        as_it_is = exported
        if recipe.precision == "int8":  # Else found out only once it is compiled.
            refuse_loops(exported.module())
        if recipe.rewrite is not None:
            graph = recipe.rewrite(exported.module())
            exported = torch.export.export(graph, tuple(tensors), dynamic_shapes=sizes)
        settings = {
            # Weights as constants of the code: they can be packed and folded.
            "freezing": True,
            # What takes this many operations to compute is kept for its second reader: a row is read
            # twice to be quantised, and computing erf twice costs more than writing its result.
            "realize_opcount_threshold": 6,
            # By default the number of threads of this process would be written into the loops.
            "cpp.dynamic_threads": True,
            # Written into the package, so that a manifest that says otherwise is found out.
            "aot_inductor.metadata": {
                "autotune_precision": recipe.precision,
                "autotune_batch": f"{batch[0]}:{batch[1]}",
            },
        }
        with torch._inductor.config.patch(settings):
            torch._inductor.aoti_compile_and_package(exported, package_path=str(path))
    seconds = time.monotonic() - started
    package = torch._inductor.aoti_load_package(str(path))
    coverage = 1.0
    if recipe.precision == "int8":
        coverage = int8_coverage(model, as_it_is.module(), package, tensors)
    return Variant(
        precision=recipe.precision,
        file=path.name,
        fingerprint=fingerprint(path),
        bytes=path.stat().st_size,
        seconds=seconds,
        coverage=coverage,
        how=recipe.how,
    )


def shapes(tensors: list[torch.Tensor], batch: tuple[int, int]) -> tuple[Any, ...]:
    """Dimension 0 of every tensor that has one is the batch."""
    first, last = batch
    if first == last:
        return tuple(None for _ in tensors)
    rows = torch.export.Dim("batch", min=first, max=last)
    return tuple({0: rows} if tensor.dim() > 0 else None for tensor in tensors)
