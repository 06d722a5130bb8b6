"""What is usually meant by a line that is no TOML, in an owner's words and with what to do."""

import re
from typing import Final

from pos_loyalty.wire.program_shape import PROGRAM_TYPE, is_of_parts, of_several

_WHOLE = re.compile(r"""#[^\n]*|"(?:\\.|[^"\\\n])*"|'[^'\n]*'""")
"""What stands in quotes from its first to its last, and comments."""
_CURLY = re.compile("[\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb]")
_BIG_BOOL = re.compile(r"=\s*\[?\s*(?:True|False|TRUE|FALSE)\b")
_YES = re.compile(r"=\s*\[?\s*(?:yes|no|on|off)(?=\s*(?:[,}\]]|$))", re.IGNORECASE)
_PERCENT = re.compile(r"=\s*\[?\s*\d+(?:[.,]\d+)?\s*%")
_HEADER = re.compile(r"\s*\[{1,2}\s*(\w+)\s*\]").match
_WORD = re.compile(r"=\s*(?!true\b|false\b|inf\b|nan\b)[A-Za-z_]")
_TIME = re.compile(r"=\s*\[?\s*\d{1,2}:\d{2}")
_MONEY = re.compile(r"=\s*(?:\d+[.,]\d+\b|\d+\s*[A-Z]{3}\b|[\u20ac$\u00a3])")

_TWICE: Final = "this key or table stands in the file already"
_BY_READER: Final = (
    ("overwrite", _TWICE),
    ("twice", _TWICE),
    ("mutate", _TWICE),
    ("unterminated string", 'a quote is missing: text begins and ends with "'),
    ("unclosed inline table", "a comma is missing between two values in { }"),
    ("unclosed array", "in a list a comma or the closing ] is missing, here or above"),
    ("end of a table declaration", "a table's name stands in brackets, like [earn]"),
    ("end of an array declaration", "a table of a list stands in [[ ]], like [[rules]]"),
    ("unescaped", "in text a \\ is written twice: \\\\"),
    ("expected '='", 'a line is a key, = and its value, like name = "Gold"'),
    ("invalid statement", 'a line is a key, = and its value, like name = "Gold"'),
    ("after a statement", "one key and its value to a line, and text in quotes"),
    ("invalid value", "after = stands a value: a number, or text in quotes"),
)
"""What the reader of TOML says, and what an owner can do."""
_BY_VALUE: Final = (
    (_TIME, 'a time stands in quotes, like "14:30"'),
    (_BIG_BOOL, "true and false have small letters"),
    (_YES, "write true or false, in small letters and without quotes"),
    (_WORD, 'text stands in quotes, like name = "Gold"'),
    (_PERCENT, "a percentage is a whole number without a sign, like percent = 150"),
    (_MONEY, 'money stands in quotes with its currency, like "3.00 EUR"'),
)
"""What a value looks like, the first that fits, and how it is written."""
_SHOWN_MAX = 60
_OF_SEVERAL = frozenset(each.name for each in PROGRAM_TYPE.fields if is_of_parts(each.type))


def toml_hint(line: str, what: str) -> str:
    """Say what is usually meant by what the reader stumbled over.

    Args:
        line: the line on which it stopped.
        what: its own words, without the place.
    """
    bare = _WHOLE.sub(lambda found: "" if found[0].startswith("#") else '""', line).rstrip()
    said = what.lower()
    hint = next((hint for words, hint in _BY_READER if words in said), "")
    if hint == _TWICE:
        header = _HEADER(line)
        return of_several(header[1]) if header and header[1] in _OF_SEVERAL else hint
    return (
        _of_quotes(bare)
        or _of_brackets(bare)
        or _of_values(bare)
        or _of_letters(line)
        or hint
        or f"this line cannot be read ({said[:_SHOWN_MAX]})"
    )


def _of_quotes(bare: str) -> str:
    if _CURLY.search(bare):
        return 'write straight quotes, like "Gold", in place of curly ones'
    if '"' in bare.replace('""', "") and not _WORD.search(bare):
        return 'a quote is missing: text begins and ends with "'
    return ""


def _of_brackets(bare: str) -> str:
    if bare.count("{") > bare.count("}"):
        return "a table in { } stands on one line: join the lines, and end it with }"
    if re.search(r",\s*\}", bare):
        return "no comma stands before the }"
    return ""


def _of_values(bare: str) -> str:
    hint = next((hint for shape, hint in _BY_VALUE if shape.search(bare)), "")
    if not hint and "=" in bare and bare.endswith((",", ";")):
        return f"no {bare[-1]} stands at the end of a line"
    return hint


def _of_letters(line: str) -> str:
    """Name a sign that looks like another one, or like nothing: a keyboard's, or a web page's."""
    # What stands in quotes may be anything; as many dots keep the places as they are.
    bare = _WHOLE.sub(lambda found: "." * len(found[0]), line)
    place = next((at for at, sign in enumerate(bare, start=1) if not sign.isascii()), 0)
    if not place:
        return ""
    return (
        f"sign {place} of this line (U+{ord(line[place - 1]):04X}) only looks as it should:"
        " outside of quotes are plain letters; type it again"
    )
