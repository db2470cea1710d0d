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
from torch.utils.flop_counter import FlopCounterMode

from .._errors import ModelError
from ._recipes import Flat

INT8_PRODUCT = re.compile(
    r"^onednn_verbose,.*,exec,cpu,.*\bsrc[_:][su]8\b.*\bwei[_:]s8\b.*,(\d+)x(\d+):(\d+)x(\d+),[^,]*$"
)


def attention_flops(
    query: torch.Size, key: torch.Size, value: torch.Size, *_: object, **__: object
) -> int:
    """[rows, heads, positions, width] each; several heads of a query may share one of the others."""
    return 2 * math.prod(query[:3]) * key[2] * (query[3] + value[3])


def lstm_flops(
    x: torch.Size, of_input: torch.Size, of_state: torch.Size, *_: object, **__: object
) -> int:
    """Of one layer in one direction: x [steps, rows, inputs], both weights [4 * hidden, …]."""
    return 2 * x[0] * x[1] * (math.prod(of_input) + math.prod(of_state))


# What torch's counter counts as nothing, as a CPU runs them: attention's own products, and an LSTM's.
UNKNOWN = {
    torch.ops.aten._scaled_dot_product_flash_attention_for_cpu: attention_flops,
    torch.ops.aten.mkldnn_rnn_layer: lstm_flops,
}


def int8_coverage(model: Flat, package: torch.nn.Module, tensors: list[torch.Tensor]) -> float:
    """Share of the model's matrix FLOPs that the package runs in int8 on a CPU.

    Raises:
        ModelError: If there are none.
    """
    flops = int8_flops(onednn_log(lambda: package(*tensors)))
    if flops == 0:
        raise ModelError(
            "the package runs no int8 arithmetic: either no product takes a parameter of the model "
            "as its weight, outside regions of autocast or enable_grad, or all that do fell back to "
            "floating point."
        )
    return min(1.0, flops / matrix_flops(model, tensors))


def matrix_flops(model: torch.nn.Module, tensors: list[torch.Tensor]) -> int:
    """Two per multiply-add of every matrix product and convolution of one call.

    Without eager mode's fused attention: no package takes it, and the counter sees nothing of it.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        with torch.no_grad(), FlopCounterMode(display=False, custom_mapping=UNKNOWN) as counter:
            model(*tensors)
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops()


def int8_flops(log: list[str]) -> float:
    """Two per multiply-add of every product of int8 matrices in oneDNN's log."""
    found = (INT8_PRODUCT.match(line) for line in log)
    shapes = (tuple(map(int, match.groups())) for match in found if match)
    return float(sum(2 * math.prod((rows, inner, columns)) for rows, inner, _, columns in shapes))


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
