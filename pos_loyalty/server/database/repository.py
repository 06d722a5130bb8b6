"""What the server asks of a database: one contract, two implementations.

A database gives snapshots to read from and one transaction at a time to write in.
Values are text, integers, bytes or None; SQL is the common part of SQLite and
PostgreSQL with ``?`` for a value and ``{among}`` for "is one of these texts".
"""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

SqlValue = str | int | bytes | None
Found = tuple[Any, ...]


class RowRefused(Exception):
    """The database refused the content of a write; nothing of it was kept."""


class Conflict(Exception):
    """Another writer was in the way; the same work may be done again at once."""


@dataclass(frozen=True)
class Table:
    """A table for bulk writes: its columns with their kinds, and how many are its key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key_length: int

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns in order."""
        return tuple(name for name, _ in self.columns)


class Session(Protocol):
    """Statements inside one snapshot or one transaction."""

    def fetch(self, statement: str, *values: SqlValue) -> list[Found]:
        """Return all rows of a query."""
        ...

    def fetch_among(self, statement: str, merchant: str, keys: Sequence[str]) -> list[Found]:
        """Return the rows of a query with ``?`` for the merchant and ``{among}`` for keys.

        ``{by_event}`` behind the table of events says that the index of event ids leads.
        """
        ...

    def execute(self, statement: str, *values: SqlValue) -> None:
        """Run one statement."""
        ...

    def put(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows, or replace those with the same key."""
        ...

    def add(self, table: Table, rows: Sequence[Sequence[SqlValue]]) -> None:
        """Insert rows that are new; one that exists refuses the whole write."""
        ...


class Database(Protocol):
    """The merchant's books on disk."""

    @property
    def is_shared(self) -> bool:
        """Whether other server processes may write to it, too."""
        ...

    def read(self) -> AbstractContextManager[Session]:
        """Open one snapshot; all queries in it see the same state.

        Raises:
            StoreUnavailable: the database does not answer.
        """
        ...

    def write(self) -> AbstractContextManager[Session]:
        """Open the one write transaction; commits at the end, rolls back on an error.

        Raises:
            RowRefused: the content does not fit.
            Conflict: try again.
            StoreUnavailable: the database does not answer, or its disk is full.
        """
        ...

    def scrub(self) -> None:
        """Rewrite what holds personal fields, so that nothing erased is left in free space.

        Raises:
            StoreUnavailable: it is in use just now; what was erased is erased all the same.
        """
        ...

    def close(self) -> None:
        """Close all connections."""
        ...
