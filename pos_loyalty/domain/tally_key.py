"""The names and periods under which things are counted of a member.

See :mod:`pos_loyalty.domain.tally`.
"""

import datetime as dt
from collections.abc import Mapping
from functools import lru_cache

from pos_loyalty.domain.rounding import local_day

VISITS = "visits"
POINTS = "points"
SPEND = "spend"
REFERRALS = "referrals"
EPOCH_ORDINAL = dt.date(1970, 1, 1).toordinal()


def rule_name(rule_id: str) -> str:
    """Return the name under which the points (or stamps) of a rule are counted."""
    return f"rule:{rule_id}"


def stamps_name(card: str) -> str:
    """Return the name under which the stamps on a stamp card are counted."""
    return f"stamps:{card}"


def reward_name(reward_id: str) -> str:
    """Return the name under which it is counted how often a reward was taken."""
    return f"reward:{reward_id}"


def activity_name(activity_id: str) -> str:
    """Return the name under which the points of an activity are counted."""
    return f"activity:{activity_id}"


def periods_at(at_ms: int, tz_minutes: int) -> Mapping[str, str]:
    """Return the day, week, month and year of a moment: {"day": "2026-11-22", ...}."""
    return _periods_of(local_day(at_ms, tz_minutes))


@lru_cache(maxsize=1024)
def _periods_of(day_number: int) -> Mapping[str, str]:
    day = dt.date.fromordinal(EPOCH_ORDINAL + day_number)
    year, week, _ = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{year:04d}-W{week:02d}",
        "month": f"{day.year:04d}-{day.month:02d}",
        "year": f"{day.year:04d}",
    }
