"""How far a package's outputs are from the model's own: the accuracy gate's figures, in Python.

The rules are those of the C++ library (docs/measuring.md): where the model's output is not finite the
package's must be the same, elsewhere it must be finite; rows are compared by their cosines, all values
by relative L2. Shape and type must be the model's too.
"""

from typing import Any

import torch
from torch.utils import _pytree as pytree

MOST_FP32 = 1e-4  # Relative L2 of each output of an fp32 package.
LEAST_COSINE = 0.98  # Below these a tune does not measure an arm: it is not even lossy.
MOST_LOSSY = 0.2


def leaves_of(outputs: Any) -> list[torch.Tensor]:
    return [leaf for leaf in pytree.tree_leaves(outputs) if isinstance(leaf, torch.Tensor)]


def difference(
    precision: str, want: list[torch.Tensor], got: list[torch.Tensor], rows: int
) -> str | None:
    """What is wrong with a package's outputs, in words with the numbers, or None."""
    if len(want) != len(got):
        return f"the model gives {len(want)} tensors, the package {len(got)}"
    for index, (own, other) in enumerate(zip(want, got)):
        if described(own) != described(other):
            return f"output {index} is {described(own)} in the model, {described(other)} in the package"
        a, b = in_doubles(own), in_doubles(other)
        if not agree_where_not_finite(a, b):
            return f"output {index} is not finite where the model's is, or the other way round"
        a, b = a.nan_to_num(0, 0, 0), b.nan_to_num(0, 0, 0)
        error, cosine = relative_l2(a, b), worst_cosine(a, b, rows)
        if precision == "fp32" and error > MOST_FP32:
            return f"output {index} has a relative error of {error:.2g}, more than {MOST_FP32:g}"
        if error > MOST_LOSSY or cosine < LEAST_COSINE:
            return (
                f"output {index} has a relative error of {error:.2g} and a worst cosine of "
                f"{cosine:.4f}; {MOST_LOSSY:g} and {LEAST_COSINE:g} are the limits"
            )
    return None


def described(tensor: torch.Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')}{list(tensor.shape)}"


def in_doubles(tensor: torch.Tensor) -> torch.Tensor:
    tensor = tensor.detach().cpu()
    return (torch.view_as_real(tensor.resolve_conj()) if tensor.is_complex() else tensor).double()


def agree_where_not_finite(a: torch.Tensor, b: torch.Tensor) -> bool:
    same = (a == b) | (a.isnan() & b.isnan())
    return bool(torch.where(a.isfinite(), b.isfinite(), same).all())


def relative_l2(a: torch.Tensor, b: torch.Tensor) -> float:
    """Against zeros every error is as large as the error itself."""
    size = float(a.norm())
    return float((a - b).norm()) / (size if size > 0 else 1.0)


def worst_cosine(a: torch.Tensor, b: torch.Tensor, rows: int) -> float:
    """The smallest of a row's with its counterpart; two rows of zeros agree."""
    by_row = a.dim() > 0 and len(a) == rows
    a, b = (values.reshape(rows if by_row else 1, -1) for values in (a, b))
    if a.shape[1] < 2:  # The cosine of one number is 1 or -1 and tells nothing.
        return 1.0
    norms = a.norm(dim=1) * b.norm(dim=1)
    both_zero = (a.norm(dim=1) == 0) & (b.norm(dim=1) == 0)
    return float(torch.where(both_zero, 1.0, (a * b).sum(1) / norms.clamp_min(1e-300)).min())
