"""Rules 7: the measures of a tier, the tier they reach, and when a tier falls."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.tier import Tier, TierMatch, TierRules, TierWindow
from tests.reference import money


@dataclass(frozen=True)
class Measures:
    """What thresholds are compared with."""

    points: int
    spend: int
    visits: int


def months_of_window(
    rules: TierRules, *, at_ms: int, tz_minutes: int, enrolled_ms: int
) -> list[str] | None:
    """The calendar months that count; None is all time."""
    now = month_number(at_ms, tz_minutes)
    match rules.window:
        case TierWindow.ROLLING:
            first = now - rules.months
        case TierWindow.CALENDAR_YEAR:
            first = now - now % 12
        case TierWindow.ANNIVERSARY_YEAR:
            first = now - (now - month_number(enrolled_ms, tz_minutes)) % 12
        case TierWindow.LIFETIME:
            return None
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in range(first, now + 1)]


def month_number(at_ms: int, tz_minutes: int) -> int:
    """Count months from the year 0."""
    day = money.clock(at_ms, tz_minutes)
    return day.year * 12 + day.month - 1


def measures(
    tally: Mapping[str, int],
    rules: TierRules,
    *,
    at_ms: int,
    tz_minutes: int,
    enrolled_ms: int,
) -> Measures:
    """Points, spend and visits, summed over the months of the window."""
    months = months_of_window(rules, at_ms=at_ms, tz_minutes=tz_minutes, enrolled_ms=enrolled_ms)

    def total(name: str) -> int:
        if months is None:
            return tally.get(name, 0)
        return sum(tally.get(f"{name}@{month}", 0) for month in months)

    return Measures(total("points"), total("spend"), total("visits"))


def is_reached(tier: Tier, rules: TierRules, have: Measures) -> bool:
    """Whether one of the thresholds that the tier names is reached, or all."""
    pairs = [
        (tier.threshold_points, have.points),
        (tier.threshold_spend, have.spend),
        (tier.threshold_visits, have.visits),
    ]
    named = [value >= threshold for threshold, value in pairs if threshold]
    return any(named) if rules.match is TierMatch.ANY else all(named)


def reached(program: LoyaltyProgram, have: Measures) -> int:
    """The place of the highest tier that is reached; the first is everybody's."""
    return max(
        place
        for place, tier in enumerate(program.tiers)
        if place == 0 or (tier.paid is None and is_reached(tier, program.tier_rules, have))
    )


@dataclass
class Standing:
    """What was reached by measures and when, and the tier held, above it where one was granted."""

    reached: int = 0
    reached_ms: int = 0
    held: int = 0
    until_ms: int = 0


def judge(
    program: LoyaltyProgram,
    standing: Standing,
    have: Measures,
    *,
    at_ms: int,
    tz_minutes: int,
    enrolled_ms: int,
) -> None:
    """Up at once; down one tier, once the window is over or the grant is."""
    now = reached(program, have)
    if now >= standing.reached:
        standing.reached, standing.reached_ms = now, at_ms
    else:
        end = window_end(
            program.tier_rules, standing.reached_ms, tz_minutes=tz_minutes, enrolled_ms=enrolled_ms
        )
        if at_ms >= end:
            standing.reached, standing.reached_ms = below(program, standing.reached), end
    if standing.until_ms > at_ms:
        standing.held = max(standing.held, standing.reached)
    elif standing.until_ms:
        standing.held = max(below(program, standing.held), standing.reached)
        if standing.held == standing.reached:
            standing.until_ms = 0
        else:
            standing.until_ms = month_after(standing.until_ms, tz_minutes)
    else:
        standing.held = standing.reached


def month_after(until_ms: int, tz_minutes: int) -> int:
    """The end of the month after: so long a tier on the way down from a grant is held."""
    month = month_number(until_ms - 1, tz_minutes) + 2
    begin = dt.datetime(month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - wall clock
    return money.instant(begin, tz_minutes)


def grant(standing: Standing, place: int, until_ms: int) -> None:
    """A person gives a tier, or it is bought: a higher one, or that held for longer."""
    if place > standing.held:
        standing.held, standing.until_ms = place, until_ms
    elif place == standing.held:
        standing.until_ms = max(standing.until_ms, until_ms)


def below(program: LoyaltyProgram, place: int) -> int:
    """The next tier below that is not for sale."""
    return max((lower for lower in range(place) if program.tiers[lower].paid is None), default=0)


def window_end(rules: TierRules, reached_ms: int, *, tz_minutes: int, enrolled_ms: int) -> int:
    """When the window in which a tier was reached is over, and the days of grace."""
    month = month_number(reached_ms, tz_minutes)
    if rules.window is TierWindow.ROLLING:
        first_after = month + rules.months + 1
    else:
        first = 0
        if rules.window is TierWindow.ANNIVERSARY_YEAR:
            first = month_number(enrolled_ms, tz_minutes) % 12
        first_after = month - (month - first) % 12 + 24
    begin = dt.datetime(first_after // 12, first_after % 12 + 1, 1)  # noqa: DTZ001 - wall clock
    return money.instant(begin, tz_minutes) + rules.grace_days * money.DAY_MS
