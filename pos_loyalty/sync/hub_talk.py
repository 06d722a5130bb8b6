"""What a till remembers of its shop's hub while that stands in for the server: only in memory.

Nothing here moves the till's acknowledgement. It keeps events and personal fields from
being sent to the hub twice; the server's next answer ends it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from pos_loyalty.domain.ids import EventId
from pos_loyalty.wire.messages import ProfileChange, SyncReply, SyncRequest


@dataclass
class HubTalk:
    """``held`` is how far the hub keeps our journal, ``cursor`` our place in its feed."""

    held: int = 0
    cursor: str = ""
    stands_in: bool = False
    """The hub gave the last answer. What it does not keep has to wait for the server."""
    _profiles: set[EventId] = field(default_factory=set[EventId])

    def took(self, request: SyncRequest, reply: SyncReply) -> None:
        """The hub has kept a request, and we its rows."""
        self.held, self.stands_in = reply.held, True
        self.cursor = reply.cursor
        if not request.events or reply.held >= request.from_seq - 1 + len(request.events):
            self._profiles.update(change.change for change in request.profiles)

    def server_answered(self) -> None:
        """From now on the server says what it has; the hub's feed begins again with its next word.

        What the hub said of other tills' points is forgotten with the end of the server's
        page: the hub may have told it without knowing that the server had it.
        """
        self.held = 0
        self.cursor = ""
        self._profiles.clear()

    def unseen(self, profiles: Sequence[ProfileChange]) -> tuple[ProfileChange, ...]:
        """Return the personal fields that the hub does not have."""
        return tuple(change for change in profiles if change.change not in self._profiles)

    @property
    def profiles(self) -> int:
        """How many personal fields the hub has."""
        return len(self._profiles)
