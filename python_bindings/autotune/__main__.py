"""`python -m autotune` and the console script `autotune`: the command-line program."""

import os
import sys
from pathlib import Path

from . import _core


def main() -> int:
    """Replaces this process by the program, so that signals and exit codes are its own.

    `export` needs Python's torch and is therefore done here.
    """
    if sys.argv[1:2] == ["export"]:
        from .export.__main__ import main as export

        return export(sys.argv[2:])
    program = Path(_core.__file__).parent / "bin" / "autotune"
    if not program.is_file():
        print(
            f"autotune: the command-line program is not at {program}. Install autotune-energy "
            "once more, with the option --force-reinstall.",
            file=sys.stderr,
        )
        return 1
    os.execv(program, [os.fspath(program), *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
