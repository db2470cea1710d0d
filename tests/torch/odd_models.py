"""Models whose batch or device is written into them, as users' files have it."""

import torch
from torch import Tensor, nn


class Centred(nn.Module):
    """What it gives for a row depends on the other rows."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x - x.mean(0, keepdim=True))


class NotAlone(Centred):
    """As BatchNorm in training mode."""

    def forward(self, x: Tensor) -> Tensor:
        if x.size(0) == 1:
            raise ValueError("more than one row is needed")
        return self.head(x)


class EightRows(Centred):
    """As a trace that wrote its batch down."""

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.view(8, 16))


class KeepsHidden(nn.Module):
    """A hidden state of as many rows as the first call had."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.GRUCell(16, 8)
        self.hidden = torch.jit.Attribute(torch.zeros(0), Tensor)

    def forward(self, x: Tensor) -> Tensor:
        if self.hidden.numel() == 0:
            self.hidden = torch.zeros(x.size(0), 8)
        self.hidden = self.cell(x, self.hidden)
        return self.hidden


@torch.jit.script
def twos_like(x: Tensor) -> Tensor:
    """A function that traces call, with a constant device of its own."""
    return torch.full([x.size(1)], 2.0, device="cpu")


class Halves(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.tensor([0.5] * 16)


class TracedConstants(nn.Module):
    """What a trace on a CPU writes down: devices and tensors, also in submodules and functions."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = Halves(), Halves()

    def forward(self, x: Tensor) -> Tensor:
        places = torch.arange(x.size(1), dtype=x.dtype, device=x.device)
        return self.second(self.first(x)) + places + twos_like(x)


class ScriptedConstants(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.size(0) > 100:
            x = x + torch.ones(x.size(1), device=torch.device("cpu"))
        else:
            x = x - torch.ones(x.size(1), device="cpu")
        return x + twos_like(x)
