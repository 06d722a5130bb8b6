"""Days and months of the shop's clock: when they begin and end, and what comes so much later.

Moments are milliseconds since 1970 in UTC; the shop's clock is that plus its offset in minutes.
A clock can be wrong by centuries: what lies outside the calendar (years 1 to 9999) is its edge.
"""

import datetime as dt
from calendar import monthrange

from pos_loyalty.domain.expiration import PeriodEnd
from pos_loyalty.domain.rounding import MINUTES_PER_DAY, MS_PER_MINUTE, local_day

MONTHS_PER_YEAR = 12
MS_PER_DAY = MINUTES_PER_DAY * MS_PER_MINUTE
_EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()
_LAST_ORDINAL = dt.date.max.toordinal()
_LAST_MONTH = dt.date.max.year * MONTHS_PER_YEAR + dt.date.max.month - 1
_FIRST_MONTH = dt.date.min.year * MONTHS_PER_YEAR
_MONTHS_OF = {PeriodEnd.MONTH: 1, PeriodEnd.QUARTER: 3, PeriodEnd.YEAR: MONTHS_PER_YEAR}


def date_of(at_ms: int, tz_minutes: int) -> dt.date:
    """Return the day that the shop's calendar shows at a moment."""
    return _date(local_day(at_ms, tz_minutes) + _EPOCH_ORDINAL)


def end_of_day_ms(day: dt.date, tz_minutes: int) -> int:
    """Return the moment at which a day is over: the first of the next one."""
    return start_of_day_ms(day, tz_minutes) + MS_PER_DAY


def start_of_day_ms(day: dt.date, tz_minutes: int) -> int:
    """Return the first moment of a day on the shop's clock."""
    return (day.toordinal() - _EPOCH_ORDINAL) * MS_PER_DAY - tz_minutes * MS_PER_MINUTE


def plus_days(day: dt.date, days: int) -> dt.date:
    """Return the day so many days later, or earlier."""
    return _date(day.toordinal() + days)


def plus_months(day: dt.date, months: int) -> dt.date:
    """Return the same day so many months later; 31 January and one month is the last of February.

    What is computed twice drifts (31 January, 28 February, 28 March): always count from the
    first day.
    """
    return on_or_last(month_of(day) + months, day.day)


def on_or_last(month: int, day: int) -> dt.date:
    """Return a day of a month, or the month's last where it has fewer.

    Args:
        month: its number, see :func:`month_of`.
        day: 1 to 31.
    """
    year, index = divmod(min(max(month, _FIRST_MONTH), _LAST_MONTH), MONTHS_PER_YEAR)
    return dt.date(year, index + 1, min(day, monthrange(year, index + 1)[1]))


def period_end(day: dt.date, period: PeriodEnd) -> dt.date:
    """Return the last day of the month, quarter or year that holds a day; or the day itself."""
    if period is PeriodEnd.NONE:
        return day
    months = _MONTHS_OF[period]
    month = month_of(day)
    return on_or_last(month - month % months + months - 1, 31)


def month_of(day: dt.date) -> int:
    """Return the number of a day's month, counted from the year 0: 2026-01 is 2026 × 12."""
    return day.year * MONTHS_PER_YEAR + day.month - 1


def month_name(month: int) -> str:
    """Return a month as a tally names it: "2026-11"."""
    year, index = divmod(month, MONTHS_PER_YEAR)
    return f"{year:04d}-{index + 1:02d}"


def _date(ordinal: int) -> dt.date:
    return dt.date.fromordinal(min(max(ordinal, 1), _LAST_ORDINAL))
