"""A program with forty rules of every kind: more than any owner writes."""

from collections.abc import Sequence
from typing import Final

import msgspec

from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    StampCard,
    Stamps,
    Value,
    Weekday,
)
from pos_loyalty.domain.ids import ProgramVersion, TierId
from pos_loyalty.domain.program import LoyaltyProgram

RULES: Final = 40
_ARTICLES: Final = 300
_FIRST_ARTICLE: Final = 4_000_000


def forty_rules(categories: Sequence[str]) -> LoyaltyProgram:
    """Return a program whose rules choose among these categories, and among articles."""
    return msgspec.structs.replace(
        default_program("EUR"),
        version=ProgramVersion("forty"),
        rules=tuple(_rule(number, categories) for number in range(RULES)),
        caps=Caps(day=5_000, month=50_000),
        stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
    )


def _rule(number: int, categories: Sequence[str]) -> EarningRule:
    values: tuple[Value, ...] = (
        Rate(step=50, points=1),
        Exclude(),
        PerItem(points=2),
        PerVisit(points=5, hours_between=4),
        Bonus(points=10),
        Multiply(percent=150, stackable=True),
        Multiply(percent=200),
        Stamps(card="cups", per_item=True),
    )
    return EarningRule(
        id=f"rule-{number}",
        name=f"Rule {number}",
        give=values[number % len(values)],
        when=_conditions(number, categories),
        caps=Caps(sale=200, day=500) if number % 3 == 0 else Caps(),
    )


def _conditions(number: int, categories: Sequence[str]) -> Conditions:
    """Ask a little of everything: lines, articles, amounts, hours, days, tiers, segments."""
    article = str(_FIRST_ARTICLE + number * 7 % _ARTICLES)
    asked = (
        Conditions(categories=(categories[number % len(categories)],)),
        Conditions(skus=(article,), not_categories=tuple(categories[:1]), quantity_min=1),
        Conditions(from_time="07:00", until_time="19:30", basket_min=500),
        Conditions(weekdays=(Weekday.MONDAY, Weekday.TUESDAY, Weekday.FRIDAY)),
        Conditions(tiers=(TierId("gold"),), segments=("regular",)),
    )
    return asked[number % len(asked)]
