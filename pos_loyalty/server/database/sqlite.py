"""The books in one SQLite file: WAL, every commit flushed, one server process.

The driver is sqlcipher3 without a key, which makes a plain SQLite file and carries
a SQLite without the faults of the system's one. The file is plain because it stands
in the owner's office; the machine's disk encryption guards it.
"""

import contextlib
import queue
import threading
from collections.abc import Generator, Sequence
from pathlib import Path

import msgspec
from sqlcipher3 import dbapi2 as sqlite

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreUnavailable
from pos_loyalty.server.database.migrations import migrate
from pos_loyalty.server.database.repository import (
    Found,
    RowRefused,
    Session,
    SqlValue,
    Table,
)

READERS_MAX = 4
_BUSY_SECONDS = 10.0
_CHECKPOINT_PAGES = 8_000
"""32 MiB: a busy group changes many pages, and copying them back after each is waste."""
_AMONG = "IN (SELECT value FROM json_each(?))"
_BY_EVENT = " INDEXED BY event_by_id"
"""Left to itself SQLite reads all events of the merchant instead, for every group of requests."""
_JSON = msgspec.json.Encoder()


class SqliteSession:
    """Statements on one connection."""

    def __init__(self, connection: sqlite.Connection) -> None:
        self._connection = connection

    def fetch(self, statement: str, *values: SqlValue) -> list[Found]:
        """Return all rows of a query."""
        return self._connection.execute(statement, values).fetchall()

    def fetch_among(self, statement: str, merchant: str, keys: Sequence[str]) -> list[Found]:
        """Return the rows whose key is one of these."""
        if not keys:
            return []
        values = (merchant, _JSON.encode(keys).decode())
        return self._connection.execute(spoken(statement), values).fetchall()

    def execute(self, statement: str, *values: SqlValue) -> None:
        """Run one statement."""
        self._connection.execute(statement, values)

    def put(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows, or replace those with the same key."""
        if rows:
            self._connection.executemany(_put_sql(table), rows)

    def add(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows that are new."""
        if rows:
            self._connection.executemany(_add_sql(table), rows)


def spoken(statement: str) -> str:
    """Return a statement in SQLite's words."""
    return statement.replace("{among}", _AMONG).replace("{by_event}", _BY_EVENT)


def _add_sql(table: Table) -> str:
    marks = ", ".join("?" for _ in table.columns)
    return f"INSERT INTO {table.name} ({', '.join(table.names)}) VALUES ({marks})"  # noqa: S608 - names of our own tables


def _put_sql(table: Table) -> str:
    key, rest = table.names[: table.key_length], table.names[table.key_length :]
    updates = ", ".join(f"{name} = excluded.{name}" for name in rest)
    action = f"DO UPDATE SET {updates}" if updates else "DO NOTHING"
    return f"{_add_sql(table)} ON CONFLICT ({', '.join(key)}) {action}"


class SqliteDatabase:
    """One file, one writer, a few readers.

    Raises:
        StoreUnavailable: the file is not there, cannot be opened, or is from a newer server.
    """

    is_shared = False

    def __init__(self, path: Path, *, may_create: bool) -> None:
        if not may_create and not path.exists():
            raise StoreUnavailable(Code.BOOKS_ABSENT, file=str(path))
        self._path = path
        self._readers: queue.SimpleQueue[sqlite.Connection] = queue.SimpleQueue()
        self._all_readers: list[sqlite.Connection] = []
        self._places = threading.BoundedSemaphore(READERS_MAX)
        self._write_lock = threading.Lock()
        with _translated():
            self._writer = self._open()
        try:
            with _translated():
                self._writer.execute("PRAGMA journal_mode = WAL")
            with self.write() as session:
                migrate(session, postgres=False)
        except LoyaltyError:
            self.close()
            raise

    def _open(self) -> sqlite.Connection:
        connection = sqlite.connect(
            str(self._path),
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -65536")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}")
        return connection

    @contextlib.contextmanager
    def read(self) -> Generator[Session, None, None]:
        """Open one snapshot."""
        with self._places, _translated():
            connection = self._reader()
            try:
                connection.execute("BEGIN")
                yield SqliteSession(connection)
            finally:
                connection.execute("ROLLBACK")
                self._readers.put(connection)

    def _reader(self) -> sqlite.Connection:
        with contextlib.suppress(queue.Empty):
            return self._readers.get_nowait()
        connection = self._open()
        connection.execute("PRAGMA query_only = ON")
        self._all_readers.append(connection)
        return connection

    @contextlib.contextmanager
    def write(self) -> Generator[Session, None, None]:
        """Open the one write transaction."""
        with self._write_lock, _translated():
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteSession(self._writer)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise

    def scrub(self) -> None:
        """Rewrite the file, and empty the log beside it."""
        with self._write_lock, _translated():
            self._writer.execute("VACUUM")
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Close all connections."""
        for connection in self._all_readers:
            connection.close()
        self._writer.close()


@contextlib.contextmanager
def _translated() -> Generator[None, None, None]:
    """Sort the driver's errors: content that does not fit, or a disk that does not work."""
    try:
        yield
    except (sqlite.IntegrityError, sqlite.DataError, OverflowError) as error:
        raise RowRefused(str(error)) from error
    except sqlite.OperationalError as error:
        text = str(error)
        is_full = "full" in text or "readonly" in text
        code = Code.SERVER_FULL if is_full else Code.DATABASE_UNREACHABLE
        raise StoreUnavailable(code) from error
    except sqlite.DatabaseError as error:
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error
