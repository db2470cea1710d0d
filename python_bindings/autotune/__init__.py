"""Least energy per token on the hardware at hand: batch size, precision and memory layout.

    >>> import autotune
    >>> result = autotune.tune("model.pt", "inputs.pt", effort="quick")
    >>> print(result)
    >>> config = autotune.best("model")      # at start-up, in well under a millisecond
    >>> config.batch, config.precision
    (28, 'bf16')

`tune` measures and keeps a profile, `best` looks it up, `devices` lists the hardware, `search` is
the search alone, for a meter of your own. The same profiles serve C++ (`ProfileStore::find`) and the
command line (`autotune show`).
"""

from . import search
from ._core import __version__
from ._errors import (
    ConstraintsError,
    DeviceError,
    Error,
    InputsError,
    MeterError,
    ModelError,
    ProfileError,
    ProfileWarning,
    UsageError,
    WorkerError,
)
from ._lookup import best, devices
from ._results import (
    Accuracy,
    Baseline,
    Budget,
    Config,
    Device,
    EnergyPerUnit,
    Execution,
    Latency,
    Measurement,
    Meter,
    Progress,
    Result,
    RouteTrial,
    Saving,
    SetUpCost,
    Spent,
    Trial,
    UnsupportedArm,
)
from ._tune import tune

__all__ = [
    "Accuracy",
    "Baseline",
    "Budget",
    "Config",
    "ConstraintsError",
    "Device",
    "DeviceError",
    "EnergyPerUnit",
    "Error",
    "Execution",
    "InputsError",
    "Latency",
    "Measurement",
    "Meter",
    "MeterError",
    "ModelError",
    "ProfileError",
    "ProfileWarning",
    "Progress",
    "Result",
    "RouteTrial",
    "Saving",
    "SetUpCost",
    "Spent",
    "Trial",
    "UnsupportedArm",
    "UsageError",
    "WorkerError",
    "__version__",
    "best",
    "devices",
    "search",
    "tune",
]
