"""devices() and best()."""

import json
import subprocess
import sys
import warnings

import pytest

import autotune


def test_devices_begin_with_the_cpu():
    cpu = autotune.devices()[0]
    assert (cpu.id, cpu.kind) == ("cpu", "cpu")
    assert cpu.cores >= 1
    assert cpu.memory_bytes > 2**27
    assert cpu.identity["kind"] == "cpu"


def test_devices_are_those_of_the_command_line():
    command = [sys.executable, "-m", "autotune", "devices", "--json"]
    printed = json.loads(subprocess.check_output(command))
    assert [device["id"] for device in printed] == [device.id for device in autotune.devices()]


def test_importing_loads_no_torch():
    code = "import sys, autotune; autotune.devices(); assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_best_without_a_profile_is_none_and_says_what_to_run():
    with pytest.warns(autotune.ProfileWarning, match="autotune tune"):
        assert autotune.best("never_tuned", device="cpu") is None


@pytest.mark.parametrize("by", ["name", "path", "path as text", "fingerprint"])
def test_best_is_what_the_tune_found(tuned_cache, by):
    key = {
        "name": "tiny",
        "path": tuned_cache.model,
        "path as text": str(tuned_cache.model),
        "fingerprint": autotune._core.fingerprint(tuned_cache.model),
    }[by]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert autotune.best(key, device="cpu") == tuned_cache.result.best.config


def test_best_is_what_the_command_line_shows(tuned_cache):
    command = [sys.executable, "-m", "autotune", "show", "tiny", "--json"]
    shown = json.loads(subprocess.check_output(command))
    config = autotune.best("tiny", device="cpu")
    assert autotune.Config.from_json(shown["best"]["config"]) == config


def test_best_keeps_within_the_limits(tuned_cache):
    fp32 = [t for t in tuned_cache.result.trials if t.status == "ok"]
    limit = min(trial.measurement.latency_ms.p99 for trial in fp32)
    allowed = [trial.config for trial in fp32 if trial.measurement.latency_ms.p99 <= limit]
    assert autotune.best("tiny", device="cpu", max_latency_ms=limit) in allowed
    with pytest.warns(autotune.ProfileWarning, match="meets the limits"):
        assert autotune.best("tiny", device="cpu", max_memory_bytes=1) is None


def test_best_under_other_conditions_warns_and_answers(tuned_cache, tmp_path, monkeypatch):
    profile = json.loads(tuned_cache.result.profile_path.read_text())
    profile["device"]["conditions"]["autotune"] = "0.0.1"
    folder = tmp_path / "cache" / "profiles"
    folder.mkdir(parents=True)
    (folder / tuned_cache.result.profile_path.name).write_text(json.dumps(profile))
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", str(tmp_path / "cache"))
    with pytest.warns(autotune.ProfileWarning, match="autotune was 0.0.1"):
        assert autotune.best("tiny", device="cpu") == tuned_cache.result.best.config


def test_best_for_a_device_that_is_not_there_is_an_error():
    with pytest.raises(autotune.DeviceError, match="cuda:99") as raised:
        autotune.best("tiny", device="cuda:99")
    assert raised.value.code == "device"


def test_best_of_a_missing_file_is_an_error(tmp_path):
    with pytest.raises(autotune.ModelError, match="gone.pt"):
        autotune.best(tmp_path / "gone.pt")


def test_config_reads_and_prints_the_text_of_the_command_line():
    text = "batch=8,precision=bf16,layout=plain,threads=2,retained_heap=1"
    config = autotune.Config.parse(text)
    assert str(config) == text
    assert config == autotune.Config(8, "bf16", "plain", autotune.Execution(2, True))


def test_config_with_an_unknown_precision_names_the_known_ones():
    with pytest.raises(autotune.UsageError, match="fp32.*bf16"):
        autotune.Config.parse("precision=fp33")
    with pytest.raises(ValueError, match="batch"):
        str(autotune.Config(batch=0))
