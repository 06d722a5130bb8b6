"""S29, F34: this till with a server of protocol 1, which passes over all that came later.

The double is made from the recordings: it drops from each request what that release did
not know, answers nothing but what that release answered, and knows no later address.
"""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.store.settings import Setting
from pos_loyalty.sync.transport import EXCHANGE_PATH, HISTORY_PATH, JOIN_PATH, HttpTransport
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import (
    HistoryReply,
    HistoryRequest,
    JoinReply,
    JoinRequest,
    Status,
    SyncReply,
    SyncRequest,
)
from tests.contract import golden_samples as golden
from tests.sample_till import enroll, sell
from tests.sync.shop import (
    Shop,
    assert_sound,
    balance,
    sell_quietly,
    spendable,
    sync,
    sync_until_sent,
    wait_until,
)

REQUEST_FIELDS = frozenset(
    {
        "req",
        "proto",
        "stream",
        "from_seq",
        "prev_hash",
        "top",
        "epoch",
        "now_ms",
        "token",
        "events",
        "sig",
        "cursor",
        "want_rows",
        "want_rights",
        "wait_ms",
        "profiles",
        "granted_seen",
        "granted_complete",
        "lost_ack",
        "app_version",
        "schema",
    }
)
REPLY_FIELDS = frozenset(
    {
        "req",
        "status",
        "merchant",
        "epoch",
        "server_now",
        "have",
        "have_hash",
        "durable",
        "rows",
        "cursor",
        "more",
        "verdicts",
        "profiles_have",
        "known_hashes",
        "risk_total",
        "token",
        "min_proto",
        "retry_after_ms",
        "batch_hint",
    }
)
JOIN_FIELDS = frozenset(
    {
        "proto",
        "stream",
        "join_nonce",
        "public_key",
        "currency",
        "now_ms",
        "code",
        "till",
        "closes_stream",
        "alone_as",
        "app_version",
    }
)
JOINED_FIELDS = frozenset(
    {
        "merchant",
        "merchant_name",
        "currency",
        "country",
        "shop",
        "shop_name",
        "till",
        "till_name",
        "epoch",
        "token",
        "server_now",
        "known_hashes",
    }
)
HISTORY_FIELDS = frozenset({"stream", "member", "limit"})
HISTORY_REPLY_FIELDS = frozenset({"merchant", "entries"})
KNOWN: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    EXCHANGE_PATH: (REQUEST_FIELDS, REPLY_FIELDS),
    JOIN_PATH: (JOIN_FIELDS, JOINED_FIELDS),
    HISTORY_PATH: (HISTORY_FIELDS, HISTORY_REPLY_FIELDS),
}
STATUSES_OF_PROTOCOL_1 = {Status.OK, Status.GAP, Status.REPORT, Status.CLOSED, Status.BUSY}


def narrowed(message: msgspec.Struct, fields: frozenset[str], **changes: object) -> Any:  # noqa: ANN401 - of the same type
    """Return a message with nothing in it but some of its fields."""
    kept = {name: getattr(message, name) for name in message.__struct_fields__ if name in fields}
    return type(message)(**{**kept, **changes})


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Make every server one of protocol 1; returns the addresses that tills asked."""
    paths: list[str] = []
    call: Callable[..., Any] = HttpTransport.call

    async def older(
        self: HttpTransport, path: str, message: msgspec.Struct, kind: type, **more: float
    ) -> Any:  # noqa: ANN401 - of the kind asked for
        paths.append(path)
        if path not in KNOWN:
            raise CommandRefused(Code.BODY_SHAPE, detail="no such address")
        takes, says = KNOWN[path]
        changes = {"proto": 1} if "proto" in takes else {}
        reply = await call(self, path, narrowed(message, takes, **changes), kind, **more)
        if isinstance(reply, SyncReply):
            assert reply.status in STATUSES_OF_PROTOCOL_1
        return narrowed(reply, says)

    monkeypatch.setattr(HttpTransport, "call", older)
    return paths


@pytest.mark.parametrize(
    ("name", "kind", "fields"),
    [
        ("exchange_request", SyncRequest, REQUEST_FIELDS),
        ("exchange_reply", SyncReply, REPLY_FIELDS),
        ("join_request", JoinRequest, JOIN_FIELDS),
        ("join_reply", JoinReply, JOINED_FIELDS),
        ("history_request", HistoryRequest, HISTORY_FIELDS),
        ("history_reply", HistoryReply, HISTORY_REPLY_FIELDS),
    ],
)
def test_the_double_knows_exactly_what_was_recorded(
    name: str, kind: type[msgspec.Struct], fields: frozenset[str]
) -> None:
    from pos_loyalty.wire import codec

    body = (golden.PROTOCOL_1 / f"{name}.bin").read_bytes()
    recorded = json.loads(codec.inflate(body))

    assert set(recorded) <= fields <= set(kind.__struct_fields__)


@pytest.mark.usefixtures("asked")
def test_S29_F34_tills_sell_redeem_and_agree_with_an_older_server(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell_quietly(one, member, 5)
    sync_until_sent(one)
    wait_until(lambda: balance(two, member) == balance(one, member))

    points = balance(two, member)
    assert two.sync.ask_rights(member, points)
    assert spendable(two, member) == points
    sell(two, member)
    sync_until_sent(two)

    wait_until(lambda: balance(one, member) == balance(two, member))
    assert shop.balance_at_server(member) == balance(one, member)
    for till in (one, two):
        assert till.sync.status().trouble is None
        assert_sound(till)


@pytest.mark.usefixtures("asked")
def test_S29_a_till_joins_again_at_an_older_server_and_carries_a_long_journal(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync_until_sent(till)
    till.sync.stop()
    sell_quietly(till, member, 450)
    expected = balance(till, member)
    close_stream(shop, till)

    till.sync.start()
    sync_until_sent(till)

    assert shop.balance_at_server(member) == balance(till, member) == expected
    assert_sound(till)


def close_stream(shop: Shop, till: Till) -> None:
    with till.context.store.read() as read:
        stream = read.journal.stream().stream
    with shop.write_at_server() as session:
        session.execute("UPDATE stream SET closed = 1 WHERE stream = ?", stream)


def test_F34_what_an_older_server_does_not_know_is_asked_for_once_and_not_again(
    shop: Shop, asked: list[str]
) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync_until_sent(till)
    wait_until(lambda: last_comparison(till) > 0)
    with till.context.store.write() as work:
        work.settings.put(Setting.DIGEST_MS, 1)
        work.commit()
    sell(till, member)
    sync_until_sent(till)
    wait_until(lambda: last_comparison(till) > 1)

    sell(till, member)
    assert sync(till).trouble is None

    later = {path for path in asked if path not in KNOWN}
    assert {path: asked.count(path) for path in later} == dict.fromkeys(later, 1)
    assert "/sync/v1/digest" in later


def last_comparison(till: Till) -> int:
    with till.context.store.read() as read:
        return read.settings.number(Setting.DIGEST_MS)
