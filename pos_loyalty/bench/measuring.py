"""Clocks, quantiles and peaks of memory, as the figures use them."""

import gc
import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_KIB_PER_MB = 1024
_NS_PER_MS = 1_000_000
_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"
"""What resets the peak of resident memory (proc(5), clear_refs)."""


@dataclass
class Samples:
    """Durations of one contender, in milliseconds of wall clock and of this thread's CPU."""

    wall_ms: list[float] = field(default_factory=list[float])
    cpu_ms: list[float] = field(default_factory=list[float])

    def take(self, work: Callable[[], object]) -> None:
        """Do the work once and keep what it took."""
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        work()
        self.cpu_ms.append((time.thread_time_ns() - cpu) / _NS_PER_MS)
        self.wall_ms.append((time.perf_counter_ns() - wall) / _NS_PER_MS)


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share (0 to 1) of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """Return the middle value."""
    return quantile(values, 0.5)


@contextmanager
def no_garbage_rounds() -> Generator[None]:
    """Keep the garbage collector out of single durations; it runs before and after."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def forget_peak() -> None:
    """Begin the peak of resident memory anew, where the system can; else it counts from start."""
    if _CLEAR_REFS.exists():
        gc.collect()
        _CLEAR_REFS.write_text(_RESET_PEAK, encoding="ascii")


def peak_mb() -> float:
    """Return this process's peak of resident memory in MB; 0 where the system does not tell."""
    if _STATUS.exists():
        return peak_mb_in(_STATUS.read_text(encoding="ascii", errors="replace"))
    if sys.platform == "win32":
        return 0.0
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / _KIB_PER_MB / (_KIB_PER_MB if sys.platform == "darwin" else 1)


def peak_mb_in(status: str) -> float:
    """Return the peak of resident memory in MB that a process's ``/proc/…/status`` tells."""
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / _KIB_PER_MB
