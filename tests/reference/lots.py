"""Rules 6: the lots of points, the debt, and when points end."""

import datetime as dt
from dataclasses import dataclass, field

from pos_loyalty.domain.expiration import (
    AfterEarning,
    ExpirationRules,
    FixedDate,
    Inactivity,
    PeriodEnd,
)
from tests.reference import money


@dataclass
class Lot:
    """Points that end at one moment; ``ends`` None is never.

    Before ``usable`` they cannot be used; 0 is at once, and what can be used is one lot for
    each end, whenever it became so.
    """

    ends: int | None
    usable: int
    earned: int
    points: int


@dataclass
class Taken:
    """Who got what: parts in the order in which they were taken, and the debt made at last."""

    parts: list[Lot] = field(default_factory=list[Lot])
    debt: int = 0


@dataclass
class Book:
    """A member's lots and debt; ``ended`` is what expired, for the owner who revives it."""

    lots: list[Lot] = field(default_factory=list[Lot])
    debt: int = 0
    ended: list[Lot] = field(default_factory=list[Lot])

    def balance(self) -> int:
        """Return all points of lots less the debt."""
        return sum(lot.points for lot in self.lots) - self.debt

    def usable(self, at_ms: int) -> int:
        """Return what can be spent."""
        there = [lot for lot in self.lots if lot.usable <= at_ms and not has_ended(lot, at_ms)]
        return sum(lot.points for lot in there) - self.debt

    def next_end(self, at_ms: int) -> tuple[int, int]:
        """Return the points that end next, and when; nothing at 0."""
        ends = [lot.ends for lot in self.lots if lot.ends is not None and lot.ends > at_ms]
        if not ends:
            return 0, 0
        return sum(lot.points for lot in self.lots if lot.ends == min(ends)), min(ends)

    def pending(self, at_ms: int) -> int:
        """Return the points that cannot be used yet."""
        return sum(lot.points for lot in self.lots if lot.usable > at_ms)

    def settle(self, at_ms: int) -> None:
        """What can be used by now came at its moment: it repays the debt, the rest is usable.

        Points that end before they can be used repay nothing.
        """
        for lot in sorted(self.lots, key=lambda lot: (lot.usable, order(lot))):
            if 0 < lot.usable <= at_ms:
                self.lots.remove(lot)
                if has_ended(lot, lot.usable):
                    self.join(Lot(lot.ends, 0, lot.earned, lot.points))
                else:
                    self.come(Lot(lot.ends, 0, lot.earned, lot.points))

    def come(self, lot: Lot) -> None:
        """Points that come repay the debt first; the rest joins the lot of its moments."""
        repaid = min(self.debt, lot.points)
        self.debt -= repaid
        self.join(Lot(lot.ends, lot.usable, lot.earned, lot.points - repaid))

    def join(self, lot: Lot) -> None:
        """Points with the same moments are one lot."""
        for other in self.lots:
            if (other.ends, other.usable) == (lot.ends, lot.usable):
                other.points += lot.points
                return
        if lot.points:
            self.lots.append(lot)

    def accrue(self, points: int, at_ms: int, ends: int | None, usable: int) -> None:
        """The debt is repaid first, the rest is a lot."""
        self.settle(at_ms)
        self.come(Lot(ends, waits_until(ends, usable, at_ms), at_ms, points))

    def redeem(self, points: int, at_ms: int, promised: int = 0) -> Taken:
        """Take from the nearest end first, those without end last.

        Of what ended and was kept for a till, that till may take what it was promised.
        """
        self.settle(at_ms)
        usable = [lot for lot in self.lots if lot.usable == 0]
        taken = Taken()
        for lot in sorted(usable, key=order):
            if not has_ended(lot, at_ms):
                points -= take(lot, points, taken)
        for lot in sorted(usable, key=order, reverse=True):
            if has_ended(lot, at_ms):
                part = take(lot, min(points, promised), taken)
                points, promised = points - part, promised - part
        self.debt += points
        taken.debt = points
        self.drop_empty()
        return taken

    def give_back(
        self, taken: Taken, points: int, at_ms: int, grace_days: int, ends: int | None
    ) -> None:
        """To where they came from, the last taken first.

        A debt that others have repaid since comes back as points of now.
        """
        self.settle(at_ms)
        part = min(points, taken.debt)
        taken.debt -= part
        points -= part
        self.come(Lot(ends, 0, at_ms, part))
        for source in reversed(taken.parts):
            part = min(points, source.points)
            source.points -= part
            points -= part
            again = source.ends
            if has_ended(source, at_ms):
                again = at_ms + grace_days * money.DAY_MS
            self.come(Lot(again, 0, source.earned, part))
        self.come(Lot(ends, 0, at_ms, points))

    def take_back(self, points: int, at_ms: int, ends: int | None, usable: int) -> None:
        """From the sale's own lot first, unless it ended, then as a redemption."""
        self.settle(at_ms)
        own = (ends, waits_until(ends, usable, at_ms))
        for lot in self.lots:
            if (lot.ends, lot.usable) == own and not has_ended(lot, at_ms):
                points -= take(lot, points, Taken())
        self.drop_empty()
        self.redeem(points, at_ms)

    def expire(self, at_ms: int, keep: int = 0) -> int:
        """Remove what ended; of it ``keep`` points stay, those that ended last."""
        self.settle(at_ms)
        ended = [lot for lot in sorted(self.lots, key=order) if has_ended(lot, at_ms)]
        left = gone = max(0, sum(lot.points for lot in ended) - keep)
        removed = Taken()
        for lot in ended:
            left -= take(lot, left, removed)
        self.ended += removed.parts
        self.drop_empty()
        return gone

    def expire_all(self, at_ms: int) -> int:
        """Let every lot end now, if it has not ended before."""
        self.settle(at_ms)
        for lot in self.lots:
            if not has_ended(lot, at_ms):
                lot.ends = at_ms
            lot.usable = 0
        return self.expire(at_ms)

    def reinstate(self, days: int, at_ms: int, tz_minutes: int, grace_days: int) -> int:
        """Give new life to what had its last day at most so many days before today."""
        self.settle(at_ms)
        first = money.clock(at_ms, tz_minutes).date() - dt.timedelta(days=days)
        revived = 0
        for lot in list(self.ended):
            if lot.ends is not None and money.clock(lot.ends - 1, tz_minutes).date() >= first:
                self.ended.remove(lot)
                revived += lot.points
                self.come(Lot(at_ms + grace_days * money.DAY_MS, 0, lot.earned, lot.points))
        return revived

    def drop_empty(self) -> None:
        """A lot without points is none."""
        self.lots = [lot for lot in self.lots if lot.points]


def waits_until(ends: int | None, usable: int, at_ms: int) -> int:
    """Until when points cannot be used, at most until their end; 0 is not at all."""
    if ends is not None:
        usable = min(usable, ends)
    return usable if usable > at_ms else 0


def take(lot: Lot, points: int, taken: Taken) -> int:
    """Take points of one lot, as many as it has; return how many."""
    part = min(points, lot.points)
    if part:
        lot.points -= part
        taken.parts.append(Lot(lot.ends, lot.usable, lot.earned, part))
    return part


def order(lot: Lot) -> tuple[bool, int]:
    """Nearest end first, without end last."""
    return (lot.ends is None, lot.ends or 0)


def has_ended(lot: Lot, at_ms: int) -> bool:
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
            if extra_months and model.round_to is not PeriodEnd.NONE:
                day = end_of(money.months_later(day, extra_months), PeriodEnd.MONTH)
            else:
                day = money.months_later(day, extra_months)
        case FixedDate() as model:
            day = next_fixed(day + dt.timedelta(days=model.days_min), model)
            day = money.months_later(day, extra_months)
        case _:
            return None
    midnight = dt.datetime.combine(day, dt.time()) + dt.timedelta(days=1)
    return money.instant(midnight, tz_minutes)


def inactivity_ends(rules: ExpirationRules, *, last_ms: int, tz_minutes: int) -> int | None:
    """When all points end after so many months without the member."""
    if not isinstance(rules.model, Inactivity):
        return None
    day = money.months_later(money.clock(last_ms, tz_minutes).date(), rules.model.months)
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
