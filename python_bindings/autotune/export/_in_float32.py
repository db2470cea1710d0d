"""A model that is given in another floating type, such as a checkpoint's bfloat16, in float32."""

import contextlib
import copy
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch.utils import _pytree as pytree

NARROW = (torch.bfloat16, torch.float16)


@contextlib.contextmanager
def tf32_off() -> Iterator[None]:
    """True FP32 on a GPU, where torch computes convolutions in TF32 unless told otherwise."""
    matmul, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    before = matmul.allow_tf32, cudnn.allow_tf32
    matmul.allow_tf32 = cudnn.allow_tf32 = False
    try:
        yield
    finally:
        matmul.allow_tf32, cudnn.allow_tf32 = before


def given_in(model: torch.nn.Module) -> torch.dtype | None:
    """The type to convert from: a narrow one that any part has, or float64 where all have it."""
    types = [t.dtype for t in (*model.parameters(), *model.buffers()) if t.is_floating_point()]
    narrow = [dtype for dtype in types if dtype in NARROW]
    if narrow:
        return max(NARROW, key=narrow.count)
    return torch.float64 if types and set(types) == {torch.float64} else None


def in_float32(model: torch.nn.Module) -> torch.nn.Module:
    """A copy; a part in float64 of a model that is otherwise narrower stays."""
    of = given_in(model)
    return in_type(copied(model), torch.float32, NARROW if of in NARROW else (torch.float64,))


def in_type(
    model: torch.nn.Module, dtype: torch.dtype, of: tuple[torch.dtype, ...] | None = None
) -> torch.nn.Module:
    """Converts parameters and buffers in place, complex ones not (`Module.to` drops a part of these)."""

    def convert(tensor: torch.Tensor) -> torch.Tensor:
        wanted = tensor.is_floating_point() and (of is None or tensor.dtype in of)
        return tensor.to(dtype) if wanted else tensor

    return model._apply(convert)


def copied(model: torch.nn.Module) -> torch.nn.Module:
    """Hooks of `weight_norm` leave a computed weight in an attribute, which Python refuses to copy."""
    for module in model.modules():
        for name, value in list(vars(module).items()):
            if isinstance(value, torch.Tensor) and not value.is_leaf:
                setattr(module, name, value.detach())
    return copy.deepcopy(model)


def inputs_in_float32(arguments: Any, of: torch.dtype | None) -> Any:
    """Narrow floating tensors always; those in float64 with a model that was given in it."""
    types = (*NARROW, torch.float64) if of == torch.float64 else NARROW
    return in_float32_if(arguments, types)


def outputs_in_float32(outputs: Any) -> Any:
    return in_float32_if(outputs, NARROW)


def in_float32_if(tree: Any, types: tuple[torch.dtype, ...]) -> Any:
    convert: Callable[[torch.Tensor], torch.Tensor] = lambda t: (
        t.to(torch.float32) if t.dtype in types else t
    )
    return pytree.tree_map_only(torch.Tensor, convert, tree)
