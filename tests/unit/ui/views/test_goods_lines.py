"""The lines of a past sale in the window: ticked, out of reach, with their keys, page by page."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.presenters.counter_screen import CounterScreen, ListPanel
from pos_loyalty.ui.theme import Mode, Theme
from pos_loyalty.ui.views.counter_view import CounterView
from pos_loyalty.ui.widgets.list_rows import RowButton
from tests.unit.ui.views.counter_robot import open_counter, pressables
from tools.sample_change_screens import GOODS_LINES, GOODS_MANY_LINES


def rows_on(view: CounterView) -> list[RowButton]:
    return [row for row in view.findChildren(RowButton) if row.isVisible()]


def with_rows(screen: CounterScreen, **changes: bool) -> CounterScreen:
    """Return the screen with its first row changed."""
    assert isinstance(screen.left, ListPanel)
    first, *others = screen.left.rows
    changed = ListPanel(
        screen.left.title,
        (replace(first, **changes), *others),  # pyright: ignore[reportArgumentType] - flags
        note=screen.left.note,
    )
    return replace(screen, left=changed)


def test_a_screen_reader_hears_what_a_line_is_and_whether_it_is_chosen(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, GOODS_LINES)

    rows = rows_on(view)

    assert [row.accessibleName() for row in rows] == [
        "2 × croissant, bakery, € 4.40",
        "flat-white, drinks · came back, € 0.00",
        "drinks, € 1.20 came back, € 3.00",
        "Line 4, € 5.80",
    ]
    assert [row.accessibleDescription() for row in rows] == ["Alt 1", "", "Alt 3", "Alt 4"]
    assert [row.isChecked() for row in rows] == [True, False, True, False]
    assert [row.isEnabled() for row in rows] == [True, False, True, True]


def test_a_tap_on_a_line_reports_it_and_on_one_that_is_gone_nothing(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, GOODS_LINES)
    heard: list[str] = []
    view.row_pressed.connect(heard.append)

    for row in rows_on(view):
        QTest.mouseClick(row, Qt.MouseButton.LeftButton)

    assert heard == ["0", "2", "3"]
    assert rows_on(view)[0].isChecked(), "only the presenter changes a tick"


def test_a_row_can_be_pressed_again_after_one_that_could_not(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, with_rows(GOODS_LINES, enabled=False))

    view.show_screen(GOODS_LINES)

    assert rows_on(view)[0].isEnabled()


@pytest.mark.parametrize("mode", [Mode.LIGHT, Mode.DARK])
def test_a_tick_fills_the_row_and_the_arrows_only_mark_its_edge(
    qtbot: QtBot, theme: Theme, mode: Mode
) -> None:
    theme.set_mode(mode)
    view = open_counter(qtbot, theme, with_rows(GOODS_LINES, ticked=False, selected=False))

    def ground() -> str:
        row: QAbstractButton = rows_on(view)[0]
        at = QPoint(row.width() // 2, 8)
        return row.grab().toImage().pixelColor(at).name()

    plain = ground()
    view.show_screen(with_rows(GOODS_LINES, ticked=False, selected=True))
    assert ground() == plain
    view.show_screen(with_rows(GOODS_LINES, ticked=True, selected=False))
    assert ground() != plain


def test_figures_stand_in_one_column_with_and_without_a_key(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, GOODS_LINES)
    assert isinstance(GOODS_LINES.left, ListPanel)

    def column(screen: CounterScreen) -> int:
        """Return where the ink of the last row's figure ends."""
        view.show_screen(screen)
        row = rows_on(view)[-1]
        image = row.grab().toImage()
        ground = image.pixelColor(row.width() - 70, 6)
        middle = range(row.height() // 2 - 8, row.height() // 2 + 8)
        return max(
            x
            for x in range(row.width() // 2, row.width() - 62)
            if any(image.pixelColor(x, y) != ground for y in middle)
        )

    *others, last = GOODS_LINES.left.rows
    without = replace(GOODS_LINES.left, rows=(*others, replace(last, shortcut="")))
    assert column(GOODS_LINES) == column(replace(GOODS_LINES, left=without))


def test_every_page_is_reached_by_its_keys(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, GOODS_MANY_LINES, size=(1024, 720))
    seen = [row.key for row in rows_on(view)]
    assert len(seen) < 13
    next_page = next(each for each in pressables(view) if each.accessibleName() == "Next page")

    for _ in range(3):
        QTest.mouseClick(next_page, Qt.MouseButton.LeftButton)
        seen += [row.key for row in rows_on(view) if row.key not in seen]

    assert seen == [str(number) for number in range(13)]


def test_a_window_that_grows_hides_no_row_before_the_page(qtbot: QtBot, theme: Theme) -> None:
    assert isinstance(GOODS_MANY_LINES.left, ListPanel)
    rows = tuple(replace(row, selected=row.key == "11") for row in GOODS_MANY_LINES.left.rows)
    screen = replace(GOODS_MANY_LINES, left=replace(GOODS_MANY_LINES.left, rows=rows))
    view = open_counter(qtbot, theme, screen, size=(1024, 720))
    assert "11" in {row.key for row in rows_on(view)}
    assert "0" not in {row.key for row in rows_on(view)}

    view.resize(1024, 1200)

    assert [row.key for row in rows_on(view)] == [str(number) for number in range(13)]
    view.resize(1024, 720)
    assert "11" in {row.key for row in rows_on(view)}
