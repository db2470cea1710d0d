"""Kills a tune at a thousand random moments: no finished step is lost, none is taken twice, and the
answer is that of a tune that nobody killed.

    python tests/kills_test.py build/release/tests/simulated_tune [KILLS]
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile
import time

MEMORY = "/dev/shm" if pathlib.Path("/dev/shm").is_dir() else None


def steps(folder: pathlib.Path) -> list[str]:
    """What a journal's whole records say was asked for, in order."""
    (journal,) = folder.iterdir()
    whole = journal.read_bytes().decode().split("\n")[:-1]
    records = [json.loads(line[9:]) for line in whole][1:]
    return [f"{record['step']} {record['config']} {record['amount']}" for record in records]


def run(program: str, folder: pathlib.Path, resume: bool) -> subprocess.Popen:
    words = [program, str(folder), *(["--resume"] if resume else [])]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def main(program: str, kills: int) -> None:
    generator = random.Random(20261125)
    with tempfile.TemporaryDirectory(dir=MEMORY) as memory:
        whole = pathlib.Path(memory) / "whole"
        started = time.monotonic()
        answer, _ = run(program, whole, resume=False).communicate()
        seconds = time.monotonic() - started
        expected = steps(whole)
        assert answer.startswith("best "), answer
        killed = tunes = 0
        while killed < kills:
            folder = pathlib.Path(memory) / f"tune{tunes}"
            tunes += 1
            known: list[str] = []
            while True:
                begun = folder.is_dir() and any(
                    journal.read_bytes().count(b"\n") > 0 for journal in folder.iterdir()
                )
                if not begun and folder.is_dir():
                    for journal in folder.iterdir():  # Killed before its header was whole.
                        journal.unlink()
                process = run(program, folder, resume=begun)
                try:
                    out, err = process.communicate(timeout=generator.uniform(0, 0.7 * seconds))
                except subprocess.TimeoutExpired:
                    process.kill()
                    out, err = process.communicate()
                    killed += 1
                    if not folder.is_dir() or not any(folder.iterdir()):
                        continue
                    now = steps(folder)
                    assert now[: len(known)] == known, f"a finished step was lost: {known} {now}"
                    assert now == expected[: len(now)], f"another step than expected: {now}"
                    known = now
                    continue
                assert process.returncode == 0, err
                assert out == answer, f"another answer after kills:\n{out}\ninstead of\n{answer}"
                assert steps(folder) == expected, "a step was taken twice"
                break
        print(f"{killed} kills, {tunes} tunes, {len(expected)} steps each: the same answer")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 1000)
