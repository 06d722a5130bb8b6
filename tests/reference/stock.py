"""Rules 5: rewards of which there are only so many in all."""

from collections.abc import Iterable

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Reward
from tests.reference.account import Sale


def taken(reward: str, sales: Iterable[Sale]) -> int:
    """How many are away: an undone sale gives its own back, a refund does not."""
    return sum(
        one.reward == reward for sale in sales if not sale.reversed for one in sale.facts.rewards
    )


def are_there(program: LoyaltyProgram, chosen: Iterable[Reward], sales: Iterable[Sale]) -> bool:
    """Whether one is left of every reward that was chosen."""
    there = left(program, sales)
    return all(there.get(reward.id, 1) > 0 for reward in chosen)


def left(program: LoyaltyProgram, sales: Iterable[Sale]) -> dict[str, int]:
    """How many are left of each reward with a number in all, for whoever has all of them."""
    every = list(sales)
    return {
        reward.id: (reward.stock.in_all or 0) - taken(reward.id, every)
        for reward in counted(program)
    }


def counted(program: LoyaltyProgram) -> list[Reward]:
    """The rewards with a number in all."""
    return [reward for reward in program.rewards if reward.stock.in_all is not None]
