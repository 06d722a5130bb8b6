"""Where a process may die: before each SQL statement and after each commit."""

import shutil
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from pos_loyalty.server.database.repository import Database, Found, Session, SqlValue, Table
from pos_loyalty.store.database import Connection


class Killed(BaseException):
    """The process is gone; no handler of its own runs any more."""


class Fuse:
    """Counts statements down and kills the process at the last one.

    ``at_death`` runs at that very moment, so that it sees the files as they are.
    """

    def __init__(self, at_death: Callable[[], None]) -> None:
        self._at_death = at_death
        self._left = 0
        self.is_dead = False

    def arm(self, statements: int) -> None:
        """Die before the n-th statement from now, or right after a commit."""
        self._left = statements

    def disarm(self) -> None:
        """Live on."""
        self._left = 0

    def burn(self) -> None:
        """Count one statement.

        Raises:
            Killed: this was the last one; a dead process does nothing more.
        """
        if self.is_dead:
            raise Killed
        if self._left:
            self._left -= 1
            if not self._left:
                self.is_dead = True
                self._at_death()
                raise Killed


class FusedConnection:
    """The till's writing connection with a fuse; everything else goes straight through."""

    def __init__(self, connection: Connection, fuse: Fuse) -> None:
        self._connection = connection
        self._fuse = fuse

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> object:
        """Run a statement, if the process lives that long."""
        self._fuse.burn()
        result = self._connection.execute(sql, cast("Any", parameters))
        if sql == "COMMIT":
            self._fuse.burn()
        return result

    def executemany(self, sql: str, rows: Sequence[Sequence[object]]) -> object:
        """Run a statement for each row."""
        self._fuse.burn()
        return self._connection.executemany(sql, cast("Any", rows))

    def close(self) -> None:
        """Close the connection; what was not committed is gone."""
        self._connection.close()


class _FusedSession:
    """A session of the server's database with a fuse before every statement."""

    def __init__(self, session: Session, fuse: Fuse) -> None:
        self._session = session
        self._fuse = fuse

    def fetch(self, statement: str, *values: SqlValue) -> list[Found]:
        """Return all rows of a query."""
        self._fuse.burn()
        return self._session.fetch(statement, *values)

    def fetch_among(self, statement: str, merchant: str, keys: Sequence[str]) -> list[Found]:
        """Return the rows whose key is one of these."""
        self._fuse.burn()
        return self._session.fetch_among(statement, merchant, keys)

    def execute(self, statement: str, *values: SqlValue) -> None:
        """Run one statement."""
        self._fuse.burn()
        self._session.execute(statement, *values)

    def put(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert or replace rows."""
        self._fuse.burn()
        self._session.put(table, rows)

    def add(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows that are new."""
        self._fuse.burn()
        self._session.add(table, rows)


class FusedDatabase:
    """The server's database with a fuse in every write."""

    def __init__(self, database: Database, fuse: Fuse) -> None:
        self._database = database
        self._fuse = fuse

    @property
    def is_shared(self) -> bool:
        """Whether other server processes may write to it, too."""
        return self._database.is_shared

    @contextmanager
    def read(self) -> Generator[Session]:
        """Open one snapshot."""
        with self._database.read() as session:
            yield session

    @contextmanager
    def write(self) -> Generator[Session]:
        """Open the one write transaction; the process may die before and after its commit."""
        with self._database.write() as session:
            yield _FusedSession(session, self._fuse)
            self._fuse.burn()
        self._fuse.burn()

    def scrub(self) -> None:
        """Rewrite what holds personal fields."""
        self._database.scrub()

    def close(self) -> None:
        """Close all connections."""
        self._database.close()


_SUFFIXES = ("", "-wal")


def copy_database(source: Path, target: Path) -> None:
    """Copy a database as it lies on the disk now, with its write-ahead log."""
    for suffix in _SUFFIXES:
        old, new = source.with_name(source.name + suffix), target.with_name(target.name + suffix)
        new.unlink(missing_ok=True)
        if old.exists():
            shutil.copyfile(old, new)
    target.with_name(target.name + "-shm").unlink(missing_ok=True)
