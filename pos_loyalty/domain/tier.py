"""Member levels: which one a member has reached, and what the next one asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.money import MinorUnits

WINDOW_MONTHS = 12
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
    """A member level. Thresholds are points earned, money spent (net of refunds) and visits.

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
    After the window's end a tier stays for ``grace_days``, then it falls by one level.
    ``warning_days`` before that the member is told what would keep it.
    """

    match: TierMatch = TierMatch.ANY
    window: TierWindow = TierWindow.ROLLING
    months: int = 12
    grace_days: int = 0
    warning_days: int = 30


@dataclass(frozen=True)
class NextTier:
    """The level above, and how many earned points are missing."""

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
    """Return the next level and what is missing, or None at the top."""
    above = [tier for tier in tiers if tier.threshold_points > held.threshold_points]
    if not above:
        return None
    lowest = min(above, key=lambda tier: tier.threshold_points)
    return NextTier(tier=lowest, missing_points=max(0, lowest.threshold_points - earned_points))
