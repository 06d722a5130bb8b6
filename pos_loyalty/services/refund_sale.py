"""Refund a sale: whole, by lines, by an amount; or claim one that this till does not know.

The customer's goods are back whatever a program says, so a refund is refused only where it
cannot be one: more than is left, of a refund, of a sale that was undone. Each refund has an
id of its own; the same id again is the same refund.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.basket import LINES_MAX, QUANTITY_MAX
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    Event,
    RefundLine,
    SaleRefunded,
    StampsGiven,
)
from pos_loyalty.domain.ids import ID_LENGTH, EventId, MemberId, SaleId, is_id
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.domain.refund import (
    RefundEffect,
    RefundRequest,
    ensure_refundable,
    refund_effect,
    what_is_left,
)
from pos_loyalty.domain.rounding import part_of
from pos_loyalty.domain.sale_facts import facts_of, lines_of
from pos_loyalty.domain.spend_rights import RightsEffect, cover_taking_back
from pos_loyalty.services.member_now import balance_now, record_now
from pos_loyalty.services.one_change import (
    another_change,
    change_stamp,
    commit_surely,
    recorded_before,
)
from pos_loyalty.services.refund_refusal import check_claimed, line_facts, refused_refund
from pos_loyalty.services.sale_history import SaleHistory, holder_of, sale_history
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork


@dataclass(frozen=True)
class RefundSale:
    """What comes back of a sale: ``lines``, or an ``amount`` (minor units), or all that is left.

    A line with an amount of 0 is what its ``quantity`` cost, or all that is left of it.
    ``member_id`` need not be given; where it is, the sale must be that member's.
    """

    sale_id: SaleId
    amount: int | None = None
    lines: tuple[RefundLine, ...] = ()
    member_id: MemberId | None = None
    refund_id: EventId | None = None
    cashier: str = ""


class RefundDone(msgspec.Struct, frozen=True):
    """The refund is durable on this till. Points above 0 went the way that the name says.

    ``cash`` is what the customer gets, in minor units, ``left_amount`` what can still be
    refunded. A ``claim`` states no points and no cash: the server works them out.
    """

    refund_id: EventId
    sale_id: SaleId
    member_id: MemberId | None
    amount: int
    cash: int
    earned_points_taken: int
    redeemed_points_returned: int
    forgiven_points: int
    stamps_taken: tuple[StampsGiven, ...]
    balance_points: int
    left_amount: int
    claim: bool
    already: bool


class RefundSaleHandler:
    """Refunds sales."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: RefundSale) -> RefundDone:
        """Refund what came back, or say exactly why it cannot be.

        Raises:
            RuleViolation: more than is left, no sale, undone, another member's, or a claim
                without an amount; nothing is written.
            StoreUnavailable: it could not be made durable.
        """
        if not is_sale_name(command.sale_id):
            raise CommandRefused(Code.SALE_ID)
        _check_lines(command.lines)
        stamp = change_stamp(self._context, command.refund_id)
        with self._context.store.write() as work:
            before = recorded_before(work, stamp.id)
            if before is not None:
                return self._again(work, command, before)
            history = self._history(work, command)
            if history is None:
                event, left = self._claim(work, command, stamp), 0
            else:
                event, left = self._refund(work, command, stamp, history)
            work.journal.append(event)
            balance = balance_now(self._context, work, event.member)
            done = _done(event, balance=balance, left=left, already=False)
            commit_surely(self._context, work, stamp.id)
        return done

    def _history(self, work: Repositories, command: RefundSale) -> SaleHistory | None:
        """Return the sale; what has the id and is none, or is no more, is refused."""
        stored = work.journal.get(command.sale_id)
        history = sale_history(self._context, work, command.sale_id)
        if history is None:
            if stored is not None:
                raise RuleViolation(Code.REFUND_NO_SALE)
            return None
        if history.reversal_id is not None:
            raise RuleViolation(Code.REFUND_REVERSED)
        if command.member_id is not None:
            asked = work.members.survivor(command.member_id)
            if holder_of(work, history) != asked:
                raise RuleViolation(Code.REFUND_MEMBER)
        return history

    def _refund(
        self, work: UnitOfWork, command: RefundSale, stamp: Stamp, history: SaleHistory
    ) -> tuple[SaleRefunded, int]:
        request = _request(command, history)
        self._ensure(history, request)
        sale = history.sale
        record = None if sale.member is None else work.members.record(sale.member)
        # What waits on a card is not known here; it has at least what the sale put there.
        balance = (
            sale.earned
            if record is None
            else record_now(self._context, work, record, at_ms=stamp.at_ms).balance_points
        )
        effect = refund_effect(history.program, sale, history.state, request, balance=balance)
        event = self._event(work, command, stamp, history, effect)
        return event, what_is_left(history.sale, effect.after).amount

    def _ensure(self, history: SaleHistory, request: RefundRequest) -> None:
        try:
            ensure_refundable(history.sale, history.state, request)
        except RuleViolation as refusal:
            currency = self._context.identity.currency
            raise refused_refund(refusal, history, request, currency) from refusal

    def _event(
        self,
        work: UnitOfWork,
        command: RefundSale,
        stamp: Stamp,
        history: SaleHistory,
        effect: RefundEffect,
    ) -> SaleRefunded:
        sale = history.sale
        returned, used, source = _rights(work, stamp, history, effect)
        return SaleRefunded(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=self._context.program(stamp.at_ms).version,
            cashier=command.cashier,
            sale_id=EventId(sale.id),
            member=sale.member,
            card_key=sale.card_key,
            amount=effect.amount,
            lines=effect.lines,
            earned_taken=effect.earned_taken,
            redeemed_returned=effect.redeemed_returned,
            rights_returned=returned,
            rights_used=used,
            rights_source=source,
            cash=effect.cash,
            forgiven=effect.forgiven,
            stamps_taken=effect.stamps_taken,
        )

    def _claim(self, work: Repositories, command: RefundSale, stamp: Stamp) -> SaleRefunded:
        """Note a refund of a sale that is not known here: amount and lines, no points."""
        if command.member_id is None and not is_id(command.sale_id):
            # The end of an id is not enough: many sales end alike, few of one member do.
            raise CommandRefused(Code.SALE_ID)
        amount = command.amount
        if command.lines:
            amount = sum(line.amount for line in command.lines)
        if amount is None:
            raise RuleViolation(Code.REFUND_CLAIM)
        check_claimed(amount, command.lines, self._context.identity.currency)
        member = command.member_id
        if member is not None and work.members.record(member) is None:
            raise RuleViolation(Code.MEMBER_UNKNOWN)
        return SaleRefunded(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=self._context.program(stamp.at_ms).version,
            cashier=command.cashier,
            sale_id=EventId(command.sale_id),
            member=None if member is None else work.members.survivor(member),
            amount=amount,
            lines=command.lines,
            claim=True,
        )

    def _again(self, work: Repositories, command: RefundSale, before: Event) -> RefundDone:
        """Answer a repeated refund with what it did; the same id for another one is refused."""
        if not isinstance(before, SaleRefunded) or not _is_same(command, before):
            raise another_change(before, kind=SaleRefunded)
        history = sale_history(self._context, work, SaleId(before.sale_id))
        left = 0 if history is None else what_is_left(history.sale, history.state).amount
        balance = balance_now(self._context, work, before.member)
        return _done(before, balance=balance, left=left, already=True)


def is_sale_name(text: str) -> bool:
    """Tell whether a text can name a sale: its whole id, or the end of it from a receipt."""
    return is_id(text) or (is_id(text.rjust(ID_LENGTH, "0")) and len(text) == SHORT_LETTERS)


def _check_lines(lines: tuple[RefundLine, ...]) -> None:
    """Refuse lines that no sale has: the server would set the whole refund aside.

    Raises:
        RuleViolation: no such line, or a quantity that is none.
        CommandRefused: more lines than a sale has.
    """
    if len(lines) > LINES_MAX:
        raise CommandRefused(Code.COMMAND_FIELD, field="lines")
    for line in lines:
        if not 0 <= line.line < LINES_MAX:
            raise RuleViolation(Code.REFUND_LINE, saved=False, **line_facts(line.line))
        if not 0 <= line.quantity <= QUANTITY_MAX:
            detail = f"the quantity that comes back is 0 to {QUANTITY_MAX}"
            facts = line_facts(line.line)
            raise RuleViolation(Code.SALE_LINE, saved=False, **facts, detail=detail)


def _rights(
    work: UnitOfWork, stamp: Stamp, history: SaleHistory, effect: RefundEffect
) -> tuple[int, int, str]:
    """Return the rights that come back, those that the taking uses, and their source.

    Rights go back only in the stream that used them. Points that are pending still were never
    rights, so taking them uses none.
    """
    sale = history.sale
    if sale.member is None:
        return 0, 0, ""
    is_here = history.stream_no == work.journal.stream().stream_no
    left = sale.rights_used - history.rights_returned if is_here else 0
    returned = min(effect.redeemed_returned, left)
    if sale.pending_until_ms > stamp.at_ms:
        return returned, 0, ""
    rights = work.journal.rights(sale.member).plus(RightsEffect(sale.member, earned=returned))
    used = cover_taking_back(points=effect.earned_taken, rights=rights)
    return returned, used, rights.source_of(used)


def _request(command: RefundSale, history: SaleHistory) -> RefundRequest:
    """Return what comes back; nothing named is all that is left."""
    if command.lines:
        return RefundRequest(lines=tuple(_with_amount(line, history) for line in command.lines))
    left = what_is_left(history.sale, history.state).amount
    return RefundRequest(amount=left if command.amount is None else command.amount)


def _with_amount(line: RefundLine, history: SaleHistory) -> RefundLine:
    """Return a line with the money that comes back of it; one that is not there as it is."""
    whole = lines_of(facts_of(history.sale))
    if line.amount or not 0 <= line.line < len(whole):
        return line
    sold = whole[line.line]
    left = max(0, sold.amount - history.state.lines[line.line])
    if 0 < line.quantity < sold.quantity:
        left = min(left, part_of(max(0, sold.amount), line.quantity, sold.quantity))
    return msgspec.structs.replace(line, amount=left)


def _is_same(command: RefundSale, before: SaleRefunded) -> bool:
    """Compare with what was asked then: the event has every line, also of an amount alone."""
    if before.sale_id != command.sale_id:
        return False
    if command.lines:
        back = {line.line: line.amount for line in before.lines}
        asked: dict[int, int] = {}
        for line in command.lines:
            asked[line.line] = asked.get(line.line, 0) + line.amount
        return back.keys() <= asked.keys() and all(
            amount in {0, back.get(number, 0)} for number, amount in asked.items()
        )
    return command.amount in {None, before.amount}


def _done(event: SaleRefunded, *, balance: int, left: int, already: bool) -> RefundDone:
    return RefundDone(
        refund_id=event.id,
        sale_id=SaleId(event.sale_id),
        member_id=event.member,
        amount=event.amount,
        cash=event.cash,
        earned_points_taken=event.earned_taken,
        redeemed_points_returned=event.redeemed_returned,
        forgiven_points=event.forgiven,
        stamps_taken=event.stamps_taken,
        balance_points=balance,
        left_amount=left,
        claim=event.claim,
        already=already,
    )
