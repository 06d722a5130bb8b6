"""The demo's line carries what it is given, can be cut and mended, and leads elsewhere."""

import socket
import threading
from collections.abc import Iterator

import pytest

from pos_loyalty.demo.line import Line


class _Echo:
    """Answers each connection's bytes with a mark before them."""

    def __init__(self, mark: bytes) -> None:
        self._mark = mark
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                connection.sendall(self._mark + connection.recv(100))


@pytest.fixture
def echo() -> Iterator[_Echo]:
    server = _Echo(b"one:")
    yield server
    server.close()


def _ask(port: int, text: bytes) -> bytes:
    """Say something and return everything that is answered before the line ends."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text)
        answer = b""
        try:
            while chunk := connection.recv(100):
                answer += chunk
        except ConnectionError:
            pass
        return answer


def test_a_line_carries_both_ways(echo: _Echo) -> None:
    with Line() as line:
        line.lead_to(echo.port)

        assert _ask(line.port, b"hello") == b"one:hello"


def test_a_cut_line_answers_nothing_until_it_is_mended(echo: _Echo) -> None:
    with Line() as line:
        line.lead_to(echo.port)
        line.cut()

        while_cut = _ask(line.port, b"hello")
        line.mend()

        assert while_cut == b""
        assert _ask(line.port, b"hello") == b"one:hello"


def test_cutting_ends_connections_that_are_open(echo: _Echo) -> None:
    with Line() as line:
        line.lead_to(echo.port)
        with socket.create_connection(("127.0.0.1", line.port), timeout=10) as connection:
            line.cut()
            try:
                ended = connection.recv(100)
            except ConnectionError:
                ended = b""

        assert ended == b""


def test_a_line_leads_to_another_port_when_the_server_is_started_anew(echo: _Echo) -> None:
    other = _Echo(b"two:")
    with Line() as line:
        line.lead_to(echo.port)
        before = _ask(line.port, b"x")
        line.lead_to(other.port)
        after = _ask(line.port, b"x")
    other.close()

    assert (before, after) == (b"one:x", b"two:x")


def test_a_line_to_nowhere_ends_at_once(echo: _Echo) -> None:
    echo_port = echo.port
    closed = _Echo(b"")
    closed.close()
    with Line() as line:
        line.lead_to(closed.port)

        assert echo_port != closed.port
        assert _ask(line.port, b"x") == b""


def test_a_port_in_use_is_an_error(echo: _Echo) -> None:
    with pytest.raises(OSError, match="in use"):
        Line(port=echo.port)
