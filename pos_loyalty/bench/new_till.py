"""A new till of a large merchant: bytes, CPU and memory until it knows every member."""

import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pos_loyalty.bench.counting_relay import counting_relay
from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.own_process import in_own_process
from pos_loyalty.bench.sample_books import write_members
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.server_process import can_measure, running_server
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.snapshot import folder_of
from pos_loyalty.server.system import SystemClock
from pos_loyalty.services.join_server import JoinServer, JoinServerHandler
from pos_loyalty.store.arrival import Arrival, Stage
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

MEMBERS, MEMBERS_QUICK = 1_000_000, 25_000
_BYTES_MAX_MB: Final = 60
_CPU_SECONDS_MAX: Final = 10
_PEAK_MB_MAX: Final = 200
_WAIT_SECONDS: Final = 300
_LOOK_SECONDS: Final = 0.05
_MEGA: Final = 1_000_000
_NAMES: Final = ("bytes", "CPU", "memory")


@dataclass(frozen=True)
class _Arrived:
    """What the till's process worked until members and cards were there, and for names after."""

    cpu_seconds: float
    seconds: float
    words_cpu_seconds: float
    peak_mb: float
    members: int


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Write the books and the file, then let a till in a process of its own join."""
    if not can_measure():
        why = "this system does not tell what a process has used"
        return [Missing(_name(name), why) for name in _NAMES]
    members = SampleMembers(MEMBERS_QUICK if quick else MEMBERS)
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with running_server(folder) as server, counting_relay(server.url) as relay:
            write_members(server.database, members, progress)
            made_cpu, size = _make_file(server.database)
            progress("file", 1, 1)
            code = server.till_code()
            relay.forget()
            arrived = in_own_process(_arrive, relay.url, code, folder)
            moved = relay.up_bytes + relay.down_bytes
    assert arrived.members == members.count, arrived
    detail = (
        f"{members.count:,} members with names, phones, cards and balances; a file of"
        f" {size / _MEGA:.1f} MB, made in {made_cpu:.1f} s CPU; there after"
        f" {arrived.seconds:.1f} s; the words by which names are found follow in"
        f" {arrived.words_cpu_seconds:.1f} s CPU; the peak is the till's"
    )
    values = (moved / _MEGA, arrived.cpu_seconds, arrived.peak_mb)
    limits = (_BYTES_MAX_MB, _CPU_SECONDS_MAX, _PEAK_MB_MAX)
    units = ("MB on the wire", "s CPU of the till", "MB peak")
    return [
        Figure(
            name=_name(name),
            value=round(value, 1),
            rule=Rule.AT_MOST,
            limit=limit,
            unit=unit,
            against="the limit itself; the till's own engine over HTTP, counted by a relay",
            peak_mb=arrived.peak_mb,
            detail=detail,
        )
        for name, value, limit, unit in zip(_NAMES, values, limits, units, strict=True)
    ]


def _name(name: str) -> str:
    return f"members onto a new till: {name}"


def _make_file(database_url: str) -> tuple[float, int]:
    """Let the server's own code write the file; return its CPU and the file's size."""
    files = folder_of(database_url, None)
    assert files is not None
    cpu = time.process_time()
    with closing(open_database(database_url)) as database:
        note = files.make(database, read_merchant(database), now_ms=SystemClock().now_ms())
    return time.process_time() - cpu, note.size


def _arrive(url: str, code: str, folder: Path) -> _Arrived:
    """Join as a new till in this process, and wait until everybody is known."""
    with open_till(folder / "till", keys=FileKeys(folder / "keys")) as till:
        forget_peak()
        began, cpu = time.perf_counter(), time.process_time()
        JoinServerHandler(till.context, till.sync)(JoinServer(url, code))
        till.sync.start()
        _wait_for(till, Stage.WORDS)
        ready, seconds = time.process_time() - cpu, time.perf_counter() - began
        _wait_for(till, None)
        words = time.process_time() - cpu - ready
        till.sync.stop()
        return _Arrived(ready, seconds, words, peak_mb(), _count(till))


def _wait_for(till: Till, stage: Stage | None) -> None:
    """Wait until the file's rows are as far as that; None: until nothing is on its way."""
    context = till.context
    arrival = Arrival(context.store, context.clock, context.ids)
    has_begun, ends = False, time.perf_counter() + _WAIT_SECONDS
    while time.perf_counter() < ends:
        state = arrival.state()
        if state is None and has_begun:
            return
        if state is not None:
            has_begun = True
            if state.stage is stage:
                return
        time.sleep(_LOOK_SECONDS)
    raise TimeoutError("the members did not arrive")


def _count(till: Till) -> int:
    with till.context.store.read() as work:
        return int(work.connection.execute("SELECT COUNT(*) FROM member").fetchone()[0])
