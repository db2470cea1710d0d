"""How fast the packages of a variant set are beside the plain TorchScript model, per unit of work.

    python benchmarks/variant_speed.py WORKER SCRIPT INPUTS SET [--units-from-mask 1] [--rounds 9]

Each arm has a worker of its own with a retained heap, and all have the process's threads. A round
takes a window of every arm at every batch, in a new random order; the figure of an arm at a batch is
the median over rounds of its time per unit over that of FP32 TorchScript in the same round. Prints
Markdown. Run it alone. Speaks the worker's protocol (docs/worker_protocol.md).
"""

import argparse
import json

from interleaved import interleaved, print_table
from worker_process import Arm, Worker

REFERENCE = "TorchScript fp32 plain"


def main() -> None:
    arguments = parse()
    arms = start(arguments)
    taken = interleaved(arms, arguments.rounds, arguments.seconds, arguments.seed)
    print(
        f"`variant_speed.py`, {arguments.rounds} rounds of {arguments.seconds} s windows, seed"
        f" {arguments.seed}; microseconds per unit, speed over {REFERENCE} (least … most)\n"
    )
    print_table(arms, taken, REFERENCE)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("worker", "script", "inputs", "set"):
        parser.add_argument(name)
    parser.add_argument("--units-from-mask")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def start(arguments: argparse.Namespace) -> dict[str, Arm]:
    with open(f"{arguments.set}/manifest.json", encoding="utf-8") as file:
        precisions = [variant["precision"] for variant in json.load(file)["variants"]]

    def worker(model: str) -> Worker:
        return Worker(arguments.worker, model, arguments.inputs, arguments.units_from_mask)

    arms = {
        f"TorchScript {precision} plain": Arm(worker(arguments.script), precision, "plain")
        for precision in ("fp32", "bf16")
    }
    return arms | {
        f"package {precision}": Arm(worker(arguments.set), precision, "compiled")
        for precision in precisions
    }


if __name__ == "__main__":
    main()
