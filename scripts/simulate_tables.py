"""Simulates recorded tables for autotune_replay: the sets `dense` and `planted`.

    python scripts/simulate_tables.py [--out profiles/recorded]

What they are and are not: scripts/table_readmes.py. Standard library only; seeds are fixed, so the
same Python gives the same files. Knows nothing of search/ and must not.
"""

import argparse
import dataclasses
import math
import pathlib
import random

import table_files
import table_readmes
from table_files import MIB, Row, Table

SEED = 20_260_102
DENSE_TABLES = PLANTED_TABLES = 24


@dataclasses.dataclass(frozen=True)
class Precision:
    name: str
    bytes: int  # Of a weight and an activation.
    speed: float  # Peak rate over that of bf16.
    picojoules: float  # Per operation, of a card with bf16 at 0.4.
    unit: int  # Tile depth along K.


PRECISIONS = (Precision("fp32", 4, 0.07, 2.6, 8), Precision("tf32", 4, 0.5, 0.8, 16),
              Precision("bf16", 2, 1.0, 0.40, 32), Precision("fp16", 2, 1.0, 0.38, 32),
              Precision("int8", 1, 1.9, 0.21, 64))
LAYOUTS = ("plain", "prepacked")
# (rows, columns, share of the peak rate that a wave of them reaches)
TILES = ((16, 64, 0.34), (32, 128, 0.52), (64, 96, 0.62), (96, 128, 0.72), (128, 128, 0.80),
         (128, 160, 0.83), (192, 128, 0.86), (256, 128, 0.88))


@dataclasses.dataclass(frozen=True)
class Card:
    """An invented GPU."""

    sms: int
    bf16_flops: float
    bytes_per_second: float
    l2_bytes: float
    memory_mib: int
    static_watts: float
    limit_watts: float
    launch_seconds: float

    @staticmethod
    def drawn(source: random.Random) -> "Card":
        scale = source.uniform(0.6, 2.2)
        return Card(sms=source.choice((46, 58, 72, 84, 92, 108, 114, 132, 142)),
                    bf16_flops=scale * 250e12,
                    bytes_per_second=scale * source.uniform(1.0, 2.2) * 1e12,
                    l2_bytes=source.choice((6, 24, 40, 50, 96)) * 1e6,
                    memory_mib=source.choice((8, 12, 16, 24)) * 1024,
                    static_watts=scale * source.uniform(55, 90),
                    limit_watts=scale * source.uniform(240, 330),
                    launch_seconds=source.uniform(2e-6, 5e-6))


@dataclasses.dataclass(frozen=True)
class Model:
    """A stack of layers with four products each."""

    hidden: int
    layers: int
    units_per_row: int

    @staticmethod
    def drawn(source: random.Random) -> "Model":
        return Model(hidden=source.choice((384, 512, 768, 1024, 1536, 2048)),
                     layers=source.randint(4, 16),
                     units_per_row=source.choice((1, 1, 4, 16, 49, 64)))

    def products(self) -> list[tuple[int, int]]:
        """(columns, depth) of each."""
        h = self.hidden
        return [(3 * h, h), (h, h), (4 * h, h), (h, 4 * h)]

    def weights(self) -> int:
        return self.layers * sum(n * k for n, k in self.products())


@dataclasses.dataclass
class Cost:
    seconds: float = 0
    operations: float = 0
    bytes: float = 0

    def __iadd__(self, other: "Cost") -> "Cost":
        self.seconds += other.seconds
        self.operations += other.operations
        self.bytes += other.bytes
        return self


class Arm:
    """One precision in one layout on one card."""

    def __init__(self, card: Card, precision: Precision, layout: str, source: random.Random):
        self.card, self.precision, self.layout = card, precision, layout
        # Kernels of one tile shape are better or worse written; a library's rule does not know it.
        self.quality = [source.gauss(1, 0.04) for _ in TILES]
        self.rule_error = [source.gauss(0, 0.06) for _ in TILES]
        # Prepacked weights need no shuffling in shared memory, but fix the side of the tiles.
        self.boost = source.uniform(1.02, 1.15) if layout == "prepacked" else 1.0
        self.tiles = (sorted(source.sample(range(len(TILES)), 5)) if layout == "prepacked"
                      else list(range(len(TILES))))
        self.joules_spread = source.gauss(1, 0.03)

    def waves(self, tile: int, m: int, n: int) -> int:
        rows, columns, _ = TILES[tile]
        return math.ceil(math.ceil(m / rows) * math.ceil(n / columns) / self.card.sms)

    def arithmetic_seconds(self, tile: int, m: int, n: int, k: int, quality: float) -> float:
        rows, columns, share = TILES[tile]
        depth = math.ceil(k / self.precision.unit) * self.precision.unit
        rate = self.card.bf16_flops * self.precision.speed / self.card.sms * share * quality
        return self.waves(tile, m, n) * (2 * rows * columns * depth / (rate * self.boost) + 1e-6)

    def choose(self, m: int, n: int, k: int) -> int:
        """The library's rule: its estimate of the time, a little off for each tile shape."""
        return min(self.tiles, key=lambda tile: self.arithmetic_seconds(tile, m, n, k, 1)
                   * math.exp(self.rule_error[tile]))

    def product(self, m: int, n: int, k: int) -> Cost:
        tile = self.choose(m, n, k)
        rows, columns, _ = TILES[tile]
        width = self.precision.bytes
        once = width * (m * k + k * n + m * n)
        # What does not stay in the L2 cache is read again, once per wave at worst.
        spill = max(0.0, 1 - self.card.l2_bytes / (width * (m * k + k * n)))
        moved = once * (1 + 0.25 * spill * min(4, self.waves(tile, m, n) - 1))
        padded = 2 * math.ceil(m / rows) * rows * math.ceil(n / columns) * columns * k
        seconds = max(self.arithmetic_seconds(tile, m, n, k, self.quality[tile]),
                      moved / (0.85 * self.card.bytes_per_second))
        return Cost(seconds + self.card.launch_seconds, padded, moved)

    def passes(self, m: int, hidden: int) -> Cost:
        """Element-wise work of a layer; int8 in plain layout quantises in a pass of its own."""
        extra = 2 if self.precision.name == "int8" and self.layout == "plain" else 0
        moved = (8 + extra) * m * hidden * max(2, self.precision.bytes)
        return Cost(moved / (0.7 * self.card.bytes_per_second) + (3 + extra)
                    * self.card.launch_seconds, 10 * m * hidden, moved)

    def run(self, model: Model, batch: int) -> tuple[float, float]:
        """Seconds and joules of one iteration."""
        m, total = batch * model.units_per_row, Cost()
        for n, k in model.products():
            total += self.product(m, n, k)
        total += self.passes(m, model.hidden)
        seconds, dynamic = model.layers * total.seconds, model.layers * self.dynamic_joules(total)
        watts = self.card.static_watts + dynamic / seconds
        if watts > self.card.limit_watts:
            # A clock that is x lower saves about x^2 of the dynamic power on top of its own x.
            allowed = self.card.limit_watts - self.card.static_watts
            slower = (dynamic / seconds / allowed) ** (1 / 3)
            seconds, dynamic = seconds * slower, dynamic / slower ** 2
        return seconds, self.card.static_watts * seconds + dynamic

    def dynamic_joules(self, cost: Cost) -> float:
        scale = self.card.limit_watts / 300 / (self.card.bf16_flops / 250e12)
        return self.joules_spread * scale * (cost.operations * self.precision.picojoules * 1e-12
                                             + cost.bytes * 45e-12)

    def peak_memory(self, model: Model, batch: int, row_bytes: float) -> int:
        width = max(2, self.precision.bytes)
        padding = 1.1 if self.layout == "prepacked" else 1
        weights = model.weights() * self.precision.bytes * padding
        tile = self.choose(batch * model.units_per_row, 4 * model.hidden, model.hidden)
        workspace = TILES[tile][0] * TILES[tile][1] * self.card.sms * 4
        exact = 400 * MIB + weights + batch * row_bytes * width / 2 + workspace
        return math.ceil(exact / (2 * MIB)) * 2 * MIB


def dense_table(index: int) -> Table:
    source = random.Random(f"{SEED}/dense/{index}")
    card, model = Card.drawn(source), Model.drawn(source)
    largest = source.choice((128, 160, 192, 256, 320, 384, 512))
    # Half of the tables hold every batch; in the others bf16 ends within the range.
    fits = largest * (source.uniform(2.2, 4) if index % 2 == 0 else source.uniform(0.35, 1.1))
    free = card.memory_mib * MIB - 400 * MIB - 2.2 * model.weights()
    failing = {"int8": "inaccurate"} if source.random() < 0.6 else {}
    if source.random() < 0.15:
        failing["fp16"] = "inaccurate"
    if source.random() < 0.15:
        failing["tf32"] = "unsupported"
    measured_though_failing = source.random() < 0.5
    rows = []
    for precision in PRECISIONS:
        for layout in LAYOUTS:
            arm = Arm(card, precision, layout, source)
            status = failing.get(precision.name, "ok")
            values = status == "ok" or (status == "inaccurate" and measured_though_failing)
            rows += [dense_row(arm, model, batch, status, values, free / fits)
                     for batch in range(1, largest + 1)]
    return Table(f"dense_{index:02d}", rows, model.units_per_row, card.memory_mib)


def dense_row(arm: Arm, model: Model, batch: int, status: str, values: bool,
              row_bytes: float) -> Row:
    name = f"{arm.precision.name}_{arm.layout}"
    if status == "unsupported":
        return Row(name, batch, status=status)
    peak = arm.peak_memory(model, batch, row_bytes)
    if peak > arm.card.memory_mib * MIB:
        return Row(name, batch, status="out_of_memory")
    if not values:
        return Row(name, batch, status=status, peak_memory_bytes=peak)
    seconds, joules = arm.run(model, batch)
    return Row(name, batch, 1000 * seconds, joules / batch, status, peak)


class Staircase:
    """Latency that rises step by step; after `edge` it jumps by `jump`."""

    def __init__(self, source: random.Random, edge: int, step: int, jump: float):
        self.edge, self.step, self.jump = edge, step, jump
        self.fixed = source.uniform(0.15, 0.6)  # Share of the latency at the edge.
        self.scale = source.uniform(2, 30)  # Milliseconds at the edge.
        self.watts = source.uniform(120, 400)
        self.rise = source.uniform(0.1, 0.3)  # Of power, from the smallest batch to the edge.

    def latency(self, batch: int) -> float:
        # Steps end at edge, edge - step, ...; so that the edge is the last batch of one.
        reached = self.edge - (self.edge - batch) // self.step * self.step
        share = self.fixed + (1 - self.fixed) * reached / self.edge
        return self.scale * share * (1 + self.jump if batch > self.edge else 1)

    def joules(self, batch: int) -> float:
        power = self.watts * (1 - self.rise * math.exp(-3 * batch / self.edge))
        return power * self.latency(batch) / 1000 / batch


def planted_edge(index: int, source: random.Random) -> tuple[int, int, int]:
    """The edge, the units of a row and the largest batch."""
    kind = index % 3
    if kind == 0:
        edge, units = 64 * source.randint(1, 3), 1
    elif kind == 1:
        units = source.randint(3, 20)
        least = math.ceil(20 * units / 64)
        edge = 64 * source.randint(least, least + 4) // units
    else:
        edge, units = source.randint(23, 150), 1
    return edge, units, min(256, max(96, round(edge * source.uniform(1.3, 1.9))))


def planted_table(index: int) -> Table:
    """Draws until nothing but the plateau comes within 0.4 % of the planted optimum."""
    source = random.Random(f"{SEED}/planted/{index}")
    while True:
        edge, units, largest = planted_edge(index, source)
        steps = [max(4, edge // source.randint(3, 8)) for _ in range(3)]
        best = Staircase(source, edge, steps[0], source.uniform(0.12, 0.6))
        others = [Staircase(source, source.randint(16, largest), step, source.uniform(0.05, 0.4))
                  for step in steps[1:]]
        for other in others:  # 3 to 60 % behind at their own edges.
            behind = source.uniform(1.03, 1.6)
            other.scale *= behind * best.joules(edge) / other.joules(other.edge)
        arms = dict(zip(("bf16_plain", "fp16_plain", "fp32_plain"),
                        source.sample([best, *others], 3)))
        rows = [Row(name, batch, arm.latency(batch), arm.joules(batch))
                for name, arm in arms.items() for batch in range(1, largest + 1)]
        apart = [row.joules_per_unit for row in rows if arms[row.arm] is not best
                 or not edge - steps[0] < row.batch <= edge]
        if min(apart) > 1.004 * best.joules(edge):
            return Table(f"planted_{index:02d}", rows, units)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("profiles/recorded"))
    out = parser.parse_args().out
    for name, make, count in (("dense", dense_table, DENSE_TABLES),
                              ("planted", planted_table, PLANTED_TABLES)):
        table_files.write_set(out / name, [make(index) for index in range(count)],
                              table_readmes.READMES[name])


if __name__ == "__main__":
    main()
