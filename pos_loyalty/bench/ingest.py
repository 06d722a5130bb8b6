"""Ingest over HTTP: events a second at the server."""

import http.client
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import Body, bodies, enroll, join, sell, sync
from pos_loyalty.bench.server_process import RunningServer, can_measure, running_server, verified
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.wire.codec import CONTENT_TYPE, SIGNATURE_HEADER, unpack
from pos_loyalty.wire.messages import Status, SyncReply

STREAMS: Final = 4
EVENTS_A_STREAM, EVENTS_A_STREAM_QUICK = 5_000, 100
MEMBERS, MEMBERS_QUICK = 2_000, 50
_RATE_MIN: Final = 10_000
_ANSWER_SECONDS: Final = 60


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure with real tills, a real server process and real HTTP on this machine."""
    if not can_measure():
        return [Missing("ingest over HTTP", "this system does not tell what a process has used")]
    members = MEMBERS_QUICK if quick else MEMBERS
    in_stream = EVENTS_A_STREAM_QUICK if quick else EVENTS_A_STREAM
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with running_server(folder) as server, ExitStack() as stack:
            names = [f"till-{number}" for number in range(STREAMS)]
            tills = [stack.enter_context(join(folder / name, server)) for name in names]
            people = enroll(tills[0], members, progress)
            for till in tills:
                sync(till)
            for till in tills:
                sell(till, people, in_stream, progress)
            rate = _rate(server, [bodies(till) for till in tills], members)
        report = verified(server.database)
        assert not report.faults, report.sentence
    return [rate]


def _rate(server: RunningServer, streams: Sequence[Sequence[Body]], members: int) -> Figure:
    """Send all streams side by side, each in its own order."""
    events = sum(body.events for sent in streams for body in sent)
    cpu = server.cpu_seconds
    started = time.perf_counter()
    with ThreadPoolExecutor(len(streams)) as senders:
        list(senders.map(partial(_send, server.url), streams))
    seconds = time.perf_counter() - started
    cpu = server.cpu_seconds - cpu
    return Figure(
        name="ingest over HTTP",
        value=round(events / seconds),
        rule=Rule.AT_LEAST,
        limit=_RATE_MIN,
        unit="events/s",
        against="the limit itself; signatures, chain, balances, flushes and replies included",
        peak_mb=server.peak_mb,
        detail=f"{events:,} amount-only sales of {members:,} members, {len(streams)} streams,"
        f" batches of {streams[0][0].events}; server CPU {cpu / events * 1e6:.0f} µs an event;"
        f" the peak is the server's",
    )


def _send(url: str, sent: Sequence[Body]) -> None:
    """Send one stream's requests over one connection; every answer must take what was sent."""
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_ANSWER_SECONDS)
    with closing(connection):
        for body in sent:
            headers = {"Content-Type": CONTENT_TYPE, SIGNATURE_HEADER: body.signature}
            connection.request("POST", EXCHANGE_PATH, body.data, headers)
            reply = unpack(connection.getresponse().read(), SyncReply)
            assert reply.status is Status.OK, reply.status
            assert reply.have == body.last_seq
