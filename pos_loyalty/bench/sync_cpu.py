"""What 10,000 sales cost till and server together, beside PouchDB pushing as many."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pos_loyalty.bench.counting_relay import counting_relay
from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import enroll, join, sell, sync
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.pouchdb_peer import PeerAbsent, PeerRun, push
from pos_loyalty.bench.server_process import RunningServer, can_measure, running_server, verified
from pos_loyalty.till import Till

EVENTS, EVENTS_QUICK = 10_000, 200
MEMBERS, MEMBERS_QUICK = 2_000, 50
_CPU_SECONDS_MAX: Final = 1.2
_PEER_CPU_MIN: Final = 2.5
_PEER_BYTES_MIN: Final = 5
_SCALE_EVENTS: Final = 10_000
_CPU: Final = f"sync: CPU of {_SCALE_EVENTS:,} events"
_PEER: Final = "sync: CPU beside PouchDB", "sync: bytes beside PouchDB"


@dataclass(frozen=True)
class _Push:
    """What our own push took; CPU in seconds for 10,000 events, bytes of a record upstream."""

    till_seconds: float
    server_seconds: float
    bytes_per_record: float
    peak_mb: float

    @property
    def cpu_seconds(self) -> float:
        """Both sides together."""
        return self.till_seconds + self.server_seconds


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Let one till send its journal by its own engine, then the peer send as many documents."""
    if not can_measure():
        why = "this system does not tell what a process has used"
        return [Missing(name, why) for name in (_CPU, *_PEER)]
    events = EVENTS_QUICK if quick else EVENTS
    members = MEMBERS_QUICK if quick else MEMBERS
    ours = _push_of_ours(events, members, progress)
    try:
        # Tried quickly, it never loads anything down.
        peer = push(events, may_install=not quick)
    except PeerAbsent as absent:
        return [_cpu_figure(ours, events), *(Missing(name, str(absent)) for name in _PEER)]
    progress("peer", 1, 1)
    return [_cpu_figure(ours, events), *_beside(ours, peer, events)]


def _push_of_ours(events: int, members: int, progress: Progress) -> _Push:
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with (
            running_server(folder) as server,
            counting_relay(server.url) as relay,
            join(folder / "direct", server) as direct,
            join(folder / "counted", server, url=relay.url) as counted,
        ):
            people = enroll(direct, members, progress)
            sync(direct)
            sync(counted)
            sell(direct, people, events, progress)
            forget_peak()
            till_seconds, server_seconds = _cpu(server, direct)
            peak = peak_mb()
            # Another till and other sales: counting what goes by costs CPU of this process.
            sync(counted)
            sell(counted, people, events // 2, progress)
            relay.forget()
            sync(counted)
            bytes_per_record = relay.up_bytes / (events // 2)
        report = verified(server.database)
        assert not report.faults, report.sentence
    scale = _SCALE_EVENTS / events
    return _Push(till_seconds * scale, server_seconds * scale, bytes_per_record, peak)


def _cpu(server: RunningServer, till: Till) -> tuple[float, float]:
    """Let a till send its whole journal, and return what both processes worked."""
    of_server, of_till = server.cpu_seconds, time.process_time()
    sync(till)
    return time.process_time() - of_till, server.cpu_seconds - of_server


def _cpu_figure(ours: _Push, events: int) -> Figure:
    return Figure(
        name=_CPU,
        value=round(ours.cpu_seconds, 2),
        rule=Rule.AT_MOST,
        limit=_CPU_SECONDS_MAX,
        unit="s, till + server",
        against="the limit itself; the till's whole cycle and the server's process",
        peak_mb=ours.peak_mb,
        detail=f"{events:,} amount-only sales: till {ours.till_seconds:.2f} s,"
        f" server {ours.server_seconds:.2f} s; the peak is the till's",
    )


def _beside(ours: _Push, peer: PeerRun, events: int) -> list[Result]:
    scale = _SCALE_EVENTS / events
    against = (
        "PouchDB 9 to express-pouchdb 4.2, both on leveldb, pushing as many"
        f" documents of {peer.document_bytes} bytes in the same run"
    )
    cpu, size = _PEER
    return [
        Figure(
            name=cpu,
            value=round(peer.cpu_seconds * scale / ours.cpu_seconds, 2),
            rule=Rule.AT_LEAST,
            limit=_PEER_CPU_MIN,
            unit="× less than peer",
            against=against,
            peak_mb=ours.peak_mb,
            detail=f"peer {peer.cpu_seconds * scale:.2f} s (client"
            f" {peer.client_cpu_seconds * scale:.2f}, server"
            f" {peer.server_cpu_seconds * scale:.2f}), ours {ours.cpu_seconds:.2f} s"
            f" for {_SCALE_EVENTS:,}; the peer neither signs nor chains nor keeps balances",
        ),
        Figure(
            name=size,
            value=round(peer.bytes_per_record / ours.bytes_per_record, 2),
            rule=Rule.AT_LEAST,
            limit=_PEER_BYTES_MIN,
            unit="× fewer than peer",
            against=against,
            peak_mb=ours.peak_mb,
            detail=f"peer {peer.bytes_per_record:.0f} bytes a record upstream in"
            f" {peer.requests} requests, ours {ours.bytes_per_record:.1f}; heads included",
        ),
    ]
