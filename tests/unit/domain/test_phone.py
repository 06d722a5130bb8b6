"""Phone numbers as typed in a shop."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.phone import country_of, international, readable


def test_a_national_number_gets_the_shops_country() -> None:
    assert international("0151 23456789", "DE") == "+4915123456789"
    assert international("+90 532 123 45 67", "DE") == "+905321234567"
    assert international("0151 23456789", "") == "+4915123456789"


@pytest.mark.parametrize(
    ("text", "number"), [("+376 312 345", "+376312345"), ("030 1234", "+49301234")]
)
def test_a_whole_number_of_a_small_place_has_six_digits(text: str, number: str) -> None:
    """Those of Andorra have no more, nor have old ones of a town with its area."""
    assert international(text, "DE") == number


@pytest.mark.parametrize("text", ["0151 23", "abc", "1", "9" * 41, "+"])
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        international(text, "DE")

    assert refused.value.code is Code.PHONE_SHAPE
    assert "Example: 01" in refused.value.message


@given(st.text(max_size=50))
def test_any_text_is_a_number_or_a_refusal(text: str) -> None:
    try:
        number = international(text, "DE")
    except RuleViolation:
        return
    assert number.startswith("+")
    assert number[1:].isdigit()


def test_numbers_are_shown_as_people_write_them() -> None:
    assert readable("+4915123456789") == "+49 1512 3456789"
    assert readable("kaputt") == "kaputt"


def test_the_country_follows_from_the_currency_until_the_owner_says_better() -> None:
    assert country_of("TRY") == "TR"
    assert country_of("XOF") == "DE"


def test_a_country_without_sample_numbers_gives_no_example() -> None:
    with pytest.raises(RuleViolation) as refused:
        international("1", "ZZ")

    assert refused.value.facts["example"] == ""
