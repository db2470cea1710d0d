"""INT8 and FP32 of other libraries beside a variant set's packages, in one run.

    PYTHONPATH=build/peers_int8:scripts python benchmarks/peers_int8.py WORKER SET
        --model make_demo_model:demo_encoder --script FILE --inputs FILE [--units-from-mask 1]

Real packages: torchao (eager and torch.compile), torch.ao dynamic quantisation, onnxruntime (FP32
and dynamic INT8), and eager FP32. What they need beside .venv is in peers_int8_requirements.txt.
The set's packages, and the prepacked arms of the same model as TorchScript (`--script`), run in the
library's own worker, one each. A round takes a window of every one at
every batch, in a new random order; all have the same threads and keep freed memory (glibc's
tunables here, `retained_heap` in the workers). Figures are medians of the rounds. Accuracy is the
worst cosine of a row against eager FP32. Prints Markdown. Run it alone.
"""

import argparse
import copy
import importlib
import json
import math
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

from interleaved import interleaved, print_table
from worker_process import Arm, Worker

import torch

REFERENCE = "PyTorch eager FP32"
HEAP = "glibc.malloc.trim_threshold=4294967296:glibc.malloc.mmap_threshold=4294967296"

Forward = Callable[[list[torch.Tensor]], torch.Tensor]


class Peer:
    """A callable of this process; `make` is timed as its set-up, first call included."""

    def __init__(self, make: Callable[[], Forward], tensors: list[torch.Tensor], mask: int | None):
        self.tensors, self.mask = tensors, mask
        started = time.perf_counter()
        self.forward = make()
        self.forward(self.rows(8))
        self.seconds = time.perf_counter() - started
        self.cosine = math.nan

    def rows(self, batch: int, first: int = 0) -> list[torch.Tensor]:
        index = torch.arange(first, first + batch) % len(self.tensors[0])
        return [tensor[index] for tensor in self.tensors]

    def seconds_per_unit(self, batch: int, seconds: float) -> float:
        units, first = 0.0, 0
        started = now = time.perf_counter()
        while now - started < seconds:
            rows = self.rows(batch, first)
            self.forward(rows)
            now = time.perf_counter()
            units += batch if self.mask is None else float(rows[self.mask].sum())
            first += batch
        return (now - started) / units

    def judge(self, reference: "Peer") -> None:
        rows = self.rows(len(self.tensors[0]))
        ours, theirs = self.forward(rows), reference.forward(rows)
        cosine = torch.nn.functional.cosine_similarity(ours.flatten(1), theirs.flatten(1))
        self.cosine = float(cosine.min())


def peers(model: torch.nn.Module, tensors: list[torch.Tensor]) -> dict[str, Callable[[], Forward]]:
    def torchao() -> torch.nn.Module:
        from torchao.quantization import Int8DynamicActivationInt8WeightConfig, quantize_

        quantised = copy.deepcopy(model)
        quantize_(quantised, Int8DynamicActivationInt8WeightConfig())
        return quantised

    def torch_ao() -> torch.nn.Module:
        linear = {torch.nn.Linear}
        return torch.ao.quantization.quantize_dynamic(copy.deepcopy(model), linear, torch.qint8)

    return {
        REFERENCE: lambda: eager(model),
        "torch.ao dynamic INT8, eager": lambda: eager(torch_ao()),
        "torchao INT8, eager": lambda: eager(torchao()),
        "torchao INT8, torch.compile": lambda: eager(torch.compile(torchao(), dynamic=True)),
        "onnxruntime FP32": lambda: onnx_session(model, tensors, int8=False),
        "onnxruntime dynamic INT8": lambda: onnx_session(model, tensors, int8=True),
    }


def eager(model: torch.nn.Module) -> Forward:
    def forward(rows: list[torch.Tensor]) -> torch.Tensor:
        with torch.inference_mode():
            return model(*rows)

    return forward


def onnx_session(model: torch.nn.Module, tensors: list[torch.Tensor], *, int8: bool) -> Forward:
    import onnxruntime
    from onnxruntime.quantization import quantize_dynamic

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        names = [f"input_{i}" for i in range(len(tensors))]
        torch.onnx.export(
            model,
            tuple(tensor[:8] for tensor in tensors),
            path,
            input_names=names,
            dynamic_axes={name: {0: "batch"} for name in names},
            dynamo=False,
        )
        if int8:
            quantize_dynamic(path, path.with_name("int8.onnx"))
            path = path.with_name("int8.onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def forward(rows: list[torch.Tensor]) -> torch.Tensor:
        feed = {name: row.numpy() for name, row in zip(names, rows)}
        return torch.from_numpy(session.run(None, feed)[0])

    return forward


def main() -> None:
    keep_freed_memory()
    warnings.simplefilter("ignore")
    arguments = parse()
    module, _, factory = arguments.model.partition(":")
    model = getattr(importlib.import_module(module), factory)()
    tensors = list(torch.load(arguments.inputs, weights_only=True))
    mask = None if arguments.units_from_mask is None else int(arguments.units_from_mask)
    runners: dict[str, Peer | Arm] = {}
    for name, make in peers(model, tensors).items():
        print(f"making {name}", file=sys.stderr)
        runners[name] = Peer(make, tensors, mask)
        runners[name].judge(runners[REFERENCE])
    runners |= packages(arguments) | prepacked(arguments)
    taken = interleaved(runners, arguments.rounds, arguments.seconds, arguments.seed)
    versions = {
        name: importlib.import_module(name).__version__ for name in ("torchao", "onnxruntime")
    }
    print(
        f"`peers_int8.py`, torch {torch.__version__}, {versions}, {torch.get_num_threads()} threads,"
        f" {arguments.rounds} rounds of {arguments.seconds} s windows, seed {arguments.seed};"
        f" microseconds per unit, speed over {REFERENCE} (least … most)\n"
    )
    print_table(runners, taken, REFERENCE)


def keep_freed_memory() -> None:
    """glibc reads its tunables when a process starts."""
    if os.environ.get("GLIBC_TUNABLES") != HEAP:
        os.environ["GLIBC_TUNABLES"] = HEAP
        os.execv(sys.executable, [sys.executable, *sys.argv])


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("worker")
    parser.add_argument("set", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--script", help="the same model as TorchScript")
    parser.add_argument("--inputs", required=True)
    parser.add_argument("--units-from-mask")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=1.0, help="of a window")
    parser.add_argument("--seed", type=int, default=0)
    return parser.parse_args()


def packages(arguments: argparse.Namespace) -> dict[str, Arm]:
    told = json.loads((arguments.set / "manifest.json").read_text(encoding="utf-8"))
    arms = {}
    for variant in told["variants"]:
        precision = variant["precision"]
        arm = Arm(worker(arguments, str(arguments.set)), precision, "compiled")
        arm.seconds += variant["seconds"]
        arms[f"autotune package {precision.upper()}"] = arm
    return arms


def prepacked(arguments: argparse.Namespace) -> dict[str, Arm]:
    if arguments.script is None:
        return {}
    return {
        f"autotune prepacked {arm['precision'].upper()}": Arm(
            worker(arguments, arguments.script), arm["precision"], arm["layout"]
        )
        for arm in worker(arguments, arguments.script).arms
        if arm["layout"] == "prepacked"
    }


def worker(arguments: argparse.Namespace, model: str) -> Worker:
    return Worker(arguments.worker, model, arguments.inputs, arguments.units_from_mask)


if __name__ == "__main__":
    main()
