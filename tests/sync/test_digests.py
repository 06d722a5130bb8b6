"""S36: a row on the till that is not the server's is found by sums, and comes again."""

import asyncio
import logging
from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer
from pos_loyalty.domain.event import NewCard
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, MerchantId
from pos_loyalty.services.issue_cards import IssueCards
from pos_loyalty.store.digest import CHECK_MS, Digest
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.session import Session
from pos_loyalty.sync.transport import DIGEST_PATH, READ_SECONDS
from pos_loyalty.till import Till
from pos_loyalty.wire.codec import CONTENT_TYPE, pack
from pos_loyalty.wire.digest import bucket_of, card_line, member_line
from pos_loyalty.wire.messages import CardRow, DigestReply, MemberRow, Refusal
from tests.proxies import CannedReply, Faults
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, sync, wait_until

CARD = CardKey("c" * 32)
ReplyT = TypeVar("ReplyT")


def damage(till: Till, statement: str, *values: object) -> None:
    with till.context.store.write() as work:
        work.connection.execute(statement, values)
        work.commit()


def rows_of(till: Till) -> list[tuple[object, ...]]:
    """Return everything that the server said of members and cards, without versions."""
    with till.context.store.read() as read:
        members = read.connection.execute(
            "SELECT m.member, name, phone, tier, status, enrolled_ms, snapshot_points"
            " FROM member m JOIN points p ON p.member = m.member ORDER BY m.member"
        ).fetchall()
        cards = read.connection.execute(
            "SELECT card_key, number, member, status, batch FROM card ORDER BY card_key"
        ).fetchall()
        words = read.connection.execute("SELECT * FROM member_word ORDER BY word").fetchall()
    return [tuple(row) for row in [*members, *cards, *words]]


def compare_now(till: Till) -> None:
    """Let a day pass since the last comparison; the engine does the rest."""
    with till.context.store.write() as work:
        work.settings.put(Setting.DIGEST_MS, till.context.clock.now_ms() - CHECK_MS)
        work.commit()
    assert sync(till).trouble is None
    wait_until(lambda: not Digest(till.context.store, till.context.clock).is_due())
    assert sync(till).trouble is None


@pytest.fixture
def till_and_member(shop: Shop) -> tuple[Till, MemberId]:
    """A till that heard of members and cards of another one."""
    one, two = shop.joined_till("one"), shop.joined_till("two")
    members = [enroll(one, f"Member Number {number}") for number in range(5)]
    one.issue_cards(
        IssueCards(batch=BatchId("b" * 32), cards=[NewCard(key=CARD, number="000000000017")])
    )
    sell(one, members[0])
    assert sync(one).trouble is None
    assert sync(two).trouble is None
    return two, members[0]


DAMAGES: dict[str, Callable[[Till, MemberId], None]] = {
    "balance": lambda till, member: damage(
        till, "UPDATE points SET snapshot_points = snapshot_points + 1 WHERE member = ?", member
    ),
    "name": lambda till, member: damage(
        till, "UPDATE member SET name = replace(name, 'e', 'o') WHERE member = ?", member
    ),
    "phone": lambda till, member: damage(
        till, "UPDATE member SET phone = '+4930123' WHERE member = ?", member
    ),
    "status": lambda till, member: damage(
        till, "UPDATE member SET status = 'blocked' WHERE member = ?", member
    ),
    "tier": lambda till, member: damage(
        till, "UPDATE member SET tier = 'gold' WHERE member = ?", member
    ),
    "a version from the future": lambda till, member: damage(
        till, "UPDATE member SET v = 99999, tier = 'gold' WHERE member = ?", member
    ),
    "missing": lambda till, member: damage(till, "DELETE FROM member WHERE member = ?", member),
    "surplus": lambda till, member: damage(
        till,
        "INSERT INTO member(member, name, epoch, v) VALUES (?, 'Nobody', 1, 1)",
        member[:-1] + ("0" if member[-1] != "0" else "1"),
    ),
    "card status": lambda till, _: damage(till, "UPDATE card SET status = 'active'"),
    "card owner": lambda till, member: damage(till, "UPDATE card SET member = ?", member),
    "card missing": lambda till, _: damage(till, "DELETE FROM card"),
    "card surplus": lambda till, _: damage(
        till, "INSERT INTO card(card_key, status, epoch, v) VALUES (?, 'blank', 1, 1)", "d" * 32
    ),
}


@pytest.mark.expects_log_records
@pytest.mark.parametrize("what", DAMAGES)
def test_S36_a_wrong_row_is_found_and_comes_again(
    till_and_member: tuple[Till, MemberId], what: str, caplog: pytest.LogCaptureFixture
) -> None:
    till, member = till_and_member
    right = rows_of(till)
    DAMAGES[what](till, member)
    if what == "missing":
        damage(till, "DELETE FROM member_word WHERE member = ?", member)

    with caplog.at_level(logging.WARNING):
        compare_now(till)

    assert rows_of(till) == right
    assert_sound(till)
    if what != "a version from the future":
        assert "come again" in caplog.text


def test_S36_what_is_right_stays_as_it_is_and_is_not_asked_for(
    till_and_member: tuple[Till, MemberId], shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    till, _ = till_and_member
    right = rows_of(till)

    with caplog.at_level(logging.WARNING):
        compare_now(till)

    assert rows_of(till) == right
    assert caplog.text == ""
    assert [seen.path for seen in shop.proxy.seen].count(DIGEST_PATH) == 1


def test_S36_a_row_that_is_newer_than_the_sums_is_no_fault(
    till_and_member: tuple[Till, MemberId],
) -> None:
    till, member = till_and_member
    till.sync.stop()
    digest = Digest(till.context.store, till.context.clock)
    reply = DigestReply(merchant=till.shop.merchant, epoch=1, v=1, sums=(0,) * 4096)

    found = digest.differences(reply)

    assert bucket_of(member) in found.buckets
    assert found.wrong == 0


def test_sums_of_another_epoch_say_nothing(till_and_member: tuple[Till, MemberId]) -> None:
    till, _ = till_and_member
    digest = Digest(till.context.store, till.context.clock)

    found = digest.differences(DigestReply(merchant=till.shop.merchant, epoch=2, v=9, sums=(1,)))

    assert found.buckets == ()


def test_rows_of_this_till_that_are_under_way_are_not_surplus(
    till_and_member: tuple[Till, MemberId],
) -> None:
    till, _ = till_and_member
    till.sync.stop()
    member = enroll(till)
    sell(till, member)
    digest = Digest(till.context.store, till.context.clock)

    digest.begin_repair([bucket_of(member)])
    removed = digest.end_repair([bucket_of(member)])

    assert removed == 0
    assert balance(till, member) > 0


def test_a_server_without_sums_is_asked_once_a_day(shop: Shop) -> None:
    till = shop.joined_till("one")
    refusal = pack(Refusal(code=Code.BODY_SHAPE.value, facts={"detail": "no such address"}))
    shop.proxy.faults = Faults(
        canned=CannedReply(404, CONTENT_TYPE, refusal), only=lambda path: path == DIGEST_PATH
    )

    compare_now(till)

    assert till.sync.status().online
    assert till.sync.status().trouble is None


def test_the_line_of_a_row_has_these_fields() -> None:
    """The databases write the same lines; a field forgotten there would never be compared."""
    member = MemberRow(v=1, member=MemberId("a" * 32), balance=5, name="Ana", enrolled_ms=7)
    card = CardRow(v=1, card_key=CARD, number="17")

    expected = ["a" * 32, "m", "5", "", "Ana", "", "active", "7", ""]
    assert member_line(member).split("\x1f") == expected
    assert card_line(card).split("\x1f") == [CARD, "c", "17", "", "blank", ""]


class Stranger:
    """Says whose server it is as it should, and then speaks for somebody else."""

    def __init__(self, merchant: MerchantId) -> None:
        self._merchant = merchant

    async def call(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        read_seconds: float = READ_SECONDS,
    ) -> ReplyT:
        del message, read_seconds
        assert path == DIGEST_PATH
        other = DigestReply(merchant=MerchantId("f" * 32), epoch=1, v=1)
        assert isinstance(other, kind)
        return other

    async def merchant(self) -> MerchantId:
        return self._merchant

    async def close(self) -> None:
        """Nothing is open."""


def test_sums_of_another_merchant_are_not_taken(shop: Shop) -> None:
    till = shop.joined_till("one")
    till.sync.stop()
    context = till.context
    joining = Joining(context.store, context.clock, context.ids)
    with context.store.write() as work:
        work.settings.put(Setting.DIGEST_MS, 1)
        work.commit()
    session = Session(
        state=SyncState(context.store, context.clock, context.ids),
        joining=joining,
        make_transport=lambda: Stranger(till.shop.merchant),
        key=TillKey.from_text(joining.private_key()),
        clock=context.clock,
        ids=context.ids,
    )

    with pytest.raises(NotOurServer):
        asyncio.run(session.exchange(is_poll=True))

    assert Digest(context.store, context.clock).is_due()
