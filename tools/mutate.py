"""Change the rules in small ways and see whether a test notices: what survives is not tested.

    python tools/mutate.py                              500 changes of pos_loyalty/domain
    python tools/mutate.py --mutants 40 --seed 7        fewer, or others
    python tools/mutate.py --module lot --module tier   only of these modules

Works in a copy. One round with coverage tells which tests reach which line; each change is then
tried in a process of its own, forked from one that has everything else loaded, against these tests
alone, the quickest first. The line that counts is the last: {"mutants", "killed", "survived" …}.
A change that makes a test run too long counts as noticed. Exit code 1 where fewer than
--least percent were noticed, 2 where the tests do not hold without any change.
"""

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from mutants import Mutant, mutants_of, mutated

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGE: Final = "pos_loyalty.domain"
_COPIED: Final = ("pos_loyalty", "tests", "tools", "assets", "docs", "pyproject.toml")
_OPTIONS: Final = (
    *("-x", "-q", "--no-header", "--tb=no", "--no-summary"),
    *("-p", "no:cacheprovider", "-p", "no:randomly"),
)
_KILLED, _SURVIVED = 1, 0
_UNCHANGED: Final = -1
_SAY_EVERY: Final = 50
_SLOWER: Final = 3
_COMPARED: Final = (
    "tests/reference/test_reference.py::test_product_and_reference_agree_over_drawn_histories[0]"
)
"""A part of the histories that product and reference compute side by side: seconds."""
_SHARES: Final = 100
_ROUND_SECONDS_MAX: Final = 1_200


@dataclass
class Reach:
    """Which tests reach which line of which module, and how long each takes.

    ``lines`` has for each module and line the tests that ran it, ``seconds`` the time of each.
    """

    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict[str, dict[int, list[str]]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    failed: list[str] = field(default_factory=list[str])

    @property
    def passed(self) -> bool:
        """Whether there were tests, and all of them held."""
        return bool(self.seconds) and not self.failed

    def tests(self, mutant: Mutant) -> list[str]:
        """Return what may notice a change, the quickest first.

        A line that runs while its module is read is everybody's who reaches the module.
        """
        of_module = self.lines.get(mutant.module, {})
        found = set(of_module.get(mutant.line, ()))
        if not found:
            found = {test for tests in of_module.values() for test in tests}
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))


@dataclass
class Outcome:
    """What became of the changes."""

    survived: list[Mutant] = field(default_factory=list[Mutant])
    too_long: list[Mutant] = field(default_factory=list[Mutant])
    tried: int = 0

    @property
    def killed(self) -> int:
        """How many were noticed."""
        return self.tried - len(self.survived)


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
        reach = _reach(tree, wanted.tests)
        if not reach.passed:
            _say(f"The tests do not hold without any change: {', '.join(reach.failed)}")
            return 2
        _say(f"{len(reach.seconds)} tests in {time.monotonic() - began:.0f} s")
        if bad := _failing_control(chosen, reach, wanted, tree):
            _say(f"Without a change the tests of {bad} do not hold by themselves.")
            return 2
        outcome = _try_all(chosen, reach, wanted, tree)
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
        default=30,
        metavar="N",
        help="for one, beside what its tests take (30)",
    )
    parser.add_argument("--least", type=int, default=85, metavar="PERCENT", help="noticed (85)")
    parser.add_argument("--module", action="append", default=[], metavar="NAME", help="only of it")
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
        if not modules or path.stem in modules:
            yield from mutants_of(path, f"{PACKAGE}.{path.stem}")


def _load_the_rest() -> None:
    """Import what no change touches, so that a forked process has it already."""
    for name in (
        *("pytest", "_pytest.assertion.rewrite", "hypothesis", "hypothesis.strategies", "msgspec"),
        *("coverage", "cryptography.hazmat.primitives.asymmetric.ed25519", "datetime", "fractions"),
    ):
        importlib.import_module(name)


def _reach(tree: Path, wanted: Sequence[str]) -> Reach:
    """Run every test once in a process of its own; return what each reached."""
    tests = [path for path in wanted if (tree / path.partition("::")[0]).exists()]
    noted = tree / "reach.json"
    process = _fork(lambda: _run_with_coverage(tests, noted))
    _await(process, time.monotonic() + _ROUND_SECONDS_MAX)
    if not noted.exists():
        return Reach()
    read: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8"))
    return Reach(
        lines={
            module: {int(line): names for line, names in lines.items()}
            for module, lines in read["lines"].items()
        },
        seconds=read["seconds"],
        failed=read["failed"],
    )


class _Notes:
    """A plugin of pytest: tells coverage which test runs, and takes the time of each."""

    def __init__(self, measuring: Any) -> None:  # noqa: ANN401 - coverage has no types for it
        self._measuring = measuring
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401 - a report of any kind
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_setup(self, item: Any) -> None:  # noqa: ANN401 - an item of any kind
        self._measuring.switch_context(item.nodeid)

    def pytest_runtest_teardown(self) -> None:
        self._measuring.switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401 - a report of any kind
        spent = self.seconds.get(report.nodeid, 0.0)
        self.seconds[report.nodeid] = spent + report.duration
        if report.failed:
            self.failed.append(report.nodeid)


def _run_with_coverage(tests: Sequence[str], noted: Path) -> int:
    import coverage
    import pytest

    measuring = coverage.Coverage(
        data_file=None, include=["*/pos_loyalty/domain/*"], config_file=""
    )
    notes = _Notes(measuring)
    measuring.start()
    pytest.main([*_OPTIONS, *tests], plugins=[notes])
    measuring.stop()
    data = measuring.get_data()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        module = f"{PACKAGE}.{Path(file).stem}"
        lines[module] = {
            line: kept
            for line, contexts in data.contexts_by_lineno(file).items()
            if (kept := [context for context in contexts if context])
        }
    found = {"lines": lines, "seconds": notes.seconds, "failed": notes.failed}
    noted.write_text(json.dumps(found), encoding="utf-8")
    return 0


def _failing_control(
    chosen: Sequence[Mutant], reach: Reach, wanted: argparse.Namespace, tree: Path
) -> str:
    """Try one module as it is: if that fails, every change would count as noticed.

    Returns the module with the most tests, or nothing where all is well.
    """
    controls = [
        Mutant(module, 0, "no change", _UNCHANGED)
        for module in sorted({mutant.module for mutant in chosen})
    ]
    control = max(controls, key=lambda each: len(reach.tests(each)))
    outcome = _try_all([control], reach, wanted, tree)
    return "" if outcome.survived else control.module


def _try_all(
    chosen: Sequence[Mutant], reach: Reach, wanted: argparse.Namespace, tree: Path
) -> Outcome:
    """Try the changes side by side until all are through or the time is."""
    outcome, running = Outcome(), dict[int, tuple[Mutant, float]]()
    end = time.monotonic() + wanted.minutes * 60
    waiting = list(reversed(chosen))
    while running or (waiting and time.monotonic() < end):
        while waiting and len(running) < wanted.jobs and time.monotonic() < end:
            mutant = waiting.pop()
            tests = reach.tests(mutant)
            process = _fork(lambda mutant=mutant, tests=tests: _try(mutant, tests, tree))
            # A survivor runs all its tests, on a busy machine: only what hangs is too long.
            allowed = wanted.seconds + _SLOWER * sum(reach.seconds.get(test, 0) for test in tests)
            running[process] = mutant, time.monotonic() + allowed
        for process, (mutant, deadline) in list(running.items()):
            result = _result(process, deadline)
            if result is None:
                continue
            del running[process]
            outcome.tried += 1
            if result == _SURVIVED:
                outcome.survived.append(mutant)
            if result == -signal.SIGKILL:
                outcome.too_long.append(mutant)
            _say_how_far(outcome, len(chosen), mutant)
        time.sleep(0.005)
    return outcome


def _try(mutant: Mutant, tests: Sequence[str], tree: Path) -> int:
    """Run the tests on one changed module; 0 where none of them minds."""
    import pytest

    if not tests:
        return _SURVIVED
    path = tree / f"{mutant.module.replace('.', '/')}.py"
    source = path.read_text(encoding="utf-8")
    is_control = mutant.number == _UNCHANGED
    code = ast.parse(source) if is_control else mutated(source, mutant.number)
    sys.meta_path.insert(0, _Changed(mutant.module, path, code))
    files = dict.fromkeys(tests)
    scratch = tempfile.mkdtemp(prefix="run-", dir=tree)
    try:
        result = pytest.main([*_OPTIONS, f"--basetemp={scratch}/tests", *files])
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return _SURVIVED if result == pytest.ExitCode.OK else _KILLED


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Gives one module its changed code, and leaves all others to Python."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self._name, self._path, self._tree = name, path, tree

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None = None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        """Say that the changed module is to be had here."""
        del path, target
        if fullname != self._name:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=str(self._path))

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed code."""
        del fullname
        return compile(self._tree, str(self._path), "exec")

    def get_source(self, fullname: str) -> str:
        """Return the text as it was: Hypothesis asks for it."""
        del fullname
        return self._path.read_text(encoding="utf-8")


def _fork(work: Callable[[], int]) -> int:
    """Run work in a silent process of its own group; its result is the exit code."""
    sys.stdout.flush()
    sys.stderr.flush()
    process = os.fork()
    if process:
        return process
    code = _KILLED
    with suppress(BaseException), _silent():
        os.setsid()
        code = work()
    os._exit(code)


@contextmanager
def _silent() -> Generator[None]:
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    yield


def _result(process: int, deadline: float) -> int | None:
    """Return a process's exit code, or None while it runs; after its time it is ended."""
    found, status = os.waitpid(process, os.WNOHANG)
    if found:
        return os.waitstatus_to_exitcode(status)
    if time.monotonic() < deadline:
        return None
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return -signal.SIGKILL


def _await(process: int, deadline: float) -> None:
    while _result(process, deadline) is None:
        time.sleep(0.05)


def _answer(
    outcome: Outcome, *, possible: int, seconds: float, wanted: argparse.Namespace
) -> dict[str, object]:
    share = outcome.killed * _SHARES / outcome.tried if outcome.tried else 0.0
    return {
        "mutants": outcome.tried,
        "killed": outcome.killed,
        "percent": round(share, 1),
        "survived": [mutant.text for mutant in sorted(outcome.survived, key=_place)],
        "too_long": [mutant.text for mutant in sorted(outcome.too_long, key=_place)],
        "possible": possible,
        "seed": wanted.seed,
        "seconds": round(seconds, 1),
    }


def _place(mutant: Mutant) -> tuple[str, int, str]:
    return mutant.module, mutant.line, mutant.what


def _say_how_far(outcome: Outcome, total: int, last: Mutant) -> None:
    if last.number == _UNCHANGED:
        return
    if last in outcome.survived[-1:]:
        _say(f"survived {last.text}")
    if outcome.tried % _SAY_EVERY == 0:
        _say(f"{outcome.tried} of {total}, {outcome.killed} noticed")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
