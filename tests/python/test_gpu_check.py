"""scripts/gpu_check with programs that only say what they were asked: its order, its ends, its state."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, os.fspath(ROOT / "scripts"))

from gpu_check_steps import best_arms  # noqa: E402
from resumable import OUT_OF_TIME, Log, State, Step, StepFailed, run, run_steps  # noqa: E402

AUTOTUNE = """#!/bin/bash
echo "autotune $*" >>"$CALLS"
echo "$LD_LIBRARY_PATH" >"$CALLS.libraries"
case $1 in
  devices) echo '[{"kind": "cpu", "name": "Some CPU"}]' ;;
  --version) echo "autotune 0.0" ;;
  *) echo '{"best": {}}' ;;
esac
"""
TOLD = """#!/bin/bash
echo "$(basename "$0") $*" >>"$CALLS"
echo '{"complete": true, "arms": ["fp32_plain"]}'
"""
RECORDED = "model,arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes,flags\n"
GPU_TESTS = """#!/bin/bash
echo "gpu_tests" >>"$CALLS"
echo "[ RUN      ] Gpu.A"
echo "[       OK ] Gpu.A (3 ms)"
echo "[ RUN      ] Gpu.B"
echo "[  SKIPPED ] Gpu.B (0 ms)"
"""


class Bench:
    """A folder with programs, models and a set, and what the programs were called with."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.out, self.calls = folder, folder / "out", folder / "calls"
        self.programs, self.work = folder / "programs", folder / "work"
        self.program("bin/autotune", AUTOTUNE)
        for name in ("autotune_record", "autotune_record_edges", "autotune_meter_facts"):
            self.program(f"bin/{name}", TOLD)
        self.program("tests/gpu_tests", GPU_TESTS)
        (self.work / "set_cpu").mkdir(parents=True)
        (self.work / "set_cpu" / "manifest.json").write_text('{"variants": [], "failed": []}')
        self.out.mkdir()
        rows = [f"{m},fp32_plain,1,1,0.5,ok,1,\n" for m in ("encoder", "decoder", "convnet")]
        (self.out / "recorded.csv").write_text(RECORDED + "".join(rows))

    def program(self, name: str, text: str) -> None:
        path = self.programs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)

    def check(self, *words, **environment) -> subprocess.CompletedProcess:
        command = [ROOT / "scripts" / "gpu_check", self.out, "--programs", self.programs]
        command += ["--work", self.work, *words]
        settings = os.environ | {"PYTHON": sys.executable, "CALLS": os.fspath(self.calls)}
        return subprocess.run(
            list(map(str, command)), env=settings | environment, capture_output=True, text=True
        )

    def called(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []

    def versions(self) -> dict:
        return json.loads((self.out / "versions.json").read_text())


@pytest.fixture
def bench(tmp_path) -> Bench:
    pytest.importorskip("torch")
    return Bench(tmp_path)


def test_no_gpu_is_an_error_at_once(bench):
    done = bench.check("--device", "cuda")
    assert done.returncode == 5
    assert "no NVIDIA GPU" in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert bench.called() == ["autotune devices --json"]


def test_a_gpu_that_torch_does_not_see_is_none(bench):
    gpu = AUTOTUNE.replace('"kind": "cpu"', '"kind": "cuda"')
    bench.program("bin/autotune", gpu)
    done = bench.check("--device", "cuda", CUDA_VISIBLE_DEVICES="")
    assert done.returncode == 5
    assert "sees no GPU" in done.stderr


def test_everything_runs_once_and_leaves_at_most_eight_files(bench):
    done = bench.check("--device", "cpu", "--meter", "modelled", "--seconds", "600")
    assert done.returncode == 0, done.stderr
    called = bench.called()
    steps = [line.split()[0] for line in called if not line.startswith(("autotune devices", "autotune --"))]
    assert steps[:5] == ["gpu_tests", "autotune_meter_facts"] + 3 * ["autotune_record"]
    # A tune of the file; of the set that was exported then, its tests and its tune.
    assert steps[5:9] == ["autotune", "gpu_tests", "autotune", "autotune_record_edges"]
    assert all("--meter modelled" in line for line in called if "_record" in line)
    assert len(list(bench.out.rglob("*"))) <= 8
    before = len(called)
    assert bench.check("--device", "cpu").returncode == 0
    new = bench.called()[before:]
    assert {line.split()[1] for line in new} <= {"devices", "--version"}, new


def test_skipped_tests_do_not_count_as_passed(bench):
    bench.check("--device", "cpu")
    assert bench.versions()["tests"] == {"passed": 1, "skipped": 1, "failed": 0, "unfinished": []}


def test_the_gpu_tests_see_no_library_that_stands_in(bench):
    bench.program("tests/gpu_tests", GPU_TESTS + '[ -z "${AUTOTUNE_NVML_LIBRARY+set}" ]\n')
    assert bench.check("--device", "cpu", AUTOTUNE_NVML_LIBRARY="/some/library").returncode == 0


def test_a_test_that_ends_the_program_is_named_and_the_rest_goes_on(bench):
    bench.program("tests/gpu_tests", GPU_TESTS + 'echo "[ RUN      ] Gpu.C"\nexit 134\n')
    assert bench.check("--device", "cpu").returncode == 1
    assert bench.versions()["tests"]["unfinished"] == ["Gpu.C"]
    assert (bench.out / "tune_script.json").exists()


def test_the_linkers_path_is_extended(bench):
    bench.check("--device", "cpu", LD_LIBRARY_PATH="/somewhere/else")
    folders = Path(f"{bench.calls}.libraries").read_text().strip().split(":")
    assert folders[0].endswith("torch/lib")
    assert folders[-1] == "/somewhere/else"


def test_a_folder_is_of_one_device(bench):
    bench.check("--device", "cpu")
    bench.program("bin/autotune", AUTOTUNE.replace("Some CPU", "Another CPU"))
    done = bench.check("--device", "cpu")
    assert done.returncode == 2
    assert "holds what Some CPU gave" in done.stderr


def test_output_that_is_cut_off_is_not_kept(bench):
    bench.program("bin/autotune_meter_facts", "#!/bin/bash\necho '{\"meters\": ['\nexit 1\n")
    assert bench.check("--device", "cpu").returncode == 1
    assert not (bench.out / "facts.json").exists()


def test_missing_programs_are_named(bench):
    (bench.programs / "bin" / "autotune_record").unlink()
    done = bench.check("--device", "cpu")
    assert done.returncode == 1
    assert "autotune_record is missing" in done.stderr


def test_best_arms_are_of_different_precisions_and_half_a_row_counts_as_none(tmp_path):
    table = tmp_path / "recorded.csv"
    rows = ["m,bf16_plain,8,1,0.2,ok,1,", "m,bf16_channels_last,8,1,0.1,ok,1,", "m,fp32_plain,8,1,0.4,ok,1,"]
    rows += ["m,fp16_plain,8,,,out_of_memory,1,", "other,tf32_plain,8,1,0.01,ok,1,", "m,int8_plain,8,1,0.0"]
    table.write_text(RECORDED + "\n".join(rows))
    assert best_arms(table, "m") == ["bf16_channels_last", "fp32_plain"]


class Steps:
    """Steps that note what time they got, on a clock that they move themselves."""

    def __init__(self, folder: Path, seconds: float) -> None:
        self.state, self.log = State(folder / "state.json"), Log(folder / "log.txt")
        self.seconds_left, self.ran = seconds, []

    def step(self, name: str, share: float, *results, takes: float = 0, **limits) -> Step:
        queue = list(results)

        def act(seconds: float) -> bool:
            self.ran.append((name, round(seconds)))
            self.seconds_left -= takes or seconds
            result = queue.pop(0)
            if isinstance(result, Exception):
                raise result
            return result

        return Step(name, share, act, **limits)

    def run(self, *steps: Step) -> bool:
        return run_steps(list(steps), self.state, lambda: self.seconds_left, self.log)


def test_each_step_has_its_share_and_what_one_leaves_goes_to_the_others(tmp_path):
    bench = Steps(tmp_path, 400)
    assert bench.run(bench.step("a", 1, True, takes=20), bench.step("b", 2, True), bench.step("c", 1, True))
    assert bench.ran == [("a", 100), ("b", 253), ("c", 127)]


def test_what_was_cut_short_gets_the_time_that_remains(tmp_path):
    bench = Steps(tmp_path, 200)
    bench.run(bench.step("a", 1, False, True), bench.step("b", 1, True, takes=20))
    assert bench.ran == [("a", 100), ("b", 100), ("a", 80)]


def test_a_step_that_fails_is_tried_twice_and_stops_nothing(tmp_path):
    bench = Steps(tmp_path, 400)
    failing = bench.step("a", 1, StepFailed("no"), StepFailed("no"), takes=10)
    assert not bench.run(failing, bench.step("b", 1, True, takes=10))
    assert [name for name, _ in bench.ran] == ["a", "b", "a"]


def test_a_step_is_not_begun_without_the_time_it_needs(tmp_path):
    bench = Steps(tmp_path, 50)
    bench.run(bench.step("long", 1, True, least=60), bench.step("short", 1, True, takes=10))
    assert bench.ran == [("short", 50)]


def test_a_step_waits_for_what_it_needs(tmp_path):
    bench = Steps(tmp_path, 200)
    made = []
    needs = bench.step("needs", 1, True, takes=10, ready=lambda: bool(made))
    makes = bench.step("makes", 1, True, takes=10)
    act = makes.run
    makes.run = lambda seconds: made.append(1) or act(seconds)
    assert bench.run(needs, makes)
    assert [name for name, _ in bench.ran] == ["makes", "needs"]


def test_done_is_remembered(tmp_path):
    bench = Steps(tmp_path, 400)
    bench.run(bench.step("a", 1, True))
    again = Steps(tmp_path, 400)
    assert again.run(again.step("a", 1, True), again.step("b", 1, True, takes=1))
    assert [name for name, _ in again.ran] == ["b"]


def test_a_program_ends_with_its_time(tmp_path):
    status, text = run(["sh", "-c", "echo begun; exec sleep 60"], 0.5, Log(tmp_path / "log.txt"))
    assert (status, text) == (OUT_OF_TIME, "begun\n")
