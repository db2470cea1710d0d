"""How fast the packages of a variant set are beside the plain TorchScript model, per unit of work.

    python benchmarks/variant_speed.py WORKER SCRIPT INPUTS SET [--units-from-mask 1] [--rounds 9]

Each arm has a worker of its own with a retained heap, and all have the process's threads. A round
takes a window of every arm at every batch, in a new random order; the figure of an arm at a batch is
the median over rounds of its time per unit over that of FP32 TorchScript in the same round. Prints
Markdown. Run it alone. Speaks the worker's protocol (docs/worker_protocol.md).
"""

import argparse
import json
import math
import random
import statistics

from worker_process import Arm, Worker

BATCHES = (8, 16, 32)
REFERENCE = "TorchScript fp32 plain"


def main() -> None:
    arguments = parse()
    arms = start(arguments)
    generator = random.Random(arguments.seed)
    taken = {(name, batch): [] for name in arms for batch in BATCHES}
    for arm in arms.values():  # Warm: the first iterations compile and fault pages in.
        for batch in BATCHES:
            arm.seconds_per_unit(batch, 0.5)
    for _ in range(arguments.rounds):
        for batch in BATCHES:
            for name in generator.sample(list(arms), len(arms)):
                figure = arms[name].seconds_per_unit(batch, arguments.seconds)
                taken[name, batch].append(figure)
    print_table(arguments, arms, taken)


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


def print_table(arguments: argparse.Namespace, arms: dict[str, Arm], taken: dict) -> None:
    print(
        f"`variant_speed.py`, {arguments.rounds} rounds of {arguments.seconds} s windows, seed"
        f" {arguments.seed}; speed per unit over {REFERENCE}, median (least … most of the rounds)"
    )
    print("\n| arm | " + " | ".join(f"batch {batch}" for batch in BATCHES), end="")
    print(" | geometric mean | set-up s | worst cosine |\n|" + "---|" * (len(BATCHES) + 4))
    for name, arm in arms.items():
        cells, medians = [], []
        for batch in BATCHES:
            ratios = [a / b for a, b in zip(taken[REFERENCE, batch], taken[name, batch])]
            medians.append(statistics.median(ratios))
            cells.append(f"{medians[-1]:.2f} ({min(ratios):.2f} … {max(ratios):.2f})")
        mean = math.prod(medians) ** (1 / len(medians))
        print(
            f"| {name} | {' | '.join(cells)} | {mean:.2f} | {arm.seconds:.2f} | {arm.cosine:.5f} |"
        )


if __name__ == "__main__":
    main()
