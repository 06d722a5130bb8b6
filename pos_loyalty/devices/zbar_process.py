"""Starts, asks and restarts the process of the second QR reader (see `zbar_worker`)."""

import logging
import struct
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pos_loyalty.devices.frames import Frame

_LOG: Final = logging.getLogger(__name__)

_START_SECONDS_MAX: Final = 10.0
_ANSWER_SECONDS_MAX: Final = 2.0
_STARTS_MAX: Final = 5
_STARTS_WINDOW_SECONDS: Final = 60.0
"""A reader that dies more often than this is left alone for a while: some code in view kills it."""
_TEXTS_MAX: Final = 64
_TEXT_BYTES_MAX: Final = 8_192


def worker_command() -> list[str]:
    """Return the command line of the worker."""
    if getattr(sys, "frozen", False):  # an installed bundle has no Python files: ask ourselves
        return [sys.executable, "zbar-worker"]
    return [sys.executable, str(Path(__file__).with_name("zbar_worker.py"))]


class ZbarProcess:
    """One worker process, made when first asked. Used by one thread at a time."""

    def __init__(self, command: Sequence[str] | None = None) -> None:
        self._command = list(command or worker_command())
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at: deque[float] = deque(maxlen=_STARTS_MAX)
        self.is_missing = False
        """Whether its library is absent on this machine; said once in the log."""

    def texts(self, gray: "Frame") -> list[str]:
        """Return the texts of the QR codes in a gray picture; nothing if the reader is in trouble.

        A reader that dies or hangs is started anew with the next picture.
        """
        process = self._running()
        if process is None:
            return []
        try:
            with _killed_after(process, _ANSWER_SECONDS_MAX):
                return self._ask(process, gray)
        except (OSError, EOFError):
            _LOG.info("the second QR reader died and will be started again")
            self.close()
            return []

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        for stream in filter(None, (process.stdin, process.stdout)):
            # A picture may be on its way that nobody will read.
            with suppress(OSError):
                stream.close()
        process.wait()

    def _running(self) -> subprocess.Popen[bytes] | None:
        """Return the process, started if need be and allowed."""
        if self.is_missing or self._process is not None:
            return self._process
        now = time.monotonic()
        is_dying_often = len(self._started_at) == _STARTS_MAX
        if is_dying_often and now - self._started_at[0] < _STARTS_WINDOW_SECONDS:
            return None
        self._started_at.append(now)
        try:
            self._process = self._start()
        except (OSError, EOFError):
            self.close()
        return self._process

    def _start(self) -> subprocess.Popen[bytes] | None:
        process = subprocess.Popen(  # noqa: S603 - the command is ours, no outside text in it
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._process = process
        with _killed_after(process, _START_SECONDS_MAX):
            status = _read_count(process)
        if status < 0:
            self.is_missing = True
            _LOG.warning("E-READER-LIMITED: the library zbar is missing")
            self.close()
        return self._process

    def _ask(self, process: subprocess.Popen[bytes], gray: "Frame") -> list[str]:
        assert process.stdin is not None
        height, width = gray.shape[:2]
        process.stdin.write(struct.pack(">II", height, width))
        process.stdin.write(gray.tobytes())
        process.stdin.flush()
        count = _read_count(process)
        if not 0 <= count <= _TEXTS_MAX:
            raise EOFError
        return [text for text in (_read_text(process) for _ in range(count)) if text]


@contextmanager
def _killed_after(process: subprocess.Popen[bytes], seconds: float) -> Generator[None]:
    """Kill the process if the block takes longer, so that no read waits for ever."""
    timer = threading.Timer(seconds, process.kill)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()


def _read_exactly(process: subprocess.Popen[bytes], length: int) -> bytes:
    assert process.stdout is not None
    raw = process.stdout.read(length)
    if len(raw) < length:
        raise EOFError
    return raw


def _read_count(process: subprocess.Popen[bytes]) -> int:
    return int.from_bytes(_read_exactly(process, 4), "big", signed=True)


def _read_text(process: subprocess.Popen[bytes]) -> str:
    length = _read_count(process)
    if not 0 <= length <= _TEXT_BYTES_MAX:
        raise EOFError
    return _read_exactly(process, length).decode("utf-8", "replace")
