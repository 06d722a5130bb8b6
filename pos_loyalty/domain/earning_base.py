"""The base of a sale's points: each line's money at the rate that it belongs to."""

from dataclasses import dataclass

from pos_loyalty.domain.earning_plan import EarningPlan, ReadyRule
from pos_loyalty.domain.earning_rule import EarnRule, Exclude, RoundingScope
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import spread, steps_rounded
from pos_loyalty.domain.sale_facts import SaleView
from pos_loyalty.domain.trace import Finding, Found


@dataclass(slots=True)
class Base:
    """Base points of each line, and how they came about."""

    points: list[int]
    found: list[Finding]


def base_of(program: LoyaltyProgram, plan: EarningPlan, view: SaleView) -> Base:
    """Give each line to the first rate or exclusion that holds and chooses it."""
    base = Base([0] * len(view.lines), [])
    is_free = [True] * len(view.lines)
    for rule, give in plan.rates:
        seen = rule.condition.seen_in(view)
        if seen is None:
            continue
        lines = [at for at in seen.lines if is_free[at]]
        if not lines:
            continue
        for at in lines:
            is_free[at] = False
        money = [seen.money[at] for at in lines]
        if isinstance(give, Exclude):
            base.found.append(_excluded(rule, sum(view.money[at] for at in lines)))
        else:
            rate = EarnRule(step_minor_units=give.step, points_per_step=give.points)
            _add_group(base, _Group(lines, money, rate), program, view, rule)
    rest = [at for at, free in enumerate(is_free) if free]
    if rest:
        group = _Group(rest, [view.money[at] for at in rest], program.earn)
        _add_group(base, group, program, view, None)
    return base


@dataclass(frozen=True, slots=True)
class _Group:
    """Lines that share a rate, with the money that earns at it."""

    lines: list[int]
    money: list[int]
    rate: EarnRule


def _add_group(
    base: Base, group: _Group, program: LoyaltyProgram, view: SaleView, rule: ReadyRule | None
) -> None:
    wanted, weights = _points_of(group, program)
    ceiling = None if rule is None else rule.ceiling(view, wanted)
    given = wanted if ceiling is None else ceiling.left
    for at, points in zip(group.lines, spread(given, weights), strict=True):
        base.points[at] = points
    base.found.append(
        Finding(
            kind=Found.RATE,
            key="earn" if rule is None else rule.key,
            gain=given,
            name="" if rule is None else rule.name,
            rule_id="" if rule is None else rule.id,
            money=sum(group.money),
            rate=group.rate,
            ceiling=ceiling,
        )
    )


def _points_of(group: _Group, program: LoyaltyProgram) -> tuple[int, list[int]]:
    """Return the group's points, and by what they are spread over its lines."""
    step, each = group.rate.step_minor_units, group.rate.points_per_step
    if program.rounding_scope is RoundingScope.LINE:
        points = [steps_rounded(money, step, program.rounding) * each for money in group.money]
        return sum(points), points
    return steps_rounded(sum(group.money), step, program.rounding) * each, group.money


def _excluded(rule: ReadyRule, money: int) -> Finding:
    return Finding(
        kind=Found.EXCLUDED, key=rule.key, gain=0, name=rule.name, rule_id=rule.id, money=money
    )
