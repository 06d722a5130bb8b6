"""When points end: the day that a program's model gives, on the shop's clock.

A day ends with its last moment: points that end on 30 June can be used until midnight, and
their end is the first moment of 1 July.
"""

import datetime as dt
from functools import lru_cache

from pos_loyalty.domain.calendar import (
    MONTHS_PER_YEAR,
    date_of,
    end_of_day_ms,
    on_or_last,
    period_end,
    plus_days,
    plus_months,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    ExpirationRules,
    FixedDate,
    Inactivity,
    PeriodEnd,
)


def ends_at(
    rules: ExpirationRules, *, at_ms: int, tz_minutes: int, extra_months: int = 0
) -> int | None:
    """Return the moment at which points earned at ``at_ms`` end, or None without a date.

    Args:
        rules: the program's.
        at_ms: when they were earned.
        tz_minutes: the shop's offset then.
        extra_months: ``expires_later_months`` of the tier held then.
    """
    model = rules.model
    if not isinstance(model, AfterEarning | FixedDate):
        return None
    day = _last_day(model, date_of(at_ms, tz_minutes), extra_months)
    return end_of_day_ms(day, tz_minutes)


def inactivity_ends_at(rules: ExpirationRules, *, last_ms: int, tz_minutes: int) -> int | None:
    """Return when all points end unless the member comes again; None in other models.

    Args:
        rules: the program's.
        last_ms: the last sale, activity or enrollment.
        tz_minutes: the shop's offset then.
    """
    if not isinstance(rules.model, Inactivity):
        return None
    day = plus_months(date_of(last_ms, tz_minutes), rules.model.months)
    return end_of_day_ms(day, tz_minutes)


@lru_cache(maxsize=1024)
def _last_day(model: AfterEarning | FixedDate, earned: dt.date, extra_months: int) -> dt.date:
    """Return the last day of points earned on a day: all sales of that day ask the same."""
    if isinstance(model, FixedDate):
        return plus_months(_next_fixed(model, earned), extra_months)
    return _after_earning(model, earned, extra_months)


def _after_earning(model: AfterEarning, earned: dt.date, extra_months: int) -> dt.date:
    months = model.years * MONTHS_PER_YEAR + model.months
    day = plus_months(plus_days(earned, model.days), months)
    if model.round_to is PeriodEnd.NONE:
        return plus_months(day, extra_months)
    later = plus_months(period_end(day, model.round_to), extra_months)
    # The end of February and three months is the end of May, not the 28th.
    return period_end(later, PeriodEnd.MONTH)


def _next_fixed(model: FixedDate, earned: dt.date) -> dt.date:
    """Return the first such day that is late enough; 29 February is the last of February."""
    first = plus_days(earned, model.days_min)
    month = first.year * MONTHS_PER_YEAR + model.month - 1
    day = on_or_last(month, model.day)
    return day if day >= first else on_or_last(month + MONTHS_PER_YEAR, model.day)
