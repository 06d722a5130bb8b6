"""The sample screens, of which the pictures are taken, show what the counter shows."""

import pytest

from pos_loyalty.domain.event import RefundLine, SaleLine
from pos_loyalty.domain.ids import EventId
from pos_loyalty.ui.presenters.counter_screen import CounterScreen, ListPanel, MemberPanel
from pos_loyalty.ui.presenters.counter_services import RefundOrder
from tests.unit.ui.presenters.counter_fakes import AYSE, JONAS, Counter
from tools.sample_change_screens import (
    CARD_ADDED,
    CARD_FORGOTTEN,
    GOODS_BACK,
    GOODS_LINES,
    GOODS_MANY_LINES,
    REFUNDED,
    SALE_MOVED,
    SALE_PAGE,
    WHOSE_SALE,
    WRONG_CARD,
)
from tools.sample_screens import DONE, MANY_ROWS, MEMBER, MEMBER_OFFLINE, REDEEM


def panel(screen: CounterScreen) -> ListPanel:
    assert isinstance(screen.left, ListPanel)
    return screen.left


def member(screen: CounterScreen) -> MemberPanel:
    assert isinstance(screen.left, MemberPanel)
    return screen.left


def pressable(screen: CounterScreen) -> set[str]:
    """Return the keys below that are not gray."""
    return {each.key for each in (*screen.bottom, screen.undo) if each.enabled}


def cents(text: str) -> int:
    return int("".join(sign for sign in text if sign.isdigit()))


def test_the_sample_of_last_sales_says_what_the_counter_says() -> None:
    counter = Counter()
    counter.scan(AYSE)
    counter.type("2100")
    counter.press("Enter", "F10", "1")
    shown, sample = panel(counter.screen), panel(MANY_ROWS)

    assert MANY_ROWS.strip == counter.screen.strip
    assert MANY_ROWS.primary == counter.screen.primary
    assert pressable(MANY_ROWS) == pressable(counter.screen)
    assert (sample.title, sample.note) == (shown.title, shown.note)
    assert [button.label for button in sample.buttons] == [each.label for each in shown.buttons]
    assert sample.rows[0].title.partition(" \u00b7 ")[2].startswith("\u20ac ")
    assert shown.rows[0].title.partition(" \u00b7 ")[2].startswith("\u20ac ")


def test_the_sample_of_a_sale_says_what_the_counter_says() -> None:
    counter = Counter()
    counter.scan(AYSE)
    counter.type("2100")
    assert MEMBER_OFFLINE.strip == counter.screen.strip
    assert counter.member.coaching.startswith("Say: “Double points today, Ayşe — 218 to go")
    assert member(MEMBER_OFFLINE).coaching == counter.member.coaching
    counter.press("Enter")

    assert DONE.strip == counter.screen.strip


def assert_shows(counter: Counter, sample: CounterScreen) -> None:
    for part in ("strip", "search_text", "amount", "primary"):
        assert getattr(sample, part) == getattr(counter.screen, part), part
    assert panel(sample).title == panel(counter.screen).title
    assert panel(sample).empty in {"", panel(counter.screen).empty}
    assert [(each.label, each.key) for each in panel(sample).buttons] == [
        (each.label, each.key) for each in panel(counter.screen).buttons
    ]
    assert pressable(sample) == pressable(counter.screen)


def test_the_samples_of_a_forgotten_card_are_what_the_counter_shows() -> None:
    counter = Counter()
    counter.type("2100")
    counter.press("F6", "F10", "1", "Enter")
    assert_shows(counter, CARD_FORGOTTEN)
    assert panel(CARD_FORGOTTEN).buttons == panel(counter.screen).buttons

    counter.press("F3")
    assert_shows(counter, WHOSE_SALE)
    assert panel(WHOSE_SALE) == panel(counter.screen)

    counter.scan(AYSE)
    assert_shows(counter, CARD_ADDED)


def test_the_samples_of_a_wrong_card_are_what_the_counter_shows() -> None:
    counter = Counter()
    counter.scan(JONAS)
    counter.type("2100")
    counter.press("Enter", "F10", "1", "Enter", "F3")
    counter.type("Ayş")
    assert_shows(counter, WRONG_CARD)
    assert panel(WRONG_CARD) == panel(counter.screen)

    counter.press("Enter")
    assert_shows(counter, SALE_MOVED)


@pytest.mark.parametrize("sample", [MEMBER, MEMBER_OFFLINE, REDEEM, DONE])
def test_figures_of_a_sample_add_up(sample: CounterScreen) -> None:
    shown = member(sample)
    goal = 1500
    has = cents(shown.points)
    gain = cents(shown.gain or "0")

    assert shown.next_missing == f"{goal - has - gain} to go"
    assert not shown.coaching or shown.next_missing.removesuffix(" to go") in shown.coaching
    assert shown.progress is not None
    assert shown.progress.has_permille == 1000 * has // goal
    for reward in shown.rewards:
        cost, _, left = reward.detail.partition(" points · leaves ")
        assert not reward.enabled or int(cost) + int(left) == has


def test_what_came_back_in_the_sample_is_not_left_anymore() -> None:
    before, back, after = (cents(each.amount.text) for each in (SALE_PAGE, GOODS_BACK, REFUNDED))

    assert after == before - back
    assert cents(REFUNDED.primary.label) == after
    assert len(panel(REFUNDED).rows) == len(panel(SALE_PAGE).rows) + 1


def sold(*lines: SaleLine) -> Counter:
    """Return a counter with the page of a sale of these lines to Jonas open."""
    counter = Counter()
    counter.scan(JONAS)
    counter.type(str(sum(line.amount for line in lines)))
    counter.press("Enter")
    counter.services.sale_lines[counter.services.sales[0].sale_id] = lines
    return counter


def test_the_sample_of_chosen_lines_is_what_the_counter_shows() -> None:
    counter = sold(
        SaleLine(amount=440, sku="croissant", category="bakery", quantity=2),
        SaleLine(amount=380, sku="flat-white", category="drinks"),
        SaleLine(amount=420, category="drinks"),
        SaleLine(amount=580),
    )
    back = (RefundLine(line=1, amount=380), RefundLine(line=2, amount=120))
    counter.services.changes.refunds.append(
        RefundOrder(
            sale_id=counter.services.sales[0].sale_id,
            amount=500,
            change_id=EventId("f" * 32),
            lines=back,
        )
    )
    counter.press("F10", "1", "Enter", "-", "Alt+1", "Alt+3")

    for part in ("strip", "left", "amount", "primary"):
        assert getattr(counter.screen, part) == getattr(GOODS_LINES, part), part
    assert pressable(counter.screen) == pressable(GOODS_LINES)


def test_the_sample_of_many_lines_is_what_the_counter_shows() -> None:
    lines = (
        SaleLine(amount=100 * (number + 1), sku=f"400638133393{number}", category="stationery")
        for number in range(13)
    )
    counter = sold(*lines)
    counter.press("F10", "1", "Enter", "-")

    for part in ("strip", "left", "amount", "primary"):
        assert getattr(counter.screen, part) == getattr(GOODS_MANY_LINES, part), part
