"""What is counted of a member, under which name and in which period."""

import datetime as dt

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Bonus,
    Caps,
    Conditions,
    ReferralEvent,
    ReferralRule,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import ActivityRecorded, SaleRecorded, StampsGiven
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import FreeItem, RewardTaken, Stock
from pos_loyalty.domain.tally import (
    count_at,
    current,
    months_kept,
    needed_by,
    periods_at,
    plus,
    tally_left,
    tally_of,
    without,
)
from pos_loyalty.domain.tier import Tier, TierRules, TierWindow
from tests.builders import AYSE, STANDARD, WEDNESDAY_MS, event_id, sale
from tests.unit.domain.earning_cases import ONE_TIER, program, rule

PASTRY = FreeItem(
    id=RewardId("pastry"),
    name="Pastry",
    item="Pastry",
    stock=Stock(member=9, day=1, week=2, month=3, in_all=100),
    stamp_card="coffee",
)
SPENDERS = (*ONE_TIER, Tier(id=TierId("vip"), name="V", threshold_spend=1, threshold_visits=2))
EVERYTHING = msgspec.structs.replace(
    program(
        rules=(
            rule(Bonus(points=7), named="hello", caps=Caps(sale=9, day=10, week=20)),
            rule(Stamps(card="coffee", count=3), named="cups", caps=Caps(month=30, member=40)),
            rule(Bonus(points=1), named="free", when=Conditions(first_purchase=True)),
        ),
        caps=Caps(day=100, member=1000),
        tiers=SPENDERS,
    ),
    rewards=(PASTRY,),
    stamp_cards=(StampCard(id="coffee", name="Coffee", stamps=10),),
    activities=(
        ActivityRule(id="review", name="Review", points=10, caps=Caps(month=20)),
        ActivityRule(id="survey", name="Survey", points=10),
    ),
    referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=5, limit=3),
)
ALL_NEEDED = {
    "rule:hello@day",
    "rule:hello@week",
    "rule:cups@month",
    "rule:cups",
    "visits",
    "points@day",
    "points",
    "reward:pastry",
    "reward:pastry@day",
    "reward:pastry@week",
    "reward:pastry@month",
    "stamps:coffee",
    "activity:review@month",
    "referrals",
    "spend@month",
    "visits@month",
}


def a_sale(program: LoyaltyProgram = EVERYTHING) -> SaleRecorded:
    """Return a sale of 21 euros with a pastry for stamps and three new stamps."""
    taken = RewardTaken(reward=PASTRY.id, points=0, discount=100, stamps=10)
    return msgspec.structs.replace(
        sale(total=2100, earned=27, rewards=[taken]),
        program=program.version,
        stamps=(StampsGiven(card="coffee", count=3),),
    )


def ms(year: int, month: int, day: int, hour: int = 12) -> int:
    """Return a moment in UTC."""
    return int(dt.datetime(year, month, day, hour, tzinfo=dt.UTC).timestamp()) * 1000


def test_a_plain_program_asks_for_nothing() -> None:
    assert needed_by(STANDARD) == frozenset()
    assert tally_of(STANDARD, sale()) == {}
    assert tally_left(STANDARD, sale(), earned=1, spend=1, stamps={}) == {}
    assert months_kept(STANDARD) == 0


def test_a_program_asks_for_what_its_caps_stock_tiers_and_cards_count() -> None:
    assert needed_by(EVERYTHING) == ALL_NEEDED


def test_a_first_purchase_of_an_offer_or_a_reward_asks_for_visits() -> None:
    first = msgspec.structs.replace(PASTRY, when=Conditions(first_purchase=True), stock=Stock())

    assert needed_by(msgspec.structs.replace(STANDARD, rewards=(first,))) == {"visits"}


def test_a_referral_without_a_limit_counts_nothing() -> None:
    referral = ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=5)

    assert needed_by(msgspec.structs.replace(STANDARD, referral=referral)) == frozenset()


@pytest.mark.parametrize(
    ("rules", "needed", "months"),
    [
        (TierRules(), set[str](), 0),
        (TierRules(months=6), {"points@month"}, 7),
        (TierRules(months=6, grace_days=28), {"points@month"}, 8),
        (TierRules(months=6, grace_days=29), {"points@month"}, 9),
        (TierRules(window=TierWindow.CALENDAR_YEAR), {"points@month"}, 26),
        (TierRules(window=TierWindow.ANNIVERSARY_YEAR), {"points@month"}, 26),
        (TierRules(window=TierWindow.LIFETIME), {"points"}, 0),
    ],
)
def test_tiers_ask_for_the_months_of_their_window(
    rules: TierRules, needed: set[str], months: int
) -> None:
    by_points = msgspec.structs.replace(STANDARD, tier_rules=rules)

    assert needed_by(by_points) == needed
    assert months_kept(by_points) == months


def test_tiers_by_visits_or_spend_ask_for_them() -> None:
    assert needed_by(program(tiers=SPENDERS)) == {"spend@month", "visits@month"}
    assert months_kept(program(tiers=SPENDERS)) == 13


def test_a_sale_counts_under_every_name_that_is_needed() -> None:
    assert tally_of(EVERYTHING, a_sale()) == {
        "visits": 1,
        "visits@2025-11": 1,
        "points": 27,
        "points@2025-11-19": 27,
        "spend@2025-11": 2000,
        "stamps:coffee": 3 - 10,
        "rule:hello@2025-11-19": 7,
        "rule:hello@2025-W47": 7,
        "rule:cups": 3,
        "rule:cups@2025-11": 3,
        "reward:pastry": 1,
        "reward:pastry@2025-11-19": 1,
        "reward:pastry@2025-W47": 1,
        "reward:pastry@2025-11": 1,
    }


def test_what_is_needed_can_be_that_of_a_later_version() -> None:
    assert tally_of(STANDARD, sale(), frozenset({"visits@year", "points@month"})) == {
        "visits@2025": 1,
        "points@2025-11": 21,
    }
    assert tally_of(EVERYTHING, a_sale(), frozenset()) == {}


def test_stamps_of_a_reward_that_the_program_does_not_have_take_nothing() -> None:
    taken = RewardTaken(reward=RewardId("gone"), points=0, discount=0, stamps=10)
    odd = msgspec.structs.replace(a_sale(), rewards=(taken,))

    assert tally_of(EVERYTHING, odd)["stamps:coffee"] == 3


def test_an_activity_counts_its_points() -> None:
    review = ActivityRecorded(
        v=1,
        id=event_id(5),
        at_ms=WEDNESDAY_MS,
        boot_ms=1,
        tz_minutes=60,
        program=EVERYTHING.version,
        member=AYSE,
        activity="review",
        points=10,
    )

    assert tally_of(EVERYTHING, review) == {"activity:review@2025-11": 10}
    assert tally_of(STANDARD, review) == {}


def test_after_refunds_a_sale_counts_what_is_left_of_it() -> None:
    left = tally_left(EVERYTHING, a_sale(), earned=14, spend=900, stamps={"coffee": 2})

    assert left == tally_of(EVERYTHING, a_sale()) | {
        "points": 14,
        "points@2025-11-19": 14,
        "spend@2025-11": 900,
        "stamps:coffee": 2 - 10,
        "rule:hello@2025-11-19": 7 * 14 // 27,
        "rule:hello@2025-W47": 7 * 14 // 27,
        "rule:cups": 2,
        "rule:cups@2025-11": 2,
    }


def test_nothing_refunded_is_the_whole_sale_and_all_refunded_is_nothing() -> None:
    whole = tally_left(EVERYTHING, a_sale(), earned=27, spend=2000, stamps={"coffee": 3})
    gone = tally_left(EVERYTHING, a_sale(), earned=0, spend=0, stamps={}, is_gone=True)

    assert whole == tally_of(EVERYTHING, a_sale())
    assert gone == {}


def test_a_rule_of_a_sale_that_earned_nothing_counts_until_the_sale_is_gone() -> None:
    nothing = msgspec.structs.replace(a_sale(), earned=0)

    left = tally_left(EVERYTHING, nothing, earned=0, spend=1999, stamps={"coffee": 3})

    assert left["rule:hello@2025-11-19"] == 7
    assert tally_left(EVERYTHING, nothing, earned=0, spend=0, stamps={}, is_gone=True) == {}


def test_a_rule_with_stamps_counts_nothing_once_all_its_stamps_are_gone() -> None:
    left = tally_left(EVERYTHING, a_sale(), earned=14, spend=900, stamps={})

    assert left["stamps:coffee"] == -10  # what the reward took comes back with the whole sale
    assert "rule:cups" not in left
    assert left["rule:hello@2025-11-19"] == 7 * 14 // 27


def test_the_periods_are_those_of_the_shops_clock() -> None:
    assert periods_at(ms(2024, 12, 31, 23), 60) == {
        "day": "2025-01-01",
        "week": "2025-W01",
        "month": "2025-01",
        "year": "2025",
    }
    assert periods_at(ms(2024, 12, 31, 22), 60)["day"] == "2024-12-31"
    assert periods_at(ms(2027, 1, 1), 0)["week"] == "2026-W53"


def test_tallies_add_up_and_counts_of_zero_are_not_kept() -> None:
    assert plus({"a": 1, "b": 2}, {"b": 3, "c": 0}) == {"a": 1, "b": 5}
    assert without({"a": 1, "b": 2}, {"a": 1, "c": 4}) == {"b": 2, "c": -4}


@given(
    *(st.dictionaries(st.sampled_from("abcd"), st.integers(-9, 9).filter(bool)) for _ in range(3))
)
def test_tallies_add_up_in_any_order(
    first: dict[str, int], second: dict[str, int], third: dict[str, int]
) -> None:
    assert plus(plus(first, second), third) == plus(first, plus(third, second))
    assert without(plus(first, second), second) == first


def test_a_count_is_read_in_the_period_of_a_moment() -> None:
    tally = {"visits": 9, "visits@2025-11": 4}

    assert count_at(tally, "visits", at_ms=WEDNESDAY_MS, tz_minutes=60) == 9
    assert count_at(tally, "visits@month", at_ms=WEDNESDAY_MS, tz_minutes=60) == 4
    assert count_at(tally, "visits@day", at_ms=WEDNESDAY_MS, tz_minutes=60) == 0


def test_periods_that_are_over_are_not_kept() -> None:
    tally = {
        "visits": 1,
        "visits@2025-11-18": 1,
        "visits@2025-11-19": 1,
        "visits@2025-11-20": 1,
        "visits@2025-W46": 1,
        "visits@2025-W47": 1,
        "visits@2025-09": 1,
        "visits@2025-10": 1,
        "visits@2025-11": 1,
        "visits@2024": 1,
        "visits@2025": 1,
        "points@2025-11": 0,
    }

    kept = current(tally, at_ms=WEDNESDAY_MS, tz_minutes=60)

    assert set(kept) == {
        "visits",
        "visits@2025-11-19",
        "visits@2025-11-20",
        "visits@2025-W47",
        "visits@2025-11",
        "visits@2025",
    }
    assert "visits@2025-10" in current(tally, at_ms=WEDNESDAY_MS, tz_minutes=60, months=1)
    assert "visits@2025-09" not in current(tally, at_ms=WEDNESDAY_MS, tz_minutes=60, months=1)


def test_the_months_before_january_are_those_of_the_year_before() -> None:
    tally = {"points@2024-11": 1, "points@2024-12": 2, "points@2025-01": 3}

    kept = current(tally, at_ms=ms(2025, 1, 15), tz_minutes=0, months=1)

    assert kept == {"points@2024-12": 2, "points@2025-01": 3}
