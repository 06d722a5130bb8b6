"""What may happen between a till and its server. Nothing is lost, nothing is doubled."""

import threading
import time
from collections import Counter
from dataclasses import replace

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.till import Till
from tests.proxies import CannedReply, Faults
from tests.sample_till import enroll, sell
from tests.sync.shop import (
    Shop,
    assert_sound,
    balance,
    sell_quietly,
    sync,
    sync_until_sent,
    wait_until,
)

EXCHANGE = "/sync/v1/exchange"


def only_exchanges(path: str) -> bool:
    return path == EXCHANGE


def two_tills_with_a_member(shop: Shop) -> tuple[Till, Till, MemberId]:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    sync(one)
    wait_until(lambda: balance(two, member) > 0)
    return one, two, member


def assert_equal_everywhere(shop: Shop, tills: tuple[Till, ...], member: MemberId) -> None:
    """All books agree with each other and with the sum of events, each counted once."""
    truth = balance(tills[0], member)
    assert shop.balance_at_server(member) == truth
    assert [balance(till, member) for till in tills] == [truth] * len(tills)
    assert max(Counter(shop.events_at_server()).values()) == 1
    for till in tills:
        assert_sound(till)


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(Faults(drop_reply_every=2), id="F20-S07-every-second-reply-lost"),
        pytest.param(Faults(drop_reply_every=3), id="F20-every-third-reply-lost"),
        pytest.param(Faults(drop_request_every=2), id="every-second-request-lost"),
        pytest.param(Faults(duplicate_every=1), id="F17-S23-every-request-twice"),
        pytest.param(Faults(duplicate_every=2, drop_reply_every=3), id="F17-F20-both"),
        pytest.param(Faults(delay_seconds=0.2), id="slow"),
    ],
)
def test_F17_F20_two_tills_agree_behind_a_bad_proxy(shop: Shop, faults: Faults) -> None:
    one, two, member = two_tills_with_a_member(shop)
    start = balance(one, member)
    shop.proxy.cut()
    earned = sell_quietly(one, member, 7) + sell_quietly(two, member, 5)

    shop.proxy.heal()
    shop.proxy.faults = faults
    sync_until_sent(one)
    sync_until_sent(two)
    sync_until_sent(one)

    assert balance(one, member) == start + earned
    assert_equal_everywhere(shop, (one, two), member)


def test_F20_a_till_joins_once_although_the_reply_was_lost_twice(shop: Shop) -> None:
    till = shop.open_till("one")
    sell(till, enroll(till))
    shop.proxy.faults = Faults(drop_next_replies=2)

    shop.join(till)

    assert till.shop.till_name == "Till 1"
    assert shop.joined_till("two").shop.till_name == "Till 2"
    assert till.sync.status().pending == 0


@pytest.mark.parametrize("place", [0, 1, 2, 7, 20, 60, 100])
def test_F19_a_reply_cut_at_any_byte_is_no_reply(shop: Shop, place: int) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.faults = Faults(truncate_reply_at=place)
    sell(till, member)

    outcome = sync(till)

    assert outcome.trouble is not None
    assert outcome.pending == 1
    shop.proxy.heal()
    sync_until_sent(till)
    assert_equal_everywhere(shop, (till,), member)


@pytest.mark.parametrize("place", [0, 3, 12, 40, 90])
@pytest.mark.parametrize("side", ["request", "reply"])
def test_F19_a_flipped_bit_changes_nothing(shop: Shop, side: str, place: int) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    flips = {f"flip_{side}_byte": place}
    shop.proxy.faults = replace(Faults(only=only_exchanges), **flips)
    sell(till, member)

    outcome = sync(till)

    assert outcome.trouble is not None
    assert outcome.pending == 1
    shop.proxy.heal()
    sync_until_sent(till)
    assert_equal_everywhere(shop, (till,), member)


LOGIN_PAGE = CannedReply()
PAGES = {
    "F22-A44-login-page": (LOGIN_PAGE, Code.SERVER_NOT_OURS),
    "F22-A44-redirect": (
        CannedReply(status=302, headers=(("Location", "http://192.0.2.1/login"),)),
        Code.SERVER_NOT_OURS,
    ),
    "F23-proxy-login": (CannedReply(status=407), Code.SERVER_NOT_OURS),
    "F22-not-found-page": (CannedReply(status=404), Code.SERVER_NOT_OURS),
    "error-500": (CannedReply(status=500), Code.SERVER_TROUBLE),
    "F23-error-502": (CannedReply(status=502), Code.SERVER_TROUBLE),
    "F23-unavailable": (CannedReply(status=503), Code.SERVER_BUSY),
    "F23-too-many": (CannedReply(status=429), Code.SERVER_BUSY),
    "A44-our-type-with-other-bytes": (
        CannedReply(content_type="application/vnd.pos-loyalty+json", body=b"<html>"),
        Code.SERVER_TROUBLE,
    ),
    "json-of-somebody-else": (
        CannedReply(content_type="application/json", body=b'{"status":"ok"}'),
        Code.SERVER_NOT_OURS,
    ),
    "empty": (CannedReply(body=b""), Code.SERVER_NOT_OURS),
}


@pytest.mark.parametrize(("canned", "code"), list(PAGES.values()), ids=list(PAGES))
def test_F22_F23_A44_what_is_no_answer_of_our_server_is_none(
    shop: Shop, canned: CannedReply, code: Code
) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.faults = Faults(canned=canned)
    earned = sell(till, member).earned_points
    before = balance(till, member)

    outcome = sync(till)

    assert outcome.trouble is code
    assert not outcome.online
    assert outcome.pending == 1
    assert balance(till, member) == before
    shop.proxy.heal()
    sync_until_sent(till)
    assert earned > 0
    assert_equal_everywhere(shop, (till,), member)


def test_F23_retry_after_is_honored(shop: Shop) -> None:
    till = shop.joined_till("one")
    sync(till)
    busy = CannedReply(status=429, headers=(("Retry-After", "30"),))
    shop.proxy.faults = Faults(canned=busy)
    sell(till, None)
    wait_until(lambda: till.sync.status().trouble is Code.SERVER_BUSY)
    seen = shop.proxy.request_count

    for _ in range(5):
        sell(till, None)
    time.sleep(1.5)

    assert shop.proxy.request_count == seen
    assert till.sync.status().pending == 6


def test_F23_a_sale_is_as_fast_as_ever_while_the_line_drips(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.faults = Faults(drip_seconds=0.05)

    seconds: list[float] = []
    for _ in range(30):
        start = time.monotonic()
        sell(till, member)
        seconds.append(time.monotonic() - start)

    assert sorted(seconds)[-2] < 0.25
    shop.proxy.heal()
    shop.proxy.cut()
    shop.proxy.heal()
    sync_until_sent(till)
    assert_equal_everywhere(shop, (till,), member)


def test_F24_a_flapping_line_makes_progress_in_every_window(shop: Shop) -> None:
    one, two, member = two_tills_with_a_member(shop)
    stop = threading.Event()

    def flap() -> None:
        while not stop.is_set():
            shop.proxy.cut()
            stop.wait(0.15)
            shop.proxy.heal()
            stop.wait(0.3)

    flapping = threading.Thread(target=flap, name="flapping")
    flapping.start()
    try:
        for _ in range(10):
            sell(one, member)
            sell(two, member)
            time.sleep(0.1)
        for till in (one, two):
            wait_until(lambda till=till: sync(till).pending == 0, seconds=30)
    finally:
        stop.set()
        flapping.join()
    shop.proxy.heal()
    sync_until_sent(one)
    sync_until_sent(two)

    assert_equal_everywhere(shop, (one, two), member)


def test_S05_S06_A42_old_requests_sent_again_change_nothing(shop: Shop) -> None:
    import socket
    from urllib.parse import urlsplit

    one, two, member = two_tills_with_a_member(shop)
    for _ in range(3):
        sell(one, member)
        sync(one)
    sync(two)
    truth = balance(one, member)
    recorded = [seen for seen in shop.proxy.seen if seen.path == EXCHANGE]
    parts = urlsplit(shop.server.url)

    for seen in recorded * 3:
        if b'"wait_ms"' in seen.body:
            continue
        address = (str(parts.hostname), int(parts.port or 0))
        with socket.create_connection(address, timeout=1.0) as connection:
            connection.sendall(seen.raw)
            connection.settimeout(0.15)
            try:
                connection.recv(65536)
            except TimeoutError:
                continue

    sell(one, member)
    sync_until_sent(one)
    sync_until_sent(two)
    assert balance(one, member) > truth
    assert_equal_everywhere(shop, (one, two), member)
    assert one.sync.status().trouble is None


def test_A43_a_reply_without_end_stops_at_the_limit(shop: Shop) -> None:
    import tracemalloc

    till = shop.joined_till("one")
    sync(till)
    body = bytes(4 * 1024 * 1024)
    endless = CannedReply(content_type="application/vnd.pos-loyalty+json", body=body)
    shop.proxy.faults = Faults(canned=endless)
    sell(till, None)
    tracemalloc.start()

    outcome = sync(till)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert outcome.trouble is Code.SERVER_TROUBLE
    assert outcome.pending == 1
    assert peak < 3 * len(body)


def test_A43_a_small_reply_that_inflates_to_a_large_one_is_refused(shop: Shop) -> None:
    import zlib

    till = shop.joined_till("one")
    sync(till)
    bomb = zlib.compress(b"[" * (64 * 1024 * 1024), 9)
    shop.proxy.faults = Faults(
        canned=CannedReply(content_type="application/vnd.pos-loyalty+json", body=bomb)
    )
    sell(till, None)

    outcome = sync(till)

    assert outcome.trouble is Code.SERVER_TROUBLE
    assert outcome.pending == 1


def test_S26_a_queue_drains_by_itself_after_one_failure(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.faults = Faults(canned=CannedReply(status=500))
    sell(till, member)
    wait_until(lambda: till.sync.status().failed_tries >= 1)

    shop.proxy.heal()
    seconds = wait_until(lambda: till.sync.status().pending == 0)

    assert seconds < 5.0
    assert till.sync.status().online
    assert till.sync.status().trouble is None


def test_S27_a_line_that_swallows_everything_is_noticed_and_heals(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pos_loyalty.sync.session.READ_SECONDS", 0.5)
    till = shop.joined_till("one")
    member = enroll(till)
    sync(till)
    shop.proxy.faults = Faults(black_hole=True)
    sell(till, member)

    wait_until(lambda: till.sync.status().trouble is Code.SERVER_SILENT)
    status = till.sync.status()

    assert not status.online
    assert status.pending == 1
    assert status.offline_since_ms is not None
    assert status.sending_since_ms is not None
    wait_until(lambda: till.sync.status().unsent_for_ms > 700)
    shop.proxy.heal()
    wait_until(lambda: till.sync.status().pending == 0, seconds=20)
    assert till.sync.status().unsent_for_ms == 0
    assert till.sync.status().online


def test_offline_status_counts_tries_and_keeps_the_time(shop: Shop) -> None:
    till = shop.joined_till("one")
    sync(till)
    shop.proxy.cut()
    sell(till, None)

    wait_until(lambda: till.sync.status().failed_tries >= 2)
    first = till.sync.status().offline_since_ms
    wait_until(lambda: till.sync.status().failed_tries >= 3)

    status = till.sync.status()
    assert status.offline_since_ms == first
    assert status.pending == 1
    assert status.trouble is Code.SERVER_SILENT
    assert status.last_contact_ms is not None
