"""The two clocks that the product reads, as one protocol."""

from typing import Protocol


class Clock(Protocol):
    """Tells the time; the only way to the machine's clocks."""

    def now_ms(self) -> int:
        """Return milliseconds since 1970 in UTC, as the machine believes."""
        ...

    def monotonic_ms(self) -> int:
        """Return milliseconds since some start; never goes back."""
        ...

    def offset_minutes(self, at_ms: int) -> int:
        """Return the shop's offset from UTC at that moment, in minutes east."""
        ...
