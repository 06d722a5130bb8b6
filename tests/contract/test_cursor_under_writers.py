"""S01, S08: while many write, a reader that follows its cursor misses nothing."""

import random
import threading
import time
from contextlib import ExitStack, closing

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.changes import Asking, read_page
from pos_loyalty.server.cursor import read_cursor
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.setup import open_database, read_merchant
from pos_loyalty.wire.messages import CardRow, MemberRow
from tests.contract.running_server import create_database, make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_id, new_member, sale

WRITERS = 6


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


def test_S08_two_server_processes_and_many_tills_on_few_members_agree(
    postgres_url: str,
) -> None:
    url = create_database(postgres_url, "two_servers")
    make_books(url)
    members = [new_member() for _ in range(8)]
    with running_server(url) as first, running_server(url) as second:
        servers = [first, second]
        tills = [servers[number % 2].joined_till() for number in range(WRITERS)]
        tills[0].exchange(*(enrollment(member) for member in members))

        def push(till: SimpleTill, seed: int) -> None:
            rng = random.Random(seed)
            for _ in range(15):
                till.append(
                    *(sale(rng.choice(members), total=100) for _ in range(rng.randint(1, 9)))
                )
                till.url = rng.choice(servers).url
                till.take(till.send(till.request(want_rows=5)))

        threads = [
            threading.Thread(target=push, args=(till, seed)) for seed, till in enumerate(tills)
        ]
        for thread in threads:
            thread.start()
        reader = second.joined_till()
        while any(thread.is_alive() for thread in threads):
            reader.take(reader.send(reader.request(want_rows=3, wait_ms=100)))
        reader.exchange()
        for till in tills:
            till.exchange()

        balances = {row[0]: row[1] for row in first.fetch("SELECT member, balance FROM member")}
        assert sum(balances.values()) == 50 * 8 + sum(len(till.journal) for till in tills) - 8
        for till in (reader, *tills):
            rows = [row for row in till.rows.values() if isinstance(row, MemberRow)]
            assert {row.member: row.balance for row in rows} == balances
        assert first.verified().faults == []


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
