"""A program read back in words: each line says what one part does, as it is computed.

Whoever wrote the rules compares the lines with what was meant: a slip that is a sound program
shows here, like ten stamps instead of one.
"""

from collections.abc import Iterator
from typing import Final

from pos_loyalty.domain.condition import minute_of
from pos_loyalty.domain.earning_rule import (
    WEEKDAYS,
    Approval,
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
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, Offer, PriceOffer
from pos_loyalty.domain.program import PERCENT_WHOLE, LoyaltyProgram
from pos_loyalty.domain.program_words_life import (
    expiration_words,
    referral_words,
    refund_words,
    tier_time_words,
    whole_words,
)
from pos_loyalty.domain.program_words_plain import at_most, many, money_words, named, times
from pos_loyalty.domain.program_words_reward import reward_words
from pos_loyalty.domain.tier import Tier, TierMatch

_APPROVAL: Final = {
    Approval.AUTOMATIC: ", without a person",
    Approval.OWNER: ", with a second name",
}
_PERIODS: Final = (
    ("sale", "a sale"),
    ("day", "a day"),
    ("week", "a week"),
    ("month", "a month"),
    ("member", "ever"),
)


def program_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield what holds for every sale, then a line or more for each part, then the life of points.

    Parts come in the program's order. What is not the usual is said; the end of points always.
    """
    money = money_words(program, program.earn.step_minor_units)
    earn = f"Every sale: {many(program.earn.points_per_step, 'point')} for each {money}"
    yield earn + _caps_words(program.caps, "point")
    yield from whole_words(program)
    yield from _rules_words(program)
    for tier in program.tiers:
        yield f"Tier {tier.name}: {_tier_words(program, tier)}"
    yield from tier_time_words(program)
    for reward in program.rewards:
        when = conditions_words(program, reward.when)
        yield f"Reward {reward.name}: {reward_words(program, reward, when)}"
    for offer in program.offers:
        when = conditions_words(program, offer.when)
        reason = f'; reason: "{offer.reason}"' if offer.reason else ""
        yield f"Offer {offer.name}: {offer_words(offer)}{_stack_words(offer)}{when}{reason}"
    for card in program.stamp_cards:
        one = f", one for each {card.item}" if card.item else ""
        yield f"Stamp card {card.name}: full with {many(card.stamps, 'stamp')}{one}"
    for activity in program.activities:
        gives = many(activity.points, "point") + _APPROVAL.get(activity.approval, "")
        yield f"Activity {activity.name}: {gives}{_caps_words(activity.caps, 'point')}"
    yield from referral_words(program)
    yield from refund_words(program)
    yield from expiration_words(program.expiration)


def _rules_words(program: LoyaltyProgram) -> Iterator[str]:
    for each in program.weekday_multipliers:
        days = ", ".join(WEEKDAYS[day].capitalize() for day in each.weekdays)
        yield f"Rule {each.name}: {times(each.percent)}, on {days}"
    for rule in program.rules:
        unit = "stamp" if isinstance(rule.give, Stamps) else "point"
        when = conditions_words(program, rule.when)
        gives = value_words(program, rule.give) + _per_words(rule.give) + _stack_words(rule.give)
        yield f"Rule {rule.name}: {gives}{when}{_caps_words(rule.caps, unit)}"


def value_words(program: LoyaltyProgram, give: Value) -> str:
    """Say what a rule gives."""
    match give:
        case Rate():
            return f"{many(give.points, 'point')} for each {money_words(program, give.step)}"
        case Multiply():
            return times(give.percent)
        case PerItem():
            return f"{many(give.points, 'point')} for each"
        case Stamps():
            return many(give.count, "stamp")
        case Exclude():
            return "no points"
        case _:
            return many(give.points, "point")


def offer_words(offer: Offer) -> str:
    """Say what an offer gives."""
    match offer:
        case MultiplierOffer():
            return times(offer.percent)
        case BonusOffer():
            return many(offer.points, "point")
        case PriceOffer():
            return f"{offer.reward} for {many(offer.cost_points, 'point')}"


def _per_words(give: Value) -> str:
    match give:
        case PerItem():
            return " item"
        case PerVisit() if give.hours_between:
            return f" for a visit, {many(give.hours_between, 'hour')} after the one before"
        case PerVisit():
            return " for a visit"
        case Bonus():
            return " once for the sale"
        case Stamps():
            per = "for each item" if give.per_item else "once for the sale"
            return f" of the card {give.card} {per}"
        case _:
            return ""


def _stack_words(gives: Value | Offer) -> str:
    is_stackable = isinstance(gives, Multiply | MultiplierOffer) and gives.stackable
    return ", adds up with others that do" if is_stackable else ""


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
        yield "on " + named((*when.categories, *when.skus))
    if when.not_categories or when.not_skus:
        yield "not on " + named((*when.not_categories, *when.not_skus))
    if when.basket_min:
        yield f"from {money_words(program, when.basket_min)} of sale"
    if when.quantity_min:
        yield f"from {many(when.quantity_min, 'item')}"
    if when.payments_excluded:
        yield "not for what is paid by " + named(when.payments_excluded)


def _member_words(program: LoyaltyProgram, when: Conditions) -> Iterator[str]:
    if when.shops:
        yield "in " + named(when.shops)
    if when.tiers:
        names = {tier.id: tier.name for tier in program.tiers}
        yield "for " + named([names.get(tier, tier) for tier in when.tiers])
    if when.segments:
        yield "for the segment " + named(when.segments)
    if when.first_purchase:
        yield "on the first purchase"
    if when.birthday_days is not None:
        yield f"within {many(when.birthday_days, 'day')} of a birthday"


def _caps_words(caps: Caps, unit: str) -> str:
    bounds = [(getattr(caps, name), words) for name, words in _PERIODS]
    return at_most([f"{many(most, unit)} {words}" for most, words in bounds if most is not None])


def _tier_words(program: LoyaltyProgram, tier: Tier) -> str:
    more = "" if tier.percent == PERCENT_WHOLE else f", {times(tier.percent)}"
    if tier.expires_later_months:
        more += f", points end {many(tier.expires_later_months, 'month')} later"
    if tier.paid is not None:
        price = money_words(program, tier.paid.price)
        return f"bought for {price}, for {many(tier.paid.months, 'month')}{more}"
    asked: list[str] = []
    if tier.threshold_points:
        asked.append(many(tier.threshold_points, "point") + " earned")
    if tier.threshold_spend:
        asked.append(f"{money_words(program, tier.threshold_spend)} spent")
    if tier.threshold_visits:
        asked.append(many(tier.threshold_visits, "visit"))
    joined = " and " if program.tier_rules.match is TierMatch.ALL else " or "
    return (f"from {joined.join(asked)}" if asked else "everybody") + more
