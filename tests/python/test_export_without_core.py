"""The exporter where only a checkout and torch are: no compiled part, the same set."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import autotune

torch = pytest.importorskip("torch")

ROOT = Path(__file__).resolve().parents[2]

MODEL = """
import torch


def small():
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Linear(8, 8), torch.nn.ReLU())
"""

BLOCKED = """
import runpy, sys


class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name == "autotune._core":
            raise ImportError("autotune._core is blocked")


sys.meta_path.insert(0, Refuse())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("without_core")
    (folder / "small_model.py").write_text(MODEL)
    (folder / "blocked.py").write_text(BLOCKED)
    command = [sys.executable, "blocked.py", ROOT / "scripts" / "export_set.py", "small_model:small"]
    command += ["--out", "set", "--input", "float32[batch,8]:normal", "--precision", "bf16"]
    done = subprocess.run(
        list(map(os.fspath, command)), cwd=folder, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return folder / "set"


def test_a_set_is_made_without_the_compiled_part(made):
    told = json.loads((made / "manifest.json").read_text())
    assert [variant["precision"] for variant in told["variants"]] == ["fp32", "bf16"]
    assert told["failed"] == []


def test_its_fingerprints_are_those_of_the_core(made):
    for variant in json.loads((made / "manifest.json").read_text())["variants"]:
        assert variant["fingerprint"] == autotune._core.fingerprint(made / variant["file"])


def test_its_cpu_is_that_of_the_core(made):
    cpu = next(d for d in json.loads(autotune._core.devices()) if d["kind"] == "cpu")
    assert json.loads((made / "manifest.json").read_text())["cpu_features"] == cpu["features"]


def test_the_core_takes_such_a_set(made):
    result = autotune.tune(made, effort="quick", budget_seconds=20, batch=(1, 4))
    assert {trial.config.layout for trial in result.trials} == {"compiled"}


def test_names_count_as_they_are_written(tmp_path):
    from autotune.export._host import fingerprint

    file = tmp_path / "names.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("b/plain", "a/grün", "z" * 300):
            archive.writestr(name, name)
    assert fingerprint(file) == autotune._core.fingerprint(file)


def test_an_arm_cpu_is_read_from_its_own_field(tmp_path):
    from autotune.export._host import cpu_features

    file = tmp_path / "cpuinfo"
    file.write_text("processor\t: 0\nFeatures\t: fp asimd sve i8mm\n\nprocessor\t: 1\nFeatures\t: sve2\n")
    assert cpu_features(file) == ["asimd", "i8mm", "sve"]
