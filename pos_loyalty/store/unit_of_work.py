"""BEGIN IMMEDIATE … COMMIT, and the repositories inside it.

One writer connection serves everybody in short slices: the counter's sale and
the engine's rows take turns. Readers have connections of their own and never wait
for a writer.
"""

import os
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.store.attention import AttentionRepository
from pos_loyalty.store.cards import CardRepository
from pos_loyalty.store.data_folder import FolderLock
from pos_loyalty.store.database import (
    SCHEMA_VERSION,
    Connection,
    connect_reader,
    connect_scratch,
    connect_writer,
)
from pos_loyalty.store.errors import OWNER, translated, translating
from pos_loyalty.store.journal import Journal
from pos_loyalty.store.members import MemberRepository
from pos_loyalty.store.programs import ProgramRepository
from pos_loyalty.store.settings import SettingRepository

_READERS_KEPT = 4
_ASK_AGAIN_SECONDS = 0.01


class Repositories:
    """The repositories over one connection.

    Attributes:
        connection: for what only one module needs; everything else has a repository.
        journal: events, ledger entries, balances and spend rights.
        members: members and the words by which they are found.
        cards: cards by key and by number.
        programs: program versions.
        attention: the owner's list.
        settings: who this till is.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.journal = Journal(connection)
        self.members = MemberRepository(connection)
        self.cards = CardRepository(connection)
        self.programs = ProgramRepository(connection)
        self.attention = AttentionRepository(connection)
        self.settings = SettingRepository(connection)


class UnitOfWork(Repositories):
    """One write transaction. Leaving it without :meth:`commit` rolls everything back."""

    is_news = True
    """Whether somebody may want to know of it: the engine looks for work to send."""

    def commit(self) -> None:
        """Make everything durable; returns after the flush.

        Raises:
            StoreUnavailable: the result is unknown until the event is looked up by its id.
        """
        try:
            self.connection.execute("COMMIT")
        except dbapi2.Error as error:
            self.roll_back()
            self._bury_failed_commit()
            raise translated(error) from error

    def _bury_failed_commit(self) -> None:
        """Keep a commit whose flush failed from coming back to life.

        Its frames may lie whole at the end of the WAL: this process ignores them, but
        the recovery after a crash would take them for committed, hours after the cashier
        was told "not saved". Any commit over them ends that; where the disk refuses
        this one, too, the next commit or the checkpoint on closing does it.
        """
        with suppress(dbapi2.Error):
            self.connection.execute("BEGIN IMMEDIATE")
            self.connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self.connection.execute("COMMIT")
        self.roll_back()

    def roll_back(self) -> None:
        """Undo what was not committed; harmless when there is nothing."""
        if self.connection.in_transaction:
            with suppress(dbapi2.Error):
                self.connection.execute("ROLLBACK")


class Store:
    """A till's open database: one writer, some readers, one lock on the folder."""

    def __init__(self, path: Path, key: bytes, lock: FolderLock | None) -> None:
        self.path = path
        self._key = key
        self._lock = lock
        self._writer = connect_writer(path, key)
        self._path_text = str(path)
        self._identity = _identity(self._path_text)
        self._writing = threading.Lock()
        self._yielding = threading.Lock()
        self._may_interrupt = False
        self._readers: list[Connection] = []
        self._readers_lock = threading.Lock()
        self._closed = False
        self.after_write: Callable[[], None] = _nobody_listens
        """Called after each write transaction with news, outside the lock: the engine's alarm."""

    def write(self) -> "WriteTransaction":
        """Begin a write transaction; the caller commits.

        Raises:
            StoreUnavailable: on entering: locked by another program, moved away, or not
                writable; on leaving: what the driver or the system said inside.
        """
        return WriteTransaction(self)

    def begin_writing(self) -> UnitOfWork:
        """Take the writer and begin; :meth:`end_writing` must follow."""
        # Asked again and again: what steps back may not have begun when it was asked first.
        while not self._writing.acquire(timeout=_ASK_AGAIN_SECONDS):
            self._interrupt_yielding()
        try:
            self._ensure_same_file()
            self._writer.execute("BEGIN IMMEDIATE")
        except BaseException as error:
            self._writing.release()
            if isinstance(error, dbapi2.Error):
                raise translated(error) from error
            raise
        return UnitOfWork(self._writer)

    def end_writing(self, work: UnitOfWork) -> None:
        """Roll back what was not committed, give the writer back, tell who listens."""
        try:
            work.roll_back()
        finally:
            self._writing.release()
        if work.is_news:
            self.after_write()

    def write_yielding(self, work: Callable[[Connection], None]) -> bool:
        """Do long work in one transaction, unless somebody else wants to write.

        Returns whether it was done; where a sale came, nothing of it was kept.
        """
        with self.write() as unit:
            unit.is_news = False
            self._let_interrupt(allowed=True)
            try:
                work(unit.connection)
            except dbapi2.OperationalError as error:
                if getattr(error, "sqlite_errorname", "") != "SQLITE_INTERRUPT":
                    raise
                return False
            finally:
                self._let_interrupt(allowed=False)
            unit.commit()
        return True

    def open_beside(self, name: str) -> Connection:
        """Open a database of passing things beside this one, closed with the same key.

        Raises:
            StoreUnavailable: it is damaged, or cannot be made.
        """
        return connect_scratch(self.path.with_name(name), self._key)

    def _let_interrupt(self, *, allowed: bool) -> None:
        with self._yielding:
            self._may_interrupt = allowed

    def _interrupt_yielding(self) -> None:
        """End long work that steps back; anything else goes on and is waited for."""
        with self._yielding:
            if self._may_interrupt:
                self._writer.interrupt()

    @contextmanager
    def read(self) -> Generator[Repositories]:
        """Read from one snapshot of the newest commit, in any thread."""
        connection = self._take_reader()
        try:
            with translating():
                connection.execute("BEGIN")
                yield Repositories(connection)
        finally:
            with suppress(dbapi2.Error):
                connection.execute("ROLLBACK")
            self._give_back(connection)

    def holds_event(self, event_id: str) -> bool:
        """Look an event up through a fresh connection: the truth after a failed commit."""
        with translating():
            connection = connect_reader(self.path, self._key)
            try:
                row = connection.execute("SELECT 1 FROM event WHERE id = ?", (event_id,)).fetchone()
            finally:
                connection.close()
        return row is not None

    def close(self) -> None:
        """Close everything; the WAL is folded into the file on the way out."""
        with self._writing:
            if self._closed:
                return
            self._closed = True
            with self._readers_lock:
                for reader in self._readers:
                    reader.close()
                self._readers.clear()
            self._writer.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _ensure_same_file(self) -> None:
        """A file deleted while open still takes writes, into nothing: notice before a sale."""
        if self._closed or _identity(self._path_text) != self._identity:
            raise StoreUnavailable(Code.DATA_GONE, owner=OWNER)

    def _take_reader(self) -> Connection:
        with self._readers_lock:
            if self._readers:
                return self._readers.pop()
        return connect_reader(self.path, self._key)

    def _give_back(self, connection: Connection) -> None:
        with self._readers_lock:
            if not self._closed and len(self._readers) < _READERS_KEPT:
                self._readers.append(connection)
                return
        connection.close()


class WriteTransaction:
    """One turn with the writer, as a context: what the driver raises inside comes out as ours.

    A class and not a generator, because every sale goes through it.
    """

    __slots__ = ("_store", "_work")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._work: UnitOfWork | None = None

    def __enter__(self) -> UnitOfWork:
        self._work = work = self._store.begin_writing()
        return work

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        work = self._work
        assert work is not None
        if error is not None:
            work.is_news = False
        self._store.end_writing(work)
        if isinstance(error, (dbapi2.Error, OSError)):
            raise translated(error) from error


def _nobody_listens() -> None:
    """Stand in where no engine runs."""


def _identity(path: str) -> tuple[int, int] | None:
    """Return what tells a file from another of the same name; None where it is gone."""
    try:
        status = os.stat(path)  # noqa: PTH116 - asked at every sale; a Path costs thrice as much
    except OSError:
        return None
    return (status.st_dev, status.st_ino)
