"""Counts, lots and tiers of members, kept while events are folded.

Called only where a published program asks for it; see :mod:`.keeping_state`.
"""

from collections.abc import Iterable, Mapping

import msgspec

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.earning_rule import Caps
from pos_loyalty.domain.event import Event, SaleRecorded
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.ledger import EntryKind, LedgerEntry
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.domain.reward import Stock
from pos_loyalty.domain.tally import current, periods_at, plus, without
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.keeping_state import Kept, SaleState


class OwnLot(msgspec.Struct, frozen=True):
    """The lot that points came into which are taken back now: when it ends; None is never."""

    ends_ms: int | None


def keep(member: MemberState) -> Kept:
    """Return what is kept of a member; begins with nothing."""
    if member.kept is None:
        member.kept = Kept()
    return member.kept


def state_of(books: Books, sale: EventId) -> SaleState:
    """Return what became of a sale, to be changed: it will be written."""
    state = books.keeping.sales.get(sale)
    if state is None:
        state = books.keeping.sales[sale] = SaleState()
    books.keeping.dirty_sales.add(sale)
    return state


def program_of(books: Books, event: Event) -> LoyaltyProgram:
    """Return the version that an event names; one never published here is the one in force then."""
    programs = books.merchant.programs
    return programs.get(event.program) or program_in_force(tuple(programs.values()), event.at_ms)


def count(books: Books, member: MemberState, added: Mapping[str, int], *, tz_minutes: int) -> None:
    """Add to a member's counts, and let go of periods that are over."""
    kept = keep(member)
    kept.tally = current(
        plus(kept.tally, added),
        at_ms=books.now_ms,
        tz_minutes=tz_minutes,
        months=books.needs.months,
    )


def uncount(
    books: Books, member: MemberState, taken: Mapping[str, int], *, tz_minutes: int
) -> None:
    """Take from a member's counts."""
    count(books, member, without({}, taken), tz_minutes=tz_minutes)


def tally_of_person(books: Books, member: MemberId) -> Tally:
    """Return the counts of all accounts of a person; those that are merged have to be loaded."""
    total: Tally = {}
    for state in books.class_of(member):
        if state.kept is not None:
            total = plus(total, state.kept.tally)
    return total


def withhold(books: Books, members: Iterable[MemberState]) -> None:
    """Work out what of each balance cannot be used now: pending points, and what ended."""
    for member in members:
        if member.kept is not None:
            book = member.kept.book
            pending = lots.pending(book, books.now_ms).points
            member.withheld = pending + lots.ended_points(book, books.now_ms)


def ends_of(books: Books, sale: SaleRecorded) -> int | None:
    """Return when the points of a sale end, by the version and the tier it was computed with."""
    program = program_of(books, sale)
    return lots.ends_at(
        program.expiration,
        at_ms=sale.at_ms,
        tz_minutes=sale.tz_minutes,
        extra_months=_extra_months(program, sale.tier),
    )


def move_lots(
    books: Books,
    member: MemberState,
    entry: LedgerEntry,
    event: Event,
    origin: SaleRecorded | OwnLot | None,
) -> None:
    """Let a member's lots follow an entry; ``origin`` is the sale or the lot of its points."""
    kept = keep(member)
    if isinstance(origin, OwnLot):
        kept.book = lots.take_back(
            kept.book, points=-entry.points, at_ms=event.at_ms, ends_ms=origin.ends_ms
        )
    elif entry.kind in _OF_SALES and origin is not None:
        kept.book = _moved_by_sale(books, member, entry, event, origin)
    elif entry.points >= 0:
        ends_ms = ends_now(books, member, event)
        kept.book = lots.accrue(kept.book, points=entry.points, at_ms=event.at_ms, ends_ms=ends_ms)
    else:
        promised = int(getattr(event, "rights_used", 0))
        kept.book, _ = lots.redeem(
            kept.book, points=-entry.points, at_ms=event.at_ms, promised=promised
        )
    withhold(books, (member,))


def _moved_by_sale(
    books: Books, member: MemberState, entry: LedgerEntry, event: Event, sale: SaleRecorded
) -> lots.LotBook:
    book, at_ms = keep(member).book, event.at_ms
    if entry.kind is EntryKind.REDEMPTION:
        book, allocation = lots.redeem(
            book, points=-entry.points, at_ms=at_ms, promised=sale.rights_used
        )
        state_of(books, sale.id).allocation = allocation
        return book
    if entry.kind is EntryKind.REDEMPTION_REVERSED:
        state = state_of(books, sale.id)
        program = program_of(books, event)
        book, state.allocation = lots.give_back(
            book,
            state.allocation or lots.Allocation(),
            points=entry.points,
            at_ms=at_ms,
            grace_days=program.expiration.grace_days,
            ends_ms=_ends_again(books, member, event, sale),
        )
        return book
    ends_ms, usable_ms = ends_of(books, sale), sale.pending_until_ms
    if entry.points >= 0:
        return lots.accrue(
            book, points=entry.points, at_ms=at_ms, ends_ms=ends_ms, usable_ms=usable_ms
        )
    return lots.take_back(
        book, points=-entry.points, at_ms=at_ms, ends_ms=ends_ms, usable_ms=usable_ms
    )


_OF_SALES = frozenset(
    {
        EntryKind.ACCRUAL,
        EntryKind.REDEMPTION,
        EntryKind.ACCRUAL_REVERSED,
        EntryKind.REDEMPTION_REVERSED,
    }
)


def ends_now(books: Books, member: MemberState, event: Event) -> int | None:
    """Return when points end that do not come from a sale."""
    program = program_of(books, event)
    return lots.ends_at(
        program.expiration,
        at_ms=event.at_ms,
        tz_minutes=event.tz_minutes,
        extra_months=_extra_months(program, member.tier),
    )


def _ends_again(books: Books, member: MemberState, event: Event, sale: SaleRecorded) -> int | None:
    """Return when points end that come back and were a debt which others have repaid since.

    They are points of now; 0.3.0 let them end with those of the sale, even long ago.
    """
    return ends_of(books, sale) if books.has_rules_of_0_3 else ends_now(books, member, event)


def _extra_months(program: LoyaltyProgram, tier_id: str) -> int:
    return next((tier.expires_later_months for tier in program.tiers if tier.id == tier_id), 0)


def above_limits(
    limits: Caps | Stock,
    name: str,
    *,
    tally: Mapping[str, int],
    added: Mapping[str, int],
    at_ms: int,
    tz_minutes: int,
) -> int:
    """Return by how much what was just added exceeds a limit; 0 where all hold."""
    periods = periods_at(at_ms, tz_minutes)
    places = [
        (limits.day, f"{name}@{periods['day']}"),
        (limits.week, f"{name}@{periods['week']}"),
        (limits.month, f"{name}@{periods['month']}"),
        (limits.member, name),
    ]
    return max(
        (
            min(added.get(key, 0), tally.get(key, 0) - limit)
            for limit, key in places
            if limit is not None
        ),
        default=0,
    )
