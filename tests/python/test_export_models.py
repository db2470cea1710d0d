"""Models as others write them: each package gives what their own Python code gives in FP32."""

import dataclasses
import warnings

import pytest

from autotune import ModelError

torch = pytest.importorskip("torch")
nn = torch.nn

from autotune.export import export
from made_sets import assert_same, manifest, package


class Tokens(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.head = nn.Embedding(100, 32), nn.Linear(32, 8)

    def forward(self, ids, weights):
        rows = self.table(ids) * weights.unsqueeze(-1).to(self.table.weight.dtype)
        return self.head(torch.tanh(rows)).mean(1)


def test_a_model_in_bfloat16_is_made_in_float32_as_fp32(tmp_path):
    given, said = Tokens().to(torch.bfloat16), []
    ids, weights = torch.randint(0, 100, (6, 5)), torch.rand(6, 5)
    folder = export(
        given,
        tmp_path / "set",
        inputs=(ids, weights.to(torch.bfloat16)),
        batch=(1, 8),
        precision="bf16",
        on_progress=said.append,
    )
    assert given.head.weight.dtype == torch.bfloat16  # The caller's own stays as it was.
    assert any("given in bfloat16" in line for line in said)
    assert manifest(folder)["given_in"] == "bfloat16"
    assert manifest(folder)["tensors"][1]["dtype"] == "float32"
    own = given.float()
    weights = weights.to(torch.bfloat16).float()
    for precision, most in (("fp32", 1e-5), ("bf16", 0.02)):
        assert_same(package(folder, precision)(ids, weights), own(ids, weights).detach(), most)


def test_a_model_that_runs_in_bfloat16_alone_is_refused(tmp_path):
    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 4, dtype=torch.bfloat16)

        def forward(self, x):
            return self.head(x.to(torch.bfloat16))

    with pytest.raises(ModelError, match="given in bfloat16 and converted to float32"):
        export(Fixed(), tmp_path / "set", inputs=torch.randn(4, 8), precision="fp32")


def test_what_has_parts_in_several_types_is_converted_where_it_must_be():
    from autotune.export._in_float32 import given_in, in_float32

    model = nn.Linear(4, 4)
    assert given_in(model) is None
    model.register_buffer("turn", torch.ones(2, dtype=torch.complex64))
    model.register_buffer("table", torch.ones(2, dtype=torch.float64))
    assert given_in(model) is None
    model.weight.data = model.weight.data.half()
    assert given_in(model) == torch.float16
    types = {name: t.dtype for name, t in in_float32(model).state_dict().items()}
    assert types["weight"] == types["bias"] == torch.float32
    assert types["table"] == torch.float64
    assert types["turn"] == torch.complex64
    assert given_in(nn.Linear(4, 4).double()) == torch.float64


class Voice(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.conv = nn.utils.weight_norm(nn.Conv1d(8, 16, 3, padding=1))
            self.head = nn.utils.weight_norm(nn.Linear(16, 12))
        with torch.no_grad():
            self.conv.weight_g.mul_(1.7)  # A weight from before would show.

    def forward(self, x):
        return self.head(torch.relu(self.conv(x)).mean(-1))


def test_weights_that_hooks_normalise_reach_every_precision(tmp_path):
    x = torch.randn(6, 8, 20)
    folder = export(Voice(), tmp_path / "set", inputs=x, batch=(1, 8), precision="bf16")
    assert manifest(folder)["failed"] == []
    want = Voice()(x).detach()
    for precision, most in (("fp32", 1e-5), ("bf16", 0.02)):
        assert_same(package(folder, precision)(x), want, most)


@dataclasses.dataclass
class Answer:
    rows: torch.Tensor
    nothing: torch.Tensor | None
    parts: list[torch.Tensor]


class Answers(nn.Module):
    def forward(self, x):
        return Answer(x * 2, None, [x.sum(1), (x + 1).half()])


def test_a_dataclass_comes_out_by_its_names_and_halves_as_float32(tmp_path):
    x = torch.randint(-8, 8, (4, 8)) / 4  # Exact in every type.
    folder = export(Answers(), tmp_path / "set", inputs=x, batch=(1, 8), precision="fp32")
    got = package(folder)(x)
    assert_same(got["rows"], x * 2)
    assert got["nothing"] is None
    assert_same(got["parts"][0], x.sum(1))
    assert_same(got["parts"][1], (x + 1).half().float())


class AsksForTf32(nn.Module):
    """Doubles its input, but by three where torch may compute in TF32."""

    def forward(self, x):
        allowed = torch.backends.cudnn.allow_tf32 or torch.backends.cuda.matmul.allow_tf32
        return x * (3 if allowed else 2)


def test_the_model_and_its_package_are_made_with_tf32_off(tmp_path):
    before = torch.backends.cudnn.allow_tf32
    torch.backends.cudnn.allow_tf32 = True
    try:
        export(AsksForTf32(), tmp_path / "set", inputs=torch.randn(4, 3), precision=[], batch=(1, 8))
        assert torch.backends.cudnn.allow_tf32
    finally:
        torch.backends.cudnn.allow_tf32 = before
    x = torch.randn(5, 3)
    assert_same(package(tmp_path / "set")(x), 2 * x)
