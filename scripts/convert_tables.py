"""Turns public measurements into recorded tables for autotune_replay.

    python scripts/convert_tables.py SOURCE_FOLDER [--out profiles/recorded]

SOURCE_FOLDER holds vidur_mlp/, aiconfigurator_gemm_power/ and zeus_nsdi23_trace/ (README.md of each
set names repository and commit). Standard library only; the same input gives the same files.
"""

import argparse
import collections
import csv
import dataclasses
import gzip
import math
import pathlib
import random

import table_readmes
import table_files
from table_files import MIB, Row, Table

SEED = 20_260_101
LIMITS_PER_SPACE = 3


@dataclasses.dataclass(frozen=True)
class Gpu:
    idle_watts: float
    full_watts: float
    memory_mib: int


# Board power limits and memory from the data sheets; idle as nvidia-smi shows with a context.
GPUS = {"a40": Gpu(30, 300, 46_068), "a100": Gpu(60, 400, 81_920), "gb200": Gpu(150, 1200, 189_471)}

# Assumed: a GPU that runs but waits for memory draws 35 % of what idle leaves, one in full swing
# 95 %; half of the rise comes by 96 tokens, where an A100 turns from memory to arithmetic.
LOW_SHARE, RISE_SHARE, HALF_TOKENS = 0.35, 0.60, 96
KERNEL_SPREAD = 0.02  # Kernels differ in power by so much (SD); see the README of `vidur`.
KERNEL_SPAN_TOKENS = 64  # Mean range of batches that one kernel serves.


def drawn(*key: object) -> random.Random:
    """A generator of its own for each thing drawn, so that none depends on another's draws."""
    return random.Random("/".join(map(str, (SEED, *key))))


def row_limits(space: str, least: int, most: int) -> list[int]:
    """Three limits, one in each third of the logarithmic range."""
    width = math.log(most / least) / LIMITS_PER_SPACE
    return [round(least * math.exp(width * (third + drawn(space, "limit", third).random())))
            for third in range(LIMITS_PER_SPACE)]


class Memory:
    """Peak memory of an arm: weights plus so much a row, full at the arm's limit.

    Assumed throughout: public tables of energy or latency have no memory. The limit of an arm lies
    within 15 % of the table's; the allocator's rounding adds up to 1 %.
    """

    def __init__(self, table: str, arm: str, limit: int, device_mib: int):
        source = drawn(table, arm, "memory")
        self.limit = limit * source.uniform(0.85, 1.15)
        self.device = device_mib * MIB
        self.weights = source.uniform(0.3, 0.7) * self.device
        self.source = source

    def peak(self, batch: int) -> int | None:
        """None: it does not fit."""
        exact = self.weights + (self.device - self.weights) * batch / self.limit
        rough = exact * (1 - self.source.uniform(0, 0.01))
        return None if batch > self.limit else min(self.device, round(rough / (2 * MIB)) * 2 * MIB)


def with_memory(table: str, rows: list[Row], limit: int, device_mib: int) -> list[Row]:
    """The rows, those beyond their arm's limit out of memory."""
    memories = {arm: Memory(table, arm, limit, device_mib) for arm in {row.arm for row in rows}}
    limited = []
    for row in rows:
        peak = memories[row.arm].peak(row.batch)
        limited.append(dataclasses.replace(row, peak_memory_bytes=peak) if peak is not None
                       else Row(row.arm, row.batch, status="out_of_memory"))
    return limited


def limited_tables(space: str, rows: list[Row], device_mib: int, least: int,
                   most: int) -> list[Table]:
    return [Table(name, with_memory(name, rows, limit, device_mib), 1, device_mib)
            for limit in row_limits(space, least, most)
            for name in [f"{space}_rows{limit}"]]


def kernel_factors(space: str, arm: str, batches: list[int]) -> dict[int, float]:
    """One factor on power per kernel, and a new kernel every 64 tokens or so."""
    source = drawn(space, arm, "kernels")
    factor, before, factors = source.gauss(1, KERNEL_SPREAD), 0, {}
    for batch in batches:
        if source.random() < 1 - math.exp(-(batch - before) / KERNEL_SPAN_TOKENS):
            factor = source.gauss(1, KERNEL_SPREAD)
        factors[batch], before = factor, batch
    return factors


def vidur_watts(gpu: Gpu, tokens: int) -> float:
    share = LOW_SHARE + RISE_SHARE * tokens / (tokens + HALF_TOKENS)
    return gpu.idle_watts + (gpu.full_watts - gpu.idle_watts) * share


def vidur(source: pathlib.Path) -> list[Table]:
    curves = collections.defaultdict(dict)
    with gzip.open(source / "vidur_mlp/mlp_latency_ms.csv.gz", "rt") as file:
        for record in csv.DictReader(file):
            tokens = int(record["num_tokens"])
            latency = sum(float(value) for column, value in record.items()
                          if column.endswith(".median") and value)
            model = record["model"].split("/")[-1].lower()
            if tokens <= 1024:
                degree = int(record["num_tensor_parallel_workers"])
                curves[record["gpu"], model].setdefault(degree, {})[tokens] = latency
    tables = []
    for (gpu, model), degrees in sorted(curves.items()):
        space, rows = f"{gpu}_{model}", []
        for degree, latencies in sorted(degrees.items()):
            factors = kernel_factors(space, f"tp{degree}", sorted(latencies))
            for tokens, latency in sorted(latencies.items()):
                watts = degree * vidur_watts(GPUS[gpu], tokens) * factors[tokens]
                rows.append(Row(f"tp{degree}", tokens, latency, watts * latency / 1000 / tokens))
        tables += limited_tables(space, rows, GPUS[gpu].memory_mib, 48, 1024)
    return tables


def gemm_stacks(source: pathlib.Path) -> list[Table]:
    spaces = collections.defaultdict(list)
    with open(source / "aiconfigurator_gemm_power/derived_stacks.csv", encoding="utf-8") as file:
        for record in csv.DictReader(file):
            batch, latency = int(record["batch_tokens"]), float(record["latency_ms"])
            joules = float(record["power_clean_w"]) * latency / 1000 / batch
            spaces[record["gpu"], record["model"]].append(
                Row(record["dtype"], batch, latency, joules))
    return [table for (gpu, model), rows in sorted(spaces.items())
            for table in limited_tables(f"{gpu}_{model}", rows, GPUS[gpu].memory_mib, 256, 32_768)]


# Samples of one epoch. They scale a table as a whole: no comparison within it depends on them.
EPOCH_SAMPLES = {"cifar100": 50_000, "imagenet": 1_281_167, "librispeech": 281_241,
                 "movielens-1m": 994_169, "sentiment140": 1_600_000, "squad": 88_641}


def zeus(source: pathlib.Path) -> list[Table]:
    spaces = collections.defaultdict(list)
    for path in sorted((source / "zeus_nsdi23_trace").glob("summary_power_*.csv")):
        gpu = path.stem.removeprefix("summary_power_")
        with open(path, encoding="utf-8") as file:
            for record in csv.DictReader(file):
                samples, batch = EPOCH_SAMPLES[record["dataset"]], int(record["batch_size"])
                seconds, watts = float(record["time_per_epoch"]), float(record["average_power"])
                space = f"{gpu}_{record['dataset']}_{record['network']}_{record['optimizer']}"
                spaces[space.lower()].append(
                    Row(f"{record['power_limit']}w", batch, 1000 * seconds * batch / samples,
                        seconds * watts / samples))
    # Two batches are no curve.
    return [Table(space, sorted(rows, key=lambda row: (int(row.arm[:-1]), row.batch)))
            for space, rows in sorted(spaces.items()) if len({row.batch for row in rows}) >= 5]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=pathlib.Path, help="folder with the original data")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("profiles/recorded"))
    arguments = parser.parse_args()
    for name, convert in (("vidur", vidur), ("gemm_stacks", gemm_stacks), ("zeus", zeus)):
        table_files.write_set(arguments.out / name, convert(arguments.source),
                              table_readmes.READMES[name])


if __name__ == "__main__":
    main()
