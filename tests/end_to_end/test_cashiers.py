"""Every flow by keyboard alone, by touch alone, by scanner alone; online and alone alike."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import AmountLook, MemberPanel
from tests.end_to_end.cashiers import Cashier, KeyboardCashier, ScannerCashier, TouchCashier
from tests.end_to_end.window_shop import MEMBER, WindowShop, window_shop


@pytest.fixture(params=["online", "alone"])
def shop(request: pytest.FixtureRequest, qtbot: QtBot, tmp_path: Path) -> Iterator[WindowShop]:
    with window_shop(qtbot, tmp_path, online=request.param == "online") as opened:
        yield opened


@pytest.fixture(params=["keyboard", "touch", "scanner"])
def cashier(request: pytest.FixtureRequest, shop: WindowShop) -> Cashier:
    if request.param == "keyboard":
        return KeyboardCashier(shop.eyes)
    if request.param == "touch":
        return TouchCashier(shop.eyes)
    return ScannerCashier(shop.eyes, shop.tag)


def test_a_day_at_the_counter_with_one_means_alone(shop: WindowShop, cashier: Cashier) -> None:
    eyes, before = shop.eyes, shop.balance()

    cashier.bring_member(MEMBER, shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale. Type the amount.")
    cashier.amount("500")
    eyes.wait_until(lambda: eyes.screen.primary.label.startswith("Complete ·"))
    cashier.complete()
    eyes.wait_for("Saved. +")
    assert eyes.screen.amount.look is AmountLook.SAVED
    after_sale = shop.balance()
    assert after_sale > before

    cashier.undo()
    eyes.wait_for(f"Undone. {MEMBER} has ")
    assert shop.balance() == before

    cashier.amount("450")
    cashier.without_card()
    eyes.wait_for("Saved. This sale is without a card.")
    assert shop.balance() == before

    cashier.sign_up(shop.cards[1], "015123456789")
    eyes.wait_for("The member starts with 50 points.")
    eyes.qtbot.wait(650)


def test_a_reward_is_given_with_one_means_alone(shop: WindowShop, cashier: Cashier) -> None:
    eyes, before = shop.eyes, shop.balance()

    cashier.bring_member(MEMBER, shop.cards[0])
    eyes.wait_for(f"{MEMBER} is on this sale.")
    eyes.wait_until(lambda: _can_take(eyes.screen.left, 4))
    cashier.amount("600")
    cashier.reward(4)
    eyes.wait_for("Free pastry is on this sale. Press Enter to give it.")
    eyes.wait_until(lambda: eyes.screen.primary.label.endswith("\u2212800 points"))
    cashier.complete()

    eyes.wait_for("Saved. +")
    assert before - 800 <= shop.balance() < before


def _can_take(left: object, position: int) -> bool:
    return isinstance(left, MemberPanel) and left.rewards[position - 1].enabled
