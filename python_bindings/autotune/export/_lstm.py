"""LSTM layers under `torch.export`, which of 2.11 takes their final states for [layers, 1, rows, width]."""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch
from torch._decomp import decompositions


@contextlib.contextmanager
def lstm_with_its_shapes() -> Iterator[None]:
    """Within, what reads the shape of a state is right: a model's `h.permute(1, 0, 2)`, or the rows that
    INT8 quantises.

    Torch finds the shapes by a layer of its own in Python, which leaves a state its dimension of one.
    """
    of_torch = decompositions.one_layer_lstm

    def one_layer(x: torch.Tensor, states: Any, *rest: Any, **options: Any) -> Any:
        steps, last = of_torch(x, states, *rest, **options)
        return steps, tuple(new.reshape(old.shape) for new, old in zip(last, states))

    decompositions.one_layer_lstm = one_layer
    try:
        yield
    finally:
        decompositions.one_layer_lstm = of_torch
