"""A tier is raised at once, falls one by one when its window is over, and can be granted."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.tier import Measures, TierRules, TierWindow, rank_of
from pos_loyalty.domain.tier_standing import (
    NO_STANDING,
    TierClock,
    TierStanding,
    tier_after,
    tier_ends_at,
    tier_granted,
    tier_risen,
)
from tests.unit.domain.tier_cases import BERLIN, midnight, noon, paid, tier

TIERS = (
    tier("bronze"),
    tier("silver", points=500),
    tier("gold", points=1500),
    paid("club"),
    tier("platinum", points=5000),
)
ROLLING = TierRules()
NOTHING = Measures()


def clock(at_ms: int, enrolled_ms: int = 0) -> TierClock:
    return TierClock(at_ms=at_ms, tz_minutes=BERLIN, enrolled_ms=enrolled_ms)


def standing(name: str, reached_ms: int, *, reached: str = "", until_ms: int = 0) -> TierStanding:
    return TierStanding(TierId(name), TierId(reached or name), reached_ms, until_ms)


GOLD = standing("gold", noon(2025, 1))


def test_a_tier_is_raised_at_once_and_confirmed_by_each_sale() -> None:
    risen = tier_risen(TIERS, ROLLING, NO_STANDING, Measures(1500), at_ms=noon(2025, 1))
    confirmed = tier_risen(TIERS, ROLLING, risen, Measures(1600), at_ms=noon(2025, 3))
    late = tier_risen(TIERS, ROLLING, confirmed, Measures(1600), at_ms=noon(2025, 2))

    assert risen == GOLD
    silver = tier_risen(TIERS, ROLLING, NO_STANDING, Measures(500), at_ms=noon(2025, 1))
    assert silver == standing("silver", noon(2025, 1))
    assert confirmed == late == standing("gold", noon(2025, 3))


def test_a_till_never_lowers_a_tier() -> None:
    assert tier_risen(TIERS, ROLLING, GOLD, Measures(500), at_ms=noon(2030, 1)) == GOLD
    assert tier_risen(TIERS, ROLLING, GOLD, NOTHING, at_ms=noon(2030, 1)) == GOLD


def test_a_tier_that_the_program_dropped_is_the_first() -> None:
    gone = standing("diamond", noon(2025, 1))

    after = tier_risen(TIERS, ROLLING, gone, NOTHING, at_ms=noon(2025, 2))

    assert (after.tier, after.reached) == ("bronze", "bronze")
    assert tier_after(TIERS, ROLLING, gone, NOTHING, clock(noon(2025, 2))).tier == "bronze"


def test_a_tier_falls_by_one_when_the_months_after_it_are_over() -> None:
    end = midnight(2026, 2)

    assert tier_after(TIERS, ROLLING, GOLD, NOTHING, clock(end - 1)) == GOLD
    assert tier_after(TIERS, ROLLING, GOLD, NOTHING, clock(end)) == standing("silver", end)
    assert tier_ends_at(TIERS, ROLLING, GOLD, clock(end - 1)) == end


def test_after_a_fall_the_next_one_is_a_whole_window_away() -> None:
    silver = tier_after(TIERS, ROLLING, GOLD, NOTHING, clock(midnight(2026, 2)))

    kept = tier_after(TIERS, ROLLING, silver, NOTHING, clock(midnight(2027, 3) - 1))
    fallen = tier_after(TIERS, ROLLING, silver, NOTHING, clock(midnight(2027, 3)))

    assert (kept.tier, fallen.tier) == ("silver", "bronze")


def test_a_member_who_still_reaches_the_tier_keeps_it() -> None:
    after = tier_after(TIERS, ROLLING, GOLD, Measures(1500), clock(noon(2026, 6)))

    assert after == standing("gold", noon(2026, 6))


def test_days_of_grace_come_after_the_window() -> None:
    rules = TierRules(grace_days=10)

    assert tier_ends_at(TIERS, rules, GOLD, clock(noon(2026, 1))) == midnight(2026, 2, 11)
    assert tier_after(TIERS, rules, GOLD, NOTHING, clock(midnight(2026, 2, 11) - 1)) == GOLD
    assert tier_after(TIERS, rules, GOLD, NOTHING, clock(midnight(2026, 2, 11))).tier == "silver"


@pytest.mark.parametrize(
    ("window", "enrolled_ms", "end"),
    [
        (TierWindow.CALENDAR_YEAR, noon(2020, 6), midnight(2027, 1)),
        (TierWindow.ANNIVERSARY_YEAR, noon(2020, 6), midnight(2026, 6)),
        (TierWindow.ANNIVERSARY_YEAR, noon(2020, 1), midnight(2027, 1)),
        (TierWindow.LIFETIME, noon(2020, 6), midnight(2027, 1)),
    ],
)
def test_a_tier_of_a_year_lasts_until_the_end_of_the_next(
    window: TierWindow, enrolled_ms: int, end: int
) -> None:
    rules = TierRules(window=window)

    before = tier_after(TIERS, rules, GOLD, NOTHING, clock(end - 1, enrolled_ms))
    after = tier_after(TIERS, rules, GOLD, NOTHING, clock(end, enrolled_ms))

    assert (before.tier, after.tier) == ("gold", "silver")


def test_a_tier_for_life_and_the_first_one_have_no_end() -> None:
    lifetime = TierRules(window=TierWindow.LIFETIME)

    assert tier_ends_at(TIERS, lifetime, GOLD, clock(noon(2026, 1))) == 0
    assert tier_ends_at(TIERS, ROLLING, NO_STANDING, clock(noon(2026, 1))) == 0


def test_a_bought_tier_holds_until_its_date_and_then_falls_one_by_one() -> None:
    until = noon(2026, 1)
    silver = standing("silver", noon(2025, 6))

    club = tier_granted(TIERS, silver, TierId("club"), until_ms=until)
    kept = tier_after(TIERS, ROLLING, club, NOTHING, clock(until - 1))
    first = tier_after(TIERS, ROLLING, club, NOTHING, clock(until))
    again = tier_after(TIERS, ROLLING, first, NOTHING, clock(midnight(2026, 3) - 1))
    second = tier_after(TIERS, ROLLING, first, NOTHING, clock(midnight(2026, 3)))

    assert (club.tier, kept, tier_ends_at(TIERS, ROLLING, club, clock(until))) == (
        "club",
        club,
        until,
    )
    assert (first.tier, first.until_ms) == ("gold", midnight(2026, 3))
    assert again == first
    assert second == silver


def test_each_tier_on_the_way_down_from_a_grant_is_held_for_a_month() -> None:
    platinum = tier_granted(TIERS, NO_STANDING, TierId("platinum"), until_ms=midnight(2026, 1))
    tiers: list[str] = []

    for month in (1, 2, 3, 4):
        platinum = tier_after(TIERS, ROLLING, platinum, NOTHING, clock(midnight(2026, month)))
        tiers.append(platinum.tier)

    assert tiers == ["gold", "silver", "bronze", "bronze"]
    assert platinum.until_ms == 0


def test_what_is_reached_below_a_grant_shows_when_it_is_over() -> None:
    until = noon(2027, 1)
    club = tier_granted(TIERS, NO_STANDING, TierId("club"), until_ms=until)

    risen = tier_risen(TIERS, ROLLING, club, Measures(1500), at_ms=noon(2026, 3))
    above = tier_risen(TIERS, ROLLING, club, Measures(5000), at_ms=noon(2026, 3))

    assert (risen.tier, risen.reached) == ("club", "gold")
    assert (above.tier, above.reached) == ("platinum", "platinum")
    assert tier_after(TIERS, ROLLING, risen, NOTHING, clock(until)).tier == "gold"


def test_what_was_reached_falls_below_a_grant_as_if_there_were_none() -> None:
    club = tier_granted(TIERS, GOLD, TierId("club"), until_ms=noon(2027, 6))

    after = tier_after(TIERS, ROLLING, club, NOTHING, clock(midnight(2026, 2)))

    assert (after.tier, after.reached, after.reached_ms) == ("club", "silver", midnight(2026, 2))


def test_a_grant_of_the_tier_held_keeps_it_until_the_later_date() -> None:
    held = tier_granted(TIERS, GOLD, TierId("gold"), until_ms=noon(2026, 8))
    shorter = tier_granted(TIERS, held, TierId("gold"), until_ms=noon(2026, 7))

    assert shorter == held
    assert tier_ends_at(TIERS, ROLLING, held, clock(noon(2026, 3))) == noon(2026, 8)
    assert tier_after(TIERS, ROLLING, held, NOTHING, clock(noon(2026, 7))) == held
    fallen = tier_after(TIERS, ROLLING, held, NOTHING, clock(noon(2026, 8)))
    assert fallen == standing("silver", noon(2026, 8))


def test_a_grant_below_the_tier_held_changes_nothing() -> None:
    assert tier_granted(TIERS, GOLD, TierId("silver"), until_ms=noon(2030, 1)) == GOLD


@given(
    some.sampled_from([tier.id for tier in TIERS if tier.paid is None]),
    some.integers(0, 6000),
    some.integers(0, 60),
    some.sampled_from(list(TierWindow)),
)
def test_one_judgment_lowers_by_one_tier_and_many_come_to_rest(
    name: str, points: int, months: int, window: TierWindow
) -> None:
    rules = TierRules(window=window)
    now = clock(noon(2025 + months // 12, months % 12 + 1))
    steps = [standing(name, noon(2025, 1))]

    for _ in range(2 * len(TIERS)):
        steps.append(tier_after(TIERS, rules, steps[-1], Measures(points), now))

    natural = [at for at, tier in enumerate(TIERS) if tier.paid is None]
    ranks = [natural.index(rank_of(TIERS, step.tier)) for step in steps]
    assert all(after >= before - 1 for before, after in pairwise(ranks))
    assert steps[-1] == steps[-2]


@given(some.lists(some.integers(0, 700), min_size=1, max_size=8), some.integers(0, 900))
def test_judging_late_comes_to_where_judging_every_day_comes(days: list[int], points: int) -> None:
    begin, day_ms = noon(2025, 1), 24 * 60 * 60 * 1000
    end = begin + sum(days) * day_ms
    often, at_ms = GOLD, begin

    for later in days:
        at_ms += later * day_ms
        for _ in TIERS:
            often = tier_after(TIERS, ROLLING, often, Measures(points), clock(at_ms))
    late = GOLD
    for _ in TIERS:
        late = tier_after(TIERS, ROLLING, late, Measures(points), clock(end))

    assert (often.tier, often.reached) == (late.tier, late.reached)
