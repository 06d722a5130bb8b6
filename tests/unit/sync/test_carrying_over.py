"""A week of unsent events is carried into a new journal in slices, whatever happens between."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.domain.event import EventRescued, decode_event
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.store import carrying, joining
from pos_loyalty.store.settings import Setting
from tests.unit.sync.model_server import ModelServer
from tests.unit.sync.sim_till import SimTill

MEMBER = MemberId(f"{1:032x}")
OTHER = MemberId(f"{2:032x}")
WEEK = 1_400


@pytest.fixture
def till(tmp_path: Path) -> Iterator[SimTill]:
    made = SimTill(tmp_path / "till", random.Random(1))
    made.join(ModelServer(page=100))
    yield made
    made.store.close()


def sell(till: SimTill, count: int, member: MemberId = MEMBER) -> None:
    for _ in range(count):
        till.sell(member, 10)


def begin_stream(till: SimTill, *, held: int = 0, is_unknown: bool = False) -> int:
    """Join again; the server holds so many of the open stream's events."""
    with till.store.read() as read:
        rows = read.connection.execute(
            "SELECT hash FROM event e JOIN stream s USING (stream_no)"
            " WHERE s.is_open = 1 AND seq <= ?",
            (held,),
        ).fetchall()
    return till.joining.begin_stream(
        StreamId(till.ids.random_bytes(16).hex()),
        "nonce",
        known_hashes={row[0].hex() for row in rows},
        epoch=1,
        token="",
        is_unknown=is_unknown,
    )


def carried(till: SimTill) -> list[tuple[int, str]]:
    """Return (place in the open stream, hash of the original) of what was carried over."""
    batch = till.state.batch(1, events_max=100_000, bytes_max=1 << 30)
    events = [decode_event(data) for data in batch.events]
    return [
        (seq, event.original_hash)
        for seq, event in enumerate(events, start=1)
        if isinstance(event, EventRescued)
    ]


def acknowledge(till: SimTill, seq: int) -> None:
    with till.store.write() as work:
        work.connection.execute("UPDATE stream SET acked_seq = ? WHERE is_open = 1", (seq,))
        work.commit()


def test_a_week_is_carried_over_in_slices_with_a_sale_between(till: SimTill) -> None:
    sell(till, WEEK)

    slices = [begin_stream(till)]
    till.verify()
    till.sell(OTHER, 7)
    till.verify()
    while count := till.joining.carry_over():
        slices.append(count)
        till.verify()

    assert slices == [joining.EVENTS_PER_TRANSACTION] * (WEEK // joining.EVENTS_PER_TRANSACTION)
    assert till.balance(MEMBER) == 10 * WEEK
    assert till.balance(OTHER) == 7
    places = carried(till)
    assert len({original for _, original in places}) == WEEK
    assert joining.EVENTS_PER_TRANSACTION + 1 not in {seq for seq, _ in places}


def test_a_power_cut_between_two_slices_loses_nothing_and_doubles_nothing(till: SimTill) -> None:
    sell(till, 500)

    begin_stream(till)
    till.restart()
    assert till.state.waiting().events == 500
    while till.joining.carry_over():
        till.restart()

    assert len({original for _, original in carried(till)}) == len(carried(till)) == 500
    assert till.balance(MEMBER) == 5_000
    assert till.state.waiting().events == 500
    till.verify()


def test_a_stream_that_closes_while_events_wait_takes_them_along(till: SimTill) -> None:
    sell(till, 500)
    first = begin_stream(till)
    till.sell(OTHER, 7)

    begin_stream(till)
    while till.joining.carry_over():
        pass

    assert first == joining.EVENTS_PER_TRANSACTION
    assert len({original for _, original in carried(till)}) == 501
    assert (till.balance(MEMBER), till.balance(OTHER)) == (5_000, 7)
    till.verify()


def test_what_the_server_holds_stays_where_it_is(till: SimTill) -> None:
    sell(till, 300)

    assert begin_stream(till, held=290) == 10

    assert till.balance(MEMBER) == 100
    till.verify()


def test_S09_a_stream_that_the_server_never_heard_of_is_carried_over_from_its_start(
    till: SimTill,
) -> None:
    sell(till, 30)
    acknowledge(till, 20)

    assert begin_stream(till, is_unknown=True) == 30

    assert till.balance(MEMBER) == 300
    till.verify()


class Closed:
    """A till with two closed journals of which everything was acknowledged once."""

    def __init__(self, till: SimTill) -> None:
        self.till = till
        self.streams: list[StreamId] = []
        for member in (MEMBER, OTHER):
            sell(till, 12, member)
            acknowledge(till, 12)
            self.streams.append(till.state.position().stream)
            begin_stream(till)
        with till.store.write() as work:
            work.settings.put(Setting.CLOSED_CHECKED, "")
            work.commit()

    def say(self, *held: int) -> int:
        """Let the server say how far it holds them."""
        return self.till.state.take_held_of_closed(tuple(zip(self.streams, held, strict=True)))


@pytest.fixture
def closed(till: SimTill) -> Closed:
    return Closed(till)


def test_closed_journals_are_named_at_their_ends_and_farther_back(
    till: SimTill, closed: Closed
) -> None:
    named = till.state.closed_streams()

    assert [seq for stream, seq, _ in named if stream == closed.streams[0]] == [12, 11, 7]
    assert {stream for stream, _, _ in named} == set(closed.streams)
    assert till.state.position().asks_of_closed


def test_S09_what_a_restored_server_lost_of_closed_journals_comes_back_oldest_first(
    till: SimTill, closed: Closed
) -> None:
    assert till.joining.carry_over() == 0, "nothing before the server has said what it holds"

    assert closed.say(10, 7) == 2 + 5
    till.verify()
    assert not till.state.position().asks_of_closed
    assert till.state.waiting().events == 7
    assert till.joining.carry_over() == 7

    assert till.joining.carry_over() == 0
    assert (till.balance(MEMBER), till.balance(OTHER)) == (20, 50)
    order = [
        event
        for event in map(decode_event, till.state.batch(1, events_max=99, bytes_max=1 << 30).events)
        if isinstance(event, EventRescued)
    ]
    places = [(event.original_stream, event.original_seq) for event in order]
    assert places == [(closed.streams[0], seq) for seq in (11, 12)] + [
        (closed.streams[1], seq) for seq in (8, 9, 10, 11, 12)
    ]
    till.verify()


def test_S47_asked_a_second_time_nothing_is_carried_over_twice(
    till: SimTill, closed: Closed
) -> None:
    closed.say(10, 12)
    till.joining.carry_over()

    assert closed.say(10, 12) == 0
    assert till.joining.carry_over() == 0
    assert len(carried(till)) == 2


def test_books_restored_again_to_an_even_older_day_ask_for_the_rest(
    till: SimTill, closed: Closed
) -> None:
    closed.say(10, 12)
    till.joining.carry_over()

    assert closed.say(4, 12) == 6
    till.joining.carry_over()

    assert len({original for _, original in carried(till)}) == 8
    assert till.balance(MEMBER) == 80
    till.verify()


def test_a_server_of_before_says_nothing_and_is_not_asked_again(
    till: SimTill, closed: Closed
) -> None:
    assert till.state.take_held_of_closed(()) == 0

    assert not till.state.position().asks_of_closed
    assert till.joining.carry_over() == 0
    assert closed.streams


def test_a_power_cut_after_the_answer_keeps_the_intent(till: SimTill, closed: Closed) -> None:
    closed.say(0, 12)
    till.restart()

    assert till.joining.carry_over() == 12
    assert till.balance(MEMBER) == 120
    till.verify()


def test_nonsense_about_journals_changes_nothing(till: SimTill, closed: Closed) -> None:
    nonsense = ((closed.streams[0], -5), (StreamId("f" * 32), 3), (closed.streams[1], 99))

    assert till.state.take_held_of_closed(nonsense) == 0
    till.verify()


def test_the_checker_from_outside_knows_what_waits(till: SimTill) -> None:
    """`tools/check_books.py` reads the setting by itself: this is how it looks."""
    sell(till, 450)

    begin_stream(till)

    with till.store.read() as read:
        text = read.settings.text(Setting.RESCUES_WAITING)
        assert carrying.waiting(read.connection) == [carrying.Waiting(1, 201, 450)]
    assert json.loads(text) == [[1, 201, 450]]
