"""The command line as a user meets it: what it prints, where, and its exit statuses.

    python tests/cli/cli_test.py BIN_DIR

Needs torch, to make models. Nothing here asserts a timing.
"""

import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest

from doctor_test import Doctor  # noqa: F401, run with the others
from exec_test import Conformance, Exec  # noqa: F401
from program import BIN, FOLDER, MODEL, QUICK, Run, make_files
from startup_test import Startup  # noqa: F401


class Usage(unittest.TestCase):
    def refused(self, *words, status, says, **options):
        run = Run(*words, **options)
        self.assertEqual(run.status, status, run.err)
        self.assertEqual(run.out, "")
        for text in says:
            self.assertIn(text, run.err)
        self.assertLessEqual(len(run.err.strip().splitlines()), 4, run.err)

    def test_without_a_command_says_how_to_begin(self):
        run = Run()
        self.assertEqual(run.status, 2)
        self.assertIn("autotune tune model.pt --inputs inputs.pt", run.err)

    def test_help_lists_the_commands_on_stdout(self):
        run = Run("--help")
        self.assertEqual(run.status, 0)
        for command in ("tune", "measure", "show", "devices", "doctor"):
            self.assertRegex(run.out, rf"(?m)^  {command} ")
            self.assertEqual(Run(command, "--help").status, 0)

    def test_unknown_command_lists_the_known(self):
        self.refused("tone", status=2, says=["tone", "tune, measure, show, devices, doctor"])

    def test_misspelt_flag_gets_the_nearest(self):
        self.refused("tune", *MODEL, "--batchs", "1:4", status=2, says=["--batchs", "--batch"])

    def test_an_abbreviated_flag_is_refused(self):
        self.refused("tune", *MODEL, "--prec", "fp32", status=2, says=["--prec"])

    def test_batch_ranges_that_hold_nothing(self):
        for text in ("0:4", "8:4", "x", "1:"):
            self.refused("tune", *MODEL, "--batch", text, status=2, says=[f"'{text}'", "1:64"])

    def test_unknown_precision_lists_the_known(self):
        self.refused("tune", *MODEL, "--precision", "fp31", status=2, says=["fp31", "fp32, tf32"])

    def test_unknown_words_of_a_config(self):
        self.refused("measure", *MODEL, "--config", "batch=8,colour=red", status=2, says=["colour"])

    def test_constraints_that_contradict_themselves(self):
        self.refused("tune", *MODEL, "--min-cosine", "1.5", status=2, says=["1.5"])
        self.refused("tune", *MODEL, "--min-coverage", "1.5", status=2, says=["1.5"])
        self.refused("tune", *MODEL, "--max-latency-ms", "-3", status=2, says=["-3"])
        self.refused("tune", *MODEL, "--budget-seconds", "0", status=2, says=["--budget-seconds"])

    def test_neither_inputs_nor_input(self):
        self.refused("tune", FOLDER / "mlp.pt", status=2, says=["--inputs FILE", "--input"])

    def test_no_such_device(self):
        self.refused("tune", *MODEL, "--device", "cuda:7", status=5, says=["cuda:7"])
        self.refused("tune", *MODEL, "--device", "tpu", status=2, says=["tpu"])

    def test_models_that_are_none(self):
        for name in ("missing.pt", "empty.pt", "text.pt", "truncated.pt"):
            self.refused(
                "tune", FOLDER / name, "--inputs", FOLDER / "inputs.pt", "--device", "cpu",
                status=1, says=[name],
            )

    def test_inputs_that_do_not_fit(self):
        for name, says in (
            ("rows_differ.pt", ["48", "7"]),
            ("no_rows.pt", ["zero rows"]),
            ("one_argument.pt", ["mask"]),
            ("wrong_dtype.pt", ["Long"]),
            ("missing_inputs.pt", ["missing_inputs.pt"]),
        ):
            self.refused(
                "tune", FOLDER / "mlp.pt", "--inputs", FOLDER / name, "--device", "cpu", *QUICK[:4],
                status=1, says=says,
            )

    def test_a_spec_that_does_not_parse(self):
        self.refused(
            "tune", FOLDER / "mlp.pt", "--input", "int99[batch,3]", "--input", "int64[batch,4]:0..1",
            "--device", "cpu", status=2, says=["int99"],
        )

    def test_a_worker_that_is_missing(self):
        self.refused(
            "tune", *MODEL, *QUICK, env={"AUTOTUNE_WORKER": "/nowhere/worker"}, status=1,
            says=["/nowhere/worker", "AUTOTUNE_WORKER"],
        )

    def test_a_worker_that_dies_at_its_start(self):
        self.refused("tune", *MODEL, *QUICK, env={"AUTOTUNE_WORKER": "/bin/false"}, status=1, says=["/bin/false"])

    def test_a_cache_folder_that_is_a_file(self):
        self.refused(
            "tune", *MODEL, *QUICK, cache=FOLDER / "text.pt", status=1, says=["AUTOTUNE_CACHE_DIR"]
        )

    def test_show_without_a_profile_says_what_to_run(self):
        self.refused("show", "nothing", cache=FOLDER / "none", status=1, says=["nothing", "autotune tune"])


class Devices(unittest.TestCase):
    def test_json_lists_the_cpu_first(self):
        devices = json.loads(Run("devices", "--json").out)
        self.assertEqual(devices[0]["id"], "cpu")
        self.assertGreaterEqual(devices[0]["cores"], 1)

    def test_text_has_a_line_for_each(self):
        self.assertRegex(Run("devices").out, r"(?m)^cpu ")


class Tune(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.run_json = Run(
            "tune", *MODEL, *QUICK, "--name", "mlp", "--units-from-mask", "1",
            "--baseline", "batch=4,precision=fp32", "--json",
        )
        cls.result = json.loads(cls.run_json.out)

    def test_exits_zero_with_nothing_but_json_on_stdout(self):
        self.assertEqual(self.run_json.status, 0, self.run_json.err)
        self.assertTrue(self.run_json.out.endswith("}\n"))
        self.assertFalse(self.run_json.out.endswith("\n\n"))

    def test_json_has_the_keys_of_the_contract(self):
        for key in (
            "schema_version name unit device meter best lossy_best baselines ties trials unsupported "
            "spent pays_back_after_units effort complete warnings profile_path"
        ).split():
            self.assertIn(key, self.result)
        self.assertEqual(self.result["unit"], "token")
        self.assertEqual([b["name"] for b in self.result["baselines"][:2]], ["incumbent", "fp32_batch_1"])

    def test_the_best_is_the_cheapest_of_the_trials_that_raced(self):
        best = self.result["best"]
        self.assertIn(best, self.result["trials"])
        for trial in self.result["trials"]:
            if trial["status"] == "ok" and len(trial.get("measurement", {}).get("windows", [])) > 1:
                self.assertLessEqual(
                    best["measurement"]["joules_per_unit"], trial["measurement"]["joules_per_unit"]
                )

    def test_figures_follow_from_the_trials(self):
        modelled_watts = self.result["best"]["measurement"]["watts"]
        for trial in self.result["trials"]:
            measured = trial.get("measurement")
            if not measured:
                continue
            windows = measured["windows"]
            mean = 1.0
            for window in windows:
                mean *= window ** (1 / len(windows))
            if len(windows) == 1:
                self.assertAlmostEqual(measured["joules_per_unit"] / mean, 1, places=6)
            else:  # A finalist's figure is the race's as a whole, drift taken out.
                self.assertLess(measured["ci95"][0], mean)
                self.assertGreater(measured["ci95"][1], mean)
            if self.result["meter"]["source"] == "modelled":  # One constant wattage.
                self.assertAlmostEqual(measured["watts"] / modelled_watts, 1, places=6)
        for baseline in self.result["baselines"]:
            self.assertIn(
                {k: v for k, v in baseline.items() if k not in ("name", "saving")}, self.result["trials"]
            )

    def test_batches_that_are_no_powers_of_two_were_measured(self):
        batches = {trial["config"]["batch"] for trial in self.result["trials"]}
        self.assertTrue({b for b in batches if b & (b - 1)})

    def test_show_and_the_profile_agree_with_tune(self):
        shown = json.loads(Run("show", "mlp", "--json").out)
        self.assertEqual(shown["best"]["config"], self.result["best"]["config"])
        self.assertTrue(pathlib.Path(self.result["profile_path"]).is_file())
        self.assertIn("mlp", Run("show", "mlp").out)

    def test_modelled_energy_says_so_and_is_not_claimable(self):
        if self.result["meter"]["source"] == "modelled":
            self.assertFalse(self.result["meter"]["claimable"])

    def test_table_ends_with_the_profile(self):
        run = Run("tune", *MODEL, *QUICK, "--name", "mlp")
        self.assertEqual(run.status, 0, run.err)
        self.assertIn("best", run.out)
        self.assertRegex(run.out, r"saves \d+ % against|is the best already")
        self.assertRegex(run.out.strip().splitlines()[-1], r"profile: .*\.json")

    def test_nothing_meets_an_impossible_limit(self):
        cache = FOLDER / "impossible"
        run = Run("tune", *MODEL, *QUICK, "--max-latency-ms", "0.000001", cache=cache)
        self.assertEqual(run.status, 3, run.err)
        self.assertIn("closest", run.err)
        self.assertFalse(list(cache.rglob("*.json")))

    def test_dry_run_measures_nothing(self):
        cache = FOLDER / "dry"
        run = Run("tune", *MODEL, *QUICK, "--dry-run", cache=cache)
        self.assertEqual(run.status, 0, run.err)
        self.assertIn("precision=fp32,layout=plain", run.out)
        self.assertRegex(run.out, r"within \d+ s and \d+ J")  # Modelled: what it says it draws.
        self.assertFalse(list(cache.rglob("*.json")))

    def test_dry_run_names_the_arms_that_knobs_make(self):
        run = Run("tune", *MODEL, *QUICK, "--dry-run", "--precision", "fp32", "--layout", "plain",
                  "--threads", "1,1")
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual(re.findall(r"would try +(.*)", run.out),
                         ["precision=fp32,layout=plain,threads=1,retained_heap=1"])

    def test_refuses_threads_that_cannot_be(self):
        for words, told in ((("--threads", "0"), "'0'"), (("--threads", "one"), "'one'"),
                            (("--threads", "60000"), "this process may use"),
                            (("--threads", ","), "names nothing")):
            run = Run("tune", *MODEL, *QUICK, *words)
            self.assertEqual(run.status, 2, run.err)
            self.assertIn(told, run.err)

    def test_an_interrupt_saves_the_best_so_far(self):
        cache = FOLDER / "interrupted"
        words = ["tune", *map(str, MODEL), "--device", "cpu", "--budget-seconds", "120", "--json"]
        process = subprocess.Popen(
            [BIN / "autotune", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=dict(os.environ, AUTOTUNE_CACHE_DIR=str(cache)),
        )
        for line in process.stderr:
            if " tried" in line:
                break
        time.sleep(6)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 130, err)
        self.assertFalse(json.loads(out)["complete"])


class Measure(unittest.TestCase):
    def test_json_is_one_trial_with_device_and_meter(self):
        run = Run("measure", *MODEL, "--device", "cpu", "--config", "batch=3,precision=fp32", "--json")
        self.assertEqual(run.status, 0, run.err)
        trial = json.loads(run.out)
        self.assertEqual(trial["config"]["batch"], 3)
        self.assertEqual(trial["status"], "ok")
        self.assertGreater(trial["measurement"]["joules_per_unit"], 0)
        for key in ("device", "meter"):
            self.assertIn(key, trial)

    def test_text_names_the_configuration(self):
        run = Run("measure", *MODEL, "--device", "cpu", "--config", "batch=3")
        self.assertTrue(re.search(r"batch[ =]3", run.out), run.out)


FAKE_NVML = BIN.parent / "fakes" / "nvml_new" / "libnvidia-ml.so.1"


@unittest.skipUnless(FAKE_NVML.exists(), "the fake NVML library was not built")
class Meters(unittest.TestCase):
    def measure(self, name, **env):
        run = Run(
            "measure", *MODEL, "--device", "cpu", "--config", "batch=8", "--meter", "nvml:0", "--json",
            cache=FOLDER / name, env={"AUTOTUNE_NVML_LIBRARY": str(FAKE_NVML), **env},
        )
        self.assertEqual(run.status, 0, run.err)
        return json.loads(run.out), run.err

    def test_a_counter_that_passes_its_self_test_is_used_and_the_test_is_kept(self):
        trial, _ = self.measure("counter")
        self.assertEqual(trial["meter"]["source"], "nvml_counter")
        self.assertFalse(trial["meter"]["claimable"])
        kept = list((FOLDER / "counter" / "state").glob("meter-*.json"))
        self.assertEqual(len(kept), 1)
        self.assertEqual(json.loads(kept[0].read_text())["failures"], [])

    def test_a_counter_that_stands_still_makes_way_for_power(self):
        trial, said = self.measure("frozen", FAKE_NVML_COUNTER="frozen")
        self.assertEqual(trial["meter"]["source"], "nvml_power_instant")
        self.assertIn("stood still", said)
        self.assertAlmostEqual(trial["measurement"]["watts"], 250, delta=5)

    def test_a_counter_is_compared_with_the_power_of_its_own_gpu(self):
        run = Run(
            "measure", *MODEL, "--device", "cpu", "--config", "batch=8", "--meter", "nvml:1", "--json",
            cache=FOLDER / "second", env={
                "AUTOTUNE_NVML_LIBRARY": str(FAKE_NVML), "FAKE_NVML_DEVICES": "2", "FAKE_NVML_WATTS": "300;120",
            },
        )
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual(json.loads(run.out)["meter"]["source"], "nvml_counter", run.err)

    def test_a_busy_machine_is_seen(self):
        busy = [
            subprocess.Popen([sys.executable, "-c", "while True: pass"])
            for _ in range(2 * (os.cpu_count() or 1))
        ]
        try:
            run = Run("measure", *MODEL, "--device", "cpu", "--config", "batch=8", "--json")
        finally:
            for process in busy:
                process.kill()
                process.wait()
        self.assertEqual(run.status, 0, run.err)
        self.assertIn("foreign_load", json.loads(run.out)["measurement"]["flags"])


if __name__ == "__main__":
    make_files()
    try:
        unittest.main(verbosity=2)
    finally:
        shutil.rmtree(FOLDER, ignore_errors=True)
