"""The worker's side of docs/worker_protocol.md, for an engine that is driven from Python.

An adapter derives from `Engine` and calls `serve`. Needs the standard library only.
"""

from __future__ import annotations

import abc
import ctypes
import json
import os
import resource
import sys
import time
from pathlib import Path
from typing import Any

PROTOCOL = 1

Json = dict[str, Any]


class Failure(Exception):
    """The set-up is broken: no other configuration would fare better."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Engine(abc.ABC):
    """What an adapter says of its engine and has it do."""

    @abc.abstractmethod
    def load(self, workload: Json, execution: Json) -> None:
        """Makes the model ready; knobs such as `execution["threads"]` hold for the whole process."""

    @abc.abstractmethod
    def describe(self) -> Json:
        """The body of `description`."""

    @abc.abstractmethod
    def prepare(self, arm: Json, accuracy_batch: int, check_accuracy: bool) -> Json:
        """Makes `arm` the one that runs; gives `set_up` and, if asked for, `accuracy`."""

    @abc.abstractmethod
    def iterate(self, first_row: int, batch: int) -> float:
        """One iteration over rows [first_row, first_row + batch), modulo their number: its units."""


def serve(engine: Engine) -> None:
    """Answers requests until stdin closes. What the engine prints goes to stderr."""
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8", newline="\n")
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8", newline="\n")
    os.dup2(2, 1)
    for line in requests:
        request = json.loads(line)
        try:
            kind, body = _answer(engine, request["type"], request.get("body", {}))
        except Failure as failure:
            kind, body = "error", {"code": failure.code, "message": str(failure)}
        replies.write(json.dumps({"id": request["id"], "type": kind, "body": body}) + "\n")
        replies.flush()


def _answer(engine: Engine, kind: str, body: Json) -> tuple[str, Json]:
    if kind == "hello":
        return "hello", {"protocol": PROTOCOL}
    if kind == "start":
        engine.load(body["workload"], body["execution"])
        return "started", {}
    if kind == "describe":
        return "description", engine.describe()
    if kind == "prepare":
        work = lambda: engine.prepare(body["arm"], body["accuracy_batch"], body["check_accuracy"])
        return "prepared", _as_trial(work)
    if kind == "run":
        return "ran", _as_trial(lambda: _run(engine, body))
    raise Failure("worker", f"this adapter knows no request {kind!r}")


def _as_trial(work) -> Json:
    """A configuration that fails is a status, not a broken worker."""
    nothing = {"start_ns": 0, "completions_ns": [], "units": []}
    nothing |= {"peak_memory_bytes": 0, "memory_growth_bytes": 0, "set_up": {"seconds": 0.0}}
    try:
        return {"status": "ok"} | work()
    except Failure:
        raise
    except MemoryError as error:
        return nothing | {"status": "out_of_memory", "reason": str(error) or "out of memory"}
    except Exception as error:
        return nothing | {"status": "crashed", "reason": f"{type(error).__name__}: {error}"}


def _run(engine: Engine, asked: Json) -> Json:
    if asked["fresh_memory"]:
        _freshen_memory()
    held, waited, faults = _memory("VmRSS"), _waited_seconds(), _page_faults()
    row, completions, units = asked["first_row"], [], []
    start = now = time.monotonic_ns()

    def wants_more() -> bool:
        if len(completions) < asked["min_iterations"]:
            return True
        if asked["max_iterations"] > 0 and len(completions) >= asked["max_iterations"]:
            return False
        return (now - start) / 1e9 < asked["seconds"]

    while wants_more():
        units.append(engine.iterate(row, asked["batch"]))
        now = time.monotonic_ns()
        completions.append(now)
        row += asked["batch"]
    return {
        "start_ns": start,
        "completions_ns": completions,
        "units": units,
        "peak_memory_bytes": _memory("VmHWM"),
        "memory_growth_bytes": max(0, _memory("VmRSS") - held),
        "waited_seconds": max(0.0, _waited_seconds() - waited),
        "page_faults": _page_faults() - faults,
    }


def _freshen_memory() -> None:
    """Gives back what earlier configurations took, and begins the peak anew (proc(5))."""
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")


def _memory(field: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise Failure("worker", f"/proc/self/status has no {field}")


def _waited_seconds() -> float:
    """How long this process's threads, ready to run, have waited for a CPU."""
    total = 0
    for thread in Path("/proc/self/task").iterdir():
        try:
            total += int((thread / "schedstat").read_text().split()[1])
        except OSError:  # It has ended meanwhile.
            pass
    return total / 1e9


def _page_faults() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt



if __name__ == "__main__":
    sys.exit("adapter.py is imported by adapters; run one of those, as in examples/adapters/README.md")
