"""tune() with the packaged worker."""

import json
import math
import os
import signal
import threading
from pathlib import Path

import pytest
from conftest import save_model

import autotune

SCHEMA = Path(__file__).parents[2] / "profiles" / "schema" / "profile-1.json"
KEYS = {
    "schema_version", "name", "unit", "device", "meter", "best", "lossy_best", "baselines", "ties",
    "trials", "unsupported", "spent", "budget", "pays_back_after_units", "effort", "resumed_steps", "complete", "warnings",
    "profile_path",
}


def test_result_holds_the_documented_object(tuned):
    assert KEYS <= tuned.result.to_dict().keys()


def test_result_attributes_agree_with_its_object(tuned):
    result, data = tuned.result, tuned.result.to_dict()
    assert result.name == "tiny"
    assert result.unit == "item"
    assert str(result.profile_path) == data["profile_path"]
    assert result.best.config.batch == data["best"]["config"]["batch"]
    measured = data["best"]["measurement"]
    assert result.best.measurement.latency_ms.p99 == measured["latency_ms"]["p99"]
    assert result.best.measurement.joules_per_unit == measured["joules_per_unit"]
    assert [trial.status for trial in result.trials] == [one["status"] for one in data["trials"]]
    assert result.spent.trials == data["spent"]["trials"]


def test_best_is_a_trial_with_energy_and_accuracy(tuned):
    best = tuned.result.best
    assert best in tuned.result.trials
    assert best.measurement.joules_per_unit > 0
    assert math.isclose(best.accuracy.worst_cosine, 1, abs_tol=1e-6)
    assert {trial.config.precision for trial in tuned.result.trials} == {"fp32"}
    assert {trial.config.batch for trial in tuned.result.trials} <= {1, 2, 3}


def test_baselines_say_what_the_best_saves(tuned):
    baseline = next(one for one in tuned.result.baselines if one.name == "fp32_batch_1")
    ratio = tuned.result.best.measurement.joules_per_unit / baseline.measurement.joules_per_unit
    assert baseline.config.batch == 1
    assert math.isfinite(baseline.saving.fraction)
    assert baseline.saving.fraction <= 1
    assert ratio <= 1.0 + 1e-9


def test_printing_a_result_shows_the_table(tuned):
    assert "batch" in str(tuned.result)
    assert str(tuned.result.best.config) in repr(tuned.result)


def test_the_saved_profile_keeps_to_its_schema(tuned):
    jsonschema = pytest.importorskip("jsonschema")
    profile = json.loads(tuned.result.profile_path.read_text())
    jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text())).validate(profile)


def test_progress_is_told_before_each_measurement(tuned):
    first, last = tuned.progress[0], tuned.progress[-1]
    assert first.trials == 0 and first.best is None
    assert last.trials >= 1 and last.best.measurement.joules_per_unit > 0
    assert last.budget_seconds == 25
    assert autotune.Config.parse(last.activity).precision == "fp32"


def test_other_threads_run_during_a_tune(tuned):
    # It measured for seconds; a thread that had to wait for the interpreter would have a few.
    assert tuned.ticks_meanwhile > 50


def test_tensors_and_a_config_are_taken_as_they_are(tiny):
    import torch

    result = autotune.tune(
        tiny[0],
        [torch.randn(8, 32)[:, :16]],  # A view: its strides are not those of its shape.
        name="from_tensors",
        unit="row",
        device="cpu",
        batch=2,
        precision=["fp32"],
        baseline=autotune.Config(batch=2),
        effort="quick",
        budget_seconds=10,
        save=False,
    )
    assert (result.name, result.unit) == ("from_tensors", "row")
    assert result.profile_path is None
    assert "incumbent" in [baseline.name for baseline in result.baselines]
    assert not (Path(os.environ["AUTOTUNE_CACHE_DIR"]) / "profiles").exists()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_saves_the_best_so_far(tiny):
    measured = threading.Event()

    def on_progress(progress: autotune.Progress) -> None:
        if progress.best and not measured.is_set():
            measured.set()
            threading.Timer(0.1, interrupt).start()

    with pytest.raises(KeyboardInterrupt):
        autotune.tune(*tiny, device="cpu", effort="quick", on_progress=on_progress)
    config = autotune.best("tiny", device="cpu")
    assert config is not None and config.precision in ("fp32", "fp16", "bf16")
    (profile,) = Path(os.environ["AUTOTUNE_CACHE_DIR"], "profiles").rglob("*.json")
    assert json.loads(profile.read_text())["complete"] is False


def test_ctrl_c_before_anything_is_measured_is_no_error_of_the_tune(tiny):
    timer = threading.Timer(0.3, interrupt)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        autotune.tune(*tiny, device="cpu", effort="quick")
    timer.join()


def test_what_on_progress_raises_ends_the_tune(tiny):
    def on_progress(progress: autotune.Progress) -> None:
        raise LookupError("enough")

    with pytest.raises(LookupError, match="enough"):
        autotune.tune(*tiny, device="cpu", effort="quick", on_progress=on_progress)


def test_a_model_that_fails_says_so_with_its_own_words(tmp_path):
    import torch

    model, _ = save_model(tmp_path)
    wrong = torch.randn(4, 7)
    with pytest.raises(autotune.Error, match="shape|size|mat1") as raised:
        autotune.tune(model, wrong, device="cpu", effort="quick")
    assert raised.value.code in ("model", "inputs")
