"""Rules 5: what a reward costs, whether it can be had, and what it takes off."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import (
    AmountOff,
    BuySomeGetSome,
    PercentOff,
    PointsForMoney,
    Reward,
    RewardTaken,
)
from tests.reference import conditions, money
from tests.reference.counting import periods


@dataclass(frozen=True)
class Account:
    """What a member has, as far as a reward asks."""

    points: int
    tally: Mapping[str, int]


def cost(program: LoyaltyProgram, reward: Reward, facts: SaleFacts) -> int:
    """The cost of the tier held, or a lower price that an offer makes."""
    if reward.stamp_card:
        return 0
    lines = money.lines(program, facts)
    tier = conditions.tier_id(program, facts)
    prices = [next((cost for of, cost in reward.cost_by_tier.items() if of == tier), None)]
    prices = [reward.cost_points if prices[0] is None else prices[0]]
    prices += [
        offer.cost_points
        for offer in program.offers
        if isinstance(offer, PriceOffer)
        and offer.reward == reward.id
        and conditions.holds(program, offer.id, offer.when, facts, lines)
    ]
    return min(prices)


def stamps(program: LoyaltyProgram, reward: Reward) -> int:
    """What it costs of its stamp card."""
    return next((card.stamps for card in program.stamp_cards if card.id == reward.stamp_card), 0)


def in_stock(reward: Reward, tally: Mapping[str, int], at_ms: int, tz_minutes: int) -> bool:
    """Whether the member has not had all that one member gets."""
    period = periods(at_ms, tz_minutes)
    name = f"reward:{reward.id}"
    return all(
        limit is None or tally.get(key, 0) < limit
        for limit, key in (
            (reward.stock.member, name),
            (reward.stock.day, f"{name}@{period['day']}"),
            (reward.stock.week, f"{name}@{period['week']}"),
            (reward.stock.month, f"{name}@{period['month']}"),
        )
    )


def holds(program: LoyaltyProgram, reward: Reward, facts: SaleFacts) -> bool:
    """Whether its conditions hold on the sale as it stands; a tier may have it early."""
    when = reward.when
    early = reward.early_days.get(program.tiers[tier_place(program, facts)].id, 0)
    if when.from_date is not None:
        when = msgspec.structs.replace(when, from_date=when.from_date - dt.timedelta(days=early))
    return conditions.holds(
        program, f"reward:{reward.id}", when, facts, money.lines(program, facts)
    )


def tier_place(program: LoyaltyProgram, facts: SaleFacts) -> int:
    """Which tier it is, from 0."""
    ids: list[str] = [tier.id for tier in program.tiers]
    return ids.index(conditions.tier_id(program, facts))


def left_to_pay(facts: SaleFacts) -> int:
    """The total less what the rewards before took off."""
    return facts.total - money.discount(facts)


def free_items(reward: BuySomeGetSome, program: LoyaltyProgram, facts: SaleFacts) -> list[int]:
    """The prices of the items that are free: the cheapest ones."""
    rows = [(line.amount, line.quantity) for line in facts.lines] or [(facts.total, 1)]
    prices: list[int] = []
    for place in conditions.chosen(reward.when, money.lines(program, facts)):
        amount, quantity = rows[place]
        prices += [amount // quantity] * quantity
    groups, rest = divmod(len(prices), reward.buy + reward.get)
    free = groups * reward.get + max(0, rest - reward.buy)
    return sorted(prices)[:free]


def steps_max(
    program: LoyaltyProgram, reward: PointsForMoney, facts: SaleFacts, account: Account
) -> int:
    """How many steps of points the sale and the account allow."""
    share = left_to_pay(facts) * reward.share_percent_max // 100
    spendable = max(0, account.points - reward.keep_points)
    return min(share // reward.amount_per_step, spendable // cost(program, reward, facts))


def taken(
    program: LoyaltyProgram, reward: Reward, facts: SaleFacts, points: int | None = None
) -> RewardTaken:
    """Put a reward on the sale as it stands; ``points`` is the part of a points-for-money one."""
    left = left_to_pay(facts)
    price = cost(program, reward, facts)
    match reward:
        case AmountOff():
            off = min(reward.amount, left)
        case PercentOff():
            off = min(left * reward.percent // 100, reward.amount_max)
        case BuySomeGetSome():
            off = min(sum(free_items(reward, program, facts)), left)
        case PointsForMoney():
            chosen = price if points is None else points
            off = chosen // price * reward.amount_per_step
            price = chosen
        case _:
            off = 0
    return RewardTaken(reward=reward.id, points=price, discount=off, stamps=stamps(program, reward))


def can_have(program: LoyaltyProgram, reward: Reward, facts: SaleFacts, account: Account) -> bool:
    """Whether it can be put on the sale as it stands."""
    others = [program.reward(one.reward) for one in facts.rewards]
    if any(other is None or other.id == reward.id or other.exclusive for other in others):
        return False
    if reward.exclusive and others:
        return False
    return (
        holds(program, reward, facts)
        and in_stock(reward, account.tally, facts.at_ms, facts.offset_minutes)
        and affordable(program, reward, facts, account)
    )


def affordable(program: LoyaltyProgram, reward: Reward, facts: SaleFacts, account: Account) -> bool:
    """Whether the account has the points and the stamps, after the rewards before."""
    spent = sum(one.points for one in facts.rewards)
    left = account.points - spent
    if reward.stamp_card:
        used = sum(
            one.stamps
            for one in facts.rewards
            if (other := program.reward(one.reward)) and other.stamp_card == reward.stamp_card
        )
        have = account.tally.get(f"stamps:{reward.stamp_card}", 0) - used
        return have >= stamps(program, reward)
    if isinstance(reward, PointsForMoney):
        return steps_max(program, reward, facts, Account(left, account.tally)) > 0
    return left >= cost(program, reward, facts)


def with_reward(facts: SaleFacts, one: RewardTaken) -> SaleFacts:
    """The sale as it stands after one more."""
    rewards: Sequence[RewardTaken] = (*facts.rewards, one)
    return msgspec.structs.replace(facts, rewards=rewards)
