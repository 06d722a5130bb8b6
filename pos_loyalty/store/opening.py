"""Open a till's data folder, or make a new one; migrate with a verified backup before."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.store.data_folder import (
    DataFolder,
    FolderLock,
    Label,
    fingerprint,
    read_label,
    write_label,
)
from pos_loyalty.store.database import (
    SCHEMA_VERSION,
    connect_reader,
    connect_writer,
    quick_check,
    use_full_synchronous,
)
from pos_loyalty.store.errors import translating
from pos_loyalty.store.keys import KEY_LENGTH, KeySource, sync_folder
from pos_loyalty.store.unit_of_work import Store, UnitOfWork

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
    """
    folder = DataFolder(path)
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
        StoreUnavailable: the key is not on this machine, or no till lies here.
    """
    return _key_of(folder, keys)


def _is_complete(folder: DataFolder) -> bool:
    """The label is written last, so a folder without one holds a creation cut short."""
    if folder.label.exists():
        if not folder.database.exists():
            raise StoreUnavailable(Code.DATA_GONE, owner="the owner")
        return True
    return False


def _create(
    folder: DataFolder,
    keys: KeySource,
    random_bytes: Callable[[int], bytes],
    fill_new: Callable[[UnitOfWork], None],
) -> None:
    """Make the key, the database and then the label; each is durable before the next."""
    for leftover in (folder.database, *_side_files(folder.database)):
        with translating():
            leftover.unlink(missing_ok=True)
    database_id = random_bytes(_ID_BYTES).hex()
    key = random_bytes(KEY_LENGTH)
    with translating():
        keys.write(database_id, key)
    connection = connect_writer(folder.database, key, creating=True)
    try:
        with translating():
            _apply_migrations(connection)
            connection.execute("BEGIN IMMEDIATE")
            work = UnitOfWork(connection)
            fill_new(work)
            work.commit()
            use_full_synchronous(connection)
    finally:
        connection.close()
    with translating():
        sync_folder(folder.path)
    write_label(folder, Label(database_id, fingerprint(key)))


def _apply_migrations(connection: object) -> None:
    from sqlite_utils import Database

    from pos_loyalty.store.migrations import migrations

    migrations.apply(Database(connection))  # pyright: ignore[reportArgumentType] - the same interface as sqlite3


def _key_of(folder: DataFolder, keys: KeySource) -> bytes:
    label = read_label(folder)
    with translating():
        key = keys.read(label.database_id)
    if key is None or not label.fits(key):
        raise StoreUnavailable(Code.KEY_LOST)
    return key


def _migrate_if_needed(folder: DataFolder, key: bytes) -> None:
    """Copy, check the copy, then migrate; a damaged file is never migrated."""
    connection = connect_writer(folder.database, key)
    try:
        with translating():
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version == SCHEMA_VERSION:
                return
            folder.backups.mkdir(exist_ok=True)
            copy = folder.backups / f"before-schema-{SCHEMA_VERSION}.db"
            copy.unlink(missing_ok=True)
            connection.execute("VACUUM INTO ?", (str(copy),))
            _ensure_whole(copy, key)
            _apply_migrations(connection)
    finally:
        connection.close()


def _ensure_whole(path: Path, key: bytes) -> None:
    connection = connect_reader(path, key)
    try:
        if not quick_check(connection):
            raise StoreUnavailable(Code.DATA_DAMAGED)
    finally:
        connection.close()


def _side_files(database: Path) -> tuple[Path, ...]:
    return tuple(database.with_name(database.name + suffix) for suffix in ("-wal", "-shm"))
