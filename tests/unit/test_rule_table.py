"""Every kind of rule of a program is in docs/rules-tested.md with a test that is there."""

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]
LINE = "| §2 | Smallest basket | `Conditions.basket_min` | `unit/test_rule_table.py::test_{}` |"


@pytest.fixture
def tool(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    return importlib.import_module("rule_table")


def test_no_kind_of_rule_is_without_a_test() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tools" / "rule_table.py")],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
    assert "each with its tests" in done.stdout


def test_what_needs_a_row_is_read_from_the_program(tool: ModuleType) -> None:
    keys = tool.rule_keys()

    assert {"Rate", "Rate.step", "Rounding.HALF_UP", "RewardBase.exclusive", "Never"} <= keys
    assert not keys & {"Tier.name", "AmountOff.exclusive", "LoyaltyProgram.earn"}


def test_a_row_that_is_missing_or_names_nothing_is_told(tool: ModuleType) -> None:
    good = tool.read_rows(LINE.format("a_row_that_is_missing_or_names_nothing_is_told"))
    wrong = tool.read_rows(LINE.format("nobody").replace("basket_min", "basket_most"))
    bare = tool.read_rows("| §2 | Smallest basket | `Conditions.basket_min` | later |")

    assert list(tool.absent_tests(good)) == []
    assert list(tool.absent_tests(wrong)) == ["no such test: unit/test_rule_table.py::test_nobody"]
    assert "no such rule: Conditions.basket_most" in list(tool.lacking(wrong))
    assert "no row for Conditions.basket_min" in list(tool.lacking(wrong))
    assert "no test for: §2 Smallest basket" in list(tool.lacking(bare))
