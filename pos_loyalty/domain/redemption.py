"""Which rewards go on a sale, and what they take off: one by one, in the order chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import (
    BuySomeGetSome,
    FreeItem,
    OfflinePolicy,
    PointsForMoney,
    Reward,
    RewardTaken,
    take,
    takes_money_off,
)
from pos_loyalty.domain.reward_condition import cost_of, items_for, reason_not_now, stamps_of
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.domain.tally import plus
from pos_loyalty.domain.tally_key import stamps_name
from pos_loyalty.domain.voucher import voucher_of


@dataclass(frozen=True)
class RewardChoice:
    """A reward chosen for a sale; ``points`` is the part of a points-for-money reward.

    ``item`` is which of several things was chosen.
    """

    id: RewardId
    points: int | None = None
    item: str = ""


class RewardHand(msgspec.Struct, frozen=True):
    """What rewards depend on beside the program: the sale, and what is known of the member.

    ``tally`` has the member's stamps and rewards taken; ``balance_points`` is what is in the
    account, None where nobody asks; ``left_here`` is how many this till may give of the
    rewards with a stock in all.
    """

    facts: SaleFacts
    tally: Mapping[str, int] = {}
    balance_points: int | None = None
    left_here: Mapping[RewardId, int] = {}


def take_rewards(
    program: LoyaltyProgram,
    *,
    total: int,
    choices: Sequence[RewardChoice],
    hand: RewardHand | None = None,
) -> tuple[RewardTaken, ...]:
    """Put the chosen rewards on a sale of ``total`` minor units.

    Each reward sees what the ones before it left to pay.

    Args:
        program: the rules in force.
        total: what the sale comes to before rewards.
        choices: the rewards in the order in which they were chosen.
        hand: what their conditions depend on; None is a sale of the first tier, without lines.

    Raises:
        RuleViolation: unknown, chosen twice, not to be had now, a part that does not fit, or
            nothing left to pay.
    """
    held = hand or RewardHand(_bare_facts(program, total))
    rewards = [_known(program, choice) for choice in choices]
    taken: list[RewardTaken] = []
    for reward, choice in zip(rewards, choices, strict=True):
        _ensure_fits(rewards, reward, choice, taken)
        taken.append(_take(program, reward, choice, held, taken))
    _ensure_kept(rewards, taken, held.balance_points)
    return tuple(taken)


def reward_names(program: LoyaltyProgram, taken: Sequence[RewardTaken]) -> str:
    """Return the names of rewards on a sale, for a sentence."""
    return " + ".join(name for reward in taken if (name := reward_name(program, reward)))


def reward_name(program: LoyaltyProgram, taken: RewardTaken) -> str:
    """Return what a reward on a sale is called; empty where the program does not know it."""
    if voucher_of(taken.reward):
        return "Voucher"
    reward = program.reward(taken.reward)
    if reward is None:
        return ""
    return f"{reward.name} ({taken.item})" if taken.item else reward.name


def points_by_policy(
    program: LoyaltyProgram, taken: Sequence[RewardTaken]
) -> dict[OfflinePolicy, int]:
    """Return how many points the rewards on a sale take under each offline policy."""
    points: dict[OfflinePolicy, int] = {}
    for one in taken:
        reward = program.reward(one.reward)
        if reward is not None:
            points[reward.offline] = points.get(reward.offline, 0) + one.points
    return points


def _bare_facts(program: LoyaltyProgram, total: int) -> SaleFacts:
    return SaleFacts(total=total, tier=program.tiers[0].id, at_ms=0, offset_minutes=0)


def _known(program: LoyaltyProgram, choice: RewardChoice) -> Reward:
    reward = program.reward(choice.id)
    if reward is None:
        raise RuleViolation(Code.REWARD_UNKNOWN)
    return reward


def _ensure_fits(
    rewards: Sequence[Reward], reward: Reward, choice: RewardChoice, taken: Sequence[RewardTaken]
) -> None:
    """Refuse what cannot be beside the others, and a thing that is not among the choices."""
    if any(earlier.reward == reward.id for earlier in taken):
        raise RuleViolation(Code.REWARD_TWICE)
    if reward.exclusive and len(rewards) > 1:
        raise RuleViolation(Code.REWARD_EXCLUSIVE, reward=reward.name)
    things = reward.choices if isinstance(reward, FreeItem) else ()
    if (things or choice.item) and choice.item not in things:
        raise RuleViolation(
            Code.REWARD_CHOICE, reward=reward.name, choices=", ".join(things) or "nothing to choose"
        )


def _take(
    program: LoyaltyProgram,
    reward: Reward,
    choice: RewardChoice,
    hand: RewardHand,
    taken: Sequence[RewardTaken],
) -> RewardTaken:
    """Put one reward on the sale as the ones before left it."""
    left = hand.facts.total - sum(one.discount for one in taken)
    if left == 0 and takes_money_off(reward):
        raise RuleViolation(Code.REWARD_TOO_LARGE)
    facts = msgspec.structs.replace(hand.facts, rewards=(*hand.facts.rewards, *taken))
    reason = reason_not_now(
        program,
        reward,
        facts,
        _stamps_left(program, hand.tally, taken),
        left_here=hand.left_here.get(reward.id),
    )
    if reason is not None:
        raise RuleViolation(reason.code, saved=False, **reason.facts)
    one = take(
        reward,
        total=left,
        points=choice.points,
        cost=cost_of(program, reward, facts),
        items=items_for(reward, program, facts) if isinstance(reward, BuySomeGetSome) else (),
    )
    stamps = stamps_of(program, reward)
    if not stamps and not choice.item:
        return one
    return msgspec.structs.replace(one, stamps=stamps, item=choice.item)


def _stamps_left(
    program: LoyaltyProgram, tally: Mapping[str, int], taken: Sequence[RewardTaken]
) -> Mapping[str, int]:
    """Return the tally less the stamps that rewards before took on this very sale."""
    for one in taken:
        reward = program.reward(one.reward) if one.stamps else None
        if reward is not None:
            tally = plus(tally, {stamps_name(reward.stamp_card): -one.stamps})
    return tally


def _ensure_kept(
    rewards: Sequence[Reward], taken: Sequence[RewardTaken], balance_points: int | None
) -> None:
    """Refuse a sale after which less stays in the account than a reward of it leaves there."""
    if balance_points is None:
        return
    redeemed = sum(one.points for one in taken)
    for reward in rewards:
        keep = reward.keep_points if isinstance(reward, PointsForMoney) else 0
        if keep and redeemed <= balance_points < redeemed + keep:
            raise RuleViolation(Code.REWARD_KEEP, reward=reward.name, keep_points=keep)
