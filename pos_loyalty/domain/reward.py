"""What points buy: the kinds of reward and what each takes off a sale.

Rewards are paid before the sale earns: its own points never pay its own reward.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

import msgspec

from pos_loyalty.domain.earning_rule import Conditions
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.money import MinorUnits
from pos_loyalty.domain.rounding import percent_of, steps_begun, whole_steps


class OfflinePolicy(StrEnum):
    """How far a reward may be given without asking the server."""

    NEVER = "never"
    RIGHTS = "rights"
    ALLOWANCE = "allowance"
    ALWAYS = "always"


class Stock(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How many there are: in all, for one member ever, and for one member in a period."""

    in_all: int | None = None
    member: int | None = None
    day: int | None = None
    week: int | None = None
    month: int | None = None


class RewardBase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every reward has. ``cost_points`` is the whole cost, or the smallest step.

    ``cost_by_tier`` replaces the cost for a tier. ``when`` names who may have it and when.
    ``early_days`` lets a tier have it so many days before ``when.from_date``. An
    ``exclusive`` reward goes with no other. ``stamp_card`` costs a full card instead of
    points. ``offline`` says on whose word it is given without a line: NEVER asks the server
    first, RIGHTS takes spend rights alone, ALLOWANCE the owner's allowance too, ALWAYS what
    the balance shows.
    """

    id: RewardId
    name: str
    cost_points: int = 0
    cost_by_tier: dict[TierId, int] = {}
    when: Conditions = Conditions()
    early_days: dict[TierId, int] = {}
    stock: Stock = Stock()
    exclusive: bool = False
    stamp_card: str = ""
    offline: OfflinePolicy = OfflinePolicy.ALLOWANCE


class AmountOff(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="amount_off"):
    """Takes a fixed amount (minor units) off the sale."""

    amount: MinorUnits


class PercentOff(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="percent_off"):
    """Takes a percentage off the sale, at most ``amount_max`` minor units."""

    percent: int
    amount_max: MinorUnits


class FreeItem(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="free_item"):
    """Gives an item that is not rung up; ``worth`` in minor units is for reports only.

    With ``choices`` the member takes one of several; ``item`` says what they are.
    """

    item: str
    worth: MinorUnits = 0
    choices: tuple[str, ...] = ()


class BuySomeGetSome(
    RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="buy_some_get_some"
):
    """Of the chosen lines' items, ``buy`` are paid and the next ``get`` are free, again and again.

    The cheapest items are the free ones; they are rung up, and taken off.
    """

    buy: int
    get: int


class PointsForMoney(
    RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="points_for_money"
):
    """Pays part of the sale: each ``cost_points`` buy ``amount_per_step`` minor units.

    ``share_percent_max`` is the largest part of the sale that may be paid so, and
    ``keep_points`` what must stay in the account.
    """

    amount_per_step: MinorUnits
    share_percent_max: int = 100
    keep_points: int = 0


class Gift(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="gift"):
    """A thing that the shop does not sell; ``worth`` in minor units is for reports only."""

    worth: MinorUnits = 0


class Access(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="access"):
    """An evening, a sale or an item before others; ``worth`` is for reports only."""

    worth: MinorUnits = 0


class Donation(RewardBase, frozen=True, kw_only=True, omit_defaults=True, tag="donation"):
    """The shop gives ``worth`` minor units to ``to``."""

    to: str
    worth: MinorUnits


Reward = (
    AmountOff | PercentOff | FreeItem | BuySomeGetSome | PointsForMoney | Gift | Access | Donation
)


def is_plain_reward(reward: Reward) -> bool:
    """Tell whether a till of 0.1.0 or 0.2.0 gives this reward as this program does."""
    plain_kinds = AmountOff | PercentOff | FreeItem | PointsForMoney
    base = RewardBase(id=reward.id, name=reward.name, cost_points=reward.cost_points)
    names = RewardBase.__struct_fields__
    is_older_kind = isinstance(reward, plain_kinds)
    has_more = (isinstance(reward, FreeItem) and reward.choices) or (
        isinstance(reward, PointsForMoney) and reward.keep_points
    )
    return (
        is_older_kind
        and not has_more
        and reward.cost_points > 0
        and all(getattr(reward, name) == getattr(base, name) for name in names)
    )


class RewardTaken(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A reward on a sale: what it cost in points and took off in minor units.

    ``stamps`` is what it took of its stamp card, ``item`` which of several things was chosen.
    """

    reward: RewardId
    points: int
    discount: int
    stamps: int = 0
    item: str = ""


def worth_of(reward: Reward) -> int:
    """Return the most money (minor units) that its cost in points buys."""
    match reward:
        case AmountOff():
            return reward.amount
        case PercentOff():
            return reward.amount_max
        case PointsForMoney():
            return reward.amount_per_step
        case BuySomeGetSome():
            return 0
        case _:
            return reward.worth


def lowest_cost(reward: Reward) -> int:
    """Return what the reward costs in points in the tier where it is cheapest."""
    return 0 if reward.stamp_card else min([reward.cost_points, *reward.cost_by_tier.values()])


def money_of(rewards: Iterable[Reward], points: int) -> int:
    """Return the most money (minor units) that points can buy, rounded up: the worst case.

    What costs no points is bought by none.
    """
    priced = [(reward, lowest_cost(reward)) for reward in rewards]
    return max(
        (steps_begun(points * worth_of(reward), cost) for reward, cost in priced if cost > 0),
        default=0,
    )


def takes_money_off(reward: Reward) -> bool:
    """Tell whether a reward lowers what is left to pay, so that there must be something left."""
    return isinstance(reward, AmountOff | PercentOff | BuySomeGetSome | PointsForMoney)


def points_limit(reward: Reward, *, total: int, cost: int | None = None) -> int:
    """Return the most points this reward can take on a sale of ``total`` minor units.

    ``cost`` is what it costs this member now; None is its plain cost.
    """
    each = reward.cost_points if cost is None else cost
    if not isinstance(reward, PointsForMoney):
        return each
    payable = percent_of(total, reward.share_percent_max)
    return whole_steps(payable, reward.amount_per_step) * each


def sensible_points(
    reward: Reward,
    *,
    total: int,
    spendable_points: int,
    cost: int | None = None,
    balance_points: int | None = None,
) -> int:
    """Return the part that the till proposes: the most that the member and the sale allow.

    ``balance_points`` is what is in the account, of which ``keep_points`` stay there; None
    takes ``spendable_points`` for it.
    """
    each = reward.cost_points if cost is None else cost
    if not isinstance(reward, PointsForMoney):
        return each
    balance = spendable_points if balance_points is None else balance_points
    free = max(0, min(spendable_points, balance - reward.keep_points))
    affordable = whole_steps(free, each) * each
    return min(affordable, points_limit(reward, total=total, cost=cost))


class ItemsOf(msgspec.Struct, frozen=True):
    """Items of one line: how many, and the price of each (minor units, rounded down)."""

    price: int
    quantity: int


def free_items(reward: BuySomeGetSome, quantity: int) -> int:
    """Return how many of so many items are free: Odoo's "buy some, get some"."""
    groups, rest = divmod(quantity, reward.buy + reward.get)
    return groups * reward.get + max(0, rest - reward.buy)


def price_of_cheapest(items: Iterable[ItemsOf], count: int) -> int:
    """Return what the cheapest ``count`` items cost together (minor units)."""
    left, price = count, 0
    for line in sorted(items, key=lambda item: item.price):
        taken = min(left, line.quantity)
        price += taken * line.price
        left -= taken
    return price


def take(
    reward: Reward,
    *,
    total: int,
    points: int | None = None,
    cost: int | None = None,
    items: Sequence[ItemsOf] = (),
) -> RewardTaken:
    """Put a reward on a sale of ``total`` minor units.

    Args:
        reward: what is taken.
        total: what is left to pay before this reward.
        points: the part chosen of a points-for-money reward; None takes the whole cost.
        cost: what it costs this member now; None is its plain cost.
        items: the items that a buy-some-get-some reward chooses from.

    Raises:
        RuleViolation: the part is no whole number of steps, or above the limit; or too few items.
    """
    each = reward.cost_points if cost is None else cost
    chosen = each if points is None else points
    limit = points_limit(reward, total=total, cost=cost)
    if isinstance(reward, PointsForMoney):
        misfit = chosen <= 0 or chosen % each or chosen > limit
    else:
        misfit = chosen != each
    if misfit:
        raise RuleViolation(
            Code.REWARD_PART, step_points=each, limit_points=limit, reward=reward.name
        )
    discount = (
        whole_steps(chosen, each) * reward.amount_per_step
        if isinstance(reward, PointsForMoney)
        else _discount(reward, total=total, items=items)
    )
    return RewardTaken(reward=reward.id, points=chosen, discount=discount)


def _discount(reward: Reward, *, total: int, items: Sequence[ItemsOf]) -> int:
    match reward:
        case AmountOff():
            return min(reward.amount, total)
        case PercentOff():
            return min(percent_of(total, reward.percent), reward.amount_max)
        case BuySomeGetSome():
            quantity = sum(line.quantity for line in items)
            if quantity <= reward.buy:
                missing = reward.buy + 1 - quantity
                raise RuleViolation(Code.REWARD_ITEMS, missing=missing, reward=reward.name)
            return min(price_of_cheapest(items, free_items(reward, quantity)), total)
        case _:
            return 0
