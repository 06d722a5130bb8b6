"""List every known failure with its tests and with the fault that is planted to see them fail.

    python tools/failure_catalogue.py            row → tests → planted faults
    python tools/failure_catalogue.py --prove    plant each fault in a copy, see its test fail

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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_ROW = re.compile(r"^\| (?P<number>[SF]\d\d) \| (?P<what>[^|]+) \| (?P<answer>[^|]+) \|$")
_TEST = re.compile(r"def (?P<name>test_(?P<rows>(?:[SFA]\d\d_)+)\w+)")
_SECONDS_MAX = 300
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
    yield from _misfits(tests, [fault for fault in faults if not fault.plant])


def _misfits(tests: Mapping[str, Sequence[str]], faults: Sequence[Fault]) -> Iterator[str]:
    """Name edits that no longer fit their file, and tests that are not there."""
    known = {test.partition("::")[2] for each in tests.values() for test in each}
    for fault in faults:
        if (ROOT / fault.file).read_text(encoding="utf-8").count(fault.old) != 1:
            yield f"{fault.row}: the planted edit does not fit {fault.file}"
        if fault.test.partition("::")[2].partition("[")[0] not in known:
            yield f"{fault.row}: no such test: {fault.test}"


def is_caught(fault: Fault) -> bool:
    """Plant a fault in a copy of the project; tell whether its test fails by it, and only by it."""
    if fault.plant:
        words = ["simulate", "--seeds", "30", "--plant", fault.plant]
        command = [sys.executable, "-m", "pos_loyalty", *words]
        return _run(command, ROOT) == 1
    with tempfile.TemporaryDirectory(prefix="planted-") as folder:
        copy = Path(folder)
        for name in _COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy2(source, copy / name)
        pytest = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", fault.test]
        if _run(pytest, copy) != 0:
            return False
        target = copy / fault.file
        text = target.read_text(encoding="utf-8")
        target.write_text(text.replace(fault.old, fault.new), encoding="utf-8")
        return _run(pytest, copy) == 1


def _run(command: Sequence[str], folder: Path) -> int:
    environment = {**os.environ, "PYTHONPATH": str(folder), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        check=False,
        timeout=_SECONDS_MAX,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    return done.returncode


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
    parser.add_argument("--row", help="only this row")
    arguments = parser.parse_args()
    rows, tests, faults = read_rows(), tests_by_row(), read_faults()
    if arguments.row:
        rows = [row for row in rows if row.number == arguments.row]
        faults = [fault for fault in faults if fault.row == arguments.row]
    missing = list(lacking(rows, tests, faults))
    unseen: list[str] = []
    if arguments.prove:
        for fault in faults:
            caught = is_caught(fault)
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
