"""What is known of the line: contact, trouble, and how long something waits unsent."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.sync.exchange import Outcome

_MS_PER_MINUTE = 60_000


@dataclass(frozen=True)
class LineStatus:
    """One moment. Times are milliseconds of this till's clock; ``unsent_for_ms`` is a span.

    ``clock_off_minutes`` is how far this till's clock is from the server's, either way.
    ``at_hub``: the server does not answer, the shop's hub stands in for it.
    """

    online: bool = False
    last_contact_ms: int | None = None
    offline_since_ms: int | None = None
    sending_since_ms: int | None = None
    unsent_for_ms: int = 0
    failed_tries: int = 0
    trouble: Code | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    clock_off_minutes: int = 0
    at_hub: bool = False


class LineWatch:
    """Keeps the status; written by the engine, read by anybody.

    Spans are measured with the clock that never goes back.
    """

    def __init__(self, clock: Clock, on_change: Callable[[], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._lock = threading.Lock()
        self._status = LineStatus()
        self._unsent_since: tuple[int, int] | None = None
        """Monotonic time since the same event is the oldest unsent one, and its seq."""
        self._moved: object = None
        self._moved_at_ms = clock.monotonic_ms()

    @property
    def status(self) -> LineStatus:
        """The status now."""
        with self._lock:
            status, since = self._status, self._unsent_since
        if since is None:
            return status
        return replace(status, unsent_for_ms=self._clock.monotonic_ms() - since[0])

    @property
    def stalled_ms(self) -> int:
        """For how long the server has answered without anything moving, while events wait."""
        with self._lock:
            if self._unsent_since is None:
                return 0
            return self._clock.monotonic_ms() - self._moved_at_ms

    def unsent(self, *, waits: bool, acked_seq: int) -> None:
        """Note whether something waits to be sent, and above which seq."""
        with self._lock:
            if not waits:
                self._unsent_since = None
                self._status = replace(self._status, sending_since_ms=None)
                return
            if self._unsent_since is None or self._unsent_since[1] != acked_seq:
                self._unsent_since = (self._clock.monotonic_ms(), acked_seq)
            if self._status.sending_since_ms is None:
                self._status = replace(self._status, sending_since_ms=self._clock.now_ms())

    def answered(self, outcome: Outcome) -> None:
        """Note a usable answer."""
        minutes = abs(outcome.clock_offset_ms or 0) // _MS_PER_MINUTE
        with self._lock:
            before = self._status
            moved = (outcome.moved, self._unsent_since)
            if moved != self._moved or self._unsent_since is None:
                self._moved, self._moved_at_ms = moved, self._clock.monotonic_ms()
            self._status = replace(
                before,
                online=True,
                last_contact_ms=self._clock.now_ms(),
                offline_since_ms=None,
                failed_tries=0,
                trouble=Code.UPDATE_NEEDED if outcome.update_needed else None,
                facts={},
                clock_off_minutes=minutes,
                at_hub=False,
            )
        if not before.online or before.trouble or outcome.rows or outcome.appended:
            self._on_change()

    def held(self, outcome: Outcome) -> None:
        """Note that the shop's hub answered in place of the server, which has heard of nothing."""
        with self._lock:
            before = self._status
            self._moved_at_ms = self._clock.monotonic_ms()
            self._status = replace(
                before,
                online=False,
                at_hub=True,
                offline_since_ms=before.offline_since_ms or self._clock.now_ms(),
                failed_tries=before.failed_tries + 1,
                trouble=Code.SERVER_SILENT,
                facts={},
            )
        if not before.at_hub or outcome.rows or outcome.appended:
            self._on_change()

    def failed(self, error: LoyaltyError) -> int:
        """Note a failed try; return how many there were in a row."""
        with self._lock:
            before = self._status
            self._moved_at_ms = self._clock.monotonic_ms()
            self._status = replace(
                before,
                online=False,
                at_hub=False,
                offline_since_ms=before.offline_since_ms or self._clock.now_ms(),
                failed_tries=before.failed_tries + 1,
                trouble=error.code,
                facts=dict(error.facts),
            )
        if before.online or before.trouble is not error.code:
            self._on_change()
        return before.failed_tries + 1
