"""The words of a tune as dataclasses, made from the JSON that the command line prints too.

Fields that a later version of the library adds to the JSON are in `Result.to_dict()`.
"""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any, TypeVar

from . import _core

_T = TypeVar("_T")
Json = dict[str, Any]


def _from_known(cls: type[_T], data: Json, **converted: Any) -> _T:
    """An instance from the fields of `data` that it has; `converted` go before them."""
    known = {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{**{key: data[key] for key in known & data.keys()}, **converted})


def _pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])


@dataclasses.dataclass(frozen=True)
class Execution:
    """Knobs of the process that runs the model; the defaults leave it as it is."""

    threads: int | None = None
    """CPU threads within an operator."""
    retained_heap: bool = False
    """Whether the host heap keeps what it once had."""
    cuda_graph: bool = False
    """Whether iterations are replayed from a captured CUDA graph."""


@dataclasses.dataclass(frozen=True)
class Config:
    """One choice the tuner can make. `str(config)` is the CONFIG of the command line."""

    batch: int = 1
    """Rows per iteration."""
    precision: str = "fp32"
    """`fp32`, `tf32`, `fp16`, `bf16`, `int8` or `fp8`."""
    layout: str = "plain"
    """`plain`, `channels_last`, `prepacked` or `compiled`."""
    execution: Execution = Execution()

    @classmethod
    def parse(cls, text: str) -> Config:
        """Reads CONFIG; what is left out is as a model is loaded (batch 1, fp32, plain).

        Raises:
            UsageError: For a key or value that is not known.

        >>> autotune.Config.parse("batch=8,precision=bf16").batch
        8
        """
        return cls.from_json(json.loads(_core.parse_config(text)))

    @classmethod
    def from_json(cls, data: Json) -> Config:
        return _from_known(cls, data, execution=_from_known(Execution, data.get("execution", {})))

    def __str__(self) -> str:
        data = dataclasses.asdict(self)
        knobs = data["execution"].items()
        data["execution"] = {knob: value for knob, value in knobs if value is not None}
        return _core.format_config(json.dumps(data))


@dataclasses.dataclass(frozen=True)
class Latency:
    """Milliseconds per iteration."""

    p50: float
    p99: float
    """The maximum, where fewer than 100 iterations were measured."""


@dataclasses.dataclass(frozen=True)
class EnergyPerUnit:
    """Energy of one part of the machine."""

    scope: str
    """`gpu`, `module`, `whole_gpu`, `cpu_package` or `dram`."""
    source: str
    """`nvml_counter`, `nvml_power_instant`, `nvml_power_average`, `rapl`, `modelled` or `none`."""
    joules_per_unit: float | None


@dataclasses.dataclass(frozen=True)
class Measurement:
    """What the windows of one configuration gave."""

    joules_per_unit: float | None
    """Of the scope that ranks; None without a reading, which is not zero."""
    ci95: tuple[float, float] | None
    """95 % interval of `joules_per_unit`; needs two windows."""
    latency_ms: Latency
    units_per_second: float
    watts: float | None
    peak_memory_bytes: int
    energy: list[EnergyPerUnit]
    windows: list[float | None]
    """Joules per unit of each window, in order of time."""
    iterations: int
    flags: list[str]

    @classmethod
    def from_json(cls, data: Json) -> Measurement:
        return _from_known(
            cls,
            data,
            ci95=_pair(data["ci95"]),
            latency_ms=_from_known(Latency, data["latency_ms"]),
            energy=[_from_known(EnergyPerUnit, energy) for energy in data["energy"]],
        )


@dataclasses.dataclass(frozen=True)
class Uncovered:
    """Operations that ran in another precision than the arm is called by."""

    op: str
    share: float | None
    """Of the model's matrix and convolution FLOPs."""
    reason: str


@dataclasses.dataclass(frozen=True)
class Accuracy:
    """How far outputs lie from those of true FP32 on the same rows."""

    worst_cosine: float | None
    relative_l2: float | None
    coverage: float | None
    """Share of matrix and convolution FLOPs that ran in the named precision."""
    finite: bool
    rows: int
    """How many rows were compared."""
    top1_agreement: float | None = None
    """Share of rows with the same top class, where the output is logits."""
    uncovered: list[Uncovered] = dataclasses.field(default_factory=list)
    """What makes up the rest of `coverage`, the largest share first."""

    @classmethod
    def from_json(cls, data: Json) -> Accuracy:
        uncovered = [_from_known(Uncovered, part) for part in data.get("uncovered", [])]
        return _from_known(cls, data, uncovered=uncovered)


@dataclasses.dataclass(frozen=True)
class RouteTrial:
    """One way to bring a model to an arm, tried when the arm was made."""

    name: str
    ms: float | None = None
    """Of a call on a few rows; absent where nothing was compared."""
    reason: str = ""
    """Why it does not run; empty if it does."""


@dataclasses.dataclass(frozen=True)
class SetUpCost:
    """What an arm costs before its first iteration."""

    seconds: float | None
    """In every process that runs it: casts, packing, loading a package."""
    export_seconds: float | None = None
    """Once, ahead of time: making the package of a variant set."""
    routes: list[RouteTrial] = dataclasses.field(default_factory=list)
    """How the arm was reached, the route that it takes first."""

    @classmethod
    def from_json(cls, data: Json) -> SetUpCost:
        routes = [_from_known(RouteTrial, route) for route in data.get("routes", [])]
        return _from_known(cls, data, routes=routes)


@dataclasses.dataclass(frozen=True)
class Trial:
    """One configuration tried."""

    config: Config
    status: str
    """`ok`, `out_of_memory`, `inaccurate`, `too_slow`, `crashed`, `timed_out` or `unsupported`."""
    reason: str = ""
    """Why it is not `ok`."""
    measurement: Measurement | None = None
    accuracy: Accuracy | None = None
    set_up: SetUpCost | None = None

    @classmethod
    def from_json(cls, data: Json) -> Trial:
        return _from_known(cls, data, **_trial_parts(data))


def _trial_parts(data: Json) -> dict[str, Any]:
    measurement, accuracy, set_up = (
        data.get(key) for key in ("measurement", "accuracy", "set_up")
    )
    return {
        "config": Config.from_json(data["config"]),
        "measurement": measurement and Measurement.from_json(measurement),
        "accuracy": accuracy and Accuracy.from_json(accuracy),
        "set_up": set_up and SetUpCost.from_json(set_up),
    }


@dataclasses.dataclass(frozen=True)
class Saving:
    """What the best configuration saves against another: 1 − its energy over the other's."""

    fraction: float | None = None
    ci95: tuple[float, float] | None = None


@dataclasses.dataclass(frozen=True)
class Baseline(Trial):
    """A configuration to compare with."""

    name: str = ""
    """`incumbent`, `fp32_batch_1`, `fp32_smallest_batch`, `fastest` or `largest_batch`."""
    saving: Saving = Saving()

    @classmethod
    def from_json(cls, data: Json) -> Baseline:
        saving = Saving(data["saving"]["fraction"], _pair(data["saving"]["ci95"]))
        return _from_known(cls, data, **_trial_parts(data), saving=saving)


@dataclasses.dataclass(frozen=True)
class UnsupportedArm:
    """A precision and layout that the device or the model cannot run."""

    precision: str
    layout: str
    reason: str


@dataclasses.dataclass(frozen=True)
class Device:
    """A device a model can run on."""

    id: str
    """As `device=` takes it: `cpu`, `cuda:0`."""
    kind: str
    """`cpu` or `cuda`."""
    name: str
    cores: int
    """CPU: cores this process may use; GPU: multiprocessors."""
    memory_bytes: int
    features: list[str]
    """CPU: ISA flags that matter to arithmetic; GPU: `sm_90`."""
    pci_address: str = ""
    identity: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """What a profile must match."""
    conditions: dict[str, str] = dataclasses.field(default_factory=dict, repr=False)
    """What a profile is compared with."""

    @classmethod
    def from_json(cls, data: Json) -> Device:
        return _from_known(cls, data)


@dataclasses.dataclass(frozen=True)
class Meter:
    """Where the joules that rank come from."""

    source: str
    scope: str
    claimable: bool
    """False for modelled energy: such figures follow time."""
    note: str = ""


@dataclasses.dataclass(frozen=True)
class Spent:
    """What a tune took."""

    seconds: float
    joules: float | None
    trials: int


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a tune was granted."""

    seconds: float
    joules: float | None
    """None where nobody tells what the device can draw: then the seconds alone decide."""


@dataclasses.dataclass(frozen=True)
class Progress:
    """How a tune goes on."""

    trials: int
    """Configurations measured so far."""
    configurations: int
    """All there are."""
    seconds: float
    budget_seconds: float
    best: Trial | None
    """The best so far."""
    activity: str
    """The configuration that is measured now."""

    @classmethod
    def from_json(cls, data: Json) -> Progress:
        return _from_known(cls, data, best=data["best"] and Trial.from_json(data["best"]))


@dataclasses.dataclass(frozen=True, repr=False, eq=False)
class Result:
    """Everything a tune found out. `print(result)` shows the table of the command line."""

    name: str
    unit: str
    """Of work: `token`, `item` or what was given."""
    device: Device
    meter: Meter
    best: Trial
    lossy_best: Trial | None
    """What a looser accuracy limit would save beyond `best`."""
    baselines: list[Baseline]
    ties: list[Trial]
    """Not told apart from the best."""
    trials: list[Trial]
    """All, in order of first measurement."""
    unsupported: list[UnsupportedArm]
    spent: Spent
    budget: Budget
    pays_back_after_units: float | None
    """Units of work after which the tune's own energy is earned back."""
    effort: str
    resumed_steps: int
    """Taken from the journal of an earlier run."""
    complete: bool
    warnings: list[str]
    profile_path: Path | None
    """Where the answer is kept; None with `save=False`."""
    _json: str
    _table: str

    @classmethod
    def from_report(cls, report: _core.Report) -> Result:
        data = json.loads(report.json)
        trials = {key: [Trial.from_json(one) for one in data[key]] for key in ("ties", "trials")}
        return _from_known(
            cls,
            data,
            **trials,
            device=Device.from_json(data["device"]),
            meter=_from_known(Meter, data["meter"]),
            best=Trial.from_json(data["best"]),
            lossy_best=data["lossy_best"] and Trial.from_json(data["lossy_best"]),
            baselines=[Baseline.from_json(baseline) for baseline in data["baselines"]],
            unsupported=[_from_known(UnsupportedArm, arm) for arm in data["unsupported"]],
            spent=_from_known(Spent, data["spent"]),
            budget=_from_known(Budget, data["budget"]),
            profile_path=data["profile_path"] and Path(data["profile_path"]),
            _json=report.json,
            _table=report.table,
        )

    def to_dict(self) -> Json:
        """The object that `autotune tune --json` prints, as a new dict."""
        data: Json = json.loads(self._json)
        return data

    def __str__(self) -> str:
        return self._table

    def __repr__(self) -> str:
        return f"<autotune.Result {self.name!r}: {self.best.config} on {self.device.name}>"
