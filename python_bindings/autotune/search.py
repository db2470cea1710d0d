"""Driving the search with a meter of your own: it says what to measure next, you say what came of it.

    >>> from autotune.search import Searcher
    >>> search = Searcher(["zlib", "lzma"], range(1, 257), windows=40, seed=1)
    >>> for step in search:
    ...     search.tell(step, **measure(step.kind, step.arm, step.batch))
    >>> search.best()
    Verdict(arm='zlib', batch=96, joules_per_unit=0.0021, reference=None, ratio=None)

An *arm* is any variant with a name of its own; a *batch* is any size whose cost per unit of work has
a best somewhere. Nothing here measures, reads a clock or knows what the arms are. The same seed and
the same outcomes give the same steps.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from . import _core
from ._errors import ProfileError, UsageError

__all__ = [
    "ClosestMiss",
    "Prior",
    "Ratio",
    "Searcher",
    "Spent",
    "Step",
    "Verdict",
    "prior_from",
    "searchers",
]


@dataclasses.dataclass(frozen=True)
class Step:
    """One thing to measure."""

    id: int
    kind: str
    """`fit`: does this batch run, and with how much memory; `probe`: a few iterations, for the
    latency only; `window`: the energy, over about a second or longer."""
    arm: str
    batch: int
    round: int = 0
    """Windows of one round are to be compared with each other, so keep other work out of it; 0 while
    searching."""
    seconds: float = 0.0
    """How long the window should be; 0: as you like, but always the same."""


@dataclasses.dataclass(frozen=True)
class Ratio:
    """Energy of one configuration over that of another."""

    value: float
    ci95: tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Verdict:
    """The best configuration that was measured and keeps within the limits."""

    arm: str
    batch: int
    joules_per_unit: float
    reference: tuple[str, int] | None = None
    """What `ratio` compares with: the incumbent, else what the searcher chose itself."""
    ratio: Ratio | None = None
    """None if the two were not measured in the same rounds."""


@dataclasses.dataclass(frozen=True)
class ClosestMiss:
    """What breaks the limits by the smallest factor, where nothing keeps them."""

    arm: str
    batch: int
    latency_ms: float | None
    latency_p99_ms: float | None
    peak_memory_bytes: int | None
    joules_per_unit: float | None


@dataclasses.dataclass(frozen=True)
class Spent:
    """What the steps told so far have cost."""

    fits: int
    probes: int
    windows: int
    seconds: float
    joules: float


@dataclasses.dataclass(frozen=True)
class Prior:
    """What is known of the same workload on other hardware: where to look, never what to answer."""

    edges: Sequence[int] = ()
    """Batches after which the energy per unit jumped."""
    promising: Sequence[tuple[str, int]] = ()
    """The best `(arm, batch)` there, best first. What the space lacks is passed over."""


class Searcher:
    """Proposes what to measure next and learns from what came of it."""

    def __init__(
        self,
        arms: Iterable[str],
        batches: Iterable[int] | Mapping[str, Iterable[int]],
        *,
        windows: int | None = None,
        seconds: float | None = None,
        joules: float | None = None,
        seed: int = 0,
        searcher: str | None = None,
        max_latency_ms: float | None = None,
        max_memory_bytes: int | None = None,
        incumbent: tuple[str, int] | None = None,
        units_per_row: float = 1.0,
        prior: Prior | None = None,
    ) -> None:
        """Makes a search over every arm at every one of its batches.

        Args:
            arms: Their names.
            batches: For all arms, or a dict with those of each arm. They need not be contiguous.
            windows: How many windows it may take; probes and fits are not counted. By default, as
                without the next two, until no measurement can change the answer.
            seconds: How many seconds it may take, by what you tell of each step.
            joules: How many joules it may take, by what you tell of each step.
            seed: Of its random choices.
            searcher: How to search: a name of `searchers()`; by default the first.
            max_latency_ms: Limit on the p99 latency of an iteration, in milliseconds.
            max_memory_bytes: Limit on the peak memory, in bytes.
            incumbent: The `(arm, batch)` in use today; measured first, and compared with.
            units_per_row: Units of work per row of a batch, like tokens per sentence.
            prior: What is known from other hardware.

        Raises:
            UsageError: If the space is empty or an option cannot be used; the message names it.

        >>> Searcher(["fp32", "bf16"], {"fp32": range(1, 65), "bf16": [8, 16, 32]}, windows=20)
        <autotune.search.Searcher: 2 arms, 67 configurations>
        """
        names = _names(arms)
        by_arm = _batches_of(names, batches)
        self._seconds, self._joules = seconds, joules
        self._size = (len(names), sum(map(len, by_arm.values())))
        self._asked: Step | None = None
        request = _core.SearchRequest()
        options = {
            "searcher": searcher or "",
            "arms": list(by_arm.items()),
            "seed": seed,
            "windows": windows,
            "seconds": seconds,
            "joules": joules,
            "max_latency_ms": max_latency_ms,
            "max_memory_bytes": max_memory_bytes,
            "incumbent": incumbent,
            "units_per_row": units_per_row,
            "prior_edges": list(prior.edges) if prior else [],
            "prior_promising": list(prior.promising) if prior else [],
        }
        _assign(request, options)
        self._search = _core.Search(request)

    def ask(self) -> Step | None:
        """The next step; None once it is done or the budget is spent (`why_ended()` says which).

        Asked again before the step was told, it gives the same step again.
        """
        asked = self._search.ask()
        self._asked = None if asked is None else Step(*asked)
        return self._asked

    def tell(
        self,
        step: Step,
        *,
        status: str = "ok",
        latency_ms: float | None = None,
        latency_p99_ms: float | None = None,
        joules_per_unit: float | None = None,
        peak_memory_bytes: int | None = None,
        seconds: float | None = None,
        joules: float | None = None,
    ) -> None:
        """What came of a step. A failure is an outcome like any other: tell it by its status.

        Args:
            step: What `ask` gave; each is told once.
            status: `ok`, `out_of_memory`, `inaccurate`, `too_slow`, `crashed`, `timed_out` or
                `unsupported`. The last and `inaccurate` rule out the arm, `out_of_memory` the larger
                batches.
            latency_ms: Median time of an iteration, in milliseconds. A probe needs it.
            latency_p99_ms: Its 99th percentile, or the maximum below 100 iterations; by default the
                median is held against `max_latency_ms`.
            joules_per_unit: Energy per unit of work, in joules, or whatever else should be lowest. A
                window needs it.
            peak_memory_bytes: Peak memory, in bytes. With `max_memory_bytes` fits and windows need
                it; without, it helps to know how far the batches go.
            seconds: What the step cost, warm-up included. A budget of seconds needs it.
            joules: What the step cost. A budget of joules needs it.

        Raises:
            UsageError: If a value is missing or cannot be, or the step was not asked, or told
                before. Nothing is learnt then, and the step is still to be told.
        """
        if not isinstance(step, Step):
            raise TypeError(f"step cannot be {step!r}: tell the Step that ask() gave.")
        for name, budget, cost in (
            ("seconds", self._seconds, seconds),
            ("joules", self._joules, joules),
        ):
            if budget is not None and cost is None:
                raise UsageError(
                    f"step {step.id} gives no {name}: tell {name}=, what it cost. The budget of "
                    f"{budget:g} {name} needs it."
                )
        outcome = _core.Outcome()
        values = {
            "latency_ms": latency_ms,
            "latency_p99_ms": latency_p99_ms,
            "joules_per_unit": joules_per_unit,
            "peak_memory_bytes": peak_memory_bytes,
            "seconds": 0.0 if seconds is None else seconds,
            "joules": 0.0 if joules is None else joules,
        }
        _assign(outcome, values)
        self._search.tell(dataclasses.astuple(step), status, outcome)
        self._asked = None

    def best(self) -> Verdict | None:
        """The best measured configuration; None before the first window within the limits."""
        found = self._search.best()
        if found is None:
            return None
        arm, batch, joules_per_unit, reference, ratio = found
        compared = None if ratio is None else Ratio(ratio[0], ratio[1:])
        return Verdict(arm, batch, joules_per_unit, reference, compared)

    def finalists(self) -> list[tuple[str, int]]:
        """What deserves to be measured again now, the most promising `(arm, batch)` first; empty if
        the searcher has no opinion beyond what it measured."""
        return self._search.finalists()

    def closest_miss(self) -> ClosestMiss | None:
        """Where `best` has nothing although something ran: what breaks the limits by least."""
        found = self._search.closest_miss()
        return None if found is None else ClosestMiss(*found)

    def why_ended(self) -> str:
        """Why `ask` gave None, in a few words; empty before."""
        return self._search.why_ended()

    def spent(self) -> Spent:
        """What the steps told so far have cost."""
        return Spent(*self._search.spent())

    def __iter__(self) -> Iterator[Step]:
        """The steps until the search is done. Each must be told before the next.

        Raises:
            UsageError: If the step before was not told.
        """
        while True:
            untold = self._asked
            if untold is not None:
                raise UsageError(
                    f"step {untold.id} ({untold.kind} of arm {untold.arm!r}, batch {untold.batch}) "
                    "was not told. Call tell(step, …) for each, with status='crashed' or the like "
                    "where there is nothing to tell."
                )
            step = self.ask()
            if step is None:
                return
            yield step

    def __repr__(self) -> str:
        arms, size = self._size
        return f"<autotune.search.Searcher: {arms} arms, {size} configurations>"


def searchers() -> dict[str, str]:
    """The searchers by name, each with what it does; the first is the default.

    >>> list(autotune.search.searchers())[0]
    'hybrid'
    """
    return dict(_core.searchers())


def prior_from(profile: str | os.PathLike[str]) -> Prior:
    """What a profile of the same workload, mostly on other hardware, says about where to look.

    Args:
        profile: The path of a profile file, as `Result.profile_path` gives it.

    Returns:
        As edges the batches after which the energy per unit rises by more than 3 % up to the next
        one that was measured; as promising the five best. Arms are named as in the profile:
        `precision=bf16,layout=plain`.

    Raises:
        ProfileError: If the file is no profile, or cannot be read.

    >>> search = Searcher(arms, batches, prior=prior_from("profiles/NVIDIA-A100/minilm.json"))
    """
    try:
        text = Path(profile).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{os.fspath(profile)} cannot be read: {error}") from None
    return Prior(*_core.prior_of_profile(text))


def _names(arms: Iterable[str]) -> list[str]:
    if isinstance(arms, str):
        raise UsageError(f"arms {arms!r} is one name: give a list, like [{arms!r}].")
    names = list(arms)
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"an arm cannot be {name!r}, a {type(name).__name__}: give its name.")
    return names


def _batches_of(
    names: list[str], batches: Iterable[int] | Mapping[str, Iterable[int]]
) -> dict[str, list[int]]:
    if not isinstance(batches, Mapping):
        shared = list(batches)
        if len(set(names)) < len(names):
            raise UsageError(f"an arm is named twice in {names}.")
        return {name: shared for name in names}
    if set(batches) != set(names):
        odd = sorted(set(batches) ^ set(names), key=str)
        raise UsageError(f"arms and batches name different arms: {', '.join(map(repr, odd))}.")
    return {name: list(batches[name]) for name in names}


def _assign(target: object, values: Mapping[str, object]) -> None:
    for name, value in values.items():
        try:
            setattr(target, name, value)
        except TypeError:
            shown = f"{name} cannot be {value!r}, a {type(value).__name__}."
            raise TypeError(shown) from None
