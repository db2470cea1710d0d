"""A package is the model: what export compares, what it keeps of the model, and what it refuses."""

import json
from pathlib import Path

import pytest

from autotune import ModelError

torch = pytest.importorskip("torch")
nn = torch.nn

from autotune.export import export
from made_sets import assert_same, package


class Columns(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.shift = nn.Parameter(torch.randn(24))
        self.head = nn.Linear(24, 8)

    def forward(self, x):
        return self.head(torch.tanh(x - self.shift))


class Pictures(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.register_buffer("mean", torch.tensor([0.2, 0.5, 0.8]).view(1, 3, 1, 1))
        self.head = nn.Linear(12, 5)

    def forward(self, x):
        y = torch.sigmoid(6 * (x - self.mean))
        return self.head(nn.functional.adaptive_avg_pool2d(y, 2).flatten(1))


@pytest.fixture(scope="module")
def columns(tmp_path_factory) -> tuple[Path, torch.Tensor]:
    """Made from a table that was read by columns: 24 columns of 40 rows, transposed."""
    torch.manual_seed(1)
    rows = torch.randn(24, 40).t()
    out = tmp_path_factory.mktemp("columns") / "set"
    return export(Columns(), out, inputs=rows, batch=(1, 48), precision="bf16"), rows


@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-4), ("bf16", 0.02)])
def test_transposed_examples_make_a_package_for_rows(columns, precision, most):
    folder, rows = columns
    model, made = Columns().eval(), package(folder, precision)
    for count in (1, 2, 7, 40):
        x = rows[:count].contiguous()
        assert_same(made(x), model(x).detach(), most)


def test_channels_last_examples_make_a_package_for_rows(tmp_path):
    torch.manual_seed(1)
    ramp = torch.linspace(0, 1, 3 * 8 * 8).view(1, 3, 8, 8)
    images = torch.rand(6, 3, 8, 8) + ramp
    last = images.contiguous(memory_format=torch.channels_last)
    folder = export(Pictures(), tmp_path / "set", inputs=last, batch=(1, 8), precision="fp32")
    for count in (1, 5):
        x = images[:count].contiguous()
        assert_same(package(folder)(x), Pictures()(x).detach())


def test_the_models_own_outputs_are_kept_in_the_order_of_the_inputs(columns):
    folder, rows = columns
    named = json.loads((folder / "manifest.json").read_text())["reference"]
    (kept,) = torch.load(folder / named)
    assert_same(kept, Columns()(rows).detach(), 1e-6)


def test_a_package_of_another_model_is_not_kept(columns, tmp_path, monkeypatch):
    """Whatever goes wrong between model and package is found by comparing the two."""
    from autotune.export import _export

    compiled = columns[0] / "bf16.pt2"

    def other(recipe, model, examples, batch, path, say):
        path.write_bytes(compiled.read_bytes())

    monkeypatch.setattr(_export, "make_package", other)
    doubled = Columns()
    with torch.no_grad():
        doubled.head.weight.mul_(2)
    with pytest.raises(ModelError, match="does not compute what the model does: at a batch of 1, output 0"):
        export(doubled, tmp_path / "set", inputs=columns[1], batch=(1, 48), precision="fp32")
    assert not (tmp_path / "set").exists()


def test_shape_and_type_are_compared_too():
    from autotune.export._gate import difference

    x = torch.randn(4, 8)
    assert difference("fp32", [x], [x.clone()], 4) is None
    assert "float32[4, 8] in the model, float32[1, 4, 8]" in difference("int8", [x], [x[None]], 4)
    assert "bfloat16[4, 8] in the package" in difference("bf16", [x], [x.bfloat16()], 4)
    assert "relative error" in difference("fp32", [x], [x + 1e-3], 4)
    assert difference("bf16", [x], [x + 1e-3], 4) is None
    assert "worst cosine" in difference("int8", [x], [torch.cat([-x[:1], x[1:]])], 4)
    assert "not finite" in difference("bf16", [x], [x / 0], 4)


class Remembers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Linear(8, 4)
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("trace", torch.zeros(4), persistent=False)

    def forward(self, x):
        self.calls.add_(1)
        self.trace = self.trace * 0.5 + 1
        return self.head(x) + self.calls + self.trace


class Carries(nn.Module):
    """The last row's result is added to the next call's, kept in an attribute that is no buffer."""

    def __init__(self) -> None:
        super().__init__()
        self.head, self.last = nn.Linear(8, 4), torch.zeros(4)

    def forward(self, x):
        y = self.head(x) + self.last
        self.last = y[-1]
        return y


class Draws(nn.Module):
    def forward(self, x):
        return nn.functional.dropout(x, 0.5) + torch.randn_like(x)


@pytest.mark.parametrize(("model", "reason"), [
    (Remembers, "keeps a state in calls, trace, .* return it as an output"),
    (Carries, "keeps a state in attributes"),
    (Draws, r"draws random numbers \(aten.bernoulli_, aten.randn_like\)"),
])  # fmt: skip
def test_what_a_package_cannot_keep_is_refused(tmp_path, model, reason):
    with pytest.raises(ModelError, match=reason):
        export(model(), tmp_path / "set", inputs=torch.randn(6, 8), precision="fp32")
    assert not (tmp_path / "set").exists()


def test_a_buffer_that_no_output_shows_is_said_to_be_dropped(tmp_path):
    class Counts(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(8, 4)
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            self.calls.add_(1)
            return self.head(x)

    said, model, x = [], Counts(), torch.randn(6, 8)
    folder = export(model, tmp_path / "set", inputs=x, precision="fp32", on_progress=said.append)
    assert any("writes into calls, which no output showed" in line for line in said)
    assert model.calls == 0
    assert_same(package(folder)(x), model(x).detach())


class OneAtLeastTwo(nn.Module):
    def forward(self, x):
        if len(x) < 2:
            raise ValueError("a single row has no spread")
        return (x - x.mean(0)) / x.std(0)


def test_a_size_at_which_the_model_does_not_run_is_the_models(tmp_path):
    with pytest.raises(ModelError, match="does not run at a batch of 1: ValueError: a single row .*--batch 2:LAST"):
        export(OneAtLeastTwo(), tmp_path / "set", inputs=torch.randn(6, 8), precision="fp32")


@pytest.mark.parametrize(("batch", "counts"), [((8, 8), [8]), ((32, 64), [32, 33, 64])])
def test_fewer_rows_than_the_smallest_batch_are_taken_again(tmp_path, batch, counts):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(16, 32), nn.Softmax(1), nn.Linear(32, 4), nn.Softmax(1)).eval()
    five = torch.randn(5, 16)
    folder = export(model, tmp_path / "set", inputs=five, batch=batch, precision="fp32")
    for count in counts:
        x = torch.randn(count, 16)
        assert_same(package(folder)(x), model(x).detach())
