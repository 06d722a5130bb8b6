"""Connections to the till's database: pragmas, the key, and the refusal of what we cannot read."""

from pathlib import Path

from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.store.errors import translating

SCHEMA_VERSION = 4
"""The newest schema this program knows; :mod:`pos_loyalty.store.migrations` makes it."""

BUSY_TIMEOUT_MS = 2000
_CACHE_KIB = 16 * 1024
_SCRATCH_CACHE_KIB = 2 * 1024
_WAL_PAGES_MAX = 1000

Connection = dbapi2.Connection


def connect_writer(path: Path, key: bytes, *, creating: bool = False) -> Connection:
    """Open the one connection that writes.

    A new file is created with synchronous EXTRA, so that a power cut during
    creation leaves a file that opens again; afterwards FULL makes each commit one
    flush.

    Raises:
        StoreUnavailable: absent, damaged, locked, newer than this program.
    """
    mode = "rwc" if creating else "rw"
    connection = _connect(path, key, mode=mode)
    try:
        with translating():
            connection.execute(f"PRAGMA synchronous = {'EXTRA' if creating else 'FULL'}")
            _ensure_known_version(connection)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES_MAX}")
    except BaseException:
        connection.close()
        raise
    return connection


def connect_scratch(path: Path, key: bytes) -> Connection:
    """Open or make a database beside a till's: closed with the same key, not worth a flush.

    A killed program leaves it whole; a power cut may not, and then it is made again.

    Raises:
        StoreUnavailable: damaged, or not writable.
    """
    connection = _connect(path, key, mode="rwc")
    try:
        with translating():
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute(f"PRAGMA cache_size = -{_SCRATCH_CACHE_KIB}")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        connection.close()
        raise
    return connection


def connect_reader(path: Path, key: bytes) -> Connection:
    """Open a connection that can only read; it sees the newest commit at each query.

    Raises:
        StoreUnavailable: absent, damaged or newer than this program.
    """
    connection = _connect(path, key, mode="ro")
    try:
        with translating():
            _ensure_known_version(connection)
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _connect(path: Path, key: bytes, *, mode: str) -> Connection:
    with translating():
        connection = dbapi2.connect(
            f"{path.absolute().as_uri()}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_TIMEOUT_MS / 1000,
        )
        # Before the key: a wrong key would otherwise be written about on stderr.
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        connection.execute("PRAGMA temp_store = MEMORY")
    return connection


def _ensure_known_version(connection: Connection) -> None:
    """Read the schema number: the first touch of the file, so a wrong key shows here."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > SCHEMA_VERSION:
        raise StoreUnavailable(Code.DATA_NEWER)


def quick_check(connection: Connection) -> bool:
    """Tell whether the file's pages and indexes are whole."""
    with translating():
        return [tuple(row) for row in connection.execute("PRAGMA quick_check(1)")] == [("ok",)]
