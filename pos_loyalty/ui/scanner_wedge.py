"""The one event filter on the application that tells a hand scanner from typing.

Feeds `devices/wedge_parser`, which holds keys back until it is clear who types. What a person typed
goes to the keyboard's own rules and then to the focused widget, in order; what a scanner typed
comes out as a scan and reaches no widget.
"""

from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

from pos_loyalty.devices.physical_keys import us_character
from pos_loyalty.devices.wedge_parser import (
    KeyKind,
    Keystroke,
    Outcome,
    Replay,
    Scan,
    WedgeParser,
    WedgeTiming,
)
from pos_loyalty.domain.clock import Clock
from pos_loyalty.ui.keyboard import is_command, key_number, numbering_here

_Key = Qt.Key
_MODIFIERS: Final = frozenset(
    {
        _Key.Key_Shift,
        _Key.Key_Control,
        _Key.Key_Alt,
        _Key.Key_AltGr,
        _Key.Key_Meta,
        _Key.Key_CapsLock,
        _Key.Key_NumLock,
        _Key.Key_ScrollLock,
        _Key.Key_Super_L,
        _Key.Key_Super_R,
    }
)
_ENDS: Final = frozenset({_Key.Key_Return, _Key.Key_Enter, _Key.Key_Tab})


class ScannerWedge(QObject):
    """Watches the keys of one window."""

    scanned = Signal(tuple)
    """How the keystrokes of a scan may be read, best first."""

    def __init__(
        self,
        window: QWidget,
        take_key: Callable[[QKeyEvent], bool],
        clock: Clock,
        *,
        timing: WedgeTiming | None = None,
    ) -> None:
        """Start to watch.

        Args:
            window: only keys that go to it or to widgets in it are looked at.
            take_key: handles a key that a person pressed; returns whether it is done with.
            clock: its monotonic time measures the gaps.
            timing: how fast a scanner of this till is, if it was measured.
        """
        super().__init__(window)
        self._window = window
        self._take_key = take_key
        self._clock = clock
        self._numbering = numbering_here()
        self._parser = WedgeParser(self._numbering, timing)
        self._held: set[int] = set()
        self._is_replaying = False
        self._silence = QTimer(self)
        self._silence.setSingleShot(True)
        self._silence.setTimerType(Qt.TimerType.PreciseTimer)
        self._silence.timeout.connect(self._silent)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    def stop(self) -> None:
        """Stop to watch."""
        self._silence.stop()
        application = QApplication.instance()
        if application is not None:
            application.removeEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Look at every key before its widget does."""
        if not isinstance(event, QKeyEvent) or not self._is_first_receiver(watched):
            return False
        if event.type() == QEvent.Type.KeyPress:
            return self._pressed(event)
        if event.type() == QEvent.Type.KeyRelease and event.key() in self._held:
            # Its press is held back or was a scanner's; a replay brings a release of its own.
            if not event.isAutoRepeat():
                self._held.discard(event.key())
            return True
        return False

    def _is_first_receiver(self, watched: QObject) -> bool:
        """Skip the native window, which sees a key first, and parents, which see it again."""
        if self._is_replaying or not isinstance(watched, QWidget):
            return False
        if watched.window() is not self._window:
            return False
        focused = QApplication.focusWidget()
        return focused is None or watched is focused or not watched.isAncestorOf(focused)

    def _pressed(self, event: QKeyEvent) -> bool:
        outcome = self._parser.press(self._keystroke(event))
        self._act(outcome)
        self._wake_at_deadline()
        if not outcome.is_passed_on:
            self._held.add(event.key())
            return True
        return self._take_key(event)

    def _keystroke(self, event: QKeyEvent) -> Keystroke:
        number = key_number(event, self._numbering)
        text = event.text() if event.text().isprintable() else ""
        return Keystroke(
            at_ms=self._clock.monotonic_ms(),
            kind=self._kind(event, number, text),
            text=text,
            key_number=number,
            is_shifted=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier),
            is_command=is_command(event),
            is_auto_repeat=event.isAutoRepeat(),
            origin=_again(event, QEvent.Type.KeyPress),
        )

    def _kind(self, event: QKeyEvent, number: int, text: str) -> KeyKind:
        key = event.key()
        if key in _MODIFIERS:
            return KeyKind.MODIFIER
        if key in _ENDS and not is_command(event):
            return KeyKind.END
        is_typing = bool(text) or us_character(self._numbering, number, is_shifted=False)
        return KeyKind.CHARACTER if is_typing else KeyKind.OTHER

    def _wake_at_deadline(self) -> None:
        deadline_ms = self._parser.deadline_ms
        if deadline_ms is None:
            self._silence.stop()
        else:
            self._silence.start(max(0, deadline_ms - self._clock.monotonic_ms()))

    def _silent(self) -> None:
        self._act(self._parser.silence(self._clock.monotonic_ms()))
        self._wake_at_deadline()

    def _act(self, outcome: Outcome) -> None:
        for action in outcome.actions:
            if isinstance(action, Scan):
                self.scanned.emit(action.texts)
            else:
                self._replay(action)

    def _replay(self, replay: Replay) -> None:
        """Hand on what a person typed, each key to whoever has the focus at its turn."""
        for keystroke in replay.keystrokes:
            event = keystroke.origin
            assert isinstance(event, QKeyEvent)
            if not self._take_key(event):
                self._send(event)

    def _send(self, event: QKeyEvent) -> None:
        receiver = QApplication.focusWidget() or self._window
        if receiver.window() is not self._window:
            return
        self._is_replaying = True
        try:
            QApplication.sendEvent(receiver, event)
            QApplication.sendEvent(receiver, _again(event, QEvent.Type.KeyRelease))
        finally:
            self._is_replaying = False


def _again(event: QKeyEvent, kind: QEvent.Type) -> QKeyEvent:
    """Return a copy that outlives the original."""
    return QKeyEvent(
        kind,
        event.key(),
        event.modifiers(),
        event.nativeScanCode(),
        event.nativeVirtualKey(),
        event.nativeModifiers(),
        event.text(),
        event.isAutoRepeat(),
        event.count(),
    )
