"""`python -m autotune` and the console script are the command-line program."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).parent / "autotune"


@pytest.mark.parametrize("command", [[sys.executable, "-m", "autotune"], [str(SCRIPT)]])
def test_the_program_answers_with_its_own_exit_status(command):
    version = subprocess.run([*command, "--version"], capture_output=True, text=True)
    assert (version.returncode, version.stdout.split()[0]) == (0, "autotune")
    wrong = subprocess.run([*command, "tune", "--colour"], capture_output=True, text=True)
    assert wrong.returncode == 2
    assert "--colour" in wrong.stderr and not wrong.stdout


def test_the_program_finds_the_packaged_worker(tiny):
    command = [sys.executable, "-m", "autotune", "tune", *tiny[:1], "--inputs", tiny[1]]
    run = subprocess.run([*command, "--device", "cpu", "--dry-run"], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert "precision=fp32" in run.stdout
