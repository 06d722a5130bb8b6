"""What a till remembers of its shop's hub while that stands in for the server: only in memory.

Nothing here moves the till's acknowledgement. It keeps events and personal fields from
being sent to the hub twice; the server's next answer ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pos_loyalty.domain.ids import EventId
from pos_loyalty.store.sync_state import Waiting
from pos_loyalty.wire.messages import ProfileChange, SyncReply, SyncRequest


@dataclass
class HubTalk:
    """``held`` is how far the hub keeps our journal, ``cursor`` our place in its feed."""

    held: int = 0
    cursor: str = ""
    _profiles: set[EventId] = field(default_factory=set[EventId])

    def took(self, request: SyncRequest, reply: SyncReply) -> None:
        """The hub has kept a request, and we its rows."""
        self.held = reply.held
        self.cursor = reply.cursor
        if not request.events or reply.held >= request.from_seq - 1 + len(request.events):
            self._profiles.update(change.change for change in request.profiles)

    def server_answered(self) -> None:
        """From now on the server says what it has."""
        self.held = 0
        self._profiles.clear()

    def unseen(self, profiles: Sequence[ProfileChange]) -> tuple[ProfileChange, ...]:
        """Return the personal fields that the hub does not have."""
        return tuple(change for change in profiles if change.change not in self._profiles)

    def has_unsent(self, waiting: Waiting) -> bool:
        """Tell whether something waits that neither the server nor the hub has."""
        last_seq = waiting.acked_seq + waiting.events
        has_events = last_seq > max(waiting.acked_seq, self.held)
        return has_events or waiting.profiles > len(self._profiles)
