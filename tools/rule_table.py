"""Check that docs/rules-tested.md names every kind of rule with a test that is there.

    python tools/rule_table.py            what is missing; exit code 0 only if nothing is
    python tools/rule_table.py --keys     every kind of rule that needs a row

What needs a row is read from the program itself: each kind of value, reward, offer and model, each
choice of an enumeration, and each field that is a rule of its own. Rows without such a key state
what no single field says. A test is named by file and function below tests/.
"""

import argparse
import ast
import enum
import re
import sys
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardBase

ROOT = Path(__file__).resolve().parent.parent
TABLE = ROOT / "docs" / "rules-tested.md"
LABELS = frozenset({"id", "name", "version", "effective_from_ms", "reason"})
"""Fields that only name a thing; the document's check has its own tests of them."""
_ROW = re.compile(
    r"^\| (?P<section>§[^|]+) \| (?P<rule>[^|]+) \| (?P<keys>[^|]*) \| (?P<tests>.+) \|$"
)
_QUOTED = re.compile(r"`([^`]+)`")
_TEST = re.compile(r"(?P<file>[\w/]+\.py)::(?P<name>test_\w+)")


@dataclass(frozen=True)
class Row:
    """A kind of rule: its section of docs/rules.md, its words, its keys, its tests."""

    section: str
    rule: str
    keys: tuple[str, ...]
    tests: tuple[str, ...]


def main() -> int:
    """Print what is missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--keys", action="store_true", help="list what needs a row")
    if parser.parse_args().keys:
        print("\n".join(sorted(rule_keys())))
        return 0
    rows = read_rows(TABLE.read_text(encoding="utf-8"))
    wrong = [*lacking(rows), *absent_tests(rows)]
    print("\n".join(wrong) if wrong else f"{len(rows)} kinds of rules, each with its tests.")
    return 1 if wrong else 0


def read_rows(text: str) -> list[Row]:
    """Return the rows of the table."""
    found = (_ROW.match(line) for line in text.splitlines())
    return [
        Row(
            section=row["section"].strip(),
            rule=row["rule"].strip(),
            keys=tuple(_QUOTED.findall(row["keys"])),
            tests=tuple(_QUOTED.findall(row["tests"])),
        )
        for row in found
        if row is not None
    ]


def rule_keys() -> set[str]:
    """Return every kind of rule that a program can have."""
    keys: set[str] = set()
    seen: set[type] = set()
    _walk(LoyaltyProgram, keys, seen)
    return keys


def lacking(rows: list[Row]) -> Iterator[str]:
    """Yield kinds of rules without a row, keys that no rule has, and rows without a test."""
    named = {key for row in rows for key in row.keys}
    needed = rule_keys()
    yield from (f"no row for {key}" for key in sorted(needed - named))
    yield from (f"no such rule: {key}" for key in sorted(named - needed))
    yield from (f"no test for: {row.section} {row.rule}" for row in rows if not row.tests)


def absent_tests(rows: list[Row]) -> Iterator[str]:
    """Yield the tests that are named and are not there."""
    functions: dict[str, set[str]] = {}
    for row in rows:
        for test in row.tests:
            match = _TEST.fullmatch(test)
            if match is None:
                yield f"not a test: {test}"
                continue
            file = match["file"]
            if file not in functions:
                functions[file] = _functions_in(ROOT / "tests" / file)
            if match["name"] not in functions[file]:
                yield f"no such test: {test}"


def _functions_in(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


def _walk(kind: type, keys: set[str], seen: set[type]) -> None:
    """Add the keys of a struct or an enumeration, and of all that its fields lead to."""
    if kind in seen:
        return
    seen.add(kind)
    if issubclass(kind, enum.Enum):
        keys.update(f"{kind.__name__}.{member.name}" for member in kind)
    elif issubclass(kind, msgspec.Struct):
        _walk_struct(kind, keys, seen)


def _walk_struct(kind: type[msgspec.Struct], keys: set[str], seen: set[type]) -> None:
    if kind.__struct_config__.tag is not None:
        keys.add(kind.__name__)
    hints = typing.get_type_hints(kind, include_extras=True)
    shared = RewardBase.__struct_fields__ if issubclass(kind, RewardBase) else ()
    for name in kind.__struct_fields__:
        below = list(_types_in(hints[name]))
        for each in below:
            _walk(each, keys, seen)
        if name not in LABELS and not below:
            owner = "RewardBase" if name in shared else kind.__name__
            keys.add(f"{owner}.{name}")


def _types_in(hint: object) -> Iterator[type]:
    """Yield the structs and enumerations inside a field's type."""
    if typing.get_origin(hint) is typing.Annotated:
        yield from _types_in(typing.get_args(hint)[0])
    elif typing.get_origin(hint) is not None or isinstance(hint, types.UnionType):
        for argument in typing.get_args(hint):
            yield from _types_in(argument)
    elif isinstance(hint, type) and issubclass(hint, msgspec.Struct | enum.Enum):
        yield hint


if __name__ == "__main__":
    sys.exit(main())
