"""Dated changes to earning or price, for a segment or for one member.

A personal offer is one whose segment holds a single member. Of each kind at most one
offer applies to a sale, the best for the member.
"""

import msgspec

from pos_loyalty.domain.earning_rule import Conditions
from pos_loyalty.domain.ids import RewardId


class _Offer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every offer has. ``reason`` is what the cashier can say."""

    id: str
    name: str
    when: Conditions
    reason: str = ""


class MultiplierOffer(_Offer, frozen=True, kw_only=True, omit_defaults=True, tag="multiplier"):
    """Multiplies the base points of the chosen lines by ``percent`` hundredths.

    It takes part as a multiplier of a rule does; ``stackable`` means the same there.
    """

    percent: int
    stackable: bool = False


class BonusOffer(_Offer, frozen=True, kw_only=True, omit_defaults=True, tag="bonus"):
    """Gives points once for the sale."""

    points: int


class PriceOffer(_Offer, frozen=True, kw_only=True, omit_defaults=True, tag="reward_price"):
    """Lowers what a reward costs."""

    reward: RewardId
    cost_points: int


Offer = MultiplierOffer | BonusOffer | PriceOffer
