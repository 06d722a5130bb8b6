"""Past sales in the real window: why they earned, goods back, the right member; by each means."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import ListPanel
from tests.end_to_end.cashiers import Eyes
from tests.end_to_end.window_shop import MEMBER, WindowShop, window_shop


@pytest.fixture
def shop(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowShop]:
    with window_shop(qtbot, tmp_path, online=False) as opened:
        yield opened


def _title(eyes: Eyes) -> str:
    left = eyes.screen.left
    return left.title if isinstance(left, ListPanel) else ""


def _is_explained(eyes: Eyes) -> bool:
    left = eyes.screen.left
    return isinstance(left, ListPanel) and left.is_steps and bool(left.rows)


def _sell(shop: WindowShop) -> None:
    eyes = shop.eyes
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale. Type the amount.")
    eyes.type("2100")
    eyes.wait_until(lambda: eyes.screen.primary.label.startswith("Complete ·"))


def test_why_and_goods_back_by_keyboard_alone(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    _sell(shop)
    eyes.press("?")
    assert _title(eyes).startswith("Why +")
    eyes.press("Enter")
    eyes.wait_for("Saved. +")
    eyes.qtbot.wait(650)

    eyes.press("F10")
    eyes.press("1")
    eyes.press("Enter")
    eyes.wait_until(lambda: _is_explained(eyes))
    eyes.type("500")
    eyes.press("-")
    eyes.wait_for("Take back € 5.00 of € 21.00?")
    eyes.qtbot.wait(650)
    eyes.press("Enter")
    eyes.wait_for("Give back € 5.00.")
    eyes.qtbot.wait(650)
    eyes.press("-")
    eyes.wait_for("Take back all € 16.00?")
    eyes.qtbot.wait(650)
    eyes.press("Enter")
    eyes.wait_for("Give back € 16.00.")

    assert shop.balance() == before
    eyes.press("Esc")
    assert _title(eyes) == "Last sales"


def test_goods_back_by_touch_alone(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    _sell(shop)
    eyes.tap("Why?")
    assert _title(eyes).startswith("Why +")
    eyes.tap("Complete")
    eyes.wait_for("Saved. +")
    eyes.qtbot.wait(650)

    eyes.tap("Why?")
    eyes.wait_until(lambda: _is_explained(eyes))
    eyes.tap("Goods back")
    eyes.wait_for("Take back all € 21.00?")
    eyes.qtbot.wait(650)
    eyes.tap("Take back € 21.00")
    eyes.wait_for("Give back € 21.00.")

    assert shop.balance() == before


def test_a_forgotten_card_is_added_by_scanning_it(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    eyes.type("2100")
    eyes.press("F6")
    eyes.wait_for("Saved. This sale is without a card.")
    eyes.qtbot.wait(650)
    eyes.press("F10")
    eyes.press("1")
    eyes.press("Enter")
    eyes.wait_for("This sale is without a card. Press F3")
    eyes.press("F3")
    eyes.wait_for("Whose is the sale of € 21.00?")
    eyes.hold_card_to_scanner(shop.cards[0])
    eyes.wait_for("Card added. +")

    assert shop.balance() > before
