"""Rules read back in words: what an owner wrote by mistake is seen there."""

import datetime as dt
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
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
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, PriceOffer
from pos_loyalty.domain.program_words import conditions_words, program_words
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    Gift,
    PercentOff,
    PointsForMoney,
    Reward,
    Stock,
)
from pos_loyalty.domain.tier import PaidMembership, Tier, TierMatch, TierRules
from tests.builders import STANDARD

ANY: dict[str, Any] = {"id": RewardId("r"), "name": "R", "cost_points": 90}
SILVER = TierId("silver")


def line(begin: str, **fields: object) -> str:
    """Return the first line of a changed program that begins so."""
    program = msgspec.structs.replace(STANDARD, **fields)
    return next(text for text in program_words(program) if text.startswith(begin))


def test_the_standard_program_is_read_back_part_by_part() -> None:
    words = list(program_words(STANDARD))

    assert words[0] == "Every sale: 1 point for each 1.00 EUR"
    assert words[1].endswith("points ×2, on Tuesday")
    assert sum(text.startswith("Tier ") for text in words) == len(STANDARD.tiers)
    assert sum(text.startswith("Reward ") for text in words) == len(STANDARD.rewards)


@pytest.mark.parametrize(
    ("give", "said"),
    [
        (Rate(step=50, points=1), "1 point for each 0.50 EUR"),
        (Exclude(), "no points"),
        (PerItem(points=5), "5 points for each item"),
        (PerVisit(points=5), "5 points for a visit"),
        (PerVisit(points=5, hours_between=3), "5 points for a visit, 3 hours after the one before"),
        (Bonus(points=1), "1 point once for the sale"),
        (Multiply(percent=150), "points ×1.5"),
        (Stamps(card="cups", count=10), "10 stamps of the card cups once for the sale"),
        (Stamps(card="cups", per_item=True), "1 stamp of the card cups for each item"),
    ],
)
def test_every_value_has_words(give: Value, said: str) -> None:
    assert line("Rule X", rules=(EarningRule(id="x", name="X", give=give),)) == f"Rule X: {said}"


@pytest.mark.parametrize(
    ("when", "said"),
    [
        (Conditions(), ""),
        (Conditions(from_time="12:00", until_time="14:00"), ", from 12:00 until 14:00"),
        (
            Conditions(from_time="12:00", until_time="12:00"),
            ", from 12:00 until 12:00 (the whole day)",
        ),
        (
            Conditions(from_time="22:00", until_time="02:00"),
            ", from 22:00 until 02:00 of the next morning",
        ),
        (Conditions(until_time="10:00"), ", until 10:00"),
        (Conditions(weekdays=(Weekday.MONDAY, Weekday.FRIDAY)), ", on Monday, Friday"),
        (
            Conditions(from_date=dt.date(2026, 12, 1), until_date=dt.date(2026, 12, 24)),
            ", from 2026-12-01, until 2026-12-24 included",
        ),
        (Conditions(categories=("fruit",), not_skus=("f7",)), ", on fruit, not on f7"),
        (Conditions(skus=tuple("abcdef")), ", on a, b, c, d and 2 more"),
        (Conditions(basket_min=250, quantity_min=3), ", from 2.50 EUR of sale, from 3 items"),
        (Conditions(payments_excluded=("gift",)), ", not for what is paid by gift"),
        (Conditions(shops=("Main",), tiers=(SILVER,)), ", in Main, for Silver"),
        (Conditions(segments=("away",)), ", for the segment away"),
        (
            Conditions(first_purchase=True, birthday_days=3),
            ", on the first purchase, within 3 days of a birthday",
        ),
    ],
)
def test_every_condition_has_words(when: Conditions, said: str) -> None:
    program = msgspec.structs.replace(STANDARD, tiers=(Tier(id=SILVER, name="Silver"),))

    assert conditions_words(program, when) == said


@pytest.mark.parametrize(
    ("reward", "said"),
    [
        (AmountOff(**ANY, amount=300), "3.00 EUR off, for 90 points"),
        (
            PercentOff(**ANY, percent=10, amount_max=500),
            "10 % off, at most 5.00 EUR, for 90 points",
        ),
        (FreeItem(**ANY, item="Cake"), "Cake free, for 90 points"),
        (FreeItem(**ANY, item="Cake", choices=("Tart", "Pie")), "Tart or Pie free, for 90 points"),
        (BuySomeGetSome(**ANY, buy=4, get=1), "of each 5 items 1 free, for 90 points"),
        (
            PointsForMoney(**ANY, amount_per_step=100),
            "1.00 EUR off for each step, up to 100 % of a sale, for 90 points",
        ),
        (Gift(**ANY, cost_by_tier={SILVER: 80}), "a gift, for 90 points (Silver: 80)"),
        (Donation(**ANY, to="the school", worth=100), "1.00 EUR for the school, for 90 points"),
        (
            Access(id=RewardId("r"), name="R", stock=Stock(in_all=9, member=1)),
            "access, for no points; at most 9 in all, 1 for a member ever",
        ),
        (
            Gift(id=RewardId("r"), name="R", stamp_card="cups"),
            "a gift, for 9 stamps of the card cups",
        ),
    ],
)
def test_every_reward_has_words_and_its_cost(reward: Reward, said: str) -> None:
    cards = (StampCard(id="cups", name="Cups", stamps=9),)

    assert line("Reward R", rewards=(reward,), stamp_cards=cards) == f"Reward R: {said}"


def test_every_offer_activity_and_cap_has_words() -> None:
    offers = (
        MultiplierOffer(id="a", name="A", when=Conditions(), percent=300),
        BonusOffer(id="b", name="B", when=Conditions(), points=5),
        PriceOffer(
            id="c", name="C", when=Conditions(), reward=RewardId("free-pastry"), cost_points=1
        ),
    )
    review = ActivityRule(id="review", name="Review", points=20, caps=Caps(day=20, member=90))

    assert line("Offer A", offers=offers) == "Offer A: points ×3"
    assert line("Offer B", offers=offers) == "Offer B: 5 points"
    assert line("Offer C", offers=offers) == "Offer C: free-pastry for 1 point"
    assert line("Activity", activities=(review,)) == (
        "Activity Review: 20 points; at most 20 points a day, 90 points ever"
    )


def test_a_tier_says_what_it_asks_and_what_it_multiplies() -> None:
    both = Tier(id=SILVER, name="T", threshold_spend=90_000, threshold_visits=8, percent=125)
    bought = Tier(id=SILVER, name="T", paid=PaidMembership(price=5000, months=1))

    assert (
        line("Tier T", tiers=(both,)) == "Tier T: from 900.00 EUR spent or 8 visits, points ×1.25"
    )
    assert line("Tier T", tiers=(both,), tier_rules=TierRules(match=TierMatch.ALL)) == (
        "Tier T: from 900.00 EUR spent and 8 visits, points ×1.25"
    )
    assert line("Tier T", tiers=(bought,)) == "Tier T: bought for 50.00 EUR, for 1 month"
