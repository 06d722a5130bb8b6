"""Rules 1: which money of a sale earns, how amounts are spread, and the shop's clock.

The reference is a second implementation of docs/rules.md. It shares the structs with the
product and no function; it is written to be read beside the text, not to be fast.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import EarnBasis, Rounding
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.program import LoyaltyProgram

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - the shop's wall clock has no zone here


@dataclass(frozen=True)
class Line:
    """One line of a sale with the money of it that earns."""

    amount: int
    sku: str
    category: str
    quantity: int
    money: int


def spread(amount: int, parts: Sequence[int]) -> list[int]:
    """Give each part its share; what is left goes to the largest remainders, the first first."""
    whole = sum(parts)
    if whole == 0:
        return [0] * len(parts)
    shares = [amount * part // whole for part in parts]
    remainders = [amount * part % whole for part in parts]
    left = amount - sum(shares)
    for _ in range(left):
        first_of_largest = remainders.index(max(remainders))
        shares[first_of_largest] += 1
        remainders[first_of_largest] = -1
    return shares


def steps(rounding: Rounding, money: int, step: int) -> int:
    """Count steps of money: whole ones, the half and more as one, or every one begun."""
    whole, rest = divmod(money, step)
    if rounding is Rounding.CEIL and rest > 0:
        return whole + 1
    if rounding is Rounding.HALF_UP and 2 * rest >= step:
        return whole + 1
    return whole


def discount(facts: SaleFacts) -> int:
    """What the rewards took off."""
    return sum(reward.discount for reward in facts.rewards)


def paid_by(facts: SaleFacts, kinds: Sequence[str]) -> int:
    """What was paid in one of these ways, less the change given back in them."""
    return max(0, sum(payment.amount for payment in facts.payments if payment.kind in kinds))


def rows_of(facts: SaleFacts) -> list[SaleLine]:
    """The lines as rung up; one that is the whole sale if there are none that add up to it."""
    if facts.lines and sum(line.amount for line in facts.lines) == facts.total:
        return list(facts.lines)
    return [SaleLine(amount=facts.total, tax=facts.tax)]


def lines(program: LoyaltyProgram, facts: SaleFacts) -> list[Line]:
    """The lines with their eligible money.

    A line below 0 earns nothing: what it takes off is spread over the others.
    """
    rows = rows_of(facts)
    if program.earn_basis is EarnBasis.PRE_TAX:
        money = [line.amount - line.tax for line in rows]
    else:
        money = [line.amount for line in rows]
    earns_not = -sum(part for part in money if part < 0)
    money = [max(0, part) for part in money]
    earns_not += paid_by(facts, program.payments_excluded)
    if not program.paid_with_points_earns:
        earns_not += discount(facts)
    shares = spread(min(earns_not, sum(money)), money)
    return [
        Line(line.amount, line.sku, line.category, max(0, line.quantity), part - share)
        for line, part, share in zip(rows, money, shares, strict=True)
    ]


def clock(at_ms: int, tz_minutes: int) -> dt.datetime:
    """What the clock on the shop's wall shows."""
    return EPOCH + dt.timedelta(milliseconds=at_ms, minutes=tz_minutes)


def instant(wall: dt.datetime, tz_minutes: int) -> int:
    """The moment (ms, UTC) at which the shop's clock shows this."""
    return (wall - dt.timedelta(minutes=tz_minutes) - EPOCH) // dt.timedelta(milliseconds=1)


def days_in_month(year: int, month: int) -> int:
    """The number of its last day."""
    next_month = dt.date(year + month // 12, month % 12 + 1, 1)
    return (next_month - dt.timedelta(days=1)).day


def on_or_last(year: int, month: int, day: int) -> dt.date:
    """This day, or the last of its month where the month is shorter."""
    return dt.date(year, month, min(day, days_in_month(year, month)))


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day so many months later: 31 January and one month is the last of February."""
    count = day.year * 12 + day.month - 1 + months
    return on_or_last(count // 12, count % 12 + 1, day.day)
