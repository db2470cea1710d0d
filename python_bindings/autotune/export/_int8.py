"""INT8 in an exported graph: a product with a weight of the model becomes one of int8 matrices.

Each row of activations gets its own scale when it comes, each output of a weight has another, found
from the weight: no calibration data, and one long row does not cost the others their precision. All
is written in operations that Inductor fuses: quantising a row becomes part of what made it.
"""

import functools
import operator
import platform
import re
from pathlib import Path
from typing import Any

import torch
from torch.utils import _pytree as pytree

LEVELS = 127  # Steps to either side of zero.
SMALLEST = torch.finfo(torch.float32).tiny  # The inverse of a smaller step is not finite.

onednn = torch.ops.onednn
aten = torch.ops.aten
# Where an operation has its input, its weight and its bias; whether the weight is [outputs, inputs].
PRODUCTS: dict[Any, tuple[int, int, int | None, bool]] = {
    aten.linear.default: (0, 1, 2, True),
    aten.addmm.default: (1, 2, 0, False),
    aten.mm.default: (0, 1, None, False),
    aten.matmul.default: (0, 1, None, False),
}


def adds_in_16_bits() -> bool:
    """An x86 without VNNI instructions adds pairs of byte products in 16 bits."""
    return platform.machine() == "x86_64" and not cpu_has_vnni()


def cpu_has_vnni() -> bool:
    flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    return re.search(r"\bavx(512)?_vnni\b", flags) is not None


class Int8Linear(torch.nn.Module):
    """`x @ weight.T + bias` in int8 by int8 into int32.

    Args:
        weight: [outputs, inputs]
        bias: What is added to [..., outputs], if anything.
    """

    levels = LEVELS

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        weight = weight.detach().float()
        scale = weight.abs().amax(1) / self.levels
        scale = torch.where(scale < SMALLEST, 1.0, scale)
        self.keep((weight / scale.unsqueeze(1)).round().to(torch.int8))
        self.register_buffer("scale", scale)
        self.register_buffer("bias", None if bias is None else bias.detach().float())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rows = x.reshape(-1, x.shape[-1]).float()
        step = rows.abs().amax(1, keepdim=True) / LEVELS  # Not finite where the row is not.
        y = self.products((rows * torch.where(step < SMALLEST, 0.0, 1 / step)).round()) * step
        if self.bias is not None:
            y = y + self.bias
        return y.to(x.dtype).reshape(*x.shape[:-1], y.shape[-1])

    def keep(self, weight: torch.Tensor) -> None:
        self.register_buffer("weight", weight.t().contiguous())  # [inputs, outputs]

    def products(self, rows: torch.Tensor) -> torch.Tensor:
        """Of whole numbers within LEVELS [rows, inputs] and the scaled weight."""
        return torch._int_mm(rows.to(torch.int8), self.weight).float() * self.scale


class Int8LinearOfPairs(Int8Linear):
    """Where pairs are added in 16 bits they saturate, and `_int_mm` has no fast kernel; oneDNN's
    `qlinear_pointwise` has. Weights of half the levels keep every sum exact (two times 255 by 64 is
    less than 2^15)."""

    levels = 64

    def keep(self, weight: torch.Tensor) -> None:
        self.register_buffer("weight", weight.contiguous())  # [outputs, inputs]
        self.register_buffer("zero", torch.zeros(len(weight), dtype=torch.int64))

    def products(self, rows: torch.Tensor) -> torch.Tensor:
        q = (rows + 128).to(torch.uint8)
        packed = onednn.qlinear_prepack(self.weight, None)  # A constant, which a package holds.
        no_bias, as_it_is = None, ("none", [], "")
        return onednn.qlinear_pointwise(
            q, 1.0, 128, packed, self.scale, self.zero, no_bias, 1.0, 0, torch.float32, *as_it_is
        )


@functools.cache
def let_export_see_packed_weights() -> torch.library.Library | None:
    """`torch.export` asks an operation for the shape of its result; this one has no answer by itself.

    Returns:
        What holds the answer: it lasts as long as this does.
    """
    if torch._C._dispatch_has_kernel_for_dispatch_key("onednn::qlinear_prepack", "Meta"):
        return None
    library = torch.library.Library("onednn", "IMPL", "Meta")
    library.impl("qlinear_prepack", lambda weight, _: weight.new_empty(weight.shape[::-1]))
    return library


def products_in_int8(graph: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """Replaces every product of a floating tensor with what comes of parameters alone, in place."""
    pairs = adds_in_16_bits()
    kind = Int8LinearOfPairs if pairs else Int8Linear
    if pairs:
        let_export_see_packed_weights()
    known = constants(graph)
    names: dict[Any, str] = {}  # A weight is held once for all uses with one bias.
    for node in list(graph.graph.nodes):
        product = PRODUCTS.get(node.target)
        if product is None or node in known or node.kwargs:  # Such as addmm's factors.
            continue
        x, weight, bias = operands(known, node, *product)
        if weight is None:
            continue
        held = identity(weight), None if bias is None else identity(bias)
        if held not in names:
            names[held] = f"int8_linear_{len(names)}"
            graph.add_submodule(names[held], kind(weight, bias))
        with graph.graph.inserting_before(node):
            node.replace_all_uses_with(graph.graph.call_module(names[held], (x,)))
        graph.graph.erase_node(node)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def identity(tensor: torch.Tensor) -> tuple[Any, ...]:
    """The same for two views of the same numbers, as long as what they view lives."""
    return tensor.data_ptr(), tensor.shape, tensor.stride()


def operands(
    known: dict[torch.fx.Node, Any],
    node: torch.fx.Node,
    x: int,
    weight: int,
    bias: int | None,
    by_output: bool,
) -> tuple[Any, torch.Tensor | None, torch.Tensor | None]:
    """The input's node, the weight [outputs, inputs] and the bias; no weight if none is known."""
    matrix = known.get(node.args[weight])
    if matrix is None or matrix.dim() != 2 or not matrix.is_floating_point():
        return node.args[x], None, None
    if not by_output:
        matrix = matrix.t()
    if matrix.shape[1] == 1:  # torch 2.11's `_int_mm` leaves some of the result unwritten.
        return node.args[x], None, None
    if bias is None or len(node.args) <= bias or node.args[bias] is None:
        return node.args[x], matrix, None
    added = known.get(node.args[bias])
    return node.args[x], matrix if added is not None and added.dim() == 1 else None, added


def constants(graph: torch.fx.GraphModule) -> dict[torch.fx.Node, Any]:
    """What each node gives that depends on parameters alone: themselves, turned, cut or scaled.

    Where the graph writes into one of these, only parameters that nothing writes into, and their views.
    """
    known: dict[torch.fx.Node, Any] = {}
    parameters: set[int] = set()
    written: set[int] = set()
    for node in graph.graph.nodes:
        if node.op == "get_attr":
            held: Any = graph
            for name in str(node.target).split("."):
                held = getattr(held, name)
            if isinstance(held, torch.nn.Parameter):
                known[node] = held.detach()
                parameters |= storages(held)
        elif node.op == "call_function":
            inputs = node.all_input_nodes
            if is_mutable(node.target):
                written.update(*(storages(known[source]) for source in inputs if source in known))
            elif inputs and all(source in known for source in inputs) and is_pure(node.target):
                known[node] = result(node, known)
    if not written:
        return known
    return {node: value for node, value in known.items() if storages(value) <= parameters - written}


def result(node: torch.fx.Node, known: dict[torch.fx.Node, Any]) -> Any:
    args, kwargs = torch.fx.node.map_arg((node.args, node.kwargs), known.__getitem__)
    return node.target(*args, **kwargs)


def storages(value: Any) -> set[int]:
    tensors = (leaf for leaf in pytree.tree_leaves(value) if isinstance(leaf, torch.Tensor))
    return {tensor.untyped_storage().data_ptr() for tensor in tensors}


def is_mutable(operation: Any) -> bool:
    return isinstance(operation, torch._ops.OpOverload) and operation._schema.is_mutable


def is_pure(operation: Any) -> bool:
    if operation is operator.getitem:
        return True
    if not isinstance(operation, torch._ops.OpOverload) or operation.namespace != "aten":
        return False
    return torch.Tag.nondeterministic_seeded not in operation.tags
