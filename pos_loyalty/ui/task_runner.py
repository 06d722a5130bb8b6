"""Work off the window's thread, its outcome back on it.

Each lane is one thread: what is asked of the till's database happens in order, a search does not
wait for a sale, and nothing of it can make the window stutter.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import TypeVar

from PySide6.QtCore import QObject, Qt, Signal

Result = TypeVar("Result")

_log = logging.getLogger(__name__)


class TaskRunner(QObject):
    """Runs work on lanes; callbacks arrive on the thread that made the runner."""

    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lanes: dict[str, ThreadPoolExecutor] = {}
        self._is_closed = False
        self._finished.connect(self._call_back, Qt.ConnectionType.QueuedConnection)

    def run(
        self,
        work: Callable[[], Result],
        *,
        on_success: Callable[[Result], None],
        on_failure: Callable[[Exception], None],
        lane: StrEnum | str = "store",
    ) -> None:
        """Do ``work`` after what its lane holds already, then call exactly one of the two."""
        if self._is_closed:
            return
        name = str(lane)
        if name not in self._lanes:
            self._lanes[name] = ThreadPoolExecutor(1, thread_name_prefix=f"till {name}")

        def task() -> None:
            self._finished.emit(_outcome(work, on_success, on_failure))

        self._lanes[name].submit(task)

    def close(self) -> None:
        """Finish what has begun, forget what waits, and call nobody back any more."""
        self._is_closed = True
        for lane in self._lanes.values():
            lane.shutdown(wait=True, cancel_futures=True)
        self._lanes.clear()

    def _call_back(self, callback: Callable[[], None]) -> None:
        if not self._is_closed:
            callback()


def _outcome(
    work: Callable[[], Result],
    on_success: Callable[[Result], None],
    on_failure: Callable[[Exception], None],
) -> Callable[[], None]:
    """Do the work and return the call that tells of its end."""
    try:
        result = work()
    except Exception as error:  # noqa: BLE001 - every failure must reach the counter in words
        failure = error
        if not hasattr(error, "code"):
            _log.exception("work failed")
        return lambda: on_failure(failure)
    return lambda: on_success(result)
