"""Measuring: the model runs in the packaged worker, this process only reads the meter."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shlex
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from . import _core
from ._errors import UsageError, WorkerError
from ._results import Config, Progress, Result

_Words = str | Iterable[str] | None


def tune(
    model: str | os.PathLike[str] | None = None,
    inputs: Any = None,
    *,
    exec: str | Sequence[str] | None = None,
    input: str | Sequence[str] | None = None,
    name: str | None = None,
    unit: str | None = None,
    units_per_item: float | None = None,
    units_from_mask: int | str | None = None,
    batch_dim: str | Sequence[str] | None = None,
    hot_inputs: bool = False,
    copy_inputs: bool = False,
    pipeline: int = 1,
    device: str = "auto",
    batch: int | tuple[int, int] | None = None,
    precision: _Words = None,
    layout: _Words = None,
    threads: int | Sequence[int] | None = None,
    baseline: Config | str | None = None,
    max_latency_ms: float | None = None,
    max_memory_bytes: int | None = None,
    min_cosine: float | None = None,
    max_relative_l2: float | None = None,
    min_coverage: float | None = None,
    effort: str = "standard",
    budget_seconds: float | None = None,
    budget_joules: float | None = None,
    seed: int = 0,
    searcher: str | None = None,
    meter: str = "auto",
    on_progress: Callable[[Progress], None] | None = None,
    resume: bool = False,
    save: bool = True,
) -> Result:
    """Finds the configuration of a model with the least energy per unit of work.

    The model runs in a worker process: a configuration that crashes or runs out of memory is a
    trial's status, not the end. Other Python threads run meanwhile. Ctrl-C (in the main thread)
    ends the tune with what it has: the profile is saved, then KeyboardInterrupt is raised.

    Args:
        model: The folder of a variant set, made by `python -m autotune export`, or a file made by
            `torch.jit.save`.
        inputs: Example inputs, representative for what the model will see; by default those of the
            variant set. A file made by `torch.save`, or a tensor, or a nested tuple, list or dict of
            tensors, one element per argument. Dimension 0 is the batch.
        exec: In place of a model, a program that speaks docs/worker_protocol.md, with its
            arguments: a command line, or a list of words.
        input: Instead of `inputs`, one spec per argument: `int64[batch,128]:0..30521`,
            `float32[batch,3,224,224]:normal`.
        name: Name of the workload, to look the answer up by; by default the file's stem.
        unit: Unit of work; by default `item`, or `token` with `units_from_mask`.
        units_per_item: Units of work per row; by default 1.
        units_from_mask: The argument whose sum counts units: `1`, or `"2.0"` inside a nested one.
        batch_dim: `ARG:DIM` or `ARG:none`, for each argument whose batch is not dimension 0.
        hot_inputs: Whether every iteration takes the first rows; by default the next ones.
        copy_inputs: Whether iterations hold the copy of inputs to the device and their casts; by
            default both are done before.
        pipeline: Batches on a GPU at once, as a throughput job has them; by default 1.
        device: `auto` (the first GPU, else the CPU), `cpu`, `cuda` or `cuda:N`.
        batch: First and last batch size, or the only one; by default (1, 128) on a CPU and
            (1, 1024) on a GPU.
        precision: Only these: `fp32`, `tf32`, `fp16`, `bf16`, `int8`.
        layout: Only these: `plain`, `channels_last`, `prepacked`, `compiled`.
        threads: CPU threads to try in every arm, such as `(1, 2)`; by default as the process is.
        baseline: What runs today, as a Config or its text; measured first.
        max_latency_ms: Limit on p99 per iteration, in milliseconds.
        max_memory_bytes: Limit on peak memory, in bytes.
        min_cosine: Least cosine of the worst row against FP32; by default 0.999.
        max_relative_l2: Largest relative L2 error against FP32; by default from `min_cosine`.
        min_coverage: Least share of a model's matrix FLOPs that an arm runs in its precision; one
            that reaches less is `unsupported`. By default 0.5.
        effort: `quick` (a minute, claims nothing), `standard` (minutes) or `full` (half an hour).
        budget_seconds: Wall time of all of it, in seconds; by default 60, 300 or 1,800 by effort.
        budget_joules: Energy of the tune itself, in joules; by default what the device can draw in
            that time.
        seed: Of the search and of generated inputs.
        searcher: How to search; by default what the command line uses.
        meter: `auto`, `nvml`, `nvml:N`, `rapl` or `modelled`.
        on_progress: Called with a Progress before each measurement. What it raises ends the tune
            as Ctrl-C does.
        resume: Whether to go on with the newest journal of this workload on this device; all else
            must be as it was.
        save: Whether to keep the profile, which `autotune.best` reads.

    Raises:
        Error: If the set-up is broken; its subclasses and `code` say in which way.

    >>> result = autotune.tune("minilm.pt", (ids, mask), units_from_mask=1, effort="quick")
    >>> print(result.best.config, result.best.measurement.joules_per_unit)
    batch=28,precision=bf16,layout=plain 0.00066
    """
    _require_positive(
        units_per_item=units_per_item,
        pipeline=pipeline,
        max_latency_ms=max_latency_ms,
        max_memory_bytes=max_memory_bytes,
        budget_seconds=budget_seconds,
        budget_joules=budget_joules,
    )
    _require_accuracy_limits(min_cosine, max_relative_l2, min_coverage)
    if units_per_item is not None and units_from_mask is not None:
        raise UsageError("units_per_item and units_from_mask exclude each other.")
    command = _command(model, exec)
    if not command:
        _require_one_kind_of_inputs(model, inputs, input)
        _require_worker()
    with _inputs_file(inputs) as inputs_path:
        request = _request(
            model=None if model is None else os.fspath(model),
            command=command,
            inputs=inputs_path,
            input_specs=_as_list(input),
            name=name,
            unit=unit,
            units_per_item=units_per_item,
            units_from_mask=None if units_from_mask is None else str(units_from_mask),
            batch_dims=_as_list(batch_dim),
            hot_inputs=hot_inputs,
            copy_inputs=copy_inputs,
            pipeline=pipeline,
            device=device,
            batch=_batch_range(batch),
            precision=_words("precision", precision),
            layout=_words("layout", layout),
            threads=_values("threads", threads),
            baseline=None if baseline is None else str(baseline),
            max_latency_ms=max_latency_ms,
            max_memory_bytes=max_memory_bytes,
            min_cosine=min_cosine,
            max_relative_l2=max_relative_l2,
            min_coverage=min_coverage,
            effort=effort,
            budget_seconds=budget_seconds,
            budget_joules=budget_joules,
            seed=seed,
            searcher=searcher,
            meter=meter,
            resume=resume,
            save=save,
        )
        return Result.from_report(_core.tune(request, _text_callback(on_progress)))


def _request(**options: Any) -> _core.TuneRequest:
    request = _core.TuneRequest()
    for name, value in options.items():
        if value is None:
            continue
        try:
            setattr(request, name, value)
        except TypeError:
            raise TypeError(f"{name} cannot be {value!r}, a {type(value).__name__}.") from None
    return request


def _text_callback(on_progress: Callable[[Progress], None] | None) -> Callable[[str], None] | None:
    if on_progress is None:
        return None
    return lambda text: on_progress(Progress.from_json(json.loads(text)))


def _as_list(value: str | Sequence[str] | None) -> list[str]:
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def _command(
    model: str | os.PathLike[str] | None, exec: str | Sequence[str] | None
) -> list[str]:
    """The words of another engine's command line; none where our worker runs a model."""
    words = shlex.split(exec) if isinstance(exec, str) else list(exec or [])
    if exec is not None and not words:
        raise UsageError("exec names no program.")
    if (model is None) == (not words):
        raise UsageError("give either a model or exec, a program that runs one.")
    return words


def _words(argument: str, value: _Words) -> list[str]:
    """`"fp32,bf16"` or `["fp32", "bf16"]`."""
    if value is None:
        return []
    words = value.split(",") if isinstance(value, str) else list(value)
    if not words or "" in words:
        raise UsageError(f"{argument} {value!r} has an empty word, or none. Leave it out for all.")
    return words


def _values(argument: str, value: Any) -> list[Any] | None:
    """One value, or several, as a list."""
    if value is None:
        return None
    several = isinstance(value, Sequence) and not isinstance(value, str)
    values = list(value) if several else [value]
    if not values:
        raise UsageError(f"{argument} names nothing. Leave it out for the default.")
    return values


def _batch_range(batch: int | tuple[int, int] | None) -> tuple[int, int] | None:
    if batch is None:
        return None
    first, last = (batch, batch) if isinstance(batch, int) else batch
    if not 1 <= first <= last:
        raise UsageError(f"batch ({first}, {last}) is not (first, last) with 1 <= first <= last.")
    return first, last


def _require_positive(**values: float | None) -> None:
    for name, value in values.items():
        if value is not None and not (math.isfinite(value) and value > 0):
            raise UsageError(f"{name} {value} must be above 0 and finite.")


def _require_accuracy_limits(
    min_cosine: float | None, max_relative_l2: float | None, min_coverage: float | None
) -> None:
    if min_cosine is not None and not 0 <= min_cosine <= 1:
        raise UsageError(f"min_cosine {min_cosine} must be from 0 to 1.")
    if max_relative_l2 is not None and not 0 <= max_relative_l2 < math.inf:
        raise UsageError(f"max_relative_l2 {max_relative_l2} must be at least 0 and finite.")
    if min_coverage is not None and not 0 <= min_coverage <= 1:
        raise UsageError(f"min_coverage {min_coverage} must be from 0 to 1.")


def _require_one_kind_of_inputs(
    model: str | os.PathLike[str], inputs: Any, specs: str | Sequence[str] | None
) -> None:
    brings_inputs = (Path(model) / "manifest.json").is_file()
    if inputs is None and not specs and not brings_inputs:
        raise UsageError(
            "the model needs example inputs: inputs=(tensors or a file from torch.save), or one "
            "spec per argument, like input=['int64[batch,128]:0..30521']."
        )
    if inputs is not None and specs:
        raise UsageError("inputs and input exclude each other: give examples, or specs.")


def _require_worker() -> None:
    if not _core.has_worker and not os.environ.get("AUTOTUNE_WORKER"):
        raise WorkerError(
            "this package was built where there was no LibTorch, so that it cannot run models.\n"
            "Install torch, then autotune-energy once more as before, with the options "
            "--force-reinstall --no-cache-dir --no-deps."
        )


@contextlib.contextmanager
def _inputs_file(inputs: Any) -> Iterator[str | None]:
    """The path of the inputs; tensors are in a temporary file meanwhile."""
    if inputs is None or isinstance(inputs, (str, os.PathLike)):
        yield None if inputs is None else os.fspath(inputs)
        return
    import torch  # Only here: looking a profile up must not take seconds.

    with tempfile.TemporaryDirectory(prefix="autotune_") as folder:
        path = Path(folder) / "inputs.pt"
        torch.save(_on_cpu(inputs, torch), path)
        yield os.fspath(path)


def _on_cpu(value: Any, torch: Any) -> Any:
    if isinstance(value, torch.Tensor):
        # A copy: of a view, torch.save would write the whole storage.
        return value.detach().cpu().clone(memory_format=torch.contiguous_format)
    if isinstance(value, tuple):
        return tuple(_on_cpu(element, torch) for element in value)
    if isinstance(value, list):
        return [_on_cpu(element, torch) for element in value]
    if isinstance(value, dict):
        return {key: _on_cpu(element, torch) for key, element in value.items()}
    if isinstance(value, (bool, int, float)):
        return value
    raise TypeError(
        f"inputs hold a {type(value).__name__}: give tensors, nested tuples, lists or dicts of "
        "them, Python numbers, or the path of a file made by torch.save."
    )
