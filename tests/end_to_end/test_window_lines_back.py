"""Goods back by line in the real window, of a sale that another program rang up with its lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytestqt.qtbot import QtBot

from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.earning_rule import Conditions, EarningRule, PerItem
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.publish_program import PublishProgram
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till
from pos_loyalty.ui.presenters.counter_screen import ListPanel, ListRow
from tests.end_to_end.cashiers import Eyes
from tests.end_to_end.window_shop import MEMBER, WindowShop, a_window, fill_till

LINES = [
    {"sku": "croissant", "category": "bakery", "quantity": 3, "unit_price": "2.00"},
    {"category": "books", "amount": "15.00"},
    {"sku": "espresso", "category": "drinks", "amount": "2.00"},
]
CROISSANTS, BOOK, ESPRESSO = 6 + 3 * 5, 15, 2
"""The points of each line: one for each euro, and five for each croissant."""


@pytest.fixture
def shop(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowShop]:
    """Open the window on a till whose last sale came through `counter`."""
    keys = FileKeys(tmp_path / "keys")

    def open_it() -> Till:
        return open_till(tmp_path / "till", keys=keys, shop_name="Corner Café")

    with open_it() as till:
        cards, member, tag = fill_till(till)
        till.publish_program(PublishProgram(_program()))
        earned = _ring_up(till, member)["earned_points"]
    assert earned == CROISSANTS + BOOK + ESPRESSO
    with a_window(qtbot, open_it) as (eyes, opened, feed):
        yield WindowShop(eyes, opened, feed, cards, member, tag)


def _program() -> LoyaltyProgram:
    """Return rules under which lines of the same money earn differently."""
    plain = default_program("EUR")
    return msgspec.structs.replace(
        plain,
        weekday_multipliers=(),
        tiers=tuple(msgspec.structs.replace(tier, percent=100) for tier in plain.tiers),
        rules=(
            EarningRule(
                id="bakery",
                name="Bakery",
                give=PerItem(points=5),
                when=Conditions(categories=("bakery",)),
            ),
        ),
    )


def _ring_up(till: Till, member: MemberId) -> dict[str, Any]:
    line = json.dumps({"do": "sale", "member": member, "lines": LINES}).encode()
    answer = CounterSession(till).answer(line)
    assert answer["ok"], answer
    return answer


def _rows(eyes: Eyes) -> tuple[ListRow, ...]:
    left = eyes.screen.left
    return left.rows if isinstance(left, ListPanel) else ()


def _ticked(eyes: Eyes) -> list[str]:
    return [row.key for row in _rows(eyes) if row.ticked]


def _open_lines(eyes: Eyes) -> None:
    eyes.press("F10")
    eyes.press("1")
    eyes.press("Enter")
    eyes.wait_for("Here is why")
    eyes.press("-")
    eyes.wait_for("Take back all € 23.00?")


def test_a_line_takes_exactly_its_points_by_keyboard_alone(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    _open_lines(eyes)
    assert [(row.title, row.detail, row.trailing) for row in _rows(eyes)] == [
        ("3 × croissant", "bakery", "€ 6.00"),
        ("books", "", "€ 15.00"),
        ("espresso", "drinks", "€ 2.00"),
    ]
    eyes.press("Alt+1")
    eyes.wait_for("1 line chosen. Press Enter to take back € 6.00.")
    eyes.qtbot.wait(650)
    eyes.press("Enter")
    eyes.wait_for(f"Give back € 6.00. {CROISSANTS} points taken; {MEMBER} has ")

    assert shop.balance() == before - CROISSANTS

    eyes.qtbot.wait(650)
    eyes.press("-")
    eyes.wait_for("Take back all € 17.00?")
    assert [row.enabled for row in _rows(eyes)] == [False, True, True]
    eyes.press("Down")
    eyes.press(" ")
    eyes.wait_for("1 line chosen. Press Enter to take back € 2.00.")
    assert _ticked(eyes) == ["2"]
    eyes.press("Enter")
    eyes.wait_for(f"Give back € 2.00. {ESPRESSO} points taken; ")

    assert shop.balance() == before - CROISSANTS - ESPRESSO


def test_two_lines_by_touch_alone_and_one_of_them_let_go_of(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    eyes.tap("Menu")
    eyes.tap("Last sales")
    eyes.tap("Look at this sale")
    eyes.wait_for("Here is why")
    eyes.tap("Goods back")
    eyes.wait_for("Take back all € 23.00?")
    for name in ("3 × croissant", "books", "espresso", "books"):
        eyes.tap(name)
    eyes.wait_for("2 lines chosen. Press Enter to take back € 8.00.")
    assert _ticked(eyes) == ["0", "2"]
    eyes.qtbot.wait(650)
    eyes.tap("Take back € 8.00")
    eyes.wait_for(f"Give back € 8.00. {CROISSANTS + ESPRESSO} points taken; ")

    assert shop.balance() == before - CROISSANTS - ESPRESSO


def test_the_same_money_as_an_amount_is_spread_and_takes_others(shop: WindowShop) -> None:
    """This is the difference that choosing lines makes."""
    eyes, before = shop.eyes, shop.balance()
    _open_lines(eyes)
    eyes.press("Alt+1")
    eyes.type("600")
    eyes.wait_for("€ 6.00 instead of 1 line?")
    eyes.press("-")
    eyes.wait_for("Take back € 6.00 of € 23.00?")
    eyes.qtbot.wait(650)
    eyes.press("Enter")
    eyes.wait_for("Give back € 6.00. ")

    assert 0 < before - shop.balance() < CROISSANTS


def test_escape_lets_go_of_the_choice_and_then_of_the_lines(shop: WindowShop) -> None:
    eyes, before = shop.eyes, shop.balance()
    _open_lines(eyes)
    eyes.press("Alt+2")
    eyes.wait_for("1 line chosen.")
    eyes.press("Esc")
    eyes.wait_for("Choose what comes back, or press − for all € 23.00.")
    eyes.press("Enter")
    eyes.press("Esc")
    eyes.wait_for("Here is why")
    eyes.press("Esc")

    assert "came back" not in _rows(eyes)[0].detail
    assert shop.balance() == before
