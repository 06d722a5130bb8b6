"""The lots of a till that works alone: there its own journal is all there is.

A till with a server never keeps lots; the server says in the member's sheet what ends next.
"""

from collections.abc import Sequence

from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    EventBase,
    MemberEnrolled,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.lot import (
    Allocation,
    Due,
    LotBook,
    accrue,
    expire,
    expire_all,
    give_back,
    redeem,
    take_back,
)
from pos_loyalty.domain.lot_end import ends_at, inactivity_ends_at
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.sale_facts import tier_in
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.event_index import fact_of
from pos_loyalty.store.unit_of_work import Repositories

_FOR_EVER_DAYS = 1_000_000
"""What ended is remembered: nobody else could say what became of it."""
_Origin = tuple[int | None, int]
"""The end of a sale's points, and when they can be used."""


class OwnLots:
    """Folds a member's events, oldest first, into lots."""

    def __init__(self, context: TillContext, work: Repositories, member: MemberId) -> None:
        self.book = LotBook()
        self.last_ms = 0
        self._context = context
        self._work = work
        self._member = member
        self._absent_ms = 0
        self._origins: dict[str, _Origin] = {}
        self._allocations: dict[str, Allocation] = {}

    def fold(self, events: Sequence[Event]) -> LotBook:
        """Return the book after the events."""
        for event in events:
            self.let_end(event.at_ms, event.tz_minutes)
            self._take(event)
            if isinstance(event, SaleRecorded | ActivityRecorded | MemberEnrolled):
                self.last_ms = max(self.last_ms, event.at_ms)
        return self.book

    def let_end(self, at_ms: int, tz_minutes: int) -> None:
        """End everything of a member who did not come for as long as the program allows."""
        rules = self._context.program(at_ms).expiration
        end_ms = inactivity_ends_at(rules, last_ms=self.last_ms, tz_minutes=tz_minutes)
        if self.last_ms and end_ms is not None and self._absent_ms < end_ms <= at_ms:
            self.book, _ = expire_all(self.book, at_ms=end_ms, remember_days=_FOR_EVER_DAYS)
            self._absent_ms = end_ms

    def ended(self, at_ms: int, tz_minutes: int) -> tuple[Due, ...]:
        """Take out of the book what ended by a moment; return all that ever did, oldest first."""
        self.let_end(at_ms, tz_minutes)
        self.book, _ = expire(self.book, at_ms=at_ms, remember_days=_FOR_EVER_DAYS)
        return tuple(Due(lot.points, lot.ends_ms or 0) for lot in self.book.ended)

    def _program(self, event: EventBase) -> LoyaltyProgram:
        context = self._context
        return context.program_version(event.program) or context.program(event.at_ms)

    def _take(self, event: Event) -> None:
        match event:
            case SaleRecorded():
                self._sale(event)
            case SaleReversed() | SaleRefunded():
                self._given_back(event)
            case SaleMoved():
                self._moved(event)
            case MemberEnrolled():
                self._change(event, event.welcome)
            case PointsAdjusted() | ActivityRecorded() | VoucherClaimed():
                self._change(event, event.points)
            case _:
                return

    def _sale(self, sale: SaleRecorded) -> None:
        end_ms = self._sale_ends_ms(sale, sale.tier)
        self._origins[sale.id] = (end_ms, sale.pending_until_ms)
        if sale.redeemed:
            self.book, allocation = redeem(self.book, points=sale.redeemed, at_ms=sale.at_ms)
            self._allocations[sale.id] = allocation
        self.book = accrue(
            self.book,
            points=sale.earned,
            at_ms=sale.at_ms,
            ends_ms=end_ms,
            usable_ms=sale.pending_until_ms,
        )

    def _given_back(self, event: SaleReversed | SaleRefunded) -> None:
        """Give redeemed points back first, then take the earned ones, as the ledger does."""
        if event.redeemed_returned:
            allocation = self._allocations.get(event.sale_id, Allocation())
            rules = self._program(event).expiration
            self.book, self._allocations[event.sale_id] = give_back(
                self.book,
                allocation,
                points=event.redeemed_returned,
                at_ms=event.at_ms,
                grace_days=rules.grace_days,
                ends_ms=ends_at(rules, at_ms=event.at_ms, tz_minutes=event.tz_minutes),
            )
        self._take_back(event.sale_id, event.earned_taken, event.at_ms)
        if isinstance(event, SaleReversed):
            self._change(event, -event.voucher_points_taken)

    def _moved(self, event: SaleMoved) -> None:
        """Let the points of a sale end and become usable as those of the sale do."""
        if event.from_member == self._member:
            self._take_back(event.sale_id, event.earned_taken, event.at_ms)
        if event.to_member != self._member:
            return
        stored = self._work.journal.get(event.sale_id)
        sale = None if stored is None else fact_of(stored.data)
        if isinstance(sale, SaleRecorded):
            origin = (self._sale_ends_ms(sale, event.tier), sale.pending_until_ms)
        else:
            origin = (self._end_ms(event), 0)
        self._origins[event.sale_id] = origin
        end_ms, usable_ms = origin
        self.book = accrue(
            self.book,
            points=event.earned_given,
            at_ms=event.at_ms,
            ends_ms=end_ms,
            usable_ms=usable_ms,
        )

    def _take_back(self, sale_id: str, points: int, at_ms: int) -> None:
        end_ms, usable_ms = self._origins.get(sale_id, (None, 0))
        self.book = take_back(
            self.book, points=points, at_ms=at_ms, ends_ms=end_ms, usable_ms=usable_ms
        )

    def _change(self, event: EventBase, points: int) -> None:
        if points < 0:
            self.book, _ = redeem(self.book, points=-points, at_ms=event.at_ms)
        elif points > 0:
            self.book = accrue(
                self.book, points=points, at_ms=event.at_ms, ends_ms=self._end_ms(event)
            )

    def _sale_ends_ms(self, sale: SaleRecorded, tier: str) -> int | None:
        """Return when a sale's points end for a member of this tier."""
        program = self._program(sale)
        return ends_at(
            program.expiration,
            at_ms=sale.at_ms,
            tz_minutes=sale.tz_minutes,
            extra_months=tier_in(program, tier).expires_later_months,
        )

    def _end_ms(self, event: EventBase) -> int | None:
        rules = self._program(event).expiration
        return ends_at(rules, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
