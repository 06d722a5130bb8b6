"""F7: the receipt's code on screen, and a receipt that is scanned."""

import dataclasses

import pytest

from pos_loyalty.services.look_up_card import CardKind, CardLookedUp
from pos_loyalty.services.receipt import ReceiptRead, ReceiptStanding
from pos_loyalty.ui.presenters import strips
from pos_loyalty.ui.presenters.counter_screen import Action, Button, ReceiptPanel, Tone
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter, FakeClock


@pytest.fixture
def counter() -> Counter:
    return Counter()


def sell(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter")


def button(counter: Counter) -> Button:
    return next(each for each in counter.screen.bottom if each.action is Action.RECEIPT)


def test_without_a_sale_there_is_no_receipt(counter: Counter) -> None:
    assert not button(counter).enabled

    counter.press("F7")
    assert counter.services.receipts == []


def test_f7_shows_the_code_of_the_sale_and_hides_it_again(counter: Counter) -> None:
    sell(counter)
    counter.press("F7")

    assert counter.screen.left == ReceiptPanel(
        "Receipt", "Scanned at another till, it shows the points after this sale.", ("101", "010")
    )
    assert counter.services.receipts == [counter.services.sales[0].sale_id]

    counter.press("F7")
    assert not isinstance(counter.screen.left, ReceiptPanel)


def test_esc_closes_it(counter: Counter) -> None:
    sell(counter)
    counter.press("F7", "Esc")

    assert not isinstance(counter.screen.left, ReceiptPanel)


def test_the_next_card_begins_the_next_sale(counter: Counter) -> None:
    sell(counter)
    counter.press("F7")
    counter.scan(AYSE)

    assert not isinstance(counter.screen.left, ReceiptPanel)


def test_a_sale_without_a_member_says_so(counter: Counter) -> None:
    counter.services.receipt_shown = None
    sell(counter)
    counter.press("F7")

    assert "no member" in counter.strip
    assert not isinstance(counter.screen.left, ReceiptPanel)


def test_a_sign_up_in_hand_is_not_thrown_away(counter: Counter) -> None:
    sell(counter)
    counter.press("F2", "F7")

    assert counter.services.receipts == []


def test_a_receipt_says_what_it_shows_and_what_is_known_here(counter: Counter) -> None:
    clock = FakeClock()
    member = counter.services.look_up_card(AYSE).member
    assert member is not None
    read = ReceiptRead(ReceiptStanding.NEWER, 1340, clock.now_ms(), "Till 2", "Main street")
    looked_up = CardLookedUp(CardKind.MEMBER, member, None, "4417", read)
    older = dataclasses.replace(
        looked_up, receipt=dataclasses.replace(read, standing=ReceiptStanding.OLDER)
    )
    same = dataclasses.replace(
        looked_up, receipt=dataclasses.replace(read, standing=ReceiptStanding.SAME)
    )

    newer = strips.receipt(looked_up, clock)

    assert newer.tone is Tone.WARN
    assert "Till 2: 1,340 points. Not heard of here yet." in newer.text
    assert strips.receipt(older, clock).text.endswith("Since then it is 1,240.")
    assert strips.receipt(same, clock).text.endswith("The same here.")
    assert len(newer.text) <= 90
