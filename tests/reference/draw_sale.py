"""Random baskets, payments, and times."""

from random import Random

from pos_loyalty.domain.event import Payment, SaleLine
from tests.reference.draw_program import CATEGORIES, PAYMENT_KINDS, SKUS
from tests.reference.money import DAY_MS, HOUR_MS

OFFSETS = (0, 60, 120, 330, -300, 765)
START_MS = 1_798_700_000_000
"""The end of 2026."""


def draw_lines(random: Random) -> tuple[SaleLine, ...]:
    """Draw the lines of a sale; one in four has none, some cost nothing, few are a discount."""
    if random.random() < 0.25:
        return ()
    return tuple(_line(random) for _ in range(random.choice((1, 1, 2, 3, 4, 7))))


def _line(random: Random) -> SaleLine:
    quantity = random.choice((1, 1, 1, 2, 3, 6))
    amount = random.choice((0, 1, 50, 100, 333, 499, 500, 990, 1500, 4000)) * quantity
    amount += random.choice((0, 0, 0, 1, 7))
    rate = random.choice((0, 7, 19))
    return SaleLine(
        amount=amount,
        sku=random.choice(SKUS),
        category=random.choice(CATEGORIES),
        quantity=quantity,
        unit_price=amount // quantity,
        tax=amount * rate // (100 + rate),
    )


def draw_discount_line(random: Random, lines: tuple[SaleLine, ...]) -> tuple[SaleLine, ...]:
    """Add, once in a while, a line that takes something off; the total stays above 0."""
    total = sum(line.amount for line in lines)
    if len(lines) < 2 or total < 2 or random.random() > 0.06:
        return lines
    off = SaleLine(amount=-random.randint(1, total - 1), category=random.choice(CATEGORIES))
    place = random.randint(0, len(lines))
    return (*lines[:place], off, *lines[place:])


def draw_payments(random: Random, to_pay: int) -> tuple[Payment, ...]:
    """Divide what is to pay over one or two kinds; one sale in four does not say how.

    Once in a while more is paid, and change is given in any kind.
    """
    if random.random() < 0.25 or to_pay <= 0:
        return ()
    if random.random() < 0.1:
        paid, change = random.choice(PAYMENT_KINDS), random.choice(PAYMENT_KINDS)
        more = random.choice((1, 500, 5000))
        return (Payment(kind=paid, amount=to_pay + more), Payment(kind=change, amount=-more))
    first = random.choice((to_pay, to_pay, random.randint(1, to_pay)))
    kinds = random.sample(PAYMENT_KINDS, 2)
    amounts = (first, to_pay - first)
    return tuple(
        Payment(kind=kind, amount=amount)
        for kind, amount in zip(kinds, amounts, strict=True)
        if amount
    )


def on_the_clock(random: Random, at_ms: int, tz_minutes: int) -> int:
    """Return a moment soon after at which the shop's clock is at a quarter of an hour, or before.

    A quarter of these are midnights: days, months and years begin and end there.
    """
    step = DAY_MS if random.random() < 0.25 else HOUR_MS // 4
    wall = at_ms + tz_minutes * 60_000
    return at_ms + (-wall) % step + random.choice((0, 0, 0, -1, 60_000))


def draw_pause(random: Random) -> int:
    """Draw how long nothing happens, in milliseconds."""
    unit = random.choice((60_000, HOUR_MS, HOUR_MS, DAY_MS, DAY_MS, 30 * DAY_MS))
    return random.randint(0, 20 if unit < DAY_MS else 5 if unit == DAY_MS else 4) * unit
