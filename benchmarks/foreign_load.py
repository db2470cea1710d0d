"""What a busy process does to a model on this CPU, and what shows it: the run-queue waiting of the
model's own threads, the machine's CPU pressure, and stolen time, as shares of the run.

    python benchmarks/foreign_load.py WORKER MODEL INPUTS

Prints a Markdown table. Run it alone. Speaks the worker's protocol (docs/worker_protocol.md).
"""

import json
import os
import subprocess
import sys
import time

BATCHES = (1, 8, 30, 128)
SECONDS = 1.5
TICKS = os.sysconf("SC_CLK_TCK")


def stalled() -> float:
    with open("/proc/pressure/cpu") as file:
        return int(file.readline().split("total=")[1]) / 1e6


def stolen() -> float:
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / TICKS


class Worker:
    def __init__(self, program: str) -> None:
        self.process = subprocess.Popen(
            [program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.id = 0

    def ask(self, kind: str, **body) -> dict:
        self.id += 1
        self.process.stdin.write(json.dumps({"id": self.id, "type": kind, "body": body}) + "\n")
        self.process.stdin.flush()
        reply = json.loads(self.process.stdout.readline())
        if reply["type"] == "error":
            sys.exit(reply["body"]["message"])
        return reply["body"]

    def start(self, model: str, inputs: str) -> None:
        workload = {
            "model": model, "inputs": inputs, "input_specs": [], "name": "", "unit": "",
            "units_per_item": 1.0, "units_from_mask": None, "batch_dims": [], "device": "cpu", "seed": 0,
        }
        self.ask("hello", protocol=1)
        self.ask("start", execution={"retained_heap": True}, workload=workload)
        arm = self.ask("describe")["arms"][0]
        self.ask("prepare", arm=arm, accuracy_batch=0, check_accuracy=False)


def row(worker: Worker, batch: int, busy: bool) -> str:
    other = subprocess.Popen(["sh", "-c", "while :; do :; done"]) if busy else None
    time.sleep(0.2)
    before = stalled(), stolen()
    ran = worker.ask(
        "run", batch=batch, first_row=0, seconds=SECONDS, min_iterations=3, max_iterations=0, fresh_memory=False
    )
    seconds = (ran["completions_ns"][-1] - ran["start_ns"]) / 1e9
    shares = [ran["waited_seconds"], stalled() - before[0], stolen() - before[1]]
    if other:
        other.kill()
        other.wait()
    cells = [str(batch), "busy" if busy else "quiet", f"{1e3 * seconds / len(ran['units']):.1f}"]
    return " | ".join(cells + [f"{100 * share / seconds:.1f}" for share in shares])


def main(program: str, model: str, inputs: str) -> None:
    worker = Worker(program)
    worker.start(model, inputs)
    print("| batch | machine | ms per iteration | waited % | stalled % | stolen % |")
    print("|---|---|---|---|---|---|")
    for batch in BATCHES:
        for busy in (False, False, True):
            print(f"| {row(worker, batch, busy)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
