import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from pos_loyalty.ui.error_dialog import LastResort


class _Button(QObject):
    pressed = Signal()


class Watch:
    """A last resort whose calls are noted."""

    def __init__(self) -> None:
        self.reported: list[str] = []
        self.said: list[int] = []
        self.last_resort = LastResort(
            report=lambda error: self.reported.append(type(error).__name__),
            on_fault=lambda: self.said.append(threading.get_ident()),
        )


def _fail() -> None:
    raise LookupError("in a slot")


def test_F62_a_fault_in_a_slot_is_logged_and_said_and_the_next_press_works(qtbot: QtBot) -> None:
    watch, button = Watch(), _Button()
    worked: list[str] = []
    before = sys.excepthook
    watch.last_resort.install()
    button.pressed.connect(_fail)
    button.pressed.connect(lambda: worked.append("next slot"))

    button.pressed.emit()
    qtbot.waitUntil(lambda: len(watch.said) == 1)
    watch.last_resort.remove()

    assert watch.reported == ["LookupError"]
    assert worked == ["next slot"]
    assert sys.excepthook is before


def test_F62_a_fault_on_another_thread_is_said_on_this_one(qtbot: QtBot) -> None:
    watch = Watch()
    watch.last_resort.install()
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()

    qtbot.waitUntil(lambda: watch.said == [threading.get_ident()])
    watch.last_resort.remove()

    assert watch.reported == ["LookupError"]


def test_stopping_from_the_keyboard_is_no_fault() -> None:
    watch = Watch()
    passed_on: list[type[BaseException]] = []

    def take(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        del error, trace
        passed_on.append(kind)

    before, sys.excepthook = sys.excepthook, take
    watch.last_resort.install()

    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    watch.last_resort.remove()
    sys.excepthook = before

    assert passed_on == [KeyboardInterrupt]
    assert watch.reported == []
