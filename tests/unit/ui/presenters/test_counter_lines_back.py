"""Goods back by line: chosen on the page of a past sale, with an amount as the other way."""

from dataclasses import replace

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.event import RefundLine, SaleLine
from pos_loyalty.domain.ids import EventId
from pos_loyalty.ui.presenters.counter_screen import Action, AmountLook, ListPanel, ListRow, Tone
from pos_loyalty.ui.presenters.counter_services import RefundOrder
from tests.unit.ui.presenters.counter_fakes import AYSE, JONAS, Counter

BREAD = SaleLine(amount=600, sku="croissant", category="bakery", quantity=3, unit_price=200)
COFFEE = SaleLine(amount=340, category="drinks")
PLAIN = SaleLine(amount=1160)
CHOOSE = "Choose what comes back, or press − for all € 21.00."


@pytest.fixture
def counter() -> Counter:
    return Counter()


def sell(counter: Counter, *lines: SaleLine, card: str = AYSE) -> None:
    """Sell, and open the page of the sale."""
    counter.scan(card)
    total = sum(line.amount for line in lines)
    counter.type(str(total))
    counter.press("Enter")
    counter.services.sale_lines[counter.services.sales[0].sale_id] = lines
    counter.press("F10", "1", "Enter")


def sell_three(counter: Counter) -> None:
    sell(counter, BREAD, COFFEE, PLAIN)


def panel(counter: Counter) -> ListPanel:
    assert isinstance(counter.screen.left, ListPanel)
    return counter.screen.left


def ticked(counter: Counter) -> list[int]:
    return [int(row.key) for row in panel(counter).rows if row.ticked]


def at(counter: Counter) -> list[int]:
    """Return where the arrow keys are."""
    return [int(row.key) for row in panel(counter).rows if row.selected]


def line(key: str, title: str, left: str, shortcut: str) -> ListRow:
    """Return the row of a line that can be chosen and is not."""
    return ListRow(key, title, "", left, "square", shortcut=shortcut, ticked=False)


def refunds(counter: Counter) -> list[RefundOrder]:
    return counter.services.changes.refunds


def test_minus_lists_what_was_sold_line_by_line(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-")

    shown = panel(counter)
    assert shown.title == "Ayşe Y. · € 21.00"
    assert shown.note == "Choose what comes back, or type an amount."
    assert shown.rows == (
        replace(line("0", "3 × croissant", "€ 6.00", "Alt 1"), detail="bakery", selected=True),
        line("1", "drinks", "€ 3.40", "Alt 2"),
        line("2", "Line 3", "€ 11.60", "Alt 3"),
    )
    assert shown.buttons == ()


def test_minus_and_enter_still_take_all_of_it_back(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-")
    assert counter.strip == "Take back all € 21.00? Press Enter, or choose lines."
    assert counter.screen.strip.tone is Tone.WARN
    assert counter.screen.primary.label == "Take back € 21.00"

    counter.press("Enter")

    (order,) = refunds(counter)
    assert (order.amount, order.lines) == (2100, ())


def test_a_chosen_line_comes_back_by_name(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1")
    assert counter.strip == "1 line chosen. Press Enter to take back € 6.00."
    assert ticked(counter) == [0]
    assert panel(counter).rows[0].icon == "square-check"

    counter.press("Enter")

    (order,) = refunds(counter)
    assert (order.amount, order.lines) == (600, (RefundLine(line=0, amount=600),))
    assert counter.strip.startswith("Give back € 6.00. ")
    assert counter.screen.amount.text == "€ 15.00"


def test_the_figure_is_the_sum_of_the_chosen_lines(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-")
    counter.presenter.row_pressed("1")
    counter.presenter.row_pressed("0")
    counter.settle()

    box = counter.screen.amount
    assert (box.title, box.text, box.look) == ("Goods back", "€ 9.40", AmountLook.TYPED)
    assert box.hint == "2 lines, of € 21.00"
    assert counter.strip == "2 lines chosen. Press Enter to take back € 9.40."
    assert (counter.screen.primary.label, counter.screen.primary.enabled) == (
        "Take back € 9.40",
        True,
    )
    counter.press("Enter")
    assert refunds(counter)[0].lines == (
        RefundLine(line=0, amount=600),
        RefundLine(line=1, amount=340),
    )


def test_arrows_and_space_choose_as_well(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Down", "Down", "Down", " ", "Up", " ")

    assert ticked(counter) == [1, 2]
    assert at(counter) == [1]
    counter.press(" ")
    assert ticked(counter) == [2]
    assert counter.strip == "1 line chosen. Press Enter to take back € 11.60."


def test_a_space_means_nothing_where_no_line_can_be_chosen(counter: Counter) -> None:
    sell_three(counter)

    assert not counter.presenter.is_space_wanted
    assert not counter.presenter.text_typed(" ")
    counter.press("-")
    assert counter.presenter.is_space_wanted
    assert not counter.presenter.is_text_wanted


def test_whoever_lets_go_of_the_last_line_takes_nothing_back_by_enter(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+2", "Alt+2")
    assert counter.strip == CHOOSE
    assert not counter.screen.primary.enabled

    counter.press("Enter")
    assert refunds(counter) == []
    counter.press("-", "Enter")
    assert [order.amount for order in refunds(counter)] == [2100]


def test_escape_takes_back_the_choice_then_the_lines_then_the_page(counter: Counter) -> None:
    sell_three(counter)
    before = panel(counter)
    counter.press("-", "Alt+1", "Alt+3", "Esc")
    assert ticked(counter) == []
    assert counter.strip == CHOOSE
    counter.press("Enter")
    assert refunds(counter) == []

    counter.press("Esc")
    assert panel(counter) == before
    assert counter.strip == "Here is why it earned what it did. Press a key below to change it."
    counter.press("Esc")
    assert panel(counter).title == "Last sales"


def test_the_place_in_the_list_of_sales_stays(counter: Counter) -> None:
    sell_three(counter)
    counter.press("Esc", "Esc")
    sell(counter, PLAIN, card=JONAS)
    counter.press("Esc", "Down", "Enter", "-", "Down", "Down", "Esc", "Esc")

    assert [row.selected for row in panel(counter).rows] == [False, True]


def test_a_typed_amount_goes_before_the_lines_which_wait(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1", "Alt+2")
    counter.type("500")
    expected = "€ 5.00 instead of 2 lines? Press − for goods back, Esc for the lines."
    assert counter.strip == expected
    assert counter.screen.amount.text == "€ 5.00"
    assert counter.screen.amount.hint == "of € 21.00"
    assert ticked(counter) == [], "a tick would say that they come back, too"
    counter.press("Enter")
    assert refunds(counter) == []

    counter.press("-")
    assert counter.strip == "Take back € 5.00 of € 21.00? Press Enter, or type what comes back."
    counter.press("Enter")

    (order,) = refunds(counter)
    assert (order.amount, order.lines) == (500, ())
    assert not any(row.shortcut for row in panel(counter).rows), "the lines are closed"


def test_escape_from_a_typed_amount_brings_the_lines_back_and_asks_anew(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1", "Alt+2")
    counter.type("500")
    counter.press("-", "Esc", "Esc")
    assert ticked(counter) == [0, 1]
    assert counter.strip == "2 lines chosen. Press − to take back € 9.40."
    counter.press("Enter")
    assert refunds(counter) == []

    counter.press("-")
    assert counter.strip == "2 lines chosen. Press Enter to take back € 9.40."
    counter.press("Enter")

    assert len(refunds(counter)[0].lines) == 2


def test_a_line_chosen_over_a_typed_amount_says_what_it_replaces(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1")
    counter.type("500")
    counter.press("Alt+1")
    assert counter.strip == "1 line chosen, not € 5.00. Press Enter to take back € 6.00."
    assert ticked(counter) == [0], "what waited is not let go of by choosing it"

    counter.press("Down")

    assert counter.strip == "1 line chosen. Press Enter to take back € 6.00."
    counter.press("Enter")
    assert [order.amount for order in refunds(counter)] == [600]


def test_an_amount_that_was_typed_first_goes_on_as_ever(counter: Counter) -> None:
    sell_three(counter)
    before = panel(counter)
    counter.type("500")
    counter.press("-")

    assert panel(counter).rows == before.rows
    assert panel(counter).title == before.title, "no list of lines opens"
    assert counter.strip == "Take back € 5.00 of € 21.00? Press Enter, or type what comes back."
    counter.press("Esc", "Esc")
    assert counter.screen.amount.hint == "all that is left"


def test_an_amount_typed_into_open_lines_without_a_choice_is_as_ever(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-")
    counter.type("500")
    assert counter.strip == "€ 5.00 of this sale comes back? Press − for goods back."

    counter.press("Backspace", "Backspace", "Backspace")

    assert counter.strip == CHOOSE


def test_backspace_lets_go_of_the_line_chosen_last_and_clear_of_all(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+3", "Alt+1", "Backspace")
    assert ticked(counter) == [2]
    assert counter.strip == "1 line chosen. Press Enter to take back € 11.60."
    counter.press("Alt+2", "Delete")
    assert ticked(counter) == []
    counter.press("Alt+2", "Backspace")
    assert counter.strip == CHOOSE


def test_what_came_back_whole_cannot_be_chosen_again(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1", "Enter", "-")

    gone, *others = panel(counter).rows
    assert (gone.title, gone.detail, gone.trailing) == (
        "3 × croissant",
        "bakery · came back",
        "€ 0.00",
    )
    assert (gone.enabled, gone.ticked, gone.shortcut, gone.icon) == (False, False, "", "package")
    assert [row.shortcut for row in others] == ["Alt 2", "Alt 3"], "its number stays a line's own"
    assert at(counter) == [1]
    counter.press("Up")
    assert at(counter) == [1]
    counter.press("Alt+1")
    assert counter.strip == "Nothing is left of line 1. Choose another one."
    counter.press("Alt+9")
    assert counter.strip == "This sale has no line with that number. Choose one on the left."
    assert ticked(counter) == []


def test_a_line_that_came_back_in_part_says_so(counter: Counter) -> None:
    sell_three(counter)
    sale_id = counter.services.sales[0].sale_id
    part = (RefundLine(line=0, amount=250),)
    order = RefundOrder(sale_id=sale_id, amount=250, change_id=EventId("f" * 32), lines=part)
    refunds(counter).append(order)
    counter.press("Esc", "Enter", "-")

    row = panel(counter).rows[0]

    assert (row.detail, row.trailing) == ("bakery · € 2.50 came back", "€ 3.50")
    counter.press("Alt+1", "Enter")
    assert refunds(counter)[-1].lines == (RefundLine(line=0, amount=350),)


def test_one_line_that_is_left_is_asked_for_as_a_sale_of_one_line(counter: Counter) -> None:
    sell(counter, BREAD, COFFEE)
    steps = len(panel(counter).rows)
    counter.press("-", "Alt+1", "Enter", "-")

    assert counter.strip == "Take back all € 3.40? Press Enter, or type what comes back."
    assert len(panel(counter).rows) == steps + 1
    counter.press("Esc")
    assert counter.strip == "Here is why it earned what it did. Press a key below to change it."


def test_discounts_and_free_lines_are_named_and_cannot_be_chosen(counter: Counter) -> None:
    coupon, bag = SaleLine(amount=-300, sku="coupon"), SaleLine(amount=0, sku="bag")
    sell(counter, BREAD, coupon, PLAIN, bag)
    counter.press("-")

    rows = panel(counter).rows
    assert [(row.detail, row.trailing, row.enabled) for row in rows] == [
        ("bakery", "€ 6.00", True),
        ("discount on the sale", "€ −3.00", False),
        ("", "€ 11.60", True),
        ("cost nothing", "€ 0.00", False),
    ]
    assert [row.icon for row in rows] == ["square", "minus", "square", "minus"]
    counter.press("Alt+1", "Alt+3")
    assert counter.strip == "2 lines chosen. Press Enter to take back € 14.60."
    counter.press("Enter")
    assert sum(line.amount for line in refunds(counter)[0].lines) == 1460


def test_no_line_shows_more_than_is_left_of_a_sale_with_a_discount(counter: Counter) -> None:
    sell(counter, SaleLine(amount=1000), SaleLine(amount=1000), SaleLine(amount=-1500))
    counter.press("-")
    assert [row.trailing for row in panel(counter).rows] == ["€ 5.00", "€ 5.00", "€ −15.00"]
    counter.press("Alt+1")
    assert counter.screen.amount.text == "€ 5.00"
    counter.press("Alt+2")
    assert counter.screen.amount.text == "€ 5.00"

    counter.press("Enter")

    assert [line.amount for line in refunds(counter)[0].lines] == [250, 250]


def test_lines_typed_at_the_counter_can_come_back_one_by_one(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("500+700")
    counter.press("Enter", "F10", "1", "Enter", "-")

    assert [row.title for row in panel(counter).rows] == ["Line 1", "Line 2"]


def test_only_nine_lines_have_a_key_and_all_can_be_reached(counter: Counter) -> None:
    sell(counter, *(SaleLine(amount=100 + number) for number in range(12)))
    counter.press("-")

    keys = [row.shortcut for row in panel(counter).rows]
    assert keys == [f"Alt {number}" for number in range(1, 10)] + ["", "", ""]
    counter.press(*["Down"] * 20, " ")
    assert ticked(counter) == [11]
    assert at(counter) == [11]


def test_five_enters_are_one_refund_of_the_line(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1")
    for _ in range(5):
        counter.presenter.key_pressed("Enter")
        counter.clock.at_ms += 50
    counter.settle()
    counter.press("Enter")

    assert len(refunds(counter)) == 1


def test_enter_right_after_a_quick_choice_counts(counter: Counter) -> None:
    """Minus makes the big button deaf for a moment; a line that is chosen ends that."""
    sell_three(counter)
    counter.press("-")
    for key in ("Alt+1", "Enter"):
        counter.presenter.key_pressed(key)
    counter.settle()

    assert [order.amount for order in refunds(counter)] == [600]


def test_a_refund_that_cannot_be_written_keeps_the_choice_and_its_id(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1")
    asked: list[EventId] = []
    real = counter.services.refund

    def refund(order: RefundOrder) -> object:
        asked.append(order.change_id)
        return real(order)

    counter.services.refund = refund  # pyright: ignore[reportAttributeAccessIssue] - a spy
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL)]
    counter.press("Enter")
    assert counter.strip == "The refund is NOT saved; nothing can be written. Call Mia."
    assert ticked(counter) == [0]

    counter.press("Enter")

    assert [order.amount for order in refunds(counter)] == [600]
    assert len(asked) == 2
    assert len(set(asked)) == 1, "a further try is the same change"


def test_what_came_back_elsewhere_meanwhile_is_let_go_of(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1", "Alt+2")
    sale_id = counter.services.sales[0].sale_id
    gone = (RefundLine(line=0, amount=600),)
    refunds(counter).append(
        RefundOrder(sale_id=sale_id, amount=600, change_id=EventId("e" * 32), lines=gone)
    )
    counter.services.sales[0] = replace(
        counter.services.sales[0], at_ms=counter.services.sales[0].at_ms - 400_000
    )
    counter.press("F8")

    assert ticked(counter) == [1]
    assert not counter.screen.primary.enabled
    counter.press("-")
    assert counter.strip == "1 line chosen. Press Enter to take back € 3.40."


def test_an_undone_sale_closes_its_lines(counter: Counter) -> None:
    sell_three(counter)
    counter.press("-", "Alt+1", "F8")

    assert panel(counter).rows[-1].title == "This sale was taken back as a whole."
    assert not counter.presenter.is_space_wanted
    assert not counter.screen.primary.enabled
    counter.press("Enter", "Esc")
    assert refunds(counter) == []
    assert panel(counter).title == "Last sales"


def test_looking_for_another_member_lets_go_of_the_choice(counter: Counter) -> None:
    sell_three(counter)
    before = panel(counter)
    counter.press("-", "Alt+1", "F3", "Esc")

    assert panel(counter) == before
    assert counter.screen.amount.hint == "all that is left"


def test_the_buttons_on_the_strip_do_it_by_touch(counter: Counter) -> None:
    sell_three(counter)
    counter.presenter.action_pressed(Action.GOODS_BACK)
    counter.presenter.row_pressed("0")
    counter.settle()
    (cancel,) = counter.screen.strip.buttons
    counter.presenter.action_pressed(cancel.action)
    counter.settle()
    assert counter.strip == CHOOSE

    all_of_it, back = counter.screen.strip.buttons

    assert (all_of_it.label, back.label) == ("Goods back", "Back")
    counter.presenter.action_pressed(all_of_it.action)
    counter.settle()
    assert counter.strip == "Take back all € 21.00? Press Enter, or choose lines."
    counter.presenter.action_pressed(counter.screen.strip.buttons[0].action)
    counter.settle()
    assert counter.strip == "Here is why it earned what it did. Press a key below to change it."
