"""From the start of the process to the first picture, beside a bare window of Qt."""

import os
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
    cpu_ms: float
    peak_mb: float
    size: tuple[str, str]


@dataclass
class _Starts:
    """What several starts of one kind of window took."""

    after_ms: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])
    peak_mb: list[float] = field(default_factory=list[float])

    def take(self, moment: _Moment) -> None:
        self.after_ms.append(moment.after_ms)
        self.cpu_ms.append(moment.cpu_ms)
        self.peak_mb.append(moment.peak_mb)


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Start both kinds of window in turns, each time in a fresh process."""
    if getattr(sys, "frozen", False) or sys.platform != "linux":
        return [Missing("first window", "needs Linux, and the program unbundled")]
    rounds = ROUNDS_QUICK if quick else ROUNDS
    bare = _Starts()
    till = {name: _Starts() for name in ("painted", "furnished", "opened")}
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        data, keys, compiled = (Path(scratch) / name for name in ("till", "keys", "compiled"))
        open_till(data, keys=FileKeys(keys)).close()
        # These two also compile, each in its own first start, what both then only load.
        size = _start(compiled, "till", str(data), str(keys))["painted"].size
        _start(compiled, "bare", *size)
        for place in range(rounds):
            bare.take(_start(compiled, "bare", *size)["painted"])
            moments = _start(compiled, "till", str(data), str(keys))
            for name, starts in till.items():
                starts.take(moments[name])
            progress("windows", place + 1, rounds)
    return _figures(bare, till, rounds)


def _start(compiled: Path, *words: str) -> dict[str, _Moment]:
    """Start a window's process and return its moments by name.

    Python keeps its compiled modules in ``compiled``, as it does beside the sources of an
    installed program: else one that may not write there would compile ours at each start.
    """
    environment = os.environ | {"PYTHONPYCACHEPREFIX": str(compiled)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "pos_loyalty.bench.painting_process", *words]
    started_ns = time.monotonic_ns()
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        env=environment,
    )
    if result.returncode:
        raise RuntimeError(f"the window did not come up: {result.stderr.strip()}")
    moments: dict[str, _Moment] = {}
    for line in result.stdout.splitlines():
        name, at_ns, cpu_ns, peak, width, height = line.split()
        after_ms = (int(at_ns) - started_ns) / _NS_PER_MS
        cpu_ms = int(cpu_ns) / _NS_PER_MS
        moments.setdefault(name, _Moment(after_ms, cpu_ms, float(peak), (width, height)))
    return moments


def _figures(bare: _Starts, till: dict[str, _Starts], rounds: int) -> list[Result]:
    painted, furnished, opened = till["painted"], till["furnished"], till["opened"]
    against = f"a bare QMainWindow of the same size, offscreen, {rounds} fresh processes each"

    def figure(name: str, unit: str, ours: float, bares: float, detail: str) -> Figure:
        return Figure(
            name=f"first window: {name}",
            value=round(ours / bares, 2),
            rule=Rule.AT_MOST,
            limit=_RATIO_MAX,
            unit=f"× bare, {unit}",
            against=against,
            peak_mb=median(painted.peak_mb),
            detail=detail,
        )

    till_ms, bare_ms = median(painted.after_ms), median(bare.after_ms)
    till_cpu_ms, bare_cpu_ms = median(painted.cpu_ms), median(bare.cpu_ms)
    till_mb, bare_mb = median(painted.peak_mb), median(bare.peak_mb)
    return [
        figure(
            "time to paint",
            "median",
            till_ms,
            bare_ms,
            f"{till_ms:.0f} against {bare_ms:.0f} ms from the start of the process;"
            f" every zone filled after {median(furnished.after_ms):.0f} ms,"
            f" ready to sell after {median(opened.after_ms):.0f} ms",
        ),
        figure(
            "CPU to paint",
            "median",
            till_cpu_ms,
            bare_cpu_ms,
            f"{till_cpu_ms:.0f} against {bare_cpu_ms:.0f} ms;"
            f" {median(opened.cpu_ms):.0f} ms when ready to sell",
        ),
        figure(
            "memory",
            "peak",
            till_mb,
            bare_mb,
            f"{till_mb:.0f} against {bare_mb:.0f} MB when painted;"
            f" {median(opened.peak_mb):.0f} MB when ready to sell",
        ),
    ]
