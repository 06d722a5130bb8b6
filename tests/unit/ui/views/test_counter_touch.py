"""Touch, wheel and what is beside the keys."""

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QPointingDevice, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.theme import Theme
from tests.unit.ui.views.counter_robot import box_in, open_counter, pressables
from tools.sample_screens import FIND, FIND_NOBODY, IDLE, MANY_ROWS, SIGN_UP


def test_a_finger_presses_a_key_once(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, IDLE)
    heard: list[str] = []
    view.digit_pressed.connect(heard.append)
    screen: QPointingDevice = QTest.createTouchDevice()
    point = box_in(view, view.keypad.keys[0]).center()
    window = view.windowHandle()

    QTest.touchEvent(window, screen).press(0, point, window).commit()
    assert heard == []
    QTest.touchEvent(window, screen).release(0, point, window).commit()

    assert heard == ["7"]


def test_a_tap_beside_the_keys_takes_the_caret_out_of_the_search(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, IDLE)
    view.focus_search()

    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=QPoint(500, 65))

    assert not view.search.edit.hasFocus()


def test_a_tap_on_the_icon_of_a_field_means_the_field(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, SIGN_UP)

    QTest.mouseClick(view.search, Qt.MouseButton.LeftButton, pos=QPoint(12, 24))

    assert view.search.edit.hasFocus()


def test_the_wheel_turns_the_pages_and_stops_at_both_ends(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, MANY_ROWS)

    def turn(steps: int) -> list[str]:
        at = QPointF(box_in(view, view.left).center())
        event = QWheelEvent(
            at,
            view.mapToGlobal(at),
            QPoint(),
            QPoint(0, 120 * steps),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,  # noqa: FBT003 - Qt takes it by position only
        )
        rows = next(w for w in pressables(view) if w.accessibleName().startswith("Jonas K. · €"))
        QApplication.sendEvent(rows.parentWidget() or rows, event)
        return [
            w.accessibleName()
            for w in pressables(view)
            if w.accessibleName().startswith("Jonas K. · €")
        ]

    first = turn(1)
    second = turn(-1)
    assert first != second
    assert turn(1) == first
    last = [turn(-1) for _ in range(20)][-1]
    assert any("€ 31.50" in name for name in last)


def test_buttons_of_a_list_report_their_actions(qtbot: QtBot, theme: Theme) -> None:
    view = open_counter(qtbot, theme, FIND_NOBODY)
    heard: list[str] = []
    view.action_pressed.connect(heard.append)

    for name in ("New member with", "Camera"):
        QTest.mouseClick(
            next(w for w in pressables(view) if w.accessibleName().startswith(name)),
            Qt.MouseButton.LeftButton,
        )

    assert heard == ["new_member", "camera"]


def test_a_list_that_gets_rows_shows_them_instead_of_its_empty_sentence(
    qtbot: QtBot, theme: Theme
) -> None:
    view = open_counter(qtbot, theme, FIND_NOBODY)

    view.show_screen(FIND)

    shown = [w.accessibleName() for w in pressables(view)]
    assert any(name.startswith("Leyla Arslan") for name in shown)
    view.show_screen(FIND_NOBODY)
    shown = [w.accessibleName() for w in pressables(view)]
    assert not any(name.startswith("Leyla Arslan") for name in shown)
