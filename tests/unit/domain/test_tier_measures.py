"""What a tier is measured by, in which window, and which tier that reaches."""

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.lot import EMPTY_BOOK, accrue, balance, redeem
from pos_loyalty.domain.tier import (
    Measures,
    Tier,
    TierMatch,
    TierRules,
    TierWindow,
    measures_of,
    missing_for,
    rank_of,
    tier_by_measures,
)
from tests.unit.domain.tier_cases import BERLIN, noon, paid, tier

TIERS = (tier("bronze"), tier("silver", points=500), tier("gold", points=1500, visits=20))
ANY = TierRules()
ALL = TierRules(match=TierMatch.ALL)
MONTHS = [f"{year}-{month:02d}" for year in (2024, 2025, 2026) for month in range(1, 13)]
TALLY = {f"visits@{month}": 1 for month in MONTHS} | {"visits": 36, "spend": 999, "points": 7}


def visits(window: TierWindow, *, months: int = 12, enrolled_ms: int = 0) -> int:
    """Return the visits of a window in mid-November 2026, with one visit in each month."""
    return measures_of(
        TALLY,
        TierRules(window=window, months=months),
        at_ms=noon(2026, 11),
        tz_minutes=BERLIN,
        enrolled_ms=enrolled_ms,
    ).visits


def test_each_window_sums_its_months() -> None:
    assert visits(TierWindow.ROLLING) == 13
    assert visits(TierWindow.ROLLING, months=1) == 2
    assert visits(TierWindow.CALENDAR_YEAR) == 11
    assert visits(TierWindow.LIFETIME) == 36


@pytest.mark.parametrize(("enrolled_month", "count"), [(11, 1), (12, 12), (1, 11), (10, 2), (9, 3)])
def test_an_anniversary_year_begins_with_the_month_of_enrollment(
    enrolled_month: int, count: int
) -> None:
    enrolled_ms = noon(2023, enrolled_month, 30)

    assert visits(TierWindow.ANNIVERSARY_YEAR, enrolled_ms=enrolled_ms) == count


def test_a_month_is_that_of_the_shop_s_clock() -> None:
    last_moment = noon(2025, 12, 31) + 12 * 60 * 60 * 1000 - 1
    rules = TierRules(window=TierWindow.CALENDAR_YEAR)
    tally = {"spend@2025-12": 40, "spend@2026-01": 2}

    def spend(at_ms: int) -> int:
        return measures_of(tally, rules, at_ms=at_ms, tz_minutes=BERLIN, enrolled_ms=0).spend

    assert (spend(last_moment), spend(last_moment + 1)) == (40, 2)


def test_nothing_counted_is_nothing_reached() -> None:
    measures = measures_of({}, ANY, at_ms=noon(2026, 1), tz_minutes=BERLIN, enrolled_ms=0)

    assert measures == Measures()
    assert tier_by_measures(TIERS, ANY, measures).id == "bronze"


def test_erpnext_s_tier_above_the_right_one_cannot_happen() -> None:
    """There the first tier whose threshold was above the sum won."""
    reached = {
        points: tier_by_measures(TIERS, ANY, Measures(points=points)).id
        for points in (-30, 0, 499, 500, 501, 1000, 1499, 1500, 1501)
    }

    assert reached == {
        -30: "bronze",
        0: "bronze",
        499: "bronze",
        500: "silver",
        501: "silver",
        1000: "silver",
        1499: "silver",
        1500: "gold",
        1501: "gold",
    }


def test_one_named_threshold_is_enough_or_all_are_needed() -> None:
    by_visits = Measures(points=10, visits=20)

    assert tier_by_measures(TIERS, ANY, by_visits).id == "gold"
    assert tier_by_measures(TIERS, ALL, by_visits).id == "bronze"
    assert tier_by_measures(TIERS, ALL, Measures(points=1500, visits=20)).id == "gold"
    assert tier_by_measures(TIERS, ALL, Measures(points=1500, visits=19)).id == "silver"


def test_a_tier_that_names_no_threshold_or_is_for_sale_is_not_reached() -> None:
    tiers = (tier("bronze"), tier("silver", spend=100), tier("friends"), paid("club"))
    much = Measures(points=10**9, spend=10**9, visits=10**9)

    for rules in (ANY, ALL):
        assert tier_by_measures(tiers, rules, much).id == "silver"


def test_what_is_missing_is_told_for_each_measure_that_a_tier_names() -> None:
    assert missing_for(TIERS[2], Measures(points=1400, visits=30)) == Measures(points=100)
    assert missing_for(TIERS[1], Measures(points=-20)) == Measures(points=520)
    assert missing_for(TIERS[0], Measures()) == Measures()


def test_a_tier_that_the_program_has_no_more_is_the_first() -> None:
    assert rank_of(TIERS, "gold") == 2
    assert rank_of(TIERS, "platinum") == 0


MEASURES = some.builds(
    Measures,
    points=some.integers(-50, 2500),
    spend=some.integers(-50, 2500),
    visits=some.integers(-2, 40),
)
DRAWN_TIERS = some.lists(
    some.tuples(some.integers(0, 2000), some.integers(0, 2000), some.integers(0, 30)), max_size=5
).map(
    lambda each: (
        tier("t0"),
        *(
            tier(f"t{number}", points=points, spend=spend, visits=count)
            for number, (points, spend, count) in enumerate(each, start=1)
        ),
    )
)


@given(DRAWN_TIERS, some.sampled_from([ANY, ALL]), MEASURES)
def test_the_tier_is_the_highest_whose_thresholds_are_reached(
    tiers: tuple[Tier, ...], rules: TierRules, measures: Measures
) -> None:
    reached = rank_of(tiers, tier_by_measures(tiers, rules, measures).id)

    for rank, one in enumerate(tiers):
        missing = missing_for(one, measures)
        named = [
            left
            for threshold, left in (
                (one.threshold_points, missing.points),
                (one.threshold_spend, missing.spend),
                (one.threshold_visits, missing.visits),
            )
            if threshold
        ]
        enough = any if rules.match is TierMatch.ANY else all
        holds = rank == 0 or (bool(named) and enough(left == 0 for left in named))
        assert holds if rank == reached else rank < reached or not holds


@given(MEASURES, MEASURES, some.sampled_from([ANY, ALL]))
def test_more_of_everything_never_means_a_lower_tier(
    one: Measures, more: Measures, rules: TierRules
) -> None:
    both = Measures(
        one.points + max(0, more.points),
        one.spend + max(0, more.spend),
        one.visits + max(0, more.visits),
    )

    lower = rank_of(TIERS, tier_by_measures(TIERS, rules, one).id)
    assert lower <= rank_of(TIERS, tier_by_measures(TIERS, rules, both).id)


@given(some.integers(0, 3000), some.lists(some.integers(0, 800), max_size=6))
def test_redeeming_costs_no_tier(earned: int, redeemed: list[int]) -> None:
    """A tier that is measured by the balance falls when points are spent; ours does not."""
    book = accrue(EMPTY_BOOK, points=earned, at_ms=noon(2026, 10), ends_ms=None)
    tally = {"points@2026-10": earned}

    def tier_now() -> str:
        measures = measures_of(tally, ANY, at_ms=noon(2026, 11), tz_minutes=BERLIN, enrolled_ms=0)
        return tier_by_measures(TIERS, ANY, measures).id

    before = tier_now()
    for points in redeemed:
        book, _ = redeem(book, points=points, at_ms=noon(2026, 11))

    assert balance(book) == earned - sum(redeemed)
    assert tier_now() == before


def test_a_month_without_anything_counts_nothing() -> None:
    found = measures_of(
        {"visits@2026-11": 2, "points@2026-10": 30},
        TierRules(window=TierWindow.ROLLING, months=12),
        at_ms=noon(2026, 11),
        tz_minutes=BERLIN,
        enrolled_ms=0,
    )

    assert (found.points, found.spend, found.visits) == (30, 0, 2)
