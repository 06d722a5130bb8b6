"""What every change of points has in common: an id of its own, a second name, a sure end."""

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation, StoreBug, StoreUnavailable
from pos_loyalty.domain.event import Event, decode_event
from pos_loyalty.domain.ids import EventId, MemberId, is_id
from pos_loyalty.domain.same_name import is_same_name, seen_letters
from pos_loyalty.services.member_view import ensure_active
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.members import MemberRecord
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork


def change_stamp(context: TillContext, event_id: EventId | None) -> Stamp:
    """Return the stamp of a change; the caller's own id makes it safe to ask twice.

    Raises:
        CommandRefused: the id is none.
    """
    if event_id is not None and not is_id(event_id):
        raise CommandRefused(Code.CHANGE_ID_SHAPE)
    return context.stamp(event_id)


def recorded_before(work: Repositories, event_id: EventId) -> Event | None:
    """Return what was recorded under this id, None where nothing was."""
    stored = work.journal.get(event_id)
    return None if stored is None else decode_event(stored.data)


def another_change(event: Event, *, kind: type) -> RuleViolation:
    """Return the refusal of an id that belongs to something else."""
    return RuleViolation(Code.CHANGE_ID, saved=isinstance(event, kind))


def active_member(work: Repositories, member: MemberId) -> MemberRecord:
    """Return a member who may be changed; of a merged account the one that stayed.

    Raises:
        RuleViolation: no such member here, or paused.
    """
    record = work.members.record(member)
    if record is None:
        raise RuleViolation(Code.MEMBER_UNKNOWN)
    ensure_active(record)
    return record


def ensure_second_name(approved_by: str, cashier: str) -> str:
    """Return who approved, if it is somebody else than the cashier.

    Raises:
        RuleViolation: nobody, or the cashier, in whatever spelling.
    """
    name = " ".join(approved_by.split())
    if not seen_letters(name) or is_same_name(name, cashier):
        raise RuleViolation(Code.SECOND_NAME)
    return name


def ensure_reason(reason: str) -> str:
    """Return why points or a tier change.

    Raises:
        RuleViolation: no reason was given.
    """
    words = " ".join(reason.split())
    if not words:
        raise RuleViolation(Code.REASON_ABSENT)
    return words


def commit_surely(context: TillContext, work: UnitOfWork, event_id: str) -> None:
    """Commit; where that did not return well only the file knows, so it is asked.

    Raises:
        StoreUnavailable: nothing was saved.
    """
    try:
        work.commit()
    except (StoreUnavailable, StoreBug):
        work.roll_back()
        if not _is_there(context, event_id):
            raise


def _is_there(context: TillContext, event_id: str) -> bool:
    try:
        return context.store.holds_event(event_id)
    except (StoreUnavailable, StoreBug):
        return False
