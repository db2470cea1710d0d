"""autotune_replay as a user meets it: the lines it prints, its exit codes, its one clear error.

    python tests/replay/replay_program_test.py build/core/bin/autotune_replay
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else "autotune_replay"
HEADER = "arm,batch,latency_ms,joules_per_unit,status\n"
# joules x batch / latency: 100 W and 200 W.
TABLE = HEADER + ("plain,1,10,1,ok\nplain,2,12,0.6,ok\nplain,6,20,0.3333333,ok\n"
                  '"bf16, fast",3,9,0.6,ok\n"bf16, fast",5,10,0.4,ok\n"bf16, fast",7,,,crashed\n')
KEYS = ["table", "searcher", "seed", "pick", "regret", "windows", "probes", "seconds", "joules",
        "out_of_memory", "ratio"]


class ReplayProgram(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def table(self, text=TABLE, name="t.csv"):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return str(path)

    def run_program(self, *words):
        return subprocess.run([PROGRAM, *map(str, words)], capture_output=True, text=True,
                              timeout=60, check=False)

    def lines(self, *words):
        done = self.run_program(*words)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return [json.loads(line) for line in done.stdout.splitlines()]

    def assert_fails(self, code, part, *words):
        done = self.run_program(*words)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertIn(part, done.stderr)
        self.assertLessEqual(len(done.stderr.splitlines()), 4)

    def test_prints_a_line_per_run_with_the_keys_in_order(self):
        tables = [self.table(), self.table(name="u.csv")]
        lines = self.lines(*tables, "--seed", 5, "--repeats", 3)
        self.assertEqual([(line["table"], line["seed"]) for line in lines],
                         [(table, seed) for table in tables for seed in (5, 6, 7)])
        for line in lines:
            self.assertEqual(list(line)[:len(KEYS)], KEYS)
            self.assertEqual(set(line["pick"]), {"arm", "batch"})

    def test_finds_the_optimum_without_noise(self):
        exact = ["--noise", 0, "--drift", 0, "--latency-noise", 0]
        line, = self.lines(self.table(), "--searcher", "sweep", *exact)
        self.assertEqual((line["pick"], line["regret"]), ({"arm": "plain", "batch": 6}, 0))
        self.assertEqual((line["windows"], line["probes"], line["out_of_memory"]), (6, 0, 0))

    def test_gives_the_same_bytes_for_the_same_seed(self):
        words = (self.table(), "--seed", 3, "--repeats", 4, "--searcher", "random")
        self.assertEqual(self.run_program(*words).stdout, self.run_program(*words).stdout)

    def test_keeps_within_every_limit(self):
        for flag, limit in (("windows", 2), ("seconds", 4), ("joules", 300)):
            for line in self.lines(self.table(), f"--{flag}", limit, "--repeats", 5):
                self.assertLessEqual(line[flag], limit)

    def test_has_no_pick_without_a_window(self):
        line, = self.lines(self.table(), "--windows", 0, "--searcher", "sweep")
        self.assertEqual((line["pick"], line["regret"], line["ratio"]), (None, None, None))

    def test_measures_the_incumbent_whose_arm_has_a_comma(self):
        line, = self.lines(self.table(), "--windows", 1, "--searcher", "sweep",
                           "--incumbent", "bf16, fast,5")
        self.assertEqual(line["pick"], {"arm": "bf16, fast", "batch": 5})

    def test_judges_by_the_limits_given(self):
        exact = ["--noise", 0, "--drift", 0, "--latency-noise", 0, "--searcher", "sweep"]
        line, = self.lines(self.table(), "--max-latency-ms", 11, *exact)
        self.assertEqual((line["pick"], line["regret"]),
                         ({"arm": "bf16, fast", "batch": 5}, 0))

    def test_exits_with_two_for_bad_usage(self):
        table = self.table()
        self.assert_fails(2, "name a recorded table")
        self.assert_fails(2, "unknown searcher 'oracle'", table, "--searcher", "oracle")
        self.assert_fails(2, "--windws", table, "--windws", 3)
        self.assert_fails(2, "--windows -1", table, "--windows=-1")
        self.assert_fails(2, "--seed", table, "--seed=-1")
        self.assert_fails(2, "--repeats 0", table, "--repeats", 0)
        self.assert_fails(2, "--seconds", table, "--seconds", "nan")
        self.assert_fails(2, "--rho", table, "--rho", 1)
        self.assert_fails(2, "not in the table", table, "--incumbent", "plain,5")
        self.assert_fails(2, "ARM,BATCH", table, "--incumbent", "plain")

    def test_exits_with_one_for_a_bad_table(self):
        self.assert_fails(1, "cannot read", self.folder / "none.csv")
        self.assert_fails(1, "t.csv:1: the file is empty", self.table(""))
        self.assert_fails(1, "t.csv:3: unknown status 'fine'",
                          self.table(HEADER + "a,1,1,1,ok\na,2,1,1,fine\n"))

    def test_prints_its_help(self):
        done = self.run_program("--help")
        self.assertEqual(done.returncode, 0)
        for flag in ("--searcher", "--drift arg (=0.01)", "--probe-seconds arg (=0.1)"):
            self.assertIn(flag, done.stdout)


if __name__ == "__main__":
    unittest.main()
