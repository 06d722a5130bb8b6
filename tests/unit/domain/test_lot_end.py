"""When points end, by the model of the program."""

import datetime as dt

import pytest

from pos_loyalty.domain.calendar import start_of_day_ms
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    Expiration,
    ExpirationRules,
    FixedDate,
    Inactivity,
    Never,
    PeriodEnd,
)
from pos_loyalty.domain.lot import ends_at, inactivity_ends_at

NOON_MS = 12 * 60 * 60 * 1000
BERLIN = 60


def last_day(
    model: Expiration, earned: dt.date, *, extra_months: int = 0, tz_minutes: int = BERLIN
) -> dt.date | None:
    """Return the last day on which points earned on a day can be used."""
    end = ends_at(
        ExpirationRules(model=model),
        at_ms=start_of_day_ms(earned, tz_minutes) + NOON_MS,
        tz_minutes=tz_minutes,
        extra_months=extra_months,
    )
    if end is None:
        return None
    day = dt.date(1970, 1, 1) + dt.timedelta(milliseconds=end + tz_minutes * 60_000 - 1)
    assert end == start_of_day_ms(day + dt.timedelta(1), tz_minutes)
    return day


def test_points_of_december_end_with_june_as_starbucks_stars_do() -> None:
    stars = AfterEarning(months=6, round_to=PeriodEnd.MONTH)

    assert last_day(stars, dt.date(2025, 12, 1)) == dt.date(2026, 6, 30)
    assert last_day(stars, dt.date(2025, 12, 31)) == dt.date(2026, 6, 30)
    assert last_day(stars, dt.date(2026, 1, 1)) == dt.date(2026, 7, 31)


def test_31_january_and_one_month_ends_with_28_february_as_voucherify_counts() -> None:
    assert last_day(AfterEarning(months=1), dt.date(2026, 1, 31)) == dt.date(2026, 2, 28)


@pytest.mark.parametrize(
    ("model", "earned", "last"),
    [
        (AfterEarning(days=365), dt.date(2026, 1, 1), dt.date(2027, 1, 1)),
        (AfterEarning(years=2), dt.date(2024, 2, 29), dt.date(2026, 2, 28)),
        (AfterEarning(days=1, months=1), dt.date(2026, 1, 30), dt.date(2026, 2, 28)),
        (
            AfterEarning(years=1, round_to=PeriodEnd.QUARTER),
            dt.date(2026, 2, 1),
            dt.date(2027, 3, 31),
        ),
        (
            AfterEarning(years=1, round_to=PeriodEnd.YEAR),
            dt.date(2026, 2, 1),
            dt.date(2027, 12, 31),
        ),
        (FixedDate(month=12, day=31), dt.date(2026, 12, 31), dt.date(2026, 12, 31)),
        (FixedDate(month=12, day=31, days_min=1), dt.date(2026, 12, 31), dt.date(2027, 12, 31)),
        (FixedDate(month=12, day=31, days_min=90), dt.date(2026, 10, 2), dt.date(2026, 12, 31)),
        (FixedDate(month=12, day=31, days_min=90), dt.date(2026, 10, 3), dt.date(2027, 12, 31)),
        (FixedDate(month=2, day=29), dt.date(2026, 3, 1), dt.date(2027, 2, 28)),
        (FixedDate(month=2, day=29), dt.date(2027, 3, 1), dt.date(2028, 2, 29)),
    ],
)
def test_points_end_with_the_day_that_the_model_gives(
    model: Expiration, earned: dt.date, last: dt.date
) -> None:
    assert last_day(model, earned) == last


def test_a_tier_adds_months_to_the_end_and_a_rounded_day_stays_the_last_of_its_month() -> None:
    by_month = AfterEarning(months=1, round_to=PeriodEnd.MONTH)

    assert last_day(AfterEarning(days=10), dt.date(2026, 1, 21), extra_months=1) == dt.date(
        2026, 2, 28
    )
    assert last_day(by_month, dt.date(2026, 1, 15), extra_months=3) == dt.date(2026, 5, 31)
    assert last_day(FixedDate(month=12, day=31), dt.date(2026, 5, 5), extra_months=3) == dt.date(
        2027, 3, 31
    )


@pytest.mark.parametrize("model", [Never(), Inactivity(months=12), AtTierLoss()])
def test_other_models_give_points_no_date_of_their_own(model: Expiration) -> None:
    assert last_day(model, dt.date(2026, 1, 1)) is None


def test_the_end_is_that_of_the_day_on_the_shop_s_clock() -> None:
    model = AfterEarning(days=1)

    tokyo = last_day(model, dt.date(2026, 1, 1), tz_minutes=9 * 60)
    lima = last_day(model, dt.date(2026, 1, 1), tz_minutes=-5 * 60)

    assert tokyo == lima == dt.date(2026, 1, 2)


def test_points_of_who_does_not_come_end_with_the_day_of_the_last_month() -> None:
    rules = ExpirationRules(model=Inactivity(months=6))
    last_ms = start_of_day_ms(dt.date(2025, 8, 31), BERLIN) + NOON_MS

    end = inactivity_ends_at(rules, last_ms=last_ms, tz_minutes=BERLIN)

    assert end == start_of_day_ms(dt.date(2026, 3, 1), BERLIN)
    assert inactivity_ends_at(ExpirationRules(), last_ms=last_ms, tz_minutes=BERLIN) is None
