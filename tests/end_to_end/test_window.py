"""The real window on a real till: start, trouble at the start, and what must never happen."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pos_loyalty.app import TillWindow, WindowSettings, application
from pos_loyalty.devices.camera_sources import FrameFeed
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till
from pos_loyalty.ui.presenters.counter_screen import CameraPanel, Connection, IdlePanel, Tone
from pos_loyalty.ui.theme import Mode
from tests.end_to_end.cashiers import Eyes
from tests.end_to_end.window_shop import MEMBER, WindowShop, window_shop
from tests.unit.ui.test_camera_scanner import card_frame


@pytest.fixture
def shop(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowShop]:
    with window_shop(qtbot, tmp_path, online=False) as opened:
        yield opened


def sales(shop: WindowShop) -> int:
    with shop.till.context.store.read() as read:
        return read.journal.count_since("sale", 0)


def refused_window(qtbot: QtBot, open_it: Callable[[], Till]) -> tuple[TillWindow, Eyes]:
    """Open a window on a till that cannot be opened."""
    application()
    till_window = TillWindow(open_it, WindowSettings(FrameFeed, Mode.DARK))
    with qtbot.waitSignal(till_window.refused, timeout=20_000):
        till_window.start()
    return till_window, Eyes(qtbot, till_window)


def test_five_enters_at_scanner_speed_are_one_sale(shop: WindowShop) -> None:
    eyes = shop.eyes
    before = sales(shop)
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale.")
    eyes.type("450")
    for _ in range(5):
        eyes.press("Enter", gap_ms=20)

    eyes.wait_for("Saved.")
    eyes.qtbot.wait(300)

    assert sales(shop) == before + 1


def test_a_returning_sale_takes_the_scan_the_amount_and_enter(shop: WindowShop) -> None:
    eyes = shop.eyes
    eyes.interactions = 0
    start = time.monotonic()
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale.")
    shown_after = time.monotonic() - start

    for digit in "2100":
        eyes.press(digit, gap_ms=100)
    eyes.press("Enter", gap_ms=0)
    eyes.wait_for("Saved.")

    assert eyes.interactions == 1 + 4 + 1
    assert shown_after < 2, "a busy machine is slow, but not this slow"


def test_an_enter_of_the_scanner_completes_nothing(shop: WindowShop) -> None:
    eyes = shop.eyes
    before = sales(shop)
    eyes.type("450")
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale. Press Enter to complete.")
    eyes.qtbot.wait(300)

    assert sales(shop) == before


def test_a_card_held_to_the_camera_is_on_the_sale(shop: WindowShop) -> None:
    eyes = shop.eyes
    eyes.press("F3")
    eyes.tap("Camera")
    eyes.wait_until(lambda: isinstance(eyes.screen.left, CameraPanel))
    shop.feed.show(card_frame(shop.cards[0]))

    eyes.wait_for(f"{MEMBER} is on this sale.")


def test_F42_a_missing_camera_is_said_and_the_scanner_goes_on(shop: WindowShop) -> None:
    eyes = shop.eyes
    shop.feed.unplug(Code.CAMERA_ABSENT)
    eyes.press("F3")
    eyes.tap("Camera")
    eyes.wait_for("No camera found.")

    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale.")


@pytest.mark.expects_log_records
@pytest.mark.qt_no_exception_capture
def test_F62_a_fault_in_a_slot_keeps_the_sale_in_hand(
    shop: WindowShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    eyes = shop.eyes
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale.")
    eyes.type("450")
    presenter = eyes.till_window.presenter
    assert presenter is not None

    def fail() -> None:
        raise LookupError("a fault of our own")

    monkeypatch.setattr(presenter._inputs.panels, "tick", fail)
    eyes.wait_for("The program met a fault of its own. The sale stays as typed.")
    monkeypatch.undo()

    eyes.press("Enter")
    eyes.wait_for("Saved. +")


def test_letters_find_and_the_focus_comes_back_from_the_search(shop: WindowShop) -> None:
    eyes = shop.eyes
    eyes.window.view.focus_search()
    eyes.type(MEMBER)
    eyes.wait_for(f"Press Enter for {MEMBER}")
    eyes.press("Enter")
    eyes.wait_for(f"{MEMBER} is on this sale. Type the amount.")

    eyes.type("450")

    eyes.wait_for(f"{MEMBER} is on this sale. Press Enter to complete.")


def test_themes_change_from_the_menu(shop: WindowShop) -> None:
    eyes = shop.eyes
    eyes.press("F10")
    eyes.press("3")

    assert eyes.till_window.window.theme.mode is Mode.DARK


def test_a_till_that_is_open_already_is_said_in_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys")
    with open_till(tmp_path / "till", keys=keys):
        window, eyes = refused_window(qtbot, lambda: open_till(tmp_path / "till", keys=keys))

        assert eyes.screen.strip.text.startswith("This till is already open.")
        assert eyes.screen.strip.tone is Tone.BAD
        assert not eyes.screen.primary.enabled
        eyes.type("12")
        eyes.press("Enter")
        window.close()


def test_a_lost_key_is_said_in_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    open_till(tmp_path / "till", keys=FileKeys(tmp_path / "keys")).close()
    lost = FileKeys(tmp_path / "other")

    window, eyes = refused_window(qtbot, lambda: open_till(tmp_path / "till", keys=lost))

    assert eyes.screen.strip.text.startswith("The key of the till's data is missing on this PC.")
    assert isinstance(eyes.screen.left, IdlePanel)
    assert "./pos restore" in eyes.screen.left.today
    window.close()


@pytest.mark.expects_log_records
def test_a_fault_at_the_start_is_said_in_words(qtbot: QtBot) -> None:
    def fail() -> Till:
        raise LookupError("a fault of our own")

    window, eyes = refused_window(qtbot, fail)

    assert eyes.screen.strip.text.startswith("The program met a fault of its own.")
    window.close()


def test_a_window_closed_before_the_till_is_open_leaves_nothing_behind(
    qtbot: QtBot, tmp_path: Path
) -> None:
    application()
    keys = FileKeys(tmp_path / "keys")
    till_window = TillWindow(
        lambda: open_till(tmp_path / "till", keys=keys), WindowSettings(FrameFeed, Mode.LIGHT)
    )
    with qtbot.waitSignal(till_window.window.painted, timeout=20_000):
        till_window.start()
    till_window.close()

    open_till(tmp_path / "till", keys=keys).close()


def test_sales_go_on_while_the_line_is_cut_and_are_sent_afterwards(
    qtbot: QtBot, tmp_path: Path
) -> None:
    with window_shop(qtbot, tmp_path, online=True) as shop:
        eyes = shop.eyes
        assert shop.server is not None
        eyes.wait_until(lambda: eyes.screen.chip.connection is Connection.ONLINE)
        shop.server.proxy.cut()
        eyes.hold_card_to_scanner(shop.cards[0])
        eyes.wait_for(f"{MEMBER} is on this sale.")
        eyes.type("450")
        eyes.press("Enter")
        eyes.wait_for("Saved. +")
        eyes.wait_until(lambda: eyes.screen.last_sales[0].unsent)

        shop.server.proxy.heal()

        eyes.wait_until(lambda: not eyes.screen.last_sales[0].unsent)
        assert shop.server.balance_at_server(shop.member) == shop.balance()
