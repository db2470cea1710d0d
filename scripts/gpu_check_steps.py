"""What scripts/gpu_check does, step by step; it says in which order and why."""

import argparse
import collections
import csv
import datetime
import functools
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from resumable import OUT_OF_TIME, Log, State, Step, StepFailed, run, run_steps, write_whole

TOP = pathlib.Path(__file__).resolve().parent.parent
MODELS = ("encoder", "decoder", "convnet")
PROGRAMS = ("autotune", "autotune_record", "autotune_record_edges", "autotune_meter_facts")
NO_GPU = 5
SECONDS_TO_END = 10  # Kept back, so that what was begun can be written.
TESTED = re.compile(r"^\[ +(OK|SKIPPED|FAILED) +\] (\S+) \(\d+ ms\)", re.MULTILINE)
BEGUN = re.compile(r"^\[ RUN +\] (\S+)", re.MULTILINE)
TORCH_FACTS = """
import json, platform, torch
cuda = torch.cuda.is_available()
print(json.dumps({"python": platform.python_version(), "torch": torch.__version__,
    "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(),
    "sees_gpu": torch.cuda.get_device_name(0) if cuda else None}))
"""

# A CPU takes seconds for what a GPU does in milliseconds.
SIZES = {
    "cuda": {"batches": 512, "energies": 17, "window": 2, "edges": "64,128,32,256,96,192", "rounds": 8},
    "cpu": {"batches": 8, "energies": 3, "window": 0.5, "edges": "4,8", "rounds": 2},
}


class Check:
    def __init__(self, options: argparse.Namespace) -> None:
        self.begun = time.monotonic()
        self.options = options
        self.out, self.bin = options.out, options.programs / "bin"
        self.size = SIZES[options.device]
        make = (TOP / "scripts" / "make_check_models.py").read_bytes()
        self.models = options.work / f"models_{options.device}_{hashlib.sha256(make).hexdigest()[:8]}"
        self.set = options.work / f"set_{options.device}"
        self.log = Log(self.out / "log.txt")
        self.state = State(self.out / "versions.json")
        os.environ["AUTOTUNE_CACHE_DIR"] = str(options.work / "cache")
        if self.small():  # A trial of the path: the other cores are for whatever else runs.
            os.environ.setdefault("OMP_NUM_THREADS", "1")

    def left(self) -> float:
        return self.options.seconds - SECONDS_TO_END - (time.monotonic() - self.begun)

    def steps(self) -> list[Step]:
        part = functools.partial
        return [
            Step("gpu tests", 55, self.test, most=90, attempts=1),
            Step("models", 15, self.make_models, most=90, least=1),
            Step("meter facts", 40, self.read_meter, most=75),
            *(Step(f"energies {m}", 60, part(self.record, m, "energies")) for m in MODELS),
            Step("tune script", 50, self.tune_script, most=100, least=40),
            Step("export", 90, self.export, most=300, least=60),
            Step("package tests", 15, self.test_packages, most=60, attempts=1, ready=self.has_set),
            Step("tune set", 45, self.tune_set, most=100, least=40, ready=self.has_set),
            Step("edges encoder", 45, part(self.record_edges, "encoder")),
            *(Step(f"latencies {m}", 13, part(self.record, m, "latencies")) for m in MODELS),
            Step("edges decoder", 10, part(self.record_edges, "decoder")),
            Step("edges convnet", 10, part(self.record_edges, "convnet")),
        ]

    def test(self, seconds: float) -> bool:
        return self.tested("tests", "-GpuPackages.*", {}, seconds)

    def test_packages(self, seconds: float) -> bool:
        exported = {"AUTOTUNE_GPU_TEST_SET": str(self.set)}
        return self.tested("package_tests", "GpuPackages.*", exported, seconds)

    def tested(self, key: str, which: str, variables: dict[str, str], seconds: float) -> bool:
        """Skipped tests did not pass, so each kind is counted."""
        # Of the card that is there: a library that stands in for NVML has no CUDA.
        card = {k: v for k, v in os.environ.items() if k != "AUTOTUNE_NVML_LIBRARY"}
        program = self.options.programs / "tests" / "gpu_tests"
        command = [program, f"--gtest_filter={which}"]
        status, text = run(command, seconds, self.log, env=card | variables)
        self.log.append(text)
        outcomes = {name: word for word, name in TESTED.findall(text)}
        unfinished = [name for name in BEGUN.findall(text) if name not in outcomes]
        counts = collections.Counter(outcomes.values())
        told = {"passed": counts["OK"], "skipped": counts["SKIPPED"], "failed": counts["FAILED"]}
        self.state.put(key, told | {"unfinished": unfinished})
        self.log(f"{key}: {told}, unfinished: {', '.join(unfinished) or 'none'}")
        if status != 0:
            raise StepFailed(f"status {status}, {counts['FAILED']} failed")
        return True

    def make_models(self, seconds: float) -> bool:
        if self.models.is_dir():
            return True
        part = self.models.with_suffix(".part")
        shutil.rmtree(part, ignore_errors=True)
        command = [sys.executable, TOP / "scripts" / "make_check_models.py", part]
        done = self.succeeds([*command, "--small"] if self.small() else command, seconds)
        if done:
            part.rename(self.models)
        return done

    def read_meter(self, seconds: float) -> bool:
        each = min(15, seconds / 3)
        command = [self.bin / "autotune_meter_facts", *self.model("encoder"), *self.hardware()]
        return self.keeps_json("facts.json", [*command, "--seconds", each], seconds)

    def record(self, model: str, what: str, seconds: float) -> bool:
        sizes = ["--batches", self.size["batches"], "--energies", self.size["energies"]]
        words = ["--only", what, "--out", self.out / "recorded", *sizes]
        return self.recorded("autotune_record", model, words, seconds)

    def record_edges(self, model: str, seconds: float) -> bool:
        chosen = self.state.values.get("edge_arms", {}).get(model)
        if not chosen:  # Kept: a later call may know another order.
            chosen = best_arms(self.out / "recorded.csv", model)
            self.state.update("edge_arms", {model: chosen})
        if not chosen:
            raise StepFailed(f"no energy of {model} is recorded")
        sizes = ["--edges", self.size["edges"], "--rounds", self.size["rounds"]]
        words = ["--out", self.out / "edges", "--arms", ",".join(chosen), *sizes]
        return self.recorded("autotune_record_edges", model, words, seconds)

    def recorded(self, program: str, model: str, words: list, seconds: float) -> bool:
        # What disturbed a window is in the table; taking it again would cost another one.
        words += ["--label", model, "--window-seconds", self.size["window"], "--repeats", 0]
        command = [self.bin / program, *self.model(model), *self.hardware(), *words]
        # It ends by itself after the window that it is in.
        status, text = run([*command, "--seconds", seconds], self.with_grace(seconds), self.log)
        if status == OUT_OF_TIME:
            return False
        if status != 0:
            raise StepFailed(f"{program} ended with status {status}: {self.last_line()}")
        told = json.loads(text)
        complete = told.pop("complete")
        self.state.update("models", {model: told})
        return complete

    def tune_script(self, seconds: float) -> bool:
        return self.tune("tune_script.json", self.model("encoder"), seconds)

    def tune_set(self, seconds: float) -> bool:
        return self.tune("tune_set.json", [self.set], seconds)

    def tune(self, name: str, model: list, seconds: float) -> bool:
        limits = ["--effort", "quick", "--budget-seconds", max(20, seconds - 15)]
        words = ["--batch", f"1:{self.size['batches']}", *limits, "--json"]
        return self.keeps_json(
            name,
            [self.bin / "autotune", "tune", *model, *self.hardware(), *words],
            self.with_grace(seconds),
        )

    def export(self, seconds: float) -> bool:
        if self.has_set() or (self.out / "tune_set.json").exists():
            return True
        factory = f"make_check_models:{'small_' if self.small() else ''}encoder"
        words = ["--inputs", self.models / "encoder_inputs.pt", "--device", self.options.device]
        # The accuracy of a set is judged on more rows than the batches that a CPU is given here.
        words += ["--precision", "bf16", "--batch", f"1:{max(64, self.size['batches'])}"]
        words += ["--out", self.set]
        command = [sys.executable, TOP / "scripts" / "export_set.py", factory, *words]
        done = self.succeeds(command, seconds, cwd=TOP / "scripts")
        if done:
            manifest = json.loads((self.set / "manifest.json").read_text(encoding="utf-8"))
            self.state.put("set", {key: manifest[key] for key in ("variants", "failed")})
        return done

    def with_grace(self, seconds: float) -> float:
        """For a program that watches the time itself, unless all of it is over."""
        return min(seconds + 30, self.left() + SECONDS_TO_END)

    def has_set(self) -> bool:
        return (self.set / "manifest.json").is_file()

    def small(self) -> bool:
        return self.options.device == "cpu"

    def model(self, name: str) -> list:
        return [self.models / f"{name}.pt", "--inputs", self.models / f"{name}_inputs.pt"]

    def hardware(self) -> list:
        return ["--device", self.options.device, "--meter", self.options.meter]

    def succeeds(self, command: list, seconds: float, **options: object) -> bool:
        status, _ = run(command, seconds, self.log, **options)
        if status not in (0, OUT_OF_TIME):
            raise StepFailed(f"status {status}: {self.last_line()}")
        return status == 0

    def keeps_json(self, name: str, command: list, seconds: float) -> bool:
        if (self.out / name).exists():
            return True
        status, text = run(command, seconds, self.log)
        if status == OUT_OF_TIME:
            return False
        if status != 0:
            raise StepFailed(f"status {status}: {self.last_line()}")
        json.loads(text)
        write_whole(self.out / name, text)
        return True

    def last_line(self) -> str:
        return self.log.path.read_text(encoding="utf-8", errors="replace").rstrip().rpartition("\n")[2]

    def introduce(self) -> None:
        """What runs where. A folder holds what one device gave."""
        facts = self.device_facts()
        known = self.state.values.get("device")
        if known and known["name"] != facts["device"]["name"]:
            fail(2, f"{self.out} holds what {known['name']} gave. Name another folder.")
        for key, value in facts.items():
            self.state.put(key, value)
        now = datetime.datetime.now(datetime.timezone.utc)
        call = {"begun": f"{now:%Y-%m-%dT%H:%M:%SZ}", "seconds": self.options.seconds, "gpu": gpu_now()}
        self.state.put("calls", [*self.state.values.get("calls", []), call])
        self.log(f"{facts['device']['name']}, torch {facts['torch']['torch']}, {self.left():.0f} s")

    def device_facts(self) -> dict:
        devices = json.loads(output_of([self.bin / "autotune", "devices", "--json"]))
        device = next((d for d in devices if d["kind"] == self.options.device), None)
        torch = json.loads(output_of([sys.executable, "-c", TORCH_FACTS]))
        if device is None:
            fail(NO_GPU, f"no NVIDIA GPU: NVML lists none. {self.bin}/autotune doctor says why.")
        if self.options.device == "cuda" and not torch["sees_gpu"]:
            fail(NO_GPU, f"torch {torch['torch']} sees no GPU, though NVML lists {device['name']}.")
        return {
            "device": device,
            "torch": torch,
            "meter": self.options.meter,
            "library": output_of([self.bin / "autotune", "--version"]).strip(),
            "commit": commit(self.bin),
            "programs": {name: digest(self.bin / name) for name in PROGRAMS},
        }


def best_arms(table: pathlib.Path, model: str, count: int = 2) -> list[str]:
    """The arms of different precisions that spent least, by what is recorded so far."""
    least: dict[str, float] = {}
    if table.exists():
        with table.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                joules = row["joules_per_unit"]
                if row["model"] == model and row["status"] == "ok" and joules:
                    least[row["arm"]] = min(float(joules), least.get(row["arm"], float("inf")))
    by_precision: dict[str, str] = {}
    for arm in sorted(least, key=least.__getitem__):
        by_precision.setdefault(arm.partition("_")[0], arm)
    return list(by_precision.values())[:count]


def output_of(command: list) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout


def gpu_now() -> dict[str, str] | None:
    """Clocks, power and temperature as the driver's own program tells them, where there is one."""
    program = shutil.which("nvidia-smi", path=f"{os.environ['PATH']}:/usr/local/nvidia/bin")
    if program is None:
        return None
    fields = "clocks.sm,clocks.mem,clocks.max.sm,power.limit,power.draw,temperature.gpu,driver_version"
    values = output_of([program, f"--query-gpu={fields}", "--format=csv,noheader"]).splitlines()
    return dict(zip(fields.split(","), values[0].split(", "))) if values else None


def commit(bin_folder: pathlib.Path) -> str | None:
    """Of the sources of the programs, which the build wrote beside them."""
    file = bin_folder / "commit.txt"
    return file.read_text(encoding="utf-8").strip() or None if file.is_file() else None


def digest(path: pathlib.Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fail(status: int, message: str) -> None:
    print(f"gpu_check: {message}", file=sys.stderr)
    sys.exit(status)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="gpu_check")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--device", choices=SIZES, default="cuda")
    parser.add_argument("--meter", default="auto")
    parser.add_argument("--programs", type=pathlib.Path, default=TOP / "build" / "portable")
    parser.add_argument("--seconds", type=float, default=540)
    temporary = pathlib.Path(tempfile.gettempdir()) / "autotune_gpu_check"
    parser.add_argument("--work", type=pathlib.Path, default=temporary)
    options = parser.parse_args()
    for name in ("out", "programs", "work"):
        setattr(options, name, getattr(options, name).resolve())
    for program in PROGRAMS:
        if not (options.programs / "bin" / program).is_file():
            fail(1, f"{options.programs}/bin/{program} is missing. Build it: cmake --preset portable && "
                    "cmake --build --preset portable")
    return options


def main() -> int:
    options = parse()
    options.out.mkdir(parents=True, exist_ok=True)
    options.work.mkdir(parents=True, exist_ok=True)
    for part in options.out.glob("*.part"):  # Of a call that was killed.
        part.unlink()
    check = Check(options)
    check.introduce()
    steps = check.steps()
    passed = run_steps(steps, check.state, check.left, check.log)
    states = check.state.values.get("steps", {})
    open_steps = [s.name for s in steps if states.get(s.name, {}).get("status") != "complete"]
    check.log(f"not complete: {', '.join(open_steps)}" if open_steps else "complete")
    return 0 if passed else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sys.exit(main())
