"""Kernel Tuner's strategies in its simulation mode, over a cache that is measured when asked."""

import contextlib
import functools
import io
import random
import types
import warnings
from unittest import mock

import kernel_tuner
import numpy
from kernel_tuner import util
from kernel_tuner.strategies import bayes_opt

from .recorded import Done, Inconsistent, factors, parameter_values


class MeasuredCache(dict):
    """A simulation cache whose entries are read off the meter at the first look.

    Kernel Tuner's file cache holds every result beforehand, so that successive windows could not
    share noise or drift. What it does with a result is the same either way, and so is that a
    second look costs nothing and shows the first one's value.
    """

    def __init__(self, run):
        super().__init__()
        self.run = run
        self.stopped = False  # by the meter, maybe amid a generation whose results are then lost

        self.arms = factors(run.table.arms)

    def __contains__(self, key):
        return self.place(key) in self.run.table.at

    def __missing__(self, key):
        try:
            self[key] = self.entry(key)
        except Done:
            self.stopped = True
            raise util.StopCriterionReached("every limit is reached") from None
        return self[key]

    def place(self, key):
        *parts, batch = key.split(",")
        return self.arms[tuple(parts)], int(batch)

    def entry(self, key):
        reading = self.run.measure(self.run.table.at[self.place(key)])
        *parts, batch = key.split(",")
        entry = {f"arm{i}": part for i, part in enumerate(parts)} | {"batch": int(batch)}
        if reading is None:
            failed = util.RuntimeFailedConfig()
            return entry | {"ept": failed, "time": failed, "__error__": failed}
        # In mJ: bayes_opt subtracts an exploration factor of order 1 from what it is told, made for
        # milliseconds; joules, all far below 1, would leave it blind.
        return entry | {"ept": 1000 * reading, "time": 1000 * reading}


def tunable(table):
    """The parameters, and the rows among their combinations where some are missing."""
    arms = factors(table.arms)
    batches = sorted({row.batch for row in table.rows})
    parameters = parameter_values(arms) | {"batch": batches}
    if len(table.arms) * len(batches) == len(table.rows):
        return parameters, None
    return parameters, lambda values: place_of(values, arms) in table.at


def place_of(values, arms):
    """(arm, batch) of a result or of a combination of the parameters' values."""
    parts = [value for name, value in values.items() if name.startswith("arm")]
    return arms[tuple(parts)], values["batch"]


def seeded(seed):
    """Kernel Tuner draws from the global generators, and its first sample from an unseeded one."""
    random.seed(seed)
    numpy.random.seed(seed)
    hypercube = functools.partial(bayes_opt.LatinHypercube, rng=numpy.random.default_rng(seed))
    return mock.patch.object(bayes_opt, "LatinHypercube", hypercube)


def clocked(run):
    """bayes_opt refits its model as often as windows are slow against predictions: as often as it
    would beside a meter, and not as a simulation of no time at all has it."""
    clock = types.SimpleNamespace(
        perf_counter=lambda: run.spent.seconds,
        perf_counter_ns=lambda: int(1e9 * run.spent.seconds))
    return mock.patch.object(bayes_opt, "time", clock)


def failures_recognised():
    """Repairs bayes_opt of 1.5.0, which takes failures for observations.

    Its model leaves out observations of 1e20, but failures reach it as the largest float: after
    the first one every prediction is flat, and it walks the space in the order of its list.
    """
    cost = util.get_result_cost

    def repaired(result, objectives, higher_is_better):
        if "__error__" in result:
            return [1e20] * len(objectives)
        return cost(result, objectives, higher_is_better)

    return mock.patch.object(util, "get_result_cost", repaired)


def check_pick(run, environment):
    """Its answer is the best of what it looked at: what the log's stars say."""
    best = environment["best_config"]
    picks = [index for index, improves in run.evaluations if improves]
    if picks and run.table.at[place_of(best, factors(run.table.arms))] != picks[-1]:
        raise Inconsistent(f"Kernel Tuner picks {best}, the log {run.table.rows[picks[-1]]}.")


def search(run, seed, strategy, repair=contextlib.nullcontext):
    parameters, restrictions = tunable(run.table)
    cache = MeasuredCache(run)
    options = {
        "max_fevals": min(run.most_windows(), len(run.table.rows)),
        "searchspace_construction_options": {"framework": "bruteforce"},
    }
    with (
        seeded(seed),
        clocked(run),
        repair(),
        mock.patch.multiple(util, process_cache=lambda *_: cache, close_cache=lambda _: None),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        _, environment = kernel_tuner.tune_kernel(
            "recorded", "", 1, [], parameters, restrictions=restrictions, strategy=strategy,
            strategy_options=options, simulation_mode=True, cache="unused.json",
            objective="ept", objective_higher_is_better=False, quiet=True)
    if not cache.stopped:
        check_pick(run, environment)


PEERS = {
    f"kernel_tuner_{strategy}": functools.partial(search, strategy=strategy)
    for strategy in ("bayes_opt", "genetic_algorithm", "greedy_ils")
}
PEERS["kernel_tuner_bayes_opt_repaired"] = functools.partial(
    search, strategy="bayes_opt", repair=failures_recognised)
