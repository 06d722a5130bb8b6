"""The last resort: a fault in our own code is logged and said on the strip; the sale stays.

There is no dialog, whatever the name of such things elsewhere: nothing may cover a sale. Qt goes on
after an exception in a slot, so the counter stays as it was and the cashier can go on.
"""

import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal


class LastResort(QObject):
    """Catches what nobody caught, on every thread, from `install` to `remove`."""

    _met = Signal()

    def __init__(
        self,
        *,
        report: Callable[[BaseException], None],
        on_fault: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        """Be ready.

        Args:
            report: writes the fault to the log, without personal data; any thread.
            on_fault: says on the strip what is true; called on the window's thread.
            parent: the Qt parent.
        """
        super().__init__(parent)
        self._report = report
        self._on_fault = on_fault
        self._before = (sys.excepthook, threading.excepthook)
        self._is_telling = False
        self._met.connect(self._tell, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Take faults from now on."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._uncaught
        threading.excepthook = self._uncaught_in_thread

    def remove(self) -> None:
        """Leave faults to whoever took them before."""
        sys.excepthook, threading.excepthook = self._before

    def _uncaught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        self._report(error)
        self._met.emit()

    def _uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None:
            self._report(arguments.exc_value)
            self._met.emit()

    def _tell(self) -> None:
        if self._is_telling:
            return
        # Saying it may meet the same fault again; once is enough.
        self._is_telling = True
        try:
            self._on_fault()
        finally:
            self._is_telling = False
