"""The table at the end of docs/rules.md names functions that are there."""

import importlib
import re
from pathlib import Path

RULES = Path(__file__).resolve().parents[3] / "docs" / "rules.md"


def test_every_function_that_the_rules_name_is_there() -> None:
    table = RULES.read_text(encoding="utf-8").split("## Which function keeps which rule")[1]
    named = re.findall(r"`(\w+)\.(\w+)`", table)

    missing = [
        f"{module}.{function}"
        for module, function in named
        if not hasattr(importlib.import_module(f"pos_loyalty.domain.{module}"), function)
    ]

    assert len(named) > 20
    assert not missing


def test_the_table_names_every_paragraph_that_is_kept_here() -> None:
    text, table = RULES.read_text(encoding="utf-8").split("## Which function keeps which rule")
    paragraphs = set(re.findall(r"^## (\d+) ", text, flags=re.MULTILINE))

    # Members (§10) are the work of the books, not of the rules.
    assert set(re.findall(r"^\| §(\d+)", table, flags=re.MULTILINE)) == paragraphs - {"10"}
