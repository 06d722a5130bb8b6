"""Time, ids and keys of a simulated shop: everything from the seed, nothing from the machine."""

import random
from dataclasses import dataclass, field

_VERSION_7 = 0x7000
_VARIANT = 0x8000_0000_0000_0000
_RANDOM_A_BITS = 12
_RANDOM_B_BITS = 62
_START_MS = 1_772_442_000_000
"""A Monday morning in March 2026, UTC."""
_OFFSET_MINUTES = 60


@dataclass
class WorldTime:
    """True time, in milliseconds since 1970; only the world moves it."""

    ms: int = _START_MS

    def pass_by(self, milliseconds: int) -> None:
        """Let time pass."""
        assert milliseconds >= 0
        self.ms += milliseconds


class SimulatedClock:
    """A machine's clocks: wrong by ``skew_ms``, and a monotonic one that begins at each start."""

    def __init__(self, time: WorldTime) -> None:
        self._time = time
        self._started_ms = time.ms
        self.skew_ms = 0

    def restart(self) -> None:
        """Begin the monotonic clock again, as a machine that was switched on."""
        self._started_ms = self._time.ms

    def now_ms(self) -> int:
        """Return milliseconds since 1970 as this machine believes; never before 1970."""
        return max(0, self._time.ms + self.skew_ms)

    def monotonic_ms(self) -> int:
        """Return milliseconds since the machine was switched on."""
        return self._time.ms - self._started_ms

    def offset_minutes(self, at_ms: int) -> int:
        """Return the shop's offset from UTC; the simulated shops know no summer."""
        del at_ms
        return _OFFSET_MINUTES


class SimulatedIds:
    """UUIDv7 ids and random bytes from a seed. Within one process ids only rise."""

    def __init__(self, seed: str, clock: SimulatedClock) -> None:
        self._random = random.Random(seed)
        self._clock = clock
        self._last_ms = 0

    def next_id(self) -> str:
        """Return a UUIDv7 as 32 hex characters."""
        self._last_ms = max(self._last_ms, self._clock.now_ms())
        high = (self._last_ms << 16) | _VERSION_7 | self._random.getrandbits(_RANDOM_A_BITS)
        low = _VARIANT | self._random.getrandbits(_RANDOM_B_BITS)
        return f"{high:016x}{low:016x}"

    def random_bytes(self, count: int) -> bytes:
        """Return bytes that only the seed knows."""
        return self._random.randbytes(count)


@dataclass
class SimulatedKeys:
    """A key store in memory; a cloned machine has the same one."""

    keys: dict[str, bytes] = field(default_factory=dict[str, bytes])

    @property
    def place(self) -> str:
        """Say in words where the keys are."""
        return "memory of the simulator"

    def read(self, database_id: str) -> bytes | None:
        """Return the key, or None."""
        return self.keys.get(database_id)

    def write(self, database_id: str, key: bytes) -> None:
        """Keep a key."""
        self.keys[database_id] = key
