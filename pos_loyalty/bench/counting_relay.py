"""A relay on this machine that counts what goes through it: bytes each way, and requests."""

import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

_CHUNK: Final = 65_536
_REQUEST_WORDS: Final = (b"POST /", b"GET /", b"PUT /", b"HEAD /", b"DELETE /", b"OPTIONS /")


class CountingRelay:
    """Passes connections on to a server. Counts are of everything on the wire above TCP."""

    def __init__(self, target: str) -> None:
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.up_bytes = self.down_bytes = self.requests = 0
        threading.Thread(target=self._accept, name="relay", daemon=True).start()

    def forget(self) -> None:
        """Begin to count anew."""
        with self._lock:
            self.up_bytes = self.down_bytes = self.requests = 0

    def close(self) -> None:
        """End every connection."""
        for end in [self._listener, *self._sockets]:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(self._target)
                for end in (near, far):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += [near, far]
                for source, sink, is_up in ((near, far, True), (far, near, False)):
                    arguments = (source, sink, is_up)
                    threading.Thread(target=self._pass_on, args=arguments, daemon=True).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, is_up: bool) -> None:  # noqa: FBT001 - a thread's arguments go by place
        with suppress(OSError):
            while data := source.recv(_CHUNK):
                with self._lock:
                    if is_up:
                        self.up_bytes += len(data)
                        # A request begins with what is read: nobody sends two without waiting.
                        self.requests += data.startswith(_REQUEST_WORDS)
                    else:
                        self.down_bytes += len(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@contextmanager
def counting_relay(target: str) -> Generator[CountingRelay]:
    """Relay to a server for the time of the block."""
    relay = CountingRelay(target)
    try:
        yield relay
    finally:
        relay.close()
