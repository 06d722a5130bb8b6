"""Rules 6: the lots of points, the debt, and when points end."""

import datetime as dt
from dataclasses import dataclass, field

from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules, FixedDate, PeriodEnd
from tests.reference import money


@dataclass
class Lot:
    """Points that end and become usable at the same moments; ``ends`` None is never."""

    ends: int | None
    usable: int
    earned: int
    points: int


@dataclass
class Part:
    """What a redemption took from one lot."""

    ends: int | None
    usable: int
    earned: int
    points: int


@dataclass
class Taken:
    """Who got what: parts in the order in which they were taken, and the debt made at last."""

    parts: list[Part] = field(default_factory=list[Part])
    debt: int = 0


@dataclass
class Book:
    """A member's lots and debt."""

    lots: list[Lot] = field(default_factory=list[Lot])
    debt: int = 0

    def balance(self) -> int:
        """Return all points of lots less the debt."""
        return sum(lot.points for lot in self.lots) - self.debt

    def pending(self, at_ms: int) -> int:
        """Points that cannot be used yet."""
        return sum(lot.points for lot in self.lots if lot.usable > at_ms)

    def put(self, ends: int | None, usable: int, earned: int, points: int) -> None:
        """Add to the lot with these moments; it is as old as the oldest of its points."""
        if points == 0:
            return
        for lot in self.lots:
            if (lot.ends, lot.usable) == (ends, usable):
                lot.points += points
                lot.earned = min(lot.earned, earned)
                return
        self.lots.append(Lot(ends, usable, earned, points))

    def accrue(self, points: int, at_ms: int, ends: int | None, usable: int) -> None:
        """The debt is repaid first, the rest is a lot."""
        repaid = min(self.debt, points)
        self.debt -= repaid
        self.put(ends, usable, at_ms, points - repaid)

    def redeem(self, points: int, at_ms: int) -> Taken:
        """Take from the nearest end first, those without end last, of equals the oldest."""
        taken = Taken()
        for lot in sorted(self.lots, key=order):
            if lot.usable > at_ms or ended(lot, at_ms) or points == 0:
                continue
            part = min(points, lot.points)
            points -= part
            lot.points -= part
            taken.parts.append(Part(lot.ends, lot.usable, lot.earned, part))
        self.debt += points
        taken.debt = points
        self.drop_empty()
        return taken

    def give_back(self, taken: Taken, points: int, at_ms: int, grace_days: int) -> None:
        """To where they came from, the last taken first."""
        part = min(points, taken.debt)
        taken.debt -= part
        points -= part
        lowered = min(part, self.debt)
        self.debt -= lowered
        # The debt has been repaid since, by points that would be there now.
        self.put(None, 0, at_ms, part - lowered)
        for source in reversed(taken.parts):
            part = min(points, source.points)
            source.points -= part
            points -= part
            ends = source.ends
            if ends is not None and ends <= at_ms:
                ends = at_ms + grace_days * money.DAY_MS
            self.put(ends, source.usable, source.earned, part)

    def take_back(self, points: int, at_ms: int, ends: int | None, usable: int) -> None:
        """From the sale's own lot first, then as a redemption."""
        for lot in self.lots:
            if (lot.ends, lot.usable) == (ends, usable):
                part = min(points, lot.points)
                lot.points -= part
                points -= part
        self.drop_empty()
        self.redeem(points, at_ms)

    def expire(self, at_ms: int, keep: int = 0) -> int:
        """Remove what ended; of it ``keep`` points stay, those that ended last."""
        gone = max(0, sum(lot.points for lot in self.lots if ended(lot, at_ms)) - keep)
        left = gone
        for lot in sorted(self.lots, key=order):
            if ended(lot, at_ms):
                part = min(left, lot.points)
                lot.points -= part
                left -= part
        self.drop_empty()
        return gone

    def expire_all(self) -> int:
        """Remove every lot."""
        gone = sum(lot.points for lot in self.lots)
        self.lots = []
        return gone

    def drop_empty(self) -> None:
        """A lot without points is none."""
        self.lots = [lot for lot in self.lots if lot.points]


def order(lot: Lot) -> tuple[bool, int, int, int]:
    """Nearest end first, without end last, of equals the oldest."""
    return (lot.ends is None, lot.ends or 0, lot.earned, lot.usable)


def ended(lot: Lot, at_ms: int) -> bool:
    """Whether its time is over."""
    return lot.ends is not None and lot.ends <= at_ms


def ends_at(
    rules: ExpirationRules, *, at_ms: int, tz_minutes: int, extra_months: int = 0
) -> int | None:
    """When points earned now end: at the end of a day on the shop's clock, or never."""
    day = money.clock(at_ms, tz_minutes).date()
    match rules.model:
        case AfterEarning() as model:
            day += dt.timedelta(days=model.days)
            day = money.months_later(day, 12 * model.years + model.months)
            day = end_of(day, model.round_to)
            day = money.months_later(day, extra_months)
        case FixedDate() as model:
            day = next_fixed(day + dt.timedelta(days=model.days_min), model)
        case _:
            return None
    midnight = dt.datetime.combine(day, dt.time()) + dt.timedelta(days=1)
    return money.instant(midnight, tz_minutes)


def next_fixed(first: dt.date, model: FixedDate) -> dt.date:
    """The next such day that is not before the first one."""
    here = money.on_or_last(first.year, model.month, model.day)
    return here if here >= first else money.on_or_last(first.year + 1, model.month, model.day)


def end_of(day: dt.date, period: PeriodEnd) -> dt.date:
    """The last day of its month, quarter or year."""
    match period:
        case PeriodEnd.MONTH:
            month = day.month
        case PeriodEnd.QUARTER:
            month = (day.month + 2) // 3 * 3
        case PeriodEnd.YEAR:
            month = 12
        case PeriodEnd.NONE:
            return day
    return money.on_or_last(day.year, month, 31)
