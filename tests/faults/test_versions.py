"""Files of newer and older programs."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, StoreBug, StoreUnavailable
from pos_loyalty.store import opening
from pos_loyalty.store.database import connect_reader
from pos_loyalty.store.migrations import migrations
from tests.faults.file_deeds import NEXT, NOW, add_migration, be_version
from tests.faults.prepared import prepare, sample
from tests.sample_till import event_ids


def _hashes(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.iterdir()
        if path.is_file()
    }


@pytest.fixture
def _next_version() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction] - pytest calls it
    """Be the next version of the program, for one test."""
    steps = list(migrations._migrations)
    add_migration()
    yield
    migrations._migrations[:] = steps
    be_version(NOW)


def test_F31_newer_database_is_refused_untouched(tmp_path: Path) -> None:
    prepare(tmp_path)
    tool = sample(tmp_path).tool()
    tool.execute("PRAGMA user_version = 99")
    tool.close()
    before = _hashes(tmp_path / "data")

    with pytest.raises(StoreUnavailable) as caught:
        sample(tmp_path).open()

    assert caught.value.code is Code.DATA_NEWER
    assert _hashes(tmp_path / "data") == before


def test_F31_newer_label_is_refused_untouched(tmp_path: Path) -> None:
    prepare(tmp_path)
    label = tmp_path / "data" / "till.json"
    label.write_text(json.dumps({"format": 99, "what": "nobody knows yet"}), encoding="utf-8")
    before = _hashes(tmp_path / "data")

    with pytest.raises(StoreUnavailable) as caught:
        sample(tmp_path).open()

    assert caught.value.code is Code.DATA_NEWER
    assert _hashes(tmp_path / "data") == before


@pytest.mark.usefixtures("_next_version")
def test_F32_older_database_is_backed_up_and_migrated(tmp_path: Path) -> None:
    prepare_old(tmp_path)
    till = sample(tmp_path)

    till.open().close()

    now = till.reader()
    before = connect_reader(till.folder.backups / f"before-schema-{NEXT}.db", till.key())
    assert now.execute("SELECT DISTINCT birthday FROM member").fetchall() == [("1990-01-01",)]
    assert now.execute("PRAGMA user_version").fetchone() == (NEXT,)
    assert before.execute("PRAGMA user_version").fetchone() == (NOW,)
    assert event_ids(before) == event_ids(now)
    now.close()
    before.close()


def prepare_old(root: Path) -> None:
    """Make a till as the version before made it."""
    step = migrations._migrations.pop()
    be_version(NOW)
    prepare(root)
    migrations._migrations.append(step)
    be_version(NEXT)


def _spoil(tables: Database) -> None:
    tables.conn.execute("UPDATE ledger_entry SET points = points + 1")


def _break(tables: Database) -> None:
    tables.conn.execute("UPDATE member SET name = NULL")


@pytest.mark.usefixtures("_next_version")
@pytest.mark.parametrize(
    ("step", "kind", "code"),
    [(_spoil, StoreUnavailable, Code.DATA_ALTERED), (_break, StoreBug, Code.PROGRAM_FAULT)],
    ids=["a step that spoils the books", "a step that fails"],
)
def test_F32_migration_that_goes_wrong_changes_nothing(
    step: Callable[[Database], None], kind: type[LoyaltyError], code: Code, tmp_path: Path
) -> None:
    prepare_old(tmp_path)
    migrations(name="m901_wrong")(step)
    till = sample(tmp_path)

    with pytest.raises(kind) as caught:
        till.open()

    reader = till.reader()
    columns = {row[1] for row in reader.execute("PRAGMA table_info(member)")}
    assert caught.value.code is code
    assert reader.execute("PRAGMA user_version").fetchone() == (NOW,)
    assert "birthday" not in columns
    reader.close()
    assert till.finding() is None


@pytest.mark.usefixtures("_next_version")
def test_F32_damaged_copy_stops_the_migration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_old(tmp_path)
    monkeypatch.setattr(opening, "quick_check", _never_whole)

    with pytest.raises(StoreUnavailable) as caught:
        sample(tmp_path).open()

    reader = sample(tmp_path).reader()
    assert caught.value.code is Code.DATA_DAMAGED
    assert reader.execute("PRAGMA user_version").fetchone() == (NOW,)
    assert list((tmp_path / "data" / "backups").iterdir()) == []
    reader.close()


def _never_whole(connection: object) -> bool:
    del connection
    return False
