"""What came back from scripts/gpu_check, as values: rows, edges, noise, who is cheapest."""

import csv
import dataclasses
import json
import math
import pathlib
import re
import statistics
from collections import Counter, defaultdict

# What a row of a check model's inputs holds (scripts/make_check_models.py).
UNITS = {"encoder": "token", "decoder": "token", "convnet": "image"}


@dataclasses.dataclass
class Row:
    model: str
    arm: str
    batch: int
    status: str
    latency_ms: float | None
    joules_per_row: float | None = None
    peak_memory_bytes: int | None = None
    flags: str = ""
    edge: int | None = None
    round: int | None = None


@dataclasses.dataclass
class Edge:
    """Median joules per row of the batches around an edge, by batch, and what one row more costs."""

    model: str
    arm: str
    edge: int
    joules: dict[int, float]
    latency_ms: dict[int, float]
    rounds: int

    def step(self, values: dict[int, float]) -> float | None:
        """Of the batch after the edge over the edge, less 1."""
        if self.edge not in values or self.edge + 1 not in values:
            return None
        return values[self.edge + 1] / values[self.edge] - 1


class Evidence:
    def __init__(self, folder: pathlib.Path) -> None:
        self.folder = folder
        self.versions = read_json(folder / "versions.json") or {}
        self.facts = read_json(folder / "facts.json") or {}
        self.tunes = {kind: read_json(folder / f"tune_{kind}.json") for kind in ("script", "set")}
        self.rows = read_rows(folder / "recorded.csv")
        self.latencies = read_rows(folder / "recorded_latency.csv")
        self.edge_rows = read_rows(folder / "edges.csv")

    @property
    def device(self) -> str:
        return self.versions["device"]["name"]

    @property
    def models(self) -> list[str]:
        return list(dict.fromkeys(row.model for row in self.rows))

    @property
    def meters(self) -> list[dict]:
        return [self.versions["models"][model]["meter"] for model in self.models]

    @property
    def claimable(self) -> bool:
        return bool(self.meters) and all(meter["claimable"] for meter in self.meters)

    def unit(self, model: str) -> str:
        return UNITS.get(model, "row")

    def units_per_row(self, model: str) -> int:
        """An encoder's row has as many tokens as its ids; a decoder's step makes one."""
        ids = re.match(r"int64\[batch,(\d+)\]", self.versions["models"][model]["inputs"])
        return int(ids[1]) if model == "encoder" and ids else 1

    def measured(self, model: str) -> list[Row]:
        return [
            row for row in self.rows
            if row.model == model and row.status == "ok" and row.joules_per_row and row.latency_ms
        ]

    def cheapest(self, model: str) -> Row | None:
        return min(self.measured(model), key=lambda row: row.joules_per_row, default=None)

    def fastest(self, model: str) -> Row | None:
        """By rows per second."""
        return max(self.measured(model), key=lambda row: row.batch / row.latency_ms, default=None)

    def edges(self) -> list[Edge]:
        groups = defaultdict(lambda: defaultdict(list))
        for row in self.edge_rows:
            if row.status == "ok" and row.joules_per_row and row.latency_ms:
                groups[row.model, row.arm, row.edge][row.batch].append(row)
        return [
            Edge(
                *key,
                {b: statistics.median(r.joules_per_row for r in rows) for b, rows in batches.items()},
                {b: statistics.median(r.latency_ms for r in rows) for b, rows in batches.items()},
                min(len(rows) for rows in batches.values()),
            )
            for key, batches in sorted(groups.items())
        ]

    def noise(self) -> dict | None:
        """Scatter of the windows of one configuration, as a share: pooled over those with several."""
        groups = defaultdict(list)
        for row in self.edge_rows:
            if row.status == "ok" and row.joules_per_row:
                # An edge's batch may be beside another edge: the same configuration.
                groups[row.model, row.arm, row.batch].append(math.log(row.joules_per_row))
        several = [values for values in groups.values() if len(values) > 1]
        freedom = sum(len(values) - 1 for values in several)
        if freedom == 0:
            return None
        squares = sum(statistics.variance(values) * (len(values) - 1) for values in several)
        return {"of_a_window": math.sqrt(squares / freedom), "degrees_of_freedom": freedom}

    def flags(self) -> dict[str, int]:
        """Windows by what disturbed them."""
        rows = [*self.rows, *self.edge_rows]
        return dict(Counter(flag for row in rows for flag in row.flags.split("+") if flag))

    def unfinished(self) -> dict[str, str]:
        steps = self.versions.get("steps", {})
        return {name: step["status"] for name, step in steps.items() if step["status"] != "complete"}


def read_json(path: pathlib.Path) -> dict | None:
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None


def read_rows(path: pathlib.Path) -> list[Row]:
    """The whole rows: the last one of a recording that was killed may be half there."""
    if not path.is_file():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        lines = file.read().splitlines(keepends=True)
    whole = [line for line in lines if line.endswith("\n")]
    return [row_of(fields) for fields in csv.DictReader(whole)]


def row_of(fields: dict[str, str]) -> Row:
    def number(name: str, kind: type) -> float | int | None:
        text = fields.get(name)
        return kind(text) if text else None

    return Row(
        fields["model"],
        fields["arm"],
        int(fields["batch"]),
        fields["status"],
        number("latency_ms", float),
        number("joules_per_unit", float),
        number("peak_memory_bytes", int),
        fields.get("flags") or "",
        number("edge", int),
        number("round", int),
    )
