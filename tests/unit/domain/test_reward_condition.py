"""Why a reward cannot be had: each reason has its code and its sentence."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import pytest

from pos_loyalty.domain.earning_rule import Conditions, Weekday
from pos_loyalty.domain.error_catalog import CATALOG, Code
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.reward import FreeItem, Gift, Stock
from pos_loyalty.domain.reward_condition import reason_not_now, why_not_now
from tests.builders import DAY_MS, WEDNESDAY_MS
from tests.unit.domain.reward_cases import GOLD, R, bought, line, refusal_of, taken, with_rewards

TODAY = dt.date(2025, 11, 19)
"""The Wednesday of the builders."""
LATER = dt.date(2025, 11, 22)


def mug(**fields: Any) -> Gift:  # noqa: ANN401 - fields vary by case
    return Gift(id=R, name="Mug", cost_points=300, **fields)


def when(**fields: Any) -> Gift:  # noqa: ANN401 - fields vary by case
    return mug(when=Conditions(**fields))


@pytest.mark.parametrize(
    ("reward", "sentence"),
    [
        (when(shops=("North",)), "Mug is for other shops."),
        (when(tiers=("silver", "gold")), "Mug is for Silver or Gold members."),
        (
            when(segments=("students",)),
            "Mug is for some members; this one is not among them.",
        ),
        (when(from_date=LATER), "Mug begins on 2025-11-22."),
        (when(until_date=dt.date(2025, 11, 18)), "Mug ended on 2025-11-18."),
        (when(weekdays=(Weekday.SUNDAY,)), "Mug is for other days or hours of the week."),
        (when(from_time="18:00"), "Mug is for other days or hours of the week."),
        (when(until_time="10:00"), "Mug is for other days or hours of the week."),
        (when(first_purchase=True), "Mug is for a member's first purchase."),
        (when(birthday_days=3), "Mug is for the days around the birthday."),
        (when(basket_min=3000), "Mug asks for more on this sale, or for other goods."),
        (when(quantity_min=3), "Mug asks for more on this sale, or for other goods."),
        (when(categories=("toys",)), "Mug asks for more on this sale, or for other goods."),
        (when(not_skus=("b1", "m1")), "Mug asks for more on this sale, or for other goods."),
    ],
)
def test_each_condition_says_why_the_reward_cannot_be_had(reward: Gift, sentence: str) -> None:
    facts = bought(line(1000, category="bread", sku="b1"), line(500, sku="m1"))

    refused = refusal_of(with_rewards(reward), facts, "r")

    assert refused.message == sentence
    assert len(refused.message) <= 90


def test_a_reward_is_had_where_every_condition_holds() -> None:
    reward = when(
        shops=("South", "North"),
        tiers=("gold",),
        segments=("students",),
        from_date=TODAY,
        until_date=TODAY,
        weekdays=(Weekday.WEDNESDAY,),
        from_time="12:00",
        until_time="12:01",
        first_purchase=True,
        birthday_days=0,
        basket_min=1000,
        categories=("bread",),
    )
    known = MemberFacts(
        shop="North",
        segments=("students",),
        birthday_rules=("reward:r",),
        tally={"visits": 0},
    )
    facts = bought(line(1000, category="bread"), line(500), tier="gold", known=known)

    assert why_not_now(with_rewards(reward), reward, facts) is None


def test_without_a_sale_nothing_is_asked_of_it() -> None:
    reward = when(basket_min=3000, quantity_min=3, categories=("toys",), segments=("students",))
    program, facts = with_rewards(reward), bought(total=1)
    student = bought(total=1, known=MemberFacts(segments=("students",)))

    assert why_not_now(program, reward, facts, is_sale=False) is Code.REWARD_MEMBERS
    assert why_not_now(program, reward, student, is_sale=False) is None
    assert why_not_now(program, reward, student) is Code.REWARD_BASKET


def test_what_rewards_before_took_off_counts_no_more_for_the_basket() -> None:
    other = Gift(id=RewardId("other"), name="Pen", cost_points=1)
    reward = when(basket_min=2000)
    off = with_rewards(reward, other)

    assert len(taken(off, bought(total=2000), "other", "r")) == 2
    assert refusal_of(off, bought(total=1999), "r").code is Code.REWARD_BASKET


@pytest.mark.parametrize(("tier", "days_before"), [("gold", 3), ("bronze", 0)])
def test_a_tier_has_the_reward_some_days_early(tier: str, days_before: int) -> None:
    reward = mug(when=Conditions(from_date=LATER), early_days={GOLD: 3})
    program = with_rewards(reward)
    first_ms = WEDNESDAY_MS + (3 - days_before) * DAY_MS

    assert why_not_now(program, reward, bought(total=1, tier=tier, at_ms=first_ms)) is None
    before = bought(total=1, tier=tier, at_ms=first_ms - DAY_MS)
    reason = reason_not_now(program, reward, before)
    assert reason is not None
    first = dt.date(2025, 11, 22 - days_before).isoformat()
    assert (reason.code, reason.facts["day"]) == (Code.REWARD_EARLY, first)


def test_no_day_is_too_early_for_the_calendar() -> None:
    reward = mug(when=Conditions(from_date=dt.date(1, 1, 2)), early_days={GOLD: 99})

    assert why_not_now(with_rewards(reward), reward, bought(total=1, tier="gold")) is None


@pytest.mark.parametrize(
    ("stock", "counted", "period"),
    [
        (Stock(member=2), {"reward:r": 2}, "for a member"),
        (Stock(day=2), {"reward:r@2025-11-19": 2}, "a day"),
        (Stock(week=2), {"reward:r@2025-W47": 3}, "a week"),
        (Stock(month=2), {"reward:r@2025-11": 2}, "a month"),
    ],
)
def test_the_stock_of_a_member_ends_for_ever_and_in_a_period(
    stock: Stock, counted: Mapping[str, int], period: str
) -> None:
    program = with_rewards(mug(stock=stock))
    facts = bought(total=900)

    refused = refusal_of(program, facts, "r", tally=counted)

    assert refused.message == f"Mug was taken 2 times, which is the most {period}."
    others = {"reward:x": 9, "reward:r@2025-11-18": 9, "reward:r@2025-W46": 9, "reward:r": 1}
    assert len(taken(program, facts, "r", tally=others)) == 1


def test_a_stock_in_all_ends_when_none_is_left_at_this_till() -> None:
    program = with_rewards(mug(stock=Stock(in_all=100)))
    facts = bought(total=900)

    assert len(taken(program, facts, "r", left_here={R: 1})) == 1
    refused = refusal_of(program, facts, "r", left_here={R: 0})
    assert refused.message == "None of Mug is left at this till."


def test_a_full_stamp_card_pays_and_what_is_above_stays() -> None:
    coffee = FreeItem(id=R, name="Free coffee", item="Coffee", stamp_card="coffee")
    program = with_rewards(coffee)

    (one,) = taken(program, bought(total=400), "r", tally={"stamps:coffee": 13})

    assert (one.points, one.stamps, one.discount) == (0, 10, 0)
    refused = refusal_of(program, bought(total=400), "r", tally={"stamps:coffee": 7})
    assert refused.message == "3 stamps short for Free coffee."
    assert refusal_of(program, bought(total=400), "r").facts["short_stamps"] == 10


def test_one_card_of_stamps_pays_one_reward() -> None:
    coffee = FreeItem(id=R, name="Free coffee", item="Coffee", stamp_card="coffee")
    tea = FreeItem(id=RewardId("tea"), name="Free tea", item="Tea", stamp_card="coffee")
    program = with_rewards(coffee, tea)

    refused = refusal_of(program, bought(total=400), "r", "tea", tally={"stamps:coffee": 19})

    assert (refused.code, refused.facts["short_stamps"]) == (Code.STAMPS_SHORT, 1)
    assert len(taken(program, bought(total=400), "r", "tea", tally={"stamps:coffee": 20})) == 2


def test_every_reason_has_a_sentence_of_its_own() -> None:
    reasons = [code for code in Code if code.name.startswith(("REWARD_", "VOUCHER_"))]
    sentences = {CATALOG[code].template for code in reasons}

    assert len(sentences) == len(reasons)
