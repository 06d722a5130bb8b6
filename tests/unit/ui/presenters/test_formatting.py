import pytest

from pos_loyalty.domain.money import currency_of
from pos_loyalty.ui.presenters import formatting


@pytest.mark.parametrize(
    ("minor_units", "currency", "text"),
    [
        (2100, "EUR", "€ 21.00"),
        (125_000, "USD", "$ 1,250.00"),
        (1250, "JPY", "¥ 1,250"),
        (1250, "KWD", "KWD 1.250"),
        (-450, "EUR", "€ \u22124.50"),
        (0, "TRY", "₺ 0.00"),
    ],
)
def test_money_carries_its_symbol_before_the_figure(
    minor_units: int, currency: str, text: str
) -> None:
    assert formatting.money(minor_units, currency_of(currency)) == text


def test_points_are_grouped_and_signed() -> None:
    assert formatting.points(1240) == "1,240"
    assert formatting.points(-200) == "\u2212200"
    assert formatting.change(earned_points=42, redeemed_points=0) == "+42"
    assert formatting.change(earned_points=42, redeemed_points=800) == "+42 \u2212800"


@pytest.mark.parametrize(
    ("name", "first", "short", "initials"),
    [
        ("Jonas Keller", "Jonas", "Jonas K.", "JK"),
        ("Eva", "Eva", "Eva", "E"),
        ("Maria del Carmen Ruiz", "Maria", "Maria R.", "MR"),
        ("  ", "The member", "Member", ""),
    ],
)
def test_names_are_shortened_for_their_place(
    name: str, first: str, short: str, initials: str
) -> None:
    assert formatting.first_name(name) == first
    assert formatting.short_name(name) == short
    assert formatting.initials(name) == initials


def test_a_very_long_first_name_is_cut() -> None:
    assert len(formatting.first_name("X" * 300)) == 24


def test_a_member_without_a_name_is_called_by_the_card() -> None:
    assert formatting.full_name("", card_hint="4417") == "Member •• 4417"
    assert formatting.full_name("", card_hint="") == "Member"
