"""Run the checks and tests, each with its time; the exit code is 0 if all passed.

./pos check            style, types, layers, house rules: a minute
./pos test             the same and every test: the window's, and all others as if Qt were absent
./pos test PATH …      only these tests; the words go to pytest
"""

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent
PYTEST = (sys.executable, "-m", "pytest", "-q")
# One process a core; a single core gains nothing from a second process.
PARALLEL = ("-n", str(os.cpu_count() or 1), "--dist", "loadgroup")


@dataclass(frozen=True)
class Step:
    """One check: what it is called, the command, and what its environment adds."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict[str, str])


STATIC_STEPS = (
    Step("style", (str(BIN / "ruff"), "check")),
    Step("format", (str(BIN / "ruff"), "format", "--check")),
    Step("types", (str(BIN / "pyright"),)),
    Step("layers", (str(BIN / "lint-imports"), "--no-cache")),
)
HOUSE_RULES = Step("house rules", (*PYTEST, "tests/unit/test_tidy.py"))
# Two rounds run every test once. Parts marked `widgets` need Qt; the rest must not, and runs
# where Qt cannot be imported. The plug-in would want Qt at its start.
WIDGET_TESTS = Step("tests of the window", (*PYTEST, *PARALLEL), {"POS_TEST_ROUND": "widgets"})
TESTS_WITHOUT_QT = Step(
    "tests without Qt",
    (*PYTEST, *PARALLEL, "-p", "no:pytest-qt"),
    {"PYTHONPATH": str(ROOT / "tools" / "without_qt"), "POS_TEST_ROUND": "without-qt"},
)
# Whole shops under seeded faults, as many as fit; the bugs planted to be found are tests.
SIMULATOR = Step(
    "simulator",
    (
        *(sys.executable, "-m", "pos_loyalty", "simulate"),
        *("--seeds", "100000", "--minutes", os.environ.get("POS_SIMULATE_MINUTES", "2")),
        *("--jobs", str(os.cpu_count() or 1)),
    ),
)
COVERAGE = (sys.executable, "-m", "coverage")
# In these, a line that no test reaches is a rule, a row or a message that nobody checked.
COVERED = ",".join(f"pos_loyalty/{name}/*" for name in ("domain", "wire", "store", "sync"))
COVERAGE_STEPS = (
    Step(
        "tests without Qt, counted",
        (*COVERAGE, "run", "-m", *TESTS_WITHOUT_QT.command[2:]),
        TESTS_WITHOUT_QT.environment,
    ),
    Step("counts of all processes", (*COVERAGE, "combine", "--quiet")),
    Step("coverage", (*COVERAGE, "report", "--include", COVERED, "--fail-under", "100")),
)


def main(words: Sequence[str]) -> int:
    """Run the steps for the word `check` or `test`."""
    command, *rest = words
    if command == "check":
        steps = [*STATIC_STEPS, HOUSE_RULES]
    elif command == "coverage":
        steps = [*COVERAGE_STEPS]
    elif rest:
        steps = [Step("chosen tests", (*PYTEST, *rest))]
    else:
        steps = [*STATIC_STEPS, TESTS_WITHOUT_QT, WIDGET_TESTS, SIMULATOR]
    results = [(step, *_run(step)) for step in steps]
    return _report(results)


def _run(step: Step) -> tuple[bool, float]:
    """Run one step; return whether it passed, and its seconds."""
    print(f"\n== {step.name} ==", flush=True)
    started = time.monotonic()
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, **step.environment}
    result = subprocess.run(step.command, check=False, cwd=ROOT, env=environment)
    return result.returncode == 0, time.monotonic() - started


def _report(results: Sequence[tuple[Step, bool, float]]) -> int:
    """Print one line a step; return the exit code."""
    print()
    for step, passed, seconds in results:
        print(f"{'passed' if passed else 'FAILED'}  {seconds:6.1f} s  {step.name}")
    failed = sum(not passed for _, passed, _ in results)
    print(f"{len(results) - failed} of {len(results)} checks passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
