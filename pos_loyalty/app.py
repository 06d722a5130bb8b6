"""Composition root of the window: paints first, then opens the till and connects everything.

Only what the first picture needs is imported before it; the counter takes its place, and the rest
is imported and the till is opened on a lane of the runner, so that the window is there at once.
"""

import importlib
from typing import TYPE_CHECKING, NamedTuple

from PySide6 import QtCore
from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from pos_loyalty.ui.fonts import load_first_fonts
from pos_loyalty.ui.look import Mode
from pos_loyalty.ui.main_window import MainWindow, first_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    from pos_loyalty.devices.camera_sources import FrameSource
    from pos_loyalty.till import Till
    from pos_loyalty.ui.camera_scanner import CameraScanner
    from pos_loyalty.ui.error_dialog import LastResort
    from pos_loyalty.ui.presenters.counter_presenter import CounterPresenter
    from pos_loyalty.ui.task_runner import TaskRunner

_NEEDED_LATER = (
    "pos_loyalty.ui.presenters.counter_presenter",
    "pos_loyalty.ui.presenters.till_services",
)
_WAKE_MS = 200
"""How often Python looks up from Qt's loop: an end signal from outside is heard this soon."""
_HEADLESS = "This till runs without a picture. Ctrl-C stops it."


class WindowSettings(NamedTuple):
    """How the window is to look and where its camera is.

    ``make_source`` is called each time the camera is switched on.
    """

    make_source: "Callable[[], FrameSource]"
    theme: Mode = Mode.SYSTEM
    is_headless: bool = False
    """Nobody can see the window or close it: it ends by itself where the till cannot be opened."""


class TillWindow(QObject):
    """One window with everything behind it, from the first picture to the last."""

    opened = Signal()
    """The counter works."""
    _changed = Signal()
    """The till heard from its server; emitted on the engine's thread."""
    refused = Signal(object)
    """The till could not be opened; the exception. The window says why."""

    def __init__(self, open_till: "Callable[[], Till]", settings: WindowSettings) -> None:
        """Make the window; nothing is opened before `start`."""
        super().__init__()
        self._open_till = open_till
        self._is_closed = False
        self._settings = settings
        self.window = MainWindow(settings.theme)
        self.window.resize(*first_size())
        self.runner: TaskRunner | None = None
        self.camera: CameraScanner | None = None
        self.presenter: CounterPresenter | None = None
        self.till: Till | None = None
        self._last_resort: LastResort | None = None

    def start(self) -> None:
        """Show the window; the till opens as soon as it is painted."""
        self.window.painted.connect(self._open)
        self.window.appear()

    def close(self) -> None:
        """Finish what is being saved, close the till, and let the window go."""
        self._is_closed = True
        self.window.stop()
        if self.runner is not None:
            self.runner.close()
        if self.camera is not None:
            self.camera.close()
        if self._last_resort is not None:
            self._last_resort.remove()
        self.window.hide()
        if self.till is not None:
            self.till.sync.on_change.clear()
            self.till.close()
            self.till = None
        # Ended by Qt on this thread: Python's collector may come by on any other.
        self.window.deleteLater()
        self.deleteLater()

    def _open(self) -> None:
        """Begin with everything that the first picture did not need, the counter before all."""
        if self._is_closed:
            return
        from pos_loyalty.ui.error_dialog import LastResort

        self._last_resort = LastResort(report=_report, on_fault=self._fault, parent=self)
        self._last_resort.install()
        self._furnish()
        # Painted before the lane begins: two threads of Python make each other wait.
        QTimer.singleShot(0, self, self._open_on_a_lane)

    def _open_on_a_lane(self) -> None:
        if self._is_closed:
            return
        from pos_loyalty.ui.task_runner import TaskRunner

        self.runner = TaskRunner(self)

        def work() -> "Till":
            # Off the window's thread, as this is what a start waits for.
            for module in _NEEDED_LATER:
                importlib.import_module(module)
            till = self._open_till()
            till.sync.on_change.append(self._changed.emit)
            till.sync.start()
            # Kept from here on, so that a window closed meanwhile closes the till as well.
            self.till = till
            return till

        self.runner.run(work, on_success=self._connect, on_failure=self._cannot_open)

    def _furnish(self) -> None:
        """Put the counter in the place of the first picture."""
        from pos_loyalty.ui.fonts import load_fonts
        from pos_loyalty.ui.presenters.starting_screen import starting_screen
        from pos_loyalty.ui.theme import Theme

        load_fonts()
        theme = Theme(mode=self._settings.theme, parent=self)
        theme.apply_to(application())
        self.window.furnish(theme)
        self.window.show_screen(starting_screen())

    def _connect(self, till: "Till") -> None:
        from pos_loyalty.domain.ids import SaleId
        from pos_loyalty.services.system_sources import SystemClock
        from pos_loyalty.ui.camera_scanner import CameraScanner
        from pos_loyalty.ui.presenters.counter_presenter import CounterPresenter
        from pos_loyalty.ui.presenters.till_services import TillServices

        assert self.runner is not None
        ids = till.context.ids
        clock = SystemClock()
        self.camera = CameraScanner(self.runner, self._settings.make_source, self)
        presenter = CounterPresenter(
            services=TillServices(till),
            view=self.window,
            window=self.window,
            runner=self.runner,
            sounds=self.window,
            clock=clock,
            new_sale_id=lambda: SaleId(ids.next_id()),
        )
        self.presenter = presenter
        self.window.connect_presenter(presenter, self.camera, clock)
        self._changed.connect(presenter.data_changed, QtCore.Qt.ConnectionType.QueuedConnection)
        presenter.start()
        self.opened.emit()

    def _cannot_open(self, error: Exception) -> None:
        from pos_loyalty.domain.error_catalog import CATALOG, Code
        from pos_loyalty.domain.errors import LoyaltyError
        from pos_loyalty.ui.presenters.starting_screen import cannot_open_screen

        code = error.code if isinstance(error, LoyaltyError) else Code.PROGRAM_FAULT
        facts = error.facts if isinstance(error, LoyaltyError) else {}
        entry = CATALOG[code]
        sentence = entry.sentence({"owner": "the owner"} | facts)
        self.window.show_screen(cannot_open_screen(sentence, entry.next_step))
        self.refused.emit(error)

    def _fault(self) -> None:
        if self.presenter is not None:
            self.presenter.fault()


def application() -> QApplication:
    """Return the one application, with the fonts of the first picture."""
    existing = QApplication.instance()
    if isinstance(existing, QApplication):
        return existing
    made = QApplication(["pos-loyalty"])
    made.setApplicationName("pos-loyalty")
    made.setApplicationDisplayName("Loyalty till")
    load_first_fonts()
    return made


def run_till_window(open_till: "Callable[[], Till]", settings: WindowSettings) -> int:
    """Show the till's window until it is closed, or the process is asked to end.

    Returns:
        The exit code 0.

    Raises:
        Exception: why the till could not be opened; the window has said it, too.
        KeyboardInterrupt: Ctrl-C was pressed; everything is saved, and the till is closed.
    """
    import signal

    qt = application()
    till_window = TillWindow(open_till, settings)
    refusals: list[Exception] = []
    till_window.refused.connect(refusals.append)
    if settings.is_headless:
        till_window.refused.connect(qt.quit)
        till_window.opened.connect(_say_headless)
    till_window.window.closed.connect(qt.quit)
    asked: list[int] = []

    def end(number: int, frame: "FrameType | None") -> None:
        del frame
        asked.append(number)
        qt.quit()

    wake = QTimer(till_window)
    wake.timeout.connect(_look_up)
    wake.start(_WAKE_MS)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    till_window.start()
    qt.exec()
    till_window.close()
    if refusals:
        raise refusals[0]
    if signal.SIGINT in asked:
        raise KeyboardInterrupt
    return 0


def _say_headless() -> None:
    import sys

    sys.stderr.write(f"{_HEADLESS}\n")
    sys.stderr.flush()


def _look_up() -> None:
    """Let Python see its signals."""


def _report(error: BaseException) -> None:
    from pos_loyalty.services.logging_setup import report_fault

    report_fault(error)
