"""Rules 5: what a reward costs, whether it can be had, and what it takes off."""

import datetime as dt
from collections.abc import Mapping, Sequence

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


def cost(program: LoyaltyProgram, reward: Reward, facts: SaleFacts) -> int:
    """The cost of the tier held, or a lower price that an offer makes."""
    if reward.stamp_card:
        return 0
    lines = money.lines(program, facts)
    tier = conditions.tier_id(program, facts)
    of_tier = [points for of, points in reward.cost_by_tier.items() if of == tier]
    prices = of_tier or [reward.cost_points]
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


def free_items(program: LoyaltyProgram, reward: BuySomeGetSome, facts: SaleFacts) -> list[int]:
    """The prices of the items that are free: the cheapest ones. A line below 0 is no item."""
    rows = money.rows_of(facts)
    prices: list[int] = []
    for place in conditions.chosen(reward.when, money.lines(program, facts)):
        if rows[place].amount >= 0 and rows[place].quantity > 0:
            prices += [rows[place].amount // rows[place].quantity] * rows[place].quantity
    groups, rest = divmod(len(prices), reward.buy + reward.get)
    free = groups * reward.get + max(0, rest - reward.buy)
    return sorted(prices)[:free]


def taken(
    program: LoyaltyProgram, reward: Reward, facts: SaleFacts, points: int | None = None
) -> RewardTaken | None:
    """Put a reward on the sale as it stands, or refuse it.

    ``points`` is the part of a points-for-money reward, whole steps; None is one step.
    """
    left = left_to_pay(facts)
    price = cost(program, reward, facts)
    off = 0
    match reward:
        case AmountOff() if left > 0:
            off = min(reward.amount, left)
        case PercentOff() if left > 0:
            off = min(left * reward.percent // 100, reward.amount_max)
        case BuySomeGetSome() if left > 0 and free_items(program, reward, facts):
            off = min(sum(free_items(program, reward, facts)), left)
        case PointsForMoney() if left > 0:
            chosen = price if points is None else points
            steps, rest = divmod(chosen, price)
            off = steps * reward.amount_per_step
            if rest or steps < 1 or off > left * reward.share_percent_max // 100:
                return None
            price = chosen
        case AmountOff() | PercentOff() | BuySomeGetSome() | PointsForMoney():
            return None  # there is nothing to take it off
        case _:
            pass
    return RewardTaken(reward=reward.id, points=price, discount=off, stamps=stamps(program, reward))


def can_have(
    program: LoyaltyProgram, reward: Reward, facts: SaleFacts, tally: Mapping[str, int]
) -> bool:
    """Whether its conditions, its stock and its stamps allow it on the sale as it stands."""
    return (
        holds(program, reward, facts)
        and in_stock(reward, tally, facts.at_ms, facts.offset_minutes)
        and stamps_left(program, reward, facts, tally) >= stamps(program, reward)
    )


def stamps_left(
    program: LoyaltyProgram, reward: Reward, facts: SaleFacts, tally: Mapping[str, int]
) -> int:
    """What is on its stamp card, less what rewards before take of it."""
    before = [(program.reward(one.reward), one.stamps) for one in facts.rewards]
    return tally.get(f"stamps:{reward.stamp_card}", 0) - sum(
        stamps for other, stamps in before if other and other.stamp_card == reward.stamp_card
    )


def take(
    program: LoyaltyProgram,
    facts: SaleFacts,
    choices: Sequence[tuple[Reward, int | None]],
    *,
    tally: Mapping[str, int],
    balance: int,
) -> list[RewardTaken] | None:
    """Put rewards on a sale one after the other; None if one of them cannot be had."""
    rewards = [reward for reward, _ in choices]
    if len({reward.id for reward in rewards}) < len(rewards):
        return None
    if len(rewards) > 1 and any(reward.exclusive for reward in rewards):
        return None
    on_sale: list[RewardTaken] = []
    for reward, points in choices:
        stands = msgspec.structs.replace(facts, rewards=tuple(on_sale))
        one = taken(program, reward, stands, points)
        if one is None or not can_have(program, reward, stands, tally):
            return None
        on_sale.append(one)
    stays = balance - sum(one.points for one in on_sale)
    if stays < min(balance, 0):
        return None
    if any(isinstance(one, PointsForMoney) and stays < one.keep_points for one in rewards):
        return None
    return on_sale
