"""The sample cards beside the counter."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pos_loyalty.demo.folder import DemoFolder, SampleCard

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

pytestmark = pytest.mark.widgets

THREE = tuple(SampleCard(payload=name, number="1", name=name) for name in ("REWARD", "USUAL", ""))


class Wire:
    """A line that notes what was done to it."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def cut(self) -> None:
        self.said.append("cut")

    def mend(self) -> None:
        self.said.append("mend")


@pytest.mark.parametrize("size", [(1366, 740), (1024, 740), (1024, 576), (1920, 1040)])
def test_sample_cards_never_lie_over_the_counter(
    qtbot: "QtBot", tmp_path: Path, size: tuple[int, int]
) -> None:
    from pos_loyalty.app import application
    from pos_loyalty.demo.sample_cards import SampleCards, is_column
    from pos_loyalty.ui.main_window import MainWindow
    from pos_loyalty.ui.theme import Mode, Theme

    application()
    window = MainWindow(Mode.LIGHT)
    # The bot's own reference is weak: collected while it paints, a window takes the process along.
    qtbot.addWidget(window, before_close_func=lambda _: window.hide())
    cards = SampleCards(DemoFolder(tmp_path), THREE, scan=lambda _: None, line=Wire())
    window.furnish(Theme(mode=Mode.LIGHT, parent=window))
    window.resize(*size)
    cards.join(window)
    window.show()
    counter = window.view

    def is_settled() -> bool:
        return counter.width() > 0 and not counter.geometry().intersects(cards.geometry())

    qtbot.waitUntil(is_settled)
    qtbot.waitUntil(lambda: is_column(*size) == (cards.x() > 0))

    for widget in (cards.cut, cards.sheet, *cards.cards):
        corner = widget.mapTo(window, widget.rect().bottomRight())
        assert window.rect().contains(corner)
    # Nothing of the counter is cut either: its scale is that of its own place.
    boxes = counter.zone_boxes()
    for box in (boxes.keypad, boxes.amount, boxes.strip, boxes.chip, boxes.primary):
        assert counter.rect().contains(box.toRect())
    assert window.theme.scale <= counter.width() / 1024 + 0.001
    assert window.theme.scale <= max(counter.height() / 720, 0.5) + 0.001


def test_nothing_beside_the_counter_takes_the_keyboard(qtbot: "QtBot", tmp_path: Path) -> None:
    from PySide6.QtCore import Qt

    from pos_loyalty.app import application
    from pos_loyalty.demo.sample_cards import SampleCards

    application()
    wire = Wire()
    scanned: list[SampleCard] = []
    cards = SampleCards(DemoFolder(tmp_path), THREE, scan=scanned.append, line=wire)
    qtbot.addWidget(cards)

    for widget in (cards.cut, cards.sheet, *cards.cards):
        assert widget.focusPolicy() is Qt.FocusPolicy.NoFocus
    cards.cards[1].click()
    cards.cut.click()
    cards.cut.click()

    assert [card.payload for card in scanned] == ["REWARD"]
    assert wire.said == ["cut", "mend"]
