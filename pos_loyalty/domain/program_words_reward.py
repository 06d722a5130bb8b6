"""Rewards read back in words: what each gives, costs, and who can have it."""

from typing import Final

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_words_plain import at_most, many, money_words, named, tier_names
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    Gift,
    OfflinePolicy,
    PercentOff,
    PointsForMoney,
    Reward,
    Stock,
)

_STOCK: Final = (
    ("in_all", "in all"),
    ("day", "a day for a member"),
    ("week", "a week for a member"),
    ("month", "a month for a member"),
    ("member", "for a member ever"),
)
_OFFLINE: Final = {
    OfflinePolicy.NEVER: "never without asking the server first",
    OfflinePolicy.RIGHTS: (
        "without a line as far as the till's spend rights go, without your allowance"
    ),
    OfflinePolicy.ALWAYS: "without a line as far as the balance goes",
}


def reward_words(program: LoyaltyProgram, reward: Reward, when: str) -> str:
    """Say all of a reward but its name; ``when`` are the words of its conditions."""
    what = f"{_gift_words(program, reward)}, {_cost_words(program, reward)}{when}"
    return what + _stock_words(reward.stock) + _more_words(program, reward)


def _gift_words(program: LoyaltyProgram, reward: Reward) -> str:
    match reward:
        case AmountOff() | PercentOff() | PointsForMoney():
            return _off_words(program, reward)
        case BuySomeGetSome():
            return f"of each {reward.buy + reward.get} items {reward.get} free"
        case Donation():
            return f"{money_words(program, reward.worth)} for {reward.to}"
        case FreeItem() | Gift() | Access():
            worth = f" (worth {money_words(program, reward.worth)})" if reward.worth else ""
            return _thing_words(reward) + worth


def _thing_words(reward: FreeItem | Gift | Access) -> str:
    match reward:
        case FreeItem():
            return f"{named(reward.choices, ' or ') if reward.choices else reward.item} free"
        case Gift():
            return "a gift"
        case Access():
            return "access"


def _off_words(program: LoyaltyProgram, reward: AmountOff | PercentOff | PointsForMoney) -> str:
    match reward:
        case AmountOff():
            return f"{money_words(program, reward.amount)} off"
        case PercentOff():
            return f"{reward.percent} % off, at most {money_words(program, reward.amount_max)}"
        case PointsForMoney():
            step = money_words(program, reward.amount_per_step)
            return f"{step} off for each step, up to {reward.share_percent_max} % of a sale"


def _cost_words(program: LoyaltyProgram, reward: Reward) -> str:
    if reward.stamp_card:
        card = next((each for each in program.stamp_cards if each.id == reward.stamp_card), None)
        stamps = f"{many(card.stamps, 'stamp')} of " if card else ""
        return f"for {stamps}the card {reward.stamp_card}"
    names = tier_names(program)
    cost = f"for {many(reward.cost_points, 'point')}" if reward.cost_points else "for no points"
    return cost + "".join(
        f" ({names.get(tier, tier)}: {points})" for tier, points in reward.cost_by_tier.items()
    )


def _stock_words(stock: Stock) -> str:
    bounds = [(getattr(stock, name), words) for name, words in _STOCK]
    return at_most([f"{most} {words}" for most, words in bounds if most is not None])


def _more_words(program: LoyaltyProgram, reward: Reward) -> str:
    """Say what is not as it usually is: who is early, what stays, what goes together."""
    names = tier_names(program)
    parts = [
        f"for {names.get(tier, tier)} {many(days, 'day')} earlier"
        for tier, days in reward.early_days.items()
    ]
    if isinstance(reward, PointsForMoney) and reward.keep_points:
        parts.append(f"{many(reward.keep_points, 'point')} stay in the account")
    if reward.exclusive:
        parts.append("goes with no other reward")
    if reward.offline in _OFFLINE:
        parts.append(_OFFLINE[reward.offline])
    return "".join(f"; {part}" for part in parts)
