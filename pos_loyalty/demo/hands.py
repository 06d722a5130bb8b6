"""A cashier's hands: keys, taps and patience, sent to the real window as a person would."""

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QEventLoop, QPointF, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from pos_loyalty.demo.folder import DemoFailed
from pos_loyalty.demo.screen import Screen
from pos_loyalty.demo.stop import Stop

PATIENCE_SECONDS: Final = 60.0
"""Nothing takes this long unless something is broken; a busy machine is no failure."""
_LOOK_MS: Final = 4
_NO_MODIFIER: Final = Qt.KeyboardModifier.NoModifier
_KEYS: Final = {
    "Enter": Qt.Key.Key_Return,
    "Esc": Qt.Key.Key_Escape,
    "Down": Qt.Key.Key_Down,
} | {f"F{number}": Qt.Key(Qt.Key.Key_F1.value + number - 1) for number in range(1, 13)}


def look_until(is_so: Callable[[], bool], stop: Stop, *, seconds: float = PATIENCE_SECONDS) -> bool:
    """Let the window live until something is so or the time is up; return whether it is.

    Raises:
        KeyboardInterrupt: somebody wants the demo to end.
    """
    stop.check()
    if is_so():
        return True
    end = time.monotonic() + seconds
    loop = QEventLoop()
    timer = QTimer()

    def look() -> None:
        if is_so() or stop.is_asked or time.monotonic() > end:
            loop.quit()

    timer.timeout.connect(look)
    timer.start(_LOOK_MS)
    loop.exec()
    timer.stop()
    stop.check()
    return is_so()


class Hands:
    """Presses keys and taps on one window; what follows is waited for by looking at the screen."""

    def __init__(self, screen: Screen, stop: Stop) -> None:
        self._screen = screen
        self._stop = stop

    def press(self, name: str) -> None:
        """Press a key that types nothing."""
        self._key(_KEYS[name], "")

    def type(self, text: str) -> None:
        """Press one key after the other, as fast as a scanner does."""
        for sign in text:
            key = Qt.Key(ord(sign.upper())) if sign.isascii() else Qt.Key.Key_unknown
            self._key(key, sign)

    def tap(self, widget: QWidget) -> None:
        """Tap the middle of a button."""
        middle = QPointF(widget.rect().center())
        on_screen = QPointF(widget.mapToGlobal(widget.rect().center()))
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        for kind, held in (
            (QEvent.Type.MouseButtonPress, left),
            (QEvent.Type.MouseButtonRelease, none),
        ):
            event = QMouseEvent(kind, middle, on_screen, left, held, _NO_MODIFIER)
            QApplication.sendEvent(widget, event)

    def wait_for(self, is_so: Callable[[], bool], what: str) -> None:
        """Look at the screen until something is so.

        Raises:
            DemoFailed: it did not come about; names what, and what the strip says instead.
        """
        if not self.wait_at_most(PATIENCE_SECONDS, is_so):
            raise DemoFailed(f"Waited in vain for {what}; the strip says: {self._screen.strip}")

    def wait_at_most(self, seconds: float, is_so: Callable[[], bool]) -> bool:
        """Look at the screen until something is so or the time is up; return whether it is."""
        return look_until(is_so, self._stop, seconds=seconds)

    def _key(self, key: Qt.Key, text: str) -> None:
        receiver = QApplication.focusWidget() or self._screen.window.view
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            QApplication.sendEvent(receiver, QKeyEvent(kind, key, _NO_MODIFIER, text))
