"""Keys of the keyboard as the presenter names them, and who gets a key that a person pressed."""

from collections.abc import Callable
from typing import Final, Protocol

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QWidget

from pos_loyalty.devices.physical_keys import KeyNumbering, us_character

_Key = Qt.Key
_NAMES: Final = {
    _Key.Key_Return: "Enter",
    _Key.Key_Enter: "Enter",
    _Key.Key_Escape: "Esc",
    _Key.Key_Backspace: "Backspace",
    _Key.Key_Delete: "Delete",
    _Key.Key_Up: "Up",
    _Key.Key_Down: "Down",
} | {_Key(_Key.Key_F1.value + number): f"F{number + 1}" for number in range(12)}
_CONTROL_KEYS: Final = {_Key.Key_Z: "Ctrl+Z", _Key.Key_D: "Ctrl+D"}
_KEPT_BY_FIELDS: Final = frozenset({"Backspace", "Delete", "Ctrl+Z"})
_MAY_REPEAT: Final = frozenset({"Backspace", "Up", "Down"})
"""Held down, only these act again: a held Enter must never be a second sale."""
_DIGITS: Final = "123456789"


class KeyTaker(Protocol):
    """The presenter's ways in for keys."""

    @property
    def is_sign_up_open(self) -> bool:
        """Return whether digits are a phone number now, wherever the caret is."""
        ...

    @property
    def is_space_wanted(self) -> bool:
        """Return whether a space means something by itself now."""
        ...

    def key_pressed(self, key: str) -> bool:
        """Take a key that types nothing."""
        ...

    def text_typed(self, text: str) -> bool:
        """Take what a key types."""
        ...


def numbering_here() -> KeyNumbering:
    """Return who numbers the physical keys on this machine."""
    platform = QGuiApplication.platformName()
    if platform == "windows":
        return KeyNumbering.WINDOWS
    if platform == "cocoa":
        return KeyNumbering.MACOS
    if platform in {"linuxfb", "eglfs"}:
        return KeyNumbering.EVDEV
    return KeyNumbering.X11


def key_number(event: QKeyEvent, numbering: KeyNumbering) -> int:
    """Return the number of the physical key; 0 if the system does not tell."""
    if numbering is KeyNumbering.MACOS:
        return event.nativeVirtualKey()
    return event.nativeScanCode()


def is_command(event: QKeyEvent) -> bool:
    """Return whether Ctrl, Alt or Meta makes this key a command; AltGr types letters."""
    modifiers = event.modifiers()
    control = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
    alt = bool(modifiers & Qt.KeyboardModifier.AltModifier)
    if control and alt and event.text().isprintable() and event.text():
        return False
    return control or alt or bool(modifiers & Qt.KeyboardModifier.MetaModifier)


def key_name(event: QKeyEvent, numbering: KeyNumbering) -> str:
    """Return the presenter's name of a key, or nothing for a key that only types."""
    key = _Key(event.key())
    if not is_command(event):
        return _NAMES.get(key, "")
    if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
        return _CONTROL_KEYS.get(key, "")
    if event.modifiers() & Qt.KeyboardModifier.AltModifier:
        # The top row, whatever the layout prints on it.
        digit = us_character(numbering, key_number(event, numbering), is_shifted=False)
        digit = digit or event.text() or chr(min(event.key(), 0x10FFFF))
        return f"Alt+{digit}" if len(digit) == 1 and digit in _DIGITS else ""
    return ""


class Keyboard:
    """Gives each key that a person presses to the presenter, or leaves it to the focused widget."""

    def __init__(self, taker: Callable[[], KeyTaker | None], home: QWidget) -> None:
        """Take keys for a presenter that may not be there yet; ``home`` has the focus at rest."""
        self._taker = taker
        self._home = home
        self._numbering = numbering_here()

    def take(self, event: QKeyEvent) -> bool:
        """Handle a key going down; return whether it is done with."""
        taker = self._taker()
        if taker is None:
            return False
        name = key_name(event, self._numbering)
        focused = QApplication.focusWidget()
        if isinstance(focused, QLineEdit):
            return self._take_beside_field(taker, name, event)
        if event.isAutoRepeat() and name not in _MAY_REPEAT:
            return bool(name or event.text().strip())
        if name:
            return taker.key_pressed(name)
        is_text = bool(event.text()) and not is_command(event)
        if event.text() == " ":
            is_text = is_text and self._is_space_for(focused, taker)
        return is_text and taker.text_typed(event.text())

    def _take_beside_field(self, taker: KeyTaker, name: str, event: QKeyEvent) -> bool:
        """Take what a field has no use for: function keys, Enter, Esc, arrows up and down."""
        if event.isAutoRepeat() and name not in _MAY_REPEAT:
            return bool(name) and name not in _KEPT_BY_FIELDS
        if name and name not in _KEPT_BY_FIELDS:
            return taker.key_pressed(name)
        # No name has digits: during a sign-up they are the phone number.
        is_digit = event.text().isdecimal() and not is_command(event)
        return is_digit and taker.is_sign_up_open and taker.text_typed(event.text())

    def _is_space_for(self, focused: QWidget | None, taker: KeyTaker) -> bool:
        """Return whether a space is the presenter's, and not a button's that has the focus."""
        return taker.is_space_wanted and focused in {None, self._home, self._home.window()}
