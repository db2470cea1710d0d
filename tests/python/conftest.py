"""The installed package, a small TorchScript model, and one tune of it that many tests look at.

Nothing here asserts a time. The profiles go to a folder of the test run, never to the user's.
"""

import dataclasses
import os
import signal
import threading
import time
from pathlib import Path

import pytest

import autotune

# A shell starts what it puts into the background with Ctrl-C ignored, and Python then leaves it so.
signal.signal(signal.SIGINT, signal.default_int_handler)


def save_model(folder: Path, name: str = "tiny") -> tuple[Path, Path]:
    """Model and inputs: 32 rows of 16 numbers through two small layers."""
    import torch

    torch.manual_seed(0)
    layers = torch.nn.Sequential(torch.nn.Linear(16, 32), torch.nn.ReLU(), torch.nn.Linear(32, 8))
    model, inputs = folder / f"{name}.pt", folder / f"{name}_inputs.pt"
    torch.jit.script(layers.eval()).save(os.fspath(model))
    torch.save(torch.randn(32, 16), inputs)
    return model, inputs


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> tuple[Path, Path]:
    return save_model(tmp_path_factory.mktemp("model"))


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", os.fspath(tmp_path / "cache"))
    monkeypatch.delenv("AUTOTUNE_PROFILE_PATH", raising=False)


@dataclasses.dataclass
class Tuned:
    model: Path
    cache: Path
    result: autotune.Result
    progress: list[autotune.Progress]
    ticks_meanwhile: int


class Ticker(threading.Thread):
    """Counts for as long as this process lets another Python thread run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ticks = 0
        self.stopped = threading.Event()

    def run(self) -> None:
        while not self.stopped.is_set():
            self.ticks += 1
            time.sleep(0.01)


@pytest.fixture(scope="session")
def tuned(tiny, tmp_path_factory) -> Tuned:
    """A quick tune of three configurations with the packaged worker."""
    cache = tmp_path_factory.mktemp("cache")
    progress: list[autotune.Progress] = []
    ticker = Ticker()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOTUNE_CACHE_DIR", os.fspath(cache))
        ticker.start()
        result = autotune.tune(
            *tiny,
            device="cpu",
            batch=(1, 3),
            precision="fp32",
            effort="quick",
            budget_seconds=25,
            on_progress=progress.append,
        )
    ticker.stopped.set()
    return Tuned(tiny[0], cache, result, progress, ticker.ticks)


@pytest.fixture
def tuned_cache(tuned, monkeypatch) -> Tuned:
    """`tuned`, with its profiles in place."""
    monkeypatch.setenv("AUTOTUNE_CACHE_DIR", os.fspath(tuned.cache))
    return tuned
