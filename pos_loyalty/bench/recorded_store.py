"""Records the SQL that a use case runs, with its values, so that it can be run again bare."""

from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pos_loyalty.store.database import Connection
from pos_loyalty.store.unit_of_work import Repositories, Store, UnitOfWork

_BRACKETS = frozenset({"BEGIN", "COMMIT", "ROLLBACK"})


@dataclass(frozen=True)
class Statement:
    """One statement and its values; several rows of values where it ran for each of them."""

    sql: str
    values: Sequence[object]
    is_many: bool = False

    def run(self, connection: Connection) -> None:
        """Run it, and read every row it gives."""
        if self.is_many:
            connection.executemany(self.sql, cast("Sequence[Sequence[object]]", self.values))
        else:
            connection.execute(self.sql, self.values).fetchall()


class _RecordingConnection:
    """Passes statements on and keeps them; everything else is the connection's own."""

    def __init__(self, connection: Connection, record: list[Statement]) -> None:
        self._connection = connection
        self._record = record

    def execute(self, sql: str, values: Sequence[object] = ()) -> object:
        if sql.partition(" ")[0] not in _BRACKETS:
            self._record.append(Statement(sql, values))
        return self._connection.execute(sql, values)

    def executemany(self, sql: str, rows: Iterable[Sequence[object]]) -> object:
        kept = list(rows)
        self._record.append(Statement(sql, kept, is_many=True))
        return self._connection.executemany(sql, kept)

    def __getattr__(self, name: str) -> object:
        return getattr(self._connection, name)


class RecordedStore(Store):
    """A store that writes down what runs inside its transactions."""

    def __init__(self, path: Path, key: bytes) -> None:
        super().__init__(path, key, None)
        self.record: list[Statement] = []

    def begin_writing(self) -> UnitOfWork:
        """Begin a write transaction whose statements are kept."""
        return UnitOfWork(self._recording(super().begin_writing().connection))

    @contextmanager
    def read(self) -> Generator[Repositories]:
        """Read from a snapshot; the queries are kept."""
        with super().read() as work:
            yield Repositories(self._recording(work.connection))

    def take(self) -> list[Statement]:
        """Return what was kept since the last call."""
        taken, self.record = self.record, []
        return taken

    def _recording(self, connection: Connection) -> Connection:
        return cast("Connection", _RecordingConnection(connection, self.record))
