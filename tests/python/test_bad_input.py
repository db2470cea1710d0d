"""What tune() refuses before it starts anything, and in which words."""

import os

import pytest

import autotune
from autotune import _core


def refused(kind, match, model="model.pt", inputs="inputs.pt", **options):
    with pytest.raises(kind, match=match) as raised:
        autotune.tune(model, inputs, **options)
    return raised.value


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": None}, "needs example inputs"),
        ({"input": "float32[batch,16]"}, "exclude each other"),
        ({"units_per_item": 2, "units_from_mask": 1}, "exclude each other"),
        ({"batch": (0, 4)}, r"batch \(0, 4\)"),
        ({"batch": (8, 4)}, r"batch \(8, 4\)"),
        ({"precision": "fp33"}, "fp33.*Known"),
        ({"precision": []}, "precision"),
        ({"layout": ["plane"]}, "plane.*Known"),
        ({"threads": ()}, "threads names nothing"),
        ({"baseline": "batch=two"}, "two"),
        ({"effort": "heroic"}, "heroic.*quick"),
        ({"meter": "wattmeter"}, "wattmeter.*rapl"),
        ({"device": "tpu"}, "tpu.*cuda"),
        ({"max_latency_ms": 0}, "max_latency_ms 0"),
        ({"budget_seconds": float("inf")}, "budget_seconds inf"),
        ({"min_cosine": 1.5}, "min_cosine 1.5"),
        ({"max_relative_l2": -1}, "max_relative_l2 -1"),
        ({"min_coverage": 1.1}, "min_coverage 1.1"),
    ],
)
def test_a_wrong_argument_is_a_usage_error(options, message):
    error = refused(autotune.UsageError, message, **options)
    assert error.code == "usage"
    assert isinstance(error, ValueError)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "seed cannot be -1"),
        ({"name": 7}, "name cannot be 7, a int"),
        ({"threads": "two"}, "threads cannot be .'two'."),
    ],
)
def test_a_value_of_the_wrong_type_is_named(options, message):
    refused(TypeError, message, **options)


def test_inputs_of_an_unknown_kind_are_named():
    refused(TypeError, "inputs hold a object", inputs=[object()])


def test_an_unknown_searcher_names_the_known_ones(tiny):
    refused(autotune.UsageError, "sweep", *tiny, searcher="oracle", device="cpu")


@pytest.mark.parametrize("threads", [0, (1, 99999)])
def test_threads_that_the_process_may_not_use_are_refused(tiny, threads):
    with pytest.raises(autotune.UsageError, match="threads cannot be tried: this process may use"):
        autotune.tune(*tiny, threads=threads, device="cpu", effort="quick")


def test_a_missing_model_is_a_model_error(tmp_path):
    error = refused(autotune.ModelError, "gone.pt", model=tmp_path / "gone.pt", device="cpu")
    assert error.code == "model"


def test_missing_inputs_are_an_inputs_error(tiny, tmp_path):
    refused(autotune.InputsError, "gone_inputs.pt", tiny[0], tmp_path / "gone_inputs.pt",
            device="cpu")


def test_a_worker_that_is_not_there_is_a_worker_error(tiny, monkeypatch):
    monkeypatch.setenv("AUTOTUNE_WORKER", "/nowhere/worker")
    refused(autotune.WorkerError, "AUTOTUNE_WORKER.*/nowhere/worker", *tiny, device="cpu")


def test_a_package_without_a_worker_says_how_to_get_one(monkeypatch):
    monkeypatch.setattr(_core, "has_worker", False)
    monkeypatch.delenv("AUTOTUNE_WORKER", raising=False)
    refused(autotune.WorkerError, "Install torch")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_a_profile_error(tiny, tmp_path, monkeypatch):
    tmp_path.chmod(0o500)
    refused(autotune.ProfileError, str(tmp_path), *tiny, device="cpu")


def test_a_cache_folder_that_is_a_file_is_a_profile_error(tiny, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", str(tmp_path / "file"))
    refused(autotune.ProfileError, "file", *tiny, device="cpu")
