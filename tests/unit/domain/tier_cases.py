"""Short ways to make tiers, and moments of the shop's clock."""

import datetime as dt

from pos_loyalty.domain.calendar import start_of_day_ms
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.tier import PaidMembership, Tier

BERLIN = 60
NOON_MS = 12 * 60 * 60 * 1000


def tier(name: str, *, points: int = 0, spend: int = 0, visits: int = 0) -> Tier:
    """Return a tier with these thresholds."""
    return Tier(
        id=TierId(name),
        name=name.capitalize(),
        threshold_points=points,
        threshold_spend=spend,
        threshold_visits=visits,
    )


def paid(name: str) -> Tier:
    """Return a tier that is for sale."""
    return Tier(id=TierId(name), name=name.capitalize(), paid=PaidMembership(price=999, months=12))


def noon(year: int, month: int, day: int = 15) -> int:
    """Return noon of a day on the shop's clock."""
    return start_of_day_ms(dt.date(year, month, day), BERLIN) + NOON_MS


def midnight(year: int, month: int, day: int = 1) -> int:
    """Return the first moment of a day on the shop's clock."""
    return start_of_day_ms(dt.date(year, month, day), BERLIN)
