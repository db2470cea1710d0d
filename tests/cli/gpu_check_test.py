"""scripts/gpu_check with the real programs on the CPU: killed in the middle, it goes on where it was.

    python tests/cli/gpu_check_test.py BUILD_FOLDER
"""

import csv
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(sys.argv.pop(1) if len(sys.argv) > 1 else "build/release").resolve()
FOLDER = pathlib.Path(tempfile.mkdtemp(prefix="autotune_gpu_check_"))
OUT, WORK = FOLDER / "out", FOLDER / "work"
PATIENCE_SECONDS = 120


def start(seconds: int) -> subprocess.Popen:
    command = [ROOT / "scripts" / "gpu_check", OUT, "--device", "cpu", "--meter", "modelled"]
    command += ["--programs", BUILD, "--work", WORK, "--seconds", str(seconds)]
    return subprocess.Popen(
        command,
        env=os.environ | {"PYTHON": sys.executable},
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def rows() -> list[str]:
    table = OUT / "recorded.csv"
    return table.read_text().splitlines()[1:] if table.exists() else []


def kill_once_it_records(check: subprocess.Popen) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(rows()) < 3 and check.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(check.pid, signal.SIGKILL)
    check.communicate()


def keys(lines: list[str]) -> list[tuple[str, ...]]:
    return [tuple(line.split(",")[:3]) for line in lines]


class Killed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        kill_once_it_records(start(seconds=300))
        cls.before = rows()
        with (OUT / "recorded.csv").open("a") as file:
            file.write("encoder,bf16_pla")
        (OUT / "facts.json.part").write_text("{")
        check = start(seconds=75)
        _, cls.said = check.communicate(timeout=PATIENCE_SECONDS)
        cls.status = check.returncode

    def test_it_was_killed_in_the_middle(self):
        self.assertGreaterEqual(len(self.before), 3)

    def test_it_ends_by_itself(self):
        self.assertEqual(self.status, 0, self.said)

    def test_what_was_recorded_stays_and_is_not_recorded_again(self):
        after = rows()
        self.assertEqual(after[: len(self.before)], self.before)
        self.assertEqual(len(set(keys(after))), len(after))

    def test_no_half_row_is_left(self):
        with (OUT / "recorded.csv").open(newline="") as file:
            for row in csv.DictReader(file):
                self.assertNotIn(None, row.values(), row)
                self.assertGreater(float(row["joules_per_unit"]), 0)

    def test_every_model_has_every_arm(self):
        models = json.loads((OUT / "versions.json").read_text())["models"]
        recorded = {(model, arm) for model, arm, _ in keys(rows())}
        self.assertEqual(set(models), {"encoder", "decoder", "convnet"})
        for model, told in models.items():
            self.assertGreaterEqual(len(told["arms"]), 2)
            for arm in told["arms"]:
                self.assertIn((model, arm), recorded)
            for arm in told["unsupported"]:
                self.assertTrue(arm["reason"])

    def test_at_most_eight_files_come_back(self):
        self.assertLessEqual(len([path for path in OUT.rglob("*") if path.is_file()]), 8)
        self.assertEqual(list(OUT.glob("*.part")), [])


if __name__ == "__main__":
    unittest.main()
