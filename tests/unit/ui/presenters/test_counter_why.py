"""The key "?": why the sale in hand earns what the big button says."""

import dataclasses

import pytest

from pos_loyalty.services.quote_sale import SaleQuote
from pos_loyalty.ui.presenters.counter_screen import Action, Button, ListPanel
from pos_loyalty.ui.presenters.counter_services import SaleOrder
from tests.unit.ui.presenters.counter_fakes import AYSE, POINTS_VOUCHER, TWO_OFF, Counter

WHY = Button(Action.WHY, "Why?", "?")


@pytest.fixture
def counter() -> Counter:
    return Counter()


def begin(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")


def shown(counter: Counter) -> ListPanel:
    assert isinstance(counter.screen.left, ListPanel)
    return counter.screen.left


def test_the_key_is_on_the_strip_as_soon_as_there_is_something_to_explain(counter: Counter) -> None:
    counter.scan(AYSE)
    assert WHY not in counter.screen.strip.buttons
    counter.type("2100")

    assert WHY in counter.screen.strip.buttons


def test_it_shows_every_step_in_the_shops_money(counter: Counter) -> None:
    begin(counter)
    counter.press("?")

    panel = shown(counter)
    assert panel.title == "Why +42 points"
    assert panel.note.endswith(", € 21.00:")
    assert panel.is_steps
    assert [(row.title, row.trailing) for row in panel.rows] == [
        ("€ 21.00 at 1 point for each € 1.00", "+21"),
        ("2× Tuesday", "+21"),
        ("Together", "= 42"),
    ]
    assert [row.is_sum for row in panel.rows] == [False, False, True]


def test_the_same_key_and_escape_close_it(counter: Counter) -> None:
    begin(counter)
    counter.press("?", "?")
    assert counter.member.name.startswith("Ay")
    counter.press("?", "Esc")

    assert counter.member.name.startswith("Ay")
    assert counter.screen.amount.text == "€ 21.00"


def test_enter_completes_the_sale_that_was_explained(counter: Counter) -> None:
    begin(counter)
    counter.press("?")
    assert counter.screen.primary.enabled
    counter.press("Enter")

    assert len(counter.services.orders) == 1
    assert counter.strip == "Saved. +42 points for Ayşe."


def test_a_digit_goes_on_with_the_amount(counter: Counter) -> None:
    begin(counter)
    counter.press("?")
    counter.type("0")

    assert counter.screen.amount.text == "€ 210.00"
    assert counter.member.name.startswith("Ay")


def test_after_the_sale_it_opens_the_page_of_that_sale(counter: Counter) -> None:
    begin(counter)
    counter.press("Enter")
    assert WHY in counter.screen.strip.buttons
    counter.press("?")

    assert shown(counter).title == "Ayşe Y. · € 21.00"
    counter.press("Esc")
    assert counter.strip == "Saved. +42 points for Ayşe."


def test_in_the_list_it_opens_the_chosen_sale(counter: Counter) -> None:
    begin(counter)
    counter.press("Enter", "F10", "1", "?")

    assert shown(counter).title == "Ayşe Y. · € 21.00"


def test_without_a_sale_it_says_what_is_missing(counter: Counter) -> None:
    counter.press("?")

    assert counter.strip == "Nothing to explain yet. Put a card and an amount on the sale."


def test_in_a_search_it_is_a_letter(counter: Counter) -> None:
    counter.press("F3")
    counter.type("J?")

    assert counter.screen.search_text == "J?"


def test_a_reward_and_a_voucher_leave_the_key_its_place(counter: Counter) -> None:
    begin(counter)
    counter.press("Alt+2")
    assert WHY in counter.screen.strip.buttons
    counter.press("Alt+2")
    counter.scan(TWO_OFF)
    assert WHY in counter.screen.strip.buttons
    assert counter.strip.startswith("Voucher: € 2.00 off.")


def test_the_points_of_a_voucher_are_named(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = counter.services.quote

    def quote(order: SaleOrder) -> SaleQuote:
        return dataclasses.replace(plain(order), voucher_points=200)

    monkeypatch.setattr(counter.services, "quote", quote)
    begin(counter)
    counter.scan(POINTS_VOUCHER)
    counter.press("?")

    assert shown(counter).rows[-1].title == "The voucher gives points"
    assert shown(counter).rows[-1].trailing == "200"
