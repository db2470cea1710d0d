"""What tests read of a variant set that `export` made."""

import json
from pathlib import Path
from typing import Any

import torch


def package(folder: Path, precision: str = "fp32"):
    """Loaded anew."""
    return torch._inductor.aoti_load_package(str(folder / f"{precision}.pt2"))


def manifest(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "manifest.json").read_text())


def assert_same(got: torch.Tensor, want: torch.Tensor, most: float = 1e-4) -> None:
    """In shape and type, and in value within a relative L2 of `most`."""
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    assert float((got - want).norm() / want.norm()) < most
