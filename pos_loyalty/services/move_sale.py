"""Give a sale's points to the right member: the wrong card was scanned, or none.

A sale on another member's card moves whenever that is noticed; a forgotten card is added on
the day of the sale. The sale itself stays as it is: one event says what moved.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, Event, SaleMoved, SaleRecorded, StampsGiven
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.domain.refund import move_effect, what_is_left
from pos_loyalty.domain.refund_remains import stamps_now
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.domain.sale_facts import SaleFacts, facts_of
from pos_loyalty.domain.spend_rights import cover_taking_back
from pos_loyalty.services.member_now import balance_now
from pos_loyalty.services.member_view import Standing, standing_of
from pos_loyalty.services.one_change import (
    active_member,
    another_change,
    change_stamp,
    commit_surely,
    recorded_before,
)
from pos_loyalty.services.sale_history import SaleHistory, holder_of, sale_history
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork


@dataclass(frozen=True)
class MoveSale:
    """Let a sale of this till count for ``to_member``."""

    sale_id: SaleId
    to_member: MemberId
    event_id: EventId | None = None
    approved_by: str = ""
    cashier: str = ""


class SaleMovedHere(msgspec.Struct, frozen=True):
    """The sale counts for the right member now; balances are those after it."""

    move_id: EventId
    sale_id: SaleId
    to_member: MemberId
    from_member: MemberId | None
    earned_points_given: int
    earned_points_taken: int
    balance_points: int
    from_balance_points: int
    stamps: tuple[StampsGiven, ...]
    already: bool


class MoveSaleHandler:
    """Moves sales, and adds forgotten cards to them."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: MoveSale) -> SaleMovedHere:
        """Move a sale; the same id again answers the same.

        Raises:
            RuleViolation: no such sale here, undone, with rewards, on a card that is nobody's
                yet, that member's already, or without a card and not of today.
        """
        stamp = change_stamp(self._context, command.event_id)
        with self._context.store.write() as work:
            before = recorded_before(work, stamp.id)
            if before is not None:
                return _again(self._context, work, command, before)
            history = self._movable(work, command, stamp)
            record = active_member(work, command.to_member)
            if record.member == holder_of(work, history):
                raise RuleViolation(Code.MOVE_SAME)
            event = self._event(
                work, command, stamp, history, standing_of(self._context, work, record)
            )
            work.journal.append(event)
            done = _done(self._context, work, event, already=False)
            commit_surely(self._context, work, stamp.id)
        return done

    def _movable(self, work: Repositories, command: MoveSale, stamp: Stamp) -> SaleHistory:
        history = sale_history(self._context, work, command.sale_id)
        if history is None:
            raise RuleViolation(Code.SALE_UNKNOWN)
        sale = history.sale
        if history.reversal_id is not None:
            raise RuleViolation(Code.MOVE_UNDONE)
        if what_is_left(sale, history.state).amount == 0:
            raise RuleViolation(Code.MOVE_NOTHING)
        if sale.member is None:
            if sale.card_key is not None:
                raise RuleViolation(Code.MOVE_CARD)
            if local_day(sale.at_ms, sale.tz_minutes) != _today(sale, stamp):
                raise RuleViolation(Code.MOVE_DAY)
        return history

    def _event(
        self,
        work: UnitOfWork,
        command: MoveSale,
        stamp: Stamp,
        history: SaleHistory,
        to: Standing,
    ) -> SaleMoved:
        sale = history.sale
        facts = self._facts(history, to)
        taken, given = move_effect(history.program, sale, history.state, facts)
        used, source = 0, ""
        if sale.member is None:
            taken = 0
        elif sale.pending_until_ms <= stamp.at_ms:
            rights = work.journal.rights(sale.member)
            used = cover_taking_back(points=taken, rights=rights)
            source = rights.source_of(used)
        stamps = stamps_now(history.program, facts, history.state.lines)
        return SaleMoved(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=self._context.program(stamp.at_ms).version,
            cashier=command.cashier,
            sale_id=EventId(sale.id),
            sale_seq=history.seq,
            to_member=to.record.member,
            from_member=sale.member,
            earned_taken=taken,
            earned_given=given,
            rights_used=used,
            rights_source=source,
            approved_by=command.approved_by,
            tier=to.tier.id,
            known=facts.known,
            stamps=tuple(
                StampsGiven(card=card, count=count) for card, count in stamps.items() if count
            ),
        )

    def _facts(self, history: SaleHistory, to: Standing) -> SaleFacts:
        """Return the sale's facts as the other member's, at the moment of the sale."""
        sale: SaleRecorded = history.sale
        known = to.now.facts(
            history.program,
            shop=sale.known.shop or self._context.identity.shop_name,
            at_ms=sale.at_ms,
            tz_minutes=sale.tz_minutes,
        )
        return msgspec.structs.replace(facts_of(sale), tier=to.tier.id, known=known)


def _today(sale: SaleRecorded, stamp: Stamp) -> int:
    """Return the day it is: a clock that was set back since the sale makes it no earlier one."""
    running_ms = max(0, stamp.boot_ms - sale.boot_ms)
    return local_day(max(stamp.at_ms, sale.at_ms + running_ms), stamp.tz_minutes)


def _again(
    context: TillContext, work: Repositories, command: MoveSale, before: Event
) -> SaleMovedHere:
    is_same = (
        isinstance(before, SaleMoved)
        and before.sale_id == command.sale_id
        and work.members.survivor(before.to_member) == work.members.survivor(command.to_member)
    )
    if not is_same or not isinstance(before, SaleMoved):
        raise another_change(before, kind=SaleMoved)
    return _done(context, work, before, already=True)


def _done(
    context: TillContext, work: Repositories, event: SaleMoved, *, already: bool
) -> SaleMovedHere:
    return SaleMovedHere(
        move_id=event.id,
        sale_id=SaleId(event.sale_id),
        to_member=event.to_member,
        from_member=event.from_member,
        earned_points_given=event.earned_given,
        earned_points_taken=event.earned_taken,
        balance_points=balance_now(context, work, event.to_member),
        from_balance_points=balance_now(context, work, event.from_member),
        stamps=event.stamps,
        already=already,
    )
