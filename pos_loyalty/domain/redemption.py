"""Which rewards go on a sale, and what they take off: one by one, in the order chosen."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken, take


@dataclass(frozen=True)
class RewardChoice:
    """A reward chosen for a sale; ``points`` is the part of a points-for-money reward."""

    id: RewardId
    points: int | None = None


def take_rewards(
    program: LoyaltyProgram, *, total: int, choices: Sequence[RewardChoice]
) -> tuple[RewardTaken, ...]:
    """Put the chosen rewards on a sale of ``total`` minor units.

    Each reward sees what the ones before it left to pay.

    Raises:
        RuleViolation: unknown, chosen twice, a part that does not fit, or nothing left to pay.
    """
    taken: list[RewardTaken] = []
    left = total
    for choice in choices:
        reward = program.reward(choice.id)
        if reward is None:
            raise RuleViolation(Code.REWARD_UNKNOWN)
        if any(earlier.reward == choice.id for earlier in taken):
            raise RuleViolation(Code.REWARD_TWICE)
        if left == 0:
            raise RuleViolation(Code.REWARD_TOO_LARGE)
        taken.append(take(reward, total=left, points=choice.points))
        left -= taken[-1].discount
    return tuple(taken)


def reward_names(program: LoyaltyProgram, taken: Sequence[RewardTaken]) -> str:
    """Return the names of rewards on a sale, for a sentence."""
    names = [program.reward(reward.reward) for reward in taken]
    return " + ".join(reward.name for reward in names if reward is not None)
