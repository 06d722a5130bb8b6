"""Short ways to fill a book of lots, and histories to draw."""

from pos_loyalty.domain.calendar import MS_PER_DAY
from pos_loyalty.domain.lot import EMPTY_BOOK, Lot, LotBook, accrue, usable

START_MS = 1_700_000_000_000


def day_ms(day: int) -> int:
    """Return a moment so many days after the start."""
    return START_MS + day * MS_PER_DAY


def book_of(*lots: tuple[int, int | None], debt: int = 0) -> LotBook:
    """Return a book with (points, last day) lots, earned on day 0 in this order."""
    book = EMPTY_BOOK
    for points, day in lots:
        ends_ms = None if day is None else day_ms(day)
        book = accrue(book, points=points, at_ms=START_MS, ends_ms=ends_ms)
    return LotBook(book.lots, debt, book.waiting, book.ended)


def held(book: LotBook) -> list[tuple[int, int | None]]:
    """Return the lots that can be used as (points, day of the end)."""
    return [(lot.points, _day(lot)) for lot in book.lots]


def assert_in_shape(book: LotBook, at_ms: int) -> None:
    """State what is always true of a book."""
    forever = 1 << 62
    ends = [forever if lot.ends_ms is None else lot.ends_ms for lot in book.lots]
    places = [(lot.usable_ms, lot.ends_ms or forever) for lot in book.waiting]
    assert ends == sorted(set(ends))
    assert places == sorted(set(places))
    assert all(lot.points > 0 for lot in (*book.lots, *book.waiting, *book.ended))
    assert all(lot.usable_ms == 0 for lot in book.lots)
    assert all(lot.usable_ms > at_ms for lot in book.waiting)
    assert book.debt >= 0
    assert not book.debt or usable(book, at_ms) == -book.debt


def _day(lot: Lot) -> int | None:
    return None if lot.ends_ms is None else (lot.ends_ms - START_MS) // MS_PER_DAY
