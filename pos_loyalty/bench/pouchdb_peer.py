"""The peer: PouchDB pushing the same number of sales to express-pouchdb, both on leveldb.

The packages are installed once into a folder of the user's cache, with exact versions
and hashes from the lock beside this file; no script of theirs runs at installation.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from pos_loyalty.bench.counting_relay import counting_relay
from pos_loyalty.bench.server_process import cpu_seconds_of

_PEER: Final = Path(__file__).with_name("peer")
_FILES: Final = ("package.json", "package-lock.json", "serve.js", "push.js")
_INSTALL_SECONDS: Final = 180
_RUN_SECONDS: Final = 180


@dataclass(frozen=True)
class PeerRun:
    """What one push took: CPU of both processes in seconds, and the bytes of a record upstream."""

    client_cpu_seconds: float
    server_cpu_seconds: float
    bytes_per_record: float
    document_bytes: int
    seconds: float
    requests: int

    @property
    def cpu_seconds(self) -> float:
        """Both sides together."""
        return self.client_cpu_seconds + self.server_cpu_seconds


class PeerAbsent(Exception):
    """The peer cannot run here; the text says why."""


def push(records: int, *, may_install: bool) -> PeerRun:
    """Install the peer where it is not yet and that is allowed; let it push so many records.

    Raises:
        PeerAbsent: no node, no npm, or the packages do not install.
    """
    node = shutil.which("node")
    if node is None or not sys.platform.startswith("linux"):
        raise PeerAbsent("needs node and npm on Linux")
    program = _installed(may_install=may_install)
    with tempfile.TemporaryDirectory(prefix="pos-bench-peer-") as scratch, ExitStack() as stack:
        server = stack.enter_context(_Process([node, str(program / "serve.js"), scratch]))
        relay = stack.enter_context(counting_relay(f"http://127.0.0.1:{int(server.line())}"))
        command = [node, str(program / "push.js"), scratch, str(records)]
        client = stack.enter_context(_Process(command))
        ready = json.loads(client.line())
        before = cpu_seconds_of(server.pid)
        relay.forget()
        client.tell(relay.url)
        done = json.loads(client.line())
        if done["written"] != records or done["failed"]:
            raise PeerAbsent(f"the peer wrote {done['written']} of {records}")
        return PeerRun(
            client_cpu_seconds=done["cpu_seconds"],
            server_cpu_seconds=cpu_seconds_of(server.pid) - before,
            bytes_per_record=relay.up_bytes / records,
            document_bytes=ready["ready"],
            seconds=done["seconds"],
            requests=relay.requests,
        )


def _installed(*, may_install: bool) -> Path:
    """Return the folder with the peer and its packages; the lock's hash names it."""
    lock = (_PEER / "package-lock.json").read_bytes()
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "pos-loyalty" / "bench-peer" / hashlib.sha256(lock).hexdigest()[:16]
    ready = folder / "installed"
    if not ready.exists():
        npm = shutil.which("npm")
        if npm is None or not may_install:
            raise PeerAbsent("needs npm" if npm is None else "the peer is not installed yet")
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            shutil.copy(_PEER / name, folder / name)
        _install(npm, folder)
        ready.touch()
    for name in _FILES:
        shutil.copy(_PEER / name, folder / name)
    return folder


def _install(npm: str, folder: Path) -> None:
    words = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    try:
        done = subprocess.run(
            words,
            check=False,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_INSTALL_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise PeerAbsent("the packages of the peer did not come in time") from error
    if done.returncode:
        raise PeerAbsent("the packages of the peer do not install here (npm ci)")


class _Process:
    """A child that is told and asked line by line, and ends with the block."""

    def __init__(self, command: list[str]) -> None:
        self._child = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.pid = self._child.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait(_RUN_SECONDS)
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                pipe.close()

    def line(self) -> str:
        """Wait for the next line.

        Raises:
            PeerAbsent: it ended without one.
        """
        text = _pipe(self._child.stdout).readline()
        if not text:
            raise PeerAbsent("the peer ended before it was done")
        return text

    def tell(self, text: str) -> None:
        """Write one line."""
        pipe = _pipe(self._child.stdin)
        pipe.write(f"{text}\n")
        pipe.flush()


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe
