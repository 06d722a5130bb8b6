import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.ui.presenters.counter_screen import (
    AmountLook,
    ListPanel,
)
from tests.unit.ui.presenters.counter_fakes import AYSE, JONAS, Counter

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


# --- undo


def sell(counter: Counter, card: str = AYSE, amount: str = "2100") -> None:
    counter.scan(card)
    counter.type(amount)
    counter.press("Enter")


@pytest.mark.parametrize("key", ["F8", "Ctrl+Z"])
def test_one_key_takes_the_last_sale_back(counter: Counter, key: str) -> None:
    sell(counter)
    counter.press(key)

    assert counter.strip == "Undone. Ayşe has 1,240 points again."
    assert counter.screen.amount.look is AmountLook.EMPTY
    assert counter.screen.last_sales[0].undone


def test_a_second_undo_does_not_hit_the_sale_before(counter: Counter) -> None:
    sell(counter, JONAS)
    sell(counter, AYSE)
    counter.press("F8", "F8", "F8")

    assert [sale.undone for sale in counter.services.sales] == [True, False]
    assert "Last sales" in counter.strip

    sell(counter, AYSE)
    counter.press("F8")
    assert [sale.undone for sale in counter.services.sales] == [True, True, False]


def test_an_older_sale_is_chosen_by_hand(counter: Counter) -> None:
    sell(counter, JONAS)
    sell(counter, AYSE)
    counter.press("F10", "1")
    assert isinstance(counter.screen.left, ListPanel)
    assert counter.screen.left.title == "Last sales"

    counter.press("Down", "F8")

    assert [sale.undone for sale in counter.services.sales] == [False, True]


def test_undo_in_the_middle_of_the_next_sale_keeps_that_sale(counter: Counter) -> None:
    sell(counter)
    counter.type("450")
    counter.press("F8")

    assert counter.strip == "Undone. Ayşe has 1,240 points again."
    assert counter.screen.amount.text == "€ 4.50"


def test_a_sale_older_than_five_minutes_stays(counter: Counter) -> None:
    sell(counter)
    counter.wait(300_001)
    assert not counter.screen.undo.enabled
    counter.press("F8")

    assert counter.strip == (
        "This sale is older than 5 minutes. Choose it in Last sales, then Goods back."
    )
    assert not counter.services.sales[0].undone


def test_there_may_be_nothing_to_undo(counter: Counter) -> None:
    counter.press("F8")

    assert counter.strip == "There is no sale to undo."


def test_an_undo_that_cannot_be_written_says_so(counter: Counter) -> None:
    sell(counter)
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL)]
    counter.press("F8")

    assert counter.strip == "The sale is NOT taken back; nothing can be written. Call Mia."
