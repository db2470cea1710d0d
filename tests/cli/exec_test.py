"""Other engines: `--exec`, the conformance checker, the journal of a real tune; by cli_test.py."""

import json
import pathlib
import sys
import unittest

from program import FAKE_NVML, FOLDER, Run

ADAPTER = f"{sys.executable} {pathlib.Path(__file__).parent / 'power_adapter.py'}"


class Exec(unittest.TestCase):
    def test_the_fastest_is_not_the_cheapest_and_both_are_reported(self):
        env = {"AUTOTUNE_NVML_LIBRARY": str(FAKE_NVML), "FAKE_NVML_WATTS_FILE": str(FOLDER / "watts")}
        words = ("tune", "--exec", ADAPTER, "--device", "cpu", "--meter", "nvml:0")
        limits = ("--effort", "quick", "--budget-seconds", "60", "--batch", "1:32")
        events = FOLDER / "events.jsonl"
        run = Run(*words, *limits, "--json", "--events", events, env=env)
        self.assertEqual(run.status, 0, run.err)
        result = json.loads(run.out)
        self.assertEqual(result["name"], "power")
        self.assertEqual(result["meter"]["source"], "nvml_counter")
        self.assertFalse(result["meter"]["claimable"])
        self.assertEqual(result["best"]["config"]["precision"], "fp32")
        fastest = next(b for b in result["baselines"] if b["name"] == "fastest")
        self.assertEqual(fastest["config"]["precision"], "bf16")
        self.assertGreater(fastest["saving"]["fraction"], 0.2)
        self.assertEqual(result["best"]["set_up"], {"seconds": 0.5})
        lines = [json.loads(line) for line in events.read_text().splitlines()]
        self.assertLessEqual({"prepare", "window"}, {line["type"] for line in lines})
        self.assertLessEqual({"baselines", "search", "race"}, {line["phase"] for line in lines})

    def test_a_program_that_is_not_there_is_named(self):
        run = Run("tune", "--exec", "no_such_engine --flag", "--device", "cpu")
        self.assertEqual(run.status, 1)
        self.assertIn("no_such_engine", run.err)
        self.assertLessEqual(len(run.err.strip().splitlines()), 4, run.err)

    def test_an_engine_and_a_model_exclude_each_other(self):
        run = Run("tune", "model.pt", "--exec", ADAPTER)
        self.assertEqual(run.status, 2)
        self.assertIn("exclude each other", run.err)

    def test_an_old_protocol_ends_the_tune_with_both_versions(self):
        run = Run("tune", "--exec", ADAPTER, "--device", "cpu", env={"BREAK": "protocol"})
        self.assertEqual(run.status, 1)
        self.assertIn("version 0", run.err)
        self.assertIn("version 1", run.err)


class Conformance(unittest.TestCase):
    def findings(self, fault):
        run = Run("doctor", "--exec", ADAPTER, "--device", "cpu", "--json", env={"BREAK": fault})
        checks = json.loads(run.out)["checks"]
        failed = [check for check in checks if not check["passed"]]
        self.assertEqual(run.status, 1 if failed else 0, run.err)
        return failed

    def test_an_adapter_that_keeps_the_protocol_has_no_finding(self):
        self.assertEqual(self.findings(""), [])

    def test_each_planted_fault_is_named(self):
        for fault, what, finding in (
            ("clock", "CLOCK_MONOTONIC", "asked for at"),
            ("stdout", "hello", "Loading weights"),
            ("protocol", "hello", "version 0"),
            ("iterations", "no more iterations", "2 at most"),
            ("units", "units", "in one batch"),
            ("no_fp32", "FP32 among", "no FP32 arm"),
        ):
            with self.subTest(fault):
                first = self.findings(fault)[0]
                self.assertIn(what, first["what"])
                self.assertIn(finding, first["finding"])
