"""Which events are about a member, and which are about a sale: found without reading the journal.

Most events of a member leave a ledger entry, which is index enough. Those that change no
points (a sale below one step, a granted tier) are noted as quiet, so that visits and
granted tiers are not forgotten. What refers to an earlier sale is noted by the sale's id.
"""

from collections.abc import Collection

from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    EventRescued,
    MemberEnrolled,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    TierGranted,
    UnreadableEvent,
    VoucherClaimed,
    decode_event,
)
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.ledger import LedgerEntry
from pos_loyalty.store.database import Connection

_RESCUES_MAX = 8

_OF_MEMBER = (
    "SELECT e.bytes FROM event e JOIN (SELECT stream_no, seq FROM ledger_entry WHERE member = ?1"
    " UNION SELECT stream_no, seq FROM quiet_event WHERE member = ?1) own"
    " ON e.stream_no = own.stream_no AND e.seq = own.seq ORDER BY e.stream_no, e.seq"
)
_OF_MEMBER_AFTER = (
    "SELECT e.bytes FROM event e JOIN stream s ON s.is_open = 1 AND s.stream_no = e.stream_no"
    " WHERE e.seq IN (SELECT seq FROM ledger_entry"
    " WHERE member = ?1 AND stream_no = s.stream_no AND seq > ?2"
    " UNION SELECT seq FROM quiet_event"
    " WHERE member = ?1 AND stream_no = s.stream_no AND seq > ?2) ORDER BY e.seq"
)
_QUIET_AFTER = (
    "SELECT e.bytes FROM quiet_event q JOIN stream s ON s.is_open = 1"
    " AND s.stream_no = q.stream_no JOIN event e ON e.stream_no = q.stream_no AND e.seq = q.seq"
    " WHERE q.seq > ? AND e.kind IN (?, 'rescue') ORDER BY e.seq"
)


def reference_of(event: Event) -> tuple[str, ...]:
    """Return what an event refers to: a sale, a voucher, or nothing."""
    match event:
        case SaleRefunded() | SaleMoved():
            return (event.sale_id,)
        case VoucherClaimed():
            return (event.voucher, event.sale_id)
        case _:
            return ()


def members_of(event: Event) -> tuple[MemberId, ...]:
    """Return whom an event is about, beside spend rights and cards."""
    match event:
        case SaleMoved(from_member=None):
            return (event.to_member,)
        case SaleMoved(from_member=from_member) if from_member is not None:
            return (from_member, event.to_member)
        case (
            SaleRecorded(member=member)
            | SaleReversed(member=member)
            | SaleRefunded(member=member)
            | VoucherClaimed(member=member)
            | MemberEnrolled(member=member)
            | PointsAdjusted(member=member)
            | ActivityRecorded(member=member)
            | TierGranted(member=member)
        ) if member is not None:
            return (member,)
        case _:
            return ()


def quiet_members(event: Event, entries: Collection[LedgerEntry]) -> tuple[MemberId, ...]:
    """Return the members of an event who get no ledger entry by it."""
    heard = {entry.member for entry in entries}
    return tuple(member for member in members_of(event) if member not in heard)


def add_to_index(
    connection: Connection,
    event: Event,
    entries: Collection[LedgerEntry],
    *,
    stream_no: int,
    seq: int,
) -> None:
    """Note a new event; a sale that earns, the usual one, needs nothing."""
    if entries and isinstance(event, SaleRecorded):
        return
    for subject in reference_of(event):
        connection.execute(
            "INSERT INTO event_reference(subject, event_id) VALUES (?, ?) ON CONFLICT DO NOTHING",
            (subject, event.id),
        )
    for member in quiet_members(event, entries):
        connection.execute(
            "INSERT INTO quiet_event(member, stream_no, seq) VALUES (?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (member, stream_no, seq),
        )


def fact_of(data: bytes) -> Event | None:
    """Return an event, out of its rescues; None where this program cannot read it."""
    for _ in range(_RESCUES_MAX):
        try:
            event = decode_event(data)
        except UnreadableEvent:
            return None
        if not isinstance(event, EventRescued):
            return event
        data = event.original.encode()
    return None


class EventIndex:
    """Reads events by whom and what they are about, over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def referring_to(self, subject: str) -> tuple[Event, ...]:
        """Return this till's events that refer to a sale or a voucher, oldest first."""
        rows = self._connection.execute(
            "SELECT e.bytes FROM event_reference r JOIN event e ON e.id = r.event_id"
            " WHERE r.subject = ? ORDER BY e.stream_no, e.seq",
            (subject,),
        )
        return tuple(decode_event(row[0]) for row in rows)

    def of_member(self, member: MemberId) -> tuple[Event, ...]:
        """Return every event that counts for a member here, oldest first."""
        return self._facts(_OF_MEMBER, (member,))

    def of_member_after(self, member: MemberId, seq: int) -> tuple[Event, ...]:
        """Return a member's events of the open stream after ``seq``, oldest first."""
        return self._facts(_OF_MEMBER_AFTER, (member, seq))

    def quiet_after(self, seq: int, kind: str) -> tuple[Event, ...]:
        """Return the open stream's events of a kind that changes no points, after ``seq``."""
        return self._facts(_QUIET_AFTER, (seq, kind))

    def sale_ids_ending(self, member: MemberId, letters: str) -> tuple[str, ...]:
        """Return the ids of a member's sales here that end so, as a receipt names them."""
        return tuple(
            event.id
            for event in self.of_member(member)
            if isinstance(event, SaleRecorded) and event.id.endswith(letters)
        )

    def _facts(self, statement: str, values: tuple[str | int, ...]) -> tuple[Event, ...]:
        facts = (fact_of(row[0]) for row in self._connection.execute(statement, values))
        return tuple(fact for fact in facts if fact is not None)
