"""The demo's server: the real command in a process of its own, that can be killed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from pos_loyalty.demo.folder import DemoFailed

_STOP_SECONDS = 20.0
_COMMAND_SECONDS = 120.0


def program_command() -> list[str]:
    """Return how this very program is started again, bundled or not."""
    is_bundled = bool(getattr(sys, "frozen", False))
    return [sys.executable] if is_bundled else [sys.executable, "-m", "pos_loyalty"]


def database_url(path: Path) -> str:
    """Return the URL of an SQLite file as the server command takes it."""
    return f"sqlite:///{path}"


def run_server_command(*words: str) -> list[str]:
    """Run a command of the server's set-up and return the lines it printed.

    Raises:
        DemoFailed: it did not succeed.
    """
    result = subprocess.run(  # noqa: S603 - our own program
        [*program_command(), "server", *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=_COMMAND_SECONDS,
    )
    if result.returncode:
        raise DemoFailed(f"The server could not be set up: {result.stderr.strip()}")
    return result.stdout.splitlines()


class ServerProcess:
    """A server on a file, listening on any free port of this machine."""

    def __init__(self, database: Path, *, log: Path) -> None:
        """Prepare; nothing runs before `start`.

        Args:
            database: the server's SQLite file.
            log: where the server writes what goes wrong.
        """
        self._database = database
        self._log = log
        self._process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self) -> None:
        """Start the server and wait until it listens.

        Raises:
            DemoFailed: it ended instead; says why.
        """
        url = database_url(self._database)
        with self._log.open("a", encoding="utf-8") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                [*program_command(), "server", "--listen", "127.0.0.1:0", "--database", url],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                encoding="utf-8",
                # Ctrl+C is for the window: the server ends when it is told to.
                start_new_session=os.name != "nt",
            )
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._wait()
            raise DemoFailed(f"The server did not start: {self._last_words()}")
        self.port = int(json.loads(line)["listening"].rpartition(":")[2])

    def stop(self) -> None:
        """Ask the server to end; harmless if it does not run."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
        self._wait()

    def kill(self) -> None:
        """End the server as a power cut would."""
        if self._process is not None:
            self._process.kill()
        self._wait()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").split("\n")
        return next((line for line in reversed(lines) if line.strip()), "it said nothing")

    def _wait(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
