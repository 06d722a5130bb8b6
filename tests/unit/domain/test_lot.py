"""Lots: which points are spent, which come back, which end, and what is owed."""

import datetime as dt

import pytest

from pos_loyalty.domain.calendar import end_of_day_ms, start_of_day_ms
from pos_loyalty.domain.lot import (
    EMPTY_BOOK,
    Allocation,
    Due,
    Lot,
    LotBook,
    accrue,
    balance,
    ended_points,
    expire,
    expire_all,
    give_back,
    kept_for,
    next_end,
    pending,
    redeem,
    reinstate,
    take_back,
    usable,
)
from tests.unit.domain.lot_cases import START_MS, assert_in_shape, book_of, day_ms, held

JANUARY_15_MS = start_of_day_ms(dt.date(2026, 1, 15), 60) + 12 * 60 * 60 * 1000


def test_points_of_one_end_are_one_lot_as_old_as_the_oldest() -> None:
    book = accrue(EMPTY_BOOK, points=5, at_ms=day_ms(2), ends_ms=day_ms(90))
    book = accrue(book, points=7, at_ms=day_ms(1), ends_ms=day_ms(90))

    assert book.lots == (Lot(day_ms(90), 0, day_ms(1), 12),)


def test_the_nearest_end_goes_first_and_what_never_ends_last() -> None:
    book = book_of((10, None), (10, 60), (10, 30))

    after, taken = redeem(book, points=25, at_ms=day_ms(1))

    assert held(after) == [(5, None)]
    assert [lot.points for lot in taken.taken] == [10, 10, 5]
    assert held(book) == [(10, 30), (10, 60), (10, None)]


def test_a_single_point_is_spent_as_many_are() -> None:
    book, taken = redeem(book_of((10, 30), (10, 60)), points=11, at_ms=day_ms(1))

    assert (held(book), taken.points, taken.debt) == ([(9, 60)], 11, 0)
    assert held(redeem(book, points=1, at_ms=day_ms(1))[0]) == [(8, 60)]
    assert redeem(book, points=0, at_ms=day_ms(1)) == (book, Allocation())


def test_oldest_stars_go_first_as_starbucks_says() -> None:
    june, july = end_of_day_ms(dt.date(2026, 6, 30), 60), end_of_day_ms(dt.date(2026, 7, 31), 60)
    book = accrue(EMPTY_BOOK, points=40, at_ms=START_MS + 1, ends_ms=july)
    book = accrue(book, points=30, at_ms=START_MS, ends_ms=june)

    book, _ = redeem(book, points=25, at_ms=START_MS + 2)

    assert next_end(book, START_MS + 2) == Due(5, june)
    assert june == start_of_day_ms(dt.date(2026, 7, 1), 60)


def test_what_is_not_there_is_a_debt_that_the_next_points_repay() -> None:
    book, taken = redeem(book_of((10, None)), points=25, at_ms=day_ms(1))

    assert (book.lots, book.debt, balance(book)) == ((), 15, -15)
    assert (taken.debt, taken.points) == (15, 25)
    book = accrue(book, points=20, at_ms=day_ms(2), ends_ms=day_ms(90))
    assert (held(book), book.debt) == ([(5, 90)], 0)


def test_points_that_ended_are_not_redeemed_although_nobody_removed_them() -> None:
    book, taken = redeem(book_of((10, 5), (4, 9)), points=6, at_ms=day_ms(5))

    assert (held(book), book.debt) == ([(10, 5)], 2)
    assert [lot.points for lot in taken.taken] == [4]


def test_points_end_with_the_moment_not_before() -> None:
    book = book_of((10, 5))

    assert redeem(book, points=6, at_ms=day_ms(5) - 1)[0].debt == 0
    assert expire(book, at_ms=day_ms(5) - 1)[1] == 0
    assert expire(book, at_ms=day_ms(5))[1] == 10


def test_pending_points_are_in_the_balance_and_cannot_be_used() -> None:
    book = accrue(EMPTY_BOOK, points=30, at_ms=START_MS, ends_ms=day_ms(90), usable_ms=day_ms(14))

    assert (balance(book), usable(book, day_ms(13))) == (30, 0)
    assert pending(book, day_ms(13)) == Due(30, day_ms(14))
    assert (usable(book, day_ms(14)), pending(book, day_ms(14))) == (30, Due())
    assert next_end(book, START_MS) == Due(30, day_ms(90))


def test_pending_points_repay_a_debt_when_they_can_be_used() -> None:
    book = accrue(EMPTY_BOOK, points=30, at_ms=START_MS, ends_ms=None, usable_ms=day_ms(14))
    book, _ = redeem(book, points=12, at_ms=day_ms(1))

    assert (book.debt, pending(book, day_ms(13)).points, balance(book)) == (12, 30, 18)
    book = accrue(book, points=1, at_ms=day_ms(15), ends_ms=None)
    assert (held(book), book.debt, book.waiting) == ([(19, None)], 0, ())


def test_pending_points_that_repaid_a_debt_are_not_told_to_end() -> None:
    book = accrue(EMPTY_BOOK, points=30, at_ms=START_MS, ends_ms=day_ms(60), usable_ms=day_ms(14))
    book, _ = redeem(book, points=30, at_ms=day_ms(1))

    assert next_end(book, day_ms(13)) == Due(30, day_ms(60))
    assert next_end(book, day_ms(14)) == Due()


def test_points_that_end_before_they_can_be_used_repay_nothing_and_end() -> None:
    book = accrue(EMPTY_BOOK, points=30, at_ms=START_MS, ends_ms=day_ms(7), usable_ms=day_ms(14))
    book, _ = redeem(book, points=12, at_ms=day_ms(1))
    same = take_back(book, points=10, at_ms=day_ms(2), ends_ms=day_ms(7), usable_ms=day_ms(14))

    assert expire(book, at_ms=day_ms(7)) == (LotBook((), 12), 30)
    assert expire(same, at_ms=day_ms(20)) == (LotBook((), 12), 20)


def test_a_redemption_comes_back_to_its_lots_the_last_taken_first() -> None:
    book, taken = redeem(book_of((10, 30), (10, 60)), points=25, at_ms=day_ms(1))

    book, taken = give_back(book, taken, points=8, at_ms=day_ms(2), grace_days=30)
    assert (held(book), book.debt, taken.debt) == ([(3, 60)], 0, 0)
    book, taken = give_back(book, taken, points=17, at_ms=day_ms(3), grace_days=30)
    assert (held(book), taken) == ([(10, 30), (10, 60)], Allocation())


def test_parts_of_a_redemption_come_back_in_the_opposite_order_one_after_the_other() -> None:
    book, out = redeem(book_of((10, 30), (10, 60), (10, 90)), points=30, at_ms=day_ms(1))
    seen: list[list[tuple[int, int | None]]] = []

    for _ in range(3):
        book, out = give_back(book, out, points=6, at_ms=day_ms(2), grace_days=1)
        seen.append(held(book))

    assert seen == [[(6, 90)], [(2, 60), (10, 90)], [(8, 60), (10, 90)]]
    assert [lot.points for lot in out.taken] == [10, 2]


def test_a_lot_that_ended_meanwhile_lives_again_for_the_days_of_grace() -> None:
    book, taken = redeem(book_of((10, 30), (10, 60)), points=15, at_ms=day_ms(1))

    book, _ = give_back(book, taken, points=15, at_ms=day_ms(40), grace_days=10)

    assert held(book) == [(10, 50), (10, 60)]


@pytest.mark.parametrize(("late_ms", "ends_day"), [(-1, 30), (0, 40), (1, 40)])
def test_the_days_of_grace_begin_with_the_very_moment_of_the_end(
    late_ms: int, ends_day: int
) -> None:
    book, taken = redeem(book_of((10, 30)), points=10, at_ms=day_ms(1))

    book, _ = give_back(book, taken, points=10, at_ms=day_ms(30) + late_ms, grace_days=10)

    assert held(book) == [(10, ends_day)]


def test_what_was_debt_and_is_repaid_comes_back_as_points_earned_now() -> None:
    book, taken = redeem(EMPTY_BOOK, points=20, at_ms=day_ms(1))
    book = accrue(book, points=15, at_ms=day_ms(2), ends_ms=day_ms(30))

    book, taken = give_back(
        book, taken, points=22, at_ms=day_ms(3), grace_days=1, ends_ms=day_ms(80)
    )

    assert (held(book), book.debt, balance(book)) == ([(17, 80)], 0, 17)
    assert taken == Allocation()


def test_points_that_come_back_repay_what_was_taken_meanwhile() -> None:
    book, first = redeem(book_of((10, 30)), points=10, at_ms=day_ms(1))
    book, _ = redeem(book, points=4, at_ms=day_ms(2))

    book, _ = give_back(book, first, points=10, at_ms=day_ms(3), grace_days=0)

    assert (held(book), book.debt) == ([(6, 30)], 0)


def test_a_sale_s_points_are_taken_from_its_own_lot_then_as_a_redemption() -> None:
    book = book_of((10, 30), (10, 60))

    own = take_back(book, points=4, at_ms=day_ms(1), ends_ms=day_ms(60))
    more = take_back(book, points=14, at_ms=day_ms(1), ends_ms=day_ms(60))
    most = take_back(book, points=24, at_ms=day_ms(1), ends_ms=day_ms(60))

    assert held(own) == [(10, 30), (6, 60)]
    assert held(more) == [(6, 30)]
    assert (held(most), most.debt) == ([], 4)


def test_a_refund_eats_the_pending_points_of_its_sale_first() -> None:
    book = book_of((10, 30))
    book = accrue(book, points=5, at_ms=START_MS, ends_ms=day_ms(30), usable_ms=day_ms(14))

    early = take_back(book, points=5, at_ms=day_ms(2), ends_ms=day_ms(30), usable_ms=day_ms(14))
    late = take_back(book, points=5, at_ms=day_ms(20), ends_ms=day_ms(30), usable_ms=day_ms(14))

    assert (held(early), early.waiting) == ([(10, 30)], ())
    assert (held(late), late.waiting) == ([(10, 30)], ())


def test_a_sale_s_lot_that_is_not_there_leaves_the_others_to_pay() -> None:
    book = book_of((10, 30))

    assert held(take_back(book, points=4, at_ms=day_ms(1), ends_ms=None)) == [(6, 30)]
    assert held(take_back(book, points=4, at_ms=day_ms(1), ends_ms=day_ms(20))) == [(6, 30)]
    assert take_back(
        book, points=4, at_ms=day_ms(1), ends_ms=None, usable_ms=day_ms(9)
    ) == take_back(book, points=4, at_ms=day_ms(1), ends_ms=None)


def test_a_sale_s_lot_that_ended_is_not_there_even_before_it_is_removed() -> None:
    book = take_back(book_of((10, 5), (10, 60)), points=4, at_ms=day_ms(6), ends_ms=day_ms(5))

    assert held(book) == [(10, 5), (6, 60)]


def test_expiration_removes_what_ended_and_keeps_what_a_till_may_still_spend() -> None:
    book = book_of((10, 5), (20, 6), (30, 60))

    assert ended_points(book, day_ms(6)) == 30
    assert held(expire(book, at_ms=day_ms(6))[0]) == [(30, 60)]
    assert expire(book, at_ms=day_ms(6), keep=31) == (book, 0)
    keep = kept_for(book, at_ms=day_ms(6), promised=45)
    kept, gone = expire(book, at_ms=day_ms(6), keep=keep)
    assert (held(kept), gone, keep) == ([(15, 6), (30, 60)], 15, 15)


@pytest.mark.parametrize(
    ("promised", "keep"), [(0, 0), (-3, 0), (30, 0), (31, 1), (59, 29), (60, 30), (90, 30)]
)
def test_what_is_kept_covers_the_spend_rights_and_no_more(promised: int, keep: int) -> None:
    book = book_of((10, 5), (20, 6), (30, 60))

    assert kept_for(book, at_ms=day_ms(6), promised=promised) == keep


def test_a_single_point_that_was_promised_is_kept() -> None:
    assert kept_for(book_of((10, 5)), at_ms=day_ms(6), promised=1) == 1


def test_pending_points_cover_no_spend_right() -> None:
    book = accrue(book_of((10, 5)), points=40, at_ms=START_MS, ends_ms=None, usable_ms=day_ms(30))

    assert kept_for(book, at_ms=day_ms(6), promised=10) == 10


def test_points_kept_for_a_till_pay_what_its_rights_covered_and_nothing_else() -> None:
    book = book_of((10, 5), (20, 6), (30, 60))

    by_rights, taken = redeem(book, points=45, at_ms=day_ms(7), promised=45)
    in_part, _ = redeem(book, points=45, at_ms=day_ms(7), promised=10)
    without, _ = redeem(book, points=45, at_ms=day_ms(7))

    assert (held(by_rights), by_rights.debt) == ([(10, 5), (5, 6)], 0)
    assert [lot.points for lot in taken.taken] == [30, 15]
    assert (held(in_part), in_part.debt) == ([(10, 5), (10, 6)], 5)
    assert (held(without), without.debt) == ([(10, 5), (20, 6)], 15)


def test_all_lots_end_at_once_for_who_did_not_come_or_fell() -> None:
    book = book_of((10, 5), (20, 60), (30, None))
    book = accrue(book, points=4, at_ms=START_MS, ends_ms=None, usable_ms=day_ms(30))

    assert expire_all(book, at_ms=day_ms(20)) == (EMPTY_BOOK, 64)
    kept, gone = expire_all(book, at_ms=day_ms(20), keep=50)
    assert (held(kept), gone) == ([(50, 20)], 14)
    assert expire(kept, at_ms=day_ms(21)) == (EMPTY_BOOK, 50)


def test_ten_days_on_15_january_revive_what_ended_on_5_january_as_salesforce_does() -> None:
    book = EMPTY_BOOK
    for day, points in ((3, 1), (4, 2), (5, 4), (6, 8), (14, 16), (15, 32)):
        end = end_of_day_ms(dt.date(2026, 1, day), 60)
        book = accrue(book, points=points, at_ms=START_MS, ends_ms=end)
    book, gone = expire(book, at_ms=JANUARY_15_MS, remember_days=30)

    revived, points = reinstate(book, days=10, at_ms=JANUARY_15_MS, tz_minutes=60, grace_days=30)

    assert (gone, points, balance(revived)) == (31, 4 + 8 + 16, 32 + 28)
    assert next_end(revived, JANUARY_15_MS).points == 32
    assert [lot.points for lot in revived.ended] == [1, 2]
    again, points = reinstate(revived, days=10, at_ms=JANUARY_15_MS, tz_minutes=60, grace_days=30)
    assert (again, points) == (revived, 0)


def test_what_ended_is_remembered_as_long_as_it_can_be_revived() -> None:
    book, _ = expire(book_of((10, 5), (20, 9)), at_ms=day_ms(10), remember_days=7)

    assert [lot.points for lot in book.ended] == [10, 20]
    a_day, _ = expire(book_of((10, 5)), at_ms=day_ms(5), remember_days=1)
    assert reinstate(a_day, days=1, at_ms=day_ms(6) - 1, tz_minutes=0, grace_days=1)[1] == 10
    assert [lot.points for lot in expire(book, at_ms=day_ms(14), remember_days=7)[0].ended] == [20]
    assert expire(book, at_ms=day_ms(10))[0].ended == ()
    assert expire(book_of((10, 5)), at_ms=day_ms(10))[0].ended == ()


def test_revived_points_repay_a_debt_first() -> None:
    book, _ = expire(book_of((10, 5)), at_ms=day_ms(6), remember_days=7)
    book, _ = redeem(book, points=4, at_ms=day_ms(6))

    book, points = reinstate(book, days=7, at_ms=day_ms(7), tz_minutes=0, grace_days=30)

    assert (points, held(book), book.debt) == (10, [(6, 37)], 0)


def test_nothing_ends_next_where_nothing_has_an_end() -> None:
    assert next_end(book_of((10, None)), START_MS) == Due()
    assert next_end(book_of((10, 5), (4, 8)), day_ms(5)) == Due(4, day_ms(8))


def test_flocafe_s_collapse_of_balances_cannot_happen() -> None:
    """There the balance was what lives less everything ever spent: it falls with each end."""
    book = book_of((100, 30))
    book, _ = redeem(book, points=100, at_ms=day_ms(1))
    book = accrue(book, points=50, at_ms=day_ms(40), ends_ms=day_ms(70))
    book, gone = expire(book, at_ms=day_ms(41))

    collapsed = 50 - 100
    assert (balance(book), gone) == (50, 0)
    assert balance(book) != collapsed
    assert_in_shape(book, day_ms(41))
