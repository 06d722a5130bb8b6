"""A till comes back after a week: how soon the server has its sales, and it has everybody's."""

import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import enroll, join, sell, sync
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.server_process import RunningServer, running_server
from pos_loyalty.server.setup import open_database
from pos_loyalty.till import Till

EVENTS, EVENTS_QUICK = 1_400, 50
OTHERS_EVENTS, OTHERS_EVENTS_QUICK = 4_000, 50
MEMBERS, MEMBERS_QUICK = 2_000, 50
_ACKNOWLEDGED_SECONDS_MAX: Final = 2.0
_CONVERGED_SECONDS_MAX: Final = 3.0
_LOOK_SECONDS: Final = 0.005


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Let two tills sell, one of them offline, and bring that one back."""
    events = EVENTS_QUICK if quick else EVENTS
    others = OTHERS_EVENTS_QUICK if quick else OTHERS_EVENTS
    members = MEMBERS_QUICK if quick else MEMBERS
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with (
            running_server(folder) as server,
            join(folder / "away", server) as away,
            join(folder / "other", server) as other,
        ):
            people = enroll(other, members, progress)
            sync(other)
            sync(away)
            sell(away, people, events, progress)
            sell(other, people, others, progress)
            sync(other)
            forget_peak()
            acknowledged, converged = _come_back(away)
            assert _balances_of_till(away) == _balances_of_server(server)
    detail = f"{events:,} own sales; {others:,} sales of another till on {members:,} members"
    return [
        _figure("acknowledged", acknowledged, _ACKNOWLEDGED_SECONDS_MAX, detail),
        _figure("converged", converged, _CONVERGED_SECONDS_MAX, f"{detail}; balances compared"),
    ]


def _come_back(till: Till) -> tuple[float, float]:
    """Sync, and return after how many seconds nothing was pending, and nothing waited anywhere."""
    moments: list[float] = []
    began = time.perf_counter()

    def watch() -> None:
        while till.sync.status().pending:
            time.sleep(_LOOK_SECONDS)
        moments.append(time.perf_counter() - began)

    watcher = threading.Thread(target=watch, name="watch")
    watcher.start()
    sync(till)
    converged = time.perf_counter() - began
    watcher.join()
    return moments[0], converged


def _balances_of_till(till: Till) -> dict[str, int]:
    with till.context.store.read() as work:
        sql = "SELECT member, snapshot_points + overlay_points FROM points"
        return dict(work.connection.execute(sql).fetchall())


def _balances_of_server(server: RunningServer) -> dict[str, int]:
    with closing(open_database(server.database)) as database, database.read() as session:
        return dict(session.fetch("SELECT member, balance FROM member"))


def _figure(name: str, seconds: float, limit: float, detail: str) -> Figure:
    return Figure(
        name=f"a week offline: {name}",
        value=round(seconds, 2),
        rule=Rule.AT_MOST,
        limit=limit,
        unit="s",
        against="the limit itself; the till's own engine over HTTP, from waking up",
        peak_mb=peak_mb(),
        detail=detail,
    )
