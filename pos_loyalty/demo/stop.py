"""Ends the demo at once when it is asked to, with everything that it started."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import Final, Self

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stop:
    """Hears Ctrl-C and the request to end while it is entered; use it on the main thread.

    Both become a `KeyboardInterrupt`, so that everything that is open is closed on the way out.
    Qt loses what is raised while it calls Python: there it is noted, and raised by `check`.
    """

    def __init__(self) -> None:
        self._is_asked = False
        self._is_in_window = False
        self._before = {number: signal.getsignal(number) for number in _SIGNALS}

    @property
    def is_asked(self) -> bool:
        """Return whether somebody wants the demo to end."""
        return self._is_asked

    def check(self) -> None:
        """Raise `KeyboardInterrupt` if somebody wants the demo to end; not to be called by Qt."""
        if self._is_asked:
            raise KeyboardInterrupt

    @contextmanager
    def in_window(self) -> Generator[None]:
        """Only note the wish while Qt may call Python; raise in the end, if nobody has before."""
        self._is_in_window = True
        try:
            yield
        finally:
            self._is_in_window = False
        self.check()

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _hear(self, number: int, frame: FrameType | None) -> None:
        """Take the first wish; a second one must not break off the closing."""
        del number, frame
        if self._is_asked:
            return
        self._is_asked = True
        if not self._is_in_window:
            self.check()
