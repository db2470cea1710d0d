"""The committed simulated tables are those that scripts/simulate_tables.py makes."""

import filecmp
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SETS = ("dense", "planted")


class SimulatedTables(unittest.TestCase):
    def test_are_what_the_generator_makes(self):
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run([sys.executable, ROOT / "scripts/simulate_tables.py", "--out", folder],
                           check=True, stdout=subprocess.DEVNULL)
            for name in SETS:
                made = pathlib.Path(folder) / name
                kept = ROOT / "profiles/recorded" / name
                files = sorted(path.name for path in kept.iterdir())
                self.assertEqual(files, sorted(path.name for path in made.iterdir()))
                _, differing, broken = filecmp.cmpfiles(made, kept, files, shallow=False)
                self.assertEqual((differing, broken), ([], []))


if __name__ == "__main__":
    unittest.main()
