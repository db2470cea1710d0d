"""Recorded tables as files (design: docs/search.md#recorded-tables): rows, rounding, side files."""

import dataclasses
import json
import pathlib

HEADER = "arm,batch,latency_ms,joules_per_unit,status,peak_memory_bytes"
MIB = 1 << 20


@dataclasses.dataclass
class Row:
    """What one configuration truly is; None where it has no value."""

    arm: str
    batch: int
    latency_ms: float | None = None
    joules_per_unit: float | None = None
    status: str = "ok"
    peak_memory_bytes: int | None = None

    def line(self) -> str:
        latency, joules = (f"{value:.5g}" if value else ""
                           for value in (self.latency_ms, self.joules_per_unit))
        memory = "" if self.peak_memory_bytes is None else self.peak_memory_bytes
        return f"{self.arm},{self.batch},{latency},{joules},{self.status},{memory}"


@dataclasses.dataclass
class Table:
    name: str
    rows: list[Row]
    units_per_row: float = 1
    device_memory_mib: int | None = None


def write_set(folder: pathlib.Path, tables: list[Table], readme: str) -> None:
    """Replaces the set: a CSV per table, tables.json with what a CSV cannot say, README.md."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.csv"):
        old.unlink()
    for table in tables:
        lines = [HEADER, *(row.line() for row in table.rows)]
        (folder / f"{table.name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    facts = {table.name: {"units_per_row": table.units_per_row,
                          "device_memory_mib": table.device_memory_mib} for table in tables}
    (folder / "tables.json").write_text(
        "{\n" + ",\n".join(f"  {json.dumps(name)}: {json.dumps(fact)}"
                           for name, fact in facts.items()) + "\n}\n", encoding="utf-8")
    (folder / "README.md").write_text(readme, encoding="utf-8")
    print(f"{folder.name}: {len(tables)} tables, {sum(len(table.rows) for table in tables)} rows")
