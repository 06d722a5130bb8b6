"""A new till of a large merchant: bytes, CPU and memory until it knows every member."""

import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from pos_loyalty.bench.arriving_till import arrive
from pos_loyalty.bench.counting_relay import counting_relay
from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.own_process import in_own_process
from pos_loyalty.bench.sample_books import write_members
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.server_process import can_measure, running_server
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.server.snapshot import folder_of
from pos_loyalty.server.system import SystemClock

MEMBERS, MEMBERS_QUICK = 1_000_000, 25_000
_BYTES_MAX_MB: Final = 60
_CPU_SECONDS_MAX: Final = 10
_PEAK_MB_MAX: Final = 200
_MEGA: Final = 1_000_000
_NAMES: Final = ("bytes", "CPU", "memory")


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
            arrived = in_own_process(arrive, relay.url, code, folder)
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
