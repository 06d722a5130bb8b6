"""The counters are linear: whatever the order of events and lendings, no point is granted twice."""

import random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.event import encode_event
from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server.books import Books
from pos_loyalty.server.grants import members_in_debt, recall_debts
from pos_loyalty.server.ingest import fold_group
from pos_loyalty.server.placement import ShopStream, place_rights
from tests.contract.simple_till import enrollment, new_member, reversal, rights_return, sale
from tests.unit.server.test_fold import NOW_MS, OTHER, STREAM, batch_of, fresh_books


def fold(books: Books, stream: StreamId, *data: bytes, **changes: object) -> None:
    fold_group(books, [batch_of(books, stream, *data, **changes)], tokens=["t"])


@given(seed=st.integers(0, 10_000))
def test_a_lending_that_arrives_after_its_use_changes_no_pool(seed: int) -> None:
    """Lender and receiver send by themselves: the server may hear of the use first."""
    rng, member = random.Random(seed), new_member()
    earned = encode_event(sale(member, total=10_000))
    lending = encode_event(msgspec.structs.replace(rights_return(member, 60), to_stream=OTHER))
    use = encode_event(sale(member, total=10, redeem=60))
    deeds = [(STREAM, earned), (STREAM, lending), (OTHER, use)]
    pools: list[int] = []
    for order in (deeds, [deeds[2], *deeds[:2]], [deeds[0], deeds[2], deeds[1]]):
        books = fresh_books()
        for stream, data in order:
            fold(books, stream, data)
            wants = ((member, rng.randint(1, 200)),)
            fold(books, rng.choice([STREAM, OTHER]), want_rights=wants)
            granted = sum(rights.granted for rights in books.rights[member].values())
            assert granted <= max(0, books.members[member].pool + granted)
        state = books.members[member]
        held = sum(rights.outstanding for rights in books.rights[member].values())
        assert state.outstanding == held
        pools.append(state.pool + sum(r.granted for r in books.rights[member].values()))
        assert state.balance == 40

    assert len(set(pools)) == 1
    assert pools[0] == 0, "all of it was earned at a till, and lies there or is spent"


def test_debt_grants_nothing_and_asks_everything_back() -> None:
    books, member = fresh_books(), new_member()
    bought = sale(member, total=10_000)
    fold(books, STREAM, encode_event(bought))
    fold(books, STREAM, encode_event(sale(member, total=10, redeem=100)))
    fold(books, OTHER, encode_event(enrollment(member)), want_rights=((member, 30),))
    fold(books, STREAM, encode_event(reversal(bought, 1, rights_used=0)))
    assert books.members[member].pool == -80

    fold(books, OTHER, want_rights=((member, 30),))
    recall_debts(books, members_in_debt(books))

    rights = books.rights[member]
    assert (rights[OTHER].granted, rights[OTHER].keep) == (30, 0)
    fold(books, OTHER, want_rights=((member, 10),))
    assert rights[OTHER].keep == 0, "who asks is asked back all the same"


def test_nothing_is_placed_from_frozen_or_restored_books() -> None:
    books, member = fresh_books(), new_member()
    books.streams[STREAM].shop = "a" * 32
    fold(books, STREAM, encode_event(enrollment(member)), encode_event(sale(member, total=90_000)))
    fold(books, STREAM, encode_event(rights_return(member, 900)))
    streams = [ShopStream(stream=STREAM, shop="a" * 32, is_hub=False, last=3, seen_ms=NOW_MS)]

    books.any_frozen = True
    place_rights(books, streams)
    assert books.rights[member][STREAM].granted == 0
    books.any_frozen, books.epoch_raised = False, True
    place_rights(books, streams)
    assert books.rights[member][STREAM].granted == 0
    books.epoch_raised = False
    place_rights(books, streams)
    assert books.rights[member][STREAM].granted == 950
