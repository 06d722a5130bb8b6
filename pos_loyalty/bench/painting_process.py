"""A process that shows one window, says when it was painted and what it took, and ends.

    python -m pos_loyalty.bench.painting_process bare WIDTH HEIGHT
    python -m pos_loyalty.bench.painting_process till DATA KEYS

Only what the window needs is imported before it is painted: the start is measured.
"""

import os
import sys
import time
from pathlib import Path  # PySide6 imports it, too: it costs neither window anything
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"

_STATUS = Path("/proc/self/status")

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from pos_loyalty.devices.camera_sources import FrameSource
    from pos_loyalty.till import Till
    from pos_loyalty.ui.main_window import MainWindow


def main(kind: str, first: str, second: str) -> None:
    """Show the window of this kind until it is painted; the till's until it can sell."""
    if kind == "bare":
        _show_bare(int(first), int(second))
    else:
        _show_till(first, second)


def _show_bare(width: int, height: int) -> None:
    from PySide6.QtCore import QTimer
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QApplication, QMainWindow

    class Bare(QMainWindow):
        """Does what every window does, and notes its first picture as the till's does."""

        def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
            super().paintEvent(event)
            QTimer.singleShot(0, painted)

    def painted() -> None:
        _say("painted", window)
        qt.quit()

    qt = QApplication(["bare"])
    window = Bare()
    window.resize(width, height)
    window.show()
    qt.exec()


def _show_till(data: str, keys: str) -> None:
    from pos_loyalty.app import TillWindow, WindowSettings, application

    def open_it() -> "Till":
        from pathlib import Path

        from pos_loyalty.store.keys import FileKeys
        from pos_loyalty.till import open_till

        return open_till(Path(data), keys=FileKeys(Path(keys)))

    def opened() -> None:
        _say("opened", till_window.window)
        qt.quit()

    def refused(error: Exception) -> None:
        qt.exit(1)
        raise error

    qt = application()
    till_window = TillWindow(open_it, WindowSettings(_no_camera))
    # Before the start, so that it is heard before the till begins with what comes next.
    till_window.window.painted.connect(lambda: _say("painted", till_window.window))
    till_window.opened.connect(opened)
    till_window.refused.connect(refused)
    till_window.start()
    till_window.window.painted.connect(lambda: _say_when_counter_is_painted(till_window.window))
    exit_code = qt.exec()
    till_window.close()
    sys.exit(exit_code)


def _say_when_counter_is_painted(window: "MainWindow") -> None:
    """Watch the counter, which is there by now but not on screen."""
    from PySide6.QtCore import QEvent, QObject, QTimer

    class Watcher(QObject):
        """Tells of the first picture of what it watches."""

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
            if event.type() == QEvent.Type.Paint:
                watched.removeEventFilter(self)
                QTimer.singleShot(0, lambda: _say("furnished", window))
            return False

    window.view.installEventFilter(Watcher(window))


def _no_camera() -> "FrameSource":
    """Nobody switches the camera on here."""
    raise NotImplementedError


def _say(moment: str, window: "QMainWindow") -> None:
    """Take the moment and the memory at once, as the till goes on opening; then print both."""
    at_ns, cpu_ns = time.monotonic_ns(), time.process_time_ns()
    status = _STATUS.read_text(encoding="ascii", errors="replace")
    from pos_loyalty.bench.measuring import peak_mb_in

    peak_mb = peak_mb_in(status)
    size = window.width(), window.height()
    print(moment, at_ns, cpu_ns, peak_mb, *size, flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main(*sys.argv[1:4])
