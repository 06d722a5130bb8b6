"""Record a sale with its rewards: one event, one transaction, one flush.

The sale's id exists before anything is written. The same id again is the same
sale: it answers what the first time answered and writes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.accrual import TraceStep, earn, facts_of, pending_until
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, CommandRefused, RuleViolation
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    Basket,
    Payment,
    SaleLine,
    SaleRecorded,
    decode_event,
)
from pos_loyalty.domain.ids import CardKey, MemberId, SaleId, TierId, is_id
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.spend_rights import effects_of
from pos_loyalty.domain.voucher import parse_voucher, voucher_of
from pos_loyalty.services.claim_voucher import claim_of, claims_of_sale
from pos_loyalty.services.member_view import spendable_points, standing_of
from pos_loyalty.services.one_change import commit_surely
from pos_loyalty.services.price_sale import PricedSale, SaleInHand, price_sale, redemption_trace
from pos_loyalty.services.reward_offers import count_rewards
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork

_ASKS = frozenset({Code.RIGHTS_SHORT, Code.RIGHTS_ENDED, Code.REWARD_ASKS_SERVER})
"""Refusals after which the server is asked before the sale is refused."""


@dataclass(frozen=True)
class RecordSale:
    """Complete a sale. ``total`` in minor units before rewards, ``tax`` in it where it is known.

    ``found_by`` is card, number, phone or name. ``card_key`` alone, without a
    member, is a card that this till does not know yet.
    """

    total: int
    member_id: MemberId | None = None
    rewards: Sequence[RewardChoice] = ()
    sale_id: SaleId | None = None
    found_by: str = ""
    card_key: CardKey | None = None
    cashier: str = ""
    lines: tuple[SaleLine, ...] = ()
    receipt_no: str = ""
    payments: tuple[Payment, ...] = ()
    tax: int | None = None
    voucher: str = ""


class SaleDone(msgspec.Struct, frozen=True):
    """The sale is durable on this till. ``already`` means it was so before this call.

    ``undone`` means that it was taken back since; its points no longer count.
    """

    sale_id: SaleId
    earned_points: int
    redeemed_points: int
    discount: int
    to_pay: int
    balance_points: int
    spendable_points: int
    trace: tuple[TraceStep, ...]
    already: bool
    undone: bool = False
    voucher_points: int = 0


class RecordSaleHandler:
    """Records sales."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: RecordSale) -> SaleDone:
        """Record the sale, or say exactly why not and whether it is saved.

        Where points are short only on this till, the server is asked once; the allowance
        is for when it does not answer.

        Raises:
            RuleViolation: the sale cannot be; nothing is written.
            StoreUnavailable: it could not be made durable; ``saved`` tells the truth.
        """
        if command.sale_id is not None and not is_id(command.sale_id):
            raise CommandRefused(Code.SALE_ID)
        sale_id = command.sale_id or SaleId(self._context.ids.next_id())
        stamp = self._context.stamp(sale_id)
        try:
            return self._record(command, stamp, with_allowance=False)
        except RuleViolation as refusal:
            if refusal.code not in _ASKS:
                raise
            answered = self._ask(command, refusal)
        return self._record(command, stamp, with_allowance=True, server_answered=answered)

    def _ask(self, command: RecordSale, refusal: RuleViolation) -> bool:
        """Ask the server for the points and tell whether it answered.

        Whether they came shows when the sale is tried again. A shop's hub is no answer.
        """
        assert command.member_id is not None
        with self._context.store.read() as work:
            member = work.members.survivor(command.member_id)
            before_ms = work.settings.number(Setting.LAST_CONTACT_MS)
        self._context.ask_rights(member, int(refusal.facts["cost_points"]))
        with self._context.store.read() as work:
            return work.settings.number(Setting.LAST_CONTACT_MS) > before_ms

    def _record(
        self,
        command: RecordSale,
        stamp: Stamp,
        *,
        with_allowance: bool,
        server_answered: bool = False,
    ) -> SaleDone:
        with self._context.store.write() as work:
            stored = work.journal.get(stamp.id)
            if stored is not None:
                return self._again(work, command, decode_event(stored.data))
            sale = _in_hand(command, with_allowance=with_allowance, server_answered=server_answered)
            priced = price_sale(
                self._context, work, sale, at_ms=stamp.at_ms, tz_minutes=stamp.tz_minutes
            )
            event = _event(command, priced, stamp, self._context.identity.currency.code)
            work.journal.append(event)
            self._append_claim(work, event, priced)
            if priced.taken:
                taken = tuple(reward.reward for reward in priced.taken)
                count_rewards(priced.program, work, taken, by=1)
            _count_risk(work, priced.cover.risk_used, joined=self._context.identity.joined)
            done = self._just_done(event, priced)
            commit_surely(self._context, work, stamp.id)
        return done

    def _append_claim(self, work: UnitOfWork, event: SaleRecorded, priced: PricedSale) -> None:
        """Claim the sale's voucher in the same write: neither is ever there without the other."""
        if priced.voucher is None:
            return
        claim = claim_of(
            priced.voucher,
            self._context.stamp(),
            sale_id=event.id,
            member=event.member,
            discount=priced.taken[-1].discount,
            program=event.program,
            cashier=event.cashier,
        )
        work.journal.append(claim)

    def _again(self, work: Repositories, command: RecordSale, event: object) -> SaleDone:
        """Answer a repeated sale id with the sale that it already is."""
        if not isinstance(event, SaleRecorded) or not _is_same(work, command, event):
            raise RuleViolation(Code.SALE_DIFFERENT, saved=isinstance(event, SaleRecorded))
        return self._done_before(work, event)

    def trace_of(self, event: SaleRecorded) -> tuple[TraceStep, ...]:
        """Explain a recorded sale again from its facts and its program version."""
        program = self._context.program_version(event.program) or self._context.program()
        trace = redemption_trace(program, event.rewards)
        if event.member is None and event.card_key is None:
            return trace
        return trace + earn(program, facts_of(event)).trace

    def _just_done(self, event: SaleRecorded, priced: PricedSale) -> SaleDone:
        """Answer with what the sale left, worked out from what was read before it."""
        standing = priced.standing
        if standing is None:
            return _done(event, priced.trace, balance=0, spendable=0)
        record = standing.record
        given = 0 if priced.voucher is None else priced.voucher.points
        balance = record.balance_points - event.redeemed + event.earned + given
        waiting = event.earned if event.pending_until_ms else 0
        spendable = spendable_points(
            balance=balance,
            unusable=standing.now.unusable_points + waiting,
            rights=record.rights.plus(effects_of(event)[0]),
            joined=self._context.identity.joined,
            limits=msgspec.structs.replace(
                standing.limits,
                allowance_points=max(0, standing.limits.allowance_points - event.risk_used),
            ),
        )
        done = _done(event, priced.trace, balance=balance, spendable=spendable)
        return msgspec.structs.replace(done, voucher_points=given) if given else done

    def _done_before(self, work: Repositories, event: SaleRecorded) -> SaleDone:
        """Answer a repeated sale with its own figures and the balance of now."""
        balance = spendable = 0
        if event.member is not None:
            record = work.members.record(event.member)
            assert record is not None, "a sale never outlives its member's row"
            standing = standing_of(self._context, work, record)
            balance = standing.record.balance_points
            spendable = standing.spendable_points
        done = _done(event, self.trace_of(event), balance=balance, spendable=spendable)
        undone = work.journal.is_reversed(event.id) is not None
        return msgspec.structs.replace(
            done,
            already=True,
            undone=undone,
            voucher_points=sum(claim.points for claim in claims_of_sale(work, event.id)),
        )


def _in_hand(command: RecordSale, *, with_allowance: bool, server_answered: bool) -> SaleInHand:
    return SaleInHand(
        member_id=command.member_id,
        card_key=command.card_key,
        total=command.total,
        rewards=command.rewards,
        found_by=command.found_by,
        with_allowance=with_allowance,
        lines=command.lines,
        payments=command.payments,
        tax=command.tax,
        voucher=command.voucher,
        server_answered=server_answered,
    )


def _done(
    event: SaleRecorded, trace: tuple[TraceStep, ...], *, balance: int, spendable: int
) -> SaleDone:
    discount = sum(reward.discount for reward in event.rewards)
    return SaleDone(
        sale_id=SaleId(event.id),
        earned_points=event.earned,
        redeemed_points=event.redeemed,
        discount=discount,
        to_pay=event.sale.total - discount,
        balance_points=balance,
        spendable_points=spendable,
        trace=trace,
        already=False,
    )


def _event(command: RecordSale, priced: PricedSale, stamp: Stamp, currency: str) -> SaleRecorded:
    return SaleRecorded(
        v=SCHEMA_VERSION,
        id=stamp.id,
        at_ms=stamp.at_ms,
        boot_ms=stamp.boot_ms,
        tz_minutes=stamp.tz_minutes,
        program=priced.program.version,
        cashier=command.cashier,
        sale=Basket(
            total=command.total,
            currency=currency,
            lines=command.lines,
            payments=command.payments,
            receipt_no=command.receipt_no,
            tax=priced.facts.tax,
        ),
        member=None if priced.standing is None else priced.standing.record.member,
        card_key=command.card_key if command.member_id is None else None,
        found_by=command.found_by,
        tier=TierId(priced.tier_id),
        earned=priced.accrual.points,
        rewards=priced.taken,
        redeemed=priced.redeemed,
        rights_used=priced.cover.rights_used,
        rights_source=_rights_source(priced),
        risk_used=priced.cover.risk_used,
        known=priced.facts.known,
        stamps=priced.accrual.stamps,
        pending_until_ms=pending_until(priced.program, stamp.at_ms) if priced.accrual.points else 0,
    )


def _rights_source(priced: PricedSale) -> str:
    used, standing = priced.cover.rights_used, priced.standing
    if not used or standing is None:
        return ""
    return standing.record.rights.source_of(used) or "till"


def _is_same(work: Repositories, command: RecordSale, event: SaleRecorded) -> bool:
    """Compare by the person: the account may have been merged into another since."""
    chosen = {choice.id: choice.points for choice in command.rewards}
    items = {choice.id: choice.item for choice in command.rewards}
    rewards = [reward for reward in event.rewards if not voucher_of(reward.reward)]
    taken = {reward.reward: reward.points for reward in rewards}
    vouchers = [voucher for reward in event.rewards if (voucher := voucher_of(reward.reward))]
    return (
        _person(work, event.member) == _person(work, command.member_id)
        and event.sale.total == command.total
        and chosen.keys() == taken.keys()
        and all(points in {None, taken[reward]} for reward, points in chosen.items())
        and all(items[reward.reward] == reward.item for reward in rewards)
        and vouchers == _voucher_ids(command.voucher)
        and event.sale.lines == command.lines
        and event.sale.payments == command.payments
    )


def _voucher_ids(code: str) -> list[str]:
    """Return the voucher of a command; letters that are none are no voucher of any sale."""
    if not code:
        return []
    try:
        return [parse_voucher(code).voucher.id]
    except CardError:
        return [code]


def _person(work: Repositories, member: MemberId | None) -> MemberId | None:
    return None if member is None else work.members.survivor(member)


def _count_risk(work: Repositories, risk_used: int, *, joined: bool) -> None:
    """What was redeemed above the rights uses up the owner's allowance."""
    if risk_used and joined:
        used = work.settings.number(Setting.RISK_USED)
        work.settings.put(Setting.RISK_USED, used + risk_used)
