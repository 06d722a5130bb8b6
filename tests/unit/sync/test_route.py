"""The way to the server: through the shop's hub, or directly, and never waiting for the other."""

import asyncio
import ssl
import time
from collections.abc import Sequence
from typing import TypeVar

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, NotOurServer, ServerUnreachable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.store.hub_place import HubPlace
from pos_loyalty.sync import route as module
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.hub_finder import HubFinder
from pos_loyalty.sync.route import DIRECT_EVERY_MS, DIRECT_MS, Route, RoutedTransport, ShopLine, Way
from pos_loyalty.wire.messages import HistoryReply, Status, SyncReply
from tests.sample_till import SteppingClock

OURS, OTHER = MerchantId("ab" * 16), MerchantId("cd" * 16)
KEY = TillKey(bytes(32))
URL, HUB = "http://center:1", "hub:2"
ReplyT = TypeVar("ReplyT")


def test_without_a_hub_the_server_is_the_only_way() -> None:
    assert Route(SteppingClock()).order(has_hub=False) == (Way.SERVER,)


def test_the_hub_is_asked_first() -> None:
    assert Route(SteppingClock()).order(has_hub=True) == (Way.HUB, Way.SERVER)


def test_a_hub_that_failed_is_left_alone_longer_each_time() -> None:
    clock = SteppingClock()
    route = Route(clock)
    pauses: list[int] = []
    for _ in range(6):
        route.hub_failed()
        began = clock.running_ms
        while route.order(has_hub=True)[0] is Way.SERVER:
            clock.running_ms += 500
        pauses.append(clock.running_ms - began)

    assert pauses[0] < 7_000
    assert pauses == sorted(pauses)
    assert pauses[-1] < 62_000


def test_a_hub_that_answered_is_first_again() -> None:
    route = Route(SteppingClock())
    route.hub_failed()

    route.hub_answered()

    assert route.order(has_hub=True)[0] is Way.HUB


def test_the_server_is_asked_directly_only_now_and_then() -> None:
    clock = SteppingClock()
    route = Route(clock)

    asked = [route.may_ask_directly(), route.may_ask_directly()]
    clock.running_ms += DIRECT_EVERY_MS
    asked.append(route.may_ask_directly())

    assert asked == [True, False, True]


def test_a_server_that_only_this_till_reaches_is_first_for_a_while() -> None:
    clock = SteppingClock()
    route = Route(clock)

    route.server_is_there()

    assert route.order(has_hub=True) == (Way.SERVER, Way.HUB)
    clock.running_ms += DIRECT_MS
    assert route.order(has_hub=True)[0] is Way.HUB
    route.server_is_there()
    route.server_failed()
    assert route.order(has_hub=True)[0] is Way.HUB


class FakeHttp:
    """Stands in for every connection; what it answers depends on the address."""

    answers: dict[str, list[object]]
    asked: list[str]
    closed: int

    def __init__(
        self, url: str, key: TillKey, *, pinned: object = None, connect_seconds: float = 5.0
    ) -> None:
        del key, connect_seconds
        self.url = url
        self.pinned = pinned

    def _next(self, what: str) -> object:
        FakeHttp.asked.append(f"{what} {self.url}")
        queue = FakeHttp.answers[self.url]
        answer = queue.pop(0) if len(queue) > 1 else queue[0]
        if isinstance(answer, LoyaltyError):
            raise answer
        return answer

    async def call(
        self, path: str, message: msgspec.Struct, kind: type[ReplyT], *, read_seconds: float = 1.0
    ) -> ReplyT:
        del message, read_seconds
        answer = self._next(path)
        assert isinstance(answer, kind)
        return answer

    async def piece(self, path: str, message: msgspec.Struct) -> bytes:
        del message
        answer = self._next(path)
        assert isinstance(answer, bytes)
        return answer

    async def merchant(self) -> MerchantId:
        self._next("whose")
        return FakeHttp.merchants.get(self.url, OURS)

    merchants: dict[str, MerchantId]

    async def close(self) -> None:
        FakeHttp.closed += 1


SILENT = ServerUnreachable(Code.SERVER_SILENT)
OK = HistoryReply(merchant=OURS)


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    FakeHttp.answers = {URL: [OK], f"https://{HUB}": [OK]}
    FakeHttp.asked, FakeHttp.closed, FakeHttp.merchants = [], 0, {}
    monkeypatch.setattr(module, "HttpTransport", FakeHttp)
    monkeypatch.setattr(module, "pinned_context", _pinned)


def _pinned(address: str, pin: str) -> ssl.SSLContext:
    del pin
    if address == "stranger:3":
        raise NotOurServer(Code.SERVER_CERTIFICATE)
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def a_line(
    *,
    pin: str = "11",
    address: str = HUB,
    found: Sequence[str] = (),
    clock: SteppingClock | None = None,
) -> tuple[ShopLine, RoutedTransport]:
    place = HubPlace(pin=pin, address=address, merchant=OURS)
    finder = HubFinder(look=lambda _merchant, _pin: found)
    line = ShopLine(clock or SteppingClock(), lambda: place, finder)
    return line, line.transport(URL, KEY)


def ask(transport: RoutedTransport) -> object:
    return asyncio.run(_ask(transport))


async def _ask(transport: RoutedTransport) -> object:
    try:
        return await transport.call("/p", OK, HistoryReply)
    finally:
        await transport.close()


def test_a_message_goes_through_the_hub() -> None:
    assert ask(a_line()[1]) == OK
    assert FakeHttp.asked == [f"/p https://{HUB}"]


def test_where_the_hub_is_silent_the_server_is_asked() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [SILENT]

    assert ask(a_line()[1]) == OK

    assert FakeHttp.asked == [f"/p https://{HUB}", f"whose {URL}", f"/p {URL}"]


def test_where_both_are_silent_the_server_s_trouble_is_told() -> None:
    FakeHttp.answers = {URL: [ServerUnreachable(Code.NETWORK_DOWN)], f"https://{HUB}": [SILENT]}

    with pytest.raises(ServerUnreachable) as trouble:
        ask(a_line()[1])

    assert trouble.value.code is Code.NETWORK_DOWN


def test_a_server_that_is_busy_is_not_asked_again_by_the_other_way() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [ServerUnreachable(Code.SERVER_BUSY, retry_after_ms=1)]

    with pytest.raises(ServerUnreachable):
        ask(a_line()[1])

    assert FakeHttp.asked == [f"/p https://{HUB}"]


def test_a_refusal_is_an_answer() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [CommandRefused(Code.TILL_REVOKED)]

    with pytest.raises(CommandRefused):
        ask(a_line()[1])

    assert FakeHttp.asked == [f"/p https://{HUB}"]


def test_nothing_of_the_shop_goes_to_a_stranger_at_the_server_s_address() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [SILENT]
    FakeHttp.merchants = {URL: OTHER}

    with pytest.raises(NotOurServer):
        ask(a_line()[1])

    assert f"/p {URL}" not in FakeHttp.asked


def test_a_stranger_s_hub_is_passed_over_for_ours() -> None:
    line, transport = a_line(address="", found=("stranger:3", HUB))
    line.finder.begin(OURS, "11")
    while line.finder.is_looking:
        pass

    assert ask(transport) == OK

    assert FakeHttp.asked == [f"/p https://{HUB}"]
    assert line.finder.found == (HUB,)


def test_a_till_that_reaches_nobody_waits_for_a_look_around() -> None:
    FakeHttp.answers[URL] = [SILENT]

    def look(merchant: MerchantId, pin: str) -> tuple[str, ...]:
        del merchant, pin
        time.sleep(0.15)
        return (HUB,)

    place = HubPlace(pin="11", address="", merchant=OURS)
    line = ShopLine(SteppingClock(), lambda: place, HubFinder(look))
    line.route.hub_failed()
    transport = line.transport(URL, KEY)

    assert ask(transport) == OK

    assert FakeHttp.asked[-1] == f"/p https://{HUB}"


def test_a_hub_nobody_knows_of_is_no_way() -> None:
    assert ask(a_line(address="")[1]) == OK
    assert FakeHttp.asked == [f"whose {URL}", f"/p {URL}"]


def test_pieces_and_signs_of_life_go_either_way() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [b"piece"]
    _, transport = a_line()

    async def both() -> tuple[bytes, MerchantId]:
        piece = await transport.piece("/snapshot", OK)
        merchant = await transport.merchant()
        await transport.close()
        return piece, merchant

    assert asyncio.run(both()) == (b"piece", OURS)


def test_a_till_without_a_hub_asks_whose_server_it_is_only_once() -> None:
    _, transport = a_line(pin="")

    async def thrice() -> None:
        assert await transport.merchant() == OURS
        await transport.call("/p", OK, HistoryReply)
        await transport.call("/p", OK, HistoryReply)
        await transport.close()

    asyncio.run(thrice())
    assert FakeHttp.asked == [f"whose {URL}", f"/p {URL}", f"/p {URL}"]


def _held(status: Status = Status.HELD) -> SyncReply:
    return SyncReply(req="r", status=status, merchant=OURS, epoch=1, server_now=0)


async def _exchange(transport: RoutedTransport, times: int = 1) -> None:
    for _ in range(times):
        await transport.call("/x", OK, SyncReply)
    await asyncio.sleep(0.05)
    await transport.close()


def test_while_the_hub_stands_in_the_server_is_looked_for_beside_everything() -> None:
    FakeHttp.answers[f"https://{HUB}"] = [_held()]
    line, transport = a_line()

    asyncio.run(_exchange(transport, 2))

    assert FakeHttp.asked.count(f"whose {URL}") == 1
    assert line.route.order(has_hub=True)[0] is Way.SERVER


@pytest.mark.parametrize("trouble", ["silent", "stranger"])
def test_a_server_that_does_not_answer_here_either_changes_nothing(trouble: str) -> None:
    FakeHttp.answers[f"https://{HUB}"] = [_held()]
    if trouble == "silent":
        FakeHttp.answers[URL] = [SILENT]
    else:
        FakeHttp.merchants = {URL: OTHER}
    line, transport = a_line()

    asyncio.run(_exchange(transport))

    assert line.route.order(has_hub=True)[0] is Way.HUB


def test_a_new_pin_opens_new_connections() -> None:
    places = [HubPlace(pin=pin, address=HUB, merchant=OURS) for pin in ("11", "11", "22")]
    line = ShopLine(
        SteppingClock(), lambda: places.pop(0), HubFinder(look=lambda _merchant, _pin: ())
    )
    transport = line.transport(URL, KEY)

    async def thrice() -> None:
        for _ in range(3):
            await transport.call("/p", OK, HistoryReply)
        await transport.close()

    asyncio.run(thrice())
    # The first hub's, the second hub's, the server's.
    assert FakeHttp.closed == 3
