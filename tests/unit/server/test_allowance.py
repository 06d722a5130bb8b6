"""The allowance never exceeds what its owner chose, whatever tills do with it."""

import random

from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.event import encode_event
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.allowance import NOT_COVERED, note_repaid
from pos_loyalty.server.books import Books
from pos_loyalty.server.ingest import fold_group
from tests.contract.simple_till import new_member, rights_return, sale
from tests.unit.server.test_fold import OTHER, STREAM, batch_of, fresh_books

TOTAL, PER_TILL = 250, 150
_MISS = 1 / 4


class Till:
    """Keeps the till's side: what it was told, and what it used."""

    def __init__(self, stream: StreamId) -> None:
        self.stream = stream
        self.total = 0
        self.used = 0
        self.unsent: list[bytes] = []

    @property
    def left(self) -> int:
        return max(0, self.total - self.used)


def books_with(total: int, per_till: int) -> Books:
    books = fresh_books()
    books.budget.total, books.budget.per_till = total, per_till
    return books


def send(books: Books, till: Till) -> None:
    state = books.streams[till.stream]
    before = len(till.unsent)
    batch = batch_of(books, till.stream, *till.unsent, top=state.last + before)
    books.in_debt = {m for m, one in books.members.items() if one.balance < one.outstanding}
    fold_group(books, [batch], tokens=["t"])
    note_repaid(books)
    settle(books, books.budget.repaid)
    books.budget.repaid.clear()
    till.unsent.clear()


def settle(books: Books, members: set[MemberId]) -> None:
    """Do what the statements do at the end of a group: what was repaid counts no more."""
    stay = []
    for item in books.attention:
        if item.kind == NOT_COVERED and item.member in members:
            books.budget.counted -= item.points
        else:
            stay.append(item)
    books.attention[:] = stay


def exposed(books: Books) -> int:
    """What tills may still take, and what they took that is not covered."""
    on_tills = sum(max(0, s.risk_granted - s.risk_used) for s in books.streams.values())
    missing = sum(item.points for item in books.attention if item.kind == NOT_COVERED)
    return on_tills + missing


@given(seed=st.integers(0, 100_000))
def test_what_is_given_away_never_exceeds_the_total(seed: int) -> None:
    rng, books = random.Random(seed), books_with(TOTAL, PER_TILL)
    tills, members = [Till(STREAM), Till(OTHER)], [new_member(), new_member()]
    true_points = dict.fromkeys(members, 0)

    for _ in range(30):
        till, member = rng.choice(tills), rng.choice(members)
        points = rng.randint(0, 120)
        if rng.random() < 1 / 2 and points:
            taken = min(points, till.left)
            till.used += taken
            true_points[member] -= taken
            if taken:
                till.unsent.append(
                    encode_event(sale(member, total=10, redeem=taken, risk_used=taken))
                )
        else:
            earned = rng.randint(1, 60)
            true_points[member] += earned
            event = sale(member, total=earned * 100)
            till.unsent.append(encode_event(event))
            till.unsent.append(encode_event(rights_return(member, earned)))
        if rng.random() > _MISS:
            send(books, till)
            if rng.random() > _MISS:  # else the answer is lost
                till.total = books.streams[till.stream].risk_granted

        assert exposed(books) <= TOTAL
        assert books.budget.counted == exposed(books)
        assert all(t.total <= books.streams[t.stream].risk_granted for t in tills)
        overdrawn = sum(-points for points in true_points.values() if points < 0)
        assert overdrawn <= TOTAL


def test_an_allowance_is_filled_only_by_the_server() -> None:
    books, member = books_with(TOTAL, PER_TILL), new_member()
    till = Till(STREAM)
    send(books, till)
    assert books.streams[STREAM].risk_granted == PER_TILL

    for _ in range(3):
        till.unsent.append(encode_event(sale(member, total=10, redeem=50, risk_used=50)))
        send(books, till)

    state = books.streams[STREAM]
    assert (state.risk_granted, state.risk_used) == (TOTAL, PER_TILL)
    assert exposed(books) == TOTAL
    send(books, Till(OTHER))
    assert books.streams[OTHER].risk_granted == 0, "nothing is left for anybody"
