"""The books in PostgreSQL: several server processes, fenced by the clock row.

Bulk writes send each column as one binary array and unnest it on the server, so a
group of requests is a handful of statements however many events it has. A writer
takes the clock row first and holds it until commit; readers see one snapshot.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Sequence
from functools import lru_cache
from typing import LiteralString, cast

import psycopg
from psycopg import errors, sql

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreUnavailable
from pos_loyalty.server.database.migrations import migrate
from pos_loyalty.server.database.repository import (
    Conflict,
    Found,
    RowRefused,
    Session,
    SqlValue,
    Table,
)

READERS_MAX = 8
_CONNECT_SECONDS = 5
_LOCK_MS = 10_000
_PREPARE_AFTER = 2
_MIGRATION_LOCK = 0x6C70_0001
_ARRAYS: dict[str, LiteralString] = {"TEXT": "text[]", "INTEGER": "bigint[]", "BLOB": "bytea[]"}

Connection = psycopg.Connection[Found]


class PostgresSession:
    """Statements on one connection, inside its open transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def fetch(self, statement: str, *values: SqlValue) -> list[Found]:
        """Return all rows of a query."""
        return self._connection.execute(_spoken(statement), values).fetchall()

    def fetch_among(self, statement: str, merchant: str, keys: Sequence[str]) -> list[Found]:
        """Return the rows whose key is one of these."""
        if not keys:
            return []
        return self._connection.execute(_spoken(statement), (merchant, list(keys))).fetchall()

    def execute(self, statement: str, *values: SqlValue) -> None:
        """Run one statement."""
        self._connection.execute(_spoken(statement), values)

    def put(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows, or replace those with the same key."""
        self._write(_put_sql(table), rows)

    def add(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows that are new."""
        self._write(_add_sql(table), rows)

    def _write(self, statement: sql.Composed, rows: Sequence[Sequence[SqlValue]]) -> None:
        if rows:
            columns = [list(column) for column in zip(*rows, strict=True)]
            self._connection.execute(statement, columns)


@lru_cache(maxsize=256)
def _spoken(text: str) -> sql.SQL:
    """Return a statement in PostgreSQL's and the driver's words."""
    # The server's statements are constants of its own code.
    spoken = text.replace("{among}", "= ANY(%b)").replace("?", "%s")
    return sql.SQL(cast("LiteralString", spoken))


@lru_cache(maxsize=64)
def _add_sql(table: Table) -> sql.Composed:
    arrays = sql.SQL(", ").join(
        sql.SQL("%b::{}").format(sql.SQL(_ARRAYS[kind])) for _, kind in table.columns
    )
    return sql.SQL("INSERT INTO {} ({}) SELECT * FROM unnest({})").format(
        sql.Identifier(table.name),
        sql.SQL(", ").join(sql.Identifier(name) for name in table.names),
        arrays,
    )


@lru_cache(maxsize=64)
def _put_sql(table: Table) -> sql.Composed:
    key, rest = table.names[: table.key_length], table.names[table.key_length :]
    updates = [sql.SQL("{0} = excluded.{0}").format(sql.Identifier(name)) for name in rest]
    action = (
        sql.SQL("DO UPDATE SET ") + sql.SQL(", ").join(updates) if rest else sql.SQL("DO NOTHING")
    )
    return sql.SQL("{} ON CONFLICT ({}) {}").format(
        _add_sql(table), sql.SQL(", ").join(sql.Identifier(name) for name in key), action
    )


class PostgresDatabase:
    """One database, one writing connection of this process, a few reading ones.

    Raises:
        StoreUnavailable: it does not answer, or is from a newer server.
    """

    is_shared = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._writer: Connection | None = None
        self._write_lock = threading.Lock()
        self._readers: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        self._places = threading.BoundedSemaphore(READERS_MAX)
        try:
            with self.write() as session:
                # Two servers may start at once on an empty database.
                session.execute("SELECT pg_advisory_xact_lock(?)", _MIGRATION_LOCK)
                migrate(session, postgres=True)
        except Conflict as error:
            self.close()
            raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error
        except LoyaltyError:
            self.close()
            raise

    def _open(self) -> Connection:
        return psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            prepare_threshold=_PREPARE_AFTER,
            application_name="pos-loyalty server",
            options=f"-c lock_timeout={_LOCK_MS}",
        )

    @contextlib.contextmanager
    def read(self) -> Generator[Session, None, None]:
        """Open one snapshot; a broken connection is replaced once."""
        with self._places, _translated(is_writing=False):
            connection = self._snapshot()
            try:
                yield PostgresSession(connection)
                connection.execute("ROLLBACK")
            except BaseException:
                connection.close()
                raise
            self._readers.put(connection)

    def _snapshot(self) -> Connection:
        begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
        with contextlib.suppress(queue.Empty):
            while True:
                connection = self._readers.get_nowait()
                # One that the database closed meanwhile, as after a restart, is passed over.
                try:
                    connection.execute(begin)
                except psycopg.OperationalError:
                    connection.close()
                else:
                    return connection
        connection = self._open()
        connection.execute(begin)
        return connection

    @contextlib.contextmanager
    def write(self) -> Generator[Session, None, None]:
        """Open the write transaction of this process."""
        with self._write_lock, _translated(is_writing=True):
            if self._writer is None or self._writer.closed:
                self._writer = self._open()
            connection = self._writer
            try:
                connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
                yield PostgresSession(connection)
                connection.execute("COMMIT")
            except BaseException:
                _roll_back(connection)
                raise

    def close(self) -> None:
        """Close all connections."""
        if self._writer is not None:
            self._writer.close()
        with contextlib.suppress(queue.Empty):
            while True:
                self._readers.get_nowait().close()


def _roll_back(connection: Connection) -> None:
    """Leave the transaction; a connection that cannot do even that is given up."""
    try:
        connection.execute("ROLLBACK")
    except psycopg.Error:
        connection.close()


@contextlib.contextmanager
def _translated(*, is_writing: bool) -> Generator[None, None, None]:
    """Sort the driver's errors: what does not fit, what may be tried again, what is down."""
    try:
        yield
    except (errors.DiskFull, errors.ReadOnlySqlTransaction) as error:
        raise StoreUnavailable(Code.SERVER_FULL) from error
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise RowRefused(str(error)) from error
    except (psycopg.OperationalError, psycopg.InterfaceError) as error:
        if is_writing:
            raise Conflict(str(error)) from error
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error
    except psycopg.Error as error:
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error
