"""A slip of the pen is told in words that an owner can act on, at the line where it is."""

import pytest

from pos_loyalty.domain.program_check import ProgramRefused
from pos_loyalty.wire.program_document import read_document
from pos_loyalty.wire.program_text import read_text
from tests.unit.wire.broken_documents import GOOD, changed

QUOTE = 'a quote is missing: text begins and ends with "'
KEY = 'a line is a key, = and its value, like name = "Gold"'
STRANGE = (
    "sign {place} of this line (U+{code}) only looks as it should: outside of quotes are plain"
    " letters; type it again"
)
ONE_LINE = "a table in { } stands on one line: join the lines, and end it with }"
LIST = "in a list a comma or the closing ] is missing, here or above"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('name = "Corner\nx = 1\n', QUOTE),
        ('name = "Corner', QUOTE),
        ('a = { days = ["monday], x = 1 }\n', QUOTE),
        ("name = “Corner”\n", 'write straight quotes, like "Gold", in place of curly ones'),
        ("a = { x = 1 y = 2 }\n", "a comma is missing between two values in { }"),
        ("a = { x = 1,\n y = 2 }\n", ONE_LINE),
        ("a = { x = 1\n y = 2 }\n", ONE_LINE),
        ('a = { x = "1", # so\n y = 2 }\n', ONE_LINE),
        ("a = { x = 1, }\n", "no comma stands before the }"),
        ('a = [ "x" "y" ]\n', LIST),
        ('a = [ "x",\n "y"\nb = 1\n', LIST),
        ("[earn\nx = 1\n", "a table's name stands in brackets, like [earn]"),
        ("[[rules]\nx = 1\n", "a table of a list stands in [[ ]], like [[rules]]"),
        ("name : 1\n", KEY),
        ("= 1\n", KEY),
        ("n\u0430me = 1\n", STRANGE.format(place=2, code="0430")),
        ('name\u00a0= "\u0430"\n', STRANGE.format(place=5, code="00A0")),
        ("[e\u200barn]\n", STRANGE.format(place=3, code="200B")),
        ("a = 14:30\n", 'a time stands in quotes, like "14:30"'),
        ("a = True\n", "true and false have small letters"),
        ("a = Gold\n", 'text stands in quotes, like name = "Gold"'),
        ('a = Gold"\n', 'text stands in quotes, like name = "Gold"'),
        ("a = 3.00 EUR\n", 'money stands in quotes with its currency, like "3.00 EUR"'),
        ("a = 3,00\n", 'money stands in quotes with its currency, like "3.00 EUR"'),
        ('a = "x",\n', "no , stands at the end of a line"),
        ("a = 5 points\n", "one key and its value to a line, and text in quotes"),
        ("a = \n", "after = stands a value: a number, or text in quotes"),
        ('a = "x\\y"\n', "in text a \\ is written twice: \\\\"),
        ("a = 1\na = 2\n", "this key or table stands in the file already"),
    ],
)
def test_what_is_no_toml_says_what_to_do(text: str, hint: str) -> None:
    with pytest.raises(ProgramRefused) as found:
        read_text(text.encode())

    assert found.value.problems[0].detail == hint


@pytest.mark.parametrize(
    ("was", "becomes", "path", "detail"),
    [
        (
            'model = { kind = "after_earning", months = 12, round_to = "month" }',
            "years = 1",
            "expiration.years",
            'there is no "years" here: write model = { kind = "after_earning", years = 1 }',
        ),
        (
            'when = { categories = ["fruit"] }',
            'categories = ["fruit"]',
            "rules[0].categories",
            'there is no "categories" here: write when = { categories = … }',
        ),
        (
            "cost_points = 200\n",
            "\n",
            "rewards[1].cost_points",
            "a reward costs points: write cost_points = 100, or what it costs",
        ),
        (
            'until_time = "19:00"',
            'until_time = "24:00"',
            "rules[1].when.until_time",
            "leave it out: a day ends at midnight by itself",
        ),
        (
            'from_time = "17:00"',
            'from_time = "5pm"',
            "rules[1].when.from_time",
            'a time is written like "14:30"',
        ),
    ],
)
def test_a_sound_file_with_a_slip_says_what_to_write(
    was: str, becomes: str, path: str, detail: str
) -> None:
    with pytest.raises(ProgramRefused) as found:
        read_document(changed(was, becomes, GOOD).encode())

    assert (path, detail) in [(each.path, each.detail) for each in found.value.problems]
