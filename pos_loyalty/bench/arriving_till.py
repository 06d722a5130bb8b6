"""A new till that joins and takes the file; nothing of the server is loaded beside it."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.services.join_server import JoinServer, JoinServerHandler
from pos_loyalty.store.arrival import Arrival, Stage
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import Till, open_till

_WAIT_SECONDS: Final = 300
_LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True)
class Arrived:
    """What the till's process worked until members and cards were there, and for names after."""

    cpu_seconds: float
    seconds: float
    words_cpu_seconds: float
    peak_mb: float
    members: int


def arrive(url: str, code: str, folder: Path) -> Arrived:
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
        return Arrived(ready, seconds, words, peak_mb(), _count(till))


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
