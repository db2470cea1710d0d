"""The program under test, how to run it, and the models it is run on.

The first argument of the test script is the folder of the programs.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

import torch

BIN = pathlib.Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else pathlib.Path("build/release/bin")
FAKE_NVML = BIN.parent / "fakes" / "nvml_new" / "libnvidia-ml.so.1"
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="autotune_cli_"))


class Mlp(torch.nn.Module):
    def __init__(self):
        super().__init__()
        torch.manual_seed(1)
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(32, 128), torch.nn.ReLU(), torch.nn.Linear(128, 16)
        )

    def forward(self, x: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        return self.layers(x) * mask[:, :1]


def make_files():
    rows = torch.randn(48, 32), torch.ones(48, 4, dtype=torch.int64)
    rows[1][::2, 3] = 0
    torch.jit.trace(Mlp().eval(), rows).save(str(FOLDER / "mlp.pt"))
    torch.save(rows, FOLDER / "inputs.pt")
    torch.save((rows[0], rows[1][:7]), FOLDER / "rows_differ.pt")
    torch.save((rows[0][:0], rows[1][:0]), FOLDER / "no_rows.pt")
    torch.save((rows[0],), FOLDER / "one_argument.pt")
    torch.save((rows[0].long(), rows[1]), FOLDER / "wrong_dtype.pt")
    (FOLDER / "empty.pt").write_bytes(b"")
    (FOLDER / "text.pt").write_text("not a model\n")
    whole = (FOLDER / "mlp.pt").read_bytes()
    (FOLDER / "truncated.pt").write_bytes(whole[: len(whole) // 2])


class Run:
    def __init__(self, *words, cache=None, env=None):
        environment = dict(os.environ, AUTOTUNE_CACHE_DIR=str(cache or FOLDER / "cache"), **(env or {}))
        done = subprocess.run(
            [BIN / "autotune", *map(str, words)], capture_output=True, text=True, env=environment, timeout=170
        )
        self.status, self.out, self.err = done.returncode, done.stdout, done.stderr


MODEL = (FOLDER / "mlp.pt", "--inputs", FOLDER / "inputs.pt")
QUICK = ("--effort", "quick", "--budget-seconds", "40", "--batch", "1:12", "--device", "cpu")
