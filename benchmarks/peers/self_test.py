"""Noise and charges checked against what docs/search.md says of them; needs no peer."""

import math
import statistics

from .recorded import Done, Limit, Noise, NoisyMeter, Row, Run, Table, cut, parsed, written


def small_table():
    """Two arms of 100 W and 200 W; batch 4 of `b` is out of memory."""
    return Table("set", "small", [
        Row("a", 1, 10, 1.0, "ok"), Row("a", 2, 10, 0.5, "ok"), Row("b", 1, 10, 2.0, "ok"),
        Row("b", 2, 10, 1.0, "ok"), Row("b", 4, None, None, "out_of_memory")])


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def close(value, expected, tolerance, what):
    check(abs(value - expected) <= tolerance, f"{what}: {value}, not {expected} ± {tolerance}")


def deviations(noise, seed, count):
    meter = NoisyMeter(noise, seed)
    return [meter.joules(1, 0) - 1 for _ in range(count)]


def a_seed_names_its_noise():
    check(deviations(Noise(), 1, 50) == deviations(Noise(), 1, 50), "same seed, other noise")
    check(deviations(Noise(), 1, 50) != deviations(Noise(), 2, 50), "other seed, same noise")


def windows_scatter_by_sigma_and_rho():
    series = deviations(Noise(drift=0), 3, 40_000)
    close(statistics.fmean(series), 0, 0.0007, "mean")  # Four of its standard errors.
    close(statistics.pstdev(series), 0.024, 0.0005, "sigma")
    lag = statistics.fmean(x * y for x, y in zip(series, series[1:])) / 0.024**2
    close(lag, 0.3, 0.03, "lag-1 correlation")


def first_windows_scatter_as_all():
    firsts = [deviations(Noise(drift=0), seed, 1)[0] for seed in range(4_000)]
    close(statistics.pstdev(firsts), 0.024, 0.0012, "sigma of the first window")


def drift_grows_with_time():
    def reading(seed, seconds):
        return NoisyMeter(Noise(sigma=0), seed).joules(1, seconds) - 1

    late = [reading(seed, 1e6) for seed in range(4_000)]
    close(statistics.pstdev(late), 0.01, 0.0005, "drift")
    close(reading(5, 120) / late[5], math.tanh(1), 1e-9, "share of the drift after 120 s")
    close(reading(5, 0), 0, 1e-12, "drift at the start")


def charges_are_those_documented():
    table = small_table()
    run = Run(table, NoisyMeter(Noise(), 0), [Limit("windows", 4)])
    readings = [run.measure(index) for index in (0, 1, 3, 4)]
    # No switch for the first; 8 s to arm b; 2 s for the failure, at the mean of 100 and 200 W.
    close(run.spent.seconds, 1.5 + 1.5 + 9.5 + 2, 1e-9, "seconds")
    close(run.spent.joules, 300 + 9.5 * 200 + 2 * 150, 1e-9, "joules")
    check((run.spent.windows, run.spent.out_of_memory) == (4, 1), "counts")
    check(readings[3] is None and None not in readings[:3], "only the failure reads nothing")
    check([improves for _, improves in run.evaluations][:2] == [True, True], "better is a pick")


def noiseless_readings_are_the_truth():
    run = Run(small_table(), NoisyMeter(Noise(0, 0, 0), 0), [Limit("windows", 2)])
    check((run.measure(0), run.measure(3)) == (1.0, 1.0), "noiseless readings")
    check(run.evaluations == [(0, True), (3, False)], "an equal one is no new pick")


def a_run_ends_with_its_last_limit():
    run = Run(small_table(), NoisyMeter(Noise(), 0), [Limit("windows", 1), Limit("seconds", 4.5)])
    for _ in range(3):
        run.measure(0)
    try:
        run.measure(0)
    except Done:
        check(run.spent.windows == 3, "windows within 4.5 s")
        return
    raise AssertionError("a step beyond every limit was measured")


def a_cut_run_is_the_run_of_that_limit():
    table, order = small_table(), [2, 0, 4, 1, 3, 1, 4, 0]
    long = Run(table, NoisyMeter(Noise(), 7), [Limit("windows", len(order))])
    for index in order:
        long.measure(index)
    for limit in (Limit("windows", 3), Limit("seconds", 22), Limit("joules", 3_000)):
        short = Run(table, NoisyMeter(Noise(), 7), [limit])
        try:
            for index in order:
                short.measure(index)
        except Done:
            pass
        spent, pick, ended = cut(table, long.evaluations, limit)
        picks = [index for index, improves in short.evaluations if improves]
        check(ended and (spent, pick) == (short.spent, picks[-1]), f"cut at {limit}")


def a_share_is_of_what_a_sweep_costs():
    # 1.5 + 1.5 s of arm a at 100 W, 9.5 + 1.5 s of b at 200 W, 2 s of its failure at 150 W.
    limit = Limit("sweep_seconds", 0.5).on(small_table())
    check(limit.kind == "seconds", "kind of a share")
    close(limit.value, 0.5 * 16, 1e-9, "half of a sweep's seconds")
    close(Limit("sweep_joules", 1).on(small_table()).value, 2_800, 1e-9, "a sweep's joules")


def the_score_is_of_the_true_value():
    table = small_table()
    close(table.regret(1), 0, 1e-12, "regret of the best")
    close(table.regret(3), 1, 1e-12, "regret of twice the best")


def a_log_says_what_was_run():
    evaluations = [(12, True), (3, False), (44, True)]
    check(written(evaluations) == "12* 3 44*", "as written")
    check(parsed(written(evaluations)) == evaluations, "as read again")


TESTS = [
    a_seed_names_its_noise, windows_scatter_by_sigma_and_rho, first_windows_scatter_as_all,
    drift_grows_with_time, charges_are_those_documented, noiseless_readings_are_the_truth,
    a_run_ends_with_its_last_limit, a_cut_run_is_the_run_of_that_limit,
    a_share_is_of_what_a_sweep_costs, the_score_is_of_the_true_value, a_log_says_what_was_run,
]


def self_test():
    for test in TESTS:
        test()
        print(f"ok {test.__name__}")
