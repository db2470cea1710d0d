"""Makes the small TorchScript models and inputs of the torch tests.

    python make_models.py OUT_DIR
"""

import pathlib
import sys
from typing import Dict, List, Tuple

import torch
from torch import Tensor, nn

from odd_models import (
    Centred,
    EightRows,
    KeepsHidden,
    NotAlone,
    ScriptedConstants,
    TracedConstants,
)


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(16, 32), nn.LayerNorm(32), nn.ReLU(), nn.Linear(32, 8))

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class ConvNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.norm(self.conv(x))).mean([2, 3]))


class HardCodedFloat(nn.Module):
    """Casts its activation to float32 before a layer: cast weights alone would not fit it."""

    def __init__(self) -> None:
        super().__init__()
        self.a = nn.Linear(16, 16)
        self.b = nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        return self.b(torch.relu(self.a(x)).to(torch.float32))


class IntegerBuffer(nn.Module):
    """Indices that a half-size float cannot hold."""

    index: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("index", torch.tensor([69999, 3, 65537, 1]))
        self.table = nn.Embedding(70000, 4)
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x + self.table(self.index))


class Counter(nn.Module):
    """Each call adds one to what it returns."""

    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("count", torch.zeros(1))
        self.head = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        self.count += 1
        return self.head(x) + self.count


class Dropout(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.nn.functional.dropout(x, 0.5, training=True)


class Nested(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(4, 4)

    def forward(self, pair: Tuple[Tensor, List[Tensor]]) -> Dict[str, Tuple[Tensor, Tensor]]:
        x, others = pair
        y = self.head(x)
        return {"out": (y + others[0], y.sum(1))}


class FixedBatch(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x.reshape(1, 16))


class IntArgument(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 4)

    def forward(self, x: Tensor, rate: int) -> Tensor:
        if rate != 16000:
            raise ValueError("the rate must be 16000")
        return self.head(x)


class TwoArguments(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(100, 8)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        return (self.table(ids) * mask.unsqueeze(-1)).sum(1)


class Block(nn.Module):
    """Two 3x3 convolutions and a way past them."""

    def __init__(self, inner: int, outer: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(inner, outer, 3, stride, 1, bias=False)
        self.b = nn.Conv2d(outer, outer, 3, 1, 1, bias=False)
        self.norm_a, self.norm_b = nn.BatchNorm2d(outer), nn.BatchNorm2d(outer)
        self.past = nn.Conv2d(inner, outer, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm_b(self.b(torch.relu(self.norm_a(self.a(x)))))
        return torch.relu(y + self.past(x))


class ResNet(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 16, 7, 2, 3, bias=False)
        self.norm = nn.BatchNorm2d(16)
        self.blocks = nn.Sequential(Block(16, 16, 1), Block(16, 32, 2), Block(32, 64, 2))
        self.head = nn.Linear(64, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.stem(x))), 3, 2, 1)
        return self.head(self.blocks(x).mean([2, 3]))


class Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        split = self.qkv(x).view(batch, length, 3, self.heads, width // self.heads)
        q, k, v = split.permute(2, 0, 3, 1, 4).unbind(0)
        y = nn.functional.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class Layer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_a, self.norm_b = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attention(self.norm_a(x))
        return x + self.down(nn.functional.gelu(self.up(self.norm_b(x))))


class VisionTransformer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, 48, 8, 8)
        self.first = nn.Parameter(torch.randn(1, 1, 48))
        self.positions = nn.Parameter(torch.randn(1, 17, 48))
        self.layers = nn.Sequential(Layer(48, 4), Layer(48, 4))
        self.head = nn.Linear(48, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.first.expand(x.size(0), -1, -1), x], 1) + self.positions
        return self.head(self.layers(x)[:, 0])


class DecoderStep(nn.Module):
    """One token more for each row. The cache is [layer, keys or values, batch, head, length, width]
    and the embedding is tied to the head."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = 4
        self.table = nn.Embedding(100, 32)
        self.qkv = nn.ModuleList([nn.Linear(32, 96) for _ in range(2)])
        self.out = nn.ModuleList([nn.Linear(32, 32) for _ in range(2)])
        self.up = nn.ModuleList([nn.Linear(32, 128) for _ in range(2)])
        self.down = nn.ModuleList([nn.Linear(128, 32) for _ in range(2)])

    def forward(self, ids: Tensor, cache: Tensor) -> Tuple[Tensor, Tensor]:
        x = self.table(ids)
        longer: List[Tensor] = []
        for number, (qkv, out, up, down) in enumerate(
            zip(self.qkv, self.out, self.up, self.down)
        ):
            q, k, v = qkv(x).view(-1, 3, self.heads, 1, 8).unbind(1)
            both = torch.stack(
                [torch.cat([cache[number, 0], k], 2), torch.cat([cache[number, 1], v], 2)]
            )
            y = nn.functional.scaled_dot_product_attention(q, both[0], both[1])
            x = x + out(y.reshape(-1, 32))
            x = x + down(torch.relu(up(x)))
            longer.append(both)
        return torch.matmul(x, self.table.weight.t()), torch.stack(longer)


class Scale(nn.Module):
    """One number per row."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(16, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(x)


class Readers(nn.Module):
    """Three layers read one tensor, as q, k and v do."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(16, 16)
        self.a, self.b, self.c = nn.Linear(16, 8), nn.Linear(16, 8), nn.Linear(16, 8)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        return self.a(x) + self.b(x) + self.c(x)


class WrittenBetweenReaders(Readers):
    """What the later ones read is five times what the first one did."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        first = self.a(x)
        x.mul_(5.0)
        return first + self.b(x) + self.c(x)


def scale_in_place(x: Tensor) -> Tensor:
    return x.mul_(5.0)


class WrittenElsewhere(Readers):
    """The write is in a part of the program that may run on another thread."""

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        first = self.a(x)
        scaled = torch.jit.wait(torch.jit.fork(scale_in_place, x))
        return first + self.b(x) + self.c(scaled)


class Gates(nn.Module):
    """Operations on single elements, one after the other: what a fuser joins."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(16, 16)

    def forward(self, x: Tensor) -> Tensor:
        y = self.stem(x)
        return torch.sigmoid(y) * torch.tanh(y + 0.5) * 3.0 - y


def main(out: pathlib.Path) -> None:
    torch.manual_seed(0)
    out.mkdir(parents=True, exist_ok=True)
    for name, model in {
        "mlp": Mlp(),
        "conv": ConvNet(),
        "hard_coded_float": HardCodedFloat(),
        "integer_buffer": IntegerBuffer(),
        "counter": Counter(),
        "dropout": Dropout(),
        "nested": Nested(),
        "fixed_batch": FixedBatch(),
        "int_argument": IntArgument(),
        "two_arguments": TwoArguments(),
        "scale": Scale(),
        "readers": Readers(),
        "written_between_readers": WrittenBetweenReaders(),
        "written_elsewhere": WrittenElsewhere(),
        "resnet": ResNet(),
        "vision_transformer": VisionTransformer(),
        "decoder_step": DecoderStep(),
        "scripted_constants": ScriptedConstants(),
        "gates": Gates(),
        "centred": Centred(),
        "not_alone": NotAlone(),
        "eight_rows": EightRows(),
        "keeps_hidden": KeepsHidden(),
    }.items():
        torch.jit.script(model.eval()).save(str(out / f"{name}.pt"))
    traced = torch.jit.trace(TracedConstants(), torch.randn(3, 16))
    traced.save(str(out / "traced_constants.pt"))
    mask = torch.arange(6).unsqueeze(0) < torch.tensor([[1], [2], [3], [4], [6]])
    ids = torch.randint(0, 100, (5, 6))
    for name, value in {
        "x16": torch.randn(10, 16),
        "x4": torch.randn(6, 4),
        "images": torch.randn(4, 3, 8, 8),
        "photos": torch.randn(4, 3, 32, 32),
        "step": (torch.randint(0, 100, (5,)), torch.randn(2, 2, 5, 4, 9, 8)),
        "ids_mask": (ids, mask.long()),
        "named": {"mask": mask.long(), "ids": ids},
        "nested": ((torch.randn(5, 4), [torch.randn(5, 4)]),),
        "with_rate": (torch.randn(10, 16), 16000),
        "with_wrong_rate": (torch.randn(10, 16), 8000),
        "columns": torch.randn(16, 10).t().contiguous().t(),
        "different_rows": (torch.randn(5, 4), torch.randn(4, 4)),
        "no_rows": torch.randn(0, 16),
        "no_tensor": (1, 2.0),
        "floats_as_ids": (torch.randn(5, 6), mask.long()),
    }.items():
        torch.save(value, out / f"{name}.inputs")
    (out / "empty.inputs").write_bytes(b"")
    (out / "garbage.inputs").write_bytes(b"no torch.save file")
    (out / "empty.pt").write_bytes(b"")
    whole = (out / "mlp.pt").read_bytes()
    (out / "cut_off.pt").write_bytes(whole[: len(whole) // 2])


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
