"""Change the rules in small ways and see whether a test notices: what survives is not tested.

    python tools/mutate.py                              500 changes of pos_loyalty/domain
    python tools/mutate.py --mutants 40 --seed 7        fewer, or others
    python tools/mutate.py --module lot --module tier   only of these modules
    python tools/mutate.py --module lot:77              only of this line

Works in a copy. One round with coverage tells which tests reach which line; each change is then
tried in a process of its own, forked from one that has everything else loaded, against these tests
alone, those named after the module first and then the quickest. The line that counts is the last:
{"mutants", "killed", "survived" …}. A change counts as noticed where a test fails, or where one
takes several times the processor's time it took before (an endless loop); one that is not through
for another reason is "undecided" and does not count as noticed. Exit code 1 where fewer than
--least percent were noticed, 2 where the tests do not hold without any change.
"""

import argparse
import importlib
import json
import os
import random
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from mutant_reach import PACKAGE, Reach, measure, read_reach
from mutant_trial import (
    NOT_HERE,
    SURVIVED,
    TOO_LONG,
    UNCHANGED,
    UNDECIDED,
    Server,
    Trial,
    await_end,
    fork,
)
from mutants import Mutant, mutants_of

ROOT: Final = Path(__file__).resolve().parent.parent
_COPIED: Final = ("pos_loyalty", "tests", "tools", "assets", "docs", "pyproject.toml")
_SAY_EVERY: Final = 50
_COMPARED: Final = (
    "tests/reference/test_reference.py::test_product_and_reference_agree_over_drawn_histories[0]"
)
"""A part of the histories that product and reference compute side by side: seconds."""
_SHARES: Final = 100
_ROUND_SECONDS_MAX: Final = 1_200


@dataclass
class Outcome:
    """What became of the changes.

    ``too_long`` took several times as much of the processor and count as noticed; ``undecided``
    waited for nothing or took too long by the clock, and do not count. ``control`` is the module
    whose tests fail without any change.
    """

    survived: list[Mutant] = field(default_factory=list[Mutant])
    too_long: list[Mutant] = field(default_factory=list[Mutant])
    undecided: list[Mutant] = field(default_factory=list[Mutant])
    tried: int = 0
    control: str = ""

    @property
    def killed(self) -> int:
        """How many were noticed."""
        return self.tried - len(self.survived) - len(self.undecided)

    def add(self, mutant: Mutant, result: int) -> None:
        """Count how a trial ended."""
        self.tried += 1
        if result == SURVIVED:
            self.survived.append(mutant)
            _say(f"survived {mutant.text}")
        elif result == TOO_LONG:
            self.too_long.append(mutant)
        elif result == UNDECIDED:
            self.undecided.append(mutant)


def main() -> int:
    """Run as told and print one JSON object last."""
    wanted = _arguments()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="pos-mutate-") as scratch:
        tree = Path(scratch)
        _copy(tree)
        os.chdir(tree)
        sys.path.insert(0, str(tree))
        # No plugin that the tests do without, and the same examples of Hypothesis each time.
        os.environ.update(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1", CI="1")
        everything = list(_all_mutants(tree, wanted.module))
        chance = random.Random(wanted.seed)
        chosen = chance.sample(everything, min(wanted.mutants, len(everything)))
        _load_the_rest()
        _say(f"{len(everything)} possible changes; the tests run once without any …")
        tests = [path for path in wanted.tests if (tree / path.partition("::")[0]).exists()]
        reach = _reach(tree, tests)
        if not reach.passed:
            _say(f"The tests do not hold without any change: {', '.join(reach.failed)}")
            return 2
        _say(f"{len(reach.seconds)} tests in {time.monotonic() - began:.0f} s")
        mutants = _with_controls(chosen, reach)
        trial = Trial(tree, reach, mutants, wanted.seconds)
        outcome = _try_all(trial, mutants, tests, wanted)
        if outcome.control:
            _say(f"Without a change the tests of {outcome.control} do not hold by themselves.")
            return 2
    seconds = time.monotonic() - began
    print(json.dumps(_answer(outcome, possible=len(everything), seconds=seconds, wanted=wanted)))
    return 0 if outcome.killed * _SHARES >= wanted.least * outcome.tried else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_Verbatim)
    parser.add_argument("--mutants", type=int, default=500, metavar="N", help="how many (500)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="which ones (1)")
    parser.add_argument("--minutes", type=float, default=40, metavar="N", help="at most (40)")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="side by side (2)")
    parser.add_argument(
        "--seconds",
        type=float,
        default=10,
        metavar="N",
        help="of the processor for one test, beside five times what it took (10)",
    )
    parser.add_argument("--least", type=int, default=85, metavar="PERCENT", help="noticed (85)")
    parser.add_argument(
        "--module", action="append", default=[], metavar="NAME", help="only of it; lot:12 is a line"
    )
    parser.add_argument(
        "--tests",
        nargs="+",
        default=["tests/unit/domain", "tests/unit/wire", "tests/unit/services", _COMPARED],
        metavar="PATH",
        help="what is to notice them; a path that is not there is left out",
    )
    return parser.parse_args()


class _Verbatim(argparse.RawDescriptionHelpFormatter):
    """Shows the examples as they stand."""


def _copy(tree: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", ".hypothesis", "*.db")
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tree / name, ignore=ignored)
        else:
            shutil.copy2(source, tree / name)


def _all_mutants(tree: Path, modules: Sequence[str]) -> Iterator[Mutant]:
    for path in sorted((tree / PACKAGE.replace(".", "/")).glob("*.py")):
        for mutant in mutants_of(path, f"{PACKAGE}.{path.stem}"):
            if not modules or {path.stem, f"{path.stem}:{mutant.line}"} & set(modules):
                yield mutant


def _load_the_rest() -> None:
    """Import what no change touches, so that a forked process has it already."""
    for name in (
        *("pytest", "_pytest.assertion.rewrite", "hypothesis", "hypothesis.strategies", "msgspec"),
        *("coverage", "cryptography.hazmat.primitives.asymmetric.ed25519", "datetime", "fractions"),
    ):
        importlib.import_module(name)


def _reach(tree: Path, tests: Sequence[str]) -> Reach:
    """Run every test once in a process of its own; return what each reached."""
    noted = tree / "reach.json"
    await_end(fork(lambda: measure(tests, tree, noted)), _ROUND_SECONDS_MAX)
    return read_reach(noted, tree) if noted.exists() else Reach()


def _with_controls(chosen: Sequence[Mutant], reach: Reach) -> list[Mutant]:
    """Return the changes, and last no change at all to the modules of fewest and most tests."""
    controls = [
        Mutant(module, 0, "no change", UNCHANGED)
        for module in sorted({mutant.module for mutant in chosen})
    ]
    controls.sort(key=lambda each: len(reach.tests(each)))
    return [*chosen, controls[0], controls[-1]]


def _try_all(
    trial: Trial, mutants: Sequence[Mutant], tests: Sequence[str], wanted: argparse.Namespace
) -> Outcome:
    """Try the changes side by side until all are through or the time is.

    The last two of ``mutants`` change nothing: if their tests fail, all would seem noticed.
    """
    outcome = Outcome()
    workers = [_Worker(trial, tests) for _ in range(wanted.jobs)]
    try:
        if bad := workers[0].control(len(mutants)):
            outcome.control = mutants[bad].module
            return outcome
        end = time.monotonic() + wanted.minutes * 60
        waiting = list(reversed(range(len(mutants) - 2)))
        lock = threading.Lock()

        def work(worker: _Worker) -> None:
            while waiting and time.monotonic() < end:
                with lock:
                    number = waiting.pop() if waiting else None
                if number is not None:
                    result = worker.result(number)
                    with lock:
                        outcome.add(mutants[number], result)
                        _say_how_far(outcome, len(mutants) - 2)

        with ThreadPoolExecutor(wanted.jobs) as pool:
            list(pool.map(work, workers))
    finally:
        for worker in workers:
            worker.close()
    return outcome


class _Worker:
    """Tries one change at a time: at once where it is in a function, from the start elsewhere."""

    def __init__(self, trial: Trial, tests: Sequence[str]) -> None:
        self._anew = Server(trial.from_the_start)
        self._collected = Server(lambda server: trial.from_collected(server, tests))

    def control(self, end: int) -> int:
        """Return the number of the control whose tests fail, or 0."""
        if self._anew.ask(end - 2) != SURVIVED:
            return end - 2
        return end - 1 if self._collected.ask(end - 1) != SURVIVED else 0

    def result(self, number: int) -> int:
        """Return how a trial ended."""
        result = self._collected.ask(number)
        return self._anew.ask(number) if result == NOT_HERE else result

    def close(self) -> None:
        """End both servers."""
        self._anew.close()
        self._collected.close()


def _answer(
    outcome: Outcome, *, possible: int, seconds: float, wanted: argparse.Namespace
) -> dict[str, object]:
    share = outcome.killed * _SHARES / outcome.tried if outcome.tried else 0.0
    return {
        "mutants": outcome.tried,
        "killed": outcome.killed,
        "percent": round(share, 1),
        "survived": [mutant.text for mutant in sorted(outcome.survived, key=_place)],
        "undecided": [mutant.text for mutant in sorted(outcome.undecided, key=_place)],
        "too_long": [mutant.text for mutant in sorted(outcome.too_long, key=_place)],
        "possible": possible,
        "seed": wanted.seed,
        "seconds": round(seconds, 1),
    }


def _place(mutant: Mutant) -> tuple[str, int, str]:
    return mutant.module, mutant.line, mutant.what


def _say_how_far(outcome: Outcome, total: int) -> None:
    if outcome.tried % _SAY_EVERY == 0:
        _say(f"{outcome.tried} of {total}, {outcome.killed} noticed")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
