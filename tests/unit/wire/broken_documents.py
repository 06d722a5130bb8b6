"""A program that is usable, and many ways to break it: each with its fault and place."""

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pos_loyalty.domain.program_fault import ProgramFault as Fault

_FOLDER = Path(__file__).parent
GOOD = (_FOLDER / "good_program.toml").read_text("utf-8")


class Broken(NamedTuple):
    """A document, and what is wrong with it."""

    name: str
    document: bytes
    fault: Fault
    path: str


def changed(was: str, becomes: str, text: str = GOOD) -> str:
    """Return a document with one text in it replaced."""
    assert was in text, was
    return text.replace(was, becomes, 1)


def _in_words() -> Iterator[Broken]:
    """Yield what is written in the file beside this one."""
    rows = tomllib.loads((_FOLDER / "broken_documents.toml").read_text("utf-8"))["broken"]
    for row in rows:
        text = GOOD + row["more"] if "more" in row else changed(row["was"], row["is"])
        for was, becomes in row.get("also", []):
            text = changed(was, becomes, text)
        yield Broken(row["name"], text.encode(), Fault(row["fault"]), row["path"])


def _many(count: int) -> str:
    """Return many good rules."""
    rule = '\n[[rules]]\nid = "more-{}"\nname = "More"\ngive = {{ kind = "bonus", points = 5 }}\n'
    return "".join(rule.format(at) for at in range(count))


_SHOPS = "shops = [\n" + ",\n".join(f'"{at}"' for at in range(6_000)) + "]"
_DIGITS = "welcome_points = 1" + "0" * 900
_DEEP = b"a = [\n" + b"[\n" * 60_000
_QUOTED = b'a = [""" " """, ' + b"[" * 900 + b'"'
_TOP = GOOD.partition("[[tiers]]")[0]
_PARTS = b"a.b.c.d.e.f.g.h.i.j"

_OF_BYTES = (
    Broken("empty file", b"", Fault.FILE_EMPTY, "file"),
    Broken("white space alone", b" \n\t\r\n", Fault.FILE_EMPTY, "file"),
    Broken("comments alone", b"# nothing\n", Fault.FILE_EMPTY, "file"),
    Broken("10 MB of nesting", b"a = " + b"[" * 10_000_000, Fault.FILE_LARGE, "file"),
    Broken("10 MB of comments", b"# x\n" * 2_500_000, Fault.FILE_LARGE, "file"),
    Broken("nesting over many lines", _DEEP, Fault.NESTED_DEEP, "file"),
    Broken("nesting in one line", b"a = " + b"[" * 5_000, Fault.LINE_LONG, "line 1"),
    Broken("nesting in one short line", b"a = " + b"[" * 900, Fault.NESTED_DEEP, "file"),
    Broken("nested inline tables", b"a = " + b"{a=" * 300, Fault.NESTED_DEEP, "file"),
    Broken("nesting behind a quote", _QUOTED, Fault.NESTED_DEEP, "file"),
    Broken("a key of many parts", _PARTS + b" = 1\n", Fault.NESTED_DEEP, "line 1"),
    Broken("a table of many parts", b"\n[" + _PARTS + b"]\n", Fault.NESTED_DEEP, "line 2"),
    Broken("binary noise", bytes(range(256)) * 20, Fault.NOT_TEXT, "line 2"),
    Broken("zero bytes", b"name = 'a'\n\x00\x00", Fault.NOT_TEXT, "line 2"),
    Broken("a picture", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", Fault.NOT_TEXT, "line 1"),
    Broken("latin-1", 'name = "Café"\n'.encode("latin-1"), Fault.NOT_TEXT, "line 1"),
    Broken("utf-16", GOOD.encode("utf-16"), Fault.NOT_TEXT, "line 1"),
    Broken("cut in a letter", 'name = "Café"'.encode()[:-2], Fault.NOT_TEXT, "line 1"),
    Broken("cut in a word", GOOD.encode()[:40], Fault.NOT_TOML, "line 2"),
    Broken("JSON", b'{"name": "Corner"}', Fault.NOT_TOML, "line 1"),
    Broken("a web page", b"<!doctype html>\n<p>not found", Fault.NOT_TOML, "line 1"),
    Broken("no quotes", b"name = Corner\n", Fault.NOT_TOML, "line 1"),
    Broken("a time without quotes", b"[when]\nfrom_time = 14:30\n", Fault.NOT_TOML, "line 2"),
    Broken("a key twice", b'name = "a"\nname = "b"\n', Fault.NOT_TOML, "line 2"),
    Broken("a table twice", b"[earn]\n[earn]\n", Fault.NOT_TOML, "line 2"),
    Broken(
        "a number of 900 digits",
        changed("welcome_points = 20", _DIGITS).encode(),
        Fault.NUMBER_LARGE,
        "welcome_points",
    ),
    Broken(
        "a novel as a name",
        changed('"Silver"', f'"{"x" * 300}"').encode(),
        Fault.TEXT_LONG,
        "tiers[1].name",
    ),
    Broken(
        "6,000 shops",
        changed('categories = ["fruit"]', _SHOPS).encode(),
        Fault.LIST_LONG,
        "rules[0].when.shops",
    ),
    Broken("no tiers", ("tiers = []\n" + _TOP).encode(), Fault.TIERS_ABSENT, "tiers"),
    Broken("600 rules", (GOOD + _many(600)).encode(), Fault.LIST_LONG, "rules"),
)

BROKEN = (*_OF_BYTES, *_in_words())
