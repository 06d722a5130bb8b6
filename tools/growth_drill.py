"""Grow a merchant's books: fill a file, move it to PostgreSQL, add processes and a pooler.

    python tools/growth_drill.py [--members N] [--seconds S] [--json]

Every set-up gets the same work: eight tills send requests of 20 sales to random members over
HTTP, all at once. Printed are sales a second, how long a request took, and CPU of the server's
processes. Tills, servers and PostgreSQL share this machine, so compare the lines with each
other. Exit code 1 if the books of any set-up do not verify. 100,000 members take two minutes.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pos_loyalty.domain.ids import MemberId

ROOT = Path(__file__).resolve().parent.parent
EXIT_OK = 0
EXIT_WRONG = 1
_TILLS = 8
_SALES_A_REQUEST = 20
_FILLING_TILLS = 4
_ENROLLMENTS_A_REQUEST = 500
_REQUESTS_A_SECOND_MAX = 100
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class SetUp:
    """Where the books are, and how many processes serve them."""

    name: str
    url: str
    processes: int


def main(words: Sequence[str] | None = None) -> int:
    """Run the drill and print what it found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--members", type=int, default=100_000, metavar="N")
    parser.add_argument("--seconds", type=int, default=8, metavar="S", help="of each set-up")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    arguments = parser.parse_args(words)
    # The tills of the contract tests send here, too.
    sys.path.insert(0, str(ROOT))
    is_right = True
    with tempfile.TemporaryDirectory(prefix="pos-growth-") as scratch:
        for line in _grow(Path(scratch), arguments.members, arguments.seconds):
            is_right = is_right and line.get("faults", 0) == 0
            print(json.dumps(line) if arguments.json else _in_words(line), flush=True)
    return EXIT_OK if is_right else EXIT_WRONG


def _grow(folder: Path, count: int, seconds: int) -> Iterator[dict[str, Any]]:
    from tests.contract.running_pooler import running_pooler
    from tests.contract.running_server import create_database, running_postgres

    file = folder / "books.db"
    members, took = _fill(f"sqlite:///{file}", count)
    yield {"step": f"{count} members enrolled", "seconds": took, "bytes": file.stat().st_size}
    yield _measure(SetUp("one file, one process", f"sqlite:///{file}", 1), members, seconds)
    with running_postgres() as server_url:
        url = create_database(server_url, "books")
        yield _move(f"sqlite:///{file}", url)
        for processes in (1, 3):
            name = f"PostgreSQL, processes: {processes}"
            yield _measure(SetUp(name, url, processes), members, seconds)
        with running_pooler(url) as pooled:
            name = "PostgreSQL behind pgbouncer, processes: 3"
            yield _measure(SetUp(name, pooled, 3), members, seconds)
        yield _verify(url)


def _fill(url: str, count: int) -> "tuple[list[MemberId], float]":
    """Enroll members as tills do, without the network in between."""
    from pos_loyalty.server.group_write import GroupWriter
    from pos_loyalty.server.reading import Batch, prepare
    from pos_loyalty.server.setup import open_database, read_merchant
    from tests.contract.running_server import CLOCK, IDS, make_books
    from tests.contract.simple_till import enrollment, new_member

    make_books(url)
    tills = _joined(url, _FILLING_TILLS)
    members = [new_member() for _ in range(count)]
    started = time.monotonic()
    with closing(open_database(url)) as database:
        writer = GroupWriter(database, read_merchant(database), clock=CLOCK, ids=IDS)
        parts = (
            members[at : at + _ENROLLMENTS_A_REQUEST]
            for at in range(0, count, _ENROLLMENTS_A_REQUEST)
        )
        while group := list(zip(tills, parts, strict=False)):
            batches: list[Batch] = []
            for till, part in group:
                before = till.hashes[-1]
                till.append(*(enrollment(member) for member in part))
                batches.append(prepare(till.request(sig=""), before))
                till.have = len(till.journal)
            writer.write_group(batches)
    return members, round(time.monotonic() - started, 1)


def _joined(url: str, count: int) -> Any:  # noqa: ANN401 - imported late
    from tests.contract.running_server import running_server

    with running_server(url) as server:
        return [server.joined_till() for _ in range(count)]


def _measure(set_up: SetUp, members: "Sequence[MemberId]", seconds: int) -> dict[str, Any]:
    """Let all tills send at once for some seconds."""
    tills = _joined(set_up.url, _TILLS)
    bodies = [_bodies(till, members, seconds * _REQUESTS_A_SECOND_MAX // 4) for till in tills]
    with ExitStack() as opened:
        servers = [opened.enter_context(_server(set_up.url)) for _ in range(set_up.processes)]
        before = sum(_cpu(process) for _, process in servers)
        end = time.monotonic() + seconds
        with ThreadPoolExecutor(_TILLS) as senders:
            jobs = [
                senders.submit(_send, servers[number % len(servers)][0], till, sent, end)
                for number, (till, sent) in enumerate(zip(tills, bodies, strict=True))
            ]
            took = sorted(each for job in jobs for each in job.result())
        cpu = sum(_cpu(process) for _, process in servers) - before
    sales = len(took) * _SALES_A_REQUEST
    return {
        "step": set_up.name,
        "sales_a_second": round(sales / seconds),
        "p50_ms": round(statistics.median(took) * 1000),
        "p99_ms": round(took[int(len(took) * 0.99)] * 1000),
        "server_cpu_s_for_10000": round(cpu / sales * 10_000, 2),
    }


def _bodies(till: Any, members: "Sequence[MemberId]", count: int) -> list[bytes]:  # noqa: ANN401 - see above
    """Build and sign requests ahead of time, so that sending them costs little."""
    from pos_loyalty.wire import codec
    from tests.contract.simple_till import sale

    bodies: list[bytes] = []
    for _ in range(count):
        till.append(*(sale(random.choice(members), total=100) for _ in range(_SALES_A_REQUEST)))
        bodies.append(codec.pack(till.request(want_rows=1)))
        till.have = len(till.journal)
    return bodies


def _send(url: str, till: Any, bodies: Sequence[bytes], end: float) -> list[float]:  # noqa: ANN401 - see above
    """Send one request after the other over one connection; return how long each took."""
    import http.client

    from pos_loyalty.server.authentication import signed_request
    from pos_loyalty.wire import codec

    path = "/sync/v1/exchange"
    took: list[float] = []
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    with closing(connection):
        for body in bodies:
            signature = till.sign(signed_request(path, body))
            headers = {"Content-Type": codec.CONTENT_TYPE, codec.SIGNATURE_HEADER: signature}
            started = time.monotonic()
            connection.request("POST", path, body=body, headers=headers)
            response = connection.getresponse()
            response.read()
            assert response.status == http.client.OK, response.status
            took.append(time.monotonic() - started)
            if time.monotonic() > end:
                break
    return took


@contextmanager
def _server(url: str) -> Generator["tuple[str, subprocess.Popen[str]]", None, None]:
    command = [sys.executable, "-m", "pos_loyalty", "server", "--listen", "127.0.0.1:0"]
    command += ["--database", url]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["listening"], process
        finally:
            process.terminate()


def _cpu(process: "subprocess.Popen[str]") -> float:
    """Return the seconds of CPU that a process has used."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _move(source: str, target: str) -> dict[str, Any]:
    """Move the books by the owner's own command."""
    command = [sys.executable, "-m", "pos_loyalty", "server", "move"]
    started = time.monotonic()
    done = subprocess.run(
        [*command, "--from", source, "--to", target],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    took = round(time.monotonic() - started, 1)
    return {"step": "moved and verified", "seconds": took, "said": done.stdout.splitlines()[0]}


def _verify(url: str) -> dict[str, Any]:
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.verify import verify_books

    started = time.monotonic()
    with closing(open_database(url)) as database:
        report = verify_books(database)
        with database.read() as session:
            size = session.fetch("SELECT pg_database_size(current_database())")[0][0]
    took = round(time.monotonic() - started, 1)
    return {
        "step": "verified at the end",
        "seconds": took,
        "bytes": int(size),
        "events": report.events,
        "faults": len(report.faults),
    }


def _in_words(line: dict[str, Any]) -> str:
    facts = ", ".join(f"{key} {value}" for key, value in line.items() if key != "step")
    return f"{line['step']}: {facts}"


if __name__ == "__main__":
    sys.exit(main())
