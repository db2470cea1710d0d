"""Rows of the example inputs, as `tune` and TunedModel hand them over: one after the other in memory."""

import torch

from .._errors import InputsError


def row_count(tensors: list[torch.Tensor]) -> int:
    """How many rows every tensor has.

    Raises:
        InputsError: If they have different ones, or none.
    """
    rows = {len(tensor) for tensor in tensors if tensor.dim() > 0}
    if len(rows) != 1 or rows == {0}:
        raise InputsError(
            f"dimension 0 of every tensor is the batch, but there are {sorted(rows)} rows."
        )
    return rows.pop()


def gathered(tensors: list[torch.Tensor], rows: int, first: int = 0) -> list[torch.Tensor]:
    """`rows` rows from `first` on, from the start again where the tensors end.

    A package reads memory in the order that its example had: that of a transposed tensor or of
    channels-last images is another than that of the rows it is given later.
    """
    have = row_count(tensors)
    index = (torch.arange(rows) + first) % have
    return [
        in_order(tensor[index.to(tensor.device)]) if tensor.dim() > 0 else tensor
        for tensor in tensors
    ]


def in_order(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().clone(memory_format=torch.contiguous_format)


def rows_to_export(have: int, batch: tuple[int, int]) -> int:
    """As many as there are within the range; two at least, since torch takes one for a constant."""
    return min(max(have, batch[0], 2), batch[1])
