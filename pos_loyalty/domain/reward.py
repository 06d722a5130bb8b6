"""What points buy: four kinds of reward and what each takes off a sale.

Rewards are paid before the sale earns: its own points never pay its own reward.
"""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.rounding import percent_of, steps_begun, whole_steps


class RewardBase(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What every reward has. ``cost_points`` is the whole cost, or the smallest step."""

    id: RewardId
    name: str
    cost_points: int


class AmountOff(RewardBase, frozen=True, kw_only=True, tag="amount_off"):
    """Takes a fixed amount (minor units) off the sale."""

    amount: int


class PercentOff(RewardBase, frozen=True, kw_only=True, tag="percent_off"):
    """Takes a percentage off the sale, at most ``amount_max`` minor units."""

    percent: int
    amount_max: int


class FreeItem(RewardBase, frozen=True, kw_only=True, tag="free_item"):
    """Gives an item that is not rung up; ``worth`` in minor units is for reports only."""

    item: str
    worth: int = 0


class PointsForMoney(RewardBase, frozen=True, kw_only=True, tag="points_for_money"):
    """Pays part of the sale: each ``cost_points`` buy ``amount_per_step`` minor units.

    ``share_percent_max`` is the largest part of the sale that may be paid so.
    """

    amount_per_step: int
    share_percent_max: int = 100


Reward = AmountOff | PercentOff | FreeItem | PointsForMoney


class RewardTaken(msgspec.Struct, frozen=True, kw_only=True):
    """A reward on a sale: what it cost in points and took off in minor units."""

    reward: RewardId
    points: int
    discount: int


def worth_of(reward: Reward) -> int:
    """Return the most money (minor units) that its cost in points buys."""
    match reward:
        case AmountOff():
            return reward.amount
        case PercentOff():
            return reward.amount_max
        case FreeItem():
            return reward.worth
        case _:
            return reward.amount_per_step


def money_of(rewards: Iterable[Reward], points: int) -> int:
    """Return the most money (minor units) that points can buy, rounded up: the worst case."""
    return max(
        (steps_begun(points * worth_of(reward), reward.cost_points) for reward in rewards),
        default=0,
    )


def points_limit(reward: Reward, *, total: int) -> int:
    """Return the most points this reward can take on a sale of ``total`` minor units."""
    if not isinstance(reward, PointsForMoney):
        return reward.cost_points
    payable = percent_of(total, reward.share_percent_max)
    return whole_steps(payable, reward.amount_per_step) * reward.cost_points


def sensible_points(reward: Reward, *, total: int, spendable_points: int) -> int:
    """Return the part that the till proposes: the most that the member and the sale allow."""
    if not isinstance(reward, PointsForMoney):
        return reward.cost_points
    affordable = whole_steps(max(0, spendable_points), reward.cost_points) * reward.cost_points
    return min(affordable, points_limit(reward, total=total))


def take(reward: Reward, *, total: int, points: int | None = None) -> RewardTaken:
    """Put a reward on a sale of ``total`` minor units.

    Args:
        reward: what is taken.
        total: what is left to pay before this reward.
        points: the part chosen of a points-for-money reward; None takes the whole cost.

    Raises:
        RuleViolation: the part is no whole number of steps, or above the limit.
    """
    chosen = reward.cost_points if points is None else points
    limit = points_limit(reward, total=total)
    if isinstance(reward, PointsForMoney):
        misfit = chosen <= 0 or chosen % reward.cost_points or chosen > limit
    else:
        misfit = chosen != reward.cost_points
    if misfit:
        raise RuleViolation(
            Code.REWARD_PART, step_points=reward.cost_points, limit_points=limit, reward=reward.name
        )
    return RewardTaken(
        reward=reward.id, points=chosen, discount=_discount(reward, total=total, points=chosen)
    )


def _discount(reward: Reward, *, total: int, points: int) -> int:
    match reward:
        case AmountOff():
            return min(reward.amount, total)
        case PercentOff():
            return min(percent_of(total, reward.percent), reward.amount_max)
        case FreeItem():
            return 0
        case _:
            return whole_steps(points, reward.cost_points) * reward.amount_per_step
