"""Rules 2: when a rule holds, and which lines it chooses."""

import datetime as dt
from collections.abc import Sequence

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import Conditions, Weekday
from pos_loyalty.domain.program import LoyaltyProgram
from tests.reference import money
from tests.reference.money import Line

DAYS = tuple(Weekday)


def chosen(when: Conditions, lines: Sequence[Line]) -> list[int]:
    """The places of the chosen lines."""
    return [
        place
        for place, line in enumerate(lines)
        if (
            not (when.categories or when.skus)
            or line.category in when.categories
            or line.sku in when.skus
        )
        and line.category not in when.not_categories
        and line.sku not in when.not_skus
    ]


def chooses(when: Conditions) -> bool:
    """Whether it names lines at all."""
    return bool(when.categories or when.skus or when.not_categories or when.not_skus)


def seen(
    program: LoyaltyProgram, when: Conditions, facts: SaleFacts, lines: Sequence[Line]
) -> list[int]:
    """The money of each line as the rule sees it, without payments that do not count for it."""
    kinds = [kind for kind in when.payments_excluded if kind not in program.payments_excluded]
    parts = [line.money for line in lines]
    shares = money.spread(min(money.paid_by(facts, kinds), sum(parts)), parts)
    return [part - share for part, share in zip(parts, shares, strict=True)]


def tier_id(program: LoyaltyProgram, facts: SaleFacts) -> str:
    """The tier of the sale; one that the program does not have is its first."""
    ids = [tier.id for tier in program.tiers]
    return facts.tier if facts.tier in ids else ids[0]


def holds(
    program: LoyaltyProgram,
    rule: str,
    when: Conditions,
    facts: SaleFacts,
    lines: Sequence[Line],
) -> bool:
    """Whether all conditions that are named hold."""
    places = chosen(when, lines)
    rule_money = seen(program, when, facts, lines)
    money_seen = sum(rule_money[place] for place in places)
    known = facts.known
    return all(
        (
            bool(places) or not chooses(when),
            money_seen >= when.basket_min,
            money_seen > 0 or not when.payments_excluded,
            sum(lines[place].quantity for place in places) >= when.quantity_min,
            in_time(when, money.clock(facts.at_ms, facts.offset_minutes)),
            not when.shops or known.shop in when.shops,
            not when.tiers or tier_id(program, facts) in when.tiers,
            not when.segments or any(segment in when.segments for segment in known.segments),
            not when.first_purchase or known.tally.get("visits") == 0,
            when.birthday_days is None or rule in known.birthday_rules,
        )
    )


def in_time(when: Conditions, wall: dt.datetime) -> bool:
    """Weekday, hour and date on the shop's clock."""
    if when.weekdays and DAYS[wall.weekday()] not in when.weekdays:
        return False
    if when.from_date is not None and wall.date() < when.from_date:
        return False
    if when.until_date is not None and wall.date() > when.until_date:
        return False
    hour = (wall - dt.datetime.combine(wall, dt.time())) // dt.timedelta(milliseconds=1)
    after = not when.from_time or hour >= of_day(when.from_time)
    before = not when.until_time or hour < of_day(when.until_time)
    if when.from_time and when.until_time and of_day(when.until_time) <= of_day(when.from_time):
        return after or before
    return after and before


def of_day(text: str) -> int:
    """Milliseconds since midnight of "HH:MM"."""
    hours, minutes = text.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000


def near_birthday(birthday: str, day: dt.date, days: int) -> bool:
    """Whether a birthday ("MM-DD") is at most so many days before or after the day."""
    if not birthday:
        return False
    month, number = (int(part) for part in birthday.split("-"))
    return any(
        abs((money.on_or_last(year, month, number) - day).days) <= days
        for year in (day.year - 1, day.year, day.year + 1)
    )
