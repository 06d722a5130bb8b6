"""What each kind of answer means to a person: one code each, and the queue stays."""

import asyncio
from typing import NoReturn

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, NotOurServer, ServerUnreachable
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.transport import EXCHANGE_PATH, HttpTransport
from pos_loyalty.wire.codec import CONTENT_TYPE, pack
from pos_loyalty.wire.messages import HistoryReply, HistoryRequest, Refusal
from tests.proxies import CannedReply, Faults
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, balance, spendable, sync, wait_until

KEY = TillKey(bytes(32))


def ask(url: str) -> NoReturn:
    """Send any message; every answer of these tests is an error."""

    async def call() -> None:
        transport = HttpTransport(url, KEY)
        request = HistoryRequest(stream=StreamId("a" * 32), member=MemberId("b" * 32))
        try:
            await transport.call(EXCHANGE_PATH, request, HistoryReply, read_seconds=2.0)
        finally:
            await transport.close()

    asyncio.run(call())
    raise AssertionError("there was an answer")


def ours(status: int, code: str, **facts: str | int) -> CannedReply:
    body = pack(Refusal(code=code, facts=facts))
    return CannedReply(status=status, content_type=CONTENT_TYPE, body=body)


@pytest.mark.parametrize(
    ("canned", "kind", "code"),
    [
        (ours(401, "E-TILL-UNKNOWN"), CommandRefused, Code.TILL_UNKNOWN),
        (ours(403, "E-TILL-REVOKED", owner="Ann"), CommandRefused, Code.TILL_REVOKED),
        (ours(403, "E-SIGNATURE"), CommandRefused, Code.SIGNATURE),
        (ours(413, "E-BODY-LARGE", limit_bytes=5), CommandRefused, Code.BODY_LARGE),
        (ours(400, "E-UPDATE-NEEDED"), CommandRefused, Code.UPDATE_NEEDED),
        (ours(503, "E-SERVER-FULL"), ServerUnreachable, Code.SERVER_FULL),
        (ours(503, "E-SERVER-BUSY"), ServerUnreachable, Code.SERVER_BUSY),
        (ours(400, "E-OF-THE-FUTURE"), ServerUnreachable, Code.SERVER_TROUBLE),
        (ours(400, "E-SIGNATURE", saved=1), CommandRefused, Code.SIGNATURE),
        (CannedReply(status=413), CommandRefused, Code.BODY_LARGE),
        (CannedReply(status=401), NotOurServer, Code.SERVER_NOT_OURS),
        (CannedReply(status=204, body=b""), NotOurServer, Code.SERVER_NOT_OURS),
        (
            CannedReply(status=500, content_type=CONTENT_TYPE, body=b"?"),
            ServerUnreachable,
            Code.SERVER_TROUBLE,
        ),
        (
            CannedReply(content_type=CONTENT_TYPE, body=pack(Refusal(code="x"))),
            ServerUnreachable,
            Code.SERVER_TROUBLE,
        ),
    ],
)
def test_every_answer_has_its_code(
    shop: Shop, canned: CannedReply, kind: type[LoyaltyError], code: Code
) -> None:
    shop.proxy.faults = Faults(canned=canned)

    with pytest.raises(kind) as refused:
        ask(shop.proxy.url)

    assert refused.value.code is code
    assert refused.value.message
    assert not refused.value.saved


@pytest.mark.parametrize(
    ("header", "expected_ms"),
    [("2", 2000), ("3600", 3_600_000), ("", 0), ("-5", 0), ("soon", 0), ("9" * 30, 0)],
)
def test_F23_retry_after_is_read_as_seconds_or_not_at_all(
    shop: Shop, header: str, expected_ms: int
) -> None:
    shop.proxy.faults = Faults(canned=CannedReply(status=503, headers=(("Retry-After", header),)))

    with pytest.raises(ServerUnreachable) as refused:
        ask(shop.proxy.url)

    assert refused.value.facts.get("retry_after_ms") == expected_ms


def test_a_name_that_nobody_knows_is_a_network_that_is_down() -> None:
    with pytest.raises(ServerUnreachable) as refused:
        ask("http://no-such-host.invalid")

    assert refused.value.code is Code.NETWORK_DOWN


def test_a_port_where_nobody_listens_is_a_silent_server(shop: Shop) -> None:
    url = shop.proxy.url
    shop.proxy.stop()

    with pytest.raises(ServerUnreachable) as refused:
        ask(url)

    assert refused.value.code is Code.SERVER_SILENT


@pytest.mark.expects_log_records
def test_https_spoken_to_something_else_is_not_our_server(shop: Shop) -> None:
    with pytest.raises(NotOurServer) as refused:
        ask(shop.server.url.replace("http://", "https://"))

    assert refused.value.code is Code.SERVER_NOT_OURS


def test_F23_a_drip_of_single_bytes_ends_at_the_total_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos_loyalty.sync.transport.TOTAL_SECONDS_MORE", 0.0)
    shop.proxy.faults = Faults(drip_seconds=0.5)

    with pytest.raises(ServerUnreachable) as refused:
        ask(shop.proxy.url)

    assert refused.value.code is Code.SERVER_SILENT


def test_rights_come_ahead_while_the_member_is_on_screen(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sell(one, member, 30_000)
    wait_until(lambda: balance(two, member) == balance(one, member))

    two.sync.prefetch_rights(member, 100)

    wait_until(lambda: spendable(two, member) >= 100)


def test_a_till_alone_asks_nobody(shop: Shop) -> None:
    till = shop.open_till("one")
    member = enroll(till)
    till.sync.start()

    till.sync.prefetch_rights(member, 100)
    till.sync.reserve_rights(member, 5)
    till.sync.reserve_rights(member, 0)

    assert not till.sync.ask_rights(member, 100)
    assert till.sync.remote_history(member, 5) is None
    assert shop.proxy.request_count == 0


def test_listeners_hear_of_rows_and_of_the_line(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    heard: list[bool] = []
    two.sync.on_change.append(lambda: heard.append(two.sync.status().online))

    member = enroll(one)
    wait_until(lambda: balance(two, member) > 0 and bool(heard))
    heard.clear()
    shop.proxy.cut()
    wait_until(lambda: False in heard)
    shop.proxy.heal()
    sync(two)

    assert heard[-1]
