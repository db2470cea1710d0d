"""Makes the three models of scripts/gpu_check by seeded construction; nothing is downloaded.

    python scripts/make_check_models.py OUT_DIR

Writes encoder.pt (12 layers, width 768, 128 tokens), decoder.pt (one step of 8 layers, width 1024,
over a cache of 512 tokens) and convnet.pt (residual blocks, 3 x 224 x 224), each with NAME_inputs.pt.
Inputs have 64 rows of seeded noise on the scale that normalised activations and images have: the
values of a tensor alone move a GPU's power by up to 67 %, and constants are the extreme.
"""

import pathlib
import sys

import torch
from torch import nn
from torch.nn import functional as F

ROWS = 64


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def split(self, x: torch.Tensor) -> torch.Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class EncoderLayer(Attention):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        q, k, v = (self.split(part) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.out(attended)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class DecoderLayer(EncoderLayer):
    """One new token per row over the keys and values of those before it."""

    def forward(self, x: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        q, k, v = (self.split(part) for part in self.qkv(self.norm1(x)).chunk(3, -1))
        k, v = torch.cat((keys, k), 2), torch.cat((values, v), 2)
        attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
        x = x + self.out(attended)
        return x + self.down(F.gelu(self.up(self.norm2(x))))


class Encoder(nn.Module):
    def __init__(self, width: int = 768, heads: int = 12, layers: int = 12) -> None:
        super().__init__()
        self.embed = nn.Embedding(30522, width)
        self.layers = nn.ModuleList(EncoderLayer(width, heads) for _ in range(layers))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x)
        return F.normalize(x.mean(1), dim=1)


class DecoderStep(nn.Module):
    def __init__(self, width: int = 1024, heads: int = 16, layers: int = 8) -> None:
        super().__init__()
        self.embed = nn.Embedding(32000, width)
        self.layers = nn.ModuleList(DecoderLayer(width, heads) for _ in range(layers))
        self.head = nn.Linear(width, 32000)

    def forward(self, ids: torch.Tensor, keys: torch.Tensor, values: torch.Tensor) -> torch.Tensor:
        x = self.embed(ids)
        for layer in self.layers:
            x = layer(x, keys, values)
        return self.head(x[:, -1])


class Block(nn.Module):
    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inside, outside, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(outside, outside, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(outside), nn.BatchNorm2d(outside)
        self.short = nn.Conv2d(inside, outside, 1, stride, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.short(x))


def convnet() -> nn.Module:
    widths = [64, 64, 128, 256, 512]
    blocks = [Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
    stem = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    return nn.Sequential(*stem, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def save(out: pathlib.Path, name: str, model: nn.Module, inputs: tuple) -> None:
    with torch.no_grad():
        traced = torch.jit.trace(model.eval(), tuple(x[:2] for x in inputs), check_trace=False)
    traced.save(str(out / f"{name}.pt"))
    torch.save(inputs, out / f"{name}_inputs.pt")


def main(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(20260901)
    save(out, "encoder", Encoder(), (torch.randint(0, 30522, (ROWS, 128)),))
    cache = (ROWS, 16, 512, 64)
    save(
        out,
        "decoder",
        DecoderStep(),
        (torch.randint(0, 32000, (ROWS, 1)), torch.randn(cache), torch.randn(cache)),
    )
    save(out, "convnet", convnet(), (torch.randn(ROWS, 3, 224, 224),))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(pathlib.Path(sys.argv[1]))
