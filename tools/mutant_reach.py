"""Which tests may notice a change: those that run its line, or read what its module sets up."""

import ast
import functools
import gc
import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from mutants import Mutant

PACKAGE: Final = "pos_loyalty.domain"
OPTIONS: Final = (
    *("-x", "-q", "--no-header", "--tb=no", "--no-summary"),
    *("-p", "no:cacheprovider", "-p", "no:randomly"),
)


@dataclass
class Reach:
    """Which tests reach which line of which module, and how long each takes.

    ``lines`` has for each module and line the tests that ran it, ``seconds`` the time of each,
    ``importers`` the modules of the package that import a module by name.
    """

    lines: dict[str, dict[int, list[str]]] = field(default_factory=dict[str, dict[int, list[str]]])
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    failed: list[str] = field(default_factory=list[str])
    importers: dict[str, list[str]] = field(default_factory=dict[str, list[str]])

    @property
    def passed(self) -> bool:
        """Whether there were tests, and all of them held."""
        return bool(self.seconds) and not self.failed

    def tests(self, mutant: Mutant) -> list[str]:
        """Return what may notice a change: first the tests named after the module, then quick ones.

        A line that runs while its module is read sets something up for all who reach the module,
        and for those who reach a module that imports it; where nobody does, it is everybody's.
        """
        found = set(self.lines.get(mutant.module, {}).get(mutant.line, ()))
        if not found:
            around = [mutant.module, *self.importers.get(mutant.module, ())]
            found = {test for module in around for test in self._of_module(module)}
        named = f"test_{mutant.module.rpartition('.')[2]}"
        return sorted(
            found or self.seconds,
            key=lambda test: (named not in test, self.seconds.get(test, 0.0), test),
        )

    def _of_module(self, module: str) -> Iterator[str]:
        for tests in self.lines.get(module, {}).values():
            yield from tests


def measure(tests: Sequence[str], tree: Path, noted: Path) -> int:
    """Run every test once and note what each reached; to be called in a process of its own."""
    import coverage
    import pytest

    measuring = coverage.Coverage(
        data_file=None, include=["*/pos_loyalty/domain/*"], config_file=""
    )
    measuring.start()
    # Read before any test: no module is one test's because that one was the first to import it.
    for path in _modules(tree):
        importlib.import_module(f"{PACKAGE}.{path.stem}")
    notes = _Notes(measuring.switch_context)
    pytest.main([*OPTIONS, *tests], plugins=[notes])
    measuring.stop()
    data = measuring.get_data()
    lines: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        lines[f"{PACKAGE}.{Path(file).stem}"] = {
            line: kept
            for line, contexts in data.contexts_by_lineno(file).items()
            if (kept := [context for context in contexts if context])
        }
    found = {"lines": lines, "seconds": notes.seconds, "failed": notes.failed}
    noted.write_text(json.dumps(found), encoding="utf-8")
    return 0


def read_reach(noted: Path, tree: Path) -> Reach:
    """Return what ``measure`` noted."""
    read: dict[str, Any] = json.loads(noted.read_text(encoding="utf-8"))
    return Reach(
        lines={
            module: {int(line): names for line, names in lines.items()}
            for module, lines in read["lines"].items()
        },
        seconds=read["seconds"],
        failed=read["failed"],
        importers=_importers(tree),
    )


def caches() -> Iterator[Callable[[], None]]:
    """Yield what empties each place in which the package keeps what it has computed."""
    kind: type[Any] = type(functools.lru_cache(len))
    for each in gc.get_objects():
        if type(each) is kind and str(each.__module__).startswith(PACKAGE):
            yield each.cache_clear
        elif type(each).__module__ == f"{PACKAGE}.per_program" and hasattr(each, "_kept"):
            yield each._kept.clear  # noqa: SLF001 - it has no other way to forget


def _modules(tree: Path) -> list[Path]:
    return sorted((tree / PACKAGE.replace(".", "/")).glob("[!_]*.py"))


def _importers(tree: Path) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in _modules(tree):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                found.setdefault(node.module, []).append(f"{PACKAGE}.{path.stem}")
    return found


class _Notes:
    """A plugin of pytest: tells coverage which test runs, and takes the time of each."""

    def __init__(self, switch_context: Callable[[str], object]) -> None:
        self._switch_context = switch_context
        self._caches = list(caches())
        self.seconds: dict[str, float] = {}
        self.failed: list[str] = []

    def pytest_collectreport(self, report: Any) -> None:  # noqa: ANN401 - a report of any kind
        if report.failed:
            self.failed.append(report.nodeid)

    def pytest_runtest_setup(self, item: Any) -> None:  # noqa: ANN401 - an item of any kind
        # A result that is kept is computed for each test: all of them reach what computes it.
        for clear in self._caches:
            clear()
        self._switch_context(item.nodeid)

    def pytest_runtest_teardown(self) -> None:
        self._switch_context("")

    def pytest_runtest_logreport(self, report: Any) -> None:  # noqa: ANN401 - a report of any kind
        spent = self.seconds.get(report.nodeid, 0.0)
        self.seconds[report.nodeid] = spent + report.duration
        if report.failed:
            self.failed.append(report.nodeid)
