"""The first code of the installed program.

In a checkout the program starts parts of itself by `python -m pos_loyalty …`, one worker
and the independent checker of the books by their files. An installed bundle has no Python:
there, `sys.executable` is the program itself, and this file understands those ways to ask.
"""

import multiprocessing
import runpy
import sys
from pathlib import Path

BUNDLE = Path(getattr(sys, "_MEIPASS", ""))


def main() -> int:
    """Do what the words after the program's name say."""
    words = sys.argv[1:]
    if words == ["zbar-worker"]:
        from pos_loyalty.devices import zbar_worker

        return zbar_worker.main()
    if words and words[0].endswith(".py") and Path(words[0]).is_relative_to(BUNDLE / "tools"):
        sys.argv = words
        sys.path.insert(0, str(Path(words[0]).parent))
        runpy.run_path(words[0], run_name="__main__")
        return 0
    if words[:2] == ["-m", "pos_loyalty"]:
        words = words[2:]
    from pos_loyalty.cli import main as run

    return run(words)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
