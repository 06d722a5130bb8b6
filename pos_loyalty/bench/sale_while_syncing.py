"""A sale's time while the till's engine sends a backlog, beside the same sale alone."""

import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import enroll, join, sell, sell_one, sync
from pos_loyalty.bench.measuring import Samples, peak_mb, quantile
from pos_loyalty.bench.server_process import running_server
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.store.journal import StreamState
from pos_loyalty.till import Till

BACKLOG, BACKLOG_QUICK = 20_000, 600
ALONE, ALONE_QUICK = 300, 20
MEMBERS, MEMBERS_QUICK = 2_000, 50
_RATIO_MAX: Final = 1.5
_P95: Final = 0.95
_PACE_SECONDS: Final = 0.01
"""Between two sales; no cashier is as quick."""


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Sell with the engine stopped, then while it drains a backlog."""
    backlog = BACKLOG_QUICK if quick else BACKLOG
    alone_sales = ALONE_QUICK if quick else ALONE
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with running_server(folder) as server, join(folder / "till", server) as till:
            people = enroll(till, MEMBERS_QUICK if quick else MEMBERS, progress)
            sync(till)
            sell(till, people, backlog, progress)
            left, backlog_end = iter(range(alone_sales)), _stream(till).last_seq
            alone = _sell_while(till, people, lambda: next(left, None) is not None)
            till.sync.start()
            syncing = _sell_while(till, people, lambda: _stream(till).acked_seq < backlog_end)
            till.sync.stop()
    ours, bare = quantile(syncing.wall_ms, _P95), quantile(alone.wall_ms, _P95)
    return [
        Figure(
            name="sale p95 while syncing",
            value=round(ours / bare, 2),
            rule=Rule.AT_MOST,
            limit=_RATIO_MAX,
            unit="× alone",
            against="the same till with its engine stopped, in the same run",
            peak_mb=peak_mb(),
            detail=f"p95 {ours:.2f} against {bare:.2f} ms, p50"
            f" {quantile(syncing.wall_ms, 0.5):.2f} against {quantile(alone.wall_ms, 0.5):.2f} ms;"
            f" of it processor p95 {quantile(syncing.cpu_ms, _P95):.2f} against"
            f" {quantile(alone.cpu_ms, _P95):.2f} ms, the rest waits for the disk's flush;"
            f" {len(syncing.wall_ms)} sales while {backlog:,} events went up,"
            f" {1 / _PACE_SECONDS:.0f} a second; the server works on the same processors and disk",
        )
    ]


def _stream(till: Till) -> StreamState:
    with till.context.store.read() as work:
        return work.journal.stream()


def _sell_while(till: Till, people: Sequence[MemberId], goes_on: Callable[[], bool]) -> Samples:
    chance, samples = random.Random(5), Samples()
    while goes_on():
        time.sleep(_PACE_SECONDS)
        samples.take(lambda: sell_one(till, people, chance))
    return samples
