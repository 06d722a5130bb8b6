"""Sends what simulated tills have, all at once, over HTTP; waits where the server asks for it."""

import asyncio
import random
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

import msgspec

from pos_loyalty.bench.joined_tills import Body
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.wire.codec import SIGNATURE_HEADER

_ANSWER_SECONDS: Final = 60
_OK: Final = 200
_UNAVAILABLE: Final = 503
_SMALL_PAUSE_SECONDS: Final = 1.0
_FAILURE_SECONDS: Final = 0.5


class _Reply(msgspec.Struct):
    """What a till of the storm looks at; the rows are read off the wire and left alone."""

    status: str
    have: int = 0
    retry_after_ms: int = 0


_DECODER: Final = msgspec.json.Decoder(_Reply)


@dataclass
class Load:
    """What the storm took; seconds from its begin, or from a small sync's first try."""

    acknowledged_seconds: list[float] = field(default_factory=list[float])
    small_seconds: list[float] = field(default_factory=list[float])
    busy: int = 0
    failures: int = 0
    cpu_seconds: float = 0.0


def run_storm(url: str, tills: Sequence[Sequence[Body]], small: Sequence[Sequence[Body]]) -> Load:
    """Let all tills send at once, and some others sync as on any day until those are through."""
    load = Load()
    cpu = time.process_time()
    asyncio.run(_storm(url, tills, small, load))
    load.cpu_seconds = time.process_time() - cpu
    return load


async def _storm(
    url: str, tills: Sequence[Sequence[Body]], small: Sequence[Sequence[Body]], load: Load
) -> None:
    began = time.perf_counter()
    drained = asyncio.Event()
    others = [asyncio.create_task(_small_till(url, bodies, drained, load)) for bodies in small]
    await asyncio.gather(*(_till(url, bodies, began, load) for bodies in tills))
    drained.set()
    await asyncio.gather(*others)


async def _till(url: str, bodies: Sequence[Body], began: float, load: Load) -> None:
    """Send a whole backlog in order."""
    line = _Line(url)
    try:
        for body in bodies:
            await _until_taken(line, body, load)
    finally:
        await line.close()
    load.acknowledged_seconds.append(time.perf_counter() - began)


async def _small_till(url: str, bodies: Sequence[Body], drained: asyncio.Event, load: Load) -> None:
    """Sync one sale about every second for as long as the storm lasts."""
    line = _Line(url)
    try:
        for body in bodies:
            if drained.is_set():
                break
            await asyncio.sleep(_SMALL_PAUSE_SECONDS * _jitter())
            began = time.perf_counter()
            await _until_taken(line, body, load)
            load.small_seconds.append(time.perf_counter() - began)
    finally:
        await line.close()


async def _until_taken(line: "_Line", body: Body, load: Load) -> None:
    """Send one request until the server has its events."""
    while True:
        try:
            reply = await line.send(body)
        except (OSError, TimeoutError, EOFError, asyncio.IncompleteReadError):
            load.failures += 1
            await line.close()
            await asyncio.sleep(_FAILURE_SECONDS * _jitter())
            continue
        if reply.status == "ok" and reply.have >= body.last_seq:
            return
        if reply.status != "busy":
            raise AssertionError(f"the server answers {reply.status} to an honest till")
        load.busy += 1
        await asyncio.sleep(reply.retry_after_ms / 1000)


class _Line:
    """One connection that stays open between requests, as a till's does."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url)
        self._ends: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def send(self, body: Body) -> _Reply:
        """Send a request and read its answer."""
        async with asyncio.timeout(_ANSWER_SECONDS):
            if self._ends is None:
                host, port = self._address.hostname, self._address.port
                self._ends = await asyncio.open_connection(host, port)
            reader, writer = self._ends
            head = (
                f"POST {EXCHANGE_PATH} HTTP/1.1\r\nHost: {self._address.netloc}\r\n"
                f"{SIGNATURE_HEADER}: {body.signature}\r\nContent-Length: {len(body.data)}\r\n\r\n"
            )
            writer.write(head.encode("ascii") + body.data)
            await writer.drain()
            return await _read(reader)

    async def close(self) -> None:
        """End the connection; the next request opens another one."""
        ends, self._ends = self._ends, None
        if ends is not None:
            ends[1].close()
            await asyncio.gather(ends[1].wait_closed(), return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> _Reply:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii").lower()
    status = int(head.split(" ", 2)[1])
    fields = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if line)
    data = await reader.readexactly(int(fields["content-length"]))
    if status == _UNAVAILABLE:
        seconds = int(fields.get("retry-after", "1"))
        return _Reply(status="busy", retry_after_ms=int(seconds * 1000 * _jitter()))
    if status != _OK:
        raise AssertionError(f"the server answers {status} to an honest till")
    return _DECODER.decode(zlib.decompress(data))


def _jitter() -> float:
    return random.uniform(0.5, 1.5)
