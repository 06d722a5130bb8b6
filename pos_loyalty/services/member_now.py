"""What is known of a member at this moment: the server's sheet and this till's own events since.

A program that asks nothing of its members (as those of 0.1.0) costs nothing here: no event
is read. A till that works alone has no server; there the sheet is its whole journal.
"""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.earning_rule import PerVisit
from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
)
from pos_loyalty.domain.expiration import Never
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.domain.lot import Due, balance, next_end, pending
from pos_loyalty.domain.lot_end import inactivity_ends_at
from pos_loyalty.domain.member_facts import NO_SHEET, MemberFacts, MemberSheet, Tally
from pos_loyalty.domain.member_known import known_for
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.tally import needed_by, plus, tally_of, without
from pos_loyalty.services.own_lots import OwnLots
from pos_loyalty.services.sale_history import SaleHistory, after, history_of, tally_of_history
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.event_index import fact_of
from pos_loyalty.store.members import MemberRecord
from pos_loyalty.store.unit_of_work import Repositories


class MemberNow(msgspec.Struct, frozen=True, kw_only=True):
    """A member as this till sees one. Points are integers.

    ``sheet`` has everything that happened here, too. ``ended_points`` of the balance have ended
    by this till's clock, though the server has not written it yet. ``gone`` is what ended at a
    till that works alone, oldest first: the sum of its journal has it still, the balance not.
    """

    sheet: MemberSheet = NO_SHEET
    ended_points: int = 0
    gone: tuple[Due, ...] = ()

    @property
    def unusable_points(self) -> int:
        """Points of the balance that cannot be used now: pending, or ended."""
        return self.sheet.pending + self.ended_points

    def shown(self, record: MemberRecord) -> MemberRecord:
        """Return a record as it came from the store with the balance of now."""
        if not self.gone:
            return record
        gone_points = sum(due.points for due in self.gone)
        return msgspec.structs.replace(record, balance_points=record.balance_points - gone_points)

    def facts(
        self, program: LoyaltyProgram, *, shop: str, at_ms: int, tz_minutes: int
    ) -> MemberFacts:
        """Return what a sale at this moment stores of the member."""
        sheet = self.sheet
        return known_for(
            program,
            sheet_tally=sheet.tally,
            segments=sheet.segments,
            birthday=sheet.birthday,
            last_visit_ms=sheet.last_visit_ms,
            shop=shop,
            at_ms=at_ms,
            tz_minutes=tz_minutes,
        )


NOTHING_KNOWN = MemberNow()


def member_now(
    context: TillContext, work: Repositories, record: MemberRecord, *, at_ms: int
) -> MemberNow:
    """Return what is known of a member, inside the caller's transaction."""
    # A loop and not any(): every scan and every sale comes by here.
    for program in context.programs:
        if _ASKS_EVENTS(program):
            break
    else:
        return NOTHING_KNOWN if record.sheet is NO_SHEET else _with_ends(record.sheet, 0, at_ms)
    if context.identity.joined:
        return _of_sheet(context, work, record, at_ms)
    return _alone(context, work, record, at_ms)


def record_now(
    context: TillContext, work: Repositories, record: MemberRecord, *, at_ms: int
) -> MemberRecord:
    """Return a record with the balance of now, where nothing else of :func:`member_now` is asked.

    A plain program, and a till with a server, cost nothing here.
    """
    if context.identity.joined or not keeps_lots(context):
        return record
    lots = OwnLots(context, work, record.member)
    lots.fold(work.journal.index.of_member(record.member))
    return MemberNow(gone=lots.ended(at_ms, context.clock.offset_minutes(at_ms))).shown(record)


def balance_now(context: TillContext, work: Repositories, member: MemberId | None) -> int:
    """Return the points that a member has now; 0 where nobody is known."""
    record = None if member is None else work.members.record(member)
    if record is None:
        return 0
    return record_now(context, work, record, at_ms=context.clock.now_ms()).balance_points


def keeps_lots(context: TillContext) -> bool:
    """Tell whether a version that this till knows lets points end, or wait."""
    return any(_HAS_LOTS(program) for program in context.programs)


def _of_sheet(
    context: TillContext, work: Repositories, record: MemberRecord, at_ms: int
) -> MemberNow:
    """Add this till's own events to what the server's rows hold."""
    index = work.journal.index
    shown_after = work.members.shown_after(record.member)
    events: list[Event] = []
    for account, seq in shown_after:
        events += index.of_member_after(account, seq)
    sheet = record.sheet
    counting = Counting(context, work, needed_by(context.program(at_ms)))
    if events:
        sheet = msgspec.structs.replace(
            sheet,
            tally=plus(sheet.tally, counting.tally(record.member, events)),
            last_visit_ms=max(sheet.last_visit_ms, _last_visit(events)),
        )
    is_over = _is_over(sheet, at_ms)
    if events or is_over:
        accounts = [account for account, _ in shown_after]
        # The server named a sum and its first moment. Once that has passed, only what this till
        # sold itself is known to wait still.
        asked = [each for one in accounts for each in index.of_member(one)] if is_over else events
        waiting = _own_pending(counting, accounts, asked, at_ms)
        sheet = _with_pending(_without_pending(sheet) if is_over else sheet, waiting)
    redeemed = sum(
        event.redeemed
        for event in events
        if isinstance(event, SaleRecorded) and event.at_ms < sheet.ends_ms
    )
    return _with_ends(sheet, redeemed, at_ms)


def _alone(context: TillContext, work: Repositories, record: MemberRecord, at_ms: int) -> MemberNow:
    """Count everything in the own journal."""
    events = work.journal.index.of_member(record.member)
    counting = Counting(context, work, needed_by(context.program(at_ms)))
    tz_minutes = context.clock.offset_minutes(at_ms)
    sheet = msgspec.structs.replace(
        record.sheet,
        tally=counting.tally(record.member, events),
        last_visit_ms=_last_visit(events),
    )
    if not keeps_lots(context):
        return MemberNow(sheet=sheet)
    lots = OwnLots(context, work, record.member)
    lots.fold(events)
    rules = context.program(at_ms).expiration
    gone = lots.ended(at_ms, tz_minutes)
    book = lots.book
    waiting, ends = pending(book, at_ms), next_end(book, at_ms)
    absent_ms = inactivity_ends_at(rules, last_ms=lots.last_ms, tz_minutes=tz_minutes)
    if absent_ms is not None and absent_ms > at_ms:
        ends_points, ends_ms = max(0, balance(book)), absent_ms
    else:
        ends_points, ends_ms = ends.points, ends.at_ms
    sheet = msgspec.structs.replace(
        sheet,
        pending=waiting.points,
        pending_until_ms=waiting.at_ms,
        ends_points=ends_points,
        ends_ms=ends_ms if ends_points else 0,
    )
    return MemberNow(sheet=sheet, gone=gone)


def _with_ends(sheet: MemberSheet, redeemed: int, at_ms: int) -> MemberNow:
    """Take from what ends next what was used here since, and see whether it has ended.

    Points whose wait is over wait no longer, whoever has not heard of it yet.
    """
    if _is_over(sheet, at_ms):
        sheet = _without_pending(sheet)
    ending = max(0, sheet.ends_points - redeemed)
    has_ended = 0 < sheet.ends_ms <= at_ms
    if not has_ended and ending == sheet.ends_points:
        return MemberNow(sheet=sheet)
    left = 0 if has_ended else ending
    after = msgspec.structs.replace(sheet, ends_points=left, ends_ms=sheet.ends_ms if left else 0)
    return MemberNow(sheet=after, ended_points=ending if has_ended else 0)


class Counting:
    """Counts events under the names that are needed."""

    def __init__(self, context: TillContext, work: Repositories, needed: frozenset[str]) -> None:
        self._context = context
        self._work = work
        self._needed = needed

    def tally(self, member: MemberId, events: Sequence[Event]) -> Tally:
        """Return what events change of a member's counts."""
        total: Tally = {}
        if not self._needed:
            return total
        for event in events:
            match event:
                case SaleRecorded() | ActivityRecorded():
                    total = plus(total, self._added(event))
                case SaleReversed() | SaleRefunded() | SaleMoved():
                    total = plus(total, self._changed(member, event))
                case _:
                    continue
        return total

    def _added(self, event: SaleRecorded | ActivityRecorded) -> Tally:
        program = self._context.program_version(event.program) or self._context.program(event.at_ms)
        return tally_of(program, event, self._needed)

    def _changed(self, member: MemberId, event: SaleReversed | SaleRefunded | SaleMoved) -> Tally:
        """Return what a sale counts for the member after an event less what it did before."""
        before = self.before(event)
        if before is None:
            return {}
        counted = tally_of_history(before, self._needed)
        if isinstance(event, SaleReversed):
            return without({}, counted)
        changed = tally_of_history(after(before, event), self._needed)
        if isinstance(event, SaleRefunded):
            return without(changed, counted)
        return changed if event.to_member == member else without({}, counted)

    def before(self, event: SaleReversed | SaleRefunded | SaleMoved) -> SaleHistory | None:
        """Return the sale that an event refers to, as it was before; None where it is not here."""
        journal = self._work.journal
        stored = journal.get(event.sale_id)
        sale = None if stored is None else fact_of(stored.data)
        if not isinstance(sale, SaleRecorded) or (isinstance(event, SaleRefunded) and event.claim):
            return None
        earlier: list[Event] = []
        for each in journal.index.referring_to(event.sale_id):
            if each.id == event.id:
                break
            earlier.append(each)
        return history_of(self._context, sale, earlier)


def _own_pending(
    counting: Counting, accounts: Sequence[MemberId], events: Sequence[Event], at_ms: int
) -> Due:
    """Return this till's points of a person that cannot be used yet, and when the first can.

    Below 0 where events take more back than they gave: the sheet has the rest.
    """
    waiting: dict[str, int] = {}
    until: dict[str, int] = {}
    for event in events:
        match event:
            case SaleRecorded() if event.pending_until_ms > at_ms:
                waiting[event.id] = event.earned
                until[event.id] = event.pending_until_ms
            case SaleReversed() | SaleRefunded() | SaleMoved():
                before = counting.before(event)
                if before is not None and before.sale.pending_until_ms > at_ms:
                    left = waiting.get(event.sale_id, 0) + _change_for(event, accounts)
                    waiting[event.sale_id] = left
                    until[event.sale_id] = before.sale.pending_until_ms
            case _:
                continue
    first_ms = min((until[sale] for sale, points in waiting.items() if points > 0), default=0)
    return Due(sum(waiting.values()), first_ms)


def _change_for(
    event: SaleReversed | SaleRefunded | SaleMoved, accounts: Sequence[MemberId]
) -> int:
    """Return what of a sale's points comes to a person (above 0) or goes by an event."""
    if not isinstance(event, SaleMoved):
        return -event.earned_taken
    gone = event.earned_taken if event.from_member in accounts else 0
    return (event.earned_given if event.to_member in accounts else 0) - gone


def _is_over(sheet: MemberSheet, at_ms: int) -> bool:
    """Tell whether the moment has passed from which some of the server's pending points count."""
    return 0 < sheet.pending_until_ms <= at_ms


def _without_pending(sheet: MemberSheet) -> MemberSheet:
    return msgspec.structs.replace(sheet, pending=0, pending_until_ms=0)


def _with_pending(sheet: MemberSheet, own: Due) -> MemberSheet:
    pending = max(0, sheet.pending + own.points)
    until_ms = _first(sheet.pending_until_ms, own.at_ms) if pending else 0
    return msgspec.structs.replace(sheet, pending=pending, pending_until_ms=until_ms)


def _last_visit(events: Sequence[Event]) -> int:
    """Return when the last of these sales was that was not undone."""
    undone = {event.sale_id for event in events if isinstance(event, SaleReversed)}
    return max(
        (
            event.at_ms
            for event in events
            if isinstance(event, SaleRecorded) and SaleId(event.id) not in undone
        ),
        default=0,
    )


def _first(first_ms: int, second_ms: int) -> int:
    return min(first_ms, second_ms) if first_ms and second_ms else first_ms or second_ms


def _has_lots(program: LoyaltyProgram) -> bool:
    return program.pending_days > 0 or not isinstance(program.expiration.model, Never)


def _asks_events(program: LoyaltyProgram) -> bool:
    """Tell whether a member's own events say what the sheet alone does not."""
    asks_last_visit = any(
        isinstance(rule.give, PerVisit) and rule.give.hours_between > 0 for rule in program.rules
    )
    return bool(needed_by(program)) or asks_last_visit or _has_lots(program)


_HAS_LOTS = PerProgram(_has_lots)
_ASKS_EVENTS = PerProgram(_asks_events)
