"""Which tills of the shop were asked for spend rights, and who may still answer.

Only in memory: a recall that a crash forgets is asked again with the next sale that needs it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import MemberId, StreamId, TillId
from pos_loyalty.store.hub_state import KnownStream
from pos_loyalty.wire.messages import SyncRequest

HERE_MS = 45_000
"""A till that was not heard of for so long is not waited for."""


@dataclass
class _Visitor:
    """A till that talks to the hub: what it was asked, and where in the feed."""

    till: TillId
    heard_ms: int
    asked: dict[MemberId, int] = field(default_factory=dict[MemberId, int])


@dataclass
class Recalls:
    """Keeps what is asked of whom. A recall leaves nothing of a member with the till asked."""

    clock: Clock
    _visitors: dict[StreamId, _Visitor] = field(default_factory=dict[StreamId, _Visitor])

    def heard(
        self, request: SyncRequest, till: TillId, *, cursor: int, known: KnownStream | None
    ) -> bool:
        """Note a visit; return whether it answered a recall.

        A till writes what it hands over in the transaction that stores the row asking for
        it. So one that has stored the row, and whose journal is here to its end, has
        nothing more to give.
        """
        now_ms = self.clock.monotonic_ms()
        visitor = self._visitors.setdefault(request.stream, _Visitor(till, now_ms))
        visitor.heard_ms = now_ms
        if known is None or known.held_seq < request.top:
            return False
        answered = [member for member, place in visitor.asked.items() if place <= cursor]
        for member in answered:
            del visitor.asked[member]
        return bool(answered)

    def others(self, asking: TillId) -> list[StreamId]:
        """Return the journals of the other tills that are here."""
        since_ms = self.clock.monotonic_ms() - HERE_MS
        gone = [key for key, visitor in self._visitors.items() if visitor.heard_ms < since_ms]
        for stream in gone:
            del self._visitors[stream]
        return sorted(key for key, visitor in self._visitors.items() if visitor.till != asking)

    def begin(self, stream: StreamId, member: MemberId, place: int) -> None:
        """Ask a till for a member's rights by the row at this place of its feed."""
        self._visitors[stream].asked[member] = place

    def is_open(self, member: MemberId) -> bool:
        """Whether anybody may still hand over rights of a member."""
        return any(member in visitor.asked for visitor in self._visitors.values())

    def of(self, stream: StreamId) -> Mapping[MemberId, int]:
        """Return what a till may keep of the members that it is asked for."""
        visitor = self._visitors.get(stream)
        return {} if visitor is None else dict.fromkeys(visitor.asked, 0)
