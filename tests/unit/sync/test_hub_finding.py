"""Finding the hub and knowing it: announcements prove nothing, its certificate does."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer, ServerUnreachable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.hub.announce import Announcement, announced
from pos_loyalty.hub.certificate import identity_pin, make_identity, server_context
from pos_loyalty.sync.hub_finder import HubFinder, look_for_hubs
from pos_loyalty.sync.hub_pin import pinned_context, split_address
from tests.sample_till import SteppingClock

OURS = MerchantId("ab" * 16)
PIN = "12" * 32


@contextmanager
def listening(context: ssl.SSLContext | None) -> Generator[str]:
    """Take connections on this machine, with TLS or without; say one word in each."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            try:
                line, _ = listener.accept()
            except TimeoutError:
                continue
            with line:
                try:
                    if context is None:
                        line.sendall(b"220 no tls here\r\n")
                    else:
                        with context.wrap_socket(line, server_side=True) as tls:
                            tls.sendall(b"hello")
                except OSError:
                    continue

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"127.0.0.1:{listener.getsockname()[1]}"
    finally:
        is_over.set()
        thread.join()
        listener.close()


def test_the_pinned_certificate_is_trusted_and_no_other() -> None:
    identity, other = make_identity(SteppingClock()), make_identity(SteppingClock())
    with listening(server_context(identity)) as address, listening(server_context(other)) as wrong:
        context = pinned_context(address, identity_pin(identity))

        with (
            socket.create_connection(split_address(address)) as line,
            context.wrap_socket(line) as tls,
        ):
            assert tls.recv(5) == b"hello"
        with (
            socket.create_connection(split_address(wrong)) as line,
            pytest.raises(ssl.SSLCertVerificationError),
        ):
            context.wrap_socket(line)


def test_another_certificate_than_the_pinned_one_is_not_our_hub() -> None:
    with (
        listening(server_context(make_identity(SteppingClock()))) as address,
        pytest.raises(NotOurServer) as refused,
    ):
        pinned_context(address, PIN)

    assert refused.value.code is Code.SERVER_CERTIFICATE


def test_what_speaks_no_tls_is_not_our_hub() -> None:
    with listening(None) as address, pytest.raises(NotOurServer) as refused:
        pinned_context(address, PIN)

    assert refused.value.code is Code.SERVER_NOT_OURS


@pytest.mark.parametrize("address", ["127.0.0.1:9", "nowhere"])
def test_nobody_there_is_no_hub(address: str) -> None:
    with pytest.raises(ServerUnreachable):
        pinned_context(address, PIN)


@pytest.mark.parametrize(
    ("text", "parts"),
    [("hub.local:8444", ("hub.local", 8444)), (" [::1]:80 ", ("::1", 80))],
)
def test_an_address_has_host_and_port(text: str, parts: tuple[str, int]) -> None:
    assert split_address(text) == parts


@pytest.mark.parametrize("text", ["", "host", ":80", "host:", "host:0", "host:65536", "host:x"])
def test_anything_else_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        split_address(text)


def test_an_announced_hub_is_found_and_others_are_not() -> None:
    announcement = Announcement(
        merchant=OURS, shop="Café " + "x" * 300, pin=PIN, host="127.0.0.1", port=4711
    )
    with announced(announcement) as is_announced:
        assert is_announced
        assert look_for_hubs(OURS, PIN) == ("127.0.0.1:4711",)

    with announced(announcement):
        assert look_for_hubs(MerchantId("cd" * 16), PIN) == ()


def test_a_name_that_nobody_explains_is_no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    class Whispering:
        """Names a hub as soon as somebody listens, and says no more of it."""

        def __init__(self, **_: object) -> None: ...

        def get_service_info(self, *_: object, timeout: int) -> None:
            del timeout

        def close(self) -> None: ...

    class Browser:
        def __init__(self, _: object, __: str, *, handlers: list[Callable[..., None]]) -> None:
            handlers[0](name="somebody")

        def cancel(self) -> None: ...

    monkeypatch.setattr("zeroconf.Zeroconf", Whispering)
    monkeypatch.setattr("zeroconf.ServiceBrowser", Browser)
    monkeypatch.setattr("pos_loyalty.sync.hub_finder.LOOK_SECONDS", 0.05)

    assert look_for_hubs(OURS, PIN) == ()


def test_no_secret_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[dict[bytes, bytes | None]] = []

    class Silent:
        def __init__(self, **_: object) -> None: ...

        def register_service(self, info: object, **_: object) -> None:
            said.append(getattr(info, "properties", {}))

        def close(self) -> None: ...

    monkeypatch.setattr("zeroconf.Zeroconf", Silent)
    with announced(Announcement(merchant=OURS, shop="Shop", pin=PIN, host="0.0.0.0", port=1)):  # noqa: S104 - announced, not listened on
        pass

    assert said == [{b"merchant": OURS.encode(), b"shop": b"Shop", b"pin": PIN[:16].encode()}]


@pytest.mark.expects_log_records
def test_a_network_without_multicast_finds_and_announces_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_network(**_: object) -> object:
        raise OSError

    monkeypatch.setattr("zeroconf.Zeroconf", no_network)

    assert look_for_hubs(OURS, PIN) == ()
    with announced(
        Announcement(merchant=OURS, shop="S", pin=PIN, host="127.0.0.1", port=1)
    ) as is_announced:
        assert not is_announced
    assert "no announcements" in caplog.text


def _rest(finder: HubFinder) -> None:
    while finder.is_looking:
        time.sleep(0.005)


def test_nobody_looks_twice_at_once_nor_too_often() -> None:
    looked: list[str] = []

    def look(merchant: MerchantId, pin: str) -> tuple[str, ...]:
        looked.append(f"{merchant} {pin}")
        time.sleep(0.05)
        return ("hub:1",)

    finder = HubFinder(look)
    for _ in range(3):
        finder.begin(OURS, PIN)
    _rest(finder)
    finder.begin(OURS, PIN)

    assert looked == [f"{OURS} {PIN}"]
    assert finder.found == ("hub:1",)
    finder.forget("hub:1")
    assert finder.found == ()


@pytest.mark.expects_log_records
def test_a_fault_while_looking_ends_nothing(caplog: pytest.LogCaptureFixture) -> None:
    def look(merchant: MerchantId, pin: str) -> tuple[str, ...]:
        raise RuntimeError(merchant + pin)

    finder = HubFinder(look)
    finder.begin(OURS, PIN)
    _rest(finder)

    assert finder.found == ()
    assert "looking for the shop's hub failed" in caplog.text
