"""The share of an INT8 package's FLOPs in int8: what a model's FLOPs are, and what a package's."""

import json

import pytest

torch = pytest.importorskip("torch")

from autotune.export import _int8_check, export
from autotune.export._flops import matrix_flops, refuse_loops


def int8_coverage(folder) -> float:
    variants = json.loads((folder / "manifest.json").read_text())["variants"]
    return next(v["coverage"] for v in variants if v["precision"] == "int8")


@pytest.mark.parametrize(
    ("module", "flops"),
    [
        (torch.nn.Linear(32, 16), 2 * 40 * 32 * 16),
        (torch.nn.LSTM(32, 16, batch_first=True), 2 * 40 * (32 + 16) * 4 * 16),
        (torch.nn.GRU(32, 16, bidirectional=True), 2 * (2 * 40 * (32 + 16) * 3 * 16)),
        # Four projections, then scores and sums of 2 heads, 10 positions by 10, 16 each.
        (torch.nn.TransformerEncoderLayer(32, 2, 64, batch_first=True),
         2 * 40 * (4 * 32 * 32 + 2 * 32 * 64) + 2 * 2 * 4 * 2 * 10 * 10 * 16),
    ],
)  # fmt: skip
def test_every_product_of_a_module_is_counted(module, flops):
    """Also those that eager mode runs in one operation of a CPU's."""
    module.eval()
    x = torch.randn(4, 10, 32)
    assert matrix_flops(lambda: module(x)) == flops


def grouped(a, b, *ends):
    offs = torch.tensor(ends, dtype=torch.int32) if ends else None
    return torch._grouped_mm(a.bfloat16(), b.bfloat16(), offs=offs)


@pytest.mark.parametrize(
    ("product", "shapes", "flops"),
    [
        (torch.mv, [(8, 32), (32,)], 2 * 8 * 32),
        (torch.dot, [(32,), (32,)], 2 * 32),
        (torch.addmv, [(8,), (8, 32), (32,)], 2 * 8 * 32),
        (torch.vdot, [(32,), (32,)], 2 * 32),
        (torch.Tensor.addmv_, [(8,), (8, 32), (32,)], 2 * 8 * 32),
        (torch.Tensor.addmm_, [(8, 16), (8, 32), (32, 16)], 2 * 8 * 32 * 16),
        (torch._addmm_activation, [(16,), (8, 32), (32, 16)], 2 * 8 * 32 * 16),
        (torch.Tensor.baddbmm_, [(4, 8, 16), (4, 8, 32), (4, 32, 16)], 2 * 4 * 8 * 32 * 16),
        (torch.addbmm, [(8, 16), (4, 8, 32), (4, 32, 16)], 2 * 4 * 8 * 32 * 16),
        (torch.Tensor.addbmm_, [(8, 16), (4, 8, 32), (4, 32, 16)], 2 * 4 * 8 * 32 * 16),
        (lambda a, b: torch._int_mm(a.char(), b.char()), [(8, 32), (32, 16)], 2 * 8 * 32 * 16),
        (torch.conv_tbc, [(10, 4, 32), (3, 32, 16), (16,)], 2 * (8 * 4) * 3 * 32 * 16),
        (torch.nn.functional.bilinear, [(4, 10, 32), (4, 10, 8), (16, 32, 8)], 2 * 40 * 32 * 8 * 16),
        (lambda a, b: grouped(a, b, 8, 24, 32), [(32, 16), (3, 16, 8)], 2 * 32 * 16 * 8),
        (grouped, [(3, 32, 16), (3, 16, 8)], 2 * 3 * 32 * 16 * 8),
        (lambda a, b: grouped(a, b, 8, 16), [(32, 16), (16, 8)], 2 * 32 * 16 * 8),
        (lambda a, b: grouped(a, b, 8, 16), [(2, 32, 16), (16, 16)], 2 * 32 * 16 * 16),
        # Eight heads of queries share two of keys.
        (lambda q, k: torch.nn.functional.scaled_dot_product_attention(q, k, k, enable_gqa=True),
         [(2, 8, 10, 16), (2, 2, 10, 16)], 2 * 2 * (2 * 8 * 10 * 10 * 16)),
    ],
)  # fmt: skip
def test_every_operation_that_multiplies_is_counted(product, shapes, flops):
    tensors = [torch.randn(shape) for shape in shapes]
    assert matrix_flops(lambda: product(*tensors)) == flops


def test_experts_of_transformers_are_counted():
    """Exported decoders with experts call this operation; it cannot be seen what it is made of."""
    pytest.importorskip("transformers.integrations.moe")
    experts = torch.ops.transformers.grouped_mm_fallback
    x, weight, ends = torch.randn(32, 16), torch.randn(3, 16, 8), torch.tensor([8, 24, 32])
    assert matrix_flops(lambda: experts(x, weight, ends.int())) == 2 * 32 * 16 * 8


def test_attention_of_torch_gets_a_package_whose_coverage_is_not_all(tmp_path):
    """Attention's own products have no weight; eager mode's fused path would count none of them."""
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(64, 4, 128, batch_first=True)
    module = torch.nn.Sequential(layer, torch.nn.Linear(64, 64)).eval()
    x = torch.randn(8, 16, 64)
    folder = export(module, tmp_path / "set", inputs=x, precision="int8", batch=(1, 16))
    of_weights = 16 * (4 * 64 * 64 + 2 * 64 * 128 + 64 * 64)
    assert int8_coverage(folder) == pytest.approx(of_weights / (of_weights + 2 * 16 * 16 * 64))


def test_products_of_parameters_alone_are_not_among_the_flops(tmp_path):
    """A package holds their results: with few rows they would be most of a model's."""

    class LowRank(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(0)
            self.down = torch.nn.Parameter(torch.randn(32, 64))
            self.up = torch.nn.Parameter(torch.randn(64, 32))

        def forward(self, x):
            return torch.nn.functional.linear(x, self.up @ self.down).relu()

    folder = export(
        LowRank(), tmp_path / "set", inputs=torch.randn(4, 64), precision="int8", batch=(1, 16)
    )
    assert int8_coverage(folder) == 1


def test_products_that_are_written_into_are_among_the_flops():
    """What is overwritten may depend on the input; the product of it is not a parameter's alone."""

    class Slots(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.slots = torch.nn.Parameter(torch.randn(32, 64))
            self.weight = torch.nn.Parameter(torch.randn(64, 64))

        def forward(self, x, fixed: bool):
            slots = self.slots.clone()
            if not fixed:
                slots[0] = x.mean(0)
            return x @ (slots @ self.weight).t()

    x = torch.randn(8, 64)
    graphs = [torch.export.export(Slots(), (x, fixed)).module() for fixed in (True, False)]
    flops = [_int8_check.flops_of_constants(graph) for graph in graphs]
    assert flops == [2 * 32 * 64 * 64, 0]


class Loop(torch.nn.Module):
    def __init__(self, body) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(16, 16)
        self.body = body

    def forward(self, x):
        return self.body(self.linear, x)


def while_loop(linear, x):
    counter = (x[:1, 0] * 0).long()  # A constant would not compile.

    def condition(i, y):
        return i.sum() < 3

    def step(i, y):
        return i + 1, linear(y)

    return torch._higher_order_ops.while_loop(condition, step, (counter, x.clone()))[1]


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("while_loop", while_loop),
        ("map_impl", lambda linear, x: torch._higher_order_ops.map(lambda row: row * linear(row), x)),
    ],
)  # fmt: skip
def test_a_model_with_a_loop_gets_no_coverage(name, body):
    module = Loop(body).eval().requires_grad_(False)
    graph = torch.export.export(module, (torch.randn(4, 16),)).module()
    with pytest.raises(_int8_check.ModelError, match=rf"loops of torch \({name}\)"):
        refuse_loops(graph)


def test_a_loop_costs_a_model_only_its_int8_package(tmp_path):
    x = torch.randn(4, 16)
    folder = export(
        Loop(while_loop).eval(), tmp_path / "set", inputs=x, precision="int8", batch=(1, 16)
    )
    manifest = json.loads((folder / "manifest.json").read_text())
    assert [variant["precision"] for variant in manifest["variants"]] == ["fp32"]
    assert "loops of torch (while_loop)" in manifest["failed"][0]["reason"]


def test_more_int8_than_the_model_has_is_no_coverage(monkeypatch):
    """Then the count of one of them is wrong, and its share says nothing."""
    module, x = torch.nn.Linear(32, 16), torch.randn(4, 32)
    graph = torch.export.export(module, (x,)).module()
    line = "onednn_verbose,v1,primitive,exec,cpu,matmul,brg,undef,src:s8::ab wei:s8::ab dst:s32::ab,,,4x32:32x{},0.1"
    monkeypatch.setattr(_int8_check, "onednn_log", lambda run: [line.format(16)])
    assert _int8_check.int8_coverage(module, graph, module, [x]) == 1
    monkeypatch.setattr(_int8_check, "onednn_log", lambda run: [line.format(32)])
    with pytest.raises(_int8_check.ModelError, match="8192 FLOPs of int8 arithmetic, .* has 4096"):
        _int8_check.int8_coverage(module, graph, module, [x])
