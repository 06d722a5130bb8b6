"""Which multiplier wins, and what it adds to the base points of each line."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pos_loyalty.domain.condition import Seen
from pos_loyalty.domain.earning_cap import Ceiling
from pos_loyalty.domain.earning_plan import EarningPlan, ReadyOffer, ReadyRule
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram
from pos_loyalty.domain.rounding import part_of, percent_of, spread
from pos_loyalty.domain.sale_facts import SaleView
from pos_loyalty.domain.tier import Tier
from pos_loyalty.domain.trace import Finding, Found


@dataclass(frozen=True, slots=True)
class Multiplier:
    """One candidate: its extra points, and the lines with the base by which they are spread."""

    name: str
    key: str
    percent: int
    extra: int
    lines: Sequence[int]
    base: Sequence[int]
    rule_id: str = ""
    is_stackable: bool = False
    ceiling: Ceiling | None = None

    @property
    def rank(self) -> tuple[int, int]:
        """The larger wins: more points, then the larger percent."""
        return self.extra, self.percent


@dataclass(frozen=True, slots=True)
class Multiplied:
    """The winners (several if they stack), and the extra points of each line."""

    winners: Sequence[Multiplier]
    extras: Sequence[int]

    @property
    def name(self) -> str:
        """The name to show, for a stack all names."""
        return " + ".join(winner.name for winner in self.winners)

    @property
    def percent(self) -> int:
        """The percent to show; what stacks adds its parts above the whole."""
        return PERCENT_WHOLE + sum(winner.percent - PERCENT_WHOLE for winner in self.winners)

    def found(self, line_count: int) -> list[Finding]:
        """Return a finding for each winner that multiplies."""
        return [
            Finding(
                kind=Found.MULTIPLIED,
                key=winner.key,
                gain=winner.extra,
                name=winner.name,
                rule_id=winner.rule_id,
                each=winner.percent,
                quantity=0 if len(winner.lines) == line_count else len(winner.lines),
                ceiling=winner.ceiling,
            )
            for winner in self.winners
            if winner.percent > PERCENT_WHOLE
        ]


def best_short_form(program: LoyaltyProgram, tier: Tier, weekday: int) -> tuple[str, int]:
    """Return name and percent of the tier or the weekday multiplier, whichever gives more."""
    best = (tier.name, tier.percent)
    for rule in program.weekday_multipliers:
        if weekday in rule.weekdays and rule.percent > best[1]:
            best = (rule.name, rule.percent)
    return best


def multiplied(
    program: LoyaltyProgram, plan: EarningPlan, view: SaleView, base: Sequence[int]
) -> Multiplied:
    """Return the one multiplier that gives most, or those that stack if they give more."""
    candidates = list(_candidates(program, plan, view, base))
    # Of equals the first: max keeps it.
    best = max(candidates, key=lambda candidate: candidate.rank)
    stack = [candidate for candidate in candidates if candidate.is_stackable]
    winners = stack if sum(entry.extra for entry in stack) > best.extra else [best]
    extras = [0] * len(base)
    for winner in winners:
        for at, extra in zip(winner.lines, spread(winner.extra, winner.base), strict=True):
            extras[at] += extra
    return Multiplied(winners, extras)


def _candidates(
    program: LoyaltyProgram, plan: EarningPlan, view: SaleView, base: Sequence[int]
) -> Iterable[Multiplier]:
    name, percent = best_short_form(program, view.tier, view.weekday)
    yield Multiplier(
        name=name,
        key="multiplier",
        percent=percent,
        extra=_extra(sum(base), percent),
        lines=range(len(base)),
        base=base,
    )
    for rule, give in plan.multipliers:
        seen = rule.condition.seen_in(view)
        if seen is not None:
            yield _of_rule(rule, give.percent, view, seen, base, is_stackable=give.stackable)
    offers = [
        _of_rule(offer, given.percent, view, seen, base, is_stackable=given.stackable)
        for offer, given in plan.multiplier_offers
        if (seen := offer.condition.seen_in(view)) is not None
    ]
    if offers:
        yield max(offers, key=lambda candidate: candidate.rank)


def _of_rule(
    rule: ReadyRule | ReadyOffer,
    percent: int,
    view: SaleView,
    seen: Seen,
    base: Sequence[int],
    *,
    is_stackable: bool,
) -> Multiplier:
    if seen.money is view.money:
        chosen = [base[at] for at in seen.lines]
    else:
        chosen = [part_of(base[at], seen.money[at], view.money[at]) for at in seen.lines]
    extra = _extra(sum(chosen), percent)
    ceiling = rule.ceiling(view, extra) if isinstance(rule, ReadyRule) else None
    return Multiplier(
        name=rule.name,
        key=rule.key,
        percent=percent,
        extra=extra if ceiling is None else ceiling.left,
        lines=seen.lines,
        base=chosen,
        rule_id=rule.id,
        is_stackable=is_stackable,
        ceiling=ceiling,
    )


def _extra(base: int, percent: int) -> int:
    return max(0, percent_of(base, percent) - base)
