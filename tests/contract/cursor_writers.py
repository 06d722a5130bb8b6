"""Many writers and one reader on PostgreSQL: which rows does the reader never hear of?

The bug that is planted here is the usual one: change numbers from a sequence, and a
reader that asks for whatever is above the highest number it saw. Numbers are taken in
one order and committed in another, so a slow writer's rows appear below the cursor.
"""

import random
import threading
import time
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing, contextmanager
from unittest.mock import patch

import msgspec
import psycopg

from pos_loyalty.domain.event import encode_event
from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.changes import Asking, read_page
from pos_loyalty.server.cursor import read_cursor
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.postgres import PostgresDatabase
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.group_write import GroupWriter
from pos_loyalty.server.reading import prepare
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.wire.messages import MemberRow
from tests.contract.running_server import CLOCK, IDS, make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member

WRITERS = 8
_PAGE = 20
_PAUSE_MAX_SECONDS = 0.01


class SlowCommits(PostgresDatabase):
    """The product's database, but some transactions stay open a little longer than others."""

    def __init__(self, url: str, seed: int) -> None:
        self._rng = random.Random(seed)
        super().__init__(url)

    @contextmanager
    def write(self) -> Generator[Session, None, None]:
        with super().write() as session:
            yield session
            time.sleep(self._rng.random() * _PAUSE_MAX_SECONDS)


def _naive_next(session: Session, merchant: MerchantId) -> tuple[int, int]:
    """Number changes without holding the clock row."""
    del merchant
    return int(session.fetch("SELECT nextval('naive_clock')")[0][0]), 1


def _naive_newest(session: Session, merchant: MerchantId) -> tuple[int, int]:
    """Take the highest number that is visible for the end of the feed."""
    rows = session.fetch("SELECT coalesce(max(v), 1) FROM chg WHERE merchant = ?", merchant)
    return int(rows[0][0]), 1


@contextmanager
def naive_cursor(url: str) -> Generator[None, None, None]:
    """Plant the bug for the time of the block."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE SEQUENCE naive_clock START 100")
    with (
        patch.object(statements, "take_version", _naive_next),
        patch.object(statements, "current_version", _naive_newest),
    ):
        yield


def count_skipped(url: str, *, pushes: int, is_naive: bool) -> tuple[int, int]:
    """Let 8 writers enroll members while one reader follows its cursor.

    Args:
        url: an empty database.
        pushes: transactions of each writer, one new member in each.
        is_naive: whether the bug is planted.

    Returns:
        How many rows were written, and how many of them the reader never got.
    """
    make_books(url)
    with running_server(url) as server:
        tills = [server.joined_till() for _ in range(WRITERS)]
    with ExitStack() as opened:
        if is_naive:
            opened.enter_context(naive_cursor(url))
        reader = opened.enter_context(closing(PostgresDatabase(url)))
        merchant = read_merchant(reader)
        threads = [
            threading.Thread(target=_write, args=(url, merchant, till, seed, pushes))
            for seed, till in enumerate(tills)
        ]
        for thread in threads:
            thread.start()
        seen = _follow(reader, merchant, threads)
        with reader.read() as session:
            written = {row[0] for row in session.fetch("SELECT id FROM chg WHERE type = 'member'")}
    assert len(written) == WRITERS * pushes
    return len(written), len(written - seen)


def _write(url: str, merchant: Merchant, till: SimpleTill, seed: int, pushes: int) -> None:
    """Write batches as a server process of its own would."""
    with closing(SlowCommits(url, seed)) as database:
        writer = GroupWriter(database, merchant, clock=CLOCK, ids=IDS)
        for _ in range(pushes):
            data = encode_event(enrollment(new_member()))
            request = till.request(events=(msgspec.Raw(data),))
            before = till.hashes[-1]
            till.append_bytes(data)
            writer.write_group([prepare(request, before)])
            till.have += 1


def _follow(
    database: PostgresDatabase, merchant: Merchant, threads: Sequence[threading.Thread]
) -> set[str]:
    """Read page after page until all writers have ended and nothing is left."""
    asking = Asking(merchant=merchant, stream=StreamId(""), now_ms=0)
    seen: set[str] = set()
    cursor = ""
    is_last = False
    while not is_last:
        is_last = not any(thread.is_alive() for thread in threads)
        more = True
        while more:
            with database.read() as session:
                page = read_page(session, asking, after=read_cursor(cursor, 1), limit=_PAGE)
            cursor, more = str(page.cursor), page.more
            seen |= {row.member for row in page.rows if isinstance(row, MemberRow)}
    return seen
