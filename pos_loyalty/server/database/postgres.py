"""The books in PostgreSQL: several server processes, fenced by the clock row.

Bulk writes send each column as one binary array and unnest it on the server, so a
group of requests is a handful of statements however many events it has, and they go
out in one pipeline (docs/decisions/0013-pipeline-not-one-statement.md). A writer takes
the clock row first and holds it until commit; readers see one snapshot.

It works the same through a pooler that lends a connection for one transaction only
(pgbouncer): whatever is set is set inside the transaction, and statements are not
prepared where such a pooler stands in between. With several hosts in the URL and
``target_session_attrs=read-write`` it follows the primary by itself.
"""

import contextlib
import logging
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
_PREPARE_AFTER = 2
_SILENCE_MS = 11_000
_BEGIN_WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED"
# A time limit that somebody gave the account would end the wait for the standby, and the
# commit would look like a success.
_LIMITS = (
    "SELECT set_config('lock_timeout', '10s', true), set_config('statement_timeout', '0', true)"
)
# One round trip: a standby answers queries, too, but with books of a while ago.
_BEGIN_READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT pg_is_in_recovery()"
# Waits until everything that was committed before is on the synchronous standby, too: a
# primary that died and came back shows commits that no standby has. Null on a standby.
_ARRIVE = (
    "SELECT pg_backend_pid(), CASE WHEN NOT pg_is_in_recovery()"
    " THEN pg_logical_emit_message(true, 'pos-loyalty', '') END"
)
_MIGRATION_LOCK = 0x6C70_0001
_ARRAYS: dict[str, LiteralString] = {"TEXT": "text[]", "INTEGER": "bigint[]", "BLOB": "bytea[]"}

Connection = psycopg.Connection[Found]

# It warns of what follows from an error in a pipeline; the error itself is raised.
logging.getLogger("psycopg").setLevel(logging.ERROR)


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
    spoken = text.replace("{among}", "= ANY(%b)").replace("{by_event}", "").replace("?", "%s")
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


_PERSONAL_TABLES = ("member", "profile_history")


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
        """Connect to the primary.

        Raises:
            psycopg.OperationalError: none is there, or the one that answers is a standby.
        """
        connection = psycopg.connect(
            self._url,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            prepare_threshold=_PREPARE_AFTER,
            application_name="pos-loyalty server",
            # A machine that vanished without a word is noticed in about ten seconds.
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=3,
            tcp_user_timeout=_SILENCE_MS,
        )
        try:
            process, place = connection.execute(_ARRIVE, prepare=False).fetchall()[0]
        except BaseException:
            connection.close()
            raise
        if place is None:
            connection.close()
            raise psycopg.OperationalError("a standby answers, not the primary")
        # A pooler makes up the number by which its client may cancel.
        if process != connection.info.backend_pid:
            connection.prepare_threshold = None
        return connection

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
        with contextlib.suppress(queue.Empty):
            while True:
                connection = self._readers.get_nowait()
                # One that the database closed meanwhile, as after a restart, is passed over.
                with contextlib.suppress(psycopg.OperationalError):
                    _begin_reading(connection)
                    return connection
        connection = self._open()
        _begin_reading(connection)
        return connection

    @contextlib.contextmanager
    def write(self) -> Generator[Session, None, None]:
        """Open the write transaction of this process."""
        with self._write_lock, _translated(is_writing=True):
            if self._writer is None or self._writer.closed:
                self._writer = self._open()
            connection = self._writer
            try:
                # What is only written goes out together; an answer is awaited where one is read.
                with connection.pipeline():
                    connection.execute(_BEGIN_WRITE)
                    connection.execute(_LIMITS)
                    yield PostgresSession(connection)
                    connection.execute("COMMIT")
            except BaseException as error:
                _roll_back(connection)
                if isinstance(error, errors.ReadOnlySqlTransaction):
                    _leave_a_standby(connection)
                raise

    def scrub(self) -> None:
        """Rewrite the tables with personal fields and their indexes."""
        with self._write_lock, _translated(is_writing=False):
            connection = self._open()
            try:
                for table in _PERSONAL_TABLES:
                    connection.execute(sql.SQL("VACUUM FULL {}").format(sql.Identifier(table)))
            finally:
                connection.close()

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


def _begin_reading(connection: Connection) -> None:
    """Open a snapshot of the primary.

    Raises:
        psycopg.OperationalError: the connection is broken, or ends at a standby by now.
    """
    cursor = connection.execute(_BEGIN_READ)
    cursor.nextset()
    if cursor.fetchall()[0][0]:
        connection.close()
        raise psycopg.OperationalError("a standby answers, not the primary")


def _leave_a_standby(connection: Connection) -> None:
    """Give a connection up whose other end became a standby, so that the primary is looked for.

    Raises:
        Conflict: it did.
    """
    is_standby = not connection.closed and connection.execute(
        "SELECT pg_is_in_recovery()"
    ).fetchall() == [(True,)]
    if is_standby:
        connection.close()
        raise Conflict("a standby answers, not the primary")


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
