"""An owner's file as text: its limits, its TOML, and the line on which each value stands."""

import re
import tomllib
from dataclasses import dataclass, field
from typing import Any

from pos_loyalty.domain.program_check import ProgramRefused
from pos_loyalty.domain.program_fault import Problem, ProgramFault
from pos_loyalty.wire.program_hint import toml_hint

BYTES_MAX = 256 * 1024
"""The largest of our templates has 6 KiB; a program travels to every till."""
LINE_LENGTH_MAX = 1_000
DEPTH_MAX = 8
"""Brackets within brackets; the deepest list of a program has 4."""
_KEY_PARTS_MAX = 8
_BYTE_ORDER_MARK = "\ufeff"

_NOT_BRACKETS = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
_BRACKETS = re.compile(r"[\[\]{}]")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
_MANY_PARTS = re.compile(rf"^\s*\[*\s*(?:[^\s.=\[\]#]+\s*\.\s*){{{_KEY_PARTS_MAX},}}")
_HEADER = re.compile(r"\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([\w\"'.\- ]+?)\s*=\s*(.*)$")
_PARENT = re.compile(r"(.*)(?:\.[^.\[\]]+|\[\d+\])$")


@dataclass
class ProgramText:
    """The tables of a document, and where they stand."""

    tables: dict[str, Any]
    lines: dict[str, int] = field(default_factory=dict[str, int])

    def line_of(self, path: str) -> int:
        """Return the line of a path, or of what it is a part of; 0 where none is known."""
        while path and path not in self.lines:
            parent = _PARENT.match(path)
            path = parent[1] if parent else ""
        return self.lines.get(path, 0)


def read_text(data: bytes) -> ProgramText:
    """Read TOML within all limits.

    Raises:
        ProgramRefused: empty, too large, no text, or no TOML.
    """
    if len(data) > BYTES_MAX:
        raise _refused(ProgramFault.FILE_LARGE, f"a program has at most {BYTES_MAX // 1024} KiB")
    text = _decoded(data)
    if not text.strip():
        raise _refused(ProgramFault.FILE_EMPTY, "the file is empty")
    for number, line in enumerate(text.split("\n"), start=1):
        if len(line) > LINE_LENGTH_MAX:
            detail = f"a line has at most {LINE_LENGTH_MAX} characters; lists may go on below"
            raise _refused(ProgramFault.LINE_LONG, detail, number)
        if _MANY_PARTS.match(line):
            raise _refused(ProgramFault.NESTED_DEEP, "no table of a program is so deep", number)
    _ensure_flat(text)
    tables = _tables(text)
    if not tables:
        raise _refused(ProgramFault.FILE_EMPTY, "the file holds comments only")
    return ProgramText(tables, lines_of(text))


def _refused(fault: ProgramFault, detail: str, line: int = 0) -> ProgramRefused:
    path = f"line {line}" if line else "file"
    return ProgramRefused([Problem(path=path, fault=fault, detail=detail, line=line)])


def _decoded(data: bytes) -> str:
    """Return the text; what an editor put before it as its mark is taken off."""
    try:
        text = data.decode("utf-8").removeprefix(_BYTE_ORDER_MARK)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _not_text(line) from error
    text = text.replace("\r\n", "\n")
    strange = next((at for at, sign in enumerate(text) if sign < " " and sign not in "\n\t"), None)
    if strange is not None:
        raise _not_text(text.count("\n", 0, strange) + 1)
    return text


def _not_text(line: int) -> ProgramRefused:
    return _refused(ProgramFault.NOT_TEXT, "no text; save the file as UTF-8", line)


def _ensure_flat(text: str) -> None:
    """Refuse brackets that nest deeply, before a reader follows them down."""
    depth = 0
    for found in _BRACKETS.finditer(_NOT_BRACKETS.sub("", text)):
        depth = depth + 1 if found[0] in "[{" else max(0, depth - 1)
        if depth > DEPTH_MAX:
            raise _refused(ProgramFault.NESTED_DEEP, "no list of a program is so deep")


def _tables(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise _refused(ProgramFault.NESTED_DEEP, "no list of a program is so deep") from error
    except ValueError as error:  # TOMLDecodeError is one
        found = _AT_LINE.search(str(error))
        last = text.rstrip().count("\n") + 1
        number = int(found[1]) if found and found[1] else last
        what = _AT_LINE.sub("", str(error))
        lines = text.split("\n")
        line = lines[number - 1] if number <= len(lines) else ""
        raise _refused(ProgramFault.NOT_TOML, toml_hint(line, what), number) from error


# ------------------------------------------------------- where values stand --


@dataclass
class _Lines:
    """Goes through the lines once; what it misreads only makes a line number less exact."""

    found: dict[str, int] = field(default_factory=dict[str, int])
    table: str = ""
    tables_of: dict[str, int] = field(default_factory=dict[str, int])
    """How many tables each ``[[list]]`` has by now."""
    list_path: str = ""
    """The list of inline tables that goes on over several lines."""

    def read(self, number: int, line: str) -> None:
        """Note what begins on a line."""
        begin = line.lstrip()
        if self.list_path and begin.startswith(("{", "]")):
            self._next_in_list(number, is_end=begin.startswith("]"))
        elif header := _HEADER.match(line):
            self._header(number, header[2], is_list=header[1] == "[[")
        elif key := _KEY.match(line):
            self._key(number, key[1], key[2])

    def _next_in_list(self, number: int, *, is_end: bool) -> None:
        if is_end:
            self.list_path = ""
            return
        at = self.tables_of.get(self.list_path, 0)
        self.tables_of[self.list_path] = at + 1
        self.found.setdefault(f"{self.list_path}[{at}]", number)

    def _header(self, number: int, name: str, *, is_list: bool) -> None:
        path = ""
        parts = _parts(name)
        for place, part in enumerate(parts):
            path = f"{path}.{part}" if path else part
            if is_list and place == len(parts) - 1:
                self.tables_of[path] = self.tables_of.get(path, 0) + 1
            if path in self.tables_of:
                self.found.setdefault(path, number)
                path = f"{path}[{self.tables_of[path] - 1}]"
            self.found.setdefault(path, number)
        self.table, self.list_path = path, ""

    def _key(self, number: int, name: str, value: str) -> None:
        path = self.table
        for part in _parts(name):
            path = f"{path}.{part}" if path else part
            self.found.setdefault(path, number)
        is_open = value.startswith("[") and "]" not in value
        self.list_path = path if is_open else ""


def _parts(name: str) -> list[str]:
    return [part.strip().strip("\"'") for part in name.split(".")]


def lines_of(text: str) -> dict[str, int]:
    """Return the line of each path; of tables within a line, that line."""
    lines = _Lines()
    for number, line in enumerate(text.split("\n"), start=1):
        lines.read(number, line)
    return lines.found
