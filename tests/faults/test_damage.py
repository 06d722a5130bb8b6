"""Bits rot, files go missing: it is noticed before a wrong balance is shown."""

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreUnavailable
from pos_loyalty.services.back_up import BackUp, BackUpHandler
from pos_loyalty.services.restore import RestoreTill, RestoreTillHandler
from pos_loyalty.store.backup import try_backup
from pos_loyalty.store.database import quick_check
from tests.faults.prepared import prepare, sample, silent, tables
from tests.sample_till import MemoryKeys, event_ids, sell

_FLIPS = 120


def _flipped(data: bytes, chance: random.Random, count: int) -> Iterator[bytes]:
    """Yield the data again and again, each time with one other bit turned over."""
    for _ in range(count):
        at = chance.randrange(len(data) * 8)
        copy = bytearray(data)
        copy[at // 8] ^= 1 << (at % 8)
        yield bytes(copy)


def _noticed(root: Path) -> bool:
    """Tell whether the till refuses to read everything that the folder holds."""
    try:
        connection = sample(root).reader()
    except StoreUnavailable:
        return True
    try:
        return not quick_check(connection)
    except StoreUnavailable:
        return True
    finally:
        connection.close()


def test_F09_turned_bits_are_noticed_or_change_nothing(tmp_path: Path, rounds: int) -> None:
    prepare(tmp_path)
    before = tables(tmp_path)
    database = tmp_path / "data" / "till.db"
    noticed = 0

    for data in _flipped(database.read_bytes(), random.Random(9), _FLIPS * rounds):
        database.write_bytes(data)
        if _noticed(tmp_path):
            noticed += 1
        else:
            assert tables(tmp_path) == before

    assert noticed > _FLIPS * rounds * 0.9


def test_S19_F09_damaged_file_is_told_and_left_alone(tmp_path: Path) -> None:
    prepare(tmp_path)
    database = tmp_path / "data" / "till.db"
    data = bytearray(database.read_bytes())
    data[100] ^= 1
    database.write_bytes(data)

    with pytest.raises(StoreUnavailable) as caught:
        sample(tmp_path).open()

    assert caught.value.code is Code.DATA_DAMAGED
    assert database.read_bytes() == data


def test_F09_turned_bits_in_the_wal_never_change_a_balance(tmp_path: Path, rounds: int) -> None:
    member = prepare(tmp_path / "till")
    with sample(tmp_path / "till", seed=2).open() as till:
        sales = [sell(till, member, 1500).sale_id for _ in range(2)]
        crashed = tmp_path / "crashed"
        shutil.copytree(tmp_path / "till", crashed, ignore=shutil.ignore_patterns("*-shm"))
    wal = crashed / "data" / "till.db-wal"

    for data in _flipped(wal.read_bytes(), random.Random(10), 40 * rounds):
        place = tmp_path / "flipped"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(crashed, place)
        (place / "data" / "till.db-wal").write_bytes(data)
        sample(place).open().close()
        connection = sample(place).reader()
        there = [sale for sale in sales if sale in event_ids(connection)]
        connection.close()
        assert there == sales[: len(there)]
        assert sample(place).finding() is None


def test_F10_copy_without_the_wal_is_an_earlier_till_as_a_whole(tmp_path: Path) -> None:
    member = prepare(tmp_path / "till")
    with sample(tmp_path / "till", seed=2).open() as till:
        for _ in range(3):
            sell(till, member, 1500)
        copied = tmp_path / "copied"
        shutil.copytree(tmp_path / "till", copied, ignore=shutil.ignore_patterns("*-shm", "*-wal"))
        with till.context.store.read() as work:
            last_seq = work.journal.stream().last_seq

    with sample(copied).open() as earlier, earlier.context.store.read() as work:
        stream = work.journal.stream()

    assert sample(copied).finding() is None
    # Fewer events than the server has of this stream: at its next contact it joins again.
    assert stream.last_seq == last_seq - 3


def test_F10_database_deleted_while_open_is_told_before_the_sale(tmp_path: Path) -> None:
    member = prepare(tmp_path)
    with sample(tmp_path, seed=2).open() as till:
        (tmp_path / "data" / "till.db").unlink()
        with pytest.raises(StoreUnavailable) as caught:
            sell(till, member, 1000)

    assert caught.value.code is Code.DATA_GONE
    assert not caught.value.saved


def test_F56_damaged_backup_is_found_every_time(tmp_path: Path, rounds: int) -> None:
    prepare(tmp_path)
    till = sample(tmp_path, seed=5)
    target = tmp_path / "shop.backup"
    back_up = BackUpHandler(till.keys, clock=till.clock, ids=till.ids, progress=silent)
    code = back_up(BackUp(till.data, target)).recovery_code
    whole = target.read_bytes()
    chance = random.Random(56)
    cut = [whole[: chance.randrange(len(whole))] for _ in range(40)]
    spoiled = [*_flipped(whole, chance, _FLIPS * rounds), *cut, whole + b"\0", b""]

    for data in spoiled:
        target.write_bytes(data)
        with pytest.raises(LoyaltyError):
            try_backup(target, till.key(), progress=silent)

    restore = RestoreTillHandler(MemoryKeys(), silent)
    with pytest.raises(LoyaltyError) as caught:
        restore(RestoreTill(target, tmp_path / "new", code))
    assert caught.value.code is Code.FILE_SHAPE
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["till.lock"]
    assert list(tmp_path.glob("shop.backup.*")) == []
