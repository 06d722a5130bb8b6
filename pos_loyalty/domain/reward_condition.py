"""What a reward costs a member now, and why it cannot be had: each reason by its own name."""

import datetime as dt
from collections.abc import Mapping, Sequence

import msgspec

from pos_loyalty.domain.condition import Condition
from pos_loyalty.domain.earning_rule import Conditions
from pos_loyalty.domain.error_catalog import Code, Fact
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_known import birthday_key_of_reward
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import ItemsOf, PointsForMoney, Reward, Stock
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.domain.sale_facts import SaleFacts, SaleView, tier_in, view_of
from pos_loyalty.domain.tally_key import periods_at, reward_name, stamps_name

_NO_TALLY: Mapping[str, int] = {}
_IN_PERIOD = {"member": "for a member", "day": "a day", "week": "a week", "month": "a month"}

_ASKS_NOTHING = Conditions()
_SALE_ASKS = (
    "basket_min",
    "quantity_min",
    "categories",
    "skus",
    "not_categories",
    "not_skus",
    "payments_excluded",
)
"""What only a sale in hand can answer; the rest is known as soon as the member is."""


class WhyNot(msgspec.Struct, frozen=True):
    """Why a reward cannot be had, with the facts of the sentence."""

    code: Code
    facts: dict[str, Fact]


def cost_of(program: LoyaltyProgram, reward: Reward, facts: SaleFacts) -> int:
    """Return what a reward, or the smallest step of it, costs in points on a sale as it stands."""
    if reward.stamp_card:
        return 0
    cost = reward.cost_by_tier.get(tier_in(program, facts.tier).id, reward.cost_points)
    offers = _GATES(program)[reward.id].offers
    if not offers:
        return cost
    view = view_of(program, facts)
    offered = [offer.cost for offer in offers if offer.condition.seen_in(view) is not None]
    least = min([cost, *offered])
    # Paying with points for nothing would be no price at all.
    return max(1, least) if isinstance(reward, PointsForMoney) else least


def stamps_of(program: LoyaltyProgram, reward: Reward) -> int:
    """Return how many stamps of its card a reward costs; 0 for one that costs points."""
    return next((card.stamps for card in program.stamp_cards if card.id == reward.stamp_card), 0)


def why_not_now(
    program: LoyaltyProgram,
    reward: Reward,
    facts: SaleFacts,
    tally: Mapping[str, int] = _NO_TALLY,
    *,
    left_here: int | None = None,
    is_sale: bool = True,
) -> Code | None:
    """Return why a reward cannot be had on a sale as it stands, beside its points; None if it can.

    See :func:`reason_not_now` for the arguments.
    """
    found = reason_not_now(program, reward, facts, tally, left_here=left_here, is_sale=is_sale)
    return None if found is None else found.code


def reason_not_now(
    program: LoyaltyProgram,
    reward: Reward,
    facts: SaleFacts,
    tally: Mapping[str, int] = _NO_TALLY,
    *,
    left_here: int | None = None,
    is_sale: bool = True,
) -> WhyNot | None:
    """Return why a reward cannot be had on a sale as it stands, beside its points.

    Args:
        program: the rules in force.
        reward: one of the program.
        facts: the sale with the rewards that were put on it before.
        tally: what is counted of the member, stamps and rewards taken among it.
        left_here: how many this till may still give of a stock in all; None is not limited.
        is_sale: whether there is a sale; without one its amount and lines are not asked.
    """
    gate = _GATES(program)[reward.id]
    if gate.is_open and left_here is None:
        return None
    found = gate.conditions.reason(program, facts, is_sale=is_sale) if gate.conditions else None
    if found is not None:
        return found
    if left_here is not None and left_here <= 0:
        return WhyNot(Code.REWARD_STOCK, {"reward": reward.name})
    return _taken_often(reward, facts, tally) or _stamps_missing(program, reward, tally)


def items_for(reward: Reward, program: LoyaltyProgram, facts: SaleFacts) -> Sequence[ItemsOf]:
    """Return the items of the lines that a reward chooses; a line below 0 is no item."""
    view = view_of(program, facts)
    chosen = _GATES(program)[reward.id].whole.chosen(view.lines)
    lines = [view.lines[at] for at in chosen]
    return [
        ItemsOf(price=whole_steps(line.amount, line.quantity), quantity=line.quantity)
        for line in lines
        if line.amount >= 0 and line.quantity > 0
    ]


def _taken_often(reward: Reward, facts: SaleFacts, tally: Mapping[str, int]) -> WhyNot | None:
    """Say which limit for one member is reached: in a period, or for ever."""
    if reward.stock == Stock():
        return None
    periods = periods_at(facts.at_ms, facts.offset_minutes)
    name = reward_name(reward.id)
    for kind, words in _IN_PERIOD.items():
        limit = getattr(reward.stock, kind)
        key = name if kind == "member" else f"{name}@{periods[kind]}"
        if limit is not None and tally.get(key, 0) >= limit:
            return WhyNot(
                Code.REWARD_MEMBER_STOCK, {"reward": reward.name, "limit": limit, "period": words}
            )
    return None


def _stamps_missing(
    program: LoyaltyProgram, reward: Reward, tally: Mapping[str, int]
) -> WhyNot | None:
    if not reward.stamp_card:
        return None
    short = stamps_of(program, reward) - tally.get(stamps_name(reward.stamp_card), 0)
    if short <= 0:
        return None
    return WhyNot(Code.STAMPS_SHORT, {"reward": reward.name, "short_stamps": short})


class _Question(msgspec.Struct, frozen=True):
    """One reason: what is asked, and the sentence where it does not hold."""

    code: Code
    condition: Condition
    facts: dict[str, Fact] = {}


class _PricedOffer(msgspec.Struct, frozen=True):
    """A lower price of a reward, where its conditions hold."""

    cost: int
    condition: Condition


class _RewardConditions(msgspec.Struct, frozen=True):
    """The conditions of one reward, taken apart so that each can say that it does not hold."""

    name: str
    first_day: dt.date | None
    early_days: Mapping[TierId, int]
    of_member: tuple[_Question, ...]
    of_sale: tuple[_Question, ...]

    def reason(self, program: LoyaltyProgram, facts: SaleFacts, *, is_sale: bool) -> WhyNot | None:
        """Return the first condition that does not hold."""
        view = view_of(program, facts)
        if self.first_day is not None:
            first = self._first_day_for(tier_in(program, facts.tier).id)
            if view.day < first.toordinal():
                day = first.isoformat()
                return WhyNot(Code.REWARD_EARLY, {"reward": self.name, "day": day})
        questions = (*self.of_member, *self.of_sale) if is_sale else self.of_member
        return next(
            (
                WhyNot(asked.code, {"reward": self.name} | asked.facts)
                for asked in questions
                if not _holds(asked, view)
            ),
            None,
        )

    def _first_day_for(self, tier: TierId) -> dt.date:
        assert self.first_day is not None
        days = self.early_days.get(tier, 0)
        return dt.date.fromordinal(max(1, self.first_day.toordinal() - days))


class _Gate(msgspec.Struct, frozen=True):
    """A reward made ready to be asked; ``is_open`` where nothing but points is asked."""

    is_open: bool
    conditions: _RewardConditions | None
    whole: Condition
    offers: tuple[_PricedOffer, ...]


def _holds(asked: _Question, view: SaleView) -> bool:
    return asked.condition.seen_in(view) is not None


def _gates(program: LoyaltyProgram) -> dict[RewardId, _Gate]:
    return {reward.id: _gate(program, reward) for reward in program.rewards}


def _gate(program: LoyaltyProgram, reward: Reward) -> _Gate:
    asks = reward.when != _ASKS_NOTHING
    return _Gate(
        is_open=not asks and reward.stock == Stock() and not reward.stamp_card,
        conditions=_conditions(program, reward) if asks else None,
        whole=Condition(reward.when, birthday_key_of_reward(reward.id)),
        offers=tuple(
            _PricedOffer(offer.cost_points, Condition(offer.when, offer.id))
            for offer in program.offers
            if isinstance(offer, PriceOffer) and offer.reward == reward.id
        ),
    )


def _conditions(program: LoyaltyProgram, reward: Reward) -> _RewardConditions:
    when = reward.when
    names = [tier.name for tier in program.tiers if tier.id in when.tiers]
    last = "" if when.until_date is None else when.until_date.isoformat()
    parts: tuple[tuple[Code, Conditions, dict[str, Fact]], ...] = (
        (Code.REWARD_SHOP, Conditions(shops=when.shops), {}),
        (Code.REWARD_TIER, Conditions(tiers=when.tiers), {"tiers": " or ".join(names)}),
        (Code.REWARD_MEMBERS, Conditions(segments=when.segments), {}),
        (Code.REWARD_OVER, Conditions(until_date=when.until_date), {"day": last}),
        (
            Code.REWARD_TIME,
            Conditions(
                weekdays=when.weekdays, from_time=when.from_time, until_time=when.until_time
            ),
            {},
        ),
        (Code.REWARD_FIRST, Conditions(first_purchase=when.first_purchase), {}),
        (Code.REWARD_BIRTHDAY, Conditions(birthday_days=when.birthday_days), {}),
    )
    key = birthday_key_of_reward(reward.id)
    of_sale = msgspec.structs.replace(_ASKS_NOTHING, **{n: getattr(when, n) for n in _SALE_ASKS})
    return _RewardConditions(
        name=reward.name,
        first_day=when.from_date,
        early_days=reward.early_days,
        of_member=tuple(
            _Question(code, Condition(part, key), facts)
            for code, part, facts in parts
            if part != _ASKS_NOTHING
        ),
        of_sale=()
        if of_sale == _ASKS_NOTHING
        else (_Question(Code.REWARD_BASKET, Condition(of_sale, key)),),
    )


_GATES = PerProgram(_gates)
