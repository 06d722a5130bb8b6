"""The fold is pure and total, and keeps the promises of spend rights."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.event import encode_event, first_hash
from pos_loyalty.domain.ids import MerchantId, StreamId, TillId
from pos_loyalty.server.books import Books, Merchant, StreamState, earned_window, month_of
from pos_loyalty.server.ingest import fold_group
from pos_loyalty.server.reading import Batch, prepare
from pos_loyalty.wire.messages import Status, SyncRequest
from tests.contract.golden_samples import events
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    enrollment,
    new_member,
    rights_return,
    sale,
)

STREAM = StreamId("5" * 32)
OTHER = StreamId("6" * 32)
NOW_MS = MONDAY_MS + 1


def fresh_books() -> Books:
    merchant = Merchant(
        merchant=MerchantId("a" * 32),
        name="Café Linde",
        currency="EUR",
        country="DE",
        programs={PROGRAM.version: PROGRAM},
    )
    books = Books(merchant=merchant, v=2, epoch=1, now_ms=NOW_MS)
    for stream in (STREAM, OTHER):
        books.streams[stream] = StreamState(
            stream=stream,
            till=TillId(stream),
            join_nonce="n",
            last=0,
            last_hash=first_hash(stream, "n"),
        )
    return books


def batch_of(books: Books, stream: StreamId, *data: bytes, **changes: object) -> Batch:
    state = books.streams[stream]
    request = SyncRequest(
        req="r",
        proto=1,
        stream=stream,
        from_seq=state.last + 1,
        prev_hash=state.last_hash.hex(),
        top=0,
        epoch=books.epoch,
        now_ms=0,
        events=tuple(msgspec.Raw(item) for item in data),
    )
    request = msgspec.structs.replace(request, **changes)
    return prepare(request, state.last_hash)


@given(data=st.lists(st.binary(max_size=80), max_size=5))
def test_no_bytes_stop_a_stream(data: list[bytes]) -> None:
    books = fresh_books()
    honest = encode_event(sale(new_member()))

    outcomes = fold_group(books, [batch_of(books, STREAM, *data, honest)], tokens=["t"])

    assert [outcome.status for outcome in outcomes] == [Status.OK]
    assert books.streams[STREAM].last == len(data) + 1
    assert [row.data for row in books.events] == [*data, honest]
    assert sum(member.balance for member in books.members.values()) == 21


def test_every_kind_of_event_folds() -> None:
    books = fresh_books()
    data = [encode_event(event) for event in events()]

    fold_group(books, [batch_of(books, STREAM, *data)], tokens=["t"])

    assert len(books.events) == len(data)


@given(seed=st.integers(0, 10_000))
def test_grants_never_exceed_what_was_earned_whatever_tills_ask_and_return(seed: int) -> None:
    rng = random.Random(seed)
    books, member = fresh_books(), new_member()
    fold_group(books, [batch_of(books, STREAM, encode_event(enrollment(member)))], tokens=["t"])

    for _ in range(25):
        stream = rng.choice([STREAM, OTHER])
        rights = books.rights_of(member, stream)
        event = rng.choice(
            [
                sale(member, total=rng.randint(0, 5_000)),
                rights_return(member, rng.randint(0, max(0, rights.outstanding))),
            ]
        )
        wants = ((member, rng.randint(0, 200)),)
        batch = batch_of(books, stream, encode_event(event), want_rights=wants)
        fold_group(books, [batch], tokens=["t"])

        state = books.members[member]
        held = sum(rights.outstanding for rights in books.rights[member].values())
        assert state.outstanding == held
        assert state.pool >= 0
        assert all(rights.outstanding >= 0 for rights in books.rights[member].values())


def test_nothing_is_granted_while_a_till_has_not_reported() -> None:
    books, member = fresh_books(), new_member()
    fold_group(books, [batch_of(books, STREAM, encode_event(enrollment(member)))], tokens=["t"])
    books.any_frozen = True

    fold_group(books, [batch_of(books, STREAM, want_rights=((member, 10),))], tokens=["t"])

    assert books.rights.get(member, {}).get(STREAM) is None


def test_months_older_than_the_window_do_not_count() -> None:
    this_month = month_of(NOW_MS)
    months = {this_month: 1, this_month - 12: 10, this_month - 13: 100, this_month + 1: 1000}

    assert earned_window(months, NOW_MS) == 1011
    assert month_of(0) == 1970 * 12


def test_a_group_has_the_same_outcome_in_any_order_of_its_requests() -> None:
    members = [new_member(), new_member()]
    data = [encode_event(sale(member)) for member in members]
    results: list[object] = []
    for order in ((STREAM, OTHER), (OTHER, STREAM)):
        books = fresh_books()
        batches = [batch_of(books, stream, data[stream == OTHER]) for stream in order]
        fold_group(books, batches, tokens=["t", "t"])
        results.append([(row.stream, row.data) for row in books.events])

    assert results[0] == results[1]
