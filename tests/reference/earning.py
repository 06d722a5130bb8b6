"""Rules 3: what a sale earns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    RoundingScope,
    Stamps,
)
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer
from pos_loyalty.domain.program import LoyaltyProgram
from tests.reference import conditions, money
from tests.reference.counting import left_of_caps
from tests.reference.money import Line


@dataclass
class Earned:
    """What a sale earns; ``by_rule`` is what each rule and offer gave, before the last caps.

    ``line_stamps`` is what each rule with stamps for items gave on each line, ``sale_stamps``
    what others gave once. ``for_sale`` is what the sale as a whole gave (step 4);
    ``sale_points`` is that and what the program's minimum added.
    """

    points: int = 0
    lines: list[int] = field(default_factory=list[int])
    sale_points: int = 0
    stamps: dict[str, int] = field(default_factory=dict[str, int])
    for_sale: int = 0
    sale_stamps: dict[str, int] = field(default_factory=dict[str, int])
    line_stamps: list[tuple[str, list[int]]] = field(default_factory=list[tuple[str, list[int]]])
    by_rule: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Candidate:
    """A multiplier that could apply: its extra points, and the base of its lines."""

    rule: str
    percent: int
    base: list[int]
    extra: int
    stackable: bool = False


def earn(program: LoyaltyProgram, facts: SaleFacts) -> Earned:
    """Steps 1 to 5, and the stamps."""
    lines = money.lines(program, facts)
    earned = Earned(lines=[0] * len(lines))
    base = add_base(earned, program, facts, lines)
    add_multipliers(earned, program, facts, lines, base)
    add_per_item(earned, program, facts, lines)
    add_for_the_sale(earned, program, facts, lines)
    add_stamps(earned, program, facts, lines)
    earned.for_sale = earned.sale_points
    eligible = sum(line.money for line in lines)
    below = program.sale_points_min - sum(earned.lines) - earned.sale_points
    if eligible > 0 and below > 0:
        earned.sale_points += below
    earned.points = capped(program.caps, "points", sum(earned.lines) + earned.sale_points, facts)
    return earned


def capped(caps: Caps, name: str, points: int, facts: SaleFacts) -> int:
    """The most that the caps leave, this sale and what the tally says was given before."""
    return left_of_caps(
        caps, name, points, facts.known.tally, at_ms=facts.at_ms, tz_minutes=facts.offset_minutes
    )


def rules_that_hold(
    program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line]
) -> list[EarningRule]:
    """In the order of the program."""
    return [
        rule
        for rule in program.rules
        if conditions.holds(program, rule.id, rule.when, facts, lines)
    ]


def add_base(
    earned: Earned, program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line]
) -> list[int]:
    """1: each line belongs to the first rate or exclude that chooses it, else to the program."""
    base = [0] * len(lines)
    free = set(range(len(lines)))
    for rule in rules_that_hold(program, facts, lines):
        if not isinstance(rule.give, Rate | Exclude):
            continue
        group = [place for place in conditions.chosen(rule.when, lines) if place in free]
        free -= set(group)
        if isinstance(rule.give, Rate):
            rule_money = conditions.seen(program, rule.when, facts, lines)
            parts = group_base(
                program,
                [rule_money[place] for place in group],
                step=rule.give.step,
                points=rule.give.points,
                limit=limit_of(rule, facts),
            )
            earned.by_rule[rule.id] = sum(parts)
            for place, points in zip(group, parts, strict=True):
                base[place] = points
    group = sorted(free)
    parts = group_base(
        program,
        [lines[place].money for place in group],
        step=program.earn.step_minor_units,
        points=program.earn.points_per_step,
        limit=lambda points: points,
    )
    for place, points in zip(group, parts, strict=True):
        base[place] = points
    for place, points in enumerate(base):
        earned.lines[place] += points
    return base


def group_base(
    program: LoyaltyProgram,
    parts: Sequence[int],
    *,
    step: int,
    points: int,
    limit: Callable[[int], int],
) -> list[int]:
    """The base of each line of a group with this money."""
    if program.rounding_scope is RoundingScope.LINE:
        alone = [money.steps(program.rounding, part, step) * points for part in parts]
        return money.spread(limit(sum(alone)), alone)
    together = money.steps(program.rounding, sum(parts), step) * points
    return money.spread(limit(together), parts)


def limit_of(rule: EarningRule, facts: SaleFacts) -> Callable[[int], int]:
    """What the rule's caps make of points."""
    return lambda points: capped(rule.caps, f"rule:{rule.id}", points, facts)


def extra_of(base: Sequence[int], percent: int) -> int:
    """What a multiplier adds to the base of its lines."""
    return max(0, sum(base) * percent // 100 - sum(base))


def base_of(
    program: LoyaltyProgram,
    when: Conditions,
    facts: SaleFacts,
    lines: Sequence[Line],
    base: Sequence[int],
) -> list[int]:
    """The base of the chosen lines, for the money that the rule sees; 0 on the others."""
    rule_money = conditions.seen(program, when, facts, lines)
    taken = [0] * len(lines)
    for place in conditions.chosen(when, lines):
        if lines[place].money:
            taken[place] = base[place] * rule_money[place] // lines[place].money
    return taken


def add_multipliers(
    earned: Earned,
    program: LoyaltyProgram,
    facts: SaleFacts,
    lines: Sequence[Line],
    base: Sequence[int],
) -> None:
    """2: the largest extra wins; those that stack are together one more candidate."""
    candidates = multipliers(program, facts, lines, base)
    if not candidates:
        return
    winners = [max(candidates, key=lambda one: (one.extra, one.percent))]
    stack = [candidate for candidate in candidates if candidate.stackable]
    if sum(one.extra for one in stack) > winners[0].extra:
        winners = stack
    for winner in winners:
        if winner.rule:
            earned.by_rule[winner.rule] = winner.extra
        for place, points in enumerate(money.spread(winner.extra, winner.base)):
            earned.lines[place] += points


def multipliers(
    program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line], base: Sequence[int]
) -> list[Candidate]:
    """The tier, weekdays, rules, and the best offer, in this order."""
    held = conditions.tier_id(program, facts)
    weekday = money.clock(facts.at_ms, facts.offset_minutes).weekday()
    found = [
        Candidate("", percent, list(base), extra_of(base, percent))
        for percent in (
            *(tier.percent for tier in program.tiers if tier.id == held),
            *(one.percent for one in program.weekday_multipliers if weekday in one.weekdays),
        )
    ]
    for rule in rules_that_hold(program, facts, lines):
        if isinstance(rule.give, Multiply):
            own = base_of(program, rule.when, facts, lines, base)
            extra = limit_of(rule, facts)(extra_of(own, rule.give.percent))
            found.append(Candidate(rule.id, rule.give.percent, own, extra, rule.give.stackable))
    offers: list[Candidate] = []
    for offer in program.offers:
        if isinstance(offer, MultiplierOffer) and conditions.holds(
            program, offer.id, offer.when, facts, lines
        ):
            own = base_of(program, offer.when, facts, lines, base)
            extra = extra_of(own, offer.percent)
            offers.append(Candidate(offer.id, offer.percent, own, extra, offer.stackable))
    if offers:
        found.append(max(offers, key=lambda one: (one.extra, one.percent)))
    return found


def add_per_item(
    earned: Earned, program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line]
) -> None:
    """3: points for each item on the chosen lines."""
    for rule in rules_that_hold(program, facts, lines):
        if isinstance(rule.give, PerItem):
            places = conditions.chosen(rule.when, lines)
            wanted = [rule.give.points * lines[place].quantity for place in places]
            given = limit_of(rule, facts)(sum(wanted))
            earned.by_rule[rule.id] = given
            for place, points in zip(places, money.spread(given, wanted), strict=True):
                earned.lines[place] += points


def add_for_the_sale(
    earned: Earned, program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line]
) -> None:
    """4: for the visit, as a bonus, and the best bonus offer."""
    for rule in rules_that_hold(program, facts, lines):
        match rule.give:
            case PerVisit(points=points, hours_between=hours):
                last = facts.known.last_visit_ms
                counts = last == 0 or hours == 0 or facts.at_ms - last >= hours * money.HOUR_MS
                given = limit_of(rule, facts)(points) if counts else 0
            case Bonus(points=points):
                given = limit_of(rule, facts)(points)
            case _:
                continue
        earned.by_rule[rule.id] = given
        earned.sale_points += given
    offers = [
        offer
        for offer in program.offers
        if isinstance(offer, BonusOffer)
        and conditions.holds(program, offer.id, offer.when, facts, lines)
    ]
    if offers:
        best = max(offers, key=lambda offer: offer.points)
        earned.by_rule[best.id] = best.points
        earned.sale_points += best.points


def add_stamps(
    earned: Earned, program: LoyaltyProgram, facts: SaleFacts, lines: Sequence[Line]
) -> None:
    """Stamps are no points; caps count stamps."""
    for rule in rules_that_hold(program, facts, lines):
        if not isinstance(rule.give, Stamps):
            continue
        card, count = rule.give.card, rule.give.count
        if rule.give.per_item:
            wanted = [0] * len(lines)
            for place in conditions.chosen(rule.when, lines):
                wanted[place] = count * lines[place].quantity
            given = limit_of(rule, facts)(sum(wanted))
            earned.line_stamps.append((card, money.spread(given, wanted)))
        else:
            given = limit_of(rule, facts)(count)
            add(earned.sale_stamps, card, given)
        earned.by_rule[rule.id] = given
        add(earned.stamps, card, given)


def add(counts: dict[str, int], name: str, count: int) -> None:
    """Count on; what is 0 is not named."""
    total = counts.get(name, 0) + count
    if total:
        counts[name] = total
    else:
        counts.pop(name, None)


def pending_until(program: LoyaltyProgram, at_ms: int) -> int:
    """From when the points of a sale can be used; 0 is at once."""
    return at_ms + program.pending_days * money.DAY_MS if program.pending_days else 0
