"""From the start of the process to the first picture, beside a bare window of Qt."""

import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.measuring import median
from pos_loyalty.store.keys import FileKeys
from pos_loyalty.till import open_till

ROUNDS, ROUNDS_QUICK = 21, 2
_RATIO_MAX: Final = 1.3
_SECONDS_MAX: Final = 60
_NS_PER_MS: Final = 1_000_000


@dataclass(frozen=True)
class _Moment:
    """A moment of a window's process: milliseconds since its start, peak of memory in MB."""

    after_ms: float
    peak_mb: float
    size: tuple[str, str]


@dataclass
class _Starts:
    """What several starts of one kind of window took."""

    after_ms: list[float] = field(default_factory=list[float])
    peak_mb: list[float] = field(default_factory=list[float])

    def take(self, moment: _Moment) -> None:
        self.after_ms.append(moment.after_ms)
        self.peak_mb.append(moment.peak_mb)


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Start both kinds of window in turns, each time in a fresh process."""
    if getattr(sys, "frozen", False) or sys.platform != "linux":
        return [Missing("first window", "needs Linux, and the program unbundled")]
    rounds = ROUNDS_QUICK if quick else ROUNDS
    bare, till, opened = _Starts(), _Starts(), _Starts()
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        data, keys = Path(scratch) / "till", Path(scratch) / "keys"
        open_till(data, keys=FileKeys(keys)).close()
        size = _start("till", str(data), str(keys))["painted"].size
        _start("bare", *size)
        for place in range(rounds):
            bare.take(_start("bare", *size)["painted"])
            moments = _start("till", str(data), str(keys))
            till.take(moments["painted"])
            opened.take(moments["opened"])
            progress("windows", place + 1, rounds)
    return _figures(bare, till, opened, rounds)


def _start(*words: str) -> dict[str, _Moment]:
    """Start a window's process and return its moments by name."""
    command = [sys.executable, "-m", "pos_loyalty.bench.painting_process", *words]
    started_ns = time.monotonic_ns()
    result = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=_SECONDS_MAX
    )
    if result.returncode:
        raise RuntimeError(f"the window did not come up: {result.stderr.strip()}")
    moments: dict[str, _Moment] = {}
    for line in result.stdout.splitlines():
        name, at_ns, peak, width, height = line.split()
        after_ms = (int(at_ns) - started_ns) / _NS_PER_MS
        moments.setdefault(name, _Moment(after_ms, float(peak), (width, height)))
    return moments


def _figures(bare: _Starts, till: _Starts, opened: _Starts, rounds: int) -> list[Result]:
    bare_ms, till_ms = median(bare.after_ms), median(till.after_ms)
    bare_mb, till_mb = median(bare.peak_mb), median(till.peak_mb)
    against = f"a bare QMainWindow of the same size, offscreen, {rounds} fresh processes each"
    return [
        Figure(
            name="first window: time to paint",
            value=round(till_ms / bare_ms, 2),
            rule=Rule.AT_MOST,
            limit=_RATIO_MAX,
            unit="× bare, median",
            against=against,
            peak_mb=till_mb,
            detail=f"{till_ms:.0f} against {bare_ms:.0f} ms from the start of the process;"
            f" ready to sell after {median(opened.after_ms):.0f} ms",
        ),
        Figure(
            name="first window: memory",
            value=round(till_mb / bare_mb, 2),
            rule=Rule.AT_MOST,
            limit=_RATIO_MAX,
            unit="× bare, peak",
            against=against,
            peak_mb=till_mb,
            detail=f"{till_mb:.0f} against {bare_mb:.0f} MB when painted;"
            f" {median(opened.peak_mb):.0f} MB when ready to sell",
        ),
    ]
