"""Double disasters: a till joined again, and then the books were restored to before that."""

import contextlib

import pytest

from pos_loyalty.domain.ids import StreamId
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import SimpleTill, enrollment, new_member, sale
from tests.contract.test_forks_and_restores import joined_again, rescue_of


def place(till: SimpleTill, seq: int) -> tuple[StreamId, int, str]:
    return till.stream, seq, till.hashes[seq].hex()


def test_S09_the_server_says_how_far_it_holds_each_closed_journal(server: RunningServer) -> None:
    old, member = server.joined_till(), new_member()
    old.exchange(*(sale(member) for _ in range(4)))
    old.append(*(sale(member) for _ in range(3)))
    again = joined_again(old)

    whole = again.send(again.request(closed_streams=(place(old, 4), place(old, 3))))
    shorter = again.send(again.request(closed_streams=(place(old, 7), place(old, 3))))

    assert whole.held_of_closed == ((old.stream, 4),)
    assert shorter.held_of_closed == ((old.stream, 3),)


def test_S09_of_a_forked_journal_the_common_beginning_is_held(server: RunningServer) -> None:
    old, member = server.joined_till(), new_member()
    old.exchange(*(sale(member) for _ in range(4)))
    again = joined_again(old)
    fork = (old.stream, 4, "ab" * 32)

    reply = again.send(again.request(closed_streams=(fork, place(old, 3), place(old, 1))))
    nothing = again.send(again.request(closed_streams=(fork,)))

    assert reply.held_of_closed == ((old.stream, 3),)
    assert nothing.held_of_closed == ((old.stream, 0),)


@pytest.mark.parametrize("text", ["", "zz", "00" * 32])
def test_an_unknown_journal_is_held_to_nothing(server: RunningServer, text: str) -> None:
    till = server.joined_till()

    reply = till.send(till.request(closed_streams=((StreamId("f" * 32), 5, text),)))

    assert reply.held_of_closed == ((StreamId("f" * 32), 0),)


def test_of_another_tills_journal_nothing_is_said_and_nothing_done(server: RunningServer) -> None:
    mine, other, member = server.joined_till(), server.joined_till(), new_member()
    other.exchange(sale(member))

    reply = mine.send(mine.request(closed_streams=(place(other, 1),)))

    assert reply.held_of_closed == ()
    assert other.exchange(sale(member)).status is Status.OK


def test_S47_a_journal_that_its_till_has_closed_is_closed_in_restored_books(
    own_server: RunningServer,
) -> None:
    """Otherwise grants would wait for ever for its report."""
    old, member = own_server.joined_till(), new_member()
    old.exchange(enrollment(member), sale(member))
    again = joined_again(old)
    own_server.write("UPDATE stream SET closed = 0 WHERE stream = ?", old.stream)
    again.take(again.send(again.request(lost_ack=9)))

    reply = again.exchange(granted_seen=(), granted_complete=True, closed_streams=(place(old, 2),))

    assert reply.held_of_closed == ((old.stream, 2),)
    assert own_server.fetch("SELECT stream FROM stream WHERE closed = 0") == [(again.stream,)]
    assert own_server.fetch("SELECT 1 FROM stream WHERE closed = 0 AND frozen = 1") == []


def forget_stream(server: RunningServer, till: SimpleTill) -> None:
    """Make the books such as were restored to before a journal began."""
    server.write("DELETE FROM stream WHERE stream = ?", till.stream)


def test_S09_closing_a_journal_that_the_books_never_heard_of_begins_a_new_epoch(
    own_server: RunningServer,
) -> None:
    bystander, old = own_server.joined_till(), own_server.joined_till()
    again = joined_again(old)
    forget_stream(own_server, again)

    third = joined_again(again)
    asked = third.take(third.send(third.request()))
    waiting = bystander.send(bystander.request())

    assert third.joined is not None
    assert (third.joined.epoch, third.joined.known_hashes) == (2, ())
    assert (asked.status, waiting.status) == (Status.REPORT, Status.REPORT)
    assert own_server.fetch("SELECT roster_open FROM clock") == [(1,)]
    assert third.exchange(granted_seen=(), granted_complete=True).status is Status.OK
    items = own_server.fetch("SELECT kind, stream FROM attention WHERE kind = 'restored'")
    assert items == [("restored", third.stream)]


def test_S23_a_lost_answer_to_that_join_does_not_begin_yet_another_epoch(
    own_server: RunningServer,
) -> None:
    old = own_server.joined_till()
    again = joined_again(old)
    forget_stream(own_server, again)
    third = joined_again(again)
    assert third.joined is not None

    repeated = third.join(till=third.joined.till, closes_stream=again.stream)

    assert repeated.epoch == third.joined.epoch == 2


def test_where_tills_report_already_only_the_newcomer_has_to(own_server: RunningServer) -> None:
    bystander, old = own_server.joined_till(), own_server.joined_till()
    again = joined_again(old)
    forget_stream(own_server, again)
    bystander.take(bystander.send(bystander.request(lost_ack=9)))
    bystander.exchange(granted_seen=(), granted_complete=True)

    third = joined_again(again)

    assert third.joined is not None
    assert third.joined.epoch == 2
    assert bystander.exchange().status is Status.OK
    assert third.send(third.request()).status is Status.REPORT


def test_S47_what_is_carried_over_twice_counts_once(own_server: RunningServer) -> None:
    old, member = own_server.joined_till(), new_member()
    old.exchange(enrollment(member), sale(member), sale(member))
    before = old.member(member).balance
    again = joined_again(old)

    reply = again.exchange(*(rescue_of(old, seq) for seq in (1, 2, 3)))

    assert [verdict for _, verdict in reply.verdicts] == ["duplicate"] * 3
    assert again.member(member).balance == before
    with contextlib.closing(own_server.open()):
        assert own_server.verified().faults == []


def test_more_places_than_any_till_names_are_refused(server: RunningServer) -> None:
    from tests.contract.simple_till import Refused

    till = server.joined_till()
    many = tuple((StreamId(f"{number:032x}"), 1, "") for number in range(5_001))

    with pytest.raises(Refused) as refused:
        till.send(till.request(closed_streams=many))

    assert refused.value.status == 400
