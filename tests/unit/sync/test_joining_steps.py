"""Joining, joining again, and telling a restored server what was granted."""

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, NotOurServer
from pos_loyalty.domain.event import Basket, EventRescued, SaleLine, decode_event
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.sync import exchange as exchange_module
from pos_loyalty.sync.exchange import Step
from pos_loyalty.sync.join import Join
from pos_loyalty.sync.rejoin import Rejoin
from pos_loyalty.wire.messages import Status
from tests.builders import sale
from tests.unit.sync.model_server import Books, ModelServer
from tests.unit.sync.sim_till import SimTill

MEMBERS = tuple(MemberId(f"{number:032x}") for number in range(1, 6))


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(page=100)


@pytest.fixture
def till(tmp_path: Path, server: ModelServer) -> Iterator[SimTill]:
    made = SimTill(tmp_path / "till", random.Random(1))
    made.join(server)
    yield made
    made.store.close()


def grant_to(till: SimTill, server: ModelServer) -> None:
    """Let the server grant each member's points to the till."""
    for member in MEMBERS:
        server.books.balances[member] = 30
    till.take(server.exchange(till.request(want=tuple((m, 30) for m in MEMBERS))), server)
    till.settle(server)
    assert all(till.rights(member).granted == 30 for member in MEMBERS)


def test_granted_totals_are_reported_in_pages_and_only_the_last_one_ends_the_freeze(
    till: SimTill, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "REPORT_MEMBERS_MAX", 2)
    backup = server.backup()
    grant_to(till, server)
    server.restore(backup, is_announced=True)
    pages: list[tuple[int, bool]] = []

    for _ in range(10):
        request = till.request()
        if request.granted_seen is not None:
            pages.append((len(request.granted_seen), request.granted_complete))
            assert request.events == ()
        if till.take(server.exchange(request), server).step is Step.DONE:
            break

    assert pages == [(2, False), (2, False), (1, True)]
    stream = till.state.position().stream
    assert not server.books.streams[stream].frozen
    assert all(server.outstanding(member, stream) == 30 for member in MEMBERS)


def test_a_report_that_did_not_do_begins_again(
    till: SimTill, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange_module, "REPORT_MEMBERS_MAX", 2)
    backup = server.backup()
    grant_to(till, server)
    server.restore(backup, is_announced=True)
    till.take(server.exchange(till.request()), server)
    complete = False
    while not complete:
        request = till.request()
        complete = request.granted_complete
        reply = server.exchange(request)
        if complete:
            reply = msgspec.structs.replace(reply, status=Status.REPORT, rows=())
        till.take(reply, server)

    first_again = till.request()

    assert first_again.granted_seen is not None
    assert first_again.granted_seen[0][0] == MEMBERS[0]
    assert not first_again.granted_complete


def right_after_joining(server: ModelServer) -> Books:
    """Return the books as they were before the first event."""
    books = server.backup()
    for stream in books.streams.values():
        stream.events.clear()
        del stream.hashes[1:]
    return replace(books, balances={}, rights={}, counted=set(), changes={})


def test_a_report_survives_a_gap(till: SimTill, server: ModelServer) -> None:
    for member in MEMBERS:
        till.sell(member, 5)
    till.settle(server)
    server.restore(right_after_joining(server), is_announced=True)

    till.settle(server)

    assert server.books.balances == dict.fromkeys(MEMBERS, 5)
    assert till.state.position().acked_seq == 5


def test_what_was_carried_over_twice_keeps_its_first_identity(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(MEMBERS[0], 7)
    first = till.state.position().stream
    original = till.state.hash_at(1)
    for _ in range(2):
        server.books.streams[till.state.position().stream].closed = True
        till.take(server.exchange(till.request()), server)
        if till.state.position().stream != first:
            server.books.streams[till.state.position().stream].closed = True

    with till.store.read() as read:
        stream_no = read.journal.stream().stream_no
        rows = read.connection.execute(
            "SELECT bytes FROM event WHERE stream_no = ?", (stream_no,)
        ).fetchall()
    carried = decode_event(rows[0][0])

    assert len(rows) == 1
    assert isinstance(carried, EventRescued)
    assert original is not None
    assert (carried.original_stream, carried.original_seq) == (first, 1)
    assert carried.original_hash == original.hex()
    assert till.balance(MEMBERS[0]) == 7
    till.verify()


def test_a_repeated_request_names_the_same_new_stream(till: SimTill) -> None:
    rejoin = Rejoin(storage=till.joining, clock=till.clock, public_key="key")

    first, second = rejoin.next_request(), rejoin.next_request()

    assert first.stream == second.stream != first.closes_stream
    assert first.join_nonce == second.join_nonce


def test_joining_again_at_a_stranger_changes_nothing(till: SimTill, server: ModelServer) -> None:
    till.sell(MEMBERS[0], 7)
    before = till.state.position()
    rejoin = Rejoin(storage=till.joining, clock=till.clock, public_key="key")
    reply = msgspec.structs.replace(
        server.join(rejoin.next_request()), merchant=MerchantId("0" * 32)
    )

    with pytest.raises(NotOurServer) as refused:
        rejoin.take(reply, ())

    assert refused.value.code is Code.SERVER_OTHER_MERCHANT
    assert till.state.position() == before


def test_a_server_that_counts_in_another_currency_is_not_joined(
    tmp_path: Path, server: ModelServer
) -> None:
    till = SimTill(tmp_path / "other", random.Random(2))
    join = Join(storage=till.joining, clock=till.clock, server_url="http://x", public_key="key")
    reply = msgspec.structs.replace(server.join(join.next_request(" code ")), currency="JPY")

    with pytest.raises(CommandRefused) as refused:
        join.take(reply)

    assert refused.value.code is Code.JOIN_CURRENCY
    assert not till.state.position().is_joined
    assert join.next_request(" code ").code == "code"
    till.store.close()


def test_rights_stay_behind_with_the_old_stream(till: SimTill, server: ModelServer) -> None:
    till.sell(MEMBERS[0], 20)
    till.settle(server)
    old = till.state.position().stream
    server.books.streams[old].closed = True

    till.take(server.exchange(till.request()), server)
    till.settle(server)

    assert till.rights(MEMBERS[0]).spendable == 0
    assert server.outstanding(MEMBERS[0], old) == 20
    assert till.balance(MEMBERS[0]) == 20


def test_the_longest_event_can_be_carried_over(till: SimTill, server: ModelServer) -> None:
    with till.store.write() as work:
        lines = tuple(SaleLine(amount=1, sku=f"{number:020}") for number in range(1500))
        work.journal.append(
            msgspec.structs.replace(
                sale(77, member=MEMBERS[0], earned=3),
                sale=Basket(total=1500, currency="EUR", lines=lines),
            )
        )
        work.commit()
    size = len(till.state.batch(1, events_max=1, bytes_max=1).events[0])
    server.books.streams[till.state.position().stream].closed = True

    till.take(server.exchange(till.request()), server)
    till.settle(server)

    assert size > 50_000
    assert till.state.waiting().events == 0
    assert till.balance(MEMBERS[0]) == 3
    till.verify()


def test_joining_again_in_a_new_epoch_pulls_everything_again(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(MEMBERS[0], 7)
    till.settle(server)
    assert till.state.position().cursor
    rejoin = Rejoin(storage=till.joining, clock=till.clock, public_key="key")
    server.books.epoch = 9

    carried = rejoin.take(server.join(rejoin.next_request()), ())

    assert carried == 0
    assert till.state.position().epoch == 9
    assert till.state.position().cursor == ""


def test_a_batch_ends_where_it_would_be_too_long_but_holds_one_event(till: SimTill) -> None:
    for _ in range(3):
        till.sell(MEMBERS[0], 1)
    one = till.state.batch(1, events_max=10, bytes_max=1)
    two = till.state.batch(1, events_max=10, bytes_max=2 * len(one.events[0]) + 10)

    assert (one.last_seq, two.last_seq) == (1, 2)
    assert one.last_hash == till.state.hash_at(1)
    assert two.last_hash == till.state.hash_at(2)


def test_joining_again_with_a_code_voids_versions_and_unused_rights_of_the_old_server(
    till: SimTill, server: ModelServer
) -> None:
    grant_to(till, server)
    till.sell(MEMBERS[0], 1, redeem=20)
    for _ in range(5):
        till.sell(MEMBERS[1], 2)
        till.settle(server)
    fresh = ModelServer(page=100)

    till.join(fresh)
    assert till.rights(MEMBERS[2]).spendable == 0
    assert till.rights(MEMBERS[0]).spendable == 0
    till.settle(fresh)

    assert fresh.books.balances == {MEMBERS[0]: -19, MEMBERS[1]: 10}
    assert [till.balance(member) for member in MEMBERS[:2]] == [-19, 10]
    till.verify()
