"""The page of a past sale: why it earned, goods back, the right member, a forgotten card."""

from dataclasses import replace

import msgspec
import pytest

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreUnavailable
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.services.look_at_sale import SaleLookedAt
from pos_loyalty.ui.presenters.counter_screen import Action, ListPanel, Tone
from tests.unit.ui.presenters.counter_fakes import AYSE, BLANK, JONAS, NEW, Counter

TO_LIST = ("F10", "1")


@pytest.fixture
def counter() -> Counter:
    return Counter()


def sell(counter: Counter, card: str = AYSE, amount: str = "2100") -> None:
    counter.scan(card)
    counter.type(amount)
    counter.press("Enter")


def sell_without_card(counter: Counter) -> None:
    counter.type("2100")
    counter.press("F6")


def page(counter: Counter) -> ListPanel:
    assert isinstance(counter.screen.left, ListPanel)
    return counter.screen.left


def open_page(counter: Counter) -> ListPanel:
    counter.press(*TO_LIST, "Enter")
    return page(counter)


def show_instead(counter: Counter, patch: pytest.MonkeyPatch, looked: SaleLookedAt) -> None:
    def look_at_sale(sale_id: SaleId) -> SaleLookedAt:
        assert sale_id == looked.sale_id
        return looked

    patch.setattr(counter.services, "look_at_sale", look_at_sale)


def test_enter_on_a_past_sale_says_why_it_earned(counter: Counter) -> None:
    sell(counter)

    shown = open_page(counter)

    assert shown.title == "Ayşe Y. · € 21.00"
    assert shown.note == "21 Nov 10:58. Sale of € 21.00: 21 points earned."
    assert [(row.title, row.trailing) for row in shown.rows] == [
        ("€ 21.00 at 1 point for each € 1.00", "+21"),
        ("2× Tuesday", "+21"),
        ("Together", "= 42"),
    ]
    assert [(each.label, each.key, each.enabled) for each in shown.buttons] == [
        ("Goods back", "−", True),
        ("Other member", "F3", True),
        ("Undo this sale", "F8", True),
    ]
    assert counter.strip == "Here is why it earned what it did. Press a key below to change it."


def pressable(counter: Counter) -> dict[str, bool]:
    return {each.key: each.enabled for each in counter.screen.bottom}


def test_keys_of_the_page_are_bright_on_the_page_alone(counter: Counter) -> None:
    sell(counter)
    assert pressable(counter)["F3"]
    assert pressable(counter)["F8"]

    counter.press(*TO_LIST)
    assert not pressable(counter)["F8"], "the list's own key takes back the chosen one"
    assert not counter.screen.undo.enabled, "it says the last sale, and the key means another"
    counter.press("Enter")

    off = {key for key, is_on in pressable(counter).items() if not is_on}
    assert off == {"F3", "F4", "F6", "F8"}
    assert not counter.screen.undo.enabled
    counter.press("Esc", "Esc")
    assert pressable(counter)["F3"]
    assert pressable(counter)["F8"]


def test_keys_that_are_gray_below_mean_the_sale_of_the_page(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("F3")
    assert counter.strip.startswith("Whose is the sale of")
    counter.press("Esc", "F8")

    assert counter.strip == "Undone. Ayşe has 1,240 points again."


def test_goods_back_is_gray_while_it_asks(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    assert [each.enabled for each in page(counter).buttons] == [False, True, True]

    counter.press("Esc")

    assert [each.enabled for each in page(counter).buttons] == [True, True, True]


def test_a_row_and_a_tap_in_the_column_open_the_same_page(counter: Counter) -> None:
    sell(counter)
    by_key = open_page(counter)
    counter.press("Esc", "Esc")

    counter.presenter.sale_pressed(counter.screen.last_sales[0].key)
    counter.settle()

    assert page(counter) == by_key
    counter.press("Esc")
    assert not isinstance(counter.screen.left, ListPanel)


def test_a_sale_that_is_gone_closes_its_page_and_says_so(counter: Counter) -> None:
    counter.presenter.sale_pressed("0" * 32)
    counter.settle()

    assert counter.strip == "This till has no such sale."
    assert not isinstance(counter.screen.left, ListPanel)


def test_all_goods_come_back_with_minus_and_enter(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    assert counter.strip == "Take back all € 21.00? Press Enter, or type what comes back."
    assert counter.screen.strip.tone is Tone.WARN
    assert counter.screen.primary.label == "Take back € 21.00"

    counter.press("Enter")

    (order,) = counter.services.changes.refunds
    assert order.amount == 2100
    assert counter.strip == "Give back € 21.00. 42 points taken; Ayşe has 1,240."
    assert [each.enabled for each in page(counter).buttons] == [False, False, False]
    assert page(counter).rows[-1].title == "Refund of € 21.00."


def test_a_typed_amount_comes_back_and_the_rest_stays(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.type("500")
    assert counter.screen.amount.text == "€ 5.00"
    assert counter.screen.amount.hint == "of € 21.00"
    assert counter.strip == "€ 5.00 of this sale comes back? Press − for goods back."

    counter.press("-")
    assert counter.strip == "Take back € 5.00 of € 21.00? Press Enter, or type what comes back."
    counter.press("Enter")

    assert counter.strip == "Give back € 5.00. 10 points taken; Ayşe has 1,272."
    assert counter.screen.amount.text == "€ 16.00"
    assert not page(counter).buttons[2].enabled, "what was refunded in part is not undone"


def test_enter_alone_takes_nothing_back(counter: Counter) -> None:
    """Whoever types the next sale over a forgotten page must not refund the old one by it."""
    sell(counter)
    open_page(counter)
    counter.type("1250")
    counter.press("Enter", "Enter", "F12")

    assert counter.services.changes.refunds == []
    assert not counter.screen.primary.enabled


def test_a_digit_after_the_question_asks_anew(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    counter.type("7")
    counter.press("Enter")

    assert counter.services.changes.refunds == []
    counter.press("-", "Enter")
    assert counter.services.changes.refunds[0].amount == 7


def test_five_enters_are_one_refund(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    counter.clock.at_ms += 700
    for _ in range(5):
        counter.presenter.key_pressed("Enter")
        counter.clock.at_ms += 50
    counter.settle()
    counter.press("Enter")

    assert len(counter.services.changes.refunds) == 1


def test_more_than_is_left_is_refused_in_words(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.type("2200")
    counter.press("-")

    assert counter.strip == "Only 21.00 of this sale is left to refund."
    assert counter.screen.amount.text == "€ 22.00"


def test_escape_takes_back_the_question_then_the_amount_then_the_page(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.type("500")
    counter.press("-", "Esc")
    assert counter.screen.amount.text == "€ 5.00"
    counter.press("Esc")
    assert counter.screen.amount.hint == "all that is left"
    counter.press("Esc")
    assert page(counter).title == "Last sales"


def test_goods_of_a_sale_without_a_card_are_cash_alone(counter: Counter) -> None:
    sell_without_card(counter)
    open_page(counter)
    counter.press("-", "Enter")

    assert counter.strip == "Give back € 21.00. No member's points change."


def test_a_refund_that_cannot_be_written_says_so_and_may_be_tried_again(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL)]
    counter.press("Enter")
    assert counter.strip == "The refund is NOT saved; nothing can be written. Call Mia."

    counter.press("Enter")

    assert len(counter.services.changes.refunds) == 1


def test_a_refund_that_the_till_refuses_is_said_in_its_words(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("-")
    counter.services.refusals = [RuleViolation(Code.REFUND_REVERSED)]
    counter.press("Enter")

    assert counter.strip == "This sale was undone already. Nothing is left to refund."


def test_a_scan_gives_the_sale_to_the_right_member(counter: Counter) -> None:
    sell(counter, JONAS)
    open_page(counter)
    counter.press("F3")
    assert counter.strip == "Whose is the sale of € 21.00? Scan the card, or type name or phone."

    counter.scan(AYSE)

    (move,) = counter.services.changes.moves
    assert move.to_member == AYSE
    assert counter.strip == "Moved. +42 points for Ayşe; 42 taken from Jonas."
    assert page(counter).title == "Ayşe Y. · € 21.00"


def test_the_camera_gives_the_sale_to_the_right_member_too(counter: Counter) -> None:
    sell(counter, JONAS)
    open_page(counter)
    counter.press("F3")
    counter.presenter.action_pressed(Action.CAMERA)
    counter.settle()
    counter.scan(AYSE)

    assert counter.services.changes.moves[0].to_member == AYSE
    assert counter.window.asked == ["camera on", "camera off"]
    assert page(counter).title == "Ayşe Y. · € 21.00"


def test_the_right_member_is_found_by_name_with_keys_alone(counter: Counter) -> None:
    sell(counter, JONAS)
    open_page(counter)
    counter.press("F3")
    counter.type("Ayş")
    assert counter.strip == "Press Enter to give the sale to Ayşe."
    assert counter.screen.primary.label == "Give the sale"

    counter.press("Enter")

    assert counter.services.changes.moves[0].to_member == AYSE


def test_a_forgotten_card_is_added(counter: Counter) -> None:
    sell_without_card(counter)
    shown = open_page(counter)
    assert shown.title == "No card · € 21.00"
    assert shown.buttons[1].label == "Add a card"
    counter.press("F3")
    counter.scan(AYSE)

    assert counter.strip == "Card added. +21 points for Ayşe, who has 1,261 now."


def test_the_sale_in_hand_stays_behind_the_page(counter: Counter) -> None:
    sell(counter, JONAS)
    counter.scan(AYSE)
    counter.type("450")
    open_page(counter)
    counter.press("F3")
    counter.scan(AYSE)
    counter.press("Esc", "Esc")

    assert counter.screen.amount.text == "€ 4.50"
    assert counter.member.name.startswith("Ay")


def test_the_same_member_is_refused_in_words(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("F3")
    counter.scan(AYSE)

    assert counter.strip == "This sale is that member's already."


def test_a_card_that_is_nobodys_takes_no_sale(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("F3")
    counter.scan(NEW)

    assert counter.strip == "Nobody is known by this card here. Scan another one, or type a name."
    assert counter.services.changes.moves == []


def test_a_blank_card_begins_a_sign_up_and_moves_nothing(counter: Counter) -> None:
    sell(counter)
    open_page(counter)
    counter.press("F3")
    counter.scan(BLANK)
    counter.press("Enter")

    assert counter.services.changes.moves == []
    assert counter.member.points == "50"


def test_escape_from_the_search_leads_back_to_the_page(counter: Counter) -> None:
    sell(counter)
    before = open_page(counter)
    counter.press("F3", "Esc")

    assert page(counter) == before
    counter.scan(JONAS)
    assert counter.services.changes.moves == [], "a scan on the page is the next customer"
    assert counter.member.name == "Jonas Keller"


def test_f8_on_the_page_undoes_its_sale_and_not_the_last_one(counter: Counter) -> None:
    sell(counter, JONAS)
    sell(counter, AYSE)
    counter.press(*TO_LIST, "Down", "Enter", "F8")

    assert [sale.undone for sale in counter.services.sales] == [False, True]
    assert not any(each.enabled for each in page(counter).buttons)
    counter.press("-")
    assert counter.strip == "This sale was undone already. Nothing is left to refund."
    counter.press("F3")
    assert counter.strip == "Nothing is left of this sale to refund."


def test_f7_on_the_page_shows_the_receipt_of_its_sale(counter: Counter) -> None:
    sell(counter, JONAS)
    sell(counter, AYSE)
    counter.press(*TO_LIST, "Down", "Enter", "F7")

    assert counter.services.receipts == [counter.services.sales[1].sale_id]


def test_minus_means_nothing_anywhere_else(counter: Counter) -> None:
    assert not counter.presenter.text_typed("-")
    counter.presenter.action_pressed(Action.GOODS_BACK)
    counter.settle()

    assert counter.strip == "Ready. Scan a member card, or type an amount."


def test_many_steps_are_rows_with_pages(counter: Counter, monkeypatch: pytest.MonkeyPatch) -> None:
    sell(counter)
    looked = counter.services.look_at_sale(counter.services.sales[0].sale_id)
    many = msgspec.structs.replace(looked.why, steps=looked.why.steps * 5)
    show_instead(counter, monkeypatch, replace(looked, why=many))

    shown = open_page(counter)

    assert len(shown.rows) == 11
    assert not shown.is_steps
    counter.press("Down", "Down")
    assert [row.selected for row in page(counter).rows].index(True) == 2


def test_the_sum_stands_right_below_what_it_sums_up(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(counter)
    looked = counter.services.look_at_sale(counter.services.sales[0].sale_id)
    steps = (
        TraceStep(rule="reward pie", text="pie, for 800 points", points=-800, change=-800),
        *looked.why.steps,
        TraceStep(rule="pending", text="they wait", points=42),
    )
    why = msgspec.structs.replace(looked.why, steps=steps)
    show_instead(counter, monkeypatch, replace(looked, why=why))

    shown = open_page(counter)

    assert [row.trailing for row in shown.rows] == ["−800", "+21", "+21", "= −758", ""]


def test_times_in_the_sentences_are_written_as_everywhere_on_the_screen(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(counter)
    looked = counter.services.look_at_sale(counter.services.sales[0].sale_id)
    texts = (
        "5 points can be used from 2026-12-05 10:58",
        "6 can be used from 2027-01-09 00:05",
        "2026-02-30 10:58",
    )
    steps = tuple(TraceStep(rule="pending", text=text, points=42) for text in texts)
    why = msgspec.structs.replace(looked.why, steps=steps)
    later = (msgspec.structs.replace(why, what="Refund of the sale of 2025-11-21 10:58."),)
    show_instead(counter, monkeypatch, replace(looked, why=why, later=later))

    shown = open_page(counter)

    assert [row.title for row in shown.rows] == [
        "5 points can be used from 5 Dec 10:58",
        "6 can be used from 9 Jan 2027 00:05",
        "2026-02-30 10:58",
        "Refund of the sale of 21 Nov 10:58.",
    ]


def test_a_difference_between_rules_and_sale_is_never_hidden(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    sell(counter)
    looked = counter.services.look_at_sale(counter.services.sales[0].sale_id)
    why = msgspec.structs.replace(looked.why, stored=40, computed=42, agrees=False)
    show_instead(counter, monkeypatch, replace(looked, why=why))

    shown = open_page(counter)

    assert shown.rows[-1].title == "The rules come to 42, and the sale says 40."


def test_a_page_cannot_throw_a_sign_up_away(counter: Counter) -> None:
    sell(counter)
    counter.press("F2")
    counter.type("0151")
    counter.presenter.sale_pressed(counter.screen.last_sales[0].key)
    counter.settle()

    assert counter.screen.amount.text == "0151"


def test_a_move_that_cannot_be_written_says_so(counter: Counter) -> None:
    sell(counter, JONAS)
    open_page(counter)
    counter.press("F3")
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL)]
    counter.scan(AYSE)

    assert counter.strip == "The change is NOT saved; nothing can be written. Call Mia."
    assert counter.services.people[MemberId(AYSE)].points == 1240
