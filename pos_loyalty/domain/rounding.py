"""Every division in the product, by name. Integers in, integers out."""

from collections.abc import Sequence

from pos_loyalty.domain.earning_rule import Rounding

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


def steps_rounded(amount: int, step: int, rounding: Rounding) -> int:
    """Return how many steps an amount counts for, by the program's choice of rounding."""
    assert step > 0
    assert amount >= 0
    if rounding is Rounding.FLOOR:
        return amount // step
    if rounding is Rounding.CEIL:
        return -(-amount // step)
    return (2 * amount + step) // (2 * step)


def spread(amount: int, parts: Sequence[int]) -> list[int]:
    """Divide an amount over parts in proportion, to the last unit.

    Each part gets its share rounded down; what is left goes one unit each to the parts with
    the largest remainders, the first of equals first. Parts that are all 0 get nothing.
    """
    assert amount >= 0
    whole = sum(parts)
    if whole == 0 or amount == 0:
        return [0] * len(parts)
    if amount == whole:
        return list(parts)
    shares = [amount * part // whole for part in parts]
    left = amount - sum(shares)
    if left:
        # A stable sort: of equal remainders the first stays first.
        by_remainder = sorted(range(len(parts)), key=lambda at: -(amount * parts[at] % whole))
        for at in by_remainder[:left]:
            shares[at] += 1
    return shares


def part_of(amount: int, part: int, whole: int) -> int:
    """Return so many ``whole``ths of an amount, rounded down; nothing of a whole of 0."""
    assert amount >= 0
    assert part >= 0
    return amount * part // whole if whole else 0


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
