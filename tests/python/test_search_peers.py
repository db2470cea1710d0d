"""The comparison with other tuners, as far as it goes without them: their packages are not here."""

import csv
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "search_peers.py"
TABLE = """arm,batch,latency_ms,joules_per_unit,status
a,1,10,1,ok
a,2,10,0.5,ok
b,1,10,2,ok
b,2,,,out_of_memory
"""
HEADER = "# made by hand\nset,table,table_crc32,searcher,seed,limits,ended,evaluations\n"


def search_peers(*arguments):
    # Without the site's packages, so that an installed peer changes nothing here.
    return subprocess.run([sys.executable, "-S", PROGRAM, *map(str, arguments)],
                          capture_output=True, text=True, timeout=120)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "set" / "small.csv"
    path.parent.mkdir()
    path.write_text(TABLE)
    return path


def test_noise_and_charges_pass_their_self_test():
    result = search_peers("--self-test")
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("ok ") >= 10


def logged(tmp_path, table, evaluations):
    crc32 = f"{zlib.crc32(table.read_bytes()):08x}"
    log = tmp_path / "log.csv"
    log.write_text(f"{HEADER}set,small,{crc32},optuna_tpe_naive,0,windows=4,limit,{evaluations}\n")
    return log


def test_scores_a_log_at_every_limit_without_the_peers(tmp_path, table):
    log, out = logged(tmp_path, table, "2* 0* 3 1*"), tmp_path / "out.csv"
    result = search_peers("--tables", table, "--peers", "optuna_tpe_naive", "--seeds", 1,
                          "--windows", "2,4", "--seconds", "12", "--log", log, "--out", out)
    assert result.returncode == 0, result.stderr
    two, four, twelve_seconds = csv.DictReader(out.open())
    assert (two["pick_arm"], two["pick_batch"], float(two["regret"])) == ("a", "1", 1)
    assert (four["pick_batch"], float(four["regret"]), four["out_of_memory"]) == ("2", 0, "1")
    assert float(four["seconds"]) == 1.5 + 9.5 + 10 + 9.5
    assert twelve_seconds["windows"] == "2"


def test_a_broken_last_line_is_run_again(tmp_path, table):
    log = logged(tmp_path, table, "2* 0* 3 1*")
    log.write_text(log.read_text().rstrip("\n"))
    result = search_peers("--tables", table, "--peers", "optuna_tpe_naive", "--seeds", 1,
                          "--windows", 4, "--log", log)
    assert result.returncode == 1
    assert "1 runs are not in" in result.stderr and "not installed" in result.stderr


def test_a_run_of_another_table_does_not_count(tmp_path, table):
    log = logged(tmp_path, table, "2* 0* 3 1*")
    table.write_text(TABLE.replace("0.5", "0.6"))
    result = search_peers("--tables", table, "--peers", "optuna_tpe_naive", "--seeds", 1,
                          "--windows", 4, "--log", log)
    assert "1 runs are not in" in result.stderr


@pytest.mark.parametrize("arguments, word", [
    (["--tables", "x.csv", "--log", "l", "--windows", "0"], "--windows"),
    (["--tables", "x.csv", "--log", "l", "--windows", "5", "--peers", "smac"], "optuna_tpe_bmax"),
    (["--tables", "x.csv", "--log", "l", "--windows", "5", "--jobs", "-1"], "--jobs"),
    (["--tables", "x.csv", "--log", "l"], "--windows"),
    (["--windows", "5", "--log", "l"], "--tables"),
])
def test_a_bad_flag_is_named(arguments, word, tmp_path):
    result = search_peers(*[tmp_path / a if a == "l" else a for a in arguments])
    assert result.returncode == 2
    assert word in result.stderr.splitlines()[-1]


def test_a_missing_table_is_named(tmp_path):
    result = search_peers("--tables", tmp_path / "none.csv", "--log", tmp_path / "log.csv",
                          "--windows", 5)
    assert result.returncode == 1
    assert "none.csv" in result.stderr and "Traceback" not in result.stderr
