"""The example `startup`: the start-up call as an application makes it."""

import json
import os
import re
import subprocess
import tempfile
import unittest

from program import BIN, FOLDER, MODEL, QUICK, Run

INPUTS = ("--inputs", FOLDER / "inputs.pt")


def startup(*words, cache) -> subprocess.CompletedProcess:
    environment = dict(os.environ, AUTOTUNE_CACHE_DIR=str(cache))
    command = [BIN / "startup", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=60)


def words_of(config: dict) -> str:
    """A configuration of a profile as a user writes it."""
    words = {name: config[name] for name in ("batch", "precision", "layout")}
    knobs = {name: int(config["execution"][name])
             for name in ("threads", "retained_heap", "cuda_graph") if name in config["execution"]}
    return ",".join(f"{name}={value}" for name, value in {**words, **knobs}.items())


class Startup(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = folder.name

    def test_help_says_how_it_is_called(self):
        ran = startup("--help", cache=self.cache)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("usage: startup MODEL", ran.stdout)

    def test_words_it_does_not_know(self):
        for words, says in (
            ((), "usage: startup MODEL"),
            ((FOLDER / "mlp.pt", "--second", "1"), "'--second' is not known"),
            ((FOLDER / "mlp.pt", "--seconds"), "'--seconds' is not known"),
            ((FOLDER / "mlp.pt", "--seconds", "soon"), "not 'soon'"),
            ((FOLDER / "mlp.pt", "--seconds", "-1"), "not '-1'"),
        ):
            ran = startup(*words, cache=self.cache)
            self.assertEqual(ran.returncode, 2, ran.stderr)
            self.assertIn(says, ran.stderr)
            self.assertEqual(ran.stdout, "")

    def test_without_a_profile_it_runs_as_loaded_and_says_what_to_run(self):
        ran = startup(FOLDER / "mlp.pt", *INPUTS, "--seconds", "0.1", cache=self.cache)
        self.assertEqual(ran.returncode, 0, ran.stderr)
        self.assertIn("config: batch=1,precision=fp32,layout=plain\n", ran.stdout)
        self.assertIn("autotune tune", ran.stdout)
        self.assertGreater(float(re.search(r"units per second: (\S+)", ran.stdout)[1]), 0)

    def test_every_start_takes_what_the_tune_found(self):
        tuned = Run("tune", *MODEL, *QUICK, "--json", cache=self.cache)
        self.assertEqual(tuned.status, 0, tuned.err)
        best = words_of(json.loads(tuned.out)["best"]["config"])
        for _ in range(2):
            ran = startup(FOLDER / "mlp.pt", "--seconds", "0.1", cache=self.cache)
            self.assertEqual(ran.returncode, 0, ran.stderr)
            self.assertIn(f"config: {best}\n", ran.stdout)
            self.assertNotIn("advice:", ran.stdout)
