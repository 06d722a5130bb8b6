"""Looks into a database that is not this server's own, such as a backup: for reading only."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from sqlcipher3 import dbapi2 as sqlite

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.server.database.postgres import PostgresSession
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.database.sqlite import SqliteSession
from pos_loyalty.server.settings import SQLITE_PREFIX


@contextmanager
def reading(url: str) -> Generator[Session]:
    """Open another database for reading only; not even its schema is brought up to date."""
    try:
        if not url.startswith(SQLITE_PREFIX):
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
                yield PostgresSession(connection)
            return
        path = Path(url.removeprefix(SQLITE_PREFIX)).absolute()
        with closing(sqlite.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.isolation_level = None
            connection.execute("BEGIN")
            yield SqliteSession(connection)
    except (psycopg.Error, sqlite.Error) as error:
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error


def place_of(session: Session) -> tuple[object, ...]:
    """Return what tells a database from all others, as far as it says."""
    if isinstance(session, SqliteSession):
        return tuple(Path(row[2]).resolve() for row in session.fetch("PRAGMA database_list"))
    row = session.fetch("SELECT pg_postmaster_start_time()::text, current_database()::text")[0]
    return tuple(row)
