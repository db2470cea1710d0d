"""A worker process that a Python benchmark asks directly (docs/worker_protocol.md)."""

import json
import subprocess
import sys


class Worker:
    """Starts `program`; what it answers with an error ends the benchmark.

    Args:
        program: Our worker, or the command line of another engine's adapter as a list.
        execution: Knobs of the process.
    """

    def __init__(
        self,
        program: str | list[str],
        model: str,
        inputs: str | None,
        mask: str | None = None,
        execution: dict | None = None,
    ) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = subprocess.Popen(program, stderr=subprocess.DEVNULL, text=True, **pipes)
        self.execution = {"retained_heap": True} if execution is None else execution
        self.id = 0
        self.ask("hello", protocol=1)
        workload = {
            "model": model,
            "inputs": inputs,
            "input_specs": [],
            "name": "",
            "unit": "",
            "units_per_item": 1.0,
            "units_from_mask": mask,
            "batch_dims": [],
            "device": "cpu",
            "seed": 0,
        }
        self.ask("start", execution=self.execution, workload=workload)
        self.arms = self.ask("describe")["arms"]

    def ask(self, kind: str, **body) -> dict:
        self.id += 1
        line = json.dumps({"id": self.id, "type": kind, "body": body})
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if reply["type"] == "error":
            sys.exit(reply["body"]["message"])
        return reply["body"]

    def run(self, batch: int, seconds: float) -> dict:
        """The reply to `run` from the first row on."""
        request = {"batch": batch, "first_row": 0, "seconds": seconds, "min_iterations": 3}
        ran = self.ask("run", **request, max_iterations=0, fresh_memory=False)
        if ran["status"] != "ok":
            sys.exit(ran["reason"])
        return ran


class Arm:
    """One arm in a worker of its own, ready to run."""

    def __init__(self, worker: Worker, precision: str, layout: str) -> None:
        self.worker = worker
        arm = {"precision": precision, "layout": layout, "execution": worker.execution}
        prepared = worker.ask("prepare", arm=arm, accuracy_batch=0, check_accuracy=True)
        if prepared["status"] != "ok":
            sys.exit(f"{precision} {layout}: {prepared['reason']}")
        self.seconds = prepared["set_up"]["seconds"]
        self.cosine = prepared["accuracy"]["worst_cosine"]

    def seconds_per_unit(self, batch: int, seconds: float) -> float:
        ran = self.worker.run(batch, seconds)
        return (ran["completions_ns"][-1] - ran["start_ns"]) / 1e9 / sum(ran["units"])
