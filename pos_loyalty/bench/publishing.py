"""A program that asks for more is published: what it costs, and whether tills notice."""

import http.client
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from pos_loyalty.assets import assets_folder
from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import Body
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.own_process import in_own_process
from pos_loyalty.bench.past_books import write_past
from pos_loyalty.bench.server_process import can_measure, running_server
from pos_loyalty.bench.storm_tills import at_the_end_of_the_feed, join_tills, sales_of_all
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.keep_anew import WRITING
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.setup import open_database
from pos_loyalty.server.system import SystemClock
from pos_loyalty.server.verify import verify_books
from pos_loyalty.sync.transport import EXCHANGE_PATH
from pos_loyalty.wire.codec import CONTENT_TYPE, SIGNATURE_HEADER
from pos_loyalty.wire.program_document import read_document

SALES, SALES_QUICK = 200_000, 1_000
MEMBERS, MEMBERS_QUICK = 20_000, 100
TEMPLATE: Final = "boutique-tiers"
"""It asks for counts of 13 months and for lots: the starting program asks for neither."""
_TIMES_VERIFY_MAX: Final = 1.25
_MB_MAX: Final = 300
_WAIT_SECONDS_MAX: Final = 5
_BETWEEN_SECONDS: Final = 0.05
_SENT_MAX, _SENT_MAX_QUICK = 3_000, 50
_ANSWER_SECONDS: Final = 60
_OK: Final = 200


@dataclass(frozen=True)
class Published:
    """What publishing took, in the process that did it."""

    seconds: float
    cpu_seconds: float
    writing_seconds: float
    peak_mb: float


@dataclass
class Meanwhile:
    """How a till's exchanges went meanwhile; seconds from the first try to the answer."""

    waits: list[float] = field(default_factory=list[float])
    refused: int = 0


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure on a file, with a real server that a till sends sales to all the time."""
    if not can_measure():
        return [Missing("publish", "this system does not tell what a process has used")]
    sales, members = (SALES_QUICK, MEMBERS_QUICK) if quick else (SALES, MEMBERS)
    sent_max = _SENT_MAX_QUICK if quick else _SENT_MAX
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        return measure_in(
            Path(scratch), "", sales=sales, members=members, sent_max=sent_max, progress=progress
        )


def measure_in(
    folder: Path, database: str, *, sales: int, members: int, sent_max: int, progress: Progress
) -> list[Result]:
    """Measure with books in a folder, or in another database at an address."""
    with running_server(folder, database=database) as server:
        people = write_past(server.database, members=members, sales=sales, progress=progress)
        bodies = _sales_meanwhile(server.database, people, sent_max)
        with ThreadPoolExecutor(1) as pool:
            publishing = pool.submit(in_own_process, publish_more, server.database)
            meanwhile = _send_until(publishing.done, server.url, bodies)
            published = publishing.result()
    verify_seconds, events = in_own_process(_verify, server.database)
    return _figures(published, meanwhile, verify_seconds, events, members)


def publish_more(database_url: str) -> Published:
    """Publish a program that asks for counts and lots; nothing is told to anybody."""
    draft = read_document((assets_folder() / "programs" / f"{TEMPLATE}.toml").read_bytes())
    writing: list[float] = []

    def counted(stage: str, _done: int, _total: int) -> None:
        if stage == WRITING and not writing:
            writing.append(time.perf_counter())

    with closing(open_database(database_url)) as database:
        forget_peak()
        began, cpu = time.perf_counter(), time.process_time()
        publish_program(database, draft, from_ms=None, clock=SystemClock(), counted=counted)
        ended = time.perf_counter()
        return Published(ended - began, time.process_time() - cpu, ended - writing[0], peak_mb())


def _verify(database_url: str) -> tuple[float, int]:
    """Re-compute the books; return the seconds of CPU, and how many events there are."""
    with closing(open_database(database_url)) as database:
        cpu = time.process_time()
        report = verify_books(database)
        assert not report.faults, report.sentence
        return time.process_time() - cpu, report.events


def _sales_meanwhile(database_url: str, people: Sequence[MemberId], count: int) -> list[Body]:
    tills = join_tills(database_url, 1)
    at_the_end_of_the_feed(database_url, tills)
    (bodies,) = sales_of_all(tills, people, sales=count, batch=1)
    return bodies


def _send_until(is_over: Callable[[], bool], url: str, bodies: Sequence[Body]) -> Meanwhile:
    """Send sale after sale, each until it is taken, and at least one."""
    found, address = Meanwhile(), urlsplit(url)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=_ANSWER_SECONDS)
    with closing(connection):
        for body in bodies:
            began = time.perf_counter()
            while not _is_taken(connection, body):
                found.refused += 1
                time.sleep(_BETWEEN_SECONDS)
            found.waits.append(time.perf_counter() - began)
            if is_over():
                break
            time.sleep(_BETWEEN_SECONDS)
    return found


def _is_taken(connection: http.client.HTTPConnection, body: Body) -> bool:
    headers = {"Content-Type": CONTENT_TYPE, SIGNATURE_HEADER: body.signature}
    connection.request("POST", EXCHANGE_PATH, body.data, headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status == _OK


def _figures(
    published: Published, meanwhile: Meanwhile, verify_seconds: float, events: int, members: int
) -> list[Result]:
    figure = partial(
        Figure,
        peak_mb=published.peak_mb,
        detail=f"{events:,} events of {members:,} members, published in {published.seconds:.1f} s,"
        f" {published.cpu_seconds:.1f} s of CPU, verified in {verify_seconds:.1f} s of CPU;"
        f" {len(meanwhile.waits)} exchanges of a till meanwhile, the middle one took"
        f" {sorted(meanwhile.waits)[len(meanwhile.waits) // 2] * 1_000:.0f} ms; members were"
        f" written in {published.writing_seconds:.2f} s",
    )
    return [
        figure(
            name="publish: CPU beside verify",
            value=round(published.cpu_seconds / verify_seconds, 2),
            rule=Rule.AT_MOST,
            limit=_TIMES_VERIFY_MAX,
            unit="× its CPU",
            against="`server verify` of the same books afterwards, which folds everything, too",
        ),
        figure(
            name="publish: memory",
            value=round(published.peak_mb),
            rule=Rule.AT_MOST,
            limit=_MB_MAX,
            unit="MB at most",
            against="the limit itself; the process that publishes",
        ),
        figure(
            name="publish: longest wait of a till",
            value=round(max(meanwhile.waits), 3),
            rule=Rule.AT_MOST,
            limit=_WAIT_SECONDS_MAX,
            unit="s",
            against="the limit itself; a sale at the counter never waits for the server",
        ),
        figure(
            name="publish: exchanges refused",
            value=meanwhile.refused,
            rule=Rule.EXACTLY,
            limit=0,
            unit="exchanges",
            against="the limit itself; what is refused is sent again later, nothing is lost",
        ),
    ]
