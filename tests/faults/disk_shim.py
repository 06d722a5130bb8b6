"""Compiles the shim between a program and its disk, and runs programs under it."""

import ctypes
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Protocol, cast

ROOT = Path(__file__).resolve().parents[2]
SOURCE = Path(__file__).with_name("disk_shim.c")
_SECONDS_MAX = 120


class Shim(Protocol):
    """The functions of `disk_shim.c`, as a program that runs under it calls them."""

    def disk_watch(self, folder: bytes) -> None: ...
    def disk_record(self, folder: bytes, log: bytes) -> None: ...
    def disk_fail(self, at: int, error: int, forever: int) -> None: ...
    def disk_kill(self, at: int) -> None: ...
    def disk_count(self) -> int: ...
    def disk_off(self) -> None: ...


def compiled(folder: Path) -> Path:
    """Compile the shim into a folder."""
    library = folder / "disk_shim.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True)
    return library


@cache
def shim() -> Shim:
    """Return the functions, inside a program that was started under the shim."""
    library = ctypes.CDLL(None)
    library.disk_count.restype = ctypes.c_long
    library.disk_fail.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_int]
    library.disk_kill.argtypes = [ctypes.c_long]
    return cast("Shim", library)


def run_child(deed: str, *words: object, library: Path | None = None) -> Any:  # noqa: ANN401 - JSON
    """Run a deed of `tests.faults.deeds` in a process of its own and return its answer."""
    environment = {**os.environ}
    if library is not None:
        environment["LD_PRELOAD"] = str(library)
    result = subprocess.run(
        [sys.executable, "-m", "tests.faults.deeds", deed, *map(str, words)],
        check=False,
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=_SECONDS_MAX,
    )
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout.splitlines()[-1])
