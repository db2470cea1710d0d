"""An engine that does nothing but draw power: BF16 is twice as fast as FP32 at three times its
watts, so that the fastest configuration is not the cheapest. The fake NVML reads the watts from the
file that FAKE_NVML_WATTS_FILE names.

BREAK in the environment plants a fault for the conformance checker.
"""

import os
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "examples" / "adapters"))

import adapter

BREAK = os.environ.get("BREAK", "")
ROWS = 16


class Power(adapter.Engine):
    def load(self, workload, execution):
        self.arm = None

    def describe(self):
        arms = [
            {"precision": precision, "layout": "plain", "execution": {}}
            for precision in (("bf16",) if BREAK == "no_fp32" else ("fp32", "bf16"))
        ]
        return {
            "workload": {
                "name": "power",
                "unit": "item",
                "inputs": "float32[batch,1]",
                "fingerprint": "power:1",
            },
            "rows": ROWS,
            "units_per_row": 1.0,
            "max_batch": 32,
            "arms": arms,
        }

    def prepare(self, arm, accuracy_batch, check_accuracy):
        self.arm = arm["precision"]
        self.draw({"fp32": 100, "bf16": 300}[self.arm])
        accuracy = {"finite": True, "worst_cosine": 1.0, "relative_l2": 0.0, "coverage": 1.0}
        return {"set_up": {"seconds": 0.5}, "accuracy": accuracy | {"rows": ROWS}}

    def draw(self, watts):
        if path := os.environ.get("FAKE_NVML_WATTS_FILE"):
            with open(path, "a", encoding="ascii") as file:
                file.write(f"{time.monotonic_ns()} {watts}\n")

    def iterate(self, first_row, batch):
        if batch > 32:
            raise ValueError(f"a batch of {batch}, 32 at most")
        time.sleep((0.004 + 0.001 * batch) * {"fp32": 1, "bf16": 0.5}[self.arm])
        return batch + (1 if BREAK == "units" and batch > 1 else 0)


def with_a_fault():
    """Replaces a part of the adapter's own machinery by one that is wrong."""
    if BREAK == "clock":
        adapter.time.monotonic_ns = time.time_ns
    if BREAK == "stdout":
        os.write(1, b"Loading weights: 100%\n")
    if BREAK == "protocol":
        adapter.PROTOCOL = 0
    if BREAK == "iterations":
        run = adapter._run
        adapter._run = lambda engine, asked: run(engine, asked | {"max_iterations": 0})


if __name__ == "__main__":
    with_a_fault()
    adapter.serve(Power())
