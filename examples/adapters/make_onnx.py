"""Makes ONNX files of a Python model for onnxruntime_adapter.py: FP32, and dynamic INT8 of it.

    python examples/adapters/make_onnx.py module:factory --inputs inputs.pt --out DIR

`inputs.pt` is a tuple of tensors from torch.save; dimension 0 is the batch. Needs torch and what
requirements.txt beside it names.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

import numpy as np
import torch
from onnxruntime.quantization import quantize_dynamic

EXAMPLE_ROWS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", help="module:factory, found from the current folder")
    parser.add_argument("--inputs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    sys.path.insert(0, "")
    module, _, factory = arguments.model.partition(":")
    model = getattr(importlib.import_module(module), factory)()
    tensors = torch.load(arguments.inputs, weights_only=True)
    arguments.out.mkdir(parents=True, exist_ok=True)
    names = [f"input_{i}" for i in range(len(tensors))]
    torch.onnx.export(
        model,
        tuple(tensor[:EXAMPLE_ROWS] for tensor in tensors),
        arguments.out / "fp32.onnx",
        input_names=names,
        dynamic_axes={name: {0: "batch"} for name in names},
        dynamo=False,
    )
    quantize_dynamic(arguments.out / "fp32.onnx", arguments.out / "int8.onnx")
    arrays = {name: tensor.numpy() for name, tensor in zip(names, tensors, strict=True)}
    np.savez(arguments.out / "inputs.npz", **arrays)


if __name__ == "__main__":
    main()
