"""What the server has in hand, and who comes again later: decided before any work is done.

A request that is turned away costs next to nothing, and is told when its turn is likely:
as if everybody who was turned away stood in one queue. Small requests have room of their
own, so that a till with a few sales is not kept waiting by others with a week of them.
"""

import math
import random
from collections.abc import Generator
from contextlib import contextmanager

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable

HAND_BYTES_MAX = 4 * 1024 * 1024
"""Bodies, compressed: some 80,000 sales, which are written well before a till loses patience."""
SMALL_BODY_BYTES = 8 * 1024
HAND_REQUESTS_MAX = 2_048
RETRY_AFTER_SECONDS_MAX = 30
_BYTES_PER_SECOND = 500_000.0
"""Until something was finished in this busy time."""
_MS_PER_SECOND = 1000


class ServerBusy(StoreUnavailable):
    """Too much is in hand; ``retry_after_seconds`` says when the till's turn is likely."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(Code.SERVER_BUSY)
        self.retry_after_seconds = retry_after_seconds


class Pressure:
    """Counts what is between the line and the books; one event loop uses it."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._requests = 0
        self._bytes = 0
        self._began_ms = 0
        self._finished = 0
        self._turned_away = 0

    @contextmanager
    def carry(self, size: int) -> Generator["Load"]:
        """Have a body of so many bytes in hand for the time of the block, or until put down.

        Raises:
            ServerBusy: too much is in hand already; nothing was done.
        """
        self._ensure_room(size)
        if not self._requests:
            self._began_ms, self._finished = self._clock.monotonic_ms(), 0
        self._turned_away = max(0, self._turned_away - size)
        self._requests += 1
        self._bytes += size
        load = Load(self, size)
        try:
            yield load
        finally:
            load.put_down()

    def finish(self, size: int) -> None:
        """Have a body of so many bytes in hand no more."""
        self._requests -= 1
        self._bytes -= size
        self._finished += size

    def _ensure_room(self, size: int) -> None:
        room = HAND_BYTES_MAX if size > SMALL_BODY_BYTES else 2 * HAND_BYTES_MAX
        fits = self._bytes + size <= room and self._requests < HAND_REQUESTS_MAX
        if fits or not self._requests:
            return
        self._turned_away += size
        raise ServerBusy(self._seconds_until_turn())

    def _seconds_until_turn(self) -> int:
        seconds = (self._clock.monotonic_ms() - self._began_ms) / _MS_PER_SECOND
        rate = self._finished / seconds if self._finished and seconds > 0 else _BYTES_PER_SECOND
        spread = random.uniform(0.5, 1.5)  # noqa: S311 - spreads the tills' next tries
        waiting = (self._bytes + self._turned_away) / rate
        return max(1, min(RETRY_AFTER_SECONDS_MAX, math.ceil(waiting * spread)))


class Load:
    """One body in hand."""

    def __init__(self, pressure: Pressure, size: int) -> None:
        self._pressure: Pressure | None = pressure
        self._size = size

    def put_down(self) -> None:
        """Make room: what is still to be done takes no work. Once is enough."""
        if self._pressure is not None:
            self._pressure.finish(self._size)
            self._pressure = None
