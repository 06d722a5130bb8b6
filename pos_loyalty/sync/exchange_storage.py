"""What an exchange asks of the till's database."""

from collections.abc import Sequence
from typing import Protocol

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.store.sync_state import Batch, PageSlice, SyncPosition
from pos_loyalty.wire.messages import ProfileChange, Row, Settlement


class ExchangeStorage(Protocol):
    """What an exchange needs of the till's database; each call is one short transaction."""

    def position(self) -> SyncPosition:
        """Return where this till stands now."""
        ...

    def batch(self, from_seq: int, *, events_max: int, bytes_max: int) -> Batch:
        """Return events from ``from_seq`` on, at least one if there is one."""
        ...

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain's hash after an event of the open stream."""
        ...

    def profile_changes(self) -> tuple[ProfileChange, ...]:
        """Return personal fields on their way to the server."""
        ...

    def settlements(self) -> tuple[Settlement, ...]:
        """Return choices for the owner's list on their way to the server."""
        ...

    def granted_page(self, after: MemberId, limit: int) -> tuple[tuple[MemberId, int], ...]:
        """Return members after one, with the points granted in total."""
        ...

    def closed_streams(self) -> tuple[tuple[StreamId, int, str], ...]:
        """Return what was acknowledged of this till's closed journals: (stream, seq, hash)."""
        ...

    def take_held_of_closed(self, held: Sequence[tuple[StreamId, int]]) -> int:
        """Note how far the server holds closed journals; return how many events now wait."""
        ...

    def ask_of_closed(self) -> None:
        """Ask again how far the server holds closed journals."""
        ...

    def begin_repair(self, buckets: Sequence[int]) -> None:
        """Let every row of these buckets be overwritten by what comes next."""
        ...

    def end_repair(self, buckets: Sequence[int]) -> int:
        """Delete what the server does not have of these buckets; return how many rows."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Follow the server into a new epoch."""
        ...

    def apply(self, page: PageSlice) -> int:
        """Store rows and, at a page's end, its acknowledgement; return the events appended."""
        ...

    def apply_from_hub(self, rows: Sequence[Row]) -> int:
        """Store what the shop's hub says; return the events appended."""
        ...

    def spendable(self, member: MemberId) -> int:
        """Return a member's spend rights here, in points."""
        ...
