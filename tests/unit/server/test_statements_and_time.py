"""S02: clocks only label. No query walks from page to page by a time."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pos_loyalty

PACKAGE = Path(pos_loyalty.__file__).parent
BY_TIME = re.compile(
    r"\b\w+_(ms|at)\b\s*[<>]|ORDER BY.*\b\w+_(ms|at)\b|\bnow\b|current_timestamp", re.IGNORECASE
)
"""A time compared or sorted by; what a query only shows is no matter."""
IN_BRACKETS = re.compile(r"\([^()]*\)")
PAGE = re.compile(r"\bLIMIT (?!1\b)|\bFROM chg\b")
"""Whoever takes one row does not come back for the next."""


def is_paging_by_time(statement: str) -> bool:
    """Tell whether a statement takes a part of rows, chosen by a time."""
    text, before = statement, ""
    while text != before:
        before, text = text, IN_BRACKETS.sub(" ", text)
    return bool(PAGE.search(text) and BY_TIME.search(text))


def statements() -> Iterator[tuple[str, str]]:
    """Yield every text of the product that asks a database for rows, and where it stands."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = text_of(node)
            if "SELECT " in text:
                yield f"{path.relative_to(PACKAGE).as_posix()}:{getattr(node, 'lineno', 0)}", text


def text_of(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "x".join(text_of(part) for part in node.values)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    return ""


def test_S02_no_query_pages_by_time() -> None:
    assert [place for place, text in statements() if is_paging_by_time(text)] == []


def test_queries_are_found_where_they_are() -> None:
    places = {place.split(":")[0] for place, _ in statements()}

    assert {"server/changes.py", "server/database/statements.py", "store/members.py"} <= places


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT id FROM chg WHERE changed_ms > ?",
        "SELECT id FROM event WHERE merchant = ? AND recorded_ms >= ? LIMIT 5",
        "SELECT id FROM member WHERE v > ? ORDER BY v, recorded_ms LIMIT ?",
        "SELECT id FROM member WHERE (v, at) > (?, ?) AND enrolled_at > now LIMIT 9",
    ],
)
def test_a_page_by_time_would_be_found(statement: str) -> None:
    assert is_paging_by_time(statement)
