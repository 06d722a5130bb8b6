"""A till's data folder: what lies in it, and the lock that lets only one till use it.

``till.db`` is encrypted; ``till.json`` says which key it needs and how to tell that
key from a wrong one, so that "key lost" and "file damaged" are never confused;
``recovery.json`` holds the key wrapped by the printed recovery code.
"""

import hashlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.store.errors import translated, translating
from pos_loyalty.store.keys import replace_file, sync_folder

FORMAT = 1
_FINGERPRINT_LENGTH = 16


@dataclass(frozen=True)
class DataFolder:
    """The paths of a till's data folder."""

    path: Path

    @property
    def database(self) -> Path:
        """The encrypted database."""
        return self.path / "till.db"

    @property
    def draft(self) -> Path:
        """A database on its way: becomes the database when the label is written."""
        return self.path / "till.db.new"

    @property
    def label(self) -> Path:
        """Which key the database needs."""
        return self.path / "till.json"

    @property
    def recovery(self) -> Path:
        """The key, wrapped by the recovery code."""
        return self.path / "recovery.json"

    @property
    def lock(self) -> Path:
        """The file whose lock says that a till is open."""
        return self.path / "till.lock"

    @property
    def backups(self) -> Path:
        """Copies made before a migration."""
        return self.path / "backups"

    @property
    def exists(self) -> bool:
        """Whether a till's data lies here."""
        return self.label.exists()


def ensure_till(folder: DataFolder) -> None:
    """Say it plainly where a name was mistyped, before a loss is thought of.

    Raises:
        CommandRefused: not a folder, or nothing of a till is in it.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise CommandRefused(Code.FOLDER_SHAPE, folder=str(folder.path))
    parts = (folder.label, folder.database, side_files(folder.database)[0])
    if not any(part.exists() for part in parts):
        raise CommandRefused(Code.FOLDER_EMPTY, folder=str(folder.path))


@dataclass(frozen=True)
class Label:
    """What ``till.json`` says."""

    database_id: str
    key_fingerprint: str

    def fits(self, key: bytes) -> bool:
        """Tell whether this is the key that the database was made with."""
        return fingerprint(key) == self.key_fingerprint


def fingerprint(key: bytes) -> str:
    """Return what may be known of a key: a hash under a name of its own, cut short."""
    return hashlib.sha256(b"pos-loyalty key|" + key).hexdigest()[:_FINGERPRINT_LENGTH]


def read_label(folder: DataFolder) -> Label:
    """Read ``till.json``.

    Raises:
        StoreUnavailable: absent, from a newer version, or not readable.
    """
    with translating():
        data = folder.label.read_bytes()
    try:
        fields = json.loads(data)
        if int(fields["format"]) > FORMAT:
            raise StoreUnavailable(Code.DATA_NEWER)
        return Label(str(fields["database_id"]), str(fields["key_fingerprint"]))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreUnavailable(Code.DATA_DAMAGED) from error


def write_label(folder: DataFolder, label: Label) -> None:
    """Write ``till.json``, whole or not at all, even when the power goes."""
    fields = {
        "format": FORMAT,
        "database_id": label.database_id,
        "key_fingerprint": label.key_fingerprint,
    }
    with translating():
        replace_file(folder.label, (json.dumps(fields, indent=1) + "\n").encode())


def finish_folder(folder: DataFolder, label: Label) -> None:
    """Make a complete draft the till's database: the label first, then the name.

    A folder with a label and a draft was cut short between the two and is finished
    at the next opening; a folder with a draft alone is begun again.
    """
    write_label(folder, label)
    finish_draft(folder)


def finish_draft(folder: DataFolder) -> None:
    """Give the draft the database's name."""
    with translating():
        folder.draft.replace(folder.database)
        sync_folder(folder.path)


def side_files(database: Path) -> tuple[Path, Path, Path]:
    """Return what SQLite keeps beside a database: the WAL, its index, and the older journal.

    The journal is there only while a database that was copied becomes one with a WAL.
    """
    return (
        database.with_name(database.name + "-wal"),
        database.with_name(database.name + "-shm"),
        database.with_name(database.name + "-journal"),
    )


class FolderLock:
    """The operating system's lock on a data folder; gone with the process, even after a crash."""

    def __init__(self, folder: DataFolder) -> None:
        with translating():
            self._file: BinaryIO = folder.lock.open("a+b")
        try:
            _lock(self._file)
        except OSError as error:
            self._file.close()
            if isinstance(error, BlockingIOError | PermissionError):
                raise StoreUnavailable(Code.TILL_OPEN) from error
            raise translated(error) from error

    def release(self) -> None:
        """Let another till open the folder."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


if sys.platform == "win32":  # pragma: no cover - the other system's lock

    def _lock(file: BinaryIO) -> None:
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:

    def _lock(file: BinaryIO) -> None:
        import fcntl

        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
