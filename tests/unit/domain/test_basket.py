"""A sale's lines, payments and tax make one sum, and a birthday is a day of the calendar."""

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as some

from pos_loyalty.domain.basket import (
    LINES_MAX,
    PAYMENTS_MAX,
    QUANTITY_MAX,
    WORD_LENGTH_MAX,
    check_basket,
)
from pos_loyalty.domain.birthday import parse_birthday
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX, currency_of

EURO = currency_of("EUR")
LIMIT = 10**AMOUNT_DIGITS_MAX


def card(amount: int, kind: str = "card") -> Payment:
    return Payment(kind=kind, amount=amount)


def refused(**fields: Any) -> LoyaltyError:  # noqa: ANN401 - fields vary by case
    whole: dict[str, Any] = {"total": 1000, "currency": EURO} | fields
    with pytest.raises(LoyaltyError) as refusal:
        check_basket(**whole)
    return refusal.value


def test_a_sale_of_amount_alone_has_no_tax() -> None:
    assert check_basket(total=1000, currency=EURO) == 0


@pytest.mark.parametrize("tax", [0, 160, 1000])
def test_the_tax_that_is_stated_is_the_sale_s(tax: int) -> None:
    assert check_basket(total=1000, currency=EURO, tax=tax) == tax


def test_lines_say_their_tax_where_the_sale_does_not() -> None:
    lines = (SaleLine(amount=700, tax=50), SaleLine(amount=300, tax=21))

    assert check_basket(total=1000, currency=EURO, lines=lines) == 71
    assert check_basket(total=1000, currency=EURO, lines=lines, tax=71) == 71


def test_a_line_below_zero_is_a_discount_with_its_tax() -> None:
    lines = (SaleLine(amount=1200, tax=120), SaleLine(amount=-200, tax=-20))

    assert check_basket(total=1000, currency=EURO, lines=lines) == 100


def test_what_is_handed_back_is_a_payment_below_zero() -> None:
    assert check_basket(total=1000, currency=EURO, payments=(card(1500), card(-500, "cash"))) == 0
    assert check_basket(total=1000, currency=EURO, payments=(card(400),)) == 0


def test_the_largest_sale_is_taken() -> None:
    lines = tuple(SaleLine(amount=2, quantity=QUANTITY_MAX) for _ in range(LINES_MAX))
    word = "x" * WORD_LENGTH_MAX
    named = (SaleLine(amount=1000, sku=word, category=word, unit_price=LIMIT - 1),)
    large = (SaleLine(amount=LIMIT - 1), SaleLine(amount=1001 - LIMIT))

    assert check_basket(total=1000, currency=EURO, lines=lines) == 0
    assert check_basket(total=1000, currency=EURO, lines=named) == 0
    assert check_basket(total=1000, currency=EURO, lines=large) == 0
    many = (card(20, word),) * PAYMENTS_MAX
    assert check_basket(total=1000, currency=EURO, payments=many) == 0


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lines": (SaleLine(amount=999),)}, Code.SALE_LINES),
        ({"lines": (SaleLine(amount=1000, quantity=0),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, quantity=QUANTITY_MAX + 1),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, unit_price=-1),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, unit_price=LIMIT),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=LIMIT), SaleLine(amount=1000 - LIMIT))}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000 + LIMIT), SaleLine(amount=-LIMIT))}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, tax=1001),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, tax=-1),)}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=2000), SaleLine(amount=-1000, tax=1))}, Code.SALE_LINE),
        ({"lines": (SaleLine(amount=1000, tax=5),), "tax": 6}, Code.SALE_TAX),
        ({"tax": 1001}, Code.SALE_TAX),
        ({"tax": -1}, Code.SALE_TAX),
        ({"payments": (card(1001),)}, Code.SALE_PAYMENTS),
        ({"payments": (card(600), card(401))}, Code.SALE_PAYMENTS),
        ({"payments": (card(LIMIT), card(1000 - LIMIT))}, Code.SALE_PAYMENTS),
    ],
)
def test_what_does_not_add_up_is_refused(fields: dict[str, Any], code: Code) -> None:
    refusal = refused(**fields)

    assert isinstance(refusal, RuleViolation)
    assert refusal.code is code


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"lines": (SaleLine(amount=2),) * (LINES_MAX + 1)}, "lines"),
        ({"lines": (SaleLine(amount=1000, sku="x" * (WORD_LENGTH_MAX + 1)),)}, "lines"),
        ({"lines": (SaleLine(amount=1000, category="x" * (WORD_LENGTH_MAX + 1)),)}, "lines"),
        ({"payments": (card(1),) * (PAYMENTS_MAX + 1)}, "payments"),
        ({"payments": (card(1, ""),)}, "payments"),
        ({"payments": (card(1, "x" * (WORD_LENGTH_MAX + 1)),)}, "payments"),
    ],
)
def test_what_no_sale_has_is_no_command(fields: dict[str, Any], field: str) -> None:
    refusal = refused(**fields)

    assert isinstance(refusal, CommandRefused)
    assert (refusal.code, refusal.facts) == (Code.COMMAND_FIELD, {"field": field})


def test_the_refusal_says_both_sums_as_a_person_writes_them() -> None:
    refusal = refused(lines=(SaleLine(amount=950),))

    assert refusal.message == "The lines come to 9.50, and the total is 10.00."
    assert refused(lines=(SaleLine(amount=1000, quantity=0),)).message == (
        "Line 1 (index 0) does not fit: the quantity is at least 1."
    )


@given(some.lists(some.integers(min_value=-500, max_value=2000), min_size=1, max_size=8))
def test_lines_that_add_up_are_always_taken(amounts: list[int]) -> None:
    assume(sum(amounts) > 0)
    lines = tuple(SaleLine(amount=amount) for amount in amounts)

    assert check_basket(total=sum(amounts), currency=EURO, lines=lines) == 0


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", ""), ("  ", ""), ("05-31", "05-31"), (" 1990-02-29 ", "02-29"), ("2001-12-01", "12-01")],
)
def test_a_birthday_is_kept_without_its_year(typed: str, kept: str) -> None:
    assert parse_birthday(typed) == kept


@pytest.mark.parametrize("typed", ["5-31", "05-32", "02-30", "13-01", "00-01", "31.05.", "x05-31"])
def test_what_is_no_day_of_the_calendar_is_no_birthday(typed: str) -> None:
    with pytest.raises(RuleViolation) as refusal:
        parse_birthday(typed)

    assert refusal.value.code is Code.BIRTHDAY_SHAPE
