"""What a variant set says of itself: `manifest.json` (docs/variant_sets.md)."""

import dataclasses
import json
import platform
from pathlib import Path
from typing import Any

import torch

from ._host import cpu_features

FORMAT = "autotune.variant_set"
VERSION = 1
FILE = "manifest.json"


@dataclasses.dataclass
class Variant:
    precision: str
    file: str
    fingerprint: str  # As the C++ library takes it of the file: names, sizes and CRC-32s inside.
    bytes: int
    seconds: float  # To export and compile it.
    coverage: float  # Share of the matrix FLOPs that run in the precision.
    how: str


def manifest(
    *,
    made_from: str,
    given_in: str,
    device: str,
    batch: tuple[int, int],
    tensors: list[torch.Tensor],
    mask: str | None,
    reference: str | None,
    variants: list[Variant],
    failed: dict[str, str],
) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "made_from": made_from,
        "given_in": given_in,
        "torch": torch.__version__.partition("+")[0],
        "platform": f"{platform.system().lower()}-{platform.machine()}",
        "device": device,
        **hardware(device),
        "batch": {"first": batch[0], "last": batch[1]},
        "inputs": "inputs.pt",
        "reference": reference,
        "tensors": [{"dtype": name_of(t.dtype), "shape": shape_of(t)} for t in tensors],
        "units_from_mask": mask,
        "variants": [dataclasses.asdict(variant) for variant in variants],
        "failed": [{"precision": name, "reason": reason} for name, reason in failed.items()],
    }


def hardware(device: str) -> dict[str, Any]:
    """What the compiled code needs: Inductor compiles for the machine it runs on."""
    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        return {"compute_capability": 10 * major + minor}
    return {"cpu_features": cpu_features()}


def name_of(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")


def shape_of(tensor: torch.Tensor) -> list[str | int]:
    return ["batch", *tensor.shape[1:]] if tensor.dim() > 0 else []


def write(folder: Path, content: dict[str, Any]) -> None:
    (folder / FILE).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def is_set(folder: Path) -> bool:
    return (folder / FILE).is_file()
