"""Recorded tables as a peer sees them: rows behind a noisy meter that charges for every look.

Standard library only. The same model as search/replay (docs/search.md#noise); the random numbers
are Python's, so a seed names other noise here than there.
"""

import csv
import functools
import math
import random
from dataclasses import dataclass, field

HEADER = ["arm", "batch", "latency_ms", "joules_per_unit", "status"]


class BadInput(Exception):
    """What the user has to change, in a sentence."""


@dataclass(frozen=True)
class Row:
    arm: str
    batch: int
    latency_ms: float | None
    joules_per_unit: float | None
    status: str

    @property
    def ok(self):
        return self.status == "ok"

    @property
    def fails(self):
        """Costs a failure instead of a window, as in search/replay."""
        return self.status == "out_of_memory" or None in (self.latency_ms, self.joules_per_unit)

    @property
    def watts(self):
        return self.joules_per_unit * self.batch / (self.latency_ms / 1000)


class Table:
    def __init__(self, set_name, name, rows):
        self.set_name, self.name, self.rows = set_name, name, rows
        self.at = {(row.arm, row.batch): i for i, row in enumerate(rows)}
        self.batches = {}  # of each arm, rising
        for row in rows:
            self.batches.setdefault(row.arm, []).append(row.batch)
        for batches in self.batches.values():
            batches.sort()
        powers = [row.watts for row in rows if not row.fails]
        if not powers:
            raise BadInput(f"{set_name}/{name}: no row has values.")
        self.mean_watts = sum(powers) / len(powers)
        self.best = min((row.joules_per_unit for row in rows if row.ok), default=None)
        if self.best is None:
            raise BadInput(f"{set_name}/{name}: no row is ok.")

    @property
    def arms(self):
        return list(self.batches)

    def watts(self, index):
        row = self.rows[index]
        return self.mean_watts if row.fails else row.watts

    def largest_ok(self, arm):
        """The exact frontier, None where the arm never fits: a peer may be told it."""
        return max((row.batch for row in self.rows if row.arm == arm and row.ok), default=None)

    def regret(self, index):
        row = self.rows[index]
        return row.joules_per_unit / self.best - 1 if row.ok else math.inf


def factors(arms):
    """What the arms' names are made of: `bf16_plain` of a precision and a layout.

    Gives {tuple of values, one of each parameter: arm}; arms that are not every combination of
    their parts are one parameter.
    """
    parts = [tuple(arm.split("_")) for arm in arms]
    same_length = len({len(words) for words in parts}) == 1
    if same_length and math.prod(len(set(words)) for words in zip(*parts)) == len(arms):
        return dict(zip(parts, arms))
    return {(arm,): arm for arm in arms}


def parameter_values(combinations):
    """{"arm0": its values in order of appearance, ...} of what `factors` gives."""
    return {f"arm{i}": list(dict.fromkeys(values)) for i, values in enumerate(zip(*combinations))}


def read_table(path):
    def number(text):
        return float(text) if text else None

    try:
        with open(path, newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            if (reader.fieldnames or [])[:5] != HEADER:
                raise BadInput(f"{path}: the first line is not {','.join(HEADER)}.")
            rows = [
                Row(r["arm"], int(r["batch"]), number(r["latency_ms"]),
                    number(r["joules_per_unit"]), r["status"])
                for r in reader
            ]
    except OSError as error:
        raise BadInput(f"cannot read the table {path}: {error.strerror}.") from error
    except (ValueError, TypeError) as error:
        raise BadInput(f"{path}:{reader.line_num}: {error}.") from error
    return Table(path.resolve().parent.name, path.stem, rows)


@dataclass(frozen=True)
class Noise:
    """Of an RTX A4000's energy by NVML; where each comes from: docs/search.md#noise."""

    sigma: float = 0.024
    rho: float = 0.3
    drift: float = 0.01


@dataclass(frozen=True)
class Charges:
    window_seconds: float = 1
    warmup_seconds: float = 0.5
    switch_seconds: float = 8
    fail_seconds: float = 2


class NoisyMeter:
    """y = truth (1 + sigma a_k)(1 + d tanh(t / 120 s)), a_k AR(1) over the run's windows."""

    def __init__(self, noise, seed):
        # Apart from the generator that a peer seeds with the same number.
        self._random = random.Random(f"window noise {seed}")
        self._noise = noise
        self._drift = noise.drift * self._random.gauss(0, 1)
        self._deviation = self._random.gauss(0, 1)

    def joules(self, truth, seconds):
        now = self._deviation
        rho = self._noise.rho
        self._deviation = rho * now + math.sqrt(1 - rho * rho) * self._random.gauss(0, 1)
        drift = 1 + self._drift * math.tanh(seconds / 120)
        return truth * max(0.05, 1 + self._noise.sigma * now) * max(0.05, drift)


@dataclass
class Spent:
    windows: int = 0
    seconds: float = 0
    joules: float = 0
    out_of_memory: int = 0
    arm: str | None = None  # of the last step

    def after(self, table, index, charges):
        """With one window more: a failure counts as one, the first arm needs no switch."""
        row = table.rows[index]
        own = charges.fail_seconds if row.fails else charges.warmup_seconds + charges.window_seconds
        switches = self.arm is not None and self.arm != row.arm
        seconds = own + (charges.switch_seconds if switches else 0)
        return Spent(self.windows + 1, self.seconds + seconds,
                     self.joules + table.watts(index) * seconds,
                     self.out_of_memory + (row.status == "out_of_memory"), row.arm)

    def within(self, limit):
        # Sums of tenths are a little off; search/replay allows the same.
        return getattr(self, limit.kind) <= limit.value * (1 + 1e-9)


@dataclass(frozen=True)
class Limit:
    kind: str  # windows, seconds or joules; sweep_seconds, sweep_joules: a share of a sweep's
    value: float

    def on(self, table, charges=Charges()):
        """The same in units of its own."""
        if not self.kind.startswith("sweep_"):
            return self
        kind = self.kind.removeprefix("sweep_")
        return Limit(kind, self.value * getattr(sweep_cost(table, charges), kind))


@functools.cache
def sweep_cost(table, charges):
    """Every configuration once, arm by arm, each from its smallest batch to the first failure."""
    spent = Spent()
    for arm, batches in table.batches.items():
        for batch in batches:
            index = table.at[arm, batch]
            spent = spent.after(table, index, charges)
            if not table.rows[index].ok:
                break
    return spent


class Inconsistent(Exception):
    """What a peer says and what the log says differ: a bug of ours."""


class Done(Exception):
    """Every limit is reached: nothing that follows would be scored."""


@dataclass
class Run:
    """One search of one table: what was looked at, in order, and when the pick changed."""

    table: Table
    meter: NoisyMeter
    limits: list
    charges: Charges = Charges()
    spent: Spent = field(default_factory=Spent)
    evaluations: list = field(default_factory=list)  # (row, did it become the pick)
    best: float = math.inf  # as observed
    done: bool = False

    def measure(self, index):
        """What the meter reads, None if the row fails.

        @raises Done once the next step would exceed the last limit
        """
        after = self.spent.after(self.table, index, self.charges)
        if not any(after.within(limit) for limit in self.limits):
            self.done = True
            raise Done
        self.spent = after
        row, reading = self.table.rows[index], None
        if not row.fails:
            middle = after.seconds - self.charges.window_seconds / 2
            reading = self.meter.joules(row.joules_per_unit, middle)
        if not row.ok:
            reading = None
        improves = reading is not None and reading < self.best
        self.best = reading if improves else self.best
        self.evaluations.append((index, improves))
        return reading

    @property
    def exhausted(self):
        """No step whatever would keep any limit."""
        return self.done or not any(
            self.spent.after(self.table, index, self.charges).within(limit)
            for limit in self.limits for index in range(len(self.table.rows)))

    def most_windows(self):
        """No run within the limits has more: for peers that want a number beforehand."""
        least_seconds = min(self.charges.fail_seconds,
                            self.charges.warmup_seconds + self.charges.window_seconds)
        least_watts = min(self.table.watts(i) for i in range(len(self.table.rows)))
        least = {"windows": 1, "seconds": least_seconds, "joules": least_seconds * least_watts}
        return max(math.floor(limit.value / least[limit.kind] + 1e-6) for limit in self.limits)


def written(evaluations):
    """`17 203* 45`: rows of the table counted from 0, a star where the pick changed."""
    return " ".join(f"{index}{'*' if improves else ''}" for index, improves in evaluations)


def parsed(text):
    return [(int(word.rstrip("*")), word.endswith("*")) for word in text.split()]


def cut(table, evaluations, limit, charges=Charges()):
    """What a run had spent, and its pick, when its next step would have exceeded the limit.

    Gives (Spent, row of the pick or None, whether the limit ended it).
    """
    limit, spent, pick = limit.on(table, charges), Spent(), None
    for index, improves in evaluations:
        after = spent.after(table, index, charges)
        if not after.within(limit):
            return spent, pick, True
        spent, pick = after, index if improves else pick
    return spent, pick, False
