import pytest

from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.ui.presenters.counter_screen import (
    Action,
    AmountLook,
    IdlePanel,
)
from pos_loyalty.ui.presenters.counter_services import Sound
from tests.unit.ui.presenters.counter_fakes import AYSE, JONAS, NAMELESS, NEW, Counter

READY = "Ready. Scan a member card, or type an amount."


@pytest.fixture
def counter() -> Counter:
    return Counter()


def usual_sales(counter: Counter, total: int = 1000) -> None:
    """Let this till have sold a few times yesterday."""
    counter.services.sales = [
        LastSale(
            SaleId(f"f{n:031x}"),
            counter.clock.now_ms() - 86_400_000,
            "",
            total,
            0,
            0,
            "",
            unsent=False,
            undone=False,
        )
        for n in range(5)
    ]
    counter.presenter.start()
    counter.settle()


# --- the state table


def test_idle_says_the_next_step_and_completes_nothing(counter: Counter) -> None:
    assert counter.strip == READY
    assert counter.screen.primary.label == "Complete sale"
    assert not counter.screen.primary.enabled
    assert counter.screen.amount.look is AmountLook.EMPTY
    assert isinstance(counter.screen.left, IdlePanel)
    assert counter.screen.left.today == "Today: 0 sales · 0 new members · 0 rewards"

    counter.press("Enter")

    assert counter.services.orders == []


def test_an_amount_alone_asks_for_a_card(counter: Counter) -> None:
    counter.type("2100")

    assert counter.strip == "Scan a card, or press F6 for a sale without card."
    assert counter.screen.amount.text == "€ 21.00"
    assert not counter.screen.primary.enabled

    counter.press("Enter", "Esc")

    assert counter.services.orders == []
    assert counter.strip == READY


def test_a_member_then_an_amount_then_enter_is_a_sale(counter: Counter) -> None:
    counter.scan(AYSE)
    assert counter.strip == "Ayşe is on this sale. Type the amount."
    assert counter.screen.strip.buttons[0].label == "Remove"
    assert counter.screen.strip.buttons[0].key == "Esc"
    assert not counter.screen.primary.enabled

    counter.type("2100")
    assert counter.strip == "Ayşe is on this sale. Press Enter to complete."
    assert counter.screen.primary.label == "Complete · +42 points"
    assert counter.member.gain == "+42"
    assert counter.member.next_missing == "218 to go"
    assert counter.screen.amount.hint == "2× Tuesday applied"

    counter.press("Enter")
    assert counter.strip == "Saved. +42 points for Ayşe."
    assert counter.screen.strip.buttons[0].action is Action.UNDO
    assert counter.screen.strip.buttons[0].key == "F8"
    assert counter.screen.amount.look is AmountLook.SAVED
    assert counter.screen.amount.text == "€ 21.00"
    assert not counter.screen.primary.enabled
    assert counter.member.points == "1,282"
    assert counter.sounds.played == [Sound.FOUND, Sound.SAVED]


def test_the_order_of_card_and_amount_does_not_matter(counter: Counter) -> None:
    counter.type("2100")
    counter.scan(AYSE)
    counter.press("Enter")

    (order,) = counter.services.orders
    assert (order.member_id, order.total, order.found_by) == (AYSE, 2100, "card")
    assert order.sale_id is not None


def test_the_escape_key_goes_back_step_by_step(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Alt+3")
    assert counter.strip == "€3 off is on this sale. Press Enter to give it."

    counter.press("Esc")
    assert counter.strip == "Ayşe is on this sale. Press Enter to complete."
    counter.press("Esc")
    assert counter.strip == "Ayşe is on this sale. Type the amount."
    counter.press("Esc")
    assert counter.strip == READY


@pytest.mark.parametrize("key", ["5", ".", "Backspace", "Esc"])
def test_the_green_amount_stays_until_the_next_input(counter: Counter, key: str) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter")
    counter.wait(60_000)
    assert counter.screen.amount.look is AmountLook.SAVED

    counter.press(key)

    assert counter.screen.amount.look is not AmountLook.SAVED
    assert counter.screen.amount.text != "€ 21.00"
    assert isinstance(counter.screen.left, IdlePanel)


def test_lines_add_up(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("1000")
    counter.press("+")
    counter.type("500")
    assert counter.screen.amount.lines == ("€ 10.00",)
    assert counter.screen.amount.hint == "Total € 15.00"

    counter.press("+", "Enter")

    (order,) = counter.services.orders
    assert order.total == 1500
    assert order.lines == (1000, 500)


def test_a_line_is_taken_back_with_escape(counter: Counter) -> None:
    counter.type("1000")
    counter.press("+", "Esc")

    assert counter.screen.amount.text == "€ 0.00"
    assert counter.strip == READY


def test_a_zero_is_said_and_not_sold(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.press("0", "Enter")

    assert counter.strip == "The amount is 0. Type the sale amount."
    assert counter.services.orders == []


def test_twelve_digits_are_too_many_and_what_was_typed_stays(counter: Counter) -> None:
    counter.type("123456789012")

    assert counter.strip == "This amount is too large. The limit is 9999999.99."
    assert counter.screen.amount.text == "€ 1,234,567.89"


# --- without a card, new cards


def test_f6_sells_without_a_card(counter: Counter) -> None:
    counter.type("450")
    counter.press("F6")

    assert counter.strip == "Saved. This sale is without a card."
    (order,) = counter.services.orders
    assert order.member_id is None


def test_f6_before_the_amount_waits_for_it(counter: Counter) -> None:
    counter.press("F6")
    assert counter.strip == "Sale without a card. Type the amount."
    counter.type("450")
    assert counter.strip == "Sale without a card. Press Enter to complete."

    counter.press("Enter")

    assert len(counter.services.orders) == 1


def test_f6_does_nothing_while_a_member_is_on_the_sale(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("450")
    counter.press("F6")

    assert counter.services.orders == []


def test_a_card_new_to_this_till_earns_and_waits_for_the_server(counter: Counter) -> None:
    counter.scan(NEW)
    assert counter.strip == "New card for this till. Counted; it waits for the server."
    assert counter.member.rewards == ()
    counter.type("450")
    counter.press("Enter")

    (order,) = counter.services.orders
    assert (order.member_id, order.card_key) == (None, "c" * 32)
    assert counter.strip.startswith("Saved.")


def test_a_member_without_a_name_has_words_all_the_same(counter: Counter) -> None:
    counter.scan(NAMELESS)

    assert counter.strip == "The member is on this sale. Type the amount."
    assert counter.member.name == "Member •• 7788"
    counter.type("1200")
    counter.press("Enter")
    assert counter.strip == "Saved. +24 points for the member."


# --- never twice


@pytest.mark.parametrize("key", ["Enter", "F12"])
def test_five_enters_within_300_ms_are_one_sale(counter: Counter, key: str) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.clock.at_ms += 1_000
    for _ in range(5):
        counter.clock.at_ms += 60
        counter.presenter.key_pressed(key)
    counter.settle()

    assert len(counter.services.orders) == 1


def test_five_taps_with_answers_between_are_one_sale(counter: Counter) -> None:
    counter.type("2100")
    counter.clock.at_ms += 1_000
    for _ in range(5):
        counter.clock.at_ms += 60
        counter.presenter.action_pressed(Action.NO_CARD)
        counter.settle()

    assert len(counter.services.orders) == 1


def test_enter_is_deaf_for_600_ms_and_until_a_digit_or_scan(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter", "Enter", "Enter")
    assert len(counter.services.orders) == 1

    counter.scan(JONAS)
    counter.type("100")
    counter.press("Enter")

    assert len(counter.services.orders) == 2


def test_keys_typed_while_a_sale_is_saved_belong_to_the_next_one(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.clock.at_ms += 1_000
    counter.presenter.key_pressed("Enter")
    for key in "450":
        counter.presenter.text_typed(key)
    counter.settle()

    assert counter.services.orders[0].total == 2100
    assert counter.screen.amount.text == "€ 4.50"
    assert counter.strip == "Scan a card, or press F6 for a sale without card."


def test_an_enter_that_comes_before_the_card_is_known_waits_for_it(counter: Counter) -> None:
    counter.type("2100")
    counter.clock.at_ms += 3_000
    counter.presenter.card_scanned((AYSE,))
    counter.presenter.key_pressed("Enter")
    assert counter.services.orders == []

    counter.settle()

    (order,) = counter.services.orders
    assert order.member_id == AYSE


def test_an_enter_before_a_switch_never_hits_the_member_before(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.clock.at_ms += 3_000
    counter.presenter.card_scanned((JONAS,))
    counter.presenter.key_pressed("Enter")
    counter.settle()

    assert [order.member_id for order in counter.services.orders] == [JONAS]


# --- unusual amounts


def test_an_amount_above_the_owners_limit_asks_for_a_second_enter(counter: Counter) -> None:
    counter.services.limit = 50_000
    counter.presenter.start()
    counter.settle()
    counter.scan(AYSE)
    counter.type("60000")
    counter.press("Enter")

    assert counter.strip == "Is € 600.00 right? Press Enter again, or correct it."
    assert counter.screen.primary.label == "Yes, complete € 600.00"
    assert counter.services.orders == []

    counter.press("Enter")
    assert len(counter.services.orders) == 1


def test_ten_times_the_usual_sale_asks(counter: Counter) -> None:
    usual_sales(counter)
    counter.scan(AYSE)
    counter.type("10001")
    counter.press("Enter")

    assert counter.strip.startswith("Is € 100.01 right?")

    counter.press("Backspace", "Enter")
    assert counter.services.orders[0].total == 1000


def test_a_bouncing_enter_does_not_answer_the_question(counter: Counter) -> None:
    usual_sales(counter)
    counter.scan(AYSE)
    counter.type("100000")
    for _ in range(5):
        counter.clock.at_ms += 60
        counter.presenter.key_pressed("Enter")
        counter.settle()

    assert counter.services.orders == []


def test_escape_clears_the_amount_that_was_asked_about(counter: Counter) -> None:
    usual_sales(counter)
    counter.scan(AYSE)
    counter.type("100000")
    counter.press("Enter", "Esc")

    assert counter.strip == "Ayşe is on this sale. Type the amount."


def test_a_sale_without_card_is_asked_about_as_well(counter: Counter) -> None:
    usual_sales(counter)
    counter.type("100000")
    counter.press("F6")
    assert counter.services.orders == []

    counter.press("F6")
    assert len(counter.services.orders) == 1
