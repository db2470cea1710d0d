"""Optuna and Kernel Tuner on our recorded tables, with the noise and charges of our own replay.

The real packages, in a virtual environment of their own, since nothing of ours needs them:

    python3 -m venv /tmp/peers
    /tmp/peers/bin/pip install -r benchmarks/search_peers_requirements.txt
    /tmp/peers/bin/python benchmarks/search_peers.py --tables profiles/recorded/vidur \\
        --windows 20,60 --seeds 20 --log runs.csv --out scores.csv

One run serves every limit: it goes on until the last is reached, and is scored at each. Runs are
logged as they end and never repeated, so the same command resumes. With a log that has all that is
asked for, no peer needs to be installed. How each is driven: docs/search_peers.md.
"""

import argparse
import importlib.metadata
import os
import platform
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing import get_context
from pathlib import Path

from peers.recorded import (BadInput, Charges, Inconsistent, Limit, Noise, NoisyMeter, Run,
                            read_table)
from peers.run_log import Key, Logged, RunLog, file_crc32, score, summary, write_scores
from peers.self_test import self_test

# What each gets told: docs/search_peers.md.
PEERS = {
    "optuna_tpe_naive": "TPE, a failure told as FAIL",
    "optuna_tpe_penalty": "multivariate TPE, a failure told as 10 x the worst energy",
    "optuna_tpe_bmax": "multivariate TPE, told the exact largest batch of each arm",
    "optuna_gp_bmax": "GPSampler, told the exact largest batch of each arm",
    "optuna_gp_log_bmax": "the same, told logarithms of energies",
    "kernel_tuner_bayes_opt": "as released",
    "kernel_tuner_bayes_opt_repaired": "leaves failures out of its model, as it means to",
    "kernel_tuner_genetic_algorithm": "as released",
    "kernel_tuner_greedy_ils": "as released",
}
LIMITS = {
    "windows": "windows",
    "seconds": "seconds",
    "joules": "joules",
    "sweep_seconds": "shares of a sweep's seconds",
    "sweep_joules": "shares of a sweep's joules",
}
PACKAGES = ["optuna", "kernel-tuner", "numpy", "scipy", "scikit-learn", "torch"]


def provenance():
    """Of the log's first line; nothing where a peer is not installed."""
    try:
        versions = [f"{name} {importlib.metadata.version(name)}" for name in PACKAGES]
    except importlib.metadata.PackageNotFoundError:
        return ""
    return "; ".join([f"Python {platform.python_version()}", *versions, str(Noise()),
                      str(Charges())])


def installed_peers():
    from peers import kernel_tuner_peers, optuna_peers

    return optuna_peers.PEERS | kernel_tuner_peers.PEERS


def play(path, searcher, seed, limits):
    """One run, in a process of the pool."""
    table = read_table(path)
    limits = [limit.on(table) for limit in limits]
    run = Run(table, NoisyMeter(Noise(), seed), limits)
    try:
        installed_peers()[searcher](run, seed)
        ended = "limit" if run.exhausted else "itself"
    except Inconsistent:
        raise
    except Exception as error:  # A peer's own failure is a result: it answers with what it has.
        if not run.evaluations:
            raise
        ended = type(error).__name__
    return Logged(limits, ended, run.evaluations)


def play_all(todo, jobs, stop_at, log):
    """Logs each run as it ends; few are ahead of the pool, so that stopping is quick."""
    pending = {}
    # Spawned, so that they read the environment that `main` sets.
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        for key, path, limits in todo:
            if time.monotonic() > stop_at:
                break
            future = pool.submit(play, path, key.searcher, key.seed, limits)
            pending[future] = key
            if len(pending) > jobs:
                collect(pending, log, FIRST_COMPLETED)
        collect(pending, log, "ALL_COMPLETED")


def collect(pending, log, when):
    for future in wait(pending, return_when=when).done:
        log.add(pending.pop(future), future.result())


def table_files(paths):
    files = []
    for path in paths:
        found = sorted(path.glob("*.csv")) if path.is_dir() else [path]
        if not found:
            raise BadInput(f"{path} holds no *.csv: name a table or a folder of tables.")
        files += found
    return files


def positive_list(text):
    try:
        values = [float(word) for word in text.split(",")]
    except ValueError:
        values = [0]
    if not all(0 < value < float("inf") for value in values):
        raise argparse.ArgumentTypeError(f"'{text}': positive numbers, separated by commas")
    return values


def count(text):
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"'{text}': a whole number, 1 at least")
    return int(text)


def peer_list(text):
    unknown = [name for name in text.split(",") if name not in PEERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown '{unknown[0]}'. There are {', '.join(PEERS)}")
    return text.split(",")


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(
        description=__doc__.split("\n", 1)[0], formatter_class=argparse.RawTextHelpFormatter,
        epilog="peers:\n" + "\n".join(f"  {name:32} {what}" for name, what in PEERS.items()))
    parser.add_argument("--tables", type=Path, nargs="+", help="recorded tables, or folders")
    parser.add_argument("--every", type=count, default=1, metavar="K",
                        help="only every K-th of the tables")
    parser.add_argument("--peers", type=peer_list, default=list(PEERS), metavar="LIST")
    parser.add_argument("--seeds", type=count, default=20, metavar="N", help="seeds 0 .. N-1")
    for kind in LIMITS:
        parser.add_argument(f"--{kind.replace('_', '-')}", type=positive_list, default=[],
                            metavar="LIST", help=f"score at these {LIMITS[kind]}")
    parser.add_argument("--log", type=Path, help="every run; goes on where it ends")
    parser.add_argument("--out", type=Path, help="scores as CSV, a row per run and limit")
    parser.add_argument("--jobs", type=count, default=1, metavar="N")
    parser.add_argument("--stop-after", type=count, metavar="SECONDS",
                        help="begin no run later than that")
    parser.add_argument("--self-test", action="store_true",
                        help="check noise and charges; needs no peer")
    options = parser.parse_args(arguments)
    if not options.self_test:
        for name in ("tables", "log"):
            if not getattr(options, name):
                parser.error(f"--{name} is missing")
    options.limits = [Limit(kind, value) for kind in LIMITS for value in getattr(options, kind)]
    if not options.self_test and not options.limits:
        parser.error("no limit: give --windows, --seconds or --joules")
    return options


def asked_for(options):
    """(key, file, table) of every run that the scores need."""
    for path in table_files(options.tables)[::options.every]:
        table, crc32 = read_table(path), file_crc32(path)
        for searcher in options.peers:
            for seed in range(options.seeds):
                yield Key(table.set_name, table.name, crc32, searcher, seed), path, table


def missing(asked, log, limits):
    """A first seed of everything before the second of anything: cut short, it is still even."""
    for key, path, table in sorted(asked, key=lambda entry: entry[0].seed):
        logged = log.runs.get(key)
        if not logged or not all(logged.covers(table, limit) for limit in limits):
            yield key, path, limits


def run_peers(options):
    if options.log.suffix == ".gz" and not options.log.exists():
        raise BadInput(f"there is no {options.log}.")
    log = RunLog(options.log, provenance())
    asked = list(asked_for(options))
    todo = list(missing(asked, log, options.limits))
    if todo and not provenance():
        raise BadInput(f"{len(todo)} runs are not in {options.log} and the peers are not "
                       "installed: see the top of this file.")
    if todo and log.packed:
        raise BadInput(f"{len(todo)} runs are not in {options.log}: unpack it to add them.")
    begin = time.monotonic()
    stop_at = begin + (options.stop_after or float("inf"))
    play_all(todo, options.jobs, stop_at, log)
    left = len(list(missing(asked, log, options.limits)))
    print(f"{len(todo) - left} runs in {time.monotonic() - begin:.0f} s, {left} left",
          file=sys.stderr)
    rows = [score(table, key, log.runs[key], limit) for key, _, table in asked
            if key in log.runs for limit in options.limits
            if log.runs[key].covers(table, limit)]
    if options.out:
        write_scores(options.out, rows)
    print(summary(rows))


def main():
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # Of each job.
    os.environ["PYTHONHASHSEED"] = "0"  # greedy_ils goes by the order of a set of strings.
    options = parse_arguments(sys.argv[1:])
    try:
        if options.self_test:
            self_test()
        else:
            run_peers(options)
    except BadInput as error:
        print(f"search_peers: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
