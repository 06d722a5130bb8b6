"""The machine's own clock and randomness, behind the protocols that rules and tests know."""

import secrets
import threading
import time

_VERSION_7 = 0x7000
_VARIANT = 0x8000_0000_0000_0000
_RANDOM_B_BITS = 62
_RANDOM_A_MASK = (1 << 12) - 1
_RANDOM_B_MASK = (1 << _RANDOM_B_BITS) - 1
_RANDOM_BYTES = 10
_QUARTER_MS = 15 * 60 * 1000


class SystemClock:
    """The machine's clocks; the one place that reads them."""

    def __init__(self) -> None:
        self._offset: tuple[int, int] = (-1, 0)

    def now_ms(self) -> int:
        """Return milliseconds since 1970 in UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds that never go back while the machine runs."""
        return time.monotonic_ns() // 1_000_000

    def offset_minutes(self, at_ms: int) -> int:
        """Return this machine's offset from UTC at that moment, in minutes east.

        Clocks change on a quarter of an hour, so within one the machine is asked once: it
        looks its zone up on the disk each time.
        """
        quarter, minutes = self._offset
        if at_ms // _QUARTER_MS != quarter:
            quarter = at_ms // _QUARTER_MS
            minutes = time.localtime(at_ms // 1000).tm_gmtoff // 60
            self._offset = (quarter, minutes)
        return minutes


class SystemIds:
    """UUIDv7 ids (RFC 9562) with random parts from the operating system.

    Within one process ids only rise, even when the clock steps back: the journal's
    index then grows at its end.
    """

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last_ms = 0

    def next_id(self) -> str:
        """Return a UUIDv7 as 32 hex characters."""
        with self._lock:
            self._last_ms = max(self._last_ms, self._clock.now_ms())
            at_ms = self._last_ms
        chance = int.from_bytes(secrets.token_bytes(_RANDOM_BYTES))
        high = (at_ms << 16) | _VERSION_7 | (chance >> _RANDOM_B_BITS & _RANDOM_A_MASK)
        low = _VARIANT | (chance & _RANDOM_B_MASK)
        return f"{high:016x}{low:016x}"

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can guess."""
        return secrets.token_bytes(count)
