"""The relay passes everything on and counts it, each way."""

import http.client
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import pytest

from pos_loyalty.bench.counting_relay import CountingRelay, counting_relay

ANSWER = b"x" * 100_000


class Echo(BaseHTTPRequestHandler):
    """Answers every request with the same bytes."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(ANSWER)))
        self.end_headers()
        self.wfile.write(ANSWER)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


@pytest.fixture
def relay() -> Iterator[CountingRelay]:
    with HTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with counting_relay(f"http://127.0.0.1:{server.server_port}") as relay:
                yield relay
        finally:
            server.shutdown()
            thread.join()


def test_everything_goes_through_and_is_counted(relay: CountingRelay) -> None:
    address = urlsplit(relay.url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port)
    for _ in range(3):
        connection.request("POST", "/", body=b"y" * 50_000)
        assert connection.getresponse().read() == ANSWER
    connection.close()

    assert relay.requests == 3
    assert 150_000 < relay.up_bytes < 151_000
    assert 300_000 < relay.down_bytes < 301_000

    relay.forget()

    assert (relay.requests, relay.up_bytes, relay.down_bytes) == (0, 0, 0)
