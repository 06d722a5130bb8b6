"""The event by which a till, or a shop's hub, gives spend rights away: always its own event."""

from typing import NamedTuple

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.event import SCHEMA_VERSION, RightsReturned
from pos_loyalty.domain.ids import EventId, IdSource, MemberId, StreamId
from pos_loyalty.domain.program import program_in_force
from pos_loyalty.store.unit_of_work import UnitOfWork


class Recall(NamedTuple):
    """How many points of a member may stay here, and which stream gets the rest.

    Without ``keep_for`` they go back to the server's pool.
    """

    keep: int
    keep_for: StreamId | None = None


def give_away(
    work: UnitOfWork,
    clock: Clock,
    ids: IdSource,
    *,
    member: MemberId,
    points: int,
    to_stream: StreamId | None = None,
) -> None:
    """Append the event; from the caller's commit on these points cannot be spent here."""
    rights = work.journal.rights(member)
    assert 0 < points <= rights.spendable, "nobody gives away what is not there"
    now_ms = clock.now_ms()
    program = program_in_force(work.programs.all(), now_ms)
    event = RightsReturned(
        v=SCHEMA_VERSION,
        id=EventId(ids.next_id()),
        at_ms=now_ms,
        boot_ms=clock.monotonic_ms(),
        tz_minutes=clock.offset_minutes(now_ms),
        program=program.version,
        member=member,
        points=points,
        to_stream=to_stream,
        rights_source=rights.source_of(points),
    )
    work.journal.append(event)
