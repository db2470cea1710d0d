"""Matrix FLOPs of a model: torch's counter, and what it counts as nothing.

Two per multiply-add of every matrix product and convolution. A formula takes the arguments of its
operation, tensors as their shapes, and `out_shape`.
"""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from .._errors import ModelError

aten = torch.ops.aten
Shape = torch.Size


def attention(query: Shape, key: Shape, value: Shape, *_: object, **__: object) -> int:
    """[rows, heads, positions, width] each; several heads of a query may share one of the others."""
    return 2 * math.prod(query[:3]) * key[2] * (query[3] + value[3])


def lstm(x: Shape, of_input: Shape, of_state: Shape, *_: object, **__: object) -> int:
    """Of one layer in one direction: x [steps, rows, inputs], both weights [4 * hidden, …]."""
    return 2 * x[0] * x[1] * (math.prod(of_input) + math.prod(of_state))


def product(a: Shape, b: Shape, *_: object, **__: object) -> int:
    return 2 * math.prod(a) * b[-1]


def added_product(_: Shape, a: Shape, b: Shape, *__: object, **___: object) -> int:
    """Of matrices, or of pairs of them [pairs, …]"""
    return product(a, b)


def products_of_groups(a: Shape, b: Shape, *_: object, **__: object) -> int:
    """Rows [rows, inputs] in groups with one of b [groups, inputs, outputs] each, such as experts; or
    matrix by matrix [groups, …]; or groups of the inputs, or of b's columns, where b has no groups."""
    return product(a if len(b) == 3 else a[-2:], b)


def matrix_by_vector(matrix: Shape, *_: object, **__: object) -> int:
    return 2 * math.prod(matrix)


def added_matrix_by_vector(_: Shape, matrix: Shape, *__: object, **___: object) -> int:
    return 2 * math.prod(matrix)


def convolution_in_time(
    _: Shape, weight: Shape, *__: object, out_shape: Shape, **___: object
) -> int:
    """Weight [steps, inputs, outputs], result [time, rows, outputs]"""
    return 2 * math.prod(out_shape) * weight[0] * weight[1]


def bilinear(
    a: Shape, b: Shape, c: Shape, new_a: Any, new_b: Any, new_c: Any, *_: object, **__: object
) -> int:
    """Three factors that were given dimensions of one, until all have the same ones."""
    sizes = [list(a), list(b), list(c)]
    for shape, new in zip(sizes, (new_a, new_b, new_c)):
        for dimension in new:
            shape.insert(dimension, 1)
    return 2 * math.prod(max(same) for same in zip(*sizes))


UNKNOWN_TO_TORCH: dict[Any, Callable[..., int]] = {
    aten._scaled_dot_product_flash_attention_for_cpu: attention,
    aten.mkldnn_rnn_layer: lstm,
    aten._grouped_mm: products_of_groups,
    aten.mv: matrix_by_vector,
    aten.dot: matrix_by_vector,
    aten.vdot: matrix_by_vector,
    aten.addmv: added_matrix_by_vector,
    aten.addmv_: added_matrix_by_vector,
    aten.addmm_: added_product,
    aten._addmm_activation: added_product,
    aten.addbmm: added_product,
    aten.addbmm_: added_product,
    aten.baddbmm_: added_product,
    aten._int_mm: product,
    aten.conv_tbc: convolution_in_time,
    aten._trilinear: bilinear,
}

# Of operations by others, which exist once these are imported; what they are made of is not seen.
OF_OTHERS = {("transformers", "grouped_mm_fallback"): products_of_groups}

# Torch's counter fails at one of these, or takes it for nothing.
LOOPS = {"while_loop", "scan", "map_impl", "associative_scan"}


def refuse_loops(graph: torch.fx.GraphModule) -> None:
    """Raises ModelError if an exported model's FLOPs cannot be counted."""
    graphs = [part.graph for part in graph.modules() if isinstance(part, torch.fx.GraphModule)]
    called = {node.target for part in graphs for node in part.nodes}
    loops = {op.name() for op in called if isinstance(op, torch._ops.HigherOrderOperator)} & LOOPS
    if loops:
        raise ModelError(
            f"the model has loops of torch ({', '.join(sorted(loops))}): what they multiply cannot be "
            "counted, and so not which share of the model is in int8."
        )


def matrix_flops(run: Callable[[], object]) -> int:
    """Of what `run` computes, on a CPU.

    Without eager mode's fused attention: no package takes it, and nothing is seen of it.
    """
    fused = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    others = {
        getattr(getattr(torch.ops, library), name): formula
        for (library, name), formula in OF_OTHERS.items()
        if hasattr(getattr(torch.ops, library), name)
    }
    counter = FlopCounterMode(display=False, custom_mapping=UNKNOWN_TO_TORCH | others)
    try:
        with torch.no_grad(), counter:
            run()
    finally:
        torch.backends.mha.set_fastpath_enabled(fused)
    return counter.get_total_flops()
