"""The log of runs, from which every score at every limit follows without running a peer again."""

import csv
import gzip
import math
import os
import zlib
from dataclasses import dataclass

from .recorded import BadInput, Limit, cut, parsed, written

COLUMNS = ["set", "table", "table_crc32", "searcher", "seed", "limits", "ended", "evaluations"]
SCORE_COLUMNS = ["set", "table", "searcher", "seed", "limit", "limit_value", "windows", "seconds",
                 "joules", "out_of_memory", "pick_arm", "pick_batch", "regret", "ended"]


def file_crc32(path):
    """Of the bytes: a run is void once its table has changed."""
    return f"{zlib.crc32(path.read_bytes()):08x}"


@dataclass(frozen=True)
class Key:
    set_name: str
    table: str
    crc32: str
    searcher: str
    seed: int


@dataclass
class Logged:
    limits: list
    ended: str  # limit, itself, or the name of the peer's own exception
    evaluations: list

    def covers(self, table, limit):
        """Whether the run shows all that would have happened up to the limit."""
        if self.ended != "limit" or cut(table, self.evaluations, limit)[2]:
            return True
        limit = limit.on(table)
        return any(own.kind == limit.kind and own.value >= limit.value for own in self.limits)


def limits_text(limits):
    return " ".join(f"{limit.kind}={limit.value:g}" for limit in limits)


def parse_limits(text):
    pairs = (word.split("=") for word in text.split())
    return [Limit(kind, float(value)) for kind, value in pairs]


def drop_broken_line(path):
    """What follows the last line's end was being written when a call was killed."""
    whole = path.read_bytes().rfind(b"\n") + 1
    os.truncate(path, whole)


class RunLog:
    """A CSV that only grows; a run logged twice counts as last logged. Packed, it is read only."""

    def __init__(self, path, provenance):
        self.path, self.runs, self.provenance = path, {}, provenance
        self.packed = path.suffix == ".gz"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# {provenance}\n{','.join(COLUMNS)}\n", encoding="utf-8")
            return
        if not self.packed:
            drop_broken_line(path)
        opened = gzip.open if self.packed else open
        with opened(path, "rt", newline="", encoding="utf-8") as file:
            self.provenance = file.readline()[2:].rstrip("\n")
            self._read(csv.DictReader(file))
        if provenance and self.provenance != provenance:
            raise BadInput(f"{path} was made with: {self.provenance}\nhere is: {provenance}\n"
                           "Runs of both do not mix: name another --log, or remove it.")

    def _read(self, reader):
        if reader.fieldnames != COLUMNS:
            raise BadInput(f"{self.path} is no log of runs: its second line is not "
                           f"{','.join(COLUMNS)}.")
        for row in reader:
            key = Key(row["set"], row["table"], row["table_crc32"], row["searcher"],
                      int(row["seed"]))
            self.runs[key] = Logged(parse_limits(row["limits"]), row["ended"],
                                    parsed(row["evaluations"]))

    def add(self, key, logged):
        self.runs[key] = logged
        row = [key.set_name, key.table, key.crc32, key.searcher, key.seed,
               limits_text(logged.limits), logged.ended, written(logged.evaluations)]
        with open(self.path, "a", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(row)


def score(table, key, logged, limit):
    """One row of the score; an empty pick and regret where nothing that ran was found."""
    spent, pick, by_limit = cut(table, logged.evaluations, limit)
    row = table.rows[pick] if pick is not None else None
    ended = "limit" if by_limit or logged.ended == "limit" else logged.ended
    return [key.set_name, key.table, key.searcher, key.seed, limit.kind, f"{limit.value:g}",
            spent.windows, f"{spent.seconds:.1f}", f"{spent.joules:.1f}", spent.out_of_memory,
            row.arm if row else "", row.batch if row else "",
            f"{table.regret(pick):.6g}" if row else "", ended]


def write_scores(path, rows):
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(SCORE_COLUMNS)
        writer.writerows(rows)


def percent(value):
    return f"{value:.1%}" if math.isfinite(value) else "no pick"


def quantile(values, share):
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def summary(rows):
    """Markdown: of each set, limit and peer, the runs' figures over all tables and seeds."""
    groups = {}
    for row in rows:
        row = dict(zip(SCORE_COLUMNS, row))
        key = (row["set"], row["limit"], float(row["limit_value"]), row["searcher"])
        groups.setdefault(key, []).append(row)
    lines = ["| set | limit | peer | tables | runs | ≤ 1 % | ≤ 0.1 % | median | p90 | seconds | "
             "joules | out of memory |", "|" + "---|" * 12]
    lines += [summary_line(key, groups[key]) for key in sorted(groups)]
    return "\n".join(lines)


def summary_line(key, rows):
    regrets = [float(row["regret"] or "inf") for row in rows]
    within = [sum(r <= share for r in regrets) / len(regrets) for share in (0.01, 0.001)]
    median = {name: quantile([float(row[name]) for row in rows], 0.5)
              for name in ("seconds", "joules")}
    failures = sum(row["out_of_memory"] for row in rows) / len(rows)
    set_name, kind, value, searcher = key
    tables = len({row["table"] for row in rows})
    return (f"| {set_name} | {value:g} {kind} | {searcher} | {tables} | {len(rows)} | "
            f"{within[0]:.2f} | {within[1]:.2f} | {percent(quantile(regrets, 0.5))} | "
            f"{percent(quantile(regrets, 0.9))} | {median['seconds']:.0f} | {median['joules']:.0f} | "
            f"{failures:.1f} |")
