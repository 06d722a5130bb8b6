"""Ingest over HTTP: events a second at the server, and CPU of till and server together."""

import http.client
import random
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pos_loyalty.bench.acknowledgement import acknowledgement
from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.server_process import RunningServer, can_measure, running_server, verified
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.join_server import JoinServer, JoinServerHandler
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey, request_text
from pos_loyalty.sync.exchange import Exchange
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.till import Till, open_till
from pos_loyalty.wire.codec import CONTENT_TYPE, SIGNATURE_HEADER, pack, unpack
from pos_loyalty.wire.messages import BATCH_EVENTS_MAX, Status, SyncReply

STREAMS: Final = 4
EVENTS_A_STREAM, EVENTS_A_STREAM_QUICK = 5_000, 100
EVENTS_OF_TILL, EVENTS_OF_TILL_QUICK = 10_000, 100
MEMBERS, MEMBERS_QUICK = 2_000, 50
_RATE_MIN: Final = 10_000
_CPU_SECONDS_MAX: Final = 1.5
_CPU_EVENTS: Final = 10_000
_SYNC_MS: Final = 120_000
_ANSWER_SECONDS: Final = 60


@dataclass(frozen=True)
class _Body:
    """A request as it goes over the line, with its signature."""

    data: bytes
    signature: str
    events: int
    last_seq: int


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure with real tills, a real server process and real HTTP on this machine."""
    if not can_measure():
        return [Missing("ingest over HTTP", "this system does not tell what a process has used")]
    members = MEMBERS_QUICK if quick else MEMBERS
    in_stream = EVENTS_A_STREAM_QUICK if quick else EVENTS_A_STREAM
    of_till = EVENTS_OF_TILL_QUICK if quick else EVENTS_OF_TILL
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with running_server(folder) as server, ExitStack() as stack:
            names = [f"till-{number}" for number in range(STREAMS + 1)]
            alone, *streams = [stack.enter_context(_joined(folder / n, server)) for n in names]
            people = _enroll(alone, members, progress)
            for till in (alone, *streams):
                _sync(till)
            _sell(alone, people, of_till, progress)
            cpu = _cpu(server, alone, of_till)
            for till in streams:
                _sell(till, people, in_stream, progress)
            rate = _rate(server, [_bodies(till) for till in streams], members)
        report = verified(folder)
        assert not report.faults, report.sentence
    return [rate, cpu]


def _joined(folder: Path, server: RunningServer) -> Till:
    till = open_till(folder, keys=FileKeys(folder.with_name("keys")))
    JoinServerHandler(till.context, till.sync)(JoinServer(server.url, server.till_code()))
    till.sync.stop()
    return till


def _enroll(till: Till, count: int, progress: Progress) -> list[MemberId]:
    people: list[MemberId] = []
    for number in range(count):
        people.append(till.enroll_member(EnrollMember(name=f"Member {number}")).member.id)
        progress("members", number + 1, count)
    return people


def _sync(till: Till) -> None:
    outcome = till.sync.sync_now(timeout_ms=_SYNC_MS)
    till.sync.stop()
    assert outcome.trouble is None, outcome
    assert outcome.pending == 0, outcome


def _sell(till: Till, people: Sequence[MemberId], count: int, progress: Progress) -> None:
    """Record sales that have only an amount."""
    chance = random.Random(till.shop.till_name)
    for number in range(count):
        total = chance.randrange(150, 9_000)
        till.record_sale(RecordSale(total, chance.choice(people), found_by="card"))
        progress(till.shop.till_name, number + 1, count)


def _cpu(server: RunningServer, till: Till, events: int) -> Figure:
    """Let one till send its whole journal, and add up what both processes worked."""
    forget_peak()
    of_server, of_till = server.cpu_seconds, time.process_time()
    _sync(till)
    of_till = time.process_time() - of_till
    of_server = server.cpu_seconds - of_server
    scale = _CPU_EVENTS / events
    return Figure(
        name=f"sync: CPU of {_CPU_EVENTS:,} events",
        value=round((of_till + of_server) * scale, 2),
        rule=Rule.AT_MOST,
        limit=_CPU_SECONDS_MAX,
        unit="s, till + server",
        against="the limit itself; the till's whole cycle and the server's process",
        peak_mb=peak_mb(),
        detail=f"{events:,} events: till {of_till * scale:.2f} s, server {of_server * scale:.2f} s;"
        f" the peak is the till's",
    )


def _bodies(till: Till) -> list[_Body]:
    """Build all requests of a till's journal ahead of time, as its own exchange builds them."""
    context = till.context
    state = SyncState(context.store, context.clock, context.ids)
    joining = Joining(context.store, context.clock, context.ids)
    key = TillKey.from_text(joining.private_key())
    exchange = Exchange(storage=state, signer=key, clock=context.clock, ids=context.ids)
    bodies: list[_Body] = []
    position = state.position()
    for _ in range(position.acked_seq, position.last_seq, BATCH_EVENTS_MAX):
        request = exchange.next_request()
        data = pack(request)
        count = len(request.events)
        signature = key.sign(request_text(EXCHANGE_PATH, data))
        bodies.append(_Body(data, signature, count, request.from_seq - 1 + count))
        exchange.take(acknowledgement(request, state))
    assert bodies[-1].last_seq == position.last_seq
    return bodies


def _rate(server: RunningServer, streams: Sequence[Sequence[_Body]], members: int) -> Figure:
    """Send all streams side by side, each in its own order."""
    events = sum(body.events for bodies in streams for body in bodies)
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


def _send(url: str, bodies: Sequence[_Body]) -> None:
    """Send one stream's requests over one connection; every answer must take what was sent."""
    address = urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_ANSWER_SECONDS)
    with closing(connection):
        for body in bodies:
            headers = {"Content-Type": CONTENT_TYPE, SIGNATURE_HEADER: body.signature}
            connection.request("POST", EXCHANGE_PATH, body.data, headers)
            reply = unpack(connection.getresponse().read(), SyncReply)
            assert reply.status is Status.OK, reply.status
            assert reply.have == body.last_seq
