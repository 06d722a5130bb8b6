"""The owner's list in the till's database."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.ids import EventId, MemberId, TierId, TillId
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import AttentionRow, MemberRow, Settlement, TillRow
from tests.sample_till import SampleTill, enroll, sell


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    sample = SampleTill(tmp_path / "data")
    with sample.open() as opened:
        yield opened


def an_item(seq: int, *, v: int = 1, settled: str = "") -> AttentionRow:
    return AttentionRow(
        v=v,
        item=f"same_phone.abc.{seq}",
        kind="same_phone",
        at_ms=1000 - seq,
        choices=("apart", "merge"),
        settled=settled,
    )


def a_choice(item: AttentionRow, number: int = 1) -> Settlement:
    return Settlement(settlement=EventId(f"{number:032x}"), item=item.item, choice="apart", at_ms=1)


def store(till: Till, *rows: AttentionRow | MemberRow | TillRow, epoch: int = 1) -> None:
    context = till.context
    with context.store.write() as work:
        writer = RowWriter(work, epoch=epoch, have=0, clock=context.clock, ids=context.ids)
        for row in rows:
            writer.store(row)
        work.commit()


def test_S05_an_older_state_of_an_item_never_replaces_a_newer_one(till: Till) -> None:
    store(till, an_item(1, v=5, settled="merge"), an_item(1, v=3))
    store(till, an_item(1, v=9, settled="merge"), epoch=1)

    with till.context.store.read() as work:
        item = work.attention.get("same_phone.abc.1")

    assert item == an_item(1, v=9, settled="merge")
    assert till.count_attention() == 0

    store(till, an_item(1, v=1), epoch=2)
    assert till.count_attention() == 1, "a new epoch counts its versions anew"


def test_open_items_are_those_for_which_nobody_chose(till: Till) -> None:
    store(till, an_item(1), an_item(2), an_item(3, settled="merge"))
    with till.context.store.write() as work:
        work.attention.queue(a_choice(an_item(2)))
        work.commit()

    with till.context.store.read() as work:
        assert [item.item for item in work.attention.newest(9, only_open=True)] == [
            "same_phone.abc.1"
        ]
        assert [item.at_ms for item in work.attention.newest(9, only_open=False)] == [999, 998, 997]
        assert work.attention.open_count() == 1
        assert work.attention.chosen("same_phone.abc.2") == a_choice(an_item(2))
        assert work.attention.chosen("same_phone.abc.1") is None
        assert work.attention.get("nowhere") is None


def test_choices_wait_in_order_until_the_server_has_them(till: Till) -> None:
    with till.context.store.write() as work:
        for number in (3, 1, 2):
            work.attention.queue(a_choice(an_item(number), number))
        work.commit()
    with till.context.store.write() as work:
        oldest = work.attention.queued(2)
        work.attention.taken(tuple(each.settlement for each in oldest))
        work.commit()

    with till.context.store.read() as work:
        assert [each.settlement[-1] for each in oldest] == ["1", "2"]
        assert work.attention.queued_count() == 1


def test_S05_an_older_row_of_a_till_never_replaces_a_newer_one(till: Till) -> None:
    new = TillRow(v=5, till=TillId("a" * 32), name="Till 9", shop_name="Main", public_key="k")
    store(till, new, msgspec.structs.replace(new, v=4, name="Till 1"))

    with till.context.store.read() as work:
        rows = work.connection.execute("SELECT name, status FROM till").fetchall()
    assert rows == [("Till 9", "active")]


def row_of(
    member: MemberId, *, v: int, balance: int = 0, alias_of: MemberId | None = None
) -> MemberRow:
    row = MemberRow(v=v, member=member, balance=balance, tier=TierId("bronze"))
    return msgspec.structs.replace(row, alias_of=alias_of)


def test_S04_unsent_points_of_a_merged_account_show_once_at_every_step(till: Till) -> None:
    older, younger = enroll(till, "Ana"), enroll(till, "Ana")
    sell(till, younger)
    with till.context.store.read() as work:
        before = work.members.record(younger)
        last = work.journal.stream().last_seq
    assert before is not None
    assert before.balance_points == 71

    store(till, row_of(older, v=1, balance=0), row_of(younger, v=1, balance=0, alias_of=older))
    with till.context.store.read() as work:
        merged = work.members.record(younger)
        assert work.members.survivor(younger) == older
        assert work.members.accounts(older) == (older, younger)
    assert merged is not None
    assert (merged.member, merged.balance_points) == (older, 50 + 71), "nothing is sent yet"

    context = till.context
    with context.store.write() as work:
        writer = RowWriter(work, epoch=1, have=last, clock=context.clock, ids=context.ids)
        writer.store(row_of(older, v=2, balance=121))
        held = work.members.record(older)
        writer.store(row_of(younger, v=2, alias_of=older))
        after = work.members.record(older)
        recalls = writer.of_merged_accounts()
        work.commit()
    assert held is not None
    assert after is not None
    assert held.balance_points == after.balance_points == 121
    assert recalls.keys() == {younger}


def test_a_till_without_merged_accounts_asks_for_them_once_a_page(till: Till) -> None:
    member = enroll(till)

    store(till, row_of(member, v=1, balance=7), row_of(member, v=2, balance=9))

    with till.context.store.read() as work:
        record = work.members.record(member)
    assert record is not None
    assert record.balance_points == 9 + 50
