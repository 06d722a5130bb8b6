"""A member as the counter shows one: balance, what may be used here now, and rewards."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.program import Tier
from pos_loyalty.domain.tier import NextTier


@dataclass(frozen=True)
class RewardOffer:
    """A reward of the program for one member. ``why_not`` is None where it is available."""

    id: RewardId
    name: str
    kind: str
    cost_points: int
    available: bool
    why_not: Code | None
    why_not_text: str


@dataclass(frozen=True)
class MemberView:
    """What the counter may see of a member; points are integers.

    ``as_of_ms`` is the last contact with the server, None on a till that works alone
    or has never been in contact. ``card_hint`` is the end of the card's number.
    """

    id: MemberId
    name: str
    tier: Tier
    next_tier: NextTier | None
    balance_points: int
    spendable_points: int
    earned_window_points: int
    as_of_ms: int | None
    rewards: tuple[RewardOffer, ...]
    phone: str
    card_hint: str
    found_by: str
