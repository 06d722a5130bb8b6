"""Amounts as people type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation
from pos_loyalty.domain.money import (
    AMOUNT_DIGITS_MAX,
    check_amount,
    currency_of,
    parse_amount,
    plain_amount,
)

EUR = currency_of("EUR")
JPY = currency_of("JPY")
KWD = currency_of("KWD")


@pytest.mark.parametrize(
    ("text", "minor_units"),
    [
        ("21.00", 2100),
        ("21,00", 2100),
        ("21", 2100),
        (" 0.5 ", 50),
        (".5", 50),
        ("٢١٫٥٠", 2150),  # noqa: RUF001 - Arabic-Indic digits are what this case is about
        ("9999999.99", 999_999_999),
    ],
)
def test_an_amount_is_read_as_a_person_writes_it(text: str, minor_units: int) -> None:
    assert parse_amount(text, EUR) == minor_units


def test_currencies_have_their_own_number_of_decimals() -> None:
    assert parse_amount("500", JPY) == 500
    assert parse_amount("1.250", KWD) == 1250
    assert plain_amount(5, KWD) == "0.005"
    assert plain_amount(-500, JPY) == "-500"


def test_nothing_has_no_sign() -> None:
    assert [plain_amount(0, each) for each in (EUR, JPY, KWD)] == ["0.00", "0", "0.000"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("0", Code.AMOUNT_ZERO),
        ("0.00", Code.AMOUNT_ZERO),
        ("-5", Code.AMOUNT_NEGATIVE),
        ("\u22125", Code.AMOUNT_NEGATIVE),
        ("123456789012", Code.AMOUNT_LONG),
        ("10000000.00", Code.AMOUNT_LONG),
        ("abc", Code.AMOUNT_SHAPE),
        ("12a", Code.AMOUNT_SHAPE),
        ("", Code.AMOUNT_SHAPE),
        ("1.234,50", Code.AMOUNT_SHAPE),
        ("1,250", Code.AMOUNT_SHAPE),
        ("1.", Code.AMOUNT_SHAPE),
        ("1e3", Code.AMOUNT_SHAPE),
        ("NaN", Code.AMOUNT_SHAPE),
        ("+5", Code.AMOUNT_SHAPE),
        ("²", Code.AMOUNT_SHAPE),
    ],
)
def test_F60_what_is_no_amount_is_refused_in_words(text: str, code: Code) -> None:
    with pytest.raises(RuleViolation) as refused:
        parse_amount(text, EUR)

    assert refused.value.code is code
    assert not refused.value.saved
    assert refused.value.message


@given(st.text(max_size=40))
def test_F60_any_text_is_an_amount_or_a_refusal(text: str) -> None:
    try:
        minor_units = parse_amount(text, EUR)
    except LoyaltyError:
        return
    assert 0 < minor_units < 10**AMOUNT_DIGITS_MAX


@given(st.integers(min_value=1, max_value=10**AMOUNT_DIGITS_MAX - 1))
def test_writing_and_reading_an_amount_is_the_same_amount(minor_units: int) -> None:
    for currency in (EUR, JPY, KWD):
        assert parse_amount(plain_amount(minor_units, currency), currency) == minor_units


def test_an_amount_from_a_program_is_checked_like_a_typed_one() -> None:
    for minor_units, code in ((0, Code.AMOUNT_ZERO), (-1, Code.AMOUNT_NEGATIVE)):
        with pytest.raises(RuleViolation) as refused:
            check_amount(minor_units, EUR)
        assert refused.value.code is code


def test_an_unknown_currency_is_refused() -> None:
    with pytest.raises(CommandRefused) as refused:
        currency_of("EURO")

    assert refused.value.message == "EURO is not a currency of ISO 4217."
