"""A member's points as lots: which end when, which were spent, and what is owed.

Only the server keeps lots, in its own order of events; docs/rules.md §6 states the rules.
Each function takes a book and returns the next one. The balance moves by exactly the points
of the call, whatever the book holds: a balance is the sum of entries, and a book says which
points they are.

A book has one shape, so that the same history gives the same book:

- ``lots`` can be used; one for each end, the nearest first, that without an end last.
- ``waiting`` cannot be used yet, the next that can first. The first call at or after that
  moment moves a lot to ``lots``; one that ends before waits until its end.
- Points that come repay the ``debt`` first. While there is one, no lot that lives can be used.
- ``ended`` is what expiration took lately, for the owner who revives it.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.calendar import MS_PER_DAY, date_of, plus_days, start_of_day_ms
from pos_loyalty.domain.lot_end import ends_at, inactivity_ends_at

__all__ = [
    "EMPTY_BOOK",
    "Allocation",
    "Due",
    "Lot",
    "LotBook",
    "accrue",
    "balance",
    "ended_points",
    "ends_at",
    "expire",
    "expire_all",
    "give_back",
    "inactivity_ends_at",
    "kept_for",
    "next_end",
    "pending",
    "redeem",
    "reinstate",
    "take_back",
    "usable",
]

_FOREVER = 1 << 62


class Lot(msgspec.Struct, frozen=True, array_like=True):
    """Points that end and become usable at the same moments; 0 is usable at once.

    ``earned_ms`` is when the oldest of them were earned.
    """

    ends_ms: int | None
    usable_ms: int
    earned_ms: int
    points: int


class LotBook(msgspec.Struct, frozen=True, omit_defaults=True):
    """The lots of one member and the points owed; see the module for its shape."""

    lots: tuple[Lot, ...] = ()
    debt: int = 0
    waiting: tuple[Lot, ...] = ()
    ended: tuple[Lot, ...] = ()


EMPTY_BOOK = LotBook()


class Allocation(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who got what: the parts a redemption took, in that order, and then the debt it made."""

    taken: tuple[Lot, ...] = ()
    debt: int = 0

    @property
    def points(self) -> int:
        """All of it."""
        return self.debt + sum(lot.points for lot in self.taken)


class Due(msgspec.Struct, frozen=True):
    """So many points at the next moment at which something happens to them; 0 at 0 is none."""

    points: int = 0
    at_ms: int = 0


def accrue(
    book: LotBook, *, points: int, at_ms: int, ends_ms: int | None, usable_ms: int = 0
) -> LotBook:
    """Add points earned at ``at_ms``: the debt is repaid first, the rest goes into a lot."""
    usable_ms = _waits_until(ends_ms, usable_ms)
    return _come(_settled(book, at_ms), Lot(ends_ms, usable_ms, at_ms, points), at_ms)


def redeem(
    book: LotBook, *, points: int, at_ms: int, promised: int = 0
) -> tuple[LotBook, Allocation]:
    """Take points from the lots that can be used; what is not there is a debt.

    Args:
        book: the member's.
        points: how many.
        at_ms: when; lots that ended by then are not there.
        promised: how many of them spend rights covered. Only these may, at last, come from
            lots that ended and were kept for that till, those that ended last first.
    """
    assert points >= 0
    book = _settled(book, at_ms)
    alive = _first_alive(book.lots, at_ms)
    kept, taken, missing = _taken_from(book.lots[alive:], points)
    ended = book.lots[:alive]
    if missing and promised > 0 and ended:
        covered = min(missing, promised)
        left, taken_late, uncovered = _taken_from(ended[::-1], covered)
        ended, taken = left[::-1], taken + taken_late
        missing -= covered - uncovered
    after = LotBook(ended + kept, book.debt + missing, book.waiting, book.ended)
    return after, Allocation(taken, missing)


def give_back(
    book: LotBook,
    allocation: Allocation,
    *,
    points: int,
    at_ms: int,
    grace_days: int,
    ends_ms: int | None = None,
) -> tuple[LotBook, Allocation]:
    """Return points of a redemption to where they came from, the last taken first.

    Args:
        book: the member's.
        allocation: what of the redemption has not come back yet; the next one is returned.
        points: how many come back.
        at_ms: when.
        grace_days: how long lots live again that ended by then.
        ends_ms: the end of points earned now. Points that were a debt which others have
            repaid since, and what is above the allocation, are a lot with this end.
    """
    assert points >= 0
    book = _settled(book, at_ms)
    owed = min(points, allocation.debt)
    left, coming, above = _taken_from(allocation.taken[::-1], points - owed)
    book = _come(book, Lot(ends_ms, 0, at_ms, owed + above), at_ms)
    for lot in coming:
        end = lot.ends_ms
        if end is not None and end <= at_ms:
            end = at_ms + grace_days * MS_PER_DAY
        book = _come(book, Lot(end, 0, lot.earned_ms, lot.points), at_ms)
    return book, Allocation(left[::-1], allocation.debt - owed)


def take_back(
    book: LotBook, *, points: int, at_ms: int, ends_ms: int | None, usable_ms: int = 0
) -> LotBook:
    """Take points of a sale: from its own lot first, unless it ended, then as a redemption."""
    assert points >= 0
    book = _settled(book, at_ms)
    usable_ms = _waits_until(ends_ms, usable_ms)
    if usable_ms > at_ms:
        waiting, missing = _taken_of(book.waiting, points, ends_ms, usable_ms)
        book = LotBook(book.lots, book.debt, waiting, book.ended)
    elif ends_ms is None or ends_ms > at_ms:
        lots, missing = _taken_of(book.lots, points, ends_ms, 0)
        book = LotBook(lots, book.debt, book.waiting, book.ended)
    else:
        missing = points
    return redeem(book, points=missing, at_ms=at_ms)[0] if missing else book


def expire(
    book: LotBook, *, at_ms: int, keep: int = 0, remember_days: int = 0
) -> tuple[LotBook, int]:
    """Remove the lots that ended at or before ``at_ms``; return how many points that were.

    Args:
        book: the member's.
        at_ms: the moment; running late removes the same as running on time.
        keep: of what ended so many points stay, those that ended last; see :func:`kept_for`.
        remember_days: the program's ``reinstatement_days``.
    """
    book = _settled(book, at_ms)
    alive = _first_alive(book.lots, at_ms)
    # A day more: the shop's clock is put back and forward meanwhile.
    forget_ms = at_ms - (remember_days + 1) * MS_PER_DAY
    if not alive and (not book.ended or _end(book.ended[0]) > forget_ms):
        return book, 0
    ended = book.lots[:alive]
    gone = max(0, sum(lot.points for lot in ended) - keep)
    left, removed, _ = _taken_from(ended, gone)
    remembered = _put_all(book.ended, removed) if remember_days > 0 else ()
    remembered = tuple(lot for lot in remembered if _end(lot) > forget_ms)
    return LotBook(left + book.lots[alive:], book.debt, book.waiting, remembered), gone


def expire_all(
    book: LotBook, *, at_ms: int, keep: int = 0, remember_days: int = 0
) -> tuple[LotBook, int]:
    """Let every lot end at ``at_ms``, pending ones too, and remove what ended.

    For members who did not come for long and for those who lose a tier: ``at_ms`` is the
    moment at which that happened, not the one at which it was noticed.
    """
    book = _settled(book, at_ms)
    lots: tuple[Lot, ...] = ()
    for lot in book.lots + book.waiting:
        end = min(_end(lot), at_ms)
        lots = _put(lots, Lot(end, 0, lot.earned_ms, lot.points))
    after = LotBook(lots, book.debt, (), book.ended)
    return expire(after, at_ms=at_ms, keep=keep, remember_days=remember_days)


def reinstate(
    book: LotBook, *, days: int, at_ms: int, tz_minutes: int, grace_days: int
) -> tuple[LotBook, int]:
    """Give new life to what expiration took in the last days; return how many points.

    On 15 January 10 days are those whose last day was 5 January or later. They live
    ``grace_days`` from now, and cannot be revived twice.
    """
    first_day = plus_days(date_of(at_ms, tz_minutes), -days)
    begin_ms = start_of_day_ms(first_day, tz_minutes)
    book = _settled(book, at_ms)
    revived = tuple(lot for lot in book.ended if _end(lot) > begin_ms)
    still_ended = tuple(lot for lot in book.ended if _end(lot) <= begin_ms)
    book = LotBook(book.lots, book.debt, book.waiting, still_ended)
    end = at_ms + grace_days * MS_PER_DAY
    for lot in revived:
        book = _come(book, Lot(end, 0, lot.earned_ms, lot.points), at_ms)
    return book, sum(lot.points for lot in revived)


def balance(book: LotBook) -> int:
    """Return the points of all lots less the debt."""
    return _sum(book.lots) + _sum(book.waiting) - book.debt


def usable(book: LotBook, at_ms: int) -> int:
    """Return what can be spent: the lots that can be used and did not end, less the debt."""
    book = _settled(book, at_ms)
    return _sum(book.lots[_first_alive(book.lots, at_ms) :]) - book.debt


def pending(book: LotBook, at_ms: int) -> Due:
    """Return all points that cannot be used yet, and the first moment at which some can."""
    waiting = _settled(book, at_ms).waiting
    return Due(_sum(waiting), waiting[0].usable_ms) if waiting else Due()


def next_end(book: LotBook, at_ms: int) -> Due:
    """Return the points that end next after a moment, pending ones too, and when."""
    book = _settled(book, at_ms)
    lots = tuple(lot for lot in book.lots + book.waiting if at_ms < _end(lot) < _FOREVER)
    if not lots:
        return Due()
    nearest = min(map(_end, lots))
    return Due(_sum(lot for lot in lots if lot.ends_ms == nearest), nearest)


def ended_points(book: LotBook, at_ms: int) -> int:
    """Return the points of lots that ended and are still there."""
    book = _settled(book, at_ms)
    return _sum(book.lots[: _first_alive(book.lots, at_ms)])


def kept_for(book: LotBook, *, at_ms: int, promised: int) -> int:
    """Return how many points that ended must stay, so that every spend right is covered.

    Args:
        book: the member's.
        at_ms: the moment of the expiration.
        promised: spend rights of tills that were not in contact after the end.
    """
    if promised <= 0:
        return 0
    book = _settled(book, at_ms)
    ended = _sum(book.lots[: _first_alive(book.lots, at_ms)])
    # Pending points cover no right: they cannot be used.
    pool = max(0, _sum(book.lots) - book.debt - promised)
    return ended - min(pool, ended)


def _settled(book: LotBook, at_ms: int) -> LotBook:
    """Return the book in which what can be used by now is among the lots.

    What becomes usable repays the debt, as points that come do. Every debt that it finds was
    there at that moment: whoever makes a later one has settled the book first.
    """
    waiting = book.waiting
    if not waiting or waiting[0].usable_ms > at_ms:
        return book
    lots, debt = book.lots, book.debt
    come = bisect_right(waiting, (at_ms, _FOREVER), key=_place)
    for lot in waiting[:come]:
        repaid = min(debt, lot.points) if lot.usable_ms < _end(lot) else 0
        debt -= repaid
        lots = _put(lots, Lot(lot.ends_ms, 0, lot.earned_ms, lot.points - repaid))
    return LotBook(lots, debt, waiting[come:], book.ended)


def _come(book: LotBook, lot: Lot, at_ms: int) -> LotBook:
    """Return the book with points that come: they repay the debt, the rest is a lot."""
    assert lot.points >= 0
    repaid = min(book.debt, lot.points)
    rest = lot.points - repaid
    debt = book.debt - repaid
    if lot.usable_ms > at_ms:
        waiting = _put(book.waiting, Lot(lot.ends_ms, lot.usable_ms, lot.earned_ms, rest))
        return LotBook(book.lots, debt, waiting, book.ended)
    lots = _put(book.lots, Lot(lot.ends_ms, 0, lot.earned_ms, rest))
    return LotBook(lots, debt, book.waiting, book.ended)


def _end(lot: Lot) -> int:
    return _FOREVER if lot.ends_ms is None else lot.ends_ms


def _waits_until(ends_ms: int | None, usable_ms: int) -> int:
    """Return the moment at which a lot waits no longer: it can be used, or it has ended."""
    return usable_ms if ends_ms is None else min(usable_ms, ends_ms)


def _place(lot: Lot) -> tuple[int, int]:
    """Order lots by when they can be used, then by when they end."""
    return lot.usable_ms, _end(lot)


def _first_alive(lots: tuple[Lot, ...], at_ms: int) -> int:
    """Return how many lots ended at or before a moment: they come first."""
    return bisect_right(lots, at_ms, key=_end)


def _put(lots: tuple[Lot, ...], lot: Lot) -> tuple[Lot, ...]:
    """Add points to the lot of their moments, or as a new lot at its place."""
    if not lot.points:
        return lots
    at = bisect_left(lots, _place(lot), key=_place)
    if at == len(lots) or _place(lots[at]) != _place(lot):
        return (*lots[:at], lot, *lots[at:])
    there = lots[at]
    earned_ms = min(there.earned_ms, lot.earned_ms)
    both = Lot(lot.ends_ms, lot.usable_ms, earned_ms, there.points + lot.points)
    return (*lots[:at], both, *lots[at + 1 :])


def _put_all(lots: tuple[Lot, ...], more: Iterable[Lot]) -> tuple[Lot, ...]:
    for lot in more:
        lots = _put(lots, lot)
    return lots


def _taken_from(lots: tuple[Lot, ...], points: int) -> tuple[tuple[Lot, ...], tuple[Lot, ...], int]:
    """Take points from lots in order; return what is left, what was taken, what is missing."""
    taken: list[Lot] = []
    for index, lot in enumerate(lots):
        if points == 0:
            return lots[index:], tuple(taken), 0
        if lot.points > points:
            taken.append(_part(lot, points))
            return (_part(lot, lot.points - points), *lots[index + 1 :]), tuple(taken), 0
        taken.append(lot)
        points -= lot.points
    return (), tuple(taken), points


def _taken_of(
    lots: tuple[Lot, ...], points: int, ends_ms: int | None, usable_ms: int
) -> tuple[tuple[Lot, ...], int]:
    """Take points from the one lot with these moments; return what is left and missing."""
    place = _place(Lot(ends_ms, usable_ms, 0, 0))
    at = bisect_left(lots, place, key=_place)
    if at == len(lots) or _place(lots[at]) != place:
        return lots, points
    left, _, missing = _taken_from(lots[at : at + 1], points)
    return (*lots[:at], *left, *lots[at + 1 :]), missing


def _part(lot: Lot, points: int) -> Lot:
    return Lot(lot.ends_ms, lot.usable_ms, lot.earned_ms, points)


def _sum(lots: Iterable[Lot]) -> int:
    return sum(lot.points for lot in lots)
