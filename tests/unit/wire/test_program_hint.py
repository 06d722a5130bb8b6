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

YES = "write true or false, in small letters and without quotes"
NO_PERSON = (
    "only the ids enrollment, completed_profile and birthday are recorded without a person:"
    ' write approval = "cashier"'
)
PERCENT = "a percentage is a whole number without a sign, like percent = 150"
REWARDS = "each of several begins with [[rewards]], in two brackets; the first one, too"


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
        ("a = yes\n", YES),
        ("a = { per_item = No, count = 1 }\n", YES),
        ("a = [off]\n", YES),
        ("name = No Name\n", 'text stands in quotes, like name = "Gold"'),
        ("percent = 150%\n", PERCENT),
        ("a = { percent = 12.5 %, stackable = true }\n", PERCENT),
        ("[rewards]\n[rewards]\n", REWARDS),
        ("[[rewards]]\n[ rewards ]  # more\n", REWARDS),
        ("[rewards]\n[[rewards]]\n", REWARDS),
        ("[earn]\n[earn]\n", "this key or table stands in the file already"),
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
        (
            "[[stamp_cards]]",
            "[stamp_cards]",
            "stamp_cards",
            "each of several begins with [[stamp_cards]], in two brackets; the first one, too",
        ),
        (
            "[refunds]",
            "[[refunds]]",
            "refunds",
            "there is only one: it begins with [refunds], in one pair of brackets",
        ),
        (
            "percent = 200",
            'percent = "150 %"',
            "rules[1].give.percent",
            "a number stands without quotes and without a sign: write 150",
        ),
        (
            "cost_points = 200",
            'cost_points = "90"',
            "rewards[1].cost_points",
            "a number stands without quotes and without a sign: write 90",
        ),
        (
            "cost_points = 200",
            'cost_points = "many"',
            "rewards[1].cost_points",
            "a whole number belongs here, not text",
        ),
        *(
            (
                'amount = "3.00 EUR"',
                f'amount = "{amount}"',
                "rewards[0].amount",
                f'thousands have no sign between them: write "{meant}"',
            )
            for amount, meant in (
                ("1.000 EUR", "1000 EUR"),
                ("1,000.50 EUR", "1000.50 EUR"),
                ("1.234.567,5 EUR", "1234567.5 EUR"),
                ("12 500 EUR", "12500 EUR"),
                ("1'000EUR", "1000 EUR"),
            )
        ),
        (
            'amount = "3.00 EUR"',
            'amount = "0.500 EUR"',
            "rewards[0].amount",
            "EUR has 2 digits after the point",
        ),
        (
            'id = "review"',
            'id = "review"\napproval = "automatic"',
            "activities[0].approval",
            NO_PERSON,
        ),
    ],
)
def test_a_sound_file_with_a_slip_says_what_to_write(
    was: str, becomes: str, path: str, detail: str
) -> None:
    with pytest.raises(ProgramRefused) as found:
        read_document(changed(was, becomes, GOOD).encode())

    assert (path, detail) in [(each.path, each.detail) for each in found.value.problems]


@pytest.mark.parametrize("amount", ["1.000 KWD", "0.500 KWD"])
def test_three_digits_after_the_point_are_no_thousands_where_the_currency_has_them(
    amount: str,
) -> None:
    text = changed('amount = "3.00 EUR"', f'amount = "{amount}"', GOOD).replace("EUR", "KWD")

    program = read_document(text.encode())

    assert program.currency == "KWD"
