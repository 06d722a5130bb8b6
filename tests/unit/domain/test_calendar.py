"""Days and months of the shop's clock: ends of months, leap years, and clocks that are far off."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.calendar import (
    MS_PER_DAY,
    date_of,
    end_of_day_ms,
    month_name,
    month_of,
    period_end,
    plus_days,
    plus_months,
    start_of_day_ms,
)
from pos_loyalty.domain.expiration import PeriodEnd
from tests.builders import WEDNESDAY_MS

ANY_DAY = some.dates(dt.date(1900, 1, 1), dt.date(2200, 12, 31))


def test_a_day_is_that_of_the_shop_s_clock() -> None:
    new_year = start_of_day_ms(dt.date(2026, 1, 1), 0)

    assert date_of(new_year - 1, 0) == dt.date(2025, 12, 31)
    assert date_of(new_year - 1, 60) == dt.date(2026, 1, 1)
    assert date_of(new_year, -300) == dt.date(2025, 12, 31)
    assert date_of(WEDNESDAY_MS, 60) == dt.date(2025, 11, 19)


def test_31_january_and_one_month_is_the_end_of_28_february_as_voucherify_counts() -> None:
    assert plus_months(dt.date(2026, 1, 31), 1) == dt.date(2026, 2, 28)
    assert plus_months(dt.date(2028, 1, 31), 1) == dt.date(2028, 2, 29)
    assert plus_months(dt.date(2026, 1, 31), 2) == dt.date(2026, 3, 31)
    assert plus_months(dt.date(2024, 2, 29), 12) == dt.date(2025, 2, 28)
    assert plus_months(dt.date(2026, 1, 31), -2) == dt.date(2025, 11, 30)
    assert end_of_day_ms(dt.date(2026, 2, 28), 0) == start_of_day_ms(dt.date(2026, 3, 1), 0)


@pytest.mark.parametrize(
    ("period", "last"),
    [
        (PeriodEnd.NONE, dt.date(2028, 2, 5)),
        (PeriodEnd.MONTH, dt.date(2028, 2, 29)),
        (PeriodEnd.QUARTER, dt.date(2028, 3, 31)),
        (PeriodEnd.YEAR, dt.date(2028, 12, 31)),
    ],
)
def test_a_period_ends_with_its_last_day(period: PeriodEnd, last: dt.date) -> None:
    assert period_end(dt.date(2028, 2, 5), period) == last
    assert period_end(last, period) == last


def test_months_are_named_as_tallies_name_them() -> None:
    assert month_name(month_of(dt.date(2026, 11, 30))) == "2026-11"
    assert month_name(month_of(dt.date(2026, 12, 1)) + 1) == "2027-01"


@pytest.mark.parametrize("at_ms", [-(10**30), 10**30])
def test_a_clock_that_is_off_by_ages_stays_at_the_edge_of_the_calendar(at_ms: int) -> None:
    day = date_of(at_ms, 0)

    assert day in (dt.date.min, dt.date.max)
    assert plus_days(day, 10**12) == dt.date.max
    assert plus_months(day, 10**9).replace(day=1) == dt.date(9999, 12, 1)
    assert plus_months(day, -(10**9)).replace(day=1) == dt.date.min


@given(ANY_DAY, some.integers(0, 600))
def test_later_months_are_in_the_month_they_say_and_never_after_the_same_day(
    day: dt.date, months: int
) -> None:
    later = plus_months(day, months)

    assert month_of(later) == month_of(day) + months
    assert later.day == day.day or (later.day < day.day and (later + dt.timedelta(1)).day == 1)


@given(ANY_DAY, some.integers(-14 * 60, 14 * 60))
def test_a_day_holds_its_moments_and_no_other(day: dt.date, tz_minutes: int) -> None:
    begin, end = start_of_day_ms(day, tz_minutes), end_of_day_ms(day, tz_minutes)

    assert end - begin == MS_PER_DAY
    assert date_of(begin, tz_minutes) == day == date_of(end - 1, tz_minutes)
    assert date_of(end, tz_minutes) == day + dt.timedelta(1)
