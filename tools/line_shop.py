"""A server and tills as real processes in the namespaces of one drill, and who sells at them."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from line_wire import SERVER, SERVER_ADDRESS, SERVER_PORT, SERVER_URL, Wire

Answer = dict[str, Any]

TILLS = ("till-1", "till-2", "till-3")
_TOOLS = Path(__file__).resolve().parent
_PROGRAM = (sys.executable, "-m", "pos_loyalty")
_END_SECONDS = 30.0
_FAKETIME = "lib*/*/faketime/libfaketime.so.1"


class Process:
    """The program in one namespace, killed and started again; its clock may be moved."""

    def __init__(self, place: str, words: Sequence[str], folder: Path, plant: str) -> None:
        self._place = place
        self._folder = folder
        program = (sys.executable, str(_TOOLS / "line_plants.py"), plant) if plant else _PROGRAM
        self._words = ("ip", "netns", "exec", place, *program, *words)
        self._clock_file = folder / f"{place}.clock"
        self._clock_file.write_text("+0\n", encoding="ascii")
        self._has_faketime = False
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process."""
        with (self._folder / f"{self._place}.stderr").open("ab") as stderr:
            self._popen = subprocess.Popen(
                self._words,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
            )

    def use_made_up_clock(self) -> None:
        """From the next start on, take the time from a file."""
        self._has_faketime = True

    def set_clock(self, offset_seconds: int) -> None:
        """Let the process see another time from now on; spans are as long as they are."""
        aside = self._clock_file.with_suffix(".new")
        aside.write_text(f"{offset_seconds:+d}\n", encoding="ascii")
        aside.replace(self._clock_file)

    def ask(self, **command: object) -> Answer | None:
        """Send a command and return its answer; None when the process died over it."""
        assert self._popen is not None
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(json.dumps(command).encode() + b"\n")
            self._popen.stdin.flush()
        except BrokenPipeError:
            return None
        return self.hear()

    def hear(self) -> Answer | None:
        """Return the next line; half a line of a process that was killed told nobody anything."""
        assert self._popen is not None
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        return json.loads(line) if line.endswith(b"\n") else None

    def kill(self) -> None:
        """End the process as a power cut would."""
        assert self._popen is not None
        self._popen.kill()
        self._popen.wait(_END_SECONDS)

    def hold(self) -> None:
        """Stop the process where it stands."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let a held process go on."""
        assert self._popen is not None
        self._popen.send_signal(signal.SIGCONT)

    def end(self) -> None:
        """Let the process end by itself, as by a till's or a server's switch."""
        assert self._popen is not None
        assert self._popen.stdin is not None
        with suppress(BrokenPipeError):
            self._popen.stdin.close()
        if self._place == SERVER:
            self._popen.terminate()
        self._popen.wait(_END_SECONDS)

    def close(self) -> None:
        """Close what a dead process left open."""
        if self._popen is None:
            return
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _environment(self) -> dict[str, str]:
        made_up: dict[str, str] = {}
        if self._has_faketime:
            made_up = {
                "LD_PRELOAD": str(next(Path("/usr").glob(_FAKETIME))),
                "FAKETIME_TIMESTAMP_FILE": str(self._clock_file),
                "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            }
        config = {"XDG_CONFIG_HOME": str(self._folder / "config")}
        return {**os.environ, "PYTHONPATH": str(_TOOLS.parent), **config, **made_up}


@dataclass
class LineShop:
    """The folders, the wire and the processes of one run."""

    folder: Path
    tills: tuple[str, ...] = TILLS
    plant: str = ""
    answers: list[Answer] = field(default_factory=list[Answer])
    processes: dict[str, Process] = field(default_factory=dict[str, Process])
    _lock: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.wire = Wire(self.tills)
        database = f"sqlite:///{self.books}"
        listen = f"{SERVER_ADDRESS}:{SERVER_PORT}"
        words = ("server", "--listen", listen, "--database", database)
        self.processes[SERVER] = Process(SERVER, words, self.folder, self.plant)
        for till in self.tills:
            words = ("counter", "--data", str(self.folder / till))
            self.processes[till] = Process(till, words, self.folder, self.plant)

    @property
    def books(self) -> Path:
        """The server's database."""
        return self.folder / "books.db"

    @property
    def keys(self) -> Path:
        """Where the tills' keys are."""
        return self.folder / "config" / "pos-loyalty" / "keys"

    def serve(self) -> None:
        """Start the server and wait until tills may connect."""
        server = self.processes[SERVER]
        server.start()
        if server.hear() is None:
            raise OSError("the server does not start")

    def end(self) -> None:
        """End everything as its owner would."""
        for process in reversed(self.processes.values()):
            process.end()

    def note(self, answer: str, till: str, **fields: object) -> None:
        """Keep what was answered, for the checker; from any thread."""
        with self._lock:
            self.answers.append({"answer": answer, "till": till, **fields})

    def write_answers(self) -> Path:
        """Write what was answered as the checker reads it."""
        path = self.folder / "answers.jsonl"
        lines = (json.dumps(answer) + "\n" for answer in self.answers)
        path.write_text("".join(lines), encoding="utf-8")
        return path


def prepare(folder: Path) -> None:
    """Make a shop whose tills have joined and know some members; runs begin with a copy of it."""
    folder.mkdir(parents=True)
    shop = LineShop(folder)
    shop.wire.build()
    database = f"sqlite:///{shop.books}"
    _program(
        shop, SERVER, "init", "--database", database, "--merchant", "Drill", "--currency", "EUR"
    )
    shop.serve()
    for till in TILLS:
        words = ("till-code", "--database", database, "--shop", "Drill")
        code = _program(shop, SERVER, *words).splitlines()[-1]
        data = str(folder / till)
        _program(shop, till, "join", "--data", data, "--server", SERVER_URL, "--code", code)
    for till in TILLS:
        shop.processes[till].start()
    first = shop.processes[TILLS[0]]
    for number in range(4):
        member = _must(first.ask(do="enroll", card=None, phone="", name=f"Member {number}"))
        shop.note("enroll", TILLS[0], member=member["member"]["id"])
        sale = _must(first.ask(do="sale", member=member["member"]["id"], total="400.00"))
        fields = {"sale_id": sale["sale_id"], "total": 40_000, "earned": sale["earned_points"]}
        shop.note("sale", TILLS[0], member=member["member"]["id"], **fields)
    for till in TILLS:
        _must(shop.processes[till].ask(do="sync"))
    shop.end()
    shop.write_answers()


def copy_of(template: Path, folder: Path, tills: int, plant: str) -> LineShop:
    """Begin a run with a copy of the prepared shop."""
    shutil.copytree(template, folder, dirs_exist_ok=True)
    shop = LineShop(folder, tills=TILLS[:tills], plant=plant)
    lines = (folder / "answers.jsonl").read_text(encoding="utf-8").splitlines()
    shop.answers = [json.loads(line) for line in lines]
    return shop


def _program(shop: LineShop, place: str, *words: str) -> str:
    """Run a command of the program to its end and return what it printed."""
    command = "server" if place == SERVER else "till"
    done = subprocess.run(
        ["ip", "netns", "exec", place, *_PROGRAM, command, *words],
        env={**os.environ, "XDG_CONFIG_HOME": str(shop.folder / "config")},
        capture_output=True,
        text=True,
        check=False,
        timeout=_END_SECONDS,
    )
    if done.returncode:
        raise OSError(f"{command} {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _must(answer: Answer | None) -> Answer:
    if answer is None or not answer["ok"]:
        raise OSError(f"the shop cannot be prepared: {answer}")
    return answer
