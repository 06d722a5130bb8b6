"""Member levels: which one a member has reached, and what the next one asks."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.program import Tier

WINDOW_MONTHS = 12
WINDOW_MS = 365 * 24 * 60 * 60 * 1000
"""Points earned within this time before now decide the tier (rolling 12 months)."""


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
