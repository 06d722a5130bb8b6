"""Every division in the product, by name. Integers in, integers out."""

MINUTES_PER_DAY = 24 * 60
MS_PER_MINUTE = 60_000
DAYS_PER_WEEK = 7
_THURSDAY = 3  # 1 January 1970, counted from Monday = 0


def whole_steps(amount: int, step: int) -> int:
    """Return how many whole steps fit; a part-filled step counts nothing.

    Rounding down is a promise of the program: till and server must agree to
    the point, and neither may promise more than the published rate.
    """
    assert step > 0
    assert amount >= 0
    return amount // step


def steps_begun(amount: int, step: int) -> int:
    """Return how many steps it takes; a part-filled one counts whole.

    For the most that something can cost: rounding down would promise too little.
    """
    assert step > 0
    return -(-amount // step)


def percent_of(amount: int, percent: int) -> int:
    """Return ``percent`` hundredths of an amount, rounded down; 150 is one and a half."""
    assert amount >= 0
    assert percent >= 0
    return amount * percent // 100


def local_minutes(at_ms: int, offset_minutes: int) -> int:
    """Return whole minutes since 1970 on the shop's wall clock."""
    return at_ms // MS_PER_MINUTE + offset_minutes


def local_day(at_ms: int, offset_minutes: int) -> int:
    """Return the day number since 1970 on the shop's wall clock."""
    return local_minutes(at_ms, offset_minutes) // MINUTES_PER_DAY


def local_weekday(at_ms: int, offset_minutes: int) -> int:
    """Return the weekday on the shop's wall clock, Monday = 0."""
    return (local_day(at_ms, offset_minutes) + _THURSDAY) % DAYS_PER_WEEK
