"""What a busy process does to a model on this CPU, and what shows it: the run-queue waiting of the
model's own threads, the machine's CPU pressure, and stolen time, as shares of the run.

    python benchmarks/foreign_load.py WORKER MODEL INPUTS

Prints a Markdown table. Run it alone. Speaks the worker's protocol (docs/worker_protocol.md).
"""

import os
import subprocess
import sys
import time

from worker_process import Worker

BATCHES = (1, 8, 30, 128)
SECONDS = 1.5
TICKS = os.sysconf("SC_CLK_TCK")


def stalled() -> float:
    with open("/proc/pressure/cpu") as file:
        return int(file.readline().split("total=")[1]) / 1e6


def stolen() -> float:
    with open("/proc/stat") as file:
        return int(file.readline().split()[8]) / TICKS


def row(worker: Worker, batch: int, busy: bool) -> str:
    other = subprocess.Popen(["sh", "-c", "while :; do :; done"]) if busy else None
    time.sleep(0.2)
    before = stalled(), stolen()
    ran = worker.run(batch, SECONDS)
    seconds = (ran["completions_ns"][-1] - ran["start_ns"]) / 1e9
    shares = [ran["waited_seconds"], stalled() - before[0], stolen() - before[1]]
    if other:
        other.kill()
        other.wait()
    cells = [str(batch), "busy" if busy else "quiet", f"{1e3 * seconds / len(ran['units']):.1f}"]
    return " | ".join(cells + [f"{100 * share / seconds:.1f}" for share in shares])


def main(program: str, model: str, inputs: str) -> None:
    worker = Worker(program, model, inputs)
    worker.ask("prepare", arm=worker.arms[0], accuracy_batch=0, check_accuracy=False)
    print("| batch | machine | ms per iteration | waited % | stalled % | stolen % |")
    print("|---|---|---|---|---|---|")
    for batch in BATCHES:
        for busy in (False, False, True):
            print(f"| {row(worker, batch, busy)} |", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
