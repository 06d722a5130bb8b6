"""S01, S08, S10: while many write, a reader that follows its cursor misses nothing."""

import random
import subprocess
import threading
import time
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.changes import Asking, read_page
from pos_loyalty.server.cursor import read_cursor
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.wire.messages import CardRow, MemberRow, Status
from tests.contract.cursor_writers import WRITERS, count_skipped
from tests.contract.running_server import (
    POSTGRES_BIN,
    create_database,
    make_books,
    running_server,
)
from tests.contract.simple_till import SimpleTill, enrollment, new_id, new_member, sale

PUSHERS = 16


def test_S01_a_reader_skips_no_row_of_slow_and_fast_commits(database_url: str) -> None:
    """Writers hold their transactions open for random times before they commit."""
    make_books(database_url)
    written: set[str] = set()
    with ExitStack() as opened:
        merchant = read_merchant(opened.enter_context(closing(open_database(database_url))))

        def write(seed: int) -> None:
            rng = random.Random(seed)
            with closing(open_database(database_url)) as database:
                for _ in range(12):
                    key = new_id()
                    with database.write() as session:
                        v, _ = statements.take_version(session, merchant.merchant)
                        put_card(session, merchant.merchant, key, v)
                        time.sleep(rng.random() / 200)
                    written.add(key)

        threads = [threading.Thread(target=write, args=(seed,)) for seed in range(WRITERS)]
        for thread in threads:
            thread.start()
        reader = opened.enter_context(closing(open_database(database_url)))
        asking = Asking(merchant=merchant, stream=StreamId(new_id()), now_ms=0)
        seen: list[str] = []
        cursor = ""
        is_last = False
        while not is_last:
            is_last = not any(thread.is_alive() for thread in threads)
            more = True
            while more:
                with reader.read() as session:
                    page = read_page(session, asking, after=read_cursor(cursor, 1), limit=3)
                cursor, more = str(page.cursor), page.more
                seen += [row.card_key for row in page.rows if isinstance(row, CardRow)]

    assert len(written) == WRITERS * 12
    assert set(seen) == written
    assert len(seen) == len(written)


def put_card(session: Session, merchant: MerchantId, key: str, v: int) -> None:
    session.put(tables.CARD, [(merchant, key, "", None, "blank", "", 0)])
    session.put(tables.CHANGE, [(merchant, "card", key, "", v)])


def test_S01_the_product_skips_no_row_of_eight_writers(postgres_url: str) -> None:
    url = create_database(postgres_url, "eight_writers")

    assert count_skipped(url, pushes=40, is_naive=False) == (WRITERS * 40, 0)


@pytest.mark.parametrize("run", range(2))
def test_S01_a_cursor_over_numbers_of_a_sequence_is_caught(postgres_url: str, run: int) -> None:
    """The bug that the clock row is there against; tools/cursor_drill.py counts ten runs."""
    url = create_database(postgres_url, f"naive_writers_{run}")

    written, skipped = count_skipped(url, pushes=40, is_naive=True)

    assert written == WRITERS * 40
    assert skipped > 0


def test_S08_sixteen_pushers_over_fifty_members_meet_no_deadlock(postgres_url: str) -> None:
    url = create_database(postgres_url, "two_servers")
    make_books(url)
    members = [new_member() for _ in range(50)]
    with running_server(url) as first, running_server(url) as second:
        servers = [first, second]
        tills = [servers[number % 2].joined_till() for number in range(PUSHERS)]
        tills[0].exchange(*(enrollment(member) for member in members))

        def push(till: SimpleTill, seed: int) -> None:
            rng = random.Random(seed)
            for _ in range(10):
                till.append(
                    *(sale(rng.choice(members), total=100) for _ in range(rng.randint(1, 9)))
                )
                till.url = rng.choice(servers).url
                # Whatever is not an answer, a deadlock or a conflict, ends this thread.
                till.take(till.send(till.request(want_rows=5)))
            finished.append(till)

        finished: list[SimpleTill] = []
        threads = [
            threading.Thread(target=push, args=(till, seed)) for seed, till in enumerate(tills)
        ]
        for thread in threads:
            thread.start()
        reader = second.joined_till()
        while any(thread.is_alive() for thread in threads):
            reader.take(reader.send(reader.request(want_rows=3, wait_ms=100)))
        assert len(finished) == PUSHERS
        reader.exchange()
        for till in tills:
            till.exchange()

        balances = {row[0]: row[1] for row in first.fetch("SELECT member, balance FROM member")}
        assert sum(balances.values()) == 50 * 50 + sum(len(till.journal) for till in tills) - 50
        for till in (reader, *tills):
            rows = [row for row in till.rows.values() if isinstance(row, MemberRow)]
            assert {row.member: row.balance for row in rows} == balances
        assert first.verified().faults == []
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = 'two_servers'"
        assert first.fetch(deadlocks) == [(0,)]


def test_S10_a_cursor_of_books_that_were_dumped_and_restored_is_recognized(
    postgres_url: str, tmp_path: Path
) -> None:
    """Change numbers are the books' own, not the engine's: a dump takes them along.

    A till that saw more than the dump holds makes a new epoch, pulls again and sends again.
    """
    url, restored = (create_database(postgres_url, name) for name in ("dumped", "restored"))
    make_books(url)
    member = new_member()
    with running_server(url) as server:
        seller, listener, quiet = (server.joined_till() for _ in range(3))
        seller.exchange(enrollment(member), sale(member, total=1000))
        for till in (listener, quiet):
            till.exchange()
        copy_books(url, restored, tmp_path / "books.dump")
        seller.exchange(*(sale(member, total=1000) for _ in range(5)))
        listener.exchange()

    with running_server(restored) as server:
        for till in (seller, listener, quiet):
            till.url = server.url
        before = quiet.epoch
        assert quiet.exchange().status is Status.OK
        assert quiet.epoch == before

        # It sold nothing and lost nothing: that its cursor is ahead is all that tells.
        report = listener.send(listener.request())
        assert (report.status, report.epoch) == (Status.REPORT, before + 1)
        for till in (listener, quiet, seller):
            till.epoch, till.cursor = report.epoch, ""
            till.have = min(till.have, 2)
            till.exchange(granted_seen=(), granted_complete=True)
        for till in (listener, quiet):
            till.exchange()

        assert server.fetch("SELECT count(*) FROM event") == [(7,)]
        assert listener.member(member) == quiet.member(member) == seller.member(member)
        assert server.verified().faults == []


def copy_books(url: str, into: str, file: Path) -> None:
    """Dump a database and restore it into another one, with PostgreSQL's own tools."""
    dump = [POSTGRES_BIN / "pg_dump", "--format=custom", f"--file={file}", f"--dbname={url}"]
    subprocess.run(dump, check=True)
    restore = [POSTGRES_BIN / "pg_restore", "--exit-on-error", f"--dbname={into}", file]
    subprocess.run(restore, check=True)


def test_a_till_that_waits_at_one_server_hears_what_another_wrote(postgres_url: str) -> None:
    url = create_database(postgres_url, "two_ears")
    make_books(url)
    member = new_member()
    with running_server(url) as first, running_server(url) as second:
        waiting, selling = first.joined_till(), second.joined_till()
        waiting.exchange()
        thread = threading.Thread(target=lambda: waiting.exchange(wait_ms=15_000))
        thread.start()
        time.sleep(0.2)
        started = time.monotonic()
        selling.exchange(enrollment(member))
        thread.join()

        assert waiting.member(member).balance == 50
        assert time.monotonic() - started < 5
