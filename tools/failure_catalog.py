"""List every known failure with its tests and with the fault that is planted to see them fail.

    python tools/failure_catalog.py            row → tests → planted faults
    python tools/failure_catalog.py --prove    plant each fault in a copy, see its test fail

The rows are the tables of docs/failures.md. A row that points to a decision needs neither test
nor fault. Faults are the plants of the simulator and the edits of tools/planted_faults.toml. The
exit code is 1 if a row lacks something, or if a test passes although its fault is planted.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from compileall import compile_dir
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue

ROOT = Path(__file__).resolve().parent.parent
_ROW = re.compile(r"^\| (?P<number>[SF]\d\d) \| (?P<what>[^|]+) \| (?P<answer>[^|]+) \|$")
_TEST = re.compile(r"def (?P<name>test_(?P<rows>(?:[SFA]\d\d_)+)\w+)")
_PLANTS_TEST = "tests/simulator/test_planted_bugs.py::test_a_planted_bug_is_found"
_SECONDS_MAX, _SECONDS_MAX_ALL = 300, 1_200
_PASSED, _FAILED, _TOO_LONG = 0, 1, -1
_COPIED = ("pos_loyalty", "tests", "tools", "assets", "docs", "typings", "pyproject.toml")


@dataclass(frozen=True)
class Row:
    """A way to fail: its number, what goes wrong, and what answers it."""

    number: str
    what: str
    answer: str

    @property
    def is_not_used(self) -> bool:
        """Whether what fails is not there, and a decision says so."""
        return "decisions/" in self.answer


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A bug to plant: an edit of a file and the test that catches it, or a simulator's plant."""

    row: str
    test: str = ""
    file: str = ""
    old: str = ""
    new: str = ""
    plant: str = ""

    @property
    def name(self) -> str:
        """What to call it in one line."""
        return f"simulate --plant {self.plant}" if self.plant else f"{self.file}: {self.test}"


def read_rows() -> Sequence[Row]:
    """Return the rows of docs/failures.md in order."""
    text = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
    found = [_ROW.match(line) for line in text.splitlines()]
    return [Row(*(part.strip() for part in match.groups())) for match in found if match]


def tests_by_row() -> Mapping[str, Sequence[str]]:
    """Return the tests that carry each number, as pytest names them."""
    tests: dict[str, list[str]] = defaultdict(list)
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for match in _TEST.finditer(path.read_text(encoding="utf-8")):
            for number in re.findall(r"[SF]\d\d", match["rows"]):
                tests[number].append(f"{path.relative_to(ROOT).as_posix()}::{match['name']}")
    return tests


def read_faults() -> Sequence[Fault]:
    """Return every fault that can be planted, the simulator's first."""
    from pos_loyalty.simulator.plants import PLANTS

    plants = [
        Fault(row=number, plant=plant.name)
        for plant in PLANTS.values()
        for number in re.findall(r"\b[SF]\d\d\b", plant.says)
    ]
    text = (ROOT / "tools" / "planted_faults.toml").read_text(encoding="utf-8")
    return [*plants, *(Fault(**entry) for entry in tomllib.loads(text).get("fault", []))]


def lacking(
    rows: Sequence[Row], tests: Mapping[str, Sequence[str]], faults: Sequence[Fault]
) -> Iterator[str]:
    """Name what is missing, and edits that no longer fit the file they are for."""
    planted = {fault.row for fault in faults}
    for row in rows:
        if row.is_not_used:
            continue
        if not tests.get(row.number):
            yield f"{row.number} has no test"
        if row.number not in planted:
            yield f"{row.number} has no planted fault"
    yield from _misfits([fault for fault in faults if not fault.plant])


def _misfits(faults: Sequence[Fault]) -> Iterator[str]:
    """Name edits that no longer fit their file, and tests that are not there."""
    for fault in faults:
        if (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) != 1:
            yield f"{fault.row}: the planted edit does not fit {fault.file}"
        path, _, name = fault.test.partition("[")[0].partition("::")
        file = ROOT / path
        if not file.is_file() or f"def {name}(" not in file.read_text(encoding="utf-8"):
            yield f"{fault.row}: no such test: {fault.test}"


@dataclass(frozen=True)
class Copy:
    """A copy of the project in which faults are planted, one after the other."""

    folder: Path

    def fill(self) -> None:
        """Copy what the tests need, and compile it once for all runs."""
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(source, self.folder / name, ignore=ignored)
            else:
                shutil.copy2(source, self.folder / name)
        compile_dir(self.folder, quiet=2)

    def run(self, *tests: str, seconds: float = _SECONDS_MAX) -> int:
        """Run tests in the copy until one fails; returns pytest's exit code."""
        command = [sys.executable, "-B", "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider"]
        environment = {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "QT_QPA_PLATFORM": "offscreen",
        }
        try:
            return subprocess.run(
                [*command, *tests],
                cwd=self.folder,
                env=environment,
                check=False,
                timeout=seconds,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            ).returncode
        except subprocess.TimeoutExpired:
            return _TOO_LONG

    def sees(self, fault: Fault) -> bool:
        """Plant a fault, tell whether its test fails by it, and take it out again."""
        if fault.plant:
            # This test plants the bug itself, and passes when a seed finds it.
            return self.run(f"{_PLANTS_TEST}[{fault.plant}]") == _PASSED
        target = self.folder / fault.file
        text, times = target.read_text(encoding="utf-8"), target.stat()
        target.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        try:
            return self.run(fault.test) == _FAILED
        finally:
            target.write_text(text, encoding="utf-8")
            # By its time it is told that what was compiled of it is still right.
            os.utime(target, ns=(times.st_atime_ns, times.st_mtime_ns))


def prove(faults: Sequence[Fault], *, jobs: int) -> Iterator[tuple[Fault, bool]]:
    """Yield of every fault whether it is caught: its test passes without it and fails by it."""
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(jobs):
            copy = Copy(Path(folder) / str(number))
            copy.fill()
            copies.put(copy)

        def with_a_copy(work: Callable[[Copy], bool]) -> bool:
            copy = copies.get()
            try:
                return work(copy)
            finally:
                copies.put(copy)

        tests = sorted({fault.test for fault in faults if not fault.plant})
        parts = [part for number in range(jobs) if (part := tests[number::jobs])]

        def all_pass(part: Sequence[str]) -> bool:
            return with_a_copy(lambda copy: copy.run(*part, seconds=_SECONDS_MAX_ALL) == _PASSED)

        def is_caught(fault: Fault) -> bool:
            return with_a_copy(
                lambda copy: (
                    (is_sound or bool(fault.plant) or copy.run(fault.test) == _PASSED)
                    and copy.sees(fault)
                )
            )

        with ThreadPoolExecutor(jobs) as pool:
            is_sound = all(pool.map(all_pass, parts))
            yield from zip(faults, pool.map(is_caught, faults), strict=True)


def _print_rows(
    rows: Sequence[Row], tests: Mapping[str, Sequence[str]], faults: Sequence[Fault]
) -> None:
    for row in rows:
        print(f"{row.number}  {row.what}")
        if row.is_not_used:
            print(f"     not used: {row.answer}")
            continue
        for test in tests.get(row.number, ()):
            print(f"     {test}")
        for fault in faults:
            if fault.row == row.number:
                print(f"     planted: {fault.name}")


def main() -> int:
    """List, or prove; 1 where something is missing or a planted fault goes unseen."""
    parser = argparse.ArgumentParser(
        description="List every known failure with its tests and planted faults."
    )
    parser.add_argument("--prove", action="store_true", help="plant every fault and run its test")
    parser.add_argument("--row", action="append", default=[], help="only this row; may be repeated")
    parser.add_argument("--jobs", type=int, default=1, help="prove so many at a time")
    arguments = parser.parse_args()
    rows, tests, faults = read_rows(), tests_by_row(), read_faults()
    if arguments.row:
        rows = [row for row in rows if row.number in arguments.row]
        faults = [fault for fault in faults if fault.row in arguments.row]
    missing = list(lacking(rows, tests, faults))
    unseen: list[str] = []
    if arguments.prove:
        for fault, caught in prove(faults, jobs=arguments.jobs):
            print(f"{fault.row}  {'caught' if caught else 'NOT CAUGHT'}  {fault.name}", flush=True)
            unseen += [] if caught else [fault.name]
    else:
        _print_rows(rows, tests, faults)
    for line in missing:
        print(f"missing: {line}", file=sys.stderr)
    counts = {
        "rows": len(rows),
        "not_used": sum(row.is_not_used for row in rows),
        "tests": sum(len(tests.get(row.number, ())) for row in rows),
        "planted": len(faults),
        "missing": len(missing),
        "not_caught": len(unseen),
    }
    print(json.dumps(counts))
    return 1 if missing or unseen else 0


if __name__ == "__main__":
    sys.exit(main())
