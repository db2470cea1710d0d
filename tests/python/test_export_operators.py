"""What torch's export makes of a model, where that is not the model: states of an LSTM, operators."""

import pytest

from autotune import ModelError

torch = pytest.importorskip("torch")
nn = torch.nn

from autotune.export import export
from made_sets import assert_same, manifest, package


class Speaker(nn.Module):
    """As speaker encoders are: the last layer's last state, projected, at length one."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.lstm = nn.LSTM(16, 32, 2, batch_first=True)
        self.head = nn.Linear(32, 24)

    def forward(self, x):
        steps, (h, c) = self.lstm(x)
        embedding = self.head(h[-1])
        return embedding / embedding.norm(dim=1, keepdim=True), self.head(c.permute(1, 0, 2)), steps


def test_states_of_an_lstm_have_their_shape_in_every_precision(tmp_path):
    x = torch.randn(6, 5, 16)
    folder = export(Speaker(), tmp_path / "set", inputs=x, batch=(1, 8), precision=["bf16", "int8"])
    assert manifest(folder)["failed"] == []
    for precision, most in (("fp32", 1e-4), ("bf16", 0.03), ("int8", 0.05)):
        for count in (1, 6):
            got, want = package(folder, precision)(x[:count]), Speaker()(x[:count])
            for ours, own in zip(got, want, strict=True):
                assert_same(ours, own.detach(), most)


@torch.library.custom_op("autotune_test::clip", mutates_args=())
def clip(x: torch.Tensor) -> torch.Tensor:
    return x.clamp(-1, 1)


@clip.register_fake
def _(x):
    return torch.empty_like(x)


class Clipped(nn.Module):
    def forward(self, x):
        return torch.ops.autotune_test.clip(x * 2)


def test_an_operator_written_in_python_is_refused_by_name(tmp_path):
    with pytest.raises(ModelError, match="calls autotune_test::clip, written in Python: .*plain function"):
        export(Clipped(), tmp_path / "set", inputs=torch.randn(4, 8), precision="fp32")
    assert not (tmp_path / "set").exists()


def test_an_operator_that_is_made_of_torchs_is_not_refused():
    from autotune.export._operators import refuse_foreign_operators

    library = torch.library.Library("autotune_test", "FRAGMENT")
    library.define("twice(Tensor x) -> Tensor")
    library.impl("twice", lambda x: x + x, "CompositeImplicitAutograd")

    class Twice(nn.Module):
        def forward(self, x):
            return torch.ops.autotune_test.twice(x) + torch.nn.functional.gelu(x)

    refuse_foreign_operators(torch.export.export(Twice(), (torch.randn(4),)).graph_module)


def test_operations_that_draw_random_numbers_are_named():
    from autotune.export._operators import drawing_operators

    class Draws(nn.Module):
        def forward(self, x, on):
            x = nn.functional.dropout(x, 0.5, training=on)
            y = nn.functional.scaled_dot_product_attention(x, x, x)
            return y + torch.randn_like(x) if on else y

    x = torch.randn(1, 2, 4, 8)
    names = [drawing_operators(torch.export.export(Draws(), (x, on)).graph_module) for on in (True, False)]
    assert names == [["aten.dropout", "aten.randn_like"], []]
