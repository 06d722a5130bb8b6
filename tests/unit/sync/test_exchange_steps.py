"""Single replies and what the exchange makes of them."""

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, MerchantId
from pos_loyalty.store.sync_state import PageSlice, SyncPosition
from pos_loyalty.sync.exchange import Step
from pos_loyalty.wire.messages import CardRow, MemberRow, ProgramRow, RightsRow, Row, Status
from tests.builders import STANDARD
from tests.unit.sync.model_server import MERCHANT, ModelServer
from tests.unit.sync.sim_till import SimTill

ANN = MemberId("1" * 32)
BEN = MemberId("2" * 32)


@pytest.fixture
def server() -> ModelServer:
    return ModelServer(page=100)


@pytest.fixture
def till(tmp_path: Path, server: ModelServer) -> Iterator[SimTill]:
    made = SimTill(tmp_path / "till", random.Random(1))
    made.join(server)
    yield made
    made.store.close()


def test_S05_a_reply_to_another_request_is_ignored(till: SimTill, server: ModelServer) -> None:
    till.sell(ANN, 10)
    late = server.exchange(till.request())
    till.request()

    outcome = till.exchange.take(late)

    assert outcome.step is Step.IGNORED
    assert till.state.position().acked_seq == 0


def test_a_reply_is_taken_once(till: SimTill, server: ModelServer) -> None:
    till.sell(ANN, 10)
    reply = server.exchange(till.request())

    assert till.exchange.take(reply).step is Step.DONE
    assert till.exchange.take(reply).step is Step.IGNORED


def test_a_reply_without_hash_and_token_accuses_nobody_and_keeps_the_token(
    till: SimTill, server: ModelServer
) -> None:
    till.sell(ANN, 10)
    token = till.state.position().token
    reply = msgspec.structs.replace(server.exchange(till.request()), have_hash="", token="")

    assert till.exchange.take(reply).step is Step.DONE
    assert till.state.position().token == token


def test_another_merchant_s_reply_changes_nothing(till: SimTill, server: ModelServer) -> None:
    till.sell(ANN, 10)
    reply = server.exchange(till.request())
    stranger = msgspec.structs.replace(reply, merchant=MerchantId("0" * 32))

    with pytest.raises(NotOurServer) as refused:
        till.exchange.take(stranger)

    assert refused.value.code is Code.SERVER_OTHER_MERCHANT
    assert till.state.position().acked_seq == 0


def test_a_sale_while_the_request_is_built_is_no_second_writer(
    till: SimTill, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till.sell(ANN, 10)
    read_position = till.state.position

    def position_before_a_sale() -> SyncPosition:
        position = read_position()
        monkeypatch.undo()
        till.sell(ANN, 10)
        return position

    monkeypatch.setattr(till.state, "position", position_before_a_sale)
    request = till.request()

    assert len(request.events) == 2
    assert till.take(server.exchange(request), server).step is Step.DONE


def test_a_reply_of_an_older_epoch_is_ignored(till: SimTill, server: ModelServer) -> None:
    server.books.epoch = 2
    till.settle(server)
    till.sell(ANN, 10)
    reply = msgspec.structs.replace(server.exchange(till.request()), epoch=1)

    assert till.exchange.take(reply).step is Step.IGNORED
    assert till.state.position().acked_seq == 0


def test_busy_is_a_pause_that_the_server_chooses(till: SimTill, server: ModelServer) -> None:
    till.sell(ANN, 10)
    reply = msgspec.structs.replace(
        server.exchange(till.request()), status=Status.BUSY, retry_after_ms=700
    )

    outcome = till.exchange.take(reply)

    assert outcome.step is Step.WAIT
    assert outcome.wait_ms == 700
    assert till.state.position().acked_seq == 0


def test_events_are_not_sent_again_while_pages_wait(till: SimTill) -> None:
    server = ModelServer(page=1)
    till.join(server)
    for member in (ANN, BEN):
        till.sell(member, 10)
    first = till.request()

    outcome = till.take(server.exchange(first), server)
    second = till.request()

    assert len(first.events) == 2
    assert outcome.step is Step.MORE
    assert second.events == ()
    assert second.from_seq == 3
    assert till.state.position().acked_seq == 0
    assert till.take(server.exchange(second), server).step is Step.DONE
    assert till.state.position().acked_seq == 2


def test_S20_an_acknowledgement_never_covers_what_is_not_durable_elsewhere(
    till: SimTill, server: ModelServer
) -> None:
    for _ in range(3):
        till.sell(ANN, 1)
    reply = msgspec.structs.replace(server.exchange(till.request()), durable=2)
    till.exchange.take(reply)

    with till.store.read() as read:
        stream = read.journal.stream()

    assert (stream.acked_seq, stream.durable_seq) == (3, 2)


def test_S22_a_body_that_is_too_large_is_halved_until_one_event_is_left(till: SimTill) -> None:
    for _ in range(6):
        till.sell(ANN, 1)
    sizes: list[int] = []

    for _ in range(20):
        sizes.append(len(till.request().events))
        if not till.exchange.too_large():
            break

    assert sizes[0] == 6
    assert sizes[-1] == 1
    assert sorted(sizes, reverse=True) == sizes


def test_a_batch_grows_again_after_a_success(till: SimTill, server: ModelServer) -> None:
    for _ in range(6):
        till.sell(ANN, 1)
    till.request()
    while till.exchange.too_large():
        till.request()

    counts: list[int] = []
    for _ in range(10):
        request = till.request()
        counts.append(len(request.events))
        if till.take(server.exchange(request), server).step is Step.DONE:
            break

    assert counts[:2] == [1, 2]
    assert sum(counts) == 6


def test_the_server_s_hint_limits_the_batch(till: SimTill, server: ModelServer) -> None:
    reply = msgspec.structs.replace(server.exchange(till.request()), batch_hint=2)
    till.exchange.take(reply)
    for _ in range(5):
        till.sell(ANN, 1)

    assert len(till.request().events) == 2


def test_a_poll_carries_nothing(till: SimTill) -> None:
    till.sell(ANN, 1)
    till.exchange.abandon()

    request = till.exchange.next_request(want_rights=((ANN, 5),), wait_ms=20_000, is_poll=True)

    assert request.events == ()
    assert request.want_rights == ()
    assert request.sig == ""
    assert request.wait_ms == 20_000


def test_S14_the_same_place_with_another_hash_is_a_fork(till: SimTill, server: ModelServer) -> None:
    till.sell(ANN, 1)
    reply = msgspec.structs.replace(server.exchange(till.request()), have_hash="00" * 32)

    assert till.exchange.take(reply).step is Step.REJOIN
    assert till.state.position().acked_seq == 0


def apply(till: SimTill, server: ModelServer, *rows: Row, have: int | None = None) -> None:
    reply = server.exchange(till.request())
    changes = {"rows": rows} | ({} if have is None else {"have": have, "have_hash": ""})
    till.exchange.take(msgspec.structs.replace(reply, **changes))


def test_S05_an_older_row_does_not_replace_a_newer_one(till: SimTill, server: ModelServer) -> None:
    apply(till, server, MemberRow(v=7, member=ANN, balance=70, name="New"))
    apply(till, server, MemberRow(v=5, member=ANN, balance=50, name="Old"))

    assert till.balance(ANN) == 70


def test_S09_a_row_of_a_new_epoch_replaces_any_version(till: SimTill, server: ModelServer) -> None:
    apply(till, server, MemberRow(v=700, member=ANN, balance=70))
    server.books.epoch = 2
    till.settle(server)

    apply(till, server, MemberRow(v=1, member=ANN, balance=10))

    assert till.balance(ANN) == 10


def test_granted_totals_only_grow(till: SimTill, server: ModelServer) -> None:
    apply(till, server, RightsRow(v=7, member=ANN, granted=40))
    apply(till, server, RightsRow(v=9, member=ANN, granted=30))

    assert till.rights(ANN).granted == 40


def test_a_recall_is_answered_in_the_transaction_that_brings_it(
    till: SimTill, server: ModelServer
) -> None:
    apply(till, server, RightsRow(v=7, member=ANN, granted=40))
    before = till.state.position().last_seq

    apply(till, server, RightsRow(v=8, member=ANN, granted=40, keep=15))

    assert till.state.position().last_seq == before + 1
    assert till.rights(ANN).spendable == 15
    till.verify()


def test_a_card_given_here_stays_given_until_the_server_knows(
    till: SimTill, server: ModelServer
) -> None:
    from pos_loyalty.domain.event import MemberEnrolled

    card = CardKey("c" * 32)
    apply(till, server, CardRow(v=3, card_key=card, number="123456789012"))
    with till.store.write() as work:
        work.journal.append(
            MemberEnrolled(
                v=1,
                id=EventId("9" * 32),
                at_ms=1,
                boot_ms=1,
                tz_minutes=0,
                program=STANDARD.version,
                member=ANN,
                card_key=card,
            )
        )
        work.cards.assign(card, ANN)
        work.commit()
    batch = till.state.batch(1, events_max=9, bytes_max=9999)
    request = till.request()
    reply = msgspec.structs.replace(
        server.exchange(msgspec.structs.replace(request, events=())),
        rows=(CardRow(v=4, card_key=card, number="123456789012"),),
    )

    till.exchange.take(reply)

    with till.store.read() as read:
        held = read.cards.get(card)
    assert held is not None
    assert held.member_id == ANN
    assert held.number == "123456789012"
    assert len(batch.events) == 1


def test_a_status_of_a_newer_server_blocks_a_card_here(till: SimTill, server: ModelServer) -> None:
    card = CardKey("c" * 32)

    apply(till, server, CardRow(v=3, card_key=card, status="frozen-in-2031", member=ANN))

    with till.store.read() as read:
        held = read.cards.get(card)
    assert held is not None
    assert not held.may_redeem
    assert not held.may_earn


def test_a_program_row_is_a_new_version_and_an_old_one_stays(
    till: SimTill, server: ModelServer
) -> None:
    newer = msgspec.structs.replace(STANDARD, version="summer", name="Summer")

    apply(till, server, ProgramRow(v=3, program=newer))

    with till.store.read() as read:
        assert {program.version for program in read.programs.all()} == {STANDARD.version, "summer"}


def test_S41_rows_and_cursor_are_one_transaction(
    till: SimTill, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pos_loyalty.store import sync_state

    till.sell(ANN, 10)
    reply = server.exchange(till.request())
    before = till.state.position()

    def power_cut(*_anything: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sync_state, "_finish", power_cut)
    with pytest.raises(KeyboardInterrupt):
        till.exchange.take(reply)
    monkeypatch.undo()
    till.restart()

    assert till.state.position() == before
    till.settle(server)
    assert till.balance(ANN) == 10
    assert till.state.position().merchant == MERCHANT


def test_a_long_page_is_stored_in_short_transactions(
    till: SimTill, server: ModelServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    apply_slice = till.state.apply

    def watch(page: PageSlice) -> int:
        sizes.append(len(page.rows))
        return apply_slice(page)

    monkeypatch.setattr(till.state, "apply", watch)
    rows = [MemberRow(v=3, member=MemberId(f"{n:032x}"), balance=n) for n in range(450)]

    apply(till, server, *rows)

    assert sizes == [200, 200, 50]
    assert till.balance(MemberId(f"{449:032x}")) == 449
