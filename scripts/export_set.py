"""`python -m autotune export` from a checkout, where the package is not installed.

    python scripts/export_set.py MODEL --out DIR [OPTIONS]

Needs torch alone: the exporter is Python, and the compiled part of the package is not loaded.
"""

import pathlib
import sys
import types

PACKAGE = pathlib.Path(__file__).resolve().parent.parent / "python_bindings" / "autotune"


def main() -> int:
    # The package as a place for its modules, without its `__init__`, which needs the compiled part.
    package = types.ModuleType("autotune")
    package.__path__ = [str(PACKAGE)]
    sys.modules["autotune"] = package
    from autotune.export.__main__ import main as export

    return export()


if __name__ == "__main__":
    sys.exit(main())
