"""Makes the three models of scripts/gpu_check by seeded construction; nothing is downloaded.

    python scripts/make_check_models.py OUT_DIR [--small]

Writes encoder.pt (12 layers, width 768, 128 tokens), decoder.pt (one step of 8 layers, width 1024,
over a cache of 512 tokens) and convnet.pt (residual blocks, 3 x 224 x 224), each with NAME_inputs.pt;
`--small` makes models of the same operations that a CPU runs in milliseconds. The factories `encoder`,
`small_encoder` and their like are what `python -m autotune export make_check_models:encoder` takes.
Inputs have 64 rows of seeded noise on the scale that normalised activations and images have: the
values of a tensor alone move a GPU's power by up to 67 %, and constants are the extreme.
"""

import pathlib
import sys
from collections.abc import Callable

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


class ConvNet(nn.Sequential):
    def __init__(self, width: int = 64) -> None:
        widths = [width, width, 2 * width, 4 * width, 8 * width]
        blocks = [Block(a, b, 1 if a == b else 2) for a, b in zip(widths, widths[1:])]
        stem = [nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
        head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, 1000)]
        super().__init__(*stem, nn.MaxPool2d(3, 2, 1), *blocks, *head)


def seeded(model: Callable[..., nn.Module], **size: int) -> nn.Module:
    torch.manual_seed(20260901)
    return model(**size)


def encoder() -> nn.Module:
    return seeded(Encoder)


def decoder() -> nn.Module:
    return seeded(DecoderStep)


def convnet() -> nn.Module:
    return seeded(ConvNet)


def small_encoder() -> nn.Module:
    return seeded(Encoder, width=128, heads=4, layers=2)


def small_decoder() -> nn.Module:
    return seeded(DecoderStep, width=128, heads=4, layers=2)


def small_convnet() -> nn.Module:
    return seeded(ConvNet, width=16)


def cache(heads: int, tokens: int, width: int) -> torch.Tensor:
    return torch.randn(ROWS, heads, tokens, width)


def save(out: pathlib.Path, name: str, model: nn.Module, *inputs: torch.Tensor) -> None:
    with torch.no_grad():
        traced = torch.jit.trace(model.eval(), tuple(x[:2] for x in inputs), check_trace=False)
    traced.save(str(out / f"{name}.pt"))
    torch.save(inputs, out / f"{name}_inputs.pt")


def main(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save(out, "encoder", encoder(), torch.randint(0, 30522, (ROWS, 128)))
    ids = torch.randint(0, 32000, (ROWS, 1))
    save(out, "decoder", decoder(), ids, cache(16, 512, 64), cache(16, 512, 64))
    save(out, "convnet", convnet(), torch.randn(ROWS, 3, 224, 224))


def main_small(out: pathlib.Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save(out, "encoder", small_encoder(), torch.randint(0, 30522, (ROWS, 32)))
    ids = torch.randint(0, 32000, (ROWS, 1))
    save(out, "decoder", small_decoder(), ids, cache(4, 64, 32), cache(4, 64, 32))
    save(out, "convnet", small_convnet(), torch.randn(ROWS, 3, 64, 64))


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word != "--small"]
    if len(words) != 1:
        sys.exit(__doc__)
    (main_small if "--small" in sys.argv else main)(pathlib.Path(words[0]))
