"""What a sale earns, and why: pure computation from the sale's facts and one program.

The result carries a trace; a program that is asked again years later with the
same facts gives the same points and the same words.
"""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.event import Payment, SaleLine, SaleRecorded, StampsGiven
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram, Tier
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.rounding import local_weekday, percent_of, whole_steps


class SaleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that earning depends on. Amounts in minor units.

    ``tier`` is the level that the member held before the sale, as the till saw it.
    """

    total: int
    tier: str
    at_ms: int
    offset_minutes: int
    rewards: Sequence[RewardTaken] = ()
    tax: int = 0
    lines: Sequence[SaleLine] = ()
    payments: Sequence[Payment] = ()
    known: MemberFacts = NO_FACTS


def facts_of(sale: SaleRecorded) -> SaleFacts:
    """Return the facts that a recorded sale stores."""
    return SaleFacts(
        total=sale.sale.total,
        tier=sale.tier,
        at_ms=sale.at_ms,
        offset_minutes=sale.tz_minutes,
        rewards=sale.rewards,
        tax=sale.sale.tax,
        lines=sale.sale.lines,
        payments=sale.sale.payments,
        known=sale.known,
    )


class TraceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an explanation: the rule, its words, and the points after it."""

    rule: str
    text: str
    points: int


class Accrual(msgspec.Struct, frozen=True, kw_only=True):
    """Points earned, the steps that led there, and the one multiplier that applied (100 = none).

    ``lines`` is what each line gave (one entry for a sale without lines), ``sale_points`` what
    the sale as a whole gave (the lowest that a sale earns included), both before the caps of
    the whole sale. ``by_rule`` is what each rule with an id gave: points, or stamps.
    """

    points: int
    trace: tuple[TraceStep, ...]
    multiplier_name: str = ""
    multiplier_percent: int = PERCENT_WHOLE
    lines: tuple[int, ...] = ()
    sale_points: int = 0
    stamps: tuple[StampsGiven, ...] = ()
    by_rule: tuple[tuple[str, int], ...] = ()


def earn(program: LoyaltyProgram, facts: SaleFacts) -> Accrual:
    """Compute what a member's sale earns.

    The part paid with rewards does not earn. A part-filled step earns nothing.
    Multipliers do not stack: the best one wins.
    """
    discount, eligible, base = _base(program, facts)
    rule = program.earn
    steps = [
        TraceStep(
            rule="earn",
            text=(
                f"{eligible} minor units at {rule.points_per_step} points"
                f" per {rule.step_minor_units}, rounded down"
            ),
            points=base,
        )
    ]
    if discount:
        taken = f"{discount} of {facts.total} paid with rewards, which earns nothing"
        steps.insert(0, TraceStep(rule="rewards", text=taken, points=0))
    name, percent = _best_multiplier(program, facts)
    points = percent_of(base, percent)
    if percent > PERCENT_WHOLE:
        steps.append(TraceStep(rule="multiplier", text=f"{name} x{percent / 100:g}", points=points))
    return Accrual(
        points=points, trace=tuple(steps), multiplier_name=name, multiplier_percent=percent
    )


def earned_points(program: LoyaltyProgram, facts: SaleFacts) -> int:
    """Return the points alone, without the words that explain them."""
    _, _, base = _base(program, facts)
    return percent_of(base, _best_multiplier(program, facts)[1])


def _base(program: LoyaltyProgram, facts: SaleFacts) -> tuple[int, int, int]:
    """Return what rewards paid, what is left to earn on, and its points before multipliers."""
    discount = sum(reward.discount for reward in facts.rewards) if facts.rewards else 0
    eligible = max(0, facts.total - discount)
    rule = program.earn
    return discount, eligible, whole_steps(eligible, rule.step_minor_units) * rule.points_per_step


def _best_multiplier(program: LoyaltyProgram, facts: SaleFacts) -> tuple[str, int]:
    weekday = local_weekday(facts.at_ms, facts.offset_minutes)
    tier = _tier_of(program, facts.tier)
    best = (tier.name, tier.percent)
    for rule in program.weekday_multipliers:
        if weekday in rule.weekdays and rule.percent > best[1]:
            best = (rule.name, rule.percent)
    return best


def _tier_of(program: LoyaltyProgram, tier_id: str) -> Tier:
    return next((tier for tier in program.tiers if tier.id == tier_id), program.tiers[0])
