"""Other engines than ours, and going on after an interruption."""

import sys
from pathlib import Path

import pytest

import autotune

ADAPTER = [sys.executable, str(Path(__file__).parents[1] / "cli" / "power_adapter.py")]


def tune(**options):
    options = {"device": "cpu", "meter": "modelled", "effort": "quick"} | options
    return autotune.tune(exec=ADAPTER, batch=(1, 4), budget_seconds=20, **options)


def test_another_engine_is_tuned_and_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", str(tmp_path))

    def stop(progress):
        if progress.trials >= 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(on_progress=stop)
    (journal,) = (tmp_path / "journals").iterdir()
    finished = journal.read_text().count("\n") - 1
    result = tune(resume=True)
    assert result.name == "power"
    assert result.resumed_steps == finished > 0
    assert result.complete
    again = tune(resume=True)
    assert again.best == result.best
    assert str(autotune.best("power", device="cpu")) == str(result.best.config)


def test_resuming_with_other_options_names_the_difference(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", str(tmp_path))
    tune(save=False)
    with pytest.raises(autotune.UsageError, match="options.seed is 0 there and 1 here"):
        tune(resume=True, seed=1)


def test_a_model_and_an_engine_exclude_each_other():
    with pytest.raises(autotune.UsageError, match="either a model or exec"):
        autotune.tune("model.pt", exec=ADAPTER)
    with pytest.raises(autotune.UsageError, match="either a model or exec"):
        autotune.tune()
