"""Every known failure has a test and a fault that the test catches, or a decision says why not."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
(TOOL,) = (ROOT / "tools").glob("failure_*.py")
OF_THE_TASK = [
    *(f"S{number:02d}" for number in range(1, 51)),
    *(f"F{number}" for number in (*range(17, 31), *range(34, 42), 47, 48)),
]
"""The failures of syncing, and those of lines, disks, versions and people around it."""


@pytest.fixture(scope="module")
def catalog() -> ModuleType:
    specification = importlib.util.spec_from_file_location(TOOL.stem, TOOL)
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    sys.modules[specification.name] = module
    specification.loader.exec_module(module)
    return module


def test_no_known_failure_is_without_a_test_and_a_planted_fault(catalog: ModuleType) -> None:
    rows, tests, faults = (
        catalog.read_rows(),
        catalog.tests_by_row(),
        catalog.read_faults(),
    )

    assert [row.number for row in rows] == OF_THE_TASK
    assert list(catalog.lacking(rows, tests, faults)) == []


def test_a_row_without_test_or_fault_is_named(catalog: ModuleType) -> None:
    row = catalog.Row("S99", "the moon falls down", "not yet")
    unused = catalog.Row("S98", "the sun, too", "see [why](decisions/0012-x.md)")

    missing = list(catalog.lacking([row, unused], {}, []))

    assert missing == ["S99 has no test", "S99 has no planted fault"]


def test_an_edit_that_fits_no_more_and_a_test_that_is_gone_are_named(
    catalog: ModuleType,
) -> None:
    row = catalog.Row("S99", "the moon falls down", "a net")
    fault = catalog.Fault(
        row="S99",
        test="tests/unit/test_moon.py::test_S99_the_net_holds",
        file="README.md",
        old="no such words here",
        new="",
    )

    missing = list(catalog.lacking([row], {"S99": ["x::test_S99_other"]}, [fault]))

    assert missing == [
        "S99: the planted edit does not fit README.md",
        "S99: no such test: tests/unit/test_moon.py::test_S99_the_net_holds",
    ]


def test_every_decision_that_a_row_points_to_is_there_and_names_the_row(
    catalog: ModuleType,
) -> None:
    for row in catalog.read_rows():
        if not row.is_not_used:
            continue
        page = row.answer.partition("(")[2].partition(")")[0]
        text = (ROOT / "docs" / page).read_text(encoding="utf-8")
        assert row.number in text, f"{row.number} is not on {page}"
