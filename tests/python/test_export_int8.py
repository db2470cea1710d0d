"""INT8 in an exported graph: which products become int8, and that they compute what they should."""

import json

import pytest

torch = pytest.importorskip("torch")

from autotune.export import _int8, _int8_check
from autotune.export._int8 import Int8Linear, Int8LinearOfPairs, products_in_int8

EXACT = pytest.mark.skipif(_int8.adds_in_16_bits(), reason="the sums of `_int_mm` saturate here")
KINDS = [pytest.param(Int8Linear, marks=EXACT), Int8LinearOfPairs]


def layer(kind=Int8Linear, outputs=48, inputs=64):
    torch.manual_seed(0)
    weight, bias = torch.randn(outputs, inputs), torch.randn(outputs)
    return kind(weight, bias), weight, bias


def rewritten(module: torch.nn.Module, *inputs: torch.Tensor) -> torch.fx.GraphModule:
    module.eval().requires_grad_(False)
    return products_in_int8(torch.export.export(module, inputs).module())


def int8_products(graph: torch.fx.GraphModule) -> int:
    return sum(isinstance(m, Int8Linear) for m in graph.modules())


def relative_error(ours: torch.Tensor, exact: torch.Tensor) -> float:
    return float((ours - exact).norm() / exact.norm())


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_the_exact_product_of_what_was_quantised(kind):
    int8, weight, bias = layer(kind)
    x = torch.randn(5, 3, 64)
    scale = weight.abs().amax(1, keepdim=True) / kind.levels
    step = x.abs().amax(-1, keepdim=True) / 127
    exact = (step * (x / step).round()).double() @ (scale * (weight / scale).round()).double().T + bias
    assert int8(x).shape == (5, 3, 48)
    torch.testing.assert_close(int8(x), exact.float(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(("kind", "limit"), [
    pytest.param(Int8Linear, 0.012, marks=EXACT), (Int8LinearOfPairs, 0.018)
])  # fmt: skip
def test_it_is_near_the_product_of_floats(kind, limit):
    int8, weight, bias = layer(kind, 256, 512)
    x = torch.randn(64, 512)
    assert relative_error(int8(x), torch.nn.functional.linear(x, weight, bias)) < limit


def test_pairs_of_bytes_cannot_saturate_16_bits():
    signs = torch.tensor([[1.0], [-1.0]])
    int8 = Int8LinearOfPairs(signs.expand(2, 64), None)
    assert int8.weight.abs().max() == 64
    rows = 127 * signs.expand(2, 64)
    assert torch.equal(int8.products(rows), 64 * 127 * signs @ signs.T)


def test_only_an_x86_without_vnni_adds_in_16_bits(monkeypatch):
    monkeypatch.setattr(_int8, "cpu_has_vnni", lambda: False)
    monkeypatch.setattr(_int8.platform, "machine", lambda: "x86_64")
    assert _int8.adds_in_16_bits()
    monkeypatch.setattr(_int8.platform, "machine", lambda: "aarch64")
    assert not _int8.adds_in_16_bits()


@pytest.mark.parametrize("kind", KINDS)
def test_rows_do_not_cost_each_other_their_precision(kind):
    int8, *_ = layer(kind)
    x = torch.randn(4, 64)
    alone = int8(x[:1])
    x[1] *= 1e6
    x[2, 5] = torch.nan
    x[3] = 0
    together = int8(x)
    torch.testing.assert_close(together[:1], alone)
    assert together[1].isfinite().all()
    assert not together[2].isfinite().any()
    torch.testing.assert_close(together[3], int8.bias)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_small_to_divide_by_counts_as_zero(kind):
    int8, *_ = layer(kind)
    taken = []
    products = int8.products
    int8.products = lambda rows: taken.append(rows) or products(rows)
    torch.testing.assert_close(int8(torch.full((3, 64), 1e-42)), int8.bias.expand(3, 48))
    assert taken[0].abs().max() == 0

    tiny = kind(torch.full((2, 64), 1e-42), None)
    assert torch.equal(tiny.scale, torch.ones(2))
    assert not tiny.weight.any()


class Products(torch.nn.Module):
    """One weight each, in every way that a graph names a product."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.linear = torch.nn.Linear(64, 64)
        self.by_input = torch.nn.Parameter(torch.randn(64, 64) / 8)
        self.bias = torch.nn.Parameter(torch.randn(64))

    def forward(self, x):
        x = self.linear(x)
        x = torch.addmm(self.bias, x, self.by_input)
        x = torch.mm(x, self.by_input.t())
        x = torch.matmul(x.view(2, -1, 64), self.by_input)
        return x @ x.transpose(1, 2)  # No weight: stays as it is.


def test_every_way_to_name_a_product_is_found():
    module, x = Products(), torch.randn(8, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) == 4
    assert relative_error(graph(x), module(x)) < 0.05


def test_attention_of_torch_keeps_its_answer():
    """It reads its layers' weights past their `forward`."""
    torch.manual_seed(0)
    module = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    x = torch.randn(4, 16, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) == 4
    assert relative_error(graph(x), module(x)) < 0.05


def test_weights_that_are_cut_or_scaled_from_parameters_are_found():
    """Attention to a memory cuts its weights from one; weight normalisation scales them."""
    torch.manual_seed(0)
    module = torch.nn.TransformerDecoderLayer(64, 4, 128, batch_first=True)
    x, memory = torch.randn(4, 16, 64), torch.randn(4, 7, 64)
    graph = rewritten(module, x, memory)
    assert int8_products(graph) == 7
    assert relative_error(graph(x, memory), module(x, memory)) < 0.05

    normalised = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(64, 32))
    graph = rewritten(normalised, x)
    assert int8_products(graph) == 1
    assert relative_error(graph(x), normalised(x)) < 0.02


def test_two_weights_that_are_computed_are_not_taken_for_each_other():
    class Scaled(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.weight = torch.nn.Parameter(torch.randn(64, 64) / 8)

        def forward(self, x):
            for factor in (1, -2, 3, -4):
                x = torch.tanh(x @ (self.weight * factor))
            return x

    module, x = Scaled(), torch.randn(8, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) == 4
    assert relative_error(graph(x), module(x)) < 0.1


@pytest.mark.parametrize("write", [
    lambda w: w[:, :32].zero_(),
    lambda w: w[0].mul_(100),
    lambda w: torch.diagonal(w).zero_(),
    lambda w: w.mul_(3),
])  # fmt: skip
def test_a_weight_that_is_written_into_is_not_taken_as_it_was(write):
    class Written(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.weight = torch.nn.Parameter(torch.randn(64, 64))
            self.other = torch.nn.Parameter(torch.randn(64, 64) / 8)

        def forward(self, x):
            weight = self.weight.clone()
            write(weight)
            return x @ weight @ self.other @ (weight * 2)

    module, x = Written(), torch.randn(8, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) >= 1
    assert relative_error(graph(x), module(x)) < 0.05


def test_a_weight_that_is_a_product_of_parameters_is_made_in_floats():
    class LowRank(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.down = torch.nn.Parameter(torch.randn(4, 64))
            self.up = torch.nn.Parameter(torch.randn(32, 4))

        def forward(self, x):
            return torch.nn.functional.linear(x, self.up @ self.down)

    module, x = LowRank(), torch.randn(8, 64)
    graph = rewritten(module, x)
    assert [m.weight.numel() for m in graph.modules() if isinstance(m, Int8Linear)] == [64 * 32]
    assert relative_error(graph(x), module(x)) < 0.02


def test_a_product_over_one_input_stays_in_floats():
    module, x = torch.nn.Linear(1, 16), torch.randn(4, 1)
    graph = rewritten(module, x)
    assert int8_products(graph) == 0
    torch.testing.assert_close(graph(x), module(x))


def test_a_weight_that_is_also_read_otherwise_stays_there():
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.embedding = torch.nn.Embedding(32, 64)

        def forward(self, ids):
            return torch.nn.functional.linear(self.embedding(ids), self.embedding.weight)

    module, ids = Tied(), torch.arange(16).view(4, 4)
    graph = rewritten(module, ids)
    assert int8_products(graph) == 1
    assert relative_error(graph(ids), module(ids)) < 0.05


def test_a_layer_that_is_used_many_times_is_held_once():
    layer = torch.nn.Linear(64, 64)
    module, x = torch.nn.Sequential(layer, torch.nn.Tanh(), layer, torch.nn.Tanh(), layer), torch.randn(4, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) == 1
    assert relative_error(graph(x), module(x)) < 0.05


class Others(torch.nn.Module):
    def __init__(self, product) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.weight = torch.nn.Parameter(torch.randn(64, 64))
        self.bias = torch.nn.Parameter(torch.randn(64))
        self.matrix = torch.nn.Parameter(torch.randn(8, 64))
        self.register_buffer("state", torch.randn(64, 64))
        self.product = product

    def forward(self, x):
        return self.product(self, x)


@pytest.mark.parametrize("product", [
    lambda m, x: torch.addmm(m.bias, x, m.weight, beta=0.5),
    lambda m, x: torch.addmm(m.bias, x, m.weight, alpha=2),
    lambda m, x: torch.addmm(m.matrix, x, m.weight),
    lambda m, x: x @ m.state,
], ids=["beta", "alpha", "bias of rows", "buffer"])  # fmt: skip
def test_products_of_another_form_are_left_alone(product):
    module, x = Others(product), torch.randn(8, 64)
    graph = rewritten(module, x)
    assert int8_products(graph) == 0
    torch.testing.assert_close(graph(x), module(x))


def test_a_weight_that_is_drawn_anew_each_time_is_left_alone():
    dropped = Others(lambda m, x: x @ torch.nn.functional.dropout(m.weight, 0.5, training=True))
    assert int8_products(rewritten(dropped, torch.randn(8, 64))) == 0


def test_a_narrow_model_keeps_its_type():
    int8, *_ = layer()
    assert int8(torch.randn(2, 64).to(torch.bfloat16)).dtype == torch.bfloat16


def test_a_package_for_a_cpu_without_vnni_runs_in_int8(tmp_path, monkeypatch):
    """Its arithmetic is that of oneDNN's `qlinear_pointwise`, wherever it runs."""
    from autotune.export import export

    monkeypatch.setattr(_int8, "cpu_has_vnni", lambda: False)
    torch.manual_seed(0)
    twice, x = torch.nn.Linear(64, 64), torch.randn(8, 64)
    module = torch.nn.Sequential(twice, torch.nn.GELU(), torch.nn.Linear(64, 64), torch.nn.GELU(), twice).eval()
    folder = export(module, tmp_path / "set", inputs=x, precision="int8", batch=(1, 16))
    package = torch._inductor.aoti_load_package(str(folder / "int8.pt2"))
    assert relative_error(package(x), module(x)) < 0.03
    log = _int8_check.onednn_log(lambda: package(x))
    assert sum(" src:u8" in line or ",src:u8" in line for line in log) == 3  # Pairs alone are u8.
    int8 = json.loads((folder / "manifest.json").read_text())["variants"][1]
    assert int8["precision"] == "int8"
    assert int8["coverage"] == 1
