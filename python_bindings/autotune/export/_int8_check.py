"""Whether an INT8 package runs int8 arithmetic: read from oneDNN's log of a run, not assumed.

Packages call their matrix products past the dispatcher, so that profilers do not see them; oneDNN
logs each with its types and shape, `src_s8:… wei_s8:… dst_s32:…,128x384:384x1536`, or `src:u8:…` and so
on. A layer that fell back to floating point shows other types, or not at all, and lowers the
coverage.
"""

import contextlib
import math
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import torch

from .._errors import ModelError
from ._flops import matrix_flops
from ._int8 import constants, result
from ._recipes import Flat

INT8_PRODUCT = re.compile(
    r"^onednn_verbose,.*,exec,cpu,.*\bsrc[_:][su]8\b.*\bwei[_:]s8\b.*,(\d+)x(\d+):(\d+)x(\d+),[^,]*$"
)


def int8_coverage(
    model: Flat,
    graph: torch.fx.GraphModule,
    package: torch.nn.Module,
    tensors: list[torch.Tensor],
) -> float:
    """Share of the model's matrix FLOPs that the package runs in int8 on a CPU.

    Args:
        graph: The exported model; its products of parameters alone are not among the FLOPs, as a
            package holds their results.

    Raises:
        ModelError: If there are none, or more than the model has.
    """
    in_int8 = int8_flops(onednn_log(lambda: package(*tensors)))
    if in_int8 == 0:
        raise ModelError(
            "the package runs no int8 arithmetic: either no product takes a parameter of the model "
            "as its weight, outside regions of autocast or enable_grad, or all that do fell back to "
            "floating point."
        )
    flops = matrix_flops(lambda: model(*tensors)) - flops_of_constants(graph)
    if in_int8 > flops:
        raise ModelError(
            f"the package runs {in_int8} FLOPs of int8 arithmetic, where the model has {flops} in "
            "products and convolutions as they are counted: the coverage is unknown."
        )
    return in_int8 / flops


def flops_of_constants(graph: torch.fx.GraphModule) -> int:
    known = constants(graph)  # Not what the graph goes on to write into.
    computed = [node for node in known if node.op == "call_function"]
    return matrix_flops(lambda: [result(node, known) for node in computed])


def int8_flops(log: list[str]) -> int:
    """Two per multiply-add of every product of int8 matrices in oneDNN's log."""
    found = (INT8_PRODUCT.match(line) for line in log)
    shapes = (tuple(map(int, match.groups())) for match in found if match)
    return sum(2 * math.prod((rows, inner, columns)) for rows, inner, _, columns in shapes)


def onednn_log(run: Callable[[], object]) -> list[str]:
    with tempfile.TemporaryFile("w+") as log:
        with stdout_into(log.fileno()):
            with torch.backends.mkldnn.verbose(torch.backends.mkldnn.VERBOSE_ON):
                run()
        log.seek(0)
        return log.read().splitlines()


@contextlib.contextmanager
def stdout_into(descriptor: int) -> Iterator[None]:
    """oneDNN writes past Python, to the process's own standard output."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(descriptor, 1)
    try:
        yield
    finally:
        _flush_c_streams()
        os.dup2(kept, 1)
        os.close(kept)


def _flush_c_streams() -> None:
    import ctypes

    ctypes.CDLL(None).fflush(None)
