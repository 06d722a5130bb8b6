"""Look into a till's data folder beside a till that may be open; nothing is written."""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path

from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import SCHEMA_VERSION, connect_reader
from pos_loyalty.store.errors import translating
from pos_loyalty.store.keys import BestKeys, KeySource
from pos_loyalty.store.opening import open_store, read_key
from pos_loyalty.store.unit_of_work import Store, UnitOfWork


@contextmanager
def reading_folder(data: Path, keys: KeySource | None = None) -> Generator[TillContext]:
    """Open a folder for reading; one of an older release is first brought up to date.

    Raises:
        StoreUnavailable: absent, damaged, its key lost, newer than this program.
    """
    source = keys or BestKeys()
    folder = DataFolder(data)
    key = read_key(folder, source)
    clock = SystemClock()
    ids = SystemIds(clock)
    with closing(connect_reader(folder.database, key)) as connection, translating():
        is_older = int(connection.execute("PRAGMA user_version").fetchone()[0]) < SCHEMA_VERSION
    if is_older:
        open_store(data, source, random_bytes=ids.random_bytes, fill_new=_never_new).store.close()
    # Without the folder's lock: the till may have it, and nothing is written here.
    with Store(folder.database, key, None) as store:
        yield TillContext(store, clock, ids)


def _never_new(work: UnitOfWork) -> None:
    """Stand in for what fills a new folder: this one has its key and its database."""
    raise AssertionError(work)
