"""What `autotune doctor` finds on machines with and without counters; run by cli_test.py."""

import json
import unittest

from program import FAKE_NVML, FOLDER, MODEL, Run


class Doctor(unittest.TestCase):
    """Of the CPU, so that it answers the same with and without a GPU."""

    NOTHING = {"AUTOTUNE_POWERCAP_ROOT": str(FOLDER / "no_powercap")}

    def meters(self, run):
        return {(m["source"], m["scope"]): m for m in json.loads(run.out)["meters"]}

    def powercap_tree(self, energy):
        zone = FOLDER / f"powercap_{energy}" / "intel-rapl:0"
        zone.mkdir(parents=True, exist_ok=True)
        for name, text in (("name", "package-0"), ("energy_uj", energy), ("max_energy_range_uj", 10**12)):
            (zone / name).write_text(f"{text}\n")
        return {"AUTOTUNE_POWERCAP_ROOT": str(zone.parent)}

    def test_without_a_counter_says_that_figures_are_time_in_disguise(self):
        run = Run("doctor", "--device", "cpu", env=self.NOTHING)
        self.assertEqual(run.status, 0, run.err)
        self.assertRegex(run.out, r"(?m)^ rapl +cpu_package +no +no +.*no_powercap is not there")
        self.assertRegex(run.out, r"(?m)^ modelled +cpu_package +yes +no ")
        self.assertRegex(run.out, r"--meter auto takes modelled")
        self.assertIn("time in disguise", run.out)

    def test_json_is_one_object_without_a_self_test_where_there_is_no_model(self):
        run = Run("doctor", "--device", "cpu", "--json", env=self.NOTHING)
        self.assertEqual(run.status, 0, run.err)
        found = json.loads(run.out)
        self.assertEqual(found["device"]["id"], "cpu")
        for meter in found["meters"]:
            self.assertEqual(set(meter), {"source", "scope", "usable", "claimable", "reason", "remedy"})
        self.assertEqual(found["meter"]["source"], "modelled")
        self.assertIn("schedstat", found["watch"])
        self.assertIsNone(found["watch"]["temperature"])
        self.assertIsNone(found["self_test"])

    def test_a_powercap_tree_is_usable_and_not_claimable(self):
        run = Run("doctor", "--device", "cpu", "--meter", "rapl", "--json", env=self.powercap_tree(7_000_000))
        self.assertEqual(run.status, 0, run.err)
        packages = self.meters(run)["rapl", "cpu_package"]
        self.assertTrue(packages["usable"])
        self.assertFalse(packages["claimable"])
        self.assertIn("AUTOTUNE_POWERCAP_ROOT", packages["remedy"])

    def test_a_named_meter_that_does_not_work_is_a_failure_after_the_list(self):
        run = Run("doctor", "--device", "cpu", "--meter", "rapl", env=self.powercap_tree(0))
        self.assertEqual(run.status, 1)
        self.assertIn("--meter rapl does not work here", run.out)
        self.assertIn("stands at 0", run.err)
        self.assertLessEqual(len(run.err.strip().splitlines()), 4, run.err)
        self.assertEqual(Run("doctor", "--device", "cpu", env=self.powercap_tree(0)).status, 0)

    def test_a_library_in_place_of_nvml_serves_any_device(self):
        if not FAKE_NVML.exists():
            self.skipTest(f"no fake NVML at {FAKE_NVML}")
        env = {**self.NOTHING, "AUTOTUNE_NVML_LIBRARY": str(FAKE_NVML)}
        run = Run("doctor", "--device", "cpu", "--meter", "nvml:0", "--json", env=env)
        self.assertEqual(run.status, 0, run.err)
        counter = self.meters(run)["nvml_counter", "gpu"]
        self.assertTrue(counter["usable"])
        self.assertFalse(counter["claimable"])
        self.assertEqual(json.loads(run.out)["meter"]["source"], "nvml_counter")
        refused = Run("doctor", "--device", "cpu", "--meter", "nvml:0", env={**env, "FAKE_NVML_INIT": "9"})
        self.assertEqual(refused.status, 1)
        self.assertIn("modprobe nvidia", refused.out)

    def test_a_model_puts_the_meters_to_their_test(self):
        if not FAKE_NVML.exists():
            self.skipTest(f"no fake NVML at {FAKE_NVML}")
        env = {**self.NOTHING, "AUTOTUNE_NVML_LIBRARY": str(FAKE_NVML)}
        run = Run("doctor", *MODEL, "--device", "cpu", "--meter", "nvml:0", env=env)
        self.assertEqual(run.status, 0, run.err)
        self.assertRegex(run.out, r"(?m)^ nvml_counter \(scope gpu; .*tested for")
        for fact in ("movement", "power", "agreement", "sampling", "a call", "verdict"):
            self.assertRegex(run.out, rf"(?m)^   {fact} ")

    def test_a_model_without_a_counter_has_nothing_to_test(self):
        run = Run("doctor", *MODEL, "--device", "cpu", "--json", env=self.NOTHING)
        self.assertEqual(run.status, 0, run.err)
        self.assertEqual(json.loads(run.out)["self_test"], [])

    def test_usage_and_devices_are_refused_as_elsewhere(self):
        for words, status, says in (
            (("--device", "cuda:7"), 5, "cuda:7"),
            (("--meter", "watt"), 2, "watt"),
            (("--inputs", FOLDER / "inputs.pt"), 2, "no model"),
            ((FOLDER / "mlp.pt",), 2, "--inputs FILE"),
            ((FOLDER / "text.pt", "--inputs", FOLDER / "inputs.pt", "--device", "cpu"), 1, "text.pt"),
        ):
            run = Run("doctor", *words, env=self.NOTHING)
            self.assertEqual(run.status, status, run.err)
            self.assertIn(says, run.err)
