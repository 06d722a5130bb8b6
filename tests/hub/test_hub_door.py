"""The hub's door: what passes through it, and what is refused there."""

import asyncio
import json
import shutil
import socket
import ssl
from http.client import HTTPSConnection
from typing import Any

import pytest

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.hub.center_line import CenterLine
from pos_loyalty.hub.serve import HubSettings, serve_hub
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.sync.hub_pin import pinned_context, split_address
from pos_loyalty.sync.transport import RelayedAnswer
from pos_loyalty.till import Till
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import Refusal
from tests.hub.hub_shop import HubbedShop
from tests.sample_till import sell
from tests.sync.shop import assert_sound, balance, sync, wait_until


def enroll(till: Till) -> MemberId:
    return till.enroll_member(EnrollMember(name="Ada")).member.id


def say(
    shop: HubbedShop, method: str, path: str, body: bytes = b"", **headers: str
) -> tuple[int, bytes]:
    """Say something to the hub as anybody in the network may."""
    assert shop.hub.started is not None
    context: ssl.SSLContext = pinned_context(shop.hub.address, shop.hub.started.pin)
    host, port = split_address(shop.hub.address)
    connection = HTTPSConnection(host, port, context=context, timeout=10)
    try:
        connection.request(method, path, body=body, headers=headers)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def code_of(body: bytes) -> str:
    return codec.unpack(body, Refusal).code


def test_a_hub_says_whose_it_is(shop: HubbedShop) -> None:
    status, body = say(shop, "GET", "/health")

    assert status == 200
    said = json.loads(body)
    assert said["hub"] is True
    assert said["merchant"] == shop.hub.till.shop.merchant


@pytest.mark.parametrize("path", ["/sync/v1/exchange", "/sync/v1/history"])
def test_nobody_without_a_signature_is_listened_to(shop: HubbedShop, path: str) -> None:
    status, body = say(shop, "POST", path, codec.pack(Refusal(code="x")))

    assert (status, code_of(body)) == (401, "E-SIGNATURE")


def test_what_is_no_exchange_is_refused_without_the_server(shop: HubbedShop) -> None:
    status, body = say(shop, "POST", "/sync/v1/exchange", b"junk", **{codec.SIGNATURE_HEADER: "AA"})

    assert (status, code_of(body)) == (400, "E-BODY-SHAPE")


def test_what_only_the_server_answers_waits_for_it(shop: HubbedShop) -> None:
    enrolled = enroll(shop.till("one"))
    shop.cut()

    status, body = say(
        shop,
        "POST",
        "/sync/v1/history",
        codec.pack(Refusal(code="x")),
        **{codec.SIGNATURE_HEADER: "AA"},
    )

    assert enrolled
    assert (status, code_of(body)) == (503, "E-SERVER-SILENT")


def test_refusals_of_the_server_pass_through(shop: HubbedShop) -> None:
    status, _ = say(
        shop,
        "POST",
        "/sync/v1/history",
        codec.pack(Refusal(code="x")),
        **{codec.SIGNATURE_HEADER: "AA"},
    )

    assert status == 400


@pytest.mark.expects_log_records
def test_a_fault_of_the_hub_is_no_fault_of_the_till(
    shop: HubbedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.cut()
    monkeypatch.setattr("pos_loyalty.hub.shop_hub.ShopHub.hold", None)
    sell(one, member, 10_000)

    assert sync(one, seconds=5).trouble is not None

    monkeypatch.undo()
    wait_until(lambda: sync(one, seconds=5).pending == 1 and one.sync.status().at_hub, seconds=30)


def test_history_comes_through_the_hub(shop: HubbedShop) -> None:
    one, two = shop.till("one"), shop.till("two")
    member = enroll(one)
    sell(one, member, 10_000)
    wait_until(lambda: balance(two, member) == 150)

    entries = two.sync.remote_history(member, 10)

    assert entries is not None
    assert [entry.points for entry in entries] == [50, 100]


def test_a_restored_till_joins_again_through_the_hub(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    folder = shop.shop.folder / "one"
    shop.shop.close(one)
    shutil.copytree(folder, shop.shop.folder / "copy")
    again = shop.shop.open_till("one")
    sell(again, member, 10_000)
    wait_until(lambda: sync(again, seconds=5).trouble is None, seconds=20)
    shop.shop.close(again)
    shutil.rmtree(folder)
    shutil.copytree(shop.shop.folder / "copy", folder)

    restored = shop.shop.open_till("one")
    sell(restored, member, 20_000)
    wait_until(lambda: sync(restored, seconds=5).trouble is None, seconds=20)

    wait_until(lambda: shop.shop.balance_at_server(member) == 350)
    wait_until(lambda: balance(restored, member) == 350)
    assert_sound(restored)


def test_a_poll_that_was_broken_off_waits_at_nobody_s(
    shop: HubbedShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    passing: set[int] = set()
    most = 0
    relay = CenterLine.relay

    async def counted(line: CenterLine, *words: Any, **more: Any) -> RelayedAnswer | None:  # noqa: ANN401 - passed on
        nonlocal most
        ticket = id(asyncio.current_task())
        passing.add(ticket)
        most = max(most, len(passing))
        try:
            return await relay(line, *words, **more)
        finally:
            passing.discard(ticket)

    monkeypatch.setattr(CenterLine, "relay", counted)
    for number in range(12):
        sell(one, member, 1_000 + number)
        wait_until(lambda: one.sync.status().pending == 0)

    # The poll and the sale, and perhaps a poll that is just being broken off.
    assert most <= 4


def test_a_port_that_is_taken_is_told(shop: HubbedShop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = HubSettings(host="127.0.0.1", port=other.getsockname()[1], announces=False)

        with pytest.raises(Exception, match="E-ADDRESS-TAKEN"):
            serve_hub(shop.hub.till, settings, on_ready=lambda _: None)


def test_a_till_is_no_hub(shop: HubbedShop) -> None:
    one = shop.till("one")
    settings = HubSettings(host="127.0.0.1", port=0, announces=False)

    with pytest.raises(Exception, match="E-NOT-JOINED"):
        serve_hub(one, settings, on_ready=lambda _: None)


def test_a_replaced_hub_is_the_shop_s_hub(shop: HubbedShop) -> None:
    one = shop.till("one")
    member = enroll(one)
    sync(one)
    shop.hub.stop()

    with shop.replaced() as second:
        wait_until(lambda: sync(one, seconds=5).trouble is None, seconds=20)
        shop.tell_address(one, second)
        wait_until(lambda: sync(one, seconds=5).trouble is None, seconds=20)
        shop.cut()
        sell(one, member, 10_000)
        wait_until(lambda: second.waits() == 1, seconds=20)
        shop.heal()
        wait_until(lambda: second.waits() == 0, seconds=30)

    assert shop.shop.balance_at_server(member) == 150
