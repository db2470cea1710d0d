"""Operations that a package calls by name: those that LibTorch brings run anywhere, others do not."""

from typing import Any

import torch

from .._errors import ModelError

# Of LibTorch itself, or turned into code by Inductor.
OF_LIBTORCH = {
    "aten", "prim", "prims", "quantized", "_quantized", "mkldnn", "mkldnn_prepacked", "onednn",
    "sparse", "inductor", "inductor_prims", "higher_order",
}  # fmt: skip


def refuse_foreign_operators(graph: torch.fx.GraphModule) -> None:
    """Raises ModelError if an exported model calls an operation that a program without Python lacks."""
    parts = [part.graph for part in graph.modules() if isinstance(part, torch.fx.GraphModule)]
    called = {op for part in parts for node in part.nodes for op in operators_of(node)}
    foreign = sorted({op.name().partition(".")[0] for op in called if is_foreign(op)})
    if not foreign:
        return
    kinds = "written in Python" if all(map(in_python, foreign)) else "of a library beside LibTorch"
    raise ModelError(
        f"the model calls {', '.join(foreign)}, {kinds}: a package is run by programs that have LibTorch "
        "alone, and would fail there. Write it in torch's own operations in what you export (a plain "
        "function in place of torch.library.custom_op)."
    )


def drawing_operators(graph: torch.fx.GraphModule) -> list[str]:
    """Names of the operations that draw random numbers: a package draws others than the model."""
    parts = [part.graph for part in graph.modules() if isinstance(part, torch.fx.GraphModule)]
    drawing = {
        op.name().partition(".")[0].replace("::", ".")
        for part in parts
        for node in part.nodes
        for op in operators_of(node)
        if torch.Tag.nondeterministic_seeded in op.tags and not without_chance(op, node.args)
    }
    return sorted(drawing)


def without_chance(op: torch._ops.OpOverload, args: Any) -> bool:
    """Dropout that is off, or of nothing; attention names a share that is nothing unless left on."""
    given = {argument.name: value for argument, value in zip(op._schema.arguments, args)}
    if "train" in given:
        return not given["train"] or given.get("p") == 0
    takes_share = any(argument.name == "dropout_p" for argument in op._schema.arguments)
    return takes_share and given.get("dropout_p", 0) == 0


def operators_of(node: torch.fx.Node) -> list[torch._ops.OpOverload]:
    """What the node calls, and what it hands to an operation that calls it."""
    found: list[Any] = [node.target, *node.args, *node.kwargs.values()]
    return [each for each in found if isinstance(each, torch._ops.OpOverload)]


def is_foreign(op: torch._ops.OpOverload) -> bool:
    """Not where the operation is made of others, which is all that a package sees."""
    made_of_others = torch._C._dispatch_has_kernel_for_dispatch_key(
        op.name(), "CompositeImplicitAutograd"
    )
    return op.namespace not in OF_LIBTORCH and not made_of_others


def in_python(name: str) -> bool:
    return name in torch._library.custom_ops.OPDEFS or name in {
        defined.partition(".")[0] for defined in torch.library._defs
    }
