"""Rounds of windows of several runners in turn, and their speeds over one of them."""

import math
import random
import statistics
import sys
import time

BATCHES = (8, 16, 32)
REST = 0.05  # seconds between windows: thread pools spin for a while after their last work.

Taken = dict[tuple[str, int], list[float]]


def interleaved(runners: dict, rounds: int, seconds: float, seed: int,
                batches: tuple[int, ...] = BATCHES) -> Taken:
    """Seconds per unit of every runner at every batch in each round, in a new random order.

    A runner has `seconds_per_unit(batch, seconds)`.
    """
    generator = random.Random(seed)
    taken: Taken = {(name, batch): [] for name in runners for batch in batches}
    for runner in runners.values():  # Warm: the first calls compile and fault pages in.
        for batch in batches:
            runner.seconds_per_unit(batch, 0.5)
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr)
        for batch in batches:
            for name in generator.sample(list(runners), len(runners)):
                time.sleep(REST)
                taken[name, batch].append(runners[name].seconds_per_unit(batch, seconds))
    return taken


def print_table(runners: dict, taken: Taken, reference: str,
                batches: tuple[int, ...] = BATCHES) -> None:
    """Markdown: microseconds per unit, and speed over the reference in the same round (medians).

    A runner has the `seconds` of its set-up and its `cosine`.
    """
    print("| | " + " | ".join(f"batch {batch}" for batch in batches), end="")
    print(" | geometric mean | set-up s | worst cosine |\n|" + "---|" * (len(batches) + 4))
    for name, runner in runners.items():
        cells, speeds = [], []
        for batch in batches:
            ratios = [a / b for a, b in zip(taken[reference, batch], taken[name, batch])]
            speeds.append(statistics.median(ratios))
            spread = f"{min(ratios):.2f} … {max(ratios):.2f}"
            microseconds = 1e6 * statistics.median(taken[name, batch])
            cells.append(f"{microseconds:.1f}, {speeds[-1]:.2f}x ({spread})")
        mean = math.prod(speeds) ** (1 / len(speeds))
        figures = f"{mean:.2f}x | {runner.seconds:.2f} | {runner.cosine:.5f}"
        print(f"| {name} | {' | '.join(cells)} | {figures} |")
