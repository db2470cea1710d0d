"""Tunes ONNX files: precision by file, threads as a knob.

    autotune tune --exec "python examples/adapters/onnxruntime_adapter.py
        --fp32 fp32.onnx --int8 int8.onnx --inputs inputs.npz --mask 1"

Needs onnxruntime and numpy; make_onnx.py beside it makes the three files.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import time
from pathlib import Path

import numpy as np
import onnxruntime

from adapter import Engine, Failure, Json, serve

ACCURACY_ROWS = 128


class OnnxRuntime(Engine):
    def __init__(self, arguments: argparse.Namespace) -> None:
        self.files = {"fp32": arguments.fp32}
        if arguments.int8:
            self.files["int8"] = arguments.int8
        with np.load(arguments.inputs) as saved:
            self.inputs = [saved[name] for name in saved.files]
        self.rows = len(self.inputs[0])
        self.name, self.mask = arguments.name or arguments.fp32.stem, arguments.mask
        self.thread_counts = arguments.threads
        self.reference: np.ndarray | None = None
        self.session: onnxruntime.InferenceSession | None = None

    def load(self, workload: Json, execution: Json) -> None:
        if workload["device"] != "cpu":
            raise Failure("device", f"this adapter runs on the CPU, not on {workload['device']}")
        self.name = workload["name"] or self.name
        self.unit = workload["unit"] or ("item" if self.mask is None else "token")
        self.threads = execution.get("threads", self.thread_counts[0])

    def describe(self) -> Json:
        arms = [
            {"precision": precision, "layout": "plain", "execution": {"threads": threads}}
            for threads in self.thread_counts
            for precision in self.files
        ]
        signature = ",".join(
            f"{array.dtype}[{','.join(['batch', *map(str, array.shape[1:])])}]"
            for array in self.inputs
        )
        return {
            "workload": {
                "name": self.name,
                "unit": self.unit,
                "inputs": signature,
                "fingerprint": "onnx:" + self._fingerprint(),
            },
            "rows": self.rows,
            "units_per_row": self._units(0, self.rows) / self.rows,
            "arms": arms,
            "conditions": {"onnxruntime": onnxruntime.__version__},
        }

    def prepare(self, arm: Json, accuracy_batch: int, check_accuracy: bool) -> Json:
        batch = accuracy_batch or 16
        if check_accuracy and self.reference is None:
            self.session = self._open("fp32")
            self.reference = self._outputs(batch)
        started = time.perf_counter()
        self.session = self._open(arm["precision"])
        prepared: Json = {"set_up": {"seconds": time.perf_counter() - started}}
        if check_accuracy:
            prepared["accuracy"] = self._accuracy(self._outputs(batch))
        return prepared

    def iterate(self, first_row: int, batch: int) -> float:
        self._forward(first_row, batch)
        return self._units(first_row, batch)

    def _open(self, precision: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        return onnxruntime.InferenceSession(
            self.files[precision], options, providers=["CPUExecutionProvider"]
        )

    def _indices(self, first_row: int, batch: int) -> np.ndarray:
        return np.arange(first_row, first_row + batch) % self.rows

    def _forward(self, first_row: int, batch: int) -> np.ndarray:
        rows = self._indices(first_row, batch)
        names = [given.name for given in self.session.get_inputs()]
        feed = {name: array[rows] for name, array in zip(names, self.inputs, strict=True)}
        return self.session.run(None, feed)[0]

    def _outputs(self, batch: int) -> np.ndarray:
        rows = min(self.rows, ACCURACY_ROWS)
        chunks = [self._forward(row, min(batch, rows - row)) for row in range(0, rows, batch)]
        return np.concatenate(chunks).reshape(rows, -1).astype(np.float64)

    def _accuracy(self, outputs: np.ndarray) -> Json:
        length = np.linalg.norm(outputs, axis=1) * np.linalg.norm(self.reference, axis=1)
        cosine = (outputs * self.reference).sum(axis=1) / length
        error = np.linalg.norm(outputs - self.reference) / np.linalg.norm(self.reference)
        return {
            "finite": bool(np.isfinite(outputs).all()),
            "worst_cosine": min(1.0, float(cosine.min())),
            "relative_l2": float(error),
            "coverage": None,  # onnxruntime does not tell which kernels ran.
            "rows": len(outputs),
        }

    def _units(self, first_row: int, batch: int) -> float:
        if self.mask is None:
            return float(batch)
        return float(self.inputs[self.mask][self._indices(first_row, batch)].sum())

    def _fingerprint(self) -> str:
        files = hashlib.sha256()
        for precision, path in sorted(self.files.items()):
            files.update(precision.encode())
            files.update(path.read_bytes())
        return files.hexdigest()[:16]


def parse() -> argparse.Namespace:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fp32", type=Path, required=True, help="the model in FP32, the reference")
    parser.add_argument("--int8", type=Path, help="the same model quantised")
    parser.add_argument("--inputs", type=Path, required=True, help=".npz, arrays in input order")
    parser.add_argument("--mask", type=int, help="the input whose sum counts units")
    parser.add_argument("--name", help="of the workload (default: the FP32 file's stem)")
    parser.add_argument(
        "--threads",
        type=lambda text: [int(word) for word in text.split(",")],
        default=sorted({1, cores}, reverse=True),
        help="counts to try, the usual one first (default: all cores, and one)",
    )
    return parser.parse_args()


if __name__ == "__main__":
    serve(OnnxRuntime(parse()))
