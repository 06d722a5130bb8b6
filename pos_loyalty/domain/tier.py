"""Member tiers: which one a member has reached, what the next one asks, when one is lost.

What a tier is measured by is what was earned, spent and visited, never the balance: whoever
redeems loses no tier. docs/rules.md §7 states the rules; a till raises, only the server
lowers (:mod:`pos_loyalty.domain.tier_standing`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from pos_loyalty.domain.calendar import MONTHS_PER_YEAR, date_of, month_name, month_of
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.money import MinorUnits
from pos_loyalty.domain.tally_key import POINTS, SPEND, VISITS

WINDOW_MS = 365 * 24 * 60 * 60 * 1000
"""Points earned within this time before now decide the tier (rolling 12 months)."""


class TierMatch(StrEnum):
    """Whether one measure is enough for a tier, or all that it names are needed."""

    ANY = "any"
    ALL = "all"


class TierWindow(StrEnum):
    """In which time the measures are taken."""

    ROLLING = "rolling"
    CALENDAR_YEAR = "calendar_year"
    ANNIVERSARY_YEAR = "anniversary_year"
    LIFETIME = "lifetime"


class PaidMembership(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that is bought: its price, and for how many months."""

    price: MinorUnits
    months: int


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A member tier. Thresholds are points earned, money spent (net of refunds) and visits.

    ``percent`` multiplies the base points. ``expires_later_months`` is added to the life of
    points earned in it. A tier with ``paid`` is never reached by thresholds.
    """

    id: TierId
    name: str
    threshold_points: int = 0
    threshold_spend: MinorUnits = 0
    threshold_visits: int = 0
    percent: int = 100
    expires_later_months: int = 0
    paid: PaidMembership | None = None


class TierRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How tiers are measured and lost.

    ``months`` is the length of the rolling window: the running month and so many before it.
    After the window's end a tier stays for ``grace_days``, then it falls by one tier.
    ``warning_days`` before that the member is told what would keep it.
    """

    match: TierMatch = TierMatch.ANY
    window: TierWindow = TierWindow.ROLLING
    months: int = 12
    grace_days: int = 0
    warning_days: int = 30


@dataclass(frozen=True)
class NextTier:
    """The tier above, and how many earned points are missing."""

    tier: Tier
    missing_points: int


def tier_reached(tiers: Sequence[Tier], earned_points: int) -> Tier:
    """Return the highest tier whose threshold is reached (>=); tiers ascend from 0."""
    assert tiers[0].threshold_points == 0
    reached = tiers[0]
    for tier in tiers:
        if reached.threshold_points < tier.threshold_points <= earned_points:
            reached = tier
    return reached


def tier_held(tiers: Sequence[Tier], *, recorded: str, earned_points: int) -> Tier:
    """Return the tier a member has now: the recorded one, or a higher one just reached.

    A till raises a member at once, also offline; only the server lowers.
    """
    reached = tier_reached(tiers, earned_points)
    known = next((tier for tier in tiers if tier.id == recorded), tiers[0])
    return reached if reached.threshold_points > known.threshold_points else known


def next_tier(tiers: Sequence[Tier], *, held: Tier, earned_points: int) -> NextTier | None:
    """Return the next tier and what is missing, or None at the top."""
    above = [tier for tier in tiers if tier.threshold_points > held.threshold_points]
    if not above:
        return None
    lowest = min(above, key=lambda tier: tier.threshold_points)
    return NextTier(tier=lowest, missing_points=max(0, lowest.threshold_points - earned_points))


class Measures(msgspec.Struct, frozen=True):
    """What a window holds: points earned by sales, minor units spent, visits; net of refunds."""

    points: int = 0
    spend: int = 0
    visits: int = 0


def measures_of(
    tally: Mapping[str, int],
    rules: TierRules,
    *,
    at_ms: int,
    tz_minutes: int,
    enrolled_ms: int,
) -> Measures:
    """Return the measures of the window that holds a moment, in months of the shop's clock.

    Args:
        tally: the member's, by month, or for ever with a lifetime window.
        rules: the program's.
        at_ms: the moment.
        tz_minutes: the shop's offset.
        enrolled_ms: when the member enrolled; for anniversary years.
    """
    if rules.window is TierWindow.LIFETIME:
        return Measures(tally.get(POINTS, 0), tally.get(SPEND, 0), tally.get(VISITS, 0))
    if not tally:
        return Measures()
    last = month_of(date_of(at_ms, tz_minutes))
    if rules.window is TierWindow.ROLLING:
        first = last - rules.months
    else:
        first = year_begin(rules, last, month_of(date_of(enrolled_ms, tz_minutes)))
    names = [month_name(month) for month in range(first, last + 1)]
    return Measures(
        _sum(tally, POINTS, names), _sum(tally, SPEND, names), _sum(tally, VISITS, names)
    )


def year_begin(rules: TierRules, month: int, enrolled_month: int) -> int:
    """Return the first month of the year that holds a month: an anniversary or January."""
    begins = enrolled_month if rules.window is TierWindow.ANNIVERSARY_YEAR else 0
    return month - (month - begins) % MONTHS_PER_YEAR


def _sum(tally: Mapping[str, int], name: str, months: Sequence[str]) -> int:
    return sum(tally.get(f"{name}@{month}", 0) for month in months)


def tier_by_measures(tiers: Sequence[Tier], rules: TierRules, measures: Measures) -> Tier:
    """Return the highest tier whose thresholds are reached (>=); the first is everybody's."""
    for tier in reversed(tiers[1:]):
        if tier.paid is None and is_reached(tier, rules, measures):
            return tier
    return tiers[0]


def is_reached(tier: Tier, rules: TierRules, measures: Measures) -> bool:
    """Tell whether one of the thresholds that a tier names is reached, or all of them."""
    named = [have >= threshold for threshold, have in _thresholds(tier, measures) if threshold > 0]
    if not named:
        return False
    return any(named) if rules.match is TierMatch.ANY else all(named)


def missing_for(tier: Tier, measures: Measures) -> Measures:
    """Return what each named threshold of a tier still asks; 0 where it is reached or not named."""
    return Measures(
        *(
            max(0, threshold - have) if threshold > 0 else 0
            for threshold, have in _thresholds(tier, measures)
        )
    )


def rank_of(tiers: Sequence[Tier], tier_id: str) -> int:
    """Return a tier's place in the program's order; one that it does not have is the first."""
    return next((at for at, tier in enumerate(tiers) if tier.id == tier_id), 0)


def _thresholds(tier: Tier, measures: Measures) -> tuple[tuple[int, int], ...]:
    return (
        (tier.threshold_points, measures.points),
        (tier.threshold_spend, measures.spend),
        (tier.threshold_visits, measures.visits),
    )
