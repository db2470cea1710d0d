"""autotune.search: ask and tell with a meter of one's own."""

import dataclasses
import math
import subprocess
import sys
from pathlib import Path

import pytest

import autotune
from autotune.search import ClosestMiss, Prior, Searcher, Step, prior_from, searchers

EXAMPLE = Path(__file__).parents[2] / "examples" / "search_your_own.py"
NAMES = list(searchers())


def outcome(step, memory_limit=math.inf):
    """Tiles of 24 rows, 2 ms an iteration, 100 W or, in arm `b`, 95 W."""
    if step.batch > memory_limit:
        return {"status": "out_of_memory", "seconds": 2.0, "joules": 0.0}
    ms = 2 + math.ceil(step.batch / 24)
    watts = 95 if step.arm == "b" else 100
    told = {"latency_ms": ms, "seconds": 1.0, "joules": 1.0 * watts}
    told["peak_memory_bytes"] = 1000 + 10 * step.batch
    if step.kind == "window":
        told["joules_per_unit"] = watts * ms / 1000 / step.batch
    return told


def run(search, limit=2000, **options):
    steps = []
    for step in search:
        steps.append(step)
        search.tell(step, **outcome(step, **options))
        assert len(steps) < limit
    return steps


def search_of(**options):
    return Searcher(["a", "b"], range(1, 65), **{"windows": 30, "searcher": "random"} | options)


def test_the_searchers_are_named_and_the_first_is_the_default():
    assert {"hybrid", "latency_first", "sweep", "thompson"} <= set(NAMES)
    default = [search.ask() for search in (search_of(searcher=None), search_of(searcher=NAMES[0]))]
    assert default[0] == default[1]


@pytest.mark.parametrize("name", NAMES)
def test_every_searcher_runs_within_its_windows_and_answers(name):
    search = search_of(searcher=name, seed=3, incumbent=("a", 1))
    steps = run(search, memory_limit=50)
    assert (steps[0].kind, steps[0].arm, steps[0].batch) == ("window", "a", 1)
    assert sum(step.kind == "window" for step in steps) <= 30
    assert search.best().batch <= 50
    assert search.why_ended()
    assert search.ask() is None


def test_the_same_seed_and_outcomes_give_the_same_steps():
    assert run(search_of(seed=5)) == run(search_of(seed=5))
    assert run(search_of(seed=5)) != run(search_of(seed=6))


def test_latency_first_finds_the_last_batch_of_a_tile_and_its_saving():
    search = search_of(searcher="latency_first", incumbent=("a", 1))
    run(search, memory_limit=50)
    best = search.best()
    assert (best.arm, best.batch, best.reference) == ("b", 48, ("a", 1))
    assert best.ratio.value == pytest.approx(95 * 4 / 48 / (100 * 3), rel=1e-6)
    assert search.finalists()[0] == ("b", 48)


def test_arms_may_have_batches_of_their_own_in_any_order():
    search = Searcher(["a", "b"], {"a": [8, 2, 4], "b": (5,)}, searcher="sweep")
    assert {(step.arm, step.batch) for step in run(search)} == {
        ("a", 2), ("a", 4), ("a", 8), ("b", 5),
    }


def test_asked_again_it_gives_the_same_step():
    search = search_of()
    first = search.ask()
    assert search.ask() == first
    search.tell(first, **outcome(first))
    assert search.ask() != first


def test_the_budgets_of_seconds_and_joules_end_it_by_what_was_told():
    search = search_of(windows=None, seconds=12)
    assert len(run(search)) == 12
    assert "12 s" in search.why_ended()
    assert search.spent().windows == 12
    search = search_of(windows=None, joules=1000)
    run(search)
    assert 1000 <= search.spent().joules < 1100


def test_nothing_within_the_limits_is_an_answer_with_the_closest_miss():
    search = search_of(searcher="sweep", windows=None, max_memory_bytes=500)
    run(search)
    assert search.best() is None
    assert search.closest_miss() == ClosestMiss("a", 1, 3.0, None, 1010, pytest.approx(0.3))


def test_iterating_past_a_step_that_was_not_told_is_an_error():
    search = search_of()
    steps = iter(search)
    next(steps)
    with pytest.raises(autotune.UsageError, match="step 0 .*was not told"):
        next(steps)


def refused(search, step, match, kind=autotune.UsageError, **values):
    with pytest.raises(kind, match=match):
        search.tell(step, **values)


GOOD = {"latency_ms": 1.0, "joules_per_unit": 1.0}


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"latency_ms": 1.0}, "step 0 .* gives no joules_per_unit"),
        (GOOD | {"joules_per_unit": math.nan}, "joules_per_unit nan"),
        (GOOD | {"joules_per_unit": -1.0}, "joules_per_unit -1"),
        (GOOD | {"latency_ms": 0.0}, "latency_ms 0"),
        (GOOD | {"latency_p99_ms": 0.5}, "latency_p99_ms 0.5 is below"),
        (GOOD | {"seconds": -1.0}, "seconds -1"),
        (GOOD | {"joules": math.inf}, "joules inf"),
        (GOOD | {"status": "fine"}, "unknown status 'fine'.*out_of_memory"),
    ],
)
def test_an_outcome_that_cannot_be_is_refused_and_nothing_is_learnt(values, message):
    search = search_of()
    step = search.ask()
    refused(search, step, message, **values)
    assert search.best() is None
    assert search.ask() == step
    search.tell(step, **GOOD)
    assert search.best().joules_per_unit == 1.0


def test_a_value_of_the_wrong_type_is_named():
    search = search_of()
    step = search.ask()
    refused(search, step, "latency_ms cannot be 'fast', a str", TypeError, latency_ms="fast")
    refused(search, "step", "the Step that ask", TypeError)


def test_only_the_step_that_was_asked_can_be_told_and_once():
    search = search_of()
    step = search.ask()
    refused(search, dataclasses.replace(step, batch=step.batch % 64 + 1), "not what was asked", **GOOD)
    refused(search, dataclasses.replace(step, arm="c"), "unknown arm 'c'.*'a', 'b'", **GOOD)
    refused(search, Step(9, "window", "a", 1), "never asked", **GOOD)
    search.tell(step, **GOOD)
    refused(search, step, "told before", **GOOD)


def test_a_budget_or_a_limit_asks_for_the_value_it_needs():
    search = search_of(seconds=10)
    refused(search, search.ask(), "gives no seconds.*10 seconds", **GOOD)
    search = search_of(max_memory_bytes=1 << 20)
    refused(search, search.ask(), "gives no peak_memory_bytes", **GOOD)
    search = search_of(max_latency_ms=5)
    refused(search, search.ask(), "gives no latency", joules_per_unit=1.0)


@pytest.mark.parametrize(
    ("arms", "batches", "options", "message"),
    [
        ([], [1], {}, "no arm"),
        (["a"], [], {}, "arm 'a' has no batches"),
        (["a", "a"], [1], {}, "named twice"),
        (["a"], [0, 1], {}, "batch 0"),
        (["a"], [1, 1], {}, "listed twice"),
        ("ab", [1], {}, "one name"),
        (["a"], {"b": [1]}, {}, "different arms: 'a', 'b'"),
        (["a"], [1], {"windows": 0}, "0 windows"),
        (["a"], [1], {"seconds": math.nan}, "seconds nan"),
        (["a"], [1], {"max_latency_ms": 0}, "max_latency_ms 0"),
        (["a"], [1], {"units_per_row": -1}, "units_per_row -1"),
        (["a"], [1], {"incumbent": ("c", 1)}, "unknown arm 'c'"),
        (["a"], [1], {"incumbent": ("a", 2)}, "incumbent's batch 2"),
        (["a"], [1], {"searcher": "oracle"}, "oracle.*sweep"),
    ],
)
def test_a_search_that_cannot_be_is_a_usage_error(arms, batches, options, message):
    with pytest.raises(autotune.UsageError, match=message) as raised:
        Searcher(arms, batches, **options)
    assert raised.value.code == "usage"


@pytest.mark.parametrize("options", [{"seed": -1}, {"windows": "ten"}, {"incumbent": "a"}])
def test_an_option_of_the_wrong_type_is_named(options):
    with pytest.raises(TypeError, match=f"{next(iter(options))} cannot be"):
        Searcher(["a"], [1], **options)


def test_a_prior_may_name_what_the_space_lacks():
    prior = Prior(edges=[24, 48, 1000], promising=[("c", 7), ("b", 48), ("a", 4000)])
    search = search_of(searcher="latency_first", prior=prior)
    run(search)
    assert search.best().batch == 64


def test_the_example_tunes_chunks_of_an_array():
    pytest.importorskip("numpy")
    command = [sys.executable, str(EXAMPLE), "--seconds", "4", "--searcher", "latency_first"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert "energy: modelled as 50 W" in printed or "energy: RAPL" in printed
    assert "best: float" in printed
    assert "windows and" in printed


def test_a_profile_gives_a_prior(tuned):
    prior = prior_from(tuned.result.profile_path)
    measured = [t for t in tuned.result.trials if t.status == "ok"]
    ranked = sorted(measured, key=lambda trial: trial.measurement.joules_per_unit)
    assert [batch for _, batch in prior.promising] == [t.config.batch for t in ranked][:5]
    assert set(prior.edges) <= {trial.config.batch for trial in measured}
    arm, batch = prior.promising[0]
    assert str(ranked[0].config) == f"batch={batch},{arm}"


def test_a_prior_from_what_is_no_profile_is_a_profile_error(tmp_path):
    with pytest.raises(autotune.ProfileError, match="gone.json cannot be read"):
        prior_from(tmp_path / "gone.json")
    (tmp_path / "list.json").write_text("[1, 2]")
    with pytest.raises(autotune.ProfileError):
        prior_from(tmp_path / "list.json")
