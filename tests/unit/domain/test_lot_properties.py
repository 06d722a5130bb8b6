"""Whatever happens to a book of lots: the balance is the sum, and when something runs matters not.

A long run: POS_EXAMPLES=100000 (docs/testing.md).
"""

from dataclasses import dataclass, field
from typing import Literal

from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.lot import (
    EMPTY_BOOK,
    Allocation,
    LotBook,
    accrue,
    balance,
    expire,
    expire_all,
    give_back,
    kept_for,
    redeem,
    reinstate,
    take_back,
    usable,
)
from tests.unit.domain.lot_cases import START_MS, assert_in_shape, book_of, day_ms

GRACE_DAYS = 10
Kind = Literal["earn", "redeem", "give back", "take back", "wait"]


@dataclass(frozen=True)
class Step:
    """One thing that happens ``later`` days after the one before.

    ``life`` and ``wait`` are the days until points end and can be used; ``which`` names an
    earlier redemption or sale.
    """

    kind: Kind
    points: int
    later: int = 0
    life: int | None = None
    wait: int = 0
    which: int = 0


@dataclass
class Member:
    """A book, with the sales and redemptions that can still come back."""

    book: LotBook = EMPTY_BOOK
    day: int = 0
    sum_points: int = 0
    expired: int = 0
    rights: int = 0
    sales: list[Step] = field(default_factory=list[Step])
    sale_days: list[int] = field(default_factory=list[int])
    out: list[Allocation] = field(default_factory=list[Allocation])

    @property
    def now_ms(self) -> int:
        """The moment that has come."""
        return day_ms(self.day)

    def live(self, step: Step, *, on_time: bool, by_rights: bool = False) -> None:
        """Let a step happen; with ``on_time`` what ended is removed before it."""
        self.day += step.later
        if on_time:
            self.end_what_ended()
        if by_rights:
            self.rights += max(0, usable(self.book, self.now_ms) - self.rights)
        match step.kind:
            case "earn":
                self.earn(step)
            case "redeem":
                self.redeem(step, by_rights=by_rights)
            case "give back" if self.out:
                self.give_back(step)
            case "take back" if self.sales and not by_rights:
                self.take_back(step)
            case _:
                pass

    def earn(self, step: Step) -> None:
        self.book = accrue(
            self.book,
            points=step.points,
            at_ms=self.now_ms,
            ends_ms=self.end(step, self.day),
            usable_ms=day_ms(self.day + step.wait) if step.wait else 0,
        )
        self.sum_points += step.points
        self.sales.append(step)
        self.sale_days.append(self.day)

    def redeem(self, step: Step, *, by_rights: bool) -> None:
        promised = min(step.points, self.rights)
        points = promised if by_rights else step.points
        self.book, taken = redeem(self.book, points=points, at_ms=self.now_ms, promised=promised)
        self.rights -= promised
        self.sum_points -= points
        self.out.append(taken)

    def give_back(self, step: Step) -> None:
        which = step.which % len(self.out)
        points = min(step.points, self.out[which].points)
        self.book, self.out[which] = give_back(
            self.book,
            self.out[which],
            points=points,
            at_ms=self.now_ms,
            grace_days=GRACE_DAYS,
            ends_ms=self.end(step, self.day),
        )
        self.sum_points += points

    def take_back(self, step: Step) -> None:
        which = step.which % len(self.sales)
        sale, day = self.sales[which], self.sale_days[which]
        self.book = take_back(
            self.book,
            points=step.points,
            at_ms=self.now_ms,
            ends_ms=self.end(sale, day),
            usable_ms=day_ms(day + sale.wait) if sale.wait else 0,
        )
        self.sum_points -= step.points

    def end_what_ended(self) -> None:
        keep = kept_for(self.book, at_ms=self.now_ms, promised=self.rights)
        self.book, gone = expire(self.book, at_ms=self.now_ms, keep=keep)
        self.expired += gone

    @staticmethod
    def end(step: Step, day: int) -> int | None:
        return None if step.life is None else day_ms(day + step.life)


POINTS = some.integers(0, 60)
STEPS = some.builds(
    Step,
    kind=some.sampled_from(["earn", "earn", "redeem", "give back", "take back", "wait"]),
    points=POINTS,
    later=some.sampled_from([0, 0, 1, 2, 5, 9]),
    life=some.sampled_from([None, 3, 7, 7, 12, 20]),
    wait=some.sampled_from([0, 0, 0, 2, 5]),
    which=some.integers(0, 9),
)
HISTORIES = some.lists(STEPS, max_size=14)
TO_THE_END_DAYS = 200


@given(HISTORIES)
def test_the_balance_is_the_sum_of_entries_and_the_book_keeps_its_shape(
    history: list[Step],
) -> None:
    member = Member()

    for step in history:
        member.live(step, on_time=False)
        assert balance(member.book) == member.sum_points
        assert balance(member.book) == (
            sum(lot.points for lot in (*member.book.lots, *member.book.waiting)) - member.book.debt
        )
    member.end_what_ended()
    assert balance(member.book) == member.sum_points - member.expired
    assert_in_shape(member.book, member.now_ms)


@given(HISTORIES, some.booleans())
def test_expiring_late_is_the_same_as_expiring_on_time(
    history: list[Step],
    by_rights: bool,  # noqa: FBT001 - drawn
) -> None:
    on_time, late = Member(), Member()

    for step in history:
        on_time.live(step, on_time=True, by_rights=by_rights)
        late.live(step, on_time=False, by_rights=by_rights)
        assert on_time.rights == late.rights
    for member in (on_time, late):
        member.rights = 0
        member.end_what_ended()

    assert on_time.book == late.book
    assert on_time.expired == late.expired
    for member in (on_time, late):
        member.day += TO_THE_END_DAYS
        member.end_what_ended()
    assert on_time.book == late.book


@given(HISTORIES)
def test_spend_rights_stay_covered_whatever_ends(history: list[Step]) -> None:
    member = Member()

    for step in history:
        member.live(step, on_time=True, by_rights=True)
        assert member.rights <= max(0, balance(member.book))


ENTRIES = some.lists(some.integers(-50, 50), max_size=20)


@given(ENTRIES.flatmap(lambda entries: some.tuples(some.just(entries), some.permutations(entries))))
def test_order_of_arrival_never_changes_a_balance(orders: tuple[list[int], list[int]]) -> None:
    def book_after(points: list[int]) -> LotBook:
        book = EMPTY_BOOK
        for change in points:
            if change >= 0:
                book = accrue(book, points=change, at_ms=START_MS, ends_ms=None)
            else:
                book, _ = redeem(book, points=-change, at_ms=START_MS)
        return book

    first, second = (book_after(points) for points in orders)

    assert first == second
    assert balance(first) == sum(orders[0])


BOOKS = some.lists(
    some.tuples(some.integers(1, 40), some.sampled_from([None, 10, 20, 30, 40])), max_size=6
)


@given(BOOKS, some.integers(0, 150), some.lists(some.integers(1, 40), max_size=8))
def test_giving_a_redemption_back_in_parts_restores_the_lots(
    lots: list[tuple[int, int | None]], points: int, parts: list[int]
) -> None:
    before = book_of(*lots)
    book, out = redeem(before, points=points, at_ms=day_ms(1))

    for part in [*parts, points]:
        back = min(part, out.points)
        book, out = give_back(book, out, points=back, at_ms=day_ms(2), grace_days=GRACE_DAYS)

    assert book == before
    assert out == Allocation()


@given(BOOKS, some.integers(0, 60), some.sampled_from([None, 20, 25]), some.integers(0, 9))
def test_a_sale_taken_back_at_once_leaves_the_book_as_it_was(
    lots: list[tuple[int, int | None]], points: int, life: int | None, wait: int
) -> None:
    before = book_of(*lots) if lots else book_of(debt=25)
    ends_ms = None if life is None else day_ms(life)
    usable_ms = day_ms(wait) if wait else 0

    book = accrue(before, points=points, at_ms=day_ms(1), ends_ms=ends_ms, usable_ms=usable_ms)
    book = take_back(book, points=points, at_ms=day_ms(1), ends_ms=ends_ms, usable_ms=usable_ms)

    assert book == before


@given(BOOKS, some.lists(some.integers(0, 30), max_size=6))
def test_taking_back_in_parts_is_taking_back_the_whole(
    lots: list[tuple[int, int | None]], parts: list[int]
) -> None:
    before = book_of(*lots)
    book = before

    for part in parts:
        book = take_back(book, points=part, at_ms=day_ms(1), ends_ms=day_ms(20))

    whole = take_back(before, points=sum(parts), at_ms=day_ms(1), ends_ms=day_ms(20))
    assert book == whole


@given(HISTORIES, some.integers(0, 30), some.integers(0, 400))
def test_all_that_ends_at_once_is_gone_but_what_is_kept(
    history: list[Step], days: int, keep: int
) -> None:
    member = Member()
    for step in history:
        member.live(step, on_time=False)
    before = member.book

    book, gone = expire_all(before, at_ms=member.now_ms + days, keep=keep, remember_days=60)

    there = balance(book) + book.debt
    assert balance(before) - gone == balance(book)
    assert there == max(0, min(keep, there + gone))
    assert sum(lot.points for lot in book.ended) == gone


@given(HISTORIES, some.integers(0, 40), some.integers(0, 20))
def test_what_is_revived_was_taken_by_expiration_and_comes_once(
    history: list[Step], days: int, later: int
) -> None:
    member = Member()
    for step in history:
        member.live(step, on_time=False)
    ended, gone = expire(member.book, at_ms=member.now_ms, remember_days=60)
    at_ms = day_ms(member.day + later)

    book, revived = reinstate(ended, days=days, at_ms=at_ms, tz_minutes=60, grace_days=9)
    again, more = reinstate(book, days=days, at_ms=at_ms, tz_minutes=60, grace_days=9)

    assert balance(book) == balance(ended) + revived
    assert revived <= gone
    assert (again, more) == (book, 0)
