"""`counter`: what it says of a line, an id or an amount that does not fit is true and whole."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.counter import CounterSession
from pos_loyalty.till import Till
from tests.sample_till import SampleTill

SALE_ID = "0a" * 16
OTHER_ID = "0b" * 16
GOODS = [
    {"sku": "42", "category": "bread", "quantity": 3, "unit_price": "2.00"},
    {"sku": "7", "category": "dairy", "amount": "15.00"},
]
WITH_DISCOUNT = [{"sku": "42", "amount": "2.00"}, {"sku": "off", "amount": "-0.25"}]


class Counter:
    """A session on a fresh till, spoken to in Python."""

    def __init__(self, till: Till) -> None:
        self.session = CounterSession(till)
        self.ann = self("enroll", card=None, name="Ann")["member"]["id"]

    def __call__(self, do: str, **fields: object) -> dict[str, Any]:
        line = json.dumps({"do": do, **fields}).encode()
        return json.loads(msgspec.json.encode(self.session.answer(line)))


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with SampleTill(tmp_path / "till").open() as till:
        yield Counter(till)


def test_why_says_the_number_by_which_a_refund_takes_a_line(counter: Counter) -> None:
    counter("sale", member=counter.ann, lines=GOODS, sale_id=SALE_ID)
    why = counter("why", sale_id=SALE_ID)["why"]
    milk = next(line for line in why["lines"] if line["sku"] == "7")

    done = counter("refund", sale_id=SALE_ID, lines=[{"line": milk["line_index"]}])
    later = counter("why", sale_id=SALE_ID)["why"]["later"][0]

    assert [(line["line"], line["line_index"]) for line in why["lines"]] == [(1, 0), (2, 1)]
    assert done["amount"] == milk["amount"] == 1500
    assert any("line 2:" in step["text"] for step in later["steps"])


@pytest.mark.parametrize(
    ("do", "fields", "message"),
    [
        (
            "sale",
            {
                "sale_id": OTHER_ID,
                "lines": [{"amount": "1.00"}, {"amount": "1.00", "quantity": -1}],
            },
            "Line 2 (index 1) does not fit: the quantity is at least 1.",
        ),
        (
            "refund",
            {"lines": [{"line": 9}]},
            "This sale has no line 10 (index 9).",
        ),
        (
            "refund",
            {"lines": [{"line": 500}]},
            "This sale has no line 501 (index 500).",
        ),
        (
            "refund",
            {"lines": [{"line": 0, "quantity": -1}]},
            "Line 1 (index 0) does not fit: the quantity that comes back is 0 to 1000000.",
        ),
        (
            "refund",
            {"lines": [{"line": 1, "amount": "15.01"}]},
            "Only 15.00 of line 2 (index 1) is left to refund.",
        ),
    ],
)
def test_a_sentence_about_a_line_says_its_number_and_its_index(
    counter: Counter, do: str, fields: dict[str, Any], message: str
) -> None:
    counter("sale", member=counter.ann, lines=GOODS, sale_id=SALE_ID)

    answer = counter(do, **{"sale_id": SALE_ID, **fields})

    assert answer["message"] == message
    assert answer["facts"]["number"] == answer["facts"]["line"] + 1


@pytest.mark.parametrize(
    ("do", "fields", "field"),
    [
        ("sale", {"lines": [{"sku": "1", "amount": "1.00", "quantity": 0.35}]}, "[0].quantity"),
        ("sale", {"lines": [{"amount": "1.00"}, {"amount": 2.0}]}, "[1].amount"),
        ("sale", {"lines": [{"amount": "1.00"}, {"sku": "1"}]}, "[1].amount"),
        ("sale", {"lines": [{"amount": "1.00"}, 5]}, "[1]"),
        ("sale", {"lines": "bread"}, ""),
        ("refund", {"sale_id": SALE_ID, "lines": [{"amount": "1.00"}]}, "[0].line"),
        ("refund", {"sale_id": SALE_ID, "lines": [{"line": 0, "amount": 2.0}]}, "[0].amount"),
    ],
)
def test_a_field_of_a_line_that_is_of_another_kind_is_named_with_its_line(
    counter: Counter, do: str, fields: dict[str, Any], field: str
) -> None:
    answer = counter(do, **fields)

    assert answer["facts"] == {"field": f"lines{field}"}
    assert answer["message"] == f"The field lines{field} is missing or has the wrong kind."


@pytest.mark.parametrize(
    ("do", "fields", "code", "message"),
    [
        (
            "refund",
            {"sale_id": SALE_ID, "refund_id": "x"},
            "E-CHANGE-ID-SHAPE",
            "The id of a change is 32 hexadecimal characters.",
        ),
        (
            "adjust",
            {
                "member": OTHER_ID,
                "points": 1,
                "reason": "Why",
                "approved_by": "Mo",
                "adjustment_id": "7",
            },
            "E-CHANGE-ID-SHAPE",
            "The id of a change is 32 hexadecimal characters.",
        ),
        (
            "refund",
            {"sale_id": SALE_ID, "amount": "1.00", "lines": [{"line": 0}]},
            "E-REFUND-EITHER",
            "Say the amount or the lines that come back, not both.",
        ),
        (
            "refund",
            {"amount": "1.00"},
            "E-REFUND-WHICH",
            "Say which sale: its sale_id, or the letters of its receipt.",
        ),
        (
            "refund",
            {"sale_id": SALE_ID, "amount": "0"},
            "E-REFUND-ZERO",
            "What comes back is more than 0. Say how much.",
        ),
        (
            "refund",
            {"sale_id": SALE_ID, "lines": [{"line": 0, "amount": "0.00"}]},
            "E-REFUND-ZERO",
            "What comes back is more than 0. Say how much.",
        ),
        (
            "refund",
            {"sale_id": SALE_ID, "amount": "-1"},
            "E-REFUND-NEGATIVE",
            "What comes back is written without a minus.",
        ),
        (
            "refund",
            {"sale_id": SALE_ID, "lines": [{"line": 0}, {"line": 1, "amount": "-1"}]},
            "E-REFUND-NEGATIVE",
            "What comes back is written without a minus.",
        ),
        (
            "refund",
            {"sale_id": OTHER_ID, "amount": "0"},
            "E-REFUND-ZERO",
            "What comes back is more than 0. Say how much.",
        ),
        (
            "refund",
            {"sale_id": OTHER_ID, "lines": [{"line": 0}]},
            "E-REFUND-CLAIM",
            "This till does not know the sale. Say which amount comes back.",
        ),
    ],
)
def test_a_change_that_cannot_be_is_told_why_in_words_that_are_true(
    counter: Counter, do: str, fields: dict[str, Any], code: str, message: str
) -> None:
    counter("sale", member=counter.ann, lines=GOODS, sale_id=SALE_ID)

    answer = counter(do, **fields)

    assert (answer["ok"], answer["code"], answer["message"]) == (False, code, message)


def test_a_line_that_is_all_back_says_so_and_a_sale_that_is_gone_does_not_move(
    counter: Counter,
) -> None:
    bo = counter("enroll", card=None, name="Bo")["member"]["id"]
    counter("sale", member=counter.ann, lines=GOODS, sale_id=SALE_ID)
    counter("sale", member=counter.ann, total="5.00", sale_id=OTHER_ID)
    counter("refund", sale_id=SALE_ID, lines=[{"line": 0}])

    line = counter("refund", sale_id=SALE_ID, lines=[{"line": 0}])
    named = counter("refund", sale_id=SALE_ID, lines=[{"line": 0, "amount": "1.00"}])
    counter("refund", sale_id=SALE_ID)
    gone = counter("move", sale_id=SALE_ID, member=bo)
    counter("undo", sale_id=OTHER_ID)
    undone = counter("move", sale_id=OTHER_ID, member=bo)

    assert line["message"] == named["message"] == "Nothing of line 1 (index 0) is left to refund."
    assert (gone["code"], gone["message"]) == (
        "E-MOVE-NOTHING",
        "Nothing of this sale is left to move.",
    )
    assert (undone["code"], undone["message"]) == (
        "E-MOVE-UNDONE",
        "This sale was undone already. Nothing of it is left to move.",
    )


def test_a_line_beside_a_discount_is_told_of_the_discount_and_of_what_is_left(
    counter: Counter,
) -> None:
    counter("sale", member=counter.ann, lines=WITH_DISCOUNT, sale_id=SALE_ID)

    goods = counter("refund", sale_id=SALE_ID, lines=[{"line": 0}])
    discount = counter("refund", sale_id=SALE_ID, lines=[{"line": 1}])
    amount = counter("refund", sale_id=SALE_ID, amount="2.00")

    lefts = [{"line": 0, "left_amount": "1.75"}, {"line": 1, "left_amount": "0.00"}]
    assert (goods["code"], goods["message"]) == (
        "E-REFUND-DISCOUNT",
        "A line of this sale is a discount: only 1.75 is left to refund.",
    )
    assert (discount["code"], discount["message"]) == (
        "E-REFUND-LINE-DISCOUNT",
        "Line 2 (index 1) is a discount: it counts by itself as goods come back.",
    )
    assert amount["message"] == "Only 1.75 of this sale is left to refund."
    for refused in (goods, discount, amount):
        assert refused["facts"]["lines"] == lefts

    back = goods["facts"]["lines"][0]
    done = counter(
        "refund", sale_id=SALE_ID, lines=[{"line": back["line"], "amount": back["left_amount"]}]
    )
    assert (done["ok"], done["amount"], done["left_amount"]) == (True, 175, 0)
    again = counter("refund", sale_id=SALE_ID)
    assert (again["code"], [line["left_amount"] for line in again["facts"]["lines"]]) == (
        "E-REFUND-NOTHING",
        ["0.00", "0.00"],
    )
