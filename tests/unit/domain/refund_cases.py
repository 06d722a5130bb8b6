"""Short ways to record a sale as a till does, and to refund it."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.accrual import SaleFacts, earn
from pos_loyalty.domain.event import Basket, RefundLine, SaleRecorded, SaleRefunded
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.refund import (
    RefundEffect,
    RefundRequest,
    Returned,
    nothing_returned,
    refund_effect,
)
from tests.builders import AYSE, event_id

MUCH = 10**9
"""A balance from which everything can be taken."""


def with_policy(
    by: LoyaltyProgram, policy: AlreadySpent, *, worth: int = 0, worth_points: int = 1
) -> LoyaltyProgram:
    """Return a program that does this about points that were spent."""
    rules = RefundRules(already_spent=policy, point_worth=worth, point_worth_points=worth_points)
    return msgspec.structs.replace(by, refunds=rules)


def recorded(by: LoyaltyProgram, facts: SaleFacts) -> SaleRecorded:
    """Return the sale that a till records of these facts."""
    accrual = earn(by, facts)
    return SaleRecorded(
        v=1,
        id=event_id(1),
        at_ms=facts.at_ms,
        boot_ms=5,
        tz_minutes=facts.offset_minutes,
        program=by.version,
        sale=Basket(
            total=facts.total,
            currency=by.currency,
            lines=tuple(facts.lines),
            payments=tuple(facts.payments),
            tax=facts.tax,
        ),
        member=AYSE,
        tier=TierId(facts.tier),
        earned=accrual.points,
        rewards=tuple(facts.rewards),
        redeemed=sum(reward.points for reward in facts.rewards),
        known=facts.known,
        stamps=accrual.stamps,
    )


def of_amount(amount: int) -> RefundRequest:
    """Return the request for an amount alone."""
    return RefundRequest(amount=amount)


def of_lines(*amounts: tuple[int, int]) -> RefundRequest:
    """Return the request for (line, amount) pairs."""
    return RefundRequest(
        lines=tuple(RefundLine(line=line, amount=amount) for line, amount in amounts)
    )


def refunded(
    by: LoyaltyProgram,
    sale: SaleRecorded,
    *requests: RefundRequest,
    balance: int = MUCH,
) -> list[RefundEffect]:
    """Return what refunds one after the other do, with this balance before each."""
    effects: list[RefundEffect] = []
    state = nothing_returned(sale)
    for request in requests:
        effects.append(refund_effect(by, sale, state, request, balance=balance))
        state = effects[-1].after
    return effects


def taken(effects: Sequence[RefundEffect]) -> list[int]:
    """Return the points that each refund took."""
    return [effect.earned_taken for effect in effects]


def event_of(sale: SaleRecorded, effect: RefundEffect, number: int = 2) -> SaleRefunded:
    """Return the event that a till records of a refund."""
    return SaleRefunded(
        v=1,
        id=event_id(number),
        at_ms=sale.at_ms + number,
        boot_ms=6,
        tz_minutes=sale.tz_minutes,
        program=sale.program,
        sale_id=sale.id,
        member=sale.member,
        amount=effect.amount,
        lines=effect.lines,
        earned_taken=effect.earned_taken,
        redeemed_returned=effect.redeemed_returned,
        cash=effect.cash,
        forgiven=effect.forgiven,
        stamps_taken=effect.stamps_taken,
    )


def state_after(effects: Sequence[RefundEffect], sale: SaleRecorded) -> Returned:
    """Return the state after the last of these."""
    return effects[-1].after if effects else nothing_returned(sale)
