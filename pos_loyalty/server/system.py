"""The machine's clock and randomness, as the protocols of the domain."""

import os
import time
from datetime import UTC, datetime

_RANDOM_BYTES = 10
_VERSION_7 = 0x7 << 76
_VARIANT = 0x2 << 62
_RANDOM_A = 0xFFF << 64
_RANDOM_B = (1 << 62) - 1


class SystemClock:
    """The clocks of this machine."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 in UTC."""
        return time.time_ns() // 1_000_000

    def monotonic_ms(self) -> int:
        """Return milliseconds since some start; never goes back."""
        return time.monotonic_ns() // 1_000_000

    def offset_minutes(self, at_ms: int) -> int:
        """Return this machine's offset from UTC at that moment."""
        offset = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone().utcoffset()
        return 0 if offset is None else int(offset.total_seconds()) // 60


class SystemIds:
    """Ids and random bytes from the operating system."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock

    def next_id(self) -> str:
        """Return a UUIDv7 as 32 hex characters."""
        random = int.from_bytes(os.urandom(_RANDOM_BYTES), "big")
        high = (random >> 4) & _RANDOM_A
        value = self._clock.now_ms() << 80 | _VERSION_7 | high | _VARIANT | (random & _RANDOM_B)
        return f"{value:032x}"

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that nobody can guess."""
        return os.urandom(count)
