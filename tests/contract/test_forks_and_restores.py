"""Restored disks, clones and restored servers: found by hashes, healed without loss."""

import contextlib
import copy

import pytest

from pos_loyalty.domain.event import EventRescued, encode_event
from pos_loyalty.domain.ids import EventId
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    SimpleTill,
    enrollment,
    new_id,
    new_member,
    rights_return,
    sale,
)


def rescue_of(till: SimpleTill, seq: int) -> EventRescued:
    """Carry an event of a till's abandoned journal over."""
    return EventRescued(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        original_stream=till.stream,
        original_seq=seq,
        original_hash=till.hashes[seq].hex(),
        original=till.journal[seq - 1].decode(),
    )


def joined_again(till: SimpleTill) -> SimpleTill:
    """The same till after it began a new journal."""
    assert till.joined is not None
    again = SimpleTill(till.url, key=till.key)
    again.join(till=till.joined.till, closes_stream=till.stream)
    return again


def test_S15_a_clone_that_sells_is_found_closed_and_told_what_is_held(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member), sale(member))
    clone = copy.deepcopy(till)
    till.exchange(sale(member, total=300))

    clone.append(sale(member, total=500))
    reply = clone.send(clone.request())

    assert reply.status is Status.CLOSED
    assert reply.known_hashes == (till.hashes[3].hex(),)
    closed = till.send(till.request())
    assert closed.status is Status.CLOSED


def test_S14_a_restored_till_learns_that_the_server_has_more(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member))
    restored = copy.deepcopy(till)
    till.exchange(sale(member), sale(member))

    reply = restored.send(restored.request())

    assert (reply.status, reply.have) == (Status.OK, 3)


def test_S14_a_fork_without_events_is_found_by_its_hash(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(sale(member))
    fork = copy.deepcopy(till)
    till.exchange(sale(member))
    fork.append(sale(member))

    reply = fork.send(fork.request(from_seq=3, events=(), prev_hash=fork.hashes[2].hex()))

    assert reply.status is Status.CLOSED
    assert till.send(till.request()).status is Status.CLOSED


def test_S15_both_branches_of_a_fork_join_again_and_no_sale_is_lost_or_doubled(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member), sale(member, total=1000))
    clone = copy.deepcopy(till)
    for branch, total in ((till, 200), (clone, 400)):
        branch.append(sale(member, total=total))
    till.send(till.request())
    assert clone.send(clone.request()).status is Status.CLOSED

    first, second = joined_again(till), joined_again(clone)
    for branch, again in ((till, first), (clone, second)):
        # A lost acknowledgement makes both carry over everything they are not sure of.
        again.exchange(rescue_of(branch, 2), rescue_of(branch, 3))
        again.exchange()

    assert second.member(member).balance == 50 + 10 + 2 + 4
    assert server.verified().faults == []


def test_joining_again_closes_the_old_journal_and_names_what_is_held(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(sale(member), sale(member))
    assert till.joined is not None

    again = SimpleTill(till.url, key=till.key)
    reply = again.join(till=till.joined.till, closes_stream=till.stream)

    assert reply.till == till.joined.till
    assert reply.known_hashes == tuple(value.hex() for value in till.hashes[1:])
    assert till.send(till.request()).status is Status.CLOSED


def test_S47_a_rescue_closes_the_old_journal_by_itself(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member))
    till.append(sale(member))
    assert till.joined is not None
    again = SimpleTill(till.url, key=till.key)
    again.join(till=till.joined.till)

    again.exchange(rescue_of(till, 2))

    assert till.send(till.request(from_seq=2, events=(), sig="")).status is Status.CLOSED
    again.exchange()
    assert again.member(member).balance == 71


def test_S47_a_rescue_of_a_rescue_counts_the_sale_once(server: RunningServer) -> None:
    first, member = server.joined_till(), new_member()
    first.append(sale(member))
    second = joined_again(first)
    second.append(rescue_of(first, 1))
    second.send(second.request())
    third = joined_again(second)

    reply = third.exchange(rescue_of(second, 1), rescue_of(first, 1))

    assert reply.verdicts == ((1, "duplicate"), (2, "duplicate"))
    third.exchange()
    assert third.member(member).balance == 21


def test_a_rescue_from_another_tills_journal_is_set_aside(server: RunningServer) -> None:
    mine, other, member = server.joined_till(), server.joined_till(), new_member()
    other.append(sale(member))

    reply = mine.exchange(rescue_of(other, 1))

    assert reply.verdicts == ((1, "quarantined"),)
    assert other.exchange().status is Status.OK


def test_a_rescued_sale_holds_no_rights(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(sale(member))
    again = joined_again(till)

    again.exchange(rescue_of(till, 1))
    reply = again.exchange(rights_return(member, 21))

    assert reply.verdicts == ((2, "overdraft"),)


def test_S09_a_server_that_lost_events_freezes_grants_until_tills_reported(
    own_server: RunningServer,
) -> None:
    first, second, member = own_server.joined_till(), own_server.joined_till(), new_member()
    first.exchange(enrollment(member))
    first.exchange(want_rights=((member, 30),))

    # The till was told of a longer journal than the books hold: they were restored.
    reply = first.take(first.send(first.request(lost_ack=9)))
    frozen = second.take(second.send(second.request(want_rights=((member, 20),))))

    assert (reply.status, frozen.status) == (Status.REPORT, Status.REPORT)
    assert reply.epoch == 2
    seen = ((member, 45),)
    first.exchange(granted_seen=seen, granted_complete=True)
    assert first.rights(member).granted == 45
    first.exchange(want_rights=((member, 50),))
    assert first.rights(member).granted == 45, "the second till has not reported yet"
    second.exchange(granted_seen=(), granted_complete=True)
    first.exchange(want_rights=((member, 50),))
    assert first.rights(member).granted == 45, "the owner has not confirmed the list of tills"
    own_server.owner("tills", "--confirm")
    first.exchange(want_rights=((member, 50),))
    assert first.rights(member).granted == 50


def test_a_report_in_pages_is_whole_only_with_its_last_page(own_server: RunningServer) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(enrollment(member))
    till.take(till.send(till.request(lost_ack=9)))

    page = till.send(till.request(granted_seen=((member, 5), ("nobody", 1), (member, -4))))
    whole = till.exchange(granted_seen=(), granted_complete=True)

    assert (page.status, whole.status) == (Status.REPORT, Status.OK)
    assert till.rights(member).granted == 5


def test_a_till_of_an_older_epoch_is_asked_to_report(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.append(sale(member))

    reply = till.send(till.request(epoch=0))

    assert (reply.status, reply.have) == (Status.REPORT, 0)
    assert till.exchange().have == 1


@pytest.mark.parametrize("events", [0, 1])
def test_S09_books_older_than_a_till_s_epoch_begin_one_above_it(
    own_server: RunningServer, events: int
) -> None:
    """A till ignores answers of older epochs: with an old one it would never get through."""
    till, member = own_server.joined_till(), new_member()
    till.append(*[sale(member)] * events)

    reply = till.take(till.send(till.request(epoch=7)))

    assert (reply.status, reply.epoch) == (Status.REPORT, 8)
    assert till.exchange(granted_seen=(), granted_complete=True).have == events
    rows = own_server.fetch("SELECT kind FROM attention WHERE stream = ?", till.stream)
    assert [row[0] for row in rows] == ["restored"]


def test_an_unknown_token_is_shown_to_the_owner_and_stops_nothing(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(sale(member))

    reply = till.exchange(sale(member), token="f" * 32)

    assert reply.status is Status.OK
    rows = server.fetch("SELECT kind FROM attention WHERE stream = ? ORDER BY kind", till.stream)
    assert [row[0] for row in rows] == ["till_twice"]


@pytest.mark.parametrize("lost", [1, 2, 5])
def test_the_token_of_lost_replies_is_no_suspicion(server: RunningServer, lost: int) -> None:
    till, member = server.joined_till(), new_member()
    for _ in range(lost):
        till.append(sale(member))
        till.send(till.request())  # the answer is lost, and its token with it

    till.exchange(sale(member))
    till.exchange(sale(member))

    assert server.fetch("SELECT kind FROM attention WHERE stream = ?", till.stream) == []


def test_the_bytes_of_a_rescue_may_be_as_long_as_an_event_may_be(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    event = encode_event(sale(member)).replace(b'"ana"', b'"' + b"a" * 60_000 + b'"')
    till.append_bytes(event)
    again = joined_again(till)

    reply = again.exchange(rescue_of(till, 1))

    assert reply.verdicts == ()


def test_S09_books_older_than_the_rows_a_till_has_read_are_restored_ones(
    own_server: RunningServer,
) -> None:
    first, second, member = own_server.joined_till(), own_server.joined_till(), new_member()
    first.exchange(enrollment(member))
    second.exchange()
    with contextlib.closing(own_server.open()) as database, database.write() as session:
        # Books of before: no till has sent anything since, but what it read is not there yet.
        session.execute("UPDATE clock SET v = v - 2")

    reply = second.take(second.send(second.request()))

    assert (reply.status, reply.epoch) == (Status.REPORT, 2)
    second.exchange(granted_seen=(), granted_complete=True)
    assert second.member(member).balance == 50
    second.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in second.rows, "the first till has not reported yet"
