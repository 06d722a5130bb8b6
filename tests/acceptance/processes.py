"""The program as real processes: a till's counter and a server, asked and killed from outside."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

Answer = dict[str, Any]

PROGRAM = (sys.executable, "-m", "pos_loyalty")
PATIENCE_SECONDS = 60.0
"""A busy machine is no failure; nothing waits this long unless something is broken."""


def environment(config: Path) -> dict[str, str]:
    """Return the environment of a till's process whose keys lie in a folder of the test."""
    unbuffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**unbuffered, "XDG_CONFIG_HOME": str(config)}


def run_program(*words: str | Path, config: Path) -> str:
    """Run a command of the program to its end and return what it printed."""
    result = subprocess.run(
        [*PROGRAM, *words],
        env=environment(config),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_SECONDS,
    )
    assert result.returncode == 0, (words, result.stdout, result.stderr)
    return result.stdout


class _Process:
    """A process whose lines are read as they come, so that it never waits for its reader."""

    def __init__(self, words: Sequence[str | Path], config: Path) -> None:
        self._process = subprocess.Popen(
            [*PROGRAM, *words],
            env=environment(config),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input: IO[bytes] = self._process.stdin
        self._lines: SimpleQueue[bytes | None] = SimpleQueue()
        self._reader = Thread(target=self._read, args=(self._process.stdout,), name="reader")
        self._reader.start()

    def kill(self) -> None:
        """End the process as a power cut would."""
        self._process.kill()
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process.poll() is None:
            self._close()
        self._end()

    def _close(self) -> None:
        """Ask the process to end by itself."""
        raise NotImplementedError

    def _next(self) -> Answer | None:
        """Return the next line's object, None when the process has said its last."""
        try:
            line = self._lines.get(timeout=PATIENCE_SECONDS)
        except Empty as error:
            self._process.kill()
            raise AssertionError("no answer") from error
        return None if line is None else json.loads(line)

    def _read(self, output: IO[bytes]) -> None:
        for line in output:
            # A process that is killed may leave half a line: nobody was told anything by it.
            if line.endswith(b"\n"):
                self._lines.put(line)
        output.close()
        self._lines.put(None)

    def _end(self) -> None:
        self._process.wait(PATIENCE_SECONDS)
        self._reader.join(PATIENCE_SECONDS)
        if not self._input.closed:
            with suppress(BrokenPipeError):
                self._input.close()


class Counter(_Process):
    """A till's counter as a process: one JSON command in, one JSON answer out."""

    def __init__(self, data: Path, config: Path) -> None:
        super().__init__(["counter", "--data", data], config)

    def tell(self, **command: object) -> bool:
        """Send a command and do not wait; return whether the process still takes any."""
        try:
            self._input.write(json.dumps(command).encode() + b"\n")
            self._input.flush()
        except BrokenPipeError:
            return False
        return True

    def hear(self) -> Answer | None:
        """Return the next answer; None when the process is gone and has said no more."""
        return self._next()

    def ask(self, **command: object) -> Answer:
        """Send a command and return its answer."""
        assert self.tell(**command)
        answer = self.hear()
        assert answer is not None
        return answer

    def must(self, **command: object) -> Answer:
        """Send a command that must succeed."""
        answer = self.ask(**command)
        assert answer["ok"], (command, answer)
        return answer

    def _close(self) -> None:
        self._input.close()


class Server(_Process):
    """The central server as a process."""

    def __init__(self, database: str, config: Path, *, port: int = 0) -> None:
        listen = f"127.0.0.1:{port}"
        super().__init__(["server", "--listen", listen, "--database", database], config)
        ready = self._next()
        assert ready is not None
        self.url: str = ready["listening"]
        self.port = int(self.url.rpartition(":")[2])

    def _close(self) -> None:
        self._process.terminate()


class Hub(_Process):
    """A shop's hub as a process; ``announces`` lets tills find it by themselves."""

    def __init__(self, data: Path, config: Path, *, port: int = 0, announces: bool = False) -> None:
        words: list[str | Path] = ["hub", "--data", data, "--listen", f"127.0.0.1:{port}"]
        super().__init__(words if announces else [*words, "--no-announce"], config)
        ready = self._next()
        assert ready is not None
        self.address: str = ready["listening"].removeprefix("https://")
        self.port = int(self.address.rpartition(":")[2])
        self.is_announced: bool = ready["announced"]

    def _close(self) -> None:
        self._process.terminate()
