"""What a person who joins a till is told when there is no server where one was named."""

import asyncio
import contextlib
import errno
import socket
import ssl
import threading
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, ServerUnreachable
from pos_loyalty.services import join_server
from pos_loyalty.services.join_server import JoinServer, ensure_private, is_plain
from pos_loyalty.sync import transport
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.transport import HttpTransport, addresses_of, speaks_no_tls
from pos_loyalty.till import Till
from tests.sample_till import SampleTill

CODE = "AAAA-BBBB-CCCC"
GLOBAL = "8.8.8.8"


@pytest.fixture
def till(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Till]:
    """Return a till that works alone and does not wait between its tries."""

    def at_once(failures: int, *, jitter: float) -> int:
        del failures, jitter
        return 0

    monkeypatch.setattr(join_server, "delay_ms", at_once)
    with SampleTill(tmp_path / "till").open() as till:
        yield till


@contextlib.contextmanager
def _plain_server() -> Generator[int]:
    """Answer everything as a server that speaks no TLS does; yield the port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    with client:
                        client.recv(4096)
                        client.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _refusal(till: Till, url: str) -> LoyaltyError:
    with pytest.raises(LoyaltyError) as refused:
        till.join_server(JoinServer(url, CODE))
    assert not till.shop.joined
    return refused.value


def test_a_server_that_is_off_is_asked_about(till: Till) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    assert _refusal(till, url).message == f"Not joined. No answer at {url}. Is the server running?"


def test_a_name_that_nobody_has_is_named(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    refused = _refusal(till, "https://kasse:8443")

    assert refused.message == "Not joined. No PC is called kasse."


def test_a_pc_without_a_network_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError(errno.ENETUNREACH, "Network is unreachable")

    async def ask() -> None:
        line = HttpTransport("https://kasse:8443", TillKey(bytes(32)))
        try:
            await line.merchant()
        finally:
            await line.close()

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)

    with pytest.raises(ServerUnreachable) as refused:
        asyncio.run(ask())
    assert refused.value.code is Code.NETWORK_DOWN


def test_https_to_a_server_without_a_certificate_is_no_login_page(till: Till) -> None:
    with _plain_server() as port:
        refused = _refusal(till, f"https://127.0.0.1:{port}")

    assert refused.code is Code.JOIN_TLS


def test_a_wrong_certificate_stays_what_it_is() -> None:
    error = ServerUnreachable(Code.SERVER_CERTIFICATE)
    error.__cause__ = ssl.SSLCertVerificationError("certificate has expired")

    assert not speaks_no_tls(error)


@pytest.mark.parametrize("url", ["http://", "ftp://host", "http://host:port"])
def test_what_is_no_address_is_told_how_one_begins(till: Till, url: str) -> None:
    assert "begins with http:// or https://" in _refusal(till, url).message


def test_A40_plain_http_to_the_internet_is_refused_before_anything_is_sent(till: Till) -> None:
    refused = _refusal(till, f"http://{GLOBAL}:8443")

    assert isinstance(refused, CommandRefused)
    assert refused.code is Code.SERVER_PLAIN


def test_A40_a_name_that_stands_for_the_internet_is_refused_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def abroad(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, 1, 6, "", ("10.0.0.5", 80)), (2, 1, 6, "", (GLOBAL, 80))]

    monkeypatch.setattr(transport.socket, "getaddrinfo", abroad)

    with pytest.raises(CommandRefused):
        ensure_private("http://shop.example")
    ensure_private("https://shop.example")


@pytest.mark.parametrize(
    ("url", "plain"),
    [
        ("http://127.0.0.1:8443", False),
        ("http://[::1]:8443", False),
        ("http://192.168.1.20:8443", True),
        ("http://[fd00::1]:8443", True),
        ("https://192.168.1.20:8443", False),
        ("192.168.1.20:8443", False),
    ],
)
def test_A40_plain_http_in_the_shop_s_own_network_is_allowed_and_said(
    url: str, *, plain: bool
) -> None:
    assert is_plain(url) is plain


def test_a_host_without_an_address_has_none() -> None:
    assert addresses_of("http://no-such-host.invalid:80") == ()
