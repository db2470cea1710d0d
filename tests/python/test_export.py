"""export(): a Python model becomes a variant set, which is tuned like any other model."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import autotune
from autotune import InputsError, ModelError, UsageError

torch = pytest.importorskip("torch")

MODELS = '''
import torch


class Two(torch.nn.Module):
    """Nested inputs and a dict of outputs; `scale` is no tensor."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(64, 128), torch.nn.ReLU(), torch.nn.Linear(128, 64)
        )

    def forward(self, pair, scale):
        x, mask = pair
        y = self.layers(x) * scale
        return {"rows": y, "pooled": (y * mask.to(y.dtype)).mean(1)}


def branches():
    class Branches(torch.nn.Module):
        def forward(self, x):
            return x if x.sum() > 0 else -x

    return Branches()
'''


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A set of fp32, bf16 and int8, made as a user makes one."""
    folder = tmp_path_factory.mktemp("export")
    (folder / "two_models.py").write_text(MODELS)
    x, mask = torch.randn(32, 64), torch.ones(32, 64, dtype=torch.int64)
    mask[:, 48:] = 0
    torch.save(((x, mask), 2.0), folder / "inputs.pt")
    command = [sys.executable, "-m", "autotune", "export", "two_models:Two", "--out", "set"]
    command += ["--inputs", "inputs.pt", "--units-from-mask", "0.1", "--batch", "1:64"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "set"


@pytest.fixture
def copy(made, tmp_path) -> Path:
    return Path(shutil.copytree(made, tmp_path / "set"))


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def change(folder: Path, **fields) -> None:
    (folder / "manifest.json").write_text(json.dumps(manifest(folder) | fields))


def quick(folder: Path, **options) -> autotune.Result:
    return autotune.tune(folder, effort="quick", budget_seconds=20, **options)


def test_manifest_says_what_was_made(made):
    told = manifest(made)
    assert [variant["precision"] for variant in told["variants"]] == ["fp32", "bf16", "int8"]
    assert told["failed"] == []
    assert told["torch"] == torch.__version__.partition("+")[0]
    assert told["batch"] == {"first": 1, "last": 64}
    assert told["tensors"] == [
        {"dtype": "float32", "shape": ["batch", 64]},
        {"dtype": "int64", "shape": ["batch", 64]},
    ]
    assert told["units_from_mask"] == "1"
    for variant in told["variants"]:
        file = made / variant["file"]
        assert file.stat().st_size == variant["bytes"]
        assert autotune._core.fingerprint(file) == variant["fingerprint"]
        assert variant["seconds"] > 0


def test_int8_ran_in_int8(made):
    assert manifest(made)["variants"][2]["coverage"] == pytest.approx(1)


def test_a_set_is_tuned_with_its_own_inputs_and_units(made):
    result = quick(made, batch=(1, 16))
    assert result.name == "set"
    assert result.unit == "token"
    assert {trial.config.layout for trial in result.trials} == {"compiled"}
    assert {"fp32", "bf16"} <= {trial.config.precision for trial in result.trials}
    assert str(result.baselines[0].config).startswith("batch=1,precision=fp32,layout=compiled")
    accurate = [t for t in result.trials if t.config.precision == "fp32"]
    assert accurate[0].accuracy.worst_cosine == pytest.approx(1)
    assert autotune.best(made) == result.best.config


def test_batches_beyond_the_exported_ones_are_not_tried(made):
    result = quick(made, batch=(60, 80), precision="fp32")
    assert max(trial.config.batch for trial in result.trials) <= 64


def test_a_batch_beyond_the_exported_ones_is_refused(made):
    done = program("measure", made, "--config", "batch=65")
    assert done.returncode == 1
    assert "batch of 65 rows: the variant set was made for 1 to 64" in done.stdout + done.stderr


def test_inputs_of_another_signature_are_refused(made, tmp_path):
    torch.save((torch.randn(8, 64), torch.ones(8, 64)), tmp_path / "other.pt")
    with pytest.raises(InputsError, match="made for float32.batch,64., int64.batch,64."):
        quick(made, inputs=tmp_path / "other.pt")


def test_a_manifest_that_lies_about_the_batch_range_is_refused(copy):
    change(copy, batch={"first": 1, "last": 512})
    with pytest.raises(ModelError, match="made with autotune_batch 1:64; its manifest says 1:512"):
        quick(copy, batch=(1, 512))


def test_a_manifest_that_lies_about_a_precision_is_refused(copy):
    variants = manifest(copy)["variants"]
    variants[0]["precision"], variants[1]["precision"] = "bf16", "fp32"
    change(copy, variants=variants)
    with pytest.raises(ModelError, match="made with autotune_precision fp32; its manifest says bf16"):
        quick(copy)


def test_a_set_of_another_torch_is_refused(copy):
    change(copy, torch="2.9.1")
    with pytest.raises(ModelError, match="made by torch 2.9.1; this is"):
        quick(copy)


def test_a_set_for_another_isa_is_refused(copy):
    change(copy, cpu_features=["avx2", "avx1024"])
    with pytest.raises(ModelError, match="a CPU with avx1024, which this one lacks"):
        quick(copy)


def test_a_missing_package_is_refused(copy):
    (copy / "bf16.pt2").unlink()
    with pytest.raises(ModelError, match="lacks its package bf16.pt2"):
        quick(copy)


def test_an_exchanged_package_is_refused(copy):
    shutil.copy(copy / "fp32.pt2", copy / "bf16.pt2")
    with pytest.raises(ModelError, match="another package bf16.pt2 than its manifest tells"):
        quick(copy)


def test_a_damaged_package_is_refused(copy):
    file = copy / "bf16.pt2"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)
    with pytest.raises(ModelError, match="bf16.pt2 is damaged: its entry .* Nothing of it was run"):
        quick(copy, batch=(1, 4))


def test_what_cannot_be_exported_leaves_nothing(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two_models.py").write_text(MODELS)
    sys.modules.pop("two_models", None)
    from autotune.export import export

    with pytest.raises(ModelError, match="cannot be exported as fp32"):
        export("two_models:branches", "set", inputs=torch.randn(4, 8))
    assert os.listdir(tmp_path).count("set") == 0
    assert [name for name in os.listdir(tmp_path) if name.startswith(".set")] == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({}, "no example inputs given"),
        ({"inputs": 1, "text": "t"}, "inputs and text given"),
        ({"input": "int64[4]"}, "is not like"),
        ({"input": "int64[batch,4]"}, "need a range"),
        ({"inputs": 1, "precision": "int4"}, "'int4' is not known"),
        ({"inputs": 1, "precision": "fp16"}, "fp16 is made for cuda only"),
        ({"inputs": 1, "batch": (8, 4)}, "8:4 is not FIRST:LAST"),
        ({"inputs": 1, "device": "tpu"}, "neither cpu nor cuda"),
        ({"text": "t"}, "needs a Hugging Face folder"),
    ],
)
def test_bad_options_are_refused(tmp_path, options, problem):
    from autotune.export import export

    model = torch.nn.Linear(8, 8)
    if "inputs" in options:
        options = options | {"inputs": torch.randn(4, 8)}
    with pytest.raises(UsageError, match=problem):
        export(model, tmp_path / "set", **options)
    assert not (tmp_path / "set").exists()


def test_a_folder_that_is_no_set_is_not_overwritten(tmp_path):
    from autotune.export import export

    (tmp_path / "precious").write_text("data")
    with pytest.raises(UsageError, match="is no variant set: name a new folder"):
        export(torch.nn.Linear(8, 8), tmp_path, inputs=torch.randn(4, 8))
    assert os.listdir(tmp_path) == ["precious"]


def test_one_row_is_too_few(tmp_path):
    from autotune.export import export

    with pytest.raises(InputsError, match="one row of inputs is too few"):
        export(torch.nn.Linear(8, 8), tmp_path / "set", inputs=torch.randn(1, 8))


def program(*words) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "autotune", *map(os.fspath, words)]
    return subprocess.run(command, capture_output=True, text=True)
