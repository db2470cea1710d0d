#!/usr/bin/env python3
"""Tunes something that is not a neural network, with a meter of its own.

NumPy evaluates a formula over a long array. In one go it writes temporaries that leave the caches;
in small chunks the interpreter costs more than the arithmetic. Somewhere between lies the chunk with
the least energy per element, for either precision:

    python examples/search_your_own.py --seconds 20

The meter is the CPU's own counter (RAPL) where it can be read. Otherwise the energy is *modelled*, as
seconds times --watts: the ranking is then that of time, and the output says so.
"""

import argparse
import os
import time
from pathlib import Path

import numpy

from autotune.search import Searcher, Step, searchers

ROW = 1024  # Elements in a row of a batch: chunks are whole pages of memory.
ROWS = 4096  # 4 Mi elements, 32 MiB in float64: more than most last-level caches hold.


class Rapl:
    """The energy counters of the CPU packages."""

    name = "RAPL, CPU packages"

    def __init__(self, zones: list[Path]) -> None:
        self.zones = zones
        self.last = self.read()

    def read(self) -> list[int]:
        return [int((zone / "energy_uj").read_text()) for zone in self.zones]

    def joules_since(self, seconds: float) -> float:
        """Joules since the last call. A counter that fell has wrapped round at its range."""
        before, self.last = self.last, self.read()
        total = 0
        for zone, start, end in zip(self.zones, before, self.last):
            wrapped = end < start
            total += end - start
            total += int((zone / "max_energy_range_uj").read_text()) if wrapped else 0
        return total / 1e6


class Modelled:
    """Time in disguise: one wattage, whatever runs."""

    def __init__(self, watts: float) -> None:
        self.watts = watts
        self.name = f"modelled as {watts:g} W, so it ranks by time"

    def joules_since(self, seconds: float) -> float:
        return seconds * self.watts


def find_meter(watts: float) -> Rapl | Modelled:
    root = Path(os.environ.get("AUTOTUNE_POWERCAP_ROOT", "/sys/class/powercap"))
    packages = [zone for zone in sorted(root.glob("intel-rapl:*")) if zone.name.count(":") == 1]
    try:
        return Rapl(packages) if packages else Modelled(watts)
    except OSError:  # Only root may read it on most systems.
        return Modelled(watts)


class Formula:
    """sqrt(x² + y²) · exp(-x), chunk by chunk."""

    def __init__(self) -> None:
        generator = numpy.random.default_rng(0)
        x, y = generator.random((2, ROWS * ROW))
        self.data = {name: (x.astype(name), y.astype(name)) for name in ("float64", "float32")}
        self.position = 0

    def run(self, dtype: str, rows: int) -> int:
        """Evaluates the next chunk and gives its number of elements."""
        x, y = self.data[dtype]
        start = self.position if self.position + rows <= ROWS else 0
        self.position = start + rows
        part = slice(start * ROW, (start + rows) * ROW)
        numpy.sqrt(x[part] ** 2 + y[part] ** 2) * numpy.exp(-x[part])
        return rows * ROW


def measure(formula: Formula, meter: Rapl | Modelled, step: Step, window_seconds: float) -> dict:
    """Runs the step's chunk size for a while and gives what `tell` takes."""
    enough = {"fit": 0.0, "probe": window_seconds / 10, "window": window_seconds}[step.kind]
    formula.run(step.arm, step.batch)  # Warms caches and the allocator up, outside the reading.
    meter.joules_since(0)
    begin = now = time.perf_counter()
    durations, elements = [], 0
    while now - begin < enough or not durations:
        elements += formula.run(step.arm, step.batch)
        before, now = now, time.perf_counter()
        durations.append(1000 * (now - before))
    joules = meter.joules_since(now - begin)
    told = {
        "latency_ms": float(numpy.median(durations)),
        "latency_p99_ms": float(numpy.quantile(durations, 0.99, method="higher")),
        "seconds": now - begin,
        "joules": joules,
    }
    if step.kind == "window":
        told["joules_per_unit"] = joules / elements
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20, help="of measuring (%(default)s)")
    parser.add_argument("--window-seconds", type=float, default=0.2, help="(%(default)s)")
    parser.add_argument("--watts", type=float, default=50, help="if modelled (%(default)s)")
    parser.add_argument("--searcher", choices=searchers(), help="by default the first")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()

    formula, meter = Formula(), find_meter(options.watts)
    in_one_go = ("float64", ROWS)
    search = Searcher(
        formula.data,
        [rows for rows in range(1, ROWS + 1) if rows <= 64 or rows % 64 == 0],
        seconds=options.seconds,
        seed=options.seed,
        searcher=options.searcher,
        incumbent=in_one_go,
    )
    for step in search:
        search.tell(step, **measure(formula, meter, step, options.window_seconds))

    best, spent = search.best(), search.spent()
    print(f"energy: {meter.name}")
    print(f"best: {best.arm} in chunks of {best.batch} Ki elements, ", end="")
    print(f"{1e9 * best.joules_per_unit:.2f} nJ per element")
    if best.ratio:
        low, high = (100 * (1 - ratio) for ratio in reversed(best.ratio.ci95))
        print(f"saves {100 * (1 - best.ratio.value):.0f} % ({low:.0f} … {high:.0f} %) against", end="")
        print(f" {in_one_go[0]} in one go")
    print(f"{spent.windows} windows and {spent.probes} probes in {spent.seconds:.1f} s", end="")
    print(f", {spent.joules:.0f} J; ended: {search.why_ended()}")


if __name__ == "__main__":
    main()
