"""What is there without measuring: the devices, and what earlier tunes found."""

from __future__ import annotations

import json
import os
import warnings

from . import _core
from ._errors import ProfileWarning
from ._results import Config, Device


def devices() -> list[Device]:
    """The hardware a model can run on: the CPU first, then the NVIDIA GPUs.

    >>> [device.id for device in autotune.devices()]
    ['cpu', 'cuda:0']
    """
    return [Device.from_json(device) for device in json.loads(_core.devices())]


def best(
    model: str | os.PathLike[str],
    *,
    device: str = "auto",
    max_latency_ms: float | None = None,
    max_memory_bytes: int | None = None,
) -> Config | None:
    """The configuration with the least energy per unit of work that a tune has found.

    Reads profile files only: no GPU, worker or measurement is started.

    Args:
        model: The workload's name, the model's fingerprint, or the path of the model.
        device: `auto` (the first GPU that has a profile, else the CPU), `cpu`, `cuda` or `cuda:N`.
        max_latency_ms: Only points whose p99 latency per iteration is at most this many
            milliseconds (the maximum, where fewer than 100 iterations were measured).
        max_memory_bytes: Only points whose peak memory is at most this many bytes.

    Returns:
        The Config, whose text is that of the command line; None if there is no profile for this
        hardware, or no point within the limits.

    Warns:
        ProfileWarning: With what to do, where nothing was found or where the profile was measured
            under other conditions (driver, libraries).

    Raises:
        UsageError: If several workloads have that name; the message lists them.

    >>> print(autotune.best("minilm", max_latency_ms=20))
    batch=12,precision=bf16,layout=plain
    """
    answer = _core.best(_key_of(model), device, max_latency_ms, max_memory_bytes)
    for message in [*answer.warnings, answer.advice]:
        if message:
            warnings.warn(message, ProfileWarning, stacklevel=2)
    return None if answer.config is None else Config.from_json(json.loads(answer.config))


def _key_of(model: str | os.PathLike[str]) -> str:
    if (
        isinstance(model, os.PathLike)
        or os.path.isfile(model)
        or os.path.isfile(os.path.join(model, "manifest.json"))
    ):
        return _core.fingerprint(model)
    return model
