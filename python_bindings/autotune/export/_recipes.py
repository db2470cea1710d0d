"""How each precision is reached: a module for `torch.export`. A new precision is one more entry.

Every module takes the tensors of the arguments one after the other and returns what the model does,
floating results as float32, so that variants can be exchanged for each other.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

import torch
from torch.utils import _pytree as pytree

from ._in_float32 import copied, in_type, outputs_in_float32
from ._int8 import products_in_int8


class Flat(torch.nn.Module):
    """A model that takes its tensors one after the other; other arguments are fixed.

    Outputs in a narrower floating type are float32, dataclasses that torch does not know are dicts.
    """

    def __init__(
        self, model: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        super().__init__()
        self.model = model
        leaves, self.spec = pytree.tree_flatten((args, kwargs))
        self.fixed = [None if isinstance(leaf, torch.Tensor) else leaf for leaf in leaves]
        self.tensors = [i for i, leaf in enumerate(leaves) if isinstance(leaf, torch.Tensor)]

    def forward(self, *tensors: torch.Tensor) -> Any:
        leaves = list(self.fixed)
        for index, tensor in zip(self.tensors, tensors):
            leaves[index] = tensor
        args, kwargs = pytree.tree_unflatten(leaves, self.spec)
        return outputs_in_float32(without_dataclasses(self.model(*args, **kwargs)))


def without_dataclasses(outputs: Any) -> Any:
    def fields(leaf: Any) -> Any:
        if not dataclasses.is_dataclass(leaf):
            return leaf
        names = [field.name for field in dataclasses.fields(leaf)]
        return {name: without_dataclasses(getattr(leaf, name)) for name in names}

    return pytree.tree_map(fields, outputs)


class InType(torch.nn.Module):
    """A model in a narrower floating type between float32 inputs and, as Flat has them, outputs."""

    def __init__(self, model: Flat, dtype: torch.dtype) -> None:
        super().__init__()
        self.model = in_type(copied(model), dtype)
        self.dtype = dtype

    def forward(self, *tensors: torch.Tensor) -> Any:
        return self.model(*(t.to(self.dtype) if t.dtype == torch.float32 else t for t in tensors))


@dataclasses.dataclass(frozen=True)
class Recipe:
    precision: str
    how: str
    make: Callable[[Flat], torch.nn.Module]
    devices: tuple[str, ...] = ("cpu", "cuda")
    # Of the exported graph, which is then exported anew.
    rewrite: Callable[[torch.fx.GraphModule], torch.fx.GraphModule] | None = None


RECIPES = (
    Recipe("fp32", "the model as it is", lambda model: model),
    Recipe(
        "bf16", "weights and activations in bfloat16", lambda model: InType(model, torch.bfloat16)
    ),
    Recipe(
        "fp16",
        "weights and activations in float16",
        lambda model: InType(model, torch.float16),
        ("cuda",),
    ),
    # On a GPU nothing here could prove that a package runs int8 arithmetic.
    Recipe(
        "int8",
        "products with weights in int8, a scale per row and per output",
        lambda model: model,
        ("cpu",),
        products_in_int8,
    ),
)
