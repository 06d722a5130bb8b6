"""A program read back in words: each line says what one part does, as it is computed.

Whoever wrote the rules compares the lines with what was meant: a slip that is a sound program
shows here, like ten stamps instead of one.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from pos_loyalty.domain.condition import minute_of
from pos_loyalty.domain.earning_rule import (
    WEEKDAYS,
    Bonus,
    Caps,
    Conditions,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    Stamps,
    Value,
)
from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, Offer, PriceOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    PercentOff,
    PointsForMoney,
    Reward,
    Stock,
)
from pos_loyalty.domain.tier import Tier, TierMatch

_NAMES_MAX: Final = 4
_PERIODS: Final = (
    ("sale", "a sale"),
    ("day", "a day"),
    ("week", "a week"),
    ("month", "a month"),
    ("member", "ever"),
)
_STOCK: Final = (
    ("in_all", "in all"),
    ("day", "a day for a member"),
    ("week", "a week for a member"),
    ("month", "a month for a member"),
    ("member", "for a member ever"),
)


def program_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield a line for what every sale earns, then one for each part, in the program's order."""
    money = money_words(program, program.earn.step_minor_units)
    earn = f"Every sale: {_many(program.earn.points_per_step, 'point')} for each {money}"
    yield earn + _caps_words(program.caps, "point")
    for each in program.weekday_multipliers:
        days = ", ".join(WEEKDAYS[day].capitalize() for day in each.weekdays)
        yield f"Rule {each.name}: {_times(each.percent)}, on {days}"
    for rule in program.rules:
        unit = "stamp" if isinstance(rule.give, Stamps) else "point"
        when = conditions_words(program, rule.when)
        gives = value_words(program, rule.give) + _per_words(rule.give)
        yield f"Rule {rule.name}: {gives}{when}{_caps_words(rule.caps, unit)}"
    for tier in program.tiers:
        yield f"Tier {tier.name}: {_tier_words(program, tier)}"
    for reward in program.rewards:
        what = f"{_gift_words(program, reward)}, {_cost_words(program, reward)}"
        when = conditions_words(program, reward.when)
        yield f"Reward {reward.name}: {what}{when}{_stock_words(reward.stock)}"
    for offer in program.offers:
        yield f"Offer {offer.name}: {offer_words(offer)}{conditions_words(program, offer.when)}"
    for activity in program.activities:
        caps = _caps_words(activity.caps, "point")
        yield f"Activity {activity.name}: {_many(activity.points, 'point')}{caps}"


def money_words(program: LoyaltyProgram, minor_units: int) -> str:
    """Write an amount as a document does: "3.00 EUR"."""
    currency = currency_of(program.currency)
    return f"{plain_amount(minor_units, currency)} {currency.code}"


def value_words(program: LoyaltyProgram, give: Value) -> str:
    """Say what a rule gives."""
    match give:
        case Rate():
            return f"{_many(give.points, 'point')} for each {money_words(program, give.step)}"
        case Multiply():
            return _times(give.percent)
        case PerItem():
            return f"{_many(give.points, 'point')} for each"
        case Stamps():
            return _many(give.count, "stamp")
        case Exclude():
            return "no points"
        case _:
            return _many(give.points, "point")


def offer_words(offer: Offer) -> str:
    """Say what an offer gives."""
    match offer:
        case MultiplierOffer():
            return _times(offer.percent)
        case BonusOffer():
            return _many(offer.points, "point")
        case PriceOffer():
            return f"{offer.reward} for {_many(offer.cost_points, 'point')}"


def _per_words(give: Value) -> str:
    match give:
        case PerItem():
            return " item"
        case PerVisit() if give.hours_between:
            return f" for a visit, {_many(give.hours_between, 'hour')} after the one before"
        case PerVisit():
            return " for a visit"
        case Bonus():
            return " once for the sale"
        case Stamps():
            per = "for each item" if give.per_item else "once for the sale"
            return f" of the card {give.card} {per}"
        case _:
            return ""


def conditions_words(program: LoyaltyProgram, when: Conditions) -> str:
    """Say when something holds: ``, on Tuesday, from 12:00 until 14:00``; nothing for always."""
    parts = [*_clock_words(when), *_line_words(program, when), *_member_words(program, when)]
    return "".join(f", {part}" for part in parts)


def _clock_words(when: Conditions) -> Iterator[str]:
    if when.weekdays:
        yield "on " + ", ".join(day.capitalize() for day in when.weekdays)
    if when.from_time or when.until_time:
        yield _hours_words(when.from_time, when.until_time)
    if when.from_date is not None:
        yield f"from {when.from_date}"
    if when.until_date is not None:
        yield f"until {when.until_date} included"


def _hours_words(start: str, end: str) -> str:
    words = " ".join(
        part for part in (f"from {start}" if start else "", f"until {end}" if end else "") if part
    )
    if not start or not end or minute_of(start) < minute_of(end):
        return words
    return f"{words} (the whole day)" if start == end else f"{words} of the next morning"


def _line_words(program: LoyaltyProgram, when: Conditions) -> Iterator[str]:
    if when.categories or when.skus:
        yield "on " + _named((*when.categories, *when.skus))
    if when.not_categories or when.not_skus:
        yield "not on " + _named((*when.not_categories, *when.not_skus))
    if when.basket_min:
        yield f"from {money_words(program, when.basket_min)} of sale"
    if when.quantity_min:
        yield f"from {_many(when.quantity_min, 'item')}"
    if when.payments_excluded:
        yield "not for what is paid by " + _named(when.payments_excluded)


def _member_words(program: LoyaltyProgram, when: Conditions) -> Iterator[str]:
    if when.shops:
        yield "in " + _named(when.shops)
    if when.tiers:
        names = {tier.id: tier.name for tier in program.tiers}
        yield "for " + _named([names.get(tier, tier) for tier in when.tiers])
    if when.segments:
        yield "for the segment " + _named(when.segments)
    if when.first_purchase:
        yield "on the first purchase"
    if when.birthday_days is not None:
        yield f"within {_many(when.birthday_days, 'day')} of a birthday"


def _caps_words(caps: Caps, unit: str) -> str:
    bounds = [(getattr(caps, name), words) for name, words in _PERIODS]
    return _at_most([f"{_many(most, unit)} {words}" for most, words in bounds if most is not None])


def _stock_words(stock: Stock) -> str:
    bounds = [(getattr(stock, name), words) for name, words in _STOCK]
    return _at_most([f"{most} {words}" for most, words in bounds if most is not None])


def _at_most(bounds: Sequence[str]) -> str:
    return f"; at most {', '.join(bounds)}" if bounds else ""


def _tier_words(program: LoyaltyProgram, tier: Tier) -> str:
    more = "" if tier.percent == 100 else f", {_times(tier.percent)}"  # noqa: PLR2004 - per cent
    if tier.paid is not None:
        price = money_words(program, tier.paid.price)
        return f"bought for {price}, for {_many(tier.paid.months, 'month')}{more}"
    asked: list[str] = []
    if tier.threshold_points:
        asked.append(_many(tier.threshold_points, "point") + " earned")
    if tier.threshold_spend:
        asked.append(f"{money_words(program, tier.threshold_spend)} spent")
    if tier.threshold_visits:
        asked.append(_many(tier.threshold_visits, "visit"))
    joined = " and " if program.tier_rules.match is TierMatch.ALL else " or "
    return (f"from {joined.join(asked)}" if asked else "everybody") + more


def _gift_words(program: LoyaltyProgram, reward: Reward) -> str:
    match reward:
        case AmountOff() | PercentOff() | PointsForMoney():
            return _off_words(program, reward)
        case FreeItem():
            return f"{_named(reward.choices, ' or ') if reward.choices else reward.item} free"
        case BuySomeGetSome():
            return f"of each {reward.buy + reward.get} items {reward.get} free"
        case Donation():
            return f"{money_words(program, reward.worth)} for {reward.to}"
        case Access():
            return "access"
        case _:
            return "a gift"


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
        stamps = f"{_many(card.stamps, 'stamp')} of " if card else ""
        return f"for {stamps}the card {reward.stamp_card}"
    names = {tier.id: tier.name for tier in program.tiers}
    cost = f"for {_many(reward.cost_points, 'point')}" if reward.cost_points else "for no points"
    return cost + "".join(
        f" ({names.get(tier, tier)}: {points})" for tier, points in reward.cost_by_tier.items()
    )


def _named(names: Sequence[str], joined: str = ", ") -> str:
    """Name a few; a list of thousands is counted."""
    more = len(names) - _NAMES_MAX
    shown = joined.join(names[:_NAMES_MAX])
    return f"{shown} and {more} more" if more > 0 else shown


def _times(percent: int) -> str:
    return f"points \u00d7{percent / 100:g}"


def _many(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
