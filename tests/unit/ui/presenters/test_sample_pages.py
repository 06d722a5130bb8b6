"""The sample screens, of which the pictures are taken, show what the counter shows."""

from pos_loyalty.ui.presenters.counter_screen import CounterScreen, ListPanel
from tests.unit.ui.presenters.counter_fakes import AYSE, Counter
from tools.sample_change_screens import GOODS_BACK, REFUNDED, SALE_PAGE
from tools.sample_screens import MANY_ROWS


def panel(screen: CounterScreen) -> ListPanel:
    assert isinstance(screen.left, ListPanel)
    return screen.left


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
    assert (sample.title, sample.note) == (shown.title, shown.note)
    assert [button.label for button in sample.buttons] == [each.label for each in shown.buttons]
    assert sample.rows[0].title.partition(" \u00b7 ")[2].startswith("\u20ac ")
    assert shown.rows[0].title.partition(" \u00b7 ")[2].startswith("\u20ac ")


def test_what_came_back_in_the_sample_is_not_left_anymore() -> None:
    before, back, after = (cents(each.amount.text) for each in (SALE_PAGE, GOODS_BACK, REFUNDED))

    assert after == before - back
    assert cents(REFUNDED.primary.label) == after
    assert len(panel(REFUNDED).rows) == len(panel(SALE_PAGE).rows) + 1
