"""S20, F27: what may leave a till, and that nothing is missed once it has left."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.event import Basket, EventRescued, SaleRecorded, SaleReversed
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, StreamId
from pos_loyalty.store import pruning
from pos_loyalty.store.pruning import AGE_MS_MIN, Pruning
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import PageEnd, PageSlice
from pos_loyalty.sync.exchange import Step
from pos_loyalty.wire.messages import MemberRow, Status, SyncReply
from tests.builders import STANDARD
from tests.unit.sync.model_server import ModelServer
from tests.unit.sync.sim_till import SimTill

MEMBER = MemberId(f"{1:032x}")
DAY_MS = 24 * 60 * 60 * 1000


@dataclass
class Shop:
    """A till that sold, synced, and grew old."""

    till: SimTill
    server: ModelServer

    def sell(self, count: int, *, redeem: int = 0) -> None:
        for _ in range(count):
            assert self.till.sell(MEMBER, 10, redeem=redeem)

    def acknowledge(self, *, durable: int) -> None:
        """Hear from the server that it has everything, and a backup a part of it."""
        position = self.till.state.position()
        have = position.last_seq
        end = PageEnd(
            from_cursor=position.cursor,
            cursor="next",
            acks=True,
            durable=durable,
            token="",
            contact_ms=self.till.clock.now_ms(),
            server_offset_ms=0,
            risk_total=0,
        )
        row = MemberRow(v=have, member=MEMBER, balance=self.till.balance(MEMBER), name="Ana")
        self.till.state.apply(PageSlice(epoch=position.epoch, have=have, rows=(row,), end=end))

    def grow_old(self, milliseconds: int = AGE_MS_MIN + DAY_MS) -> None:
        self.till.clock.time_ms += milliseconds

    def prune(self) -> list[int]:
        """Prune until nothing is left to prune; return the slices."""
        slices: list[int] = []
        while count := Pruning(self.till.store, self.till.clock).slice():
            slices.append(count)
            self.till.verify()
        return slices

    def kept(self) -> list[int]:
        with self.till.store.read() as read:
            rows = read.connection.execute(
                "SELECT e.seq FROM event e JOIN stream s USING (stream_no)"
                " WHERE s.is_open = 1 ORDER BY seq"
            ).fetchall()
        return [int(row[0]) for row in rows]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(pruning, "EVENTS_KEPT_MIN", 3)
    monkeypatch.setattr(pruning, "EVENTS_PER_TRANSACTION", 4)
    server = ModelServer(page=100)
    till = SimTill(tmp_path / "till", random.Random(1))
    till.join(server)
    yield Shop(till, server)
    till.store.close()


def test_S20_only_what_a_backup_elsewhere_holds_leaves_the_till(shop: Shop) -> None:
    shop.sell(20)
    shop.acknowledge(durable=10)
    shop.grow_old()
    before = shop.till.balance(MEMBER), shop.till.rights(MEMBER)

    assert shop.prune() == [4, 4, 2]

    assert shop.kept() == list(range(11, 21))
    assert (shop.till.balance(MEMBER), shop.till.rights(MEMBER)) == before


def test_S20_F27_what_is_younger_than_ninety_days_stays(shop: Shop) -> None:
    shop.sell(6)
    shop.grow_old(2 * DAY_MS)
    shop.sell(6)
    shop.acknowledge(durable=12)
    shop.grow_old(AGE_MS_MIN - DAY_MS)

    assert shop.prune() == [4, 2]

    assert shop.kept()[0] == 7


def test_the_newest_events_stay_however_old_they_are(shop: Shop) -> None:
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old(10 * AGE_MS_MIN)

    shop.prune()

    assert shop.kept() == [8, 9, 10]
    with shop.till.store.read() as read:
        assert len(read.journal.newest("sale", 50)) == 3


def test_a_clock_that_is_ahead_of_the_server_makes_nothing_old(shop: Shop) -> None:
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old()
    with shop.till.store.write() as work:
        work.settings.put(Setting.SERVER_OFFSET_MS, 2 * AGE_MS_MIN)
        work.commit()

    assert shop.prune() == []


def test_S20_in_a_new_epoch_nothing_is_safe_until_the_server_says_so_again(shop: Shop) -> None:
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old()
    shop.till.state.begin_epoch(2)

    assert shop.prune() == []


def test_what_deleted_events_used_of_spend_rights_stays_used(shop: Shop) -> None:
    shop.sell(10)
    shop.sell(5, redeem=10)
    shop.acknowledge(durable=15)
    shop.grow_old()
    rights = shop.till.rights(MEMBER)

    shop.prune()
    shop.sell(1)

    assert shop.till.rights(MEMBER).spendable == rights.spendable + 10
    shop.till.verify()


def test_an_undone_sale_and_its_undoing_leave_together_in_the_end(shop: Shop) -> None:
    shop.sell(1)
    sale = shop.till.sold[0]
    with shop.till.store.write() as work:
        work.journal.append(
            SaleReversed(
                v=1,
                id=EventId(shop.till.ids.next_id()),
                at_ms=shop.till.clock.now_ms(),
                boot_ms=1,
                tz_minutes=0,
                program=sale.program,
                sale_id=sale.id,
                sale_seq=1,
                member=MEMBER,
                earned_taken=10,
                rights_used=10,
            )
        )
        work.commit()
    shop.sell(8)
    shop.acknowledge(durable=10)
    shop.grow_old()

    shop.prune()

    with shop.till.store.read() as read:
        assert read.connection.execute("SELECT * FROM reversed_sale").fetchall() == []
    assert shop.kept()[0] > 2


def test_the_chain_goes_on_over_what_was_deleted(shop: Shop) -> None:
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old()
    shop.prune()
    shop.till.restart()

    shop.sell(2)
    request = shop.till.request()

    assert (request.from_seq, len(request.events)) == (11, 2)
    assert shop.till.state.hash_at(7) is not None
    assert shop.till.state.hash_at(6) is None
    shop.till.verify()


def test_a_carried_event_leaves_like_any_other(shop: Shop) -> None:
    shop.sell(6)
    shop.till.joining.begin_stream(
        StreamId("e" * 32), "nonce", known_hashes=set(), epoch=1, token=""
    )
    shop.sell(3)
    shop.acknowledge(durable=9)
    shop.grow_old()

    assert shop.prune() == [4, 2]

    assert shop.kept() == [7, 8, 9]
    with shop.till.store.read() as read:
        assert read.journal.newest("rescue", 5) == ()


def test_a_closed_journal_is_named_down_to_where_it_was_deleted(shop: Shop) -> None:
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old()
    shop.prune()
    stream = shop.till.state.position().stream
    shop.till.joining.begin_stream(
        StreamId("e" * 32), "nonce", known_hashes=set(), epoch=1, token=""
    )

    named = shop.till.state.closed_streams()

    assert [(name, seq) for name, seq, _ in named] == [(stream, 10), (stream, 9), (stream, 7)]


def test_S30_what_a_newer_program_carried_over_leaves_without_a_trace_in_the_sums(
    shop: Shop,
) -> None:
    """Its bytes say nothing to this program; the backup has them."""
    with shop.till.store.write() as work:
        for original in ('{"kind":"of a later version"}', '{"kind":"another"}'):
            work.journal.append(
                EventRescued(
                    v=1,
                    id=EventId(shop.till.ids.next_id()),
                    at_ms=shop.till.clock.now_ms(),
                    boot_ms=1,
                    tz_minutes=0,
                    program=STANDARD.version,
                    original_stream=StreamId("d" * 32),
                    original_seq=1,
                    original_hash="0" * 64,
                    original=original,
                )
            )
        work.commit()
    shop.sell(5)
    shop.acknowledge(durable=7)
    shop.grow_old()

    assert shop.prune() == [4]

    shop.till.verify()


def test_a_sale_on_a_card_of_nobody_leaves_no_sum(shop: Shop) -> None:
    with shop.till.store.write() as work:
        work.journal.append(card_sale(shop.till))
        work.commit()
    shop.sell(5)
    shop.acknowledge(durable=6)
    shop.grow_old()

    assert shop.prune() == [3]

    with shop.till.store.read() as read:
        rows = read.connection.execute("SELECT member, points FROM pruned_points").fetchall()
    assert [tuple(row) for row in rows] == [(MEMBER, 20)]


def card_sale(till: SimTill) -> SaleRecorded:
    return SaleRecorded(
        v=1,
        id=EventId(till.ids.next_id()),
        at_ms=till.clock.now_ms(),
        boot_ms=1,
        tz_minutes=0,
        program=STANDARD.version,
        sale=Basket(total=100, currency="EUR"),
        card_key=CardKey("c" * 32),
        earned=1,
    )


def test_S09_a_server_restored_to_before_what_was_deleted_gets_what_is_left(shop: Shop) -> None:
    """What was deleted is in the backup; a server without that backup still loses no more."""
    shop.sell(10)
    shop.acknowledge(durable=10)
    shop.grow_old()
    shop.prune()
    till = shop.till
    position = till.state.position()

    def reply(**fields: object) -> SyncReply:
        request = till.request()
        plain = SyncReply(
            req=request.req,
            status=Status.GAP,
            merchant=position.merchant,
            epoch=position.epoch,
            server_now=0,
            have=3,
            have_hash="ab" * 32,
        )
        return msgspec.structs.replace(plain, **fields)

    told = till.exchange.take(reply())
    assert told.step is Step.MORE
    assert till.request().lost_ack == 10
    till.exchange.abandon()
    followed = till.exchange.take(reply(status=Status.REPORT, epoch=2))
    lost = till.exchange.take(reply(epoch=2))

    assert (followed.step, lost.step) == (Step.MORE, Step.REJOIN)


def test_S20_the_planted_bug_that_prunes_past_the_mark_is_found(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pruning by the acknowledgement alone: what a restored server needs would be gone."""
    monkeypatch.setattr(pruning, "_SAFE", "MIN(acked_seq, last_seq - ?)")

    with pytest.raises(AssertionError):
        test_S20_only_what_a_backup_elsewhere_holds_leaves_the_till(shop)
