"""The filter on the application with a real window: who gets which key."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from pos_loyalty.devices.physical_keys import KeyNumbering
from pos_loyalty.ui.keyboard import Keyboard, key_name
from pos_loyalty.ui.scanner_wedge import ScannerWedge
from tests.unit.ui.presenters.counter_fakes import FakeClock

CARD = "CKNCBCDFGHJKLNPRSTVXBCDFGHJPS"
_NO = Qt.KeyboardModifier.NoModifier
_CTRL = Qt.KeyboardModifier.ControlModifier
_ALT = Qt.KeyboardModifier.AltModifier
_Key = Qt.Key
_US = {"q": 24, "w": 25, "1": 10, "2": 11}
"""Numbers of keys on X11."""


class Taker:
    """A presenter that notes what it is given."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.is_space_wanted = False
        self.is_sign_up_open = False

    def key_pressed(self, key: str) -> bool:
        self.given.append(key)
        return True

    def text_typed(self, text: str) -> bool:
        self.given.append(text)
        return True


class Desk:
    """A window with a field and a button, and a person or a scanner who types."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.clock = FakeClock()
        self.taker: Taker | None = Taker()
        self.window = QWidget()
        self.home = QWidget(self.window)
        self.home.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.field = QLineEdit(self.window)
        self.button = QPushButton("Press", self.window)
        self.clicks: list[str] = []
        self.button.clicked.connect(lambda: self.clicks.append("click"))
        layout = QVBoxLayout(self.window)
        for widget in (self.home, self.field, self.button):
            layout.addWidget(widget)
        qtbot.addWidget(self.window)
        self.window.show()
        qtbot.waitExposed(self.window)
        self.window.activateWindow()
        self.home.setFocus()
        keyboard = Keyboard(lambda: self.taker, self.home)
        self.wedge = ScannerWedge(self.window, keyboard.take, self.clock)
        self.scans: list[tuple[str, ...]] = []
        self.wedge.scanned.connect(self.scans.append)

    @property
    def given(self) -> list[str]:
        assert self.taker is not None
        return self.taker.given

    def press(
        self,
        key: int,
        text: str = "",
        modifiers: Qt.KeyboardModifier = _NO,
        *,
        number: int = 0,
        gap_ms: int = 200,
        repeat: bool = False,
    ) -> None:
        """Press and let go of one key, after a gap in which silence may have been noticed."""
        self.clock.at_ms += gap_ms
        if gap_ms > 80:
            self.wedge._silent()
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, key, modifiers, number, 0, 0, text, repeat)
            QApplication.sendEvent(QApplication.focusWidget() or self.window, event)

    def type(self, text: str, *, gap_ms: int = 200) -> None:
        for sign in text:
            self.press(ord(sign.upper()), sign, number=_US.get(sign, 0), gap_ms=gap_ms)

    def scan(self, text: str = CARD) -> None:
        self.clock.at_ms += 1_000
        self.wedge._silent()
        self.type(text, gap_ms=5)
        self.press(_Key.Key_Return, "\r", gap_ms=5)

    def pause(self) -> None:
        self.clock.at_ms += 200
        self.wedge._silent()


@pytest.fixture
def desk(qtbot: QtBot) -> Iterator[Desk]:
    made = Desk(qtbot)
    yield made
    made.wedge.stop()


def test_a_scan_reaches_nobody_but_the_counter(desk: Desk) -> None:
    desk.field.setFocus()
    desk.scan()

    assert desk.scans == [(CARD,)]
    assert desk.field.text() == ""
    assert desk.given == []


def test_typing_reaches_the_counter_in_order_with_its_enter(desk: Desk) -> None:
    desk.type("12.5")
    desk.press(_Key.Key_Enter, "\r")
    desk.pause()

    assert desk.given == ["1", "2", ".", "5", "Enter"]


def test_fast_typing_keeps_its_order_too(desk: Desk) -> None:
    desk.type("125", gap_ms=40)
    desk.press(_Key.Key_Return, "\r", gap_ms=40)

    assert desk.given == ["1", "2", "5", "Enter"]


def test_typing_into_a_field_stays_there(desk: Desk) -> None:
    desk.field.setFocus()
    desk.type("Eva 12")
    desk.press(_Key.Key_Backspace)
    desk.pause()

    assert desk.field.text() == "Eva 1"
    assert desk.given == []


@pytest.mark.parametrize(
    ("key", "modifiers", "name"),
    [
        (_Key.Key_F2, _NO, "F2"),
        (_Key.Key_F12, _NO, "F12"),
        (_Key.Key_Escape, _NO, "Esc"),
        (_Key.Key_Return, _NO, "Enter"),
        (_Key.Key_Down, _NO, "Down"),
        (_Key.Key_D, _CTRL, "Ctrl+D"),
        (_Key.Key_1, _ALT, "Alt+1"),
    ],
)
def test_function_keys_work_even_inside_a_field(
    desk: Desk, key: Qt.Key, modifiers: Qt.KeyboardModifier, name: str
) -> None:
    desk.field.setFocus()
    desk.press(key, modifiers=modifiers)
    desk.pause()

    assert desk.given == [name]


def test_digits_are_the_phone_number_even_in_the_name_field(desk: Desk) -> None:
    assert desk.taker is not None
    desk.taker.is_sign_up_open = True
    desk.field.setFocus()
    desk.type("Ev1a")
    desk.pause()

    assert desk.field.text() == "Eva"
    assert desk.given == ["1"]


def test_space_presses_the_focused_button_once(desk: Desk) -> None:
    desk.button.setFocus()
    desk.press(_Key.Key_Space, " ")
    desk.pause()

    assert desk.clicks == ["click"]
    assert desk.given == []


def test_space_is_the_presenters_while_it_means_something_by_itself(desk: Desk) -> None:
    assert desk.taker is not None
    desk.taker.is_space_wanted = True
    desk.type("a b")
    desk.pause()

    assert desk.given == ["a", " ", "b"]


def test_space_presses_the_focused_button_even_where_it_means_something(desk: Desk) -> None:
    assert desk.taker is not None
    desk.taker.is_space_wanted = True
    desk.button.setFocus()
    desk.press(_Key.Key_Space, " ")
    desk.pause()

    assert desk.clicks == ["click"]
    assert desk.given == []


def test_enter_is_the_primary_button_wherever_the_focus_is(desk: Desk) -> None:
    desk.button.setFocus()
    desk.press(_Key.Key_Return, "\r")

    assert desk.given == ["Enter"]
    assert desk.clicks == []


@pytest.mark.parametrize(
    ("key", "text", "again"),
    [
        (_Key.Key_Return, "\r", False),
        (_Key.Key_F8, "", False),
        (_Key.Key_5, "5", False),
        (_Key.Key_Backspace, "\b", True),
    ],
)
def test_a_held_key_acts_once_except_backspace(
    desk: Desk, key: Qt.Key, text: str, *, again: bool
) -> None:
    desk.press(key, text)
    for _ in range(3):
        desk.press(key, text, repeat=True)
    desk.pause()

    assert len(desk.given) == (4 if again else 1)


def test_keys_before_the_till_is_open_do_nothing(desk: Desk) -> None:
    desk.taker = None
    desk.type("12")
    desk.press(_Key.Key_Return, "\r")
    desk.pause()

    assert desk.field.text() == ""


def test_a_scanner_of_a_foreign_layout_is_read_by_its_keys(desk: Desk) -> None:
    for _ in range(5):
        desk.press(0x131, "ğ", number=_US["q"], gap_ms=5)
        desk.press(0x131, "ü", number=_US["w"], gap_ms=5)
    desk.pause()

    assert desk.scans == [("qwqwqwqwqw",)]


def _every_key_a_code_can_type() -> list[tuple[int, str, Qt.KeyboardModifier]]:
    """All 128 ASCII codes as a scanner types them, and every letter with Ctrl and Alt."""
    keys: list[tuple[int, str, Qt.KeyboardModifier]] = []
    for code in range(128):
        text = chr(code)
        if code < 32:
            keys.append((ord("@") + code, text, _CTRL))
        else:
            keys.append((ord(text.upper()), text, _NO))
    for code in (*range(ord("A"), ord("Z") + 1), *range(ord("0"), ord("9") + 1)):
        keys += [(code, "", _CTRL), (code, chr(code), _ALT), (code, "", _CTRL | _ALT)]
    keys += [(_Key.Key_F1.value + number, "", _NO) for number in range(12)]
    keys += [(key.value, "", _NO) for key in (_Key.Key_Escape, _Key.Key_Delete, _Key.Key_Home)]
    return keys


@pytest.mark.parametrize("focus", ["home", "field", "button"])
def test_A04_a_hostile_bar_code_fires_no_shortcut_and_fills_no_field(
    desk: Desk, focus: str
) -> None:
    {"home": desk.home, "field": desk.field, "button": desk.button}[focus].setFocus()

    for key, text, modifiers in _every_key_a_code_can_type():
        desk.clock.at_ms += 1_000
        desk.wedge._silent()
        desk.type(CARD[:10], gap_ms=5)
        desk.press(key, text, modifiers, gap_ms=5)
        desk.type(CARD[10:], gap_ms=5)
        desk.press(_Key.Key_Return, "\r", gap_ms=5)

    assert desk.given == []
    assert desk.field.text() == ""
    assert desk.clicks == []
    assert all(text.startswith(CARD[:10]) for (text,) in desk.scans)


def test_keys_of_another_window_are_left_alone(desk: Desk, qtbot: QtBot) -> None:
    other = QLineEdit()
    qtbot.addWidget(other)
    other.show()
    event = QKeyEvent(QEvent.Type.KeyPress, _Key.Key_A, _NO, 0, 0, 0, "a")
    QApplication.sendEvent(other, event)

    assert other.text() == "a"
    assert desk.given == []


def test_the_top_row_chooses_rewards_on_every_layout() -> None:
    ampersand = QKeyEvent(QEvent.Type.KeyPress, _Key.Key_Ampersand, _ALT, _US["1"], 0, 0, "&")

    assert key_name(ampersand, KeyNumbering.X11) == "Alt+1"


def test_a_letter_of_alt_gr_is_no_command(desk: Desk) -> None:
    desk.press(_Key.Key_At, "@", _CTRL | _ALT)
    desk.pause()

    assert desk.given == ["@"]
