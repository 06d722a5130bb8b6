"""Opening, sharing and closing a till's database."""

import threading
from contextlib import suppress
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import StoreBug, StoreUnavailable
from pos_loyalty.store.data_folder import DataFolder
from pos_loyalty.store.database import (
    SCHEMA_VERSION,
    connect_reader,
    connect_writer,
    quick_check,
)
from pos_loyalty.store.opening import open_store
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Store, UnitOfWork
from tests.sample_till import MemoryKeys, SampleTill, SeededIds, enroll, sell


@pytest.fixture
def sample(tmp_path: Path) -> SampleTill:
    """Return a new till, closed."""
    sample = SampleTill(tmp_path / "data")
    sample.open().close()
    return sample


def _is_set(store: Store) -> str:
    with store.read() as work:
        return work.settings.text(Setting.SHOP_NAME)


def _break_a_rule(store: Store) -> None:
    with store.write() as work:
        work.settings.put(Setting.SHOP_NAME, "Corner")
        work.connection.execute("INSERT INTO setting VALUES ('a', NULL)")


def test_new_folder_becomes_a_till_and_stays_one(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "shop" / "data")
    with sample.open() as till:
        assert till.created

    with sample.open() as till:
        assert not till.created
    assert sorted(path.name for path in sample.data.iterdir()) == [
        "till.db",
        "till.json",
        "till.lock",
    ]


def test_filling_that_fails_leaves_a_folder_to_begin_again(tmp_path: Path) -> None:
    keys = MemoryKeys()

    def fail(work: UnitOfWork) -> None:
        del work
        raise StoreUnavailable(Code.DISK_FULL)

    with pytest.raises(StoreUnavailable):
        open_store(tmp_path, keys, random_bytes=SeededIds().random_bytes, fill_new=fail)

    assert not DataFolder(tmp_path).exists
    with SampleTill(tmp_path, keys=keys).open() as till:
        assert till.created


def test_wal_left_alone_is_not_covered_by_a_new_till(tmp_path: Path) -> None:
    (tmp_path / "till.db-wal").write_bytes(b"sales of yesterday")

    with pytest.raises(StoreUnavailable) as caught:
        SampleTill(tmp_path).open()

    assert caught.value.code is Code.DATA_GONE
    assert (tmp_path / "till.db-wal").read_bytes() == b"sales of yesterday"


def test_S13_pragmas_are_those_that_keep_promises(sample: SampleTill) -> None:
    with sample.open() as till:
        writer = till.context.store._writer

        def asked(name: str) -> object:
            return writer.execute(f"PRAGMA {name}").fetchone()[0]

        assert asked("journal_mode") == "wal"
        assert asked("synchronous") == 2
        assert asked("foreign_keys") == 1
        assert asked("user_version") == SCHEMA_VERSION
        assert str(asked("cipher_version")).startswith("4")


def test_tables_refuse_values_of_another_kind(sample: SampleTill) -> None:
    with sample.open() as till, till.context.store.write() as work:
        strict = work.connection.execute(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND strict = 0"
        ).fetchall()

    # SQLite's own table, and the one in which the migrations library keeps its steps.
    assert {name for (name,) in strict} == {"sqlite_schema", "_sqlite_migrations"}


def test_leaving_without_commit_writes_nothing(sample: SampleTill) -> None:
    with sample.open() as till:
        store = till.context.store
        with store.write() as work:
            work.settings.put(Setting.SHOP_NAME, "Corner")
        before = _is_set(store)
        with suppress(ZeroDivisionError), store.write() as work:
            work.settings.put(Setting.SHOP_NAME, "Corner")
            raise ZeroDivisionError
        assert before == _is_set(store) == ""
        with store.write() as work:
            work.settings.put(Setting.SHOP_NAME, "Main street")
            work.commit()

        assert _is_set(store) == "Main street"


def test_broken_rule_of_the_schema_is_our_bug_and_undone(sample: SampleTill) -> None:
    with sample.open() as till:
        store = till.context.store
        with pytest.raises(StoreBug) as caught:
            _break_a_rule(store)

        assert caught.value.code is Code.PROGRAM_FAULT
        assert _is_set(store) == ""


def test_readers_see_one_commit_while_the_writer_goes_on(sample: SampleTill) -> None:
    with sample.open() as till:
        store = till.context.store
        with store.read() as reading:
            before = reading.settings.text(Setting.SHOP_NAME)
            with store.write() as work:
                work.settings.put(Setting.SHOP_NAME, "Corner")
                work.commit()
            during = reading.settings.text(Setting.SHOP_NAME)

        assert before == during == ""
        assert _is_set(store) == "Corner"


def test_many_readers_at_once_each_have_a_connection(sample: SampleTill) -> None:
    with sample.open() as till:
        store = till.context.store
        gate = threading.Barrier(8)
        seen: list[str] = []

        def read() -> None:
            with store.read() as work:
                gate.wait(10)
                seen.append(work.settings.text(Setting.CURRENCY))
                gate.wait(10)

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert seen == ["EUR"] * 8
        assert len(store._readers) == 4


def test_readers_cannot_write(sample: SampleTill) -> None:
    reader = sample.reader()

    with pytest.raises(dbapi2.OperationalError):
        reader.execute("DELETE FROM setting")
    reader.close()


def test_holds_event_tells_what_the_file_holds(sample: SampleTill) -> None:
    with sample.open() as till:
        sale = sell(till, None)

        assert till.context.store.holds_event(sale.sale_id)
        assert not till.context.store.holds_event("0" * 32)


def test_engine_is_told_of_each_write_and_of_no_refusal(sample: SampleTill) -> None:
    told: list[bool] = []
    with sample.open() as till:
        till.context.store.after_write = lambda: told.append(True)
        sell(till, None)
        with pytest.raises(ZeroDivisionError), till.context.store.write():
            raise ZeroDivisionError

    assert told == [True]


def test_closed_store_takes_no_sale_and_closes_twice(sample: SampleTill) -> None:
    till = sample.open()
    with till.context.store as store, store.read() as work:
        work.settings.text(Setting.CURRENCY)
    store.close()

    with pytest.raises(StoreUnavailable), store.write():
        raise AssertionError


def test_store_without_a_lock_closes_too(sample: SampleTill) -> None:
    store = Store(sample.folder.database, sample.key(), None)

    store.close()

    assert sample.finding() is None


@pytest.mark.parametrize("connect", [connect_reader, connect_writer])
def test_wrong_key_and_absent_file_are_refused(connect: object, sample: SampleTill) -> None:
    assert callable(connect)

    with pytest.raises(StoreUnavailable) as wrong:
        connect(sample.folder.database, bytes(32))
    with pytest.raises(StoreUnavailable) as absent:
        connect(sample.data / "absent.db", sample.key())

    assert wrong.value.code is Code.DATA_DAMAGED
    assert absent.value.code is Code.DATA_GONE
    assert not (sample.data / "absent.db").exists()


def test_quick_check_sees_whole_pages(sample: SampleTill) -> None:
    with sample.open() as till:
        enroll(till)
    reader = sample.reader()

    assert quick_check(reader)
    reader.close()


def test_migration_leaves_no_half_copy_when_the_disk_is_full(
    sample: SampleTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path) -> None:
        del path
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("pos_loyalty.store.opening.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr("pos_loyalty.store.opening.sync_file", full)

    with pytest.raises(StoreUnavailable) as caught:
        sample.open()

    assert caught.value.code is Code.DISK_FULL
    assert list(sample.folder.backups.iterdir()) == []


def test_migrated_file_that_is_not_whole_is_not_kept(
    sample: SampleTill, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])

    def first_whole_then_not(connection: object) -> bool:
        del connection
        return next(answers)

    monkeypatch.setattr("pos_loyalty.store.opening.SCHEMA_VERSION", SCHEMA_VERSION + 1)
    monkeypatch.setattr("pos_loyalty.store.opening.quick_check", first_whole_then_not)

    with pytest.raises(StoreUnavailable) as caught:
        sample.open()

    assert caught.value.code is Code.DATA_DAMAGED
