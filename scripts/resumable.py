"""Steps that share the time there is and go on where they were: the machinery of scripts/gpu_check."""

import collections
import ctypes
import dataclasses
import datetime
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

OUT_OF_TIME = 124
SECONDS_TO_SAVE = 5  # After the first signal, until the one that cannot be caught.
PR_SET_PDEATHSIG = 1


class StepFailed(Exception):
    """A step that cannot be done; the others go on."""


@dataclasses.dataclass
class Step:
    name: str
    share: float  # Of the time, in seconds of nine minutes.
    run: Callable[[float], bool]  # Does what it can in so many seconds; whether all is done.
    most: float = float("inf")
    least: float = 15  # Less is not worth its start.
    ready: Callable[[], bool] = lambda: True  # Whether what it needs is there.
    attempts: int = 2  # In one call, if it fails; the second one once all the others had theirs.


class State:
    """A JSON object in a file that is replaced as a whole, so that it is never half written."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path
        self.values = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def put(self, key: str, value: object) -> None:
        self.values[key] = value
        write_whole(self.path, json.dumps(self.values, indent=1) + "\n")

    def update(self, key: str, entries: dict) -> None:
        self.put(key, self.values.get(key, {}) | entries)


class Log:
    """Lines with the time, for the file and for who watches."""

    def __init__(self, path: pathlib.Path) -> None:
        self.path = path

    def __call__(self, text: str) -> None:
        line = f"{datetime.datetime.now(datetime.timezone.utc):%H:%M:%S} {text}"
        print(line, file=sys.stderr, flush=True)
        self.append(line + "\n")

    def append(self, text: str) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(text)


def write_whole(path: pathlib.Path, text: str) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


def end_with_parent() -> None:
    """A program that outlived a killed check would hold the device and write into its files."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def run(command: list, seconds: float, log: Log, **options: object) -> tuple[int, str]:
    """Exit status, OUT_OF_TIME after so many seconds, and standard output; the rest is logged."""
    words = [os.fspath(word) if isinstance(word, os.PathLike) else str(word) for word in command]
    log.append(f"+ {' '.join(words)}\n")
    with tempfile.TemporaryFile("w+") as output, log.path.open("a") as errors:
        # A file, not a pipe: a grandchild that stays behind would keep a pipe open.
        process = subprocess.Popen(
            words, stdout=output, stderr=errors, preexec_fn=end_with_parent, **options
        )
        status = wait(process, seconds)
        output.seek(0)
        return status, output.read()


def wait(process: subprocess.Popen, seconds: float) -> int:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.terminate()
    try:
        process.wait(SECONDS_TO_SAVE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    return OUT_OF_TIME


def run_steps(steps: list[Step], state: State, left: Callable[[], float], log: Log) -> bool:
    """Runs what is not done yet, in order, for as long as there is time; false if a step failed."""
    failures: collections.Counter[str] = collections.Counter()
    while True:
        todo = [s for s in steps if s.attempts > failures[s.name] and status(s, state) != "complete"]
        started = [step for i, step in enumerate(todo) if attempt(step, todo[i:], state, left, log)]
        failures.update(step.name for step in started if status(step, state) == "failed")
        if not started:
            return all(status(step, state) != "failed" for step in steps)


def status(step: Step, state: State) -> str | None:
    """`complete`, `cut short`, `failed`, or nothing if it was not tried."""
    return state.values.get("steps", {}).get(step.name, {}).get("status")


def attempt(step: Step, todo: list[Step], state: State, left: Callable[[], float], log: Log) -> bool:
    """Runs a step for its share of the time that is left; false if it cannot begin."""
    if left() < step.least or not step.ready():
        return False
    share = left() * step.share / sum(other.share for other in todo)
    seconds = min(max(share, step.least), step.most, left())
    log(f"{step.name}: {seconds:.0f} s")
    begun = time.monotonic()
    told = {}
    try:
        told["status"] = "complete" if step.run(seconds) else "cut short"
    except StepFailed as failure:
        told = {"status": "failed", "reason": str(failure)}
    before = state.values.get("steps", {}).get(step.name, {}).get("seconds", 0)
    spent = time.monotonic() - begun
    state.update("steps", {step.name: told | {"seconds": round(before + spent, 1)}})
    log(f"{step.name}: {told['status']} after {spent:.0f} s {told.get('reason', '')}".rstrip())
    return True
