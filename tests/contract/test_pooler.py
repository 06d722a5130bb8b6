"""Through pgbouncer in transaction mode, where each transaction may meet another connection."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest

from pos_loyalty.server.database.postgres import PostgresDatabase
from tests.contract.running_pooler import running_pooler
from tests.contract.running_server import create_database, make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member, sale

TILLS = 6


@pytest.fixture
def pooled_url(postgres_url: str) -> Iterator[str]:
    """The address of an empty database behind a pooler."""
    name = f"pooled_{random.randrange(2**40)}"
    with running_pooler(create_database(postgres_url, name)) as url:
        yield url


def test_two_servers_behind_a_pooler_lose_and_double_nothing(pooled_url: str) -> None:
    make_books(pooled_url)
    members = [new_member() for _ in range(8)]
    with running_server(pooled_url) as first, running_server(pooled_url) as second:
        servers = [first, second]
        tills = [servers[number % 2].joined_till() for number in range(TILLS)]
        tills[0].exchange(*(enrollment(member) for member in members))

        def push(till: SimpleTill, seed: int) -> None:
            rng = random.Random(seed)
            for _ in range(12):
                till.append(*(sale(rng.choice(members), total=100) for _ in range(5)))
                till.url = rng.choice(servers).url
                till.take(till.send(till.request()))

        threads = [
            threading.Thread(target=push, args=(till, seed)) for seed, till in enumerate(tills)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert first.fetch("SELECT count(*) FROM event") == [(len(members) + TILLS * 12 * 5,)]
        assert first.fetch("SELECT sum(balance) FROM member") == [(50 * 8 + TILLS * 12 * 5,)]
        assert first.verified().faults == []


def test_a_pooler_is_recognized_and_nothing_is_prepared_through_it(
    postgres_url: str, pooled_url: str
) -> None:
    """A statement prepared on one connection is unknown, or another one's, on the next."""
    direct = create_database(postgres_url, f"direct_{random.randrange(2**40)}")
    for url, is_prepared in ((pooled_url, False), (direct, True)):
        with closing(PostgresDatabase(url)) as database:
            assert database._writer is not None
            assert (database._writer.prepare_threshold is not None) is is_prepared


def test_the_patience_with_a_lock_ends_with_the_transaction(pooled_url: str) -> None:
    """Through a pooler a setting of the session would reach whoever comes next."""
    with closing(PostgresDatabase(pooled_url)) as database:
        with database.write() as session:
            assert session.fetch("SHOW lock_timeout") == [("10s",)]
        with psycopg.connect(pooled_url, autocommit=True, prepare_threshold=None) as other:
            for _ in range(6):
                assert other.execute("SHOW lock_timeout").fetchall() == [("0",)]
