"""Measure how a large membership comes to a new till: file, processor time, memory.

    python tools/fill_books.py server.db 1000000
    python tools/measure_bootstrap.py server.db

The books must have a snapshot file (`pos-loyalty server snapshot`). Prints one JSON object.
"""

import contextlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from pos_loyalty.server.setup import create_till_code, open_database, read_merchant
from pos_loyalty.server.snapshot import folder_of
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.services.join_server import JoinServer
from pos_loyalty.store.arrival import Arrival, ArrivalState, Stage
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

_LOOK_SECONDS = 0.05
_SECONDS_MAX = 600
_KIB_PER_MB = 1024
_FIRST_SYNC_SECONDS = 60


@dataclass(frozen=True)
class Measured:
    """CPU of this till's process, in seconds; ``usable`` is rows and indexes, all but words."""

    rows: int
    file_mb: float
    usable_cpu_seconds: float
    usable_wall_seconds: float
    whole_cpu_seconds: float
    whole_wall_seconds: float
    peak_mb: float


def measure(database: Path, data: Path) -> Measured:
    """Join a new till to a server on these books and wait until all members are there."""
    url = f"sqlite:///{database}"
    clock = SystemClock()
    with closing(open_database(url)) as books:
        code = create_till_code(
            books, shop_name="Main street", minutes=60, clock=clock, ids=SystemIds(clock)
        )
        folder = folder_of(url, None)
        note = None if folder is None else folder.newest(read_merchant(books).merchant)
    assert note is not None, "make a file first: pos-loyalty server snapshot"
    with _server(url) as address, open_till(data, keys=FileKeys(data / "keys")) as till:
        cpu, wall = time.process_time(), time.monotonic()
        till.join_server(JoinServer(address, code))
        marks: dict[bool, tuple[float, float]] = {}
        while True:
            state = _state(till)
            is_whole = state is None
            if is_whole or state.stage is Stage.WORDS:
                marks.setdefault(is_whole, (time.process_time() - cpu, time.monotonic() - wall))
            if is_whole:
                break
            assert time.monotonic() - wall < _SECONDS_MAX, "it did not come to its end"
            time.sleep(_LOOK_SECONDS)
        with till.context.store.read() as read:
            here = sum(
                int(read.connection.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])  # noqa: S608 - two names of ours
                for table in ("member", "card")
            )
    assert here == note.rows, f"{here} of {note.rows} rows came"
    usable, whole = marks[False], marks[True]
    return Measured(
        rows=here,
        file_mb=round(note.size / 1e6, 1),
        usable_cpu_seconds=round(usable[0], 2),
        usable_wall_seconds=round(usable[1], 2),
        whole_cpu_seconds=round(whole[0], 2),
        whole_wall_seconds=round(whole[1], 2),
        peak_mb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB_PER_MB, 1),
    )


def _state(till: Till) -> ArrivalState | None:
    context = till.context
    return Arrival(context.store, context.clock, context.ids).state()


@contextlib.contextmanager
def _server(url: str) -> Generator[str]:
    words = ("-m", "pos_loyalty", "server", "--listen", "127.0.0.1:0", "--database", url)
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        assert process.stdout is not None
        try:
            yield str(json.loads(process.stdout.readline())["listening"])
        finally:
            process.terminate()


def main() -> int:
    """Measure with the books that the command line names."""
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(asdict(measure(Path(sys.argv[1]), Path(folder) / "till"))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
