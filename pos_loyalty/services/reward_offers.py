"""The rewards of the program for one member: what each costs, and why one cannot be had."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import CATALOG, Code, Fact
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import FreeItem, OfflinePolicy, PointsForMoney, Reward
from pos_loyalty.domain.reward_condition import WhyNot, cost_of, reason_not_now, stamps_of
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.domain.tally_key import stamps_name
from pos_loyalty.services.spending import SpendLimits
from pos_loyalty.store.reward_stock import RewardStock
from pos_loyalty.store.unit_of_work import Repositories


@dataclass(frozen=True)
class RewardOffer:
    """A reward of the program for one member. ``why_not`` is None where it is available.

    ``cost_points`` is what it costs this member now. One that costs stamps costs
    ``cost_stamps``, of which the member has ``stamps``. ``choices`` are the things of which
    one is chosen. What only a sale can answer (its amount, its lines) is not asked here.
    """

    id: RewardId
    name: str
    kind: str
    cost_points: int
    available: bool
    why_not: Code | None
    why_not_text: str
    cost_stamps: int = 0
    stamps: int = 0
    choices: tuple[str, ...] = ()


class OfferedTo(msgspec.Struct, frozen=True, kw_only=True):
    """Whom rewards are offered to, and what may be spent here now. Points are integers.

    ``usable_points`` of the balance are neither pending nor ended, ``rights_points`` of them
    may be spent by rights alone and ``spendable_points`` with the owner's allowance.
    ``facts`` is a sale without amount and lines.
    """

    program: LoyaltyProgram
    facts: SaleFacts
    tally: Mapping[str, int]
    left_here: Mapping[RewardId, int]
    balance_points: int
    usable_points: int
    rights_points: int
    spendable_points: int
    limits: SpendLimits
    is_alone: bool
    is_by_number: bool


def reward_offers(to: OfferedTo) -> tuple[RewardOffer, ...]:
    """Return every reward of the program, with the reason where it cannot be had."""
    return tuple(_offer(reward, to) for reward in to.program.rewards)


def rewards_left(program: LoyaltyProgram, work: Repositories) -> dict[RewardId, int]:
    """Return how many this till may give of the rewards with a stock in all; usually nothing."""
    limits = _LIMITED(program)
    if not limits:
        return {}
    return RewardStock(work.settings, work.journal.stream().stream).left(limits)


def count_rewards(
    program: LoyaltyProgram, work: Repositories, rewards: tuple[RewardId, ...], *, by: int
) -> None:
    """Count rewards with a stock in all that a sale takes (1), or gives back when undone (-1)."""
    limited = tuple(reward for reward in rewards if reward in _LIMITED(program))
    if limited:
        RewardStock(work.settings, work.journal.stream().stream).count(limited, by)


def _in_all(program: LoyaltyProgram) -> dict[RewardId, int]:
    return {
        reward.id: reward.stock.in_all
        for reward in program.rewards
        if reward.stock.in_all is not None
    }


_LIMITED = PerProgram(_in_all)


def _offer(reward: Reward, to: OfferedTo) -> RewardOffer:
    cost = cost_of(to.program, reward, to.facts)
    reason = _reason(reward, cost, to)
    return RewardOffer(
        id=reward.id,
        name=reward.name,
        kind=str(reward.__struct_config__.tag),
        cost_points=cost,
        available=reason is None,
        why_not=None if reason is None else reason.code,
        why_not_text="" if reason is None else CATALOG[reason.code].sentence(reason.facts),
        cost_stamps=stamps_of(to.program, reward) if reward.stamp_card else 0,
        stamps=to.tally.get(stamps_name(reward.stamp_card), 0) if reward.stamp_card else 0,
        choices=reward.choices if isinstance(reward, FreeItem) else (),
    )


def _reason(reward: Reward, cost: int, to: OfferedTo) -> WhyNot | None:
    """Return what the sale would say; this runs for every reward at every scan."""
    named: dict[str, Fact] = {"reward": reward.name}
    if cost > max(0, to.balance_points):
        return WhyNot(Code.POINTS_SHORT, named | {"short_points": cost - to.balance_points})
    if to.is_by_number:
        return WhyNot(Code.NUMBER_EARNS_ONLY, {})
    reason = reason_not_now(
        to.program,
        reward,
        to.facts,
        to.tally,
        left_here=to.left_here.get(reward.id),
        is_sale=False,
    )
    if reason is not None:
        return reason
    keep = reward.keep_points if isinstance(reward, PointsForMoney) else 0
    if cost + keep > to.balance_points:
        return WhyNot(Code.REWARD_KEEP, named | {"keep_points": keep})
    return _unsafe(reward, cost, to) if cost else None


def _unsafe(reward: Reward, cost: int, to: OfferedTo) -> WhyNot | None:
    """Return why points that are there may not be used for this reward here now."""
    is_free = reward.offline is OfflinePolicy.ALWAYS
    if to.limits.is_ended and not is_free:
        return WhyNot(Code.RIGHTS_ENDED, {"days": to.limits.silent_days})
    spendable = _spendable(reward, to)
    if cost <= spendable:
        return None
    return WhyNot(
        Code.RIGHTS_SHORT,
        {
            "spendable_points": spendable,
            "balance_points": to.balance_points,
            "cost_points": cost,
            "reward": reward.name,
        },
    )


def _spendable(reward: Reward, to: OfferedTo) -> int:
    """Return how many points may go into a reward: its offline policy says on whose word."""
    if to.is_alone:
        return to.usable_points
    match reward.offline:
        case OfflinePolicy.ALWAYS | OfflinePolicy.NEVER:
            # For the one nobody is asked, for the other the server is, when the sale is made.
            return to.usable_points
        case OfflinePolicy.RIGHTS:
            return min(to.usable_points, to.rights_points)
        case OfflinePolicy.ALLOWANCE:
            return to.spendable_points
