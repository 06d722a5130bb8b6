"""The first code of the installed program.

In a checkout the program starts parts of itself by `python -m pos_loyalty …` and one
worker by its file. An installed bundle has neither Python nor files: there, `sys.executable`
is the program itself, and this file understands those two ways to ask.
"""

import multiprocessing
import sys


def main() -> int:
    """Do what the words after the program's name say."""
    words = sys.argv[1:]
    if words == ["zbar-worker"]:
        from pos_loyalty.devices import zbar_worker

        return zbar_worker.main()
    if words[:2] == ["-m", "pos_loyalty"]:
        words = words[2:]
    from pos_loyalty.cli import main as run

    return run(words)


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
