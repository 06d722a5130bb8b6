"""A proxy on a real port between a till and its server, which misbehaves on demand.

It runs in a thread of its own and speaks enough HTTP/1.1 to know where a request and
a reply end. Faults are attributes that may be changed while it runs; they hold until
they are taken back.
"""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_HEAD_MAX = 64 * 1024
_START_SECONDS = 10.0
_LAST_ROUNDS_SECONDS = 0.02


@dataclass(frozen=True)
class CannedReply:
    """What the proxy answers by itself, without asking the server."""

    status: int = 200
    content_type: str = "text/html; charset=utf-8"
    body: bytes = b"<html><body>Please log in</body></html>"
    headers: tuple[tuple[str, str], ...] = ()

    def to_bytes(self) -> bytes:
        lines = [
            f"HTTP/1.1 {self.status} X",
            f"Content-Type: {self.content_type}",
            f"Content-Length: {len(self.body)}",
            *(f"{name}: {value}" for name, value in self.headers),
        ]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


@dataclass
class Faults:
    """What goes wrong. ``*_every`` counts requests: 2 means every second one.

    drop_reply_every: the server does the work, its reply never arrives.
    drop_next_replies: so many replies are lost, then none.
    drop_request_every: the request never arrives at the server.
    duplicate_every: the request arrives twice; the second reply is passed on.
    truncate_reply_at: so many bytes of the reply's body arrive, then the line is cut.
    flip_reply_byte: this byte of the reply's body is altered.
    flip_request_byte: this byte of the request's body is altered.
    delay_seconds: before the request goes on.
    drip_seconds: between single bytes of the reply.
    canned: what is answered instead of asking the server.
    black_hole: connections are taken and nothing is ever answered.
    only: the faults hold for requests whose path this accepts.
    """

    drop_reply_every: int = 0
    drop_next_replies: int = 0
    drop_request_every: int = 0
    duplicate_every: int = 0
    truncate_reply_at: int | None = None
    flip_reply_byte: int | None = None
    flip_request_byte: int | None = None
    delay_seconds: float = 0.0
    drip_seconds: float = 0.0
    canned: CannedReply | None = None
    black_hole: bool = False
    only: Callable[[str], bool] = field(default=lambda _path: True)


@dataclass(frozen=True)
class Seen:
    """A request as it came; ``raw`` can be sent again as it is."""

    path: str
    body: bytes
    raw: bytes


class MisbehavingProxy:
    """Listens on a free port of this machine; ``url`` is what a till is given.

    With ``tls`` tills speak https to it. ``cut`` ends all connections and takes no new
    ones, ``heal`` ends that and every fault.
    """

    def __init__(self, target: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.faults = Faults()
        self.seen: list[Seen] = []
        self.replies: list[bytes] = []
        parts = urlsplit(target)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)
        self._port = 0
        self._is_cut = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="proxy")

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def request_count(self) -> int:
        return len(self.seen)

    def start(self) -> Self:
        self._thread.start()
        assert self._ready.wait(_START_SECONDS)
        return self

    def stop(self) -> None:
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and self._thread.is_alive():
            loop.call_soon_threadsafe(stopping.set)
            self._thread.join()

    def cut(self) -> None:
        """Cut the line: connections end without a word, new ones too."""
        self._is_cut = True
        loop = self._loop
        assert loop is not None
        loop.call_soon_threadsafe(self._drop_all)

    def heal(self) -> None:
        """Let everything through again."""
        self._is_cut = False
        self.faults = Faults()

    def target(self, url: str) -> None:
        """Lead to another server from now on: it was started again on another port."""
        parts = urlsplit(url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._target = (parts.hostname, parts.port)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        self._port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        server.close()
        # What was accepted just now still becomes a connection; only then it can be closed.
        await asyncio.sleep(_LAST_ROUNDS_SECONDS)
        self._is_cut = True
        self._drop_all()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.sleep(_LAST_ROUNDS_SECONDS)

    def _drop_all(self) -> None:
        for writer in tuple(self._writers):
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            while not self._is_cut and (request := await _read_message(reader)) is not None:
                if not await self._pass_on(request, writer):
                    break
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            self._writers.discard(writer)
            writer.transport.abort()

    async def _pass_on(self, request: bytes, writer: asyncio.StreamWriter) -> bool:
        """Carry one request; return whether the connection goes on."""
        seen = _seen(request)
        self.seen.append(seen)
        number = self.request_count
        faults = self.faults if self.faults.only(seen.path) else Faults()
        if faults.black_hole:
            await asyncio.Event().wait()
        if faults.canned is not None:
            writer.write(faults.canned.to_bytes())
            await writer.drain()
            return True
        if _is_nth(number, faults.drop_request_every):
            return False
        await asyncio.sleep(faults.delay_seconds)
        if faults.flip_request_byte is not None:
            request = _flipped(request, faults.flip_request_byte)
        if _is_nth(number, faults.duplicate_every):
            await self._ask(request)
        reply = await self._ask(request)
        if reply is None or _is_nth(number, faults.drop_reply_every):
            return False
        if faults.drop_next_replies:
            faults.drop_next_replies -= 1
            return False
        self.replies.append(reply)
        return await _answer(reply, writer, faults)

    async def _ask(self, request: bytes) -> bytes | None:
        reader, writer = await asyncio.open_connection(*self._target)
        self._writers.add(writer)
        try:
            writer.write(request)
            await writer.drain()
            return await _read_message(reader)
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def _answer(reply: bytes, writer: asyncio.StreamWriter, faults: Faults) -> bool:
    """Hand a reply to the till, whole, altered, cut or drop by drop."""
    if faults.flip_reply_byte is not None:
        reply = _flipped(reply, faults.flip_reply_byte)
    if faults.truncate_reply_at is not None:
        start = reply.index(b"\r\n\r\n") + 4
        writer.write(reply[: start + faults.truncate_reply_at])
        await writer.drain()
        return False
    if faults.drip_seconds:
        for place in range(len(reply)):
            writer.write(reply[place : place + 1])
            await writer.drain()
            await asyncio.sleep(faults.drip_seconds)
        return True
    writer.write(reply)
    await writer.drain()
    return True


async def _read_message(reader: asyncio.StreamReader) -> bytes | None:
    """Read one request or reply as it is; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    assert len(head) < _HEAD_MAX
    return head + await reader.readexactly(_content_length(head))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


def _seen(request: bytes) -> Seen:
    head, _, body = request.partition(b"\r\n\r\n")
    return Seen(path=head.split(b" ")[1].decode(), body=body, raw=request)


def _is_nth(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def _flipped(message: bytes, place: int) -> bytes:
    """Alter one byte of the body; a message without a body stays as it is."""
    start = message.index(b"\r\n\r\n") + 4
    at = start + place
    if at >= len(message):
        return message
    return message[:at] + bytes([message[at] ^ 0x01]) + message[at + 1 :]
