"""What is sound and still hardly meant: rules that ended before they are looked at."""

import datetime as dt

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Bonus, Conditions, EarningRule
from pos_loyalty.domain.offer import BonusOffer
from pos_loyalty.domain.program_hint import Hint, hints_of
from tests.builders import STANDARD

DAY = dt.date(2026, 11, 22)


@pytest.mark.parametrize(
    ("until", "is_over"), [(DAY, False), (None, False), (DAY - dt.timedelta(days=1), True)]
)
def test_a_rule_holds_on_its_last_day_and_never_after_it(
    until: dt.date | None, *, is_over: bool
) -> None:
    rule = EarningRule(id="x", name="X", give=Bonus(points=5), when=Conditions(until_date=until))
    program = msgspec.structs.replace(STANDARD, rules=(rule,))

    assert bool(hints_of(program, DAY)) == is_over


def test_rules_offers_and_rewards_that_ended_are_told_with_their_place() -> None:
    over = Conditions(until_date=dt.date(2025, 1, 1))
    rule = EarningRule(id="x", name="X", give=Bonus(points=5))
    reward = msgspec.structs.replace(STANDARD.rewards[0], when=over)
    program = msgspec.structs.replace(
        STANDARD,
        rules=(rule, msgspec.structs.replace(rule, id="y", when=over)),
        offers=(BonusOffer(id="b", name="B", when=over, points=5),),
        rewards=(*STANDARD.rewards, reward),
    )

    assert hints_of(program, DAY) == (
        Hint("rules[1].when.until_date", "this rule ended on 2025-01-01: it never holds"),
        Hint(
            f"rewards[{len(STANDARD.rewards)}].when.until_date",
            "this reward ended on 2025-01-01: nobody can have it",
        ),
        Hint("offers[0].when.until_date", "this offer ended on 2025-01-01: it never holds"),
    )
