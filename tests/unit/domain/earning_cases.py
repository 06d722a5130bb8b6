"""Short ways to make programs with rules, and sales to try them on."""

from collections.abc import Sequence
from typing import TypedDict, Unpack

import msgspec

from pos_loyalty.domain.accrual import Accrual, SaleFacts, earn, earned_points
from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarnBasis,
    EarningRule,
    EarnRule,
    Rounding,
    RoundingScope,
    Value,
    WeekdayMultiplier,
)
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.ids import ProgramVersion, TierId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.offer import Offer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.tier import Tier
from tests.builders import WEDNESDAY_MS

ONE_TIER = (Tier(id=TierId("all"), name="Member"),)
EURO = 100


class ProgramFields(TypedDict, total=False):
    """What a test may set of a program; everything else gives nothing."""

    rules: tuple[EarningRule, ...]
    offers: tuple[Offer, ...]
    caps: Caps
    rounding: Rounding
    rounding_scope: RoundingScope
    earn_basis: EarnBasis
    paid_with_points_earns: bool
    payments_excluded: tuple[str, ...]
    sale_points_min: int
    pending_days: int
    weekday_multipliers: tuple[WeekdayMultiplier, ...]
    tiers: tuple[Tier, ...]
    earn: EarnRule
    currency: str


def program(**fields: Unpack[ProgramFields]) -> LoyaltyProgram:
    """Return a program: one point for each euro, and what is given."""
    plain = LoyaltyProgram(
        version=ProgramVersion("v1"),
        name="Rules",
        currency="EUR",
        effective_from_ms=0,
        earn=EarnRule(step_minor_units=EURO, points_per_step=1),
        tiers=ONE_TIER,
    )
    return msgspec.structs.replace(plain, **fields)


def rule(
    give: Value, *, named: str = "r", when: Conditions | None = None, caps: Caps | None = None
) -> EarningRule:
    """Return a rule that always holds, unless it is told when."""
    return EarningRule(
        id=named, name=named.capitalize(), give=give, when=when or Conditions(), caps=caps or Caps()
    )


def line(
    amount: int, category: str = "", *, sku: str = "", quantity: int = 1, tax: int = 0
) -> SaleLine:
    """Return a line of a sale."""
    return SaleLine(amount=amount, category=category, sku=sku, quantity=quantity, tax=tax)


def basket(
    *lines: SaleLine,
    total: int | None = None,
    payments: Sequence[Payment] = (),
    rewards: Sequence[RewardTaken] = (),
    known: MemberFacts = NO_FACTS,
    tier: str = "all",
    at_ms: int = WEDNESDAY_MS,
    offset_minutes: int = 60,
    tax: int = 0,
) -> SaleFacts:
    """Return the facts of a sale at noon on Wednesday, 19 November 2025."""
    return SaleFacts(
        total=sum(entry.amount for entry in lines) if total is None else total,
        tier=tier,
        at_ms=at_ms,
        offset_minutes=offset_minutes,
        rewards=tuple(rewards),
        tax=tax,
        lines=lines,
        payments=tuple(payments),
        known=known,
    )


def earned(by: LoyaltyProgram, facts: SaleFacts) -> Accrual:
    """Return what a sale earns, after what holds of every sale."""
    accrual = earn(by, facts)

    assert earned_points(by, facts) == accrual.points >= 0
    assert accrual.trace[-1].points == accrual.points
    assert sum(accrual.lines) + accrual.sale_points >= accrual.points
    assert 0 <= accrual.raised <= accrual.sale_points
    return accrual


def texts(accrual: Accrual) -> list[str]:
    """Return the words of an explanation, each with the points after it."""
    return [f"{step.text} = {step.points}" for step in accrual.trace]
