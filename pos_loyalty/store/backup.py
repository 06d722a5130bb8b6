"""One backup file: a compacted copy of the database, its wrapped key, and their hashes.

The file begins with one line that says what it is, then one line of JSON (the
manifest), then the parts in the manifest's order, then the SHA-256 of everything
before. The database in it is as encrypted as the till's own; the wrapped key opens
only with the printed recovery code. A backup counts once it was read back from the
disk, unpacked, opened with the key, and every chain and balance in it re-computed.
"""

import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import msgspec

from pos_loyalty import __version__
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.store.data_folder import DataFolder, Label, side_files
from pos_loyalty.store.database import Connection, connect_reader, connect_writer
from pos_loyalty.store.errors import translating
from pos_loyalty.store.keys import sync_folder
from pos_loyalty.store.opening import ensure_sound
from pos_loyalty.store.settings import Setting, SettingRepository

FORMAT = 1
_FIRST_WORDS = b"pos-loyalty backup "
_DATABASE = "till.db"
_WRAPPED_KEY = "recovery.json"
_PARTS = (_WRAPPED_KEY, _DATABASE)
_LINE_BYTES_MAX = 64 * 1024
_CHUNK_BYTES = 1024 * 1024
_HASH_BYTES = hashlib.sha256().digest_size
_STEPS_BETWEEN_REPORTS = 2000
_TARGET_TROUBLE = frozenset(
    {Code.DISK_FULL, Code.DISK_READ_ONLY, Code.DISK_TROUBLE, Code.DATA_GONE}
)

Progress = Callable[[str, int, int], None]
"""Told the stage in words, and how many bytes of how many are done."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """One file inside a backup."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup says of itself; nothing personal."""

    format: int
    made_at_ms: int
    program: str
    database_id: str
    key_fingerprint: str
    events: int
    parts: tuple[Part, ...]

    @property
    def label(self) -> Label:
        """Which key the database needs."""
        return Label(self.database_id, self.key_fingerprint)


class _Hashing:
    """Writes or reads through a running SHA-256, and reports how far it is."""

    def __init__(self, file: BinaryIO, report: Callable[[int], None]) -> None:
        self._file = file
        self._report = report
        self._done = 0
        self.hash = hashlib.sha256()

    def write(self, data: bytes) -> None:
        self._file.write(data)
        self._count(data)

    def read(self, count: int) -> bytes:
        """Read exactly so many bytes."""
        data = self._file.read(count)
        if len(data) != count:
            raise CommandRefused(Code.BACKUP_DAMAGED)
        self._count(data)
        return data

    def read_line(self) -> bytes:
        data = self._file.readline(_LINE_BYTES_MAX)
        self._count(data)
        return data

    def _count(self, data: bytes) -> None:
        self.hash.update(data)
        self._done += len(data)
        self._report(self._done)


def write_backup(
    folder: DataFolder,
    label: Label,
    key: bytes,
    *,
    wrapped_key: bytes,
    target: Path,
    made_at_ms: int,
    progress: Progress,
) -> Manifest:
    """Write a backup of a till that may be open elsewhere; it is only read.

    An earlier backup of the same name stays until the new one has passed its trial.

    Raises:
        CommandRefused: the target cannot be written, or is a file of another kind.
        StoreUnavailable: the till's data is damaged, altered, or not readable.
    """
    _ensure_replaceable(target)
    copy = target.with_name(target.name + ".copy")
    draft = target.with_name(target.name + ".new")
    connection = connect_reader(folder.database, key)
    try:
        with _blaming(target):
            copy.unlink(missing_ok=True)
            _copy_database(connection, copy, progress)
            events = _count_events(copy, key)
            manifest = _manifest_of(label, copy, wrapped_key, events, made_at_ms)
            _pack(manifest, copy, wrapped_key, draft, progress)
            copy.unlink()
        try_backup(draft, key, progress=progress)
        with _blaming(target):
            draft.replace(target)
            sync_folder(target.parent)
    finally:
        connection.close()
        for leftover in (copy, draft):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    return manifest


def try_backup(source: Path, key: bytes, *, progress: Progress) -> Manifest:
    """Restore a backup beside itself on trial, and throw the trial away.

    Raises:
        CommandRefused: a bit differs, or the database in it does not open.
        StoreUnavailable: it was made by a newer program, or of altered data.
    """
    trial = source.with_name(source.name + ".trial")
    try:
        manifest, _wrapped = unpack(source, trial, progress=progress)
        ensure_opens(trial, key)
    finally:
        for leftover in (trial, *side_files(trial)):
            with suppress(OSError):
                leftover.unlink(missing_ok=True)
    return manifest


def ensure_opens(database: Path, key: bytes) -> None:
    """Open an unpacked database and re-compute what it holds.

    Raises:
        CommandRefused: it does not open with this key, or a page is damaged.
        StoreUnavailable: newer than this program, or altered.
    """
    try:
        with closing(connect_reader(database, key)) as connection, translating():
            ensure_sound(connection)
    except StoreUnavailable as error:
        if error.code is Code.DATA_DAMAGED:
            raise CommandRefused(Code.BACKUP_DAMAGED) from error
        raise


def forget_sale_in_hand(database: Path, key: bytes) -> None:
    """Take the sale that was in hand at the time of the backup out of an unpacked database.

    Meanwhile it was saved, in a journal that the backup does not know, or given up.
    """
    with closing(connect_writer(database, key)) as connection, translating():
        SettingRepository(connection).remove(Setting.SALE_DRAFT)


def unpack(source: Path, database: Path, *, progress: Progress) -> tuple[Manifest, bytes]:
    """Write the database of a backup to a file; return the manifest and the wrapped key.

    Raises:
        CommandRefused: no such file, not a backup, damaged, or the target is not writable.
        StoreUnavailable: made by a newer program.
    """
    try:
        size = source.stat().st_size
        file = source.open("rb")
    except OSError as error:
        raise CommandRefused(Code.FILE_ABSENT, file=str(source)) from error
    with file, _blaming(database):
        reader = _Hashing(file, lambda done: progress("checking", done, size))
        manifest = _read_manifest(source, reader)
        wrapped_part, database_part = manifest.parts
        wrapped = _read_part(reader, wrapped_part)
        _unpack_part(reader, database_part, database)
        if file.read(_HASH_BYTES + 1) != reader.hash.digest():
            raise CommandRefused(Code.BACKUP_DAMAGED)
    return manifest, wrapped


def is_backup_file(file: Path) -> bool:
    """Tell whether a file is a backup by its first words.

    Raises:
        CommandRefused: it cannot be read.
    """
    try:
        with file.open("rb") as opened:
            return opened.read(len(_FIRST_WORDS)) == _FIRST_WORDS
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(file)) from error


def _ensure_replaceable(target: Path) -> None:
    """Never write over a file that is not a backup."""
    if target.exists() and not is_backup_file(target):
        raise CommandRefused(Code.FILE_EXISTS, file=str(target))


def _copy_database(connection: Connection, copy: Path, progress: Progress) -> None:
    """Copy the newest commit, compacted, under the same key."""
    execute = connection.execute
    pages = int(execute("PRAGMA page_count").fetchone()[0])
    # SQLCipher answers this one in text.
    total = pages * int(execute("PRAGMA page_size").fetchone()[0])

    def report() -> int:
        done = copy.stat().st_size if copy.exists() else 0
        progress("copying", min(done, total), total)
        return 0

    execute("PRAGMA query_only = OFF")
    connection.set_progress_handler(report, _STEPS_BETWEEN_REPORTS)
    execute("VACUUM INTO ?", (str(copy),))
    connection.set_progress_handler(None, 0)
    report()


def _count_events(copy: Path, key: bytes) -> int:
    with closing(connect_reader(copy, key)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM event").fetchone()[0])


def _manifest_of(
    label: Label, copy: Path, wrapped_key: bytes, events: int, made_at_ms: int
) -> Manifest:
    with copy.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    wrapped_digest = hashlib.sha256(wrapped_key).hexdigest()
    return Manifest(
        format=FORMAT,
        made_at_ms=made_at_ms,
        program=__version__,
        database_id=label.database_id,
        key_fingerprint=label.key_fingerprint,
        events=events,
        parts=(
            Part(name=_WRAPPED_KEY, bytes=len(wrapped_key), sha256=wrapped_digest),
            Part(name=_DATABASE, bytes=copy.stat().st_size, sha256=digest),
        ),
    )


def _pack(
    manifest: Manifest, copy: Path, wrapped_key: bytes, draft: Path, progress: Progress
) -> None:
    total = sum(part.bytes for part in manifest.parts)
    with draft.open("wb") as file, copy.open("rb") as source:
        writer = _Hashing(file, lambda done: progress("packing", min(done, total), total))
        writer.write(b"%s%d\n" % (_FIRST_WORDS, FORMAT))
        writer.write(msgspec.json.encode(manifest) + b"\n")
        writer.write(wrapped_key)
        while chunk := source.read(_CHUNK_BYTES):
            writer.write(chunk)
        file.write(writer.hash.digest())
        file.flush()
        os.fsync(file.fileno())


def _read_manifest(source: Path, reader: _Hashing) -> Manifest:
    first = reader.read_line()
    if not first.startswith(_FIRST_WORDS):
        raise CommandRefused(Code.FILE_SHAPE, file=str(source))
    number = first.removeprefix(_FIRST_WORDS).strip()
    if number.isdigit() and int(number) > FORMAT:
        raise StoreUnavailable(Code.DATA_NEWER)
    try:
        manifest = msgspec.json.decode(reader.read_line(), type=Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise CommandRefused(Code.BACKUP_DAMAGED) from error
    if tuple(part.name for part in manifest.parts) != _PARTS:
        raise CommandRefused(Code.BACKUP_DAMAGED)
    return manifest


def _unpack_part(reader: _Hashing, part: Part, target: Path) -> None:
    digest = hashlib.sha256()
    with target.open("wb") as file:
        left = part.bytes
        while left > 0:
            chunk = reader.read(min(left, _CHUNK_BYTES))
            digest.update(chunk)
            file.write(chunk)
            left -= len(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != part.sha256:
        raise CommandRefused(Code.BACKUP_DAMAGED)


def _read_part(reader: _Hashing, part: Part) -> bytes:
    if not 0 <= part.bytes <= _LINE_BYTES_MAX:
        raise CommandRefused(Code.BACKUP_DAMAGED)
    data = reader.read(part.bytes)
    if hashlib.sha256(data).hexdigest() != part.sha256:
        raise CommandRefused(Code.BACKUP_DAMAGED)
    return data


@contextmanager
def _blaming(target: Path) -> Generator[None]:
    """Say of a disk that refuses which file it was about; no sale is involved."""
    try:
        with translating():
            yield
    except StoreUnavailable as error:
        if error.code in _TARGET_TROUBLE:
            raise CommandRefused(Code.FILE_WRITE, file=str(target)) from error
        raise
