from dataclasses import replace

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation, StoreBug, StoreUnavailable
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.last_sales import LastSale
from pos_loyalty.services.run_sync import ConnectionStatus
from pos_loyalty.ui.presenters.counter_screen import (
    AmountLook,
    Connection,
    ListPanel,
    Tone,
)
from pos_loyalty.ui.presenters.counter_services import Sound
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


def sell(counter: Counter, card: str = AYSE, amount: str = "2100") -> None:
    counter.scan(card)
    counter.type(amount)
    counter.press("Enter")


# --- not saved


def test_a_sale_that_cannot_be_saved_stops_the_till_until_a_try_succeeds(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.services.refusals = [StoreUnavailable(Code.DISK_FULL), StoreBug(Code.PROGRAM_FAULT)]
    counter.press("Enter")

    expected = "This sale is NOT saved: the disk is full. Write it down and call Mia."
    assert counter.strip == expected
    assert counter.screen.strip.tone is Tone.STOP
    assert counter.screen.primary.label == "Try again"
    assert counter.screen.primary.enabled
    assert counter.sounds.played[-1] is Sound.LOOK

    counter.press("5", "Esc", "F6", "F2", "F8")
    counter.scan(JONAS)
    assert counter.strip == expected

    counter.press("Enter")
    assert counter.screen.strip.tone is Tone.STOP
    counter.press("Enter")

    assert counter.strip == "Saved. +42 points for Ayşe."
    ids = {order.sale_id for order in counter.services.orders}
    assert len(counter.services.orders) == 3
    assert len(ids) == 1


def test_a_refused_sale_keeps_what_was_typed(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.services.refusals = [
        RuleViolation(Code.POINTS_SHORT, short_points=60, reward="Free pastry")
    ]
    counter.press("Enter")

    assert counter.strip == "60 points short for Free pastry."
    assert counter.screen.amount.text == "€ 21.00"

    counter.press("Enter")
    assert counter.strip.startswith("Saved.")


def test_an_unknown_failure_is_never_silent(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.services.refusals = [ValueError("boom")]
    counter.press("Enter")

    assert counter.screen.strip.tone is Tone.STOP
    assert "boom" not in counter.strip


def test_a_sale_that_is_saved_although_it_was_refused_is_not_typed_again(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.services.refusals = [RuleViolation(Code.SALE_DIFFERENT, saved=True)]
    counter.press("Enter")

    assert counter.screen.amount.look is AmountLook.EMPTY
    assert "already used" in counter.strip


# --- around the sale


def test_offline_is_the_same_but_for_the_age_of_the_points(counter: Counter) -> None:
    now = counter.clock.now_ms()
    counter.services.status = replace(
        counter.services.status, online=False, offline_since_ms=now, failed_tries=2
    )
    counter.wait(20_000)
    assert counter.screen.chip.connection is Connection.OFFLINE

    sell(counter)

    assert counter.strip == "Saved. +42 points for Ayşe."
    assert counter.member.as_of == "Points as of 10:42 — last time online"
    assert counter.screen.last_sales[0].unsent


def test_what_is_heard_from_the_server_is_shown(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.services.people[AYSE].points = 1500
    counter.presenter.data_changed()
    counter.services.people[AYSE].points = 2000
    counter.presenter.data_changed()
    counter.presenter.data_changed()
    counter.settle()

    assert counter.member.points == "2,000"


def test_a_fault_leaves_the_sale_as_it_is(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.presenter.fault()

    assert "The sale stays as typed." in counter.strip
    counter.press("Enter")
    assert counter.strip.startswith("Saved.")


@pytest.mark.parametrize(
    ("key", "title"),
    [("F10", "Menu"), ("Ctrl+D", "Online"), ("F1", "Keys"), ("F3", "Find a member")],
)
def test_a_panel_opens_and_closes_and_the_sale_stays(
    counter: Counter, key: str, title: str
) -> None:
    counter.scan(AYSE)
    counter.type("2100")
    counter.press(key)
    assert isinstance(counter.screen.left, ListPanel)
    assert counter.screen.left.title == title

    counter.press("Esc")

    assert counter.member.name.startswith("Ay")
    assert counter.screen.amount.text == "€ 21.00"


def test_the_menu_is_walked_with_arrows_and_enter(counter: Counter) -> None:
    counter.press("F10", "Down", "Down", "Enter")
    assert counter.window.asked == ["theme"]

    counter.press("F11", "4")

    assert counter.window.asked == ["theme", "full screen", "full screen"]


def test_keys_that_mean_nothing_are_left_to_the_window(counter: Counter) -> None:
    assert not counter.presenter.key_pressed("F9")
    assert not counter.presenter.key_pressed("Up")
    assert not counter.presenter.text_typed(" ")
    assert not counter.presenter.text_typed("-")
    assert not counter.presenter.text_typed("\x12")
    counter.presenter.action_pressed("no such action")
    assert counter.strip == READY


def test_the_menu_closes_the_till_and_asks_nothing(counter: Counter) -> None:
    counter.scan(AYSE)
    counter.type("800")
    counter.press("F10", "7")
    assert counter.window.asked == []

    counter.presenter.row_pressed("close")

    assert counter.window.asked == ["close"]


def test_every_key_is_in_one_table(counter: Counter) -> None:
    counter.press("F1")

    table = counter.screen.left
    assert isinstance(table, ListPanel)
    assert table.is_table
    said = " ".join(row.title for row in table.rows)
    assert all(f"F{number}" in said for number in (1, 2, 3, 4, 5, 6, 8, 10, 11, 12))


def test_a_till_that_works_alone_says_that_a_sale_is_saved_and_waits_for_nothing(
    counter: Counter,
) -> None:
    counter.services.status = ConnectionStatus(
        joined=False, online=False, pending=0, last_contact_ms=None
    )
    counter.presenter.tick()
    counter.settle()
    counter.scan(AYSE)
    counter.type("800")
    counter.press("Enter")
    counter.settle()

    assert not counter.screen.last_sales[0].unsent
    counter.presenter.action_pressed("last_sales")
    (row,) = left_list(counter).rows
    assert row.icon == "check"
    assert row.detail.endswith("saved on this PC")


def left_list(counter: Counter) -> ListPanel:
    left = counter.screen.left
    assert isinstance(left, ListPanel)
    return left
