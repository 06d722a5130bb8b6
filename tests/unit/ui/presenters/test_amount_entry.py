import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.money import AMOUNT_DIGITS_MAX, currency_of
from pos_loyalty.ui.presenters.amount_entry import AmountEntry, ascii_key

EUR = currency_of("EUR")


def typed(keys: str, currency: str = "EUR") -> AmountEntry:
    entry = AmountEntry(currency_of(currency))
    for key in keys:
        entry = entry.with_key(key)
    return entry


@pytest.mark.parametrize(
    ("keys", "minor_units", "text"),
    [
        ("", 0, "€ 0.00"),
        ("5", 5, "€ 0.05"),
        ("1250", 1250, "€ 12.50"),
        ("0012", 12, "€ 0.12"),
        ("12.", 1200, "€ 12."),
        ("12.5", 1250, "€ 12.5"),
        ("12,50", 1250, "€ 12.50"),
        ("12.505", 1250, "€ 12.50"),
        (".5", 50, "€ 0.5"),
        ("1.2.3", 123, "€ 1.23"),
        ("125000", 125000, "€ 1,250.00"),
        ("\u0661\u0662\u0665\u0660", 1250, "€ 12.50"),
        ("\u06f1\u06f2\u066b\u06f5", 1250, "€ 12.5"),
    ],
)
def test_an_amount_is_typed_as_on_a_till_until_a_point_is_typed(
    keys: str, minor_units: int, text: str
) -> None:
    entry = typed(keys)

    assert entry.minor_units == minor_units
    assert entry.text == text


@pytest.mark.parametrize(
    ("currency", "keys", "minor_units", "text"),
    [("JPY", "1250", 1250, "¥ 1,250"), ("JPY", "12.5", 125, "¥ 125"), ("KWD", "1250", 1250, "")],
)
def test_the_currency_decides_how_many_digits_follow_the_point(
    currency: str, keys: str, minor_units: int, text: str
) -> None:
    entry = typed(keys, currency)

    assert entry.minor_units == minor_units
    assert entry.text == (text or "KWD 1.250")


def test_double_zero_is_two_keys_in_one() -> None:
    assert typed("12").with_key("00").minor_units == 1200


def test_backspace_takes_the_point_back_as_well() -> None:
    entry = typed("12.").without_last()

    assert entry.minor_units == 12
    assert entry.text == "€ 0.12"


def test_a_typed_zero_is_not_nothing() -> None:
    assert typed("").is_empty
    assert not typed("0").is_empty


def test_a_tenth_digit_is_not_taken_and_said() -> None:
    entry = typed("1234567890")

    assert entry.minor_units == 123_456_789
    assert entry.is_overflowing
    assert not entry.without_last().is_overflowing


def test_a_point_that_would_make_it_too_large_is_not_taken() -> None:
    entry = typed("123456789.")

    assert entry.minor_units == 123_456_789
    assert entry.is_overflowing


@given(st.text(alphabet="0123456789.,\u0663\u066b", max_size=30))
def test_no_keys_make_an_amount_that_no_sale_may_have(keys: str) -> None:
    entry = typed(keys)

    assert 0 <= entry.minor_units < 10**AMOUNT_DIGITS_MAX
    assert entry.text.startswith("€ ")


@pytest.mark.parametrize(
    ("key", "sign"), [("٣", "3"), ("00", "00"), (",", "."), ("x", ""), ("", "")]
)
def test_keys_of_every_script_are_understood(key: str, sign: str) -> None:
    assert ascii_key(key) == sign
