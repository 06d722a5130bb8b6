"""Robots at the real window: one has only a keyboard, one only fingers, one only a scanner."""

from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent, QPointingDevice
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.exceptions import TimeoutError as WaitedTooLong
from pytestqt.qtbot import QtBot

from pos_loyalty.app import TillWindow
from pos_loyalty.domain.command_codes import command_code
from pos_loyalty.ui.presenters.counter_screen import CounterScreen

WAIT_MS = 20_000
_NO = Qt.KeyboardModifier.NoModifier
_NAMED = {
    "Enter": Qt.Key.Key_Return,
    "Esc": Qt.Key.Key_Escape,
    "Up": Qt.Key.Key_Up,
    "Down": Qt.Key.Key_Down,
} | {f"F{number}": Qt.Key(Qt.Key.Key_F1.value + number - 1) for number in range(1, 13)}


class Eyes:
    """What a person at the window can see, and the patience to wait for it."""

    def __init__(self, qtbot: QtBot, till_window: TillWindow) -> None:
        self.qtbot = qtbot
        self.till_window = till_window
        self.window = till_window.window
        self.interactions = 0

    @property
    def screen(self) -> CounterScreen:
        screen = self.window.view._screen
        assert screen is not None
        return screen

    def wait_for(self, strip: str) -> None:
        """Wait until the strip says this, or begins so."""
        self.wait_until(lambda: self.screen.strip.text.startswith(strip))

    def wait_until(self, holds: Callable[[], bool]) -> None:
        try:
            self.qtbot.waitUntil(holds, timeout=WAIT_MS)
        except WaitedTooLong as error:
            raise AssertionError(f"the strip says: {self.screen.strip.text}") from error

    def press(self, key: str, *, gap_ms: int = 100) -> None:
        """Press a key by name or by what it types, then let go; slower than a scanner."""
        code = _NAMED.get(key)
        modifiers = _NO
        text = ""
        if key.startswith("Alt+"):
            code, modifiers, text = Qt.Key(ord(key[4:])), Qt.KeyboardModifier.AltModifier, key[4:]
        elif code is None:
            code, text = Qt.Key(ord(key.upper())), key
        self._send(code, modifiers, "\r" if key == "Enter" else text)
        if gap_ms:
            self.qtbot.wait(gap_ms)
        self.interactions += 1

    def type(self, text: str) -> None:
        for sign in text:
            self.press(sign)

    def hold_card_to_scanner(self, text: str) -> None:
        """Let a hand scanner type a code: fast, and with Enter at its end."""
        self.qtbot.wait(100)
        for sign in text:
            self._send(Qt.Key(ord(sign)), _NO, sign)
        self._send(Qt.Key.Key_Return, _NO, "\r")
        self.interactions += 1

    def tap(self, name: str) -> None:
        """Put a finger on what has this name, and lift it."""
        widget = self._named(name)
        handle = self.window.windowHandle()
        point = widget.mapTo(self.window, widget.rect().center())
        device = _touch_screen()
        QTest.touchEvent(handle, device).press(0, point, handle).commit()
        QTest.touchEvent(handle, device).release(0, point, handle).commit()
        self.qtbot.wait(60)
        self.interactions += 1

    def has(self, name: str) -> bool:
        """Return whether something with this name can be tapped."""
        return self._find(name) is not None

    def _named(self, name: str) -> QWidget:
        self.wait_until(lambda: self._find(name) is not None)
        widget = self._find(name)
        assert widget is not None
        return widget

    def _find(self, name: str) -> QWidget | None:
        visible = [
            each
            for each in self.window.view.findChildren(QWidget)
            if each.accessibleName() and each.isVisible() and each.isEnabled()
        ]
        exact = [each for each in visible if each.accessibleName() == name]
        begins = [each for each in visible if each.accessibleName().startswith(name)]
        return next(iter(exact + begins), None)

    def _send(self, code: int, modifiers: Qt.KeyboardModifier, text: str) -> None:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, code, modifiers, 0, 0, 0, text)
            QApplication.sendEvent(QApplication.focusWidget() or self.window, event)


_screens: list[QPointingDevice] = []


def _touch_screen() -> QPointingDevice:
    """Return the one touch screen of this process."""
    if not _screens:
        _screens.append(QTest.createTouchDevice())
    return _screens[0]


class Cashier(Protocol):
    """What each robot can do with its own means."""

    def bring_member(self, name: str, card: str) -> None:
        """Put a member on the sale."""
        ...

    def amount(self, digits: str) -> None:
        """Type an amount like on a till."""
        ...

    def reward(self, position: int) -> None:
        """Choose a reward."""
        ...

    def complete(self) -> None:
        """Press the big button."""
        ...

    def undo(self) -> None:
        """Take the last sale back."""
        ...

    def without_card(self) -> None:
        """Sell without a card."""
        ...

    def sign_up(self, card: str, phone: str) -> None:
        """Enroll a new member."""
        ...


class KeyboardCashier:
    """Has a keyboard, no scanner, no mouse, no touch screen."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    def bring_member(self, name: str, card: str) -> None:
        del card
        self._eyes.type(name)
        self._eyes.wait_for(f"Press Enter for {name}")
        self._eyes.press("Enter")

    def amount(self, digits: str) -> None:
        self._eyes.type(digits)

    def reward(self, position: int) -> None:
        self._eyes.press("F4")
        self._eyes.press(str(position))

    def complete(self) -> None:
        self._eyes.press("Enter")

    def undo(self) -> None:
        self._eyes.press("F8")

    def without_card(self) -> None:
        self._eyes.press("F6")

    def sign_up(self, card: str, phone: str) -> None:
        del card
        self._eyes.press("F2")
        self._eyes.type(phone)
        self._eyes.press("Enter")


class TouchCashier:
    """Has a touch screen and nothing else."""

    def __init__(self, eyes: Eyes) -> None:
        self._eyes = eyes

    def bring_member(self, name: str, card: str) -> None:
        del card
        self._eyes.tap("Letters")
        for letter in name.upper():
            self._eyes.tap(letter)
        self._eyes.wait_for(f"Press Enter for {name}")
        self._eyes.tap("Put on this sale")
        self._eyes.wait_until(lambda: not self._eyes.screen.letters_open)

    def amount(self, digits: str) -> None:
        for digit in digits:
            self._eyes.tap(digit)

    def reward(self, position: int) -> None:
        member = self._eyes.screen.left
        rewards = getattr(member, "rewards", ())
        self._eyes.tap(rewards[position - 1].name)

    def complete(self) -> None:
        self._eyes.tap(self._eyes.screen.primary.label)

    def undo(self) -> None:
        self._eyes.tap("Undo")

    def without_card(self) -> None:
        self._eyes.tap("No card")

    def sign_up(self, card: str, phone: str) -> None:
        del card
        self._eyes.tap("New member")
        self.amount(phone)
        self.complete()


class ScannerCashier:
    """Has a hand scanner, the members' cards and the printed command sheet."""

    def __init__(self, eyes: Eyes, tag: str) -> None:
        self._eyes = eyes
        self._tag = tag

    def _command(self, command: str) -> None:
        self._eyes.hold_card_to_scanner(command_code(command, self._tag))
        # The hand needs a moment to the next code; the same code again counts after half a second.
        self._eyes.qtbot.wait(550)

    def bring_member(self, name: str, card: str) -> None:
        del name
        self._eyes.hold_card_to_scanner(card)

    def amount(self, digits: str) -> None:
        for digit in digits:
            self._command(digit)

    def reward(self, position: int) -> None:
        self._command(f"REWARD{position}")

    def complete(self) -> None:
        self._command("OK")

    def undo(self) -> None:
        self._command("UNDO")

    def without_card(self) -> None:
        self._command("NOCARD")

    def sign_up(self, card: str, phone: str) -> None:
        del phone
        self._eyes.hold_card_to_scanner(card)
        self._eyes.wait_for("New card read.")
        self._command("OK")
