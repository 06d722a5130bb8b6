"""Open a till's data folder, or make a new one; migrate with a verified backup before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.store.data_folder import (
    DataFolder,
    FolderLock,
    Label,
    ensure_till,
    fingerprint,
    finish_draft,
    finish_folder,
    read_label,
    side_files,
)
from pos_loyalty.store.database import (
    SCHEMA_VERSION,
    Connection,
    connect_reader,
    connect_writer,
    quick_check,
)
from pos_loyalty.store.errors import OWNER, translating
from pos_loyalty.store.keys import KEY_LENGTH, KeySource, sync_file, sync_folder
from pos_loyalty.store.unit_of_work import Store, UnitOfWork
from pos_loyalty.store.verification import verify

_ID_BYTES = 16


@dataclass(frozen=True)
class Opened:
    """An open store, and whether its folder was made just now."""

    store: Store
    created: bool


def open_store(
    path: Path,
    keys: KeySource,
    *,
    random_bytes: Callable[[int], bytes],
    fill_new: Callable[[UnitOfWork], None],
) -> Opened:
    """Open the till in a folder; an absent or empty folder becomes a new till.

    Args:
        path: the data folder.
        keys: where the database's key is kept.
        random_bytes: makes the key of a new database.
        fill_new: writes the first rows of a new database, in the creating transaction.

    Raises:
        StoreUnavailable: already open, key lost, damaged, newer, or not writable.
        CommandRefused: the path is a file.
    """
    folder = DataFolder(path)
    if path.exists() and not path.is_dir():
        raise CommandRefused(Code.FOLDER_SHAPE, folder=str(path))
    with translating():
        path.mkdir(parents=True, exist_ok=True)
    lock = FolderLock(folder)
    try:
        created = not _is_complete(folder)
        if created:
            _create(folder, keys, random_bytes, fill_new)
        key = _key_of(folder, keys)
        if not created:
            _migrate_if_needed(folder, key)
        store = Store(folder.database, key, lock)
    except BaseException:
        lock.release()
        raise
    return Opened(store=store, created=created)


def read_key(folder: DataFolder, keys: KeySource) -> bytes:
    """Return the key of a till's database without opening it.

    Raises:
        StoreUnavailable: the key is not on this machine, or half of the till is gone.
        CommandRefused: no till lies here.
    """
    ensure_till(folder)
    return _key_of(folder, keys)


def _is_complete(folder: DataFolder) -> bool:
    """Tell an open-able folder from one to be filled; never take over what is half there.

    A new database gets its name last, so a folder with neither label nor database
    holds nothing that was ever acknowledged. Every other half is a loss to be told.
    """
    if not folder.database.exists():
        if folder.label.exists() and folder.draft.exists():
            finish_draft(folder)
            return True
        if folder.label.exists() or side_files(folder.database)[0].exists():
            raise StoreUnavailable(Code.DATA_GONE, owner=OWNER)
        return False
    if not folder.label.exists():
        raise StoreUnavailable(Code.DATA_DAMAGED)
    return True


def _create(
    folder: DataFolder,
    keys: KeySource,
    random_bytes: Callable[[int], bytes],
    fill_new: Callable[[UnitOfWork], None],
) -> None:
    """Make the key, the draft, the label, the database's name; each durable before the next."""
    for leftover in (folder.draft, *side_files(folder.draft)):
        with translating():
            leftover.unlink(missing_ok=True)
    database_id = random_bytes(_ID_BYTES).hex()
    key = random_bytes(KEY_LENGTH)
    with translating():
        keys.write(database_id, key)
    connection = connect_writer(folder.draft, key, creating=True)
    try:
        with translating():
            connection.execute("BEGIN IMMEDIATE")
            _apply_migrations(connection)
            work = UnitOfWork(connection)
            fill_new(work)
            work.commit()
    finally:
        connection.close()
    with translating():
        sync_folder(folder.path)
    finish_folder(folder, Label(database_id, fingerprint(key)))


def _apply_migrations(connection: Connection) -> None:
    from sqlite_utils import Database

    from pos_loyalty.store.migrations import migrations

    migrations.apply(Database(connection))


def _key_of(folder: DataFolder, keys: KeySource) -> bytes:
    label = read_label(folder)
    with translating():
        key = keys.read(label.database_id)
    if key is None or not label.fits(key):
        raise StoreUnavailable(Code.KEY_LOST)
    return key


def _migrate_if_needed(folder: DataFolder, key: bytes) -> None:
    """Copy, check the copy, migrate and check again in one transaction, or change nothing."""
    connection = connect_writer(folder.database, key)
    try:
        with translating():
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version == SCHEMA_VERSION:
                return
            _copy_before(connection, folder, key)
            connection.execute("BEGIN IMMEDIATE")
            _apply_migrations(connection)
            ensure_sound(connection)
            connection.execute("COMMIT")
    finally:
        # Closing rolls back what was not committed.
        connection.close()


def _copy_before(connection: Connection, folder: DataFolder, key: bytes) -> None:
    """Keep the data as it was; a copy that is not whole stops the migration."""
    folder.backups.mkdir(exist_ok=True)
    copy = folder.backups / f"before-schema-{SCHEMA_VERSION}.db"
    copy.unlink(missing_ok=True)
    try:
        connection.execute("VACUUM INTO ?", (str(copy),))
        sync_file(copy)
        sync_folder(folder.backups)
        reader = connect_reader(copy, key)
        try:
            if not quick_check(reader):
                raise StoreUnavailable(Code.DATA_DAMAGED)
        finally:
            reader.close()
    except BaseException:
        copy.unlink(missing_ok=True)
        raise


def ensure_sound(connection: Connection) -> None:
    """Refuse a database whose pages, chain or balances do not hold.

    Raises:
        StoreUnavailable: damaged, or altered at the event that the error names.
    """
    if not quick_check(connection):
        raise StoreUnavailable(Code.DATA_DAMAGED)
    finding = verify(connection).finding
    if finding is not None:
        raise StoreUnavailable(Code.DATA_ALTERED, seq=finding.seq, owner=OWNER)
