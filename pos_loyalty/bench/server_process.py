"""A real server on a file, in a process of its own, whose CPU and memory can be read."""

import multiprocessing
import os
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

from pos_loyalty.bench.measuring import peak_mb_in
from pos_loyalty.server.listen import serve
from pos_loyalty.server.settings import SQLITE_PREFIX, ServerSettings
from pos_loyalty.server.setup import create_merchant, create_till_code, open_database
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.server.verify import Report, verify_books

_START_SECONDS: Final = 30.0
_STOP_SECONDS: Final = 30.0
_CODE_MINUTES: Final = 60
_UTIME_FIELD, _STIME_FIELD = 11, 12
"""utime and stime, counted after the closing bracket of the process's name (proc(5), stat)."""


@dataclass(frozen=True)
class RunningServer:
    """The address of a server, its process and its books."""

    url: str
    process_id: int
    database: str

    @property
    def cpu_seconds(self) -> float:
        """CPU time of the process so far, its own and the kernel's for it, all threads."""
        return cpu_seconds_of(self.process_id)

    @property
    def peak_mb(self) -> float:
        """Peak of resident memory in MB."""
        status = Path(f"/proc/{self.process_id}/status")
        return peak_mb_in(status.read_text(encoding="ascii", errors="replace"))

    def till_code(self) -> str:
        """Return a one-time code with which one till joins."""
        clock = SystemClock()
        with closing(open_database(self.database)) as database:
            return create_till_code(
                database,
                shop_name="Main street",
                minutes=_CODE_MINUTES,
                clock=clock,
                ids=SystemIds(clock),
            )


def cpu_seconds_of(process_id: int) -> float:
    """CPU time of a process so far, its own and the kernel's for it, all threads."""
    stat = Path(f"/proc/{process_id}/stat").read_text(encoding="ascii", errors="replace")
    fields = stat.rpartition(")")[2].split()
    ticks = int(fields[_UTIME_FIELD]) + int(fields[_STIME_FIELD])
    return ticks / os.sysconf("SC_CLK_TCK")


def can_measure() -> bool:
    """Tell whether this system says what another process has used."""
    return Path("/proc/self/stat").exists()


@contextmanager
def running_server(folder: Path, *, database: str = "") -> Generator[RunningServer]:
    """Make the books of a merchant and serve them for the time of the block.

    Args:
        folder: where the books lie, unless they are in another database.
        database: the address of that one; it is empty.
    """
    database = database or f"{SQLITE_PREFIX}{folder / 'server.db'}"
    clock = SystemClock()
    with closing(open_database(database, may_create=True)) as books:
        create_merchant(
            books,
            name="Corner Café",
            currency="EUR",
            country="DE",
            clock=clock,
            ids=SystemIds(clock),
        )
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(database, theirs))
    process.start()
    try:
        if not ours.poll(_START_SECONDS):
            raise TimeoutError("the server did not start")
        assert process.pid is not None
        yield RunningServer(ours.recv(), process.pid, database)
    finally:
        process.terminate()
        process.join(_STOP_SECONDS)


def verified(database: str) -> Report:
    """Re-compute the books of a server that has ended."""
    with closing(open_database(database)) as books:
        return verify_books(books)


def _serve(database: str, told: Connection) -> None:
    settings = ServerSettings(host="127.0.0.1", port=0, database=database)
    serve(settings, on_ready=told.send)
