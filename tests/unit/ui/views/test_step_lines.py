"""Sentences of an explanation are painted whole, and told to a screen reader."""

from itertools import pairwise

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import LastSaleRow, ListPanel, ListRow
from pos_loyalty.ui.theme import Theme
from pos_loyalty.ui.views.last_sales_column import LastSalesColumn
from pos_loyalty.ui.views.list_panel import ListPanelView
from pos_loyalty.ui.views.words import CounterWords
from pos_loyalty.ui.widgets import text_painting
from pos_loyalty.ui.widgets.list_rows import RowPages
from tests.unit.ui.views.counter_robot import open_counter, pressables
from tools.sample_change_screens import SALE_PAGE, WHY
from tools.sample_screens import IDLE

SENTENCE = "€ 18.00 at 1 point for each € 1.00, rounded down; at most 50 points in a month"


@pytest.mark.parametrize("count", [1, 4, 7])
def test_seven_long_sentences_are_read_whole_on_the_smallest_window(
    qtbot: QtBot, theme: Theme, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    cut: list[str] = []
    original = text_painting.elided

    def watched(text: str, font: object, width: float) -> str:
        shown = original(text, font, width)  # pyright: ignore[reportArgumentType] - same type
        if shown != text:
            cut.append(text)
        return shown

    monkeypatch.setattr(text_painting, "elided", watched)
    view = ListPanelView(theme, CounterWords())
    qtbot.addWidget(view)
    view.resize(424, 512)
    rows = tuple(ListRow(str(place), SENTENCE, trailing="1,242") for place in range(count))
    assert isinstance(SALE_PAGE.left, ListPanel)
    view.show_panel(
        ListPanel("Jonas K.", rows, note="A note.", buttons=SALE_PAGE.left.buttons, is_steps=True)
    )

    view.grab()

    assert cut == []
    assert view.accessibleDescription().count(SENTENCE) == count


def test_sentences_are_there_to_be_read_and_not_to_be_pressed(qtbot: QtBot, theme: Theme) -> None:
    assert isinstance(WHY.left, ListPanel)
    view = open_counter(qtbot, theme, WHY)

    names = {widget.accessibleName() for widget in pressables(view)}

    assert not names & {row.title for row in WHY.left.rows}


def test_a_row_of_the_column_reports_its_sale(qtbot: QtBot, theme: Theme) -> None:
    column = LastSalesColumn(theme)
    qtbot.addWidget(column)
    column.resize(300, 500)
    rows = (LastSaleRow("10:58", "Jonas K.", "€ 18.20", "+18", key="sale-1"),)
    assert column.show_sales(title="Last sales", rows=rows, empty="", undo=IDLE.undo)
    column.show()
    heard: list[str] = []
    column.sale_pressed.connect(heard.append)

    column.keys[0].click()

    assert heard == ["sale-1"]
    assert column.keys[0].height() >= 48
    assert not column.show_sales(title="Last sales", rows=(), empty="None.", undo=IDLE.undo)
    assert not column.keys[0].isVisible()


@pytest.mark.parametrize(("height", "pages"), [(484, False), (436, True)])
def test_eight_rows_become_lower_before_they_turn_pages(
    qtbot: QtBot, theme: Theme, height: int, *, pages: bool
) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    rows = RowPages(theme, up_name="Up", down_name="Down", parent=parent)
    rows.resize(392, height)
    rows.show_rows(tuple(ListRow(str(place), f"Row {place}") for place in range(8)))

    assert (len(rows.buttons) < 8) is pages
    assert all(each.height() >= 48 for each in rows.buttons)
    tops = [each.y() for each in rows.buttons]
    heights = {each.height() for each in rows.buttons}
    assert all(low + heights.copy().pop() + 8 <= high for low, high in pairwise(tops))


def test_a_row_without_a_key_reports_nothing(qtbot: QtBot, theme: Theme) -> None:
    column = LastSalesColumn(theme)
    qtbot.addWidget(column)
    column.resize(300, 500)
    rows = (LastSaleRow("10:58", "Jonas K.", "€ 18.20", "+18"),)
    column.show_sales(title="Last sales", rows=rows, empty="", undo=IDLE.undo)

    assert not column.keys[0].isEnabled()
