"""Counts how often a selling process flushes: by strace, or by a few lines of C in its way."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.bench.figure import Missing
from pos_loyalty.bench.sample_shop import SampleFolder

_NAME = "one sale: flushes"
_SECONDS_MAX = 300
_FLUSH = re.compile(r"\b(?:fsync|fdatasync)\(\d+\) += 0$", re.MULTILINE)
_COUNTER = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static int counted(const char *name, int file) {
    int (*flush)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    FILE *log = fopen(getenv("POS_FLUSH_LOG"), "a");
    int result = flush(file);
    if (log) { fprintf(log, "%s(%d) = %d\n", name, file, result); fclose(log); }
    return result;
}
int fsync(int file) { return counted("fsync", file); }
int fdatasync(int file) { return counted("fdatasync", file); }
"""


@dataclass(frozen=True)
class Flushes:
    """How often a process flushed, who counted, and the peak of the process's memory in MB."""

    flushes: int
    by: str
    peak_mb: float


def count_flushes(sample: SampleFolder, *, members: int, sales: int) -> Flushes | Missing:
    """Sell in a process of its own and count all its flushes, from start to end."""
    if getattr(sys, "frozen", False):
        return Missing(_NAME, "a bundled program cannot be started under a counter")
    command = [
        sys.executable,
        "-m",
        "pos_loyalty.bench.selling_process",
        str(sample.folder.path),
        str(sample.keys_path),
        str(members),
        str(sales),
    ]
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        return (
            _by_strace(command, Path(scratch))
            or _by_counter(command, Path(scratch))
            or Missing(_NAME, "needs strace, or a C compiler on Linux")
        )


def _by_strace(command: list[str], scratch: Path) -> Flushes | None:
    strace, log = shutil.which("strace"), scratch / "strace.log"
    if strace is None:
        return None
    words = [strace, "-f", "-qq", "-e", "trace=fsync,fdatasync", "-o", str(log)]
    return _counted([*words, *command], log, by="strace")


def _by_counter(command: list[str], scratch: Path) -> Flushes | None:
    compiler = shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        return None
    source, library = scratch / "counter.c", scratch / "counter.so"
    source.write_text(_COUNTER, encoding="ascii")
    build = [compiler, "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    if subprocess.run(build, check=False, capture_output=True).returncode:
        return None
    log = scratch / "counter.log"
    return _counted(
        command, log, by="a preloaded counter", LD_PRELOAD=str(library), POS_FLUSH_LOG=str(log)
    )


def _counted(command: list[str], log: Path, *, by: str, **environment: str) -> Flushes | None:
    """Run the command and read the log; None where the counter could not do its work."""
    result = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
        env={**os.environ, **environment},
    )
    if result.returncode or not log.exists():
        return None
    flushes = len(_FLUSH.findall(log.read_text(encoding="utf-8")))
    return Flushes(flushes, by=by, peak_mb=float(result.stdout))
