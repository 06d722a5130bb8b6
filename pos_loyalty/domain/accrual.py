"""What a sale earns, and why: pure computation from the sale's facts and one program.

The result carries a trace; a program that is asked again years later with the
same facts gives the same points and the same words. docs/rules.md states the rules.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.condition import quantity_of
from pos_loyalty.domain.earning_base import base_of
from pos_loyalty.domain.earning_cap import Ceiling
from pos_loyalty.domain.earning_plan import (
    NO_CAPS,
    EarningPlan,
    ReadyOffer,
    ReadyRule,
    ceiling_below,
    plan_of,
)
from pos_loyalty.domain.earning_rule import Bonus, PerVisit
from pos_loyalty.domain.event import StampsGiven
from pos_loyalty.domain.multiplier import Multiplied, best_short_form, multiplied
from pos_loyalty.domain.offer import BonusOffer
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram
from pos_loyalty.domain.rounding import local_weekday, percent_of, spread, whole_steps
from pos_loyalty.domain.sale_facts import SaleFacts, SaleView, facts_of, tier_in, view_of
from pos_loyalty.domain.tally_key import POINTS
from pos_loyalty.domain.trace import (
    Finding,
    Found,
    TraceStep,
    money_text,
    multiplier_text,
    rewards_step,
    steps_of,
)

__all__ = [
    "Accrual",
    "SaleFacts",
    "TraceStep",
    "capped",
    "earn",
    "earned_points",
    "facts_of",
    "pending_until",
]

_MS_PER_HOUR = 3_600_000
_MS_PER_DAY = 24 * _MS_PER_HOUR


class Accrual(msgspec.Struct, frozen=True, kw_only=True):
    """Points earned, the steps that led there, and the one multiplier that applied (100 = none).

    ``lines`` is what each line gave (one entry for a sale without lines), ``sale_points`` what
    the sale as a whole gave, ``raised`` of them to reach the lowest that a sale earns, all
    before the caps of the whole sale. ``by_rule`` is what each rule and offer with an id gave:
    points, or stamps.
    """

    points: int
    trace: tuple[TraceStep, ...]
    multiplier_name: str = ""
    multiplier_percent: int = PERCENT_WHOLE
    lines: tuple[int, ...] = ()
    sale_points: int = 0
    raised: int = 0
    stamps: tuple[StampsGiven, ...] = ()
    by_rule: tuple[tuple[str, int], ...] = ()


def earn(program: LoyaltyProgram, facts: SaleFacts) -> Accrual:
    """Compute what a member's sale earns, with every step in words."""
    plan = plan_of(program)
    if plan.is_plain and not facts.lines:
        return _earn_plain(program, plan, facts)
    view = view_of(program, facts)
    earned = _earned(program, plan, view)
    return Accrual(
        points=earned.points,
        trace=steps_of(program, facts, view.not_earning, earned.found),
        multiplier_name=earned.multiplied.name,
        multiplier_percent=earned.multiplied.percent,
        lines=tuple(earned.lines),
        sale_points=earned.sale_points,
        raised=earned.raised,
        stamps=earned.stamps,
        by_rule=tuple(
            (finding.rule_id, finding.gain)
            for finding in earned.found
            if finding.rule_id and finding.gain
        ),
    )


def earned_points(program: LoyaltyProgram, facts: SaleFacts) -> int:
    """Return the points alone, without the words that explain them."""
    plan = plan_of(program)
    if plan.is_plain:
        _, _, base = _plain_base(program, facts)
        return percent_of(base, _plain_multiplier(program, facts)[1])
    return _earned(program, plan, view_of(program, facts)).points


def capped(program: LoyaltyProgram, facts: SaleFacts, points: int) -> int:
    """Return points within the caps of the whole program as they stood at the sale."""
    if program.caps == NO_CAPS:
        return points
    ceiling = ceiling_below(program.caps, POINTS, view_of(program, facts), points)
    return points if ceiling is None else ceiling.left


def pending_until(program: LoyaltyProgram, at_ms: int) -> int:
    """Return from when the points of a sale can be used; 0 where that is at once."""
    return at_ms + program.pending_days * _MS_PER_DAY if program.pending_days > 0 else 0


def _earn_plain(program: LoyaltyProgram, plan: EarningPlan, facts: SaleFacts) -> Accrual:
    """Compute a sale of amount alone by a rate, a tier and weekdays: the short way of most."""
    discount, eligible, base = _plain_base(program, facts)
    text = money_text(eligible, program.currency) + plan.earn_words
    steps = (TraceStep(rule="earn", text=text, points=base, change=base),)
    if discount:
        steps = (rewards_step(program, facts, discount), *steps)
    name, percent = _plain_multiplier(program, facts)
    points = percent_of(base, percent)
    if percent > PERCENT_WHOLE:
        words = multiplier_text(name, percent)
        more = TraceStep(rule="multiplier", text=words, points=points, change=points - base)
        steps = (*steps, more)
    return Accrual(
        points=points,
        trace=steps,
        multiplier_name=name,
        multiplier_percent=percent,
        lines=(points,),
    )


def _plain_base(program: LoyaltyProgram, facts: SaleFacts) -> tuple[int, int, int]:
    """Return what rewards paid, what is left to earn on, and its points before multipliers."""
    discount = sum(reward.discount for reward in facts.rewards) if facts.rewards else 0
    eligible = max(0, facts.total - discount)
    rule = program.earn
    return discount, eligible, whole_steps(eligible, rule.step_minor_units) * rule.points_per_step


def _plain_multiplier(program: LoyaltyProgram, facts: SaleFacts) -> tuple[str, int]:
    weekday = local_weekday(facts.at_ms, facts.offset_minutes)
    return best_short_form(program, tier_in(program, facts.tier), weekday)


@dataclass(slots=True)
class _Earned:
    """The whole computation in figures; ``lines`` and ``sale_points`` before the last caps."""

    points: int
    lines: list[int]
    sale_points: int
    raised: int
    multiplied: Multiplied
    stamps: tuple[StampsGiven, ...]
    found: list[Finding]


def _earned(program: LoyaltyProgram, plan: EarningPlan, view: SaleView) -> _Earned:
    base = base_of(program, plan, view)
    times = multiplied(program, plan, view, base.points)
    found = [*base.found, *times.found(len(view.lines))]
    lines = [points + extra for points, extra in zip(base.points, times.extras, strict=True)]
    _add_per_item(plan, view, lines, found)
    of_sale = list(_for_sale(plan, view))
    found += of_sale
    sale_points = sum(finding.gain for finding in of_sale)
    points = sum(lines) + sale_points
    raised = 0
    if view.money_sum > 0 and points < program.sale_points_min:
        raised = program.sale_points_min - points
        lowest = program.sale_points_min
        found.append(Finding(kind=Found.MINIMUM, key="minimum", gain=raised, each=lowest))
    points += raised
    if program.caps != NO_CAPS:
        ceiling = ceiling_below(program.caps, POINTS, view, points)
        if ceiling is not None:
            over = ceiling.left - points
            found.append(Finding(kind=Found.CAP, key="cap", gain=over, ceiling=ceiling))
            points = ceiling.left
    stamps = _stamps(plan, view, found)
    return _Earned(points, lines, sale_points + raised, raised, times, stamps, found)


def _add_per_item(
    plan: EarningPlan, view: SaleView, lines: list[int], found: list[Finding]
) -> None:
    for rule, give in plan.per_item:
        seen = rule.condition.seen_in(view)
        quantity = 0 if seen is None else quantity_of(view, seen.lines)
        if seen is None or quantity == 0:
            continue
        each = [give.points * quantity_of(view, (at,)) for at in seen.lines]
        ceiling = rule.ceiling(view, sum(each))
        given = sum(each) if ceiling is None else ceiling.left
        for at, points in zip(seen.lines, spread(given, each), strict=True):
            lines[at] += points
        found.append(
            Finding(
                kind=Found.PER_ITEM,
                key=rule.key,
                gain=given,
                name=rule.name,
                rule_id=rule.id,
                each=give.points,
                quantity=quantity,
                ceiling=ceiling,
            )
        )


def _for_sale(plan: EarningPlan, view: SaleView) -> Iterable[Finding]:
    """Yield what is given for the sale as a whole: visits, bonuses, and the best bonus offer."""
    for rule, give in plan.for_sale:
        if rule.condition.seen_in(view) is None:
            continue
        if isinstance(give, Bonus):
            yield _given(Found.BONUS, rule, give.points, rule.ceiling(view, give.points))
        elif _is_new_visit(view, give):
            yield _given(Found.VISIT, rule, give.points, rule.ceiling(view, give.points))
    offers = [
        (ready, offer)
        for ready, offer in plan.bonus_offers
        if ready.condition.seen_in(view) is not None
    ]
    if offers:
        ready, offer = max(offers, key=_bonus_of)  # of equals the first
        yield _given(Found.BONUS, ready, offer.points, None)


def _bonus_of(offer: tuple[ReadyOffer, BonusOffer]) -> int:
    return offer[1].points


def _given(
    kind: Found, rule: ReadyRule | ReadyOffer, points: int, ceiling: Ceiling | None
) -> Finding:
    return Finding(
        kind=kind,
        key=rule.key,
        gain=points if ceiling is None else ceiling.left,
        name=rule.name,
        rule_id=rule.id,
        each=points,
        ceiling=ceiling,
    )


def _is_new_visit(view: SaleView, give: PerVisit) -> bool:
    last_ms = view.known.last_visit_ms
    if give.hours_between <= 0 or last_ms == 0:
        return True
    return view.at_ms - last_ms >= give.hours_between * _MS_PER_HOUR


def _stamps(plan: EarningPlan, view: SaleView, found: list[Finding]) -> tuple[StampsGiven, ...]:
    cards: dict[str, int] = {}
    for rule, give in plan.stamps:
        seen = rule.condition.seen_in(view)
        if seen is None:
            continue
        wanted = give.count * (quantity_of(view, seen.lines) if give.per_item else 1)
        ceiling = rule.ceiling(view, wanted)
        count = wanted if ceiling is None else ceiling.left
        cards[give.card] = cards.get(give.card, 0) + count
        found.append(
            Finding(
                kind=Found.STAMPS,
                key=rule.key,
                gain=count,
                name=rule.name,
                rule_id=rule.id,
                ceiling=ceiling,
            )
        )
    return tuple(StampsGiven(card=card, count=count) for card, count in cards.items() if count)
