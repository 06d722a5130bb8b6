"""A standby answers queries, too, but its books are of a while ago: nobody may read them here."""

import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.postgres import PostgresDatabase
from pos_loyalty.server.database.repository import Conflict
from tests.contract.running_server import (
    POSTGRES_BIN,
    as_postgres,
    create_database,
    make_books,
    running_postgres,
)


class Node:
    """A PostgreSQL of its own that can become a standby and a primary again."""

    def __init__(self, server_url: str) -> None:
        self.folder = Path(server_url.partition("?host=")[2])
        self.url = create_database(server_url, "books")
        make_books(self.url)

    def become_standby(self) -> None:
        (self.folder / "data" / "standby.signal").touch()
        self._tell("restart", "-m", "fast")

    def become_primary(self) -> None:
        self._tell("promote")

    def _tell(self, *words: str) -> None:
        command = [POSTGRES_BIN / "pg_ctl", "-D", self.folder / "data", "-w", *words]
        identity = as_postgres(self.folder)
        subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL, **identity)


@pytest.fixture
def node() -> Iterator[Node]:
    with running_postgres() as server_url:
        yield Node(server_url)


def read_shops(database: PostgresDatabase) -> list[tuple[str]]:
    with database.read() as session:
        return session.fetch("SELECT name FROM shop")


def write_shop(database: PostgresDatabase) -> None:
    with database.write() as session:
        session.add(tables.SHOP, [("m", "s1", "Harbor")])


def test_F53_a_standby_is_neither_read_nor_written_and_its_promotion_is_noticed(
    node: Node,
) -> None:
    with closing(PostgresDatabase(node.url)) as database:
        assert read_shops(database) == []
        node.become_standby()

        with pytest.raises(StoreUnavailable, match="E-DATABASE-UNREACHABLE"):
            read_shops(database)
        with pytest.raises(Conflict):
            write_shop(database)
        with pytest.raises(StoreUnavailable, match="E-DATABASE-UNREACHABLE"):
            PostgresDatabase(node.url)

        node.become_primary()
        write_shop(database)
        assert read_shops(database) == [("Harbor",)]


def test_F53_a_connection_whose_other_end_became_a_standby_is_given_up(
    node: Node,
) -> None:
    """As through a pooler, which keeps its clients while its servers change."""
    with closing(PostgresDatabase(node.url)) as database:
        node.become_standby()
        # What the pooler would hand on: connections that work, at a standby.
        assert database._writer is not None
        database._writer.close()
        database._writer = psycopg.connect(node.url, autocommit=True)
        reader = psycopg.connect(node.url, autocommit=True)
        database._readers.put(reader)

        with pytest.raises(Conflict):
            write_shop(database)
        with pytest.raises(StoreUnavailable, match="E-DATABASE-UNREACHABLE"):
            read_shops(database)

        assert database._writer.closed
        assert reader.closed


def test_F53_a_time_limit_of_the_account_ends_no_commit(node: Node) -> None:
    """It would end the wait for the standby, and be answered like a commit that is safe."""
    with psycopg.connect(node.url, autocommit=True) as owner:
        owner.execute("ALTER DATABASE books SET statement_timeout = '50ms'")
    with closing(PostgresDatabase(node.url)) as database, database.write() as session:
        assert session.fetch("SELECT pg_sleep(0.2)") == [("",)]
        assert session.fetch("SHOW statement_timeout") == [("0",)]


def test_F53_a_database_that_was_made_read_only_is_said_to_be_full(node: Node) -> None:
    """Hosts do that when a disk runs full."""
    with closing(PostgresDatabase(node.url)) as database:
        with psycopg.connect(node.url, autocommit=True) as owner:
            owner.execute("ALTER DATABASE books SET default_transaction_read_only = on")
        assert database._writer is not None
        database._writer.close()

        with pytest.raises(StoreUnavailable, match="E-SERVER-FULL"):
            write_shop(database)
