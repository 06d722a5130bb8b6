"""The data of every version that was ever released opens, whole, with this one."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import pos_loyalty
from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.look_up_member import FindMembers
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.database import connect_writer
from pos_loyalty.store.settings import Setting
from tests.migration.make_books import BOOKS
from tests.migration.make_sample import HERE
from tests.sample_till import MemoryKeys, SampleTill, event_ids, sell

VERSIONS = sorted(path.parent.name for path in HERE.glob("*/expected.json"))


def _released(version: str, tmp_path: Path) -> tuple[SampleTill, dict[str, Any]]:
    """Return a copy of a version's till, and what must be found in it."""
    shutil.copytree(HERE / version / "data", tmp_path / "data")
    expected = json.loads((HERE / version / "expected.json").read_text(encoding="utf-8"))
    keys = MemoryKeys()
    keys.write(
        expected["database_id"],
        bytes.fromhex((HERE / version / "key").read_text(encoding="ascii")),
    )
    return SampleTill(tmp_path / "data", keys=keys, seed=3), expected


@pytest.mark.parametrize("version", VERSIONS)
def test_a_till_of_every_release_opens_with_every_point(version: str, tmp_path: Path) -> None:
    sample, expected = _released(version, tmp_path)

    with sample.open() as till:
        assert not till.created
        with till.context.store.read() as work:
            records = [work.members.record(member) for member in expected["balances"]]
            events = event_ids(work.connection)
            card = work.connection.execute("SELECT card_key FROM card").fetchone()[0]
            owner = work.members.record_by_card(card)
        found = till.find_members(FindMembers("sample 7"))
        undone = till.undo_sale(UndoSale(SaleId(expected["last_sale"])))
        done = sell(till, records[0].member if records[0] else None, 1000)

    balances = {one.member: one.balance_points for one in records if one is not None}
    assert balances == expected["balances"]
    assert events == expected["events"]
    assert owner is not None
    assert owner.card_status == CardStatus.ACTIVE
    assert [one.name for one in found] == ["Sample Member 7"]
    assert undone.redeemed_points_returned == 600
    assert done.balance_points > balances[next(iter(balances))]
    assert sample.finding() is None


def test_this_version_s_sample_has_this_version_s_schema(tmp_path: Path) -> None:
    folder = HERE / pos_loyalty.__version__
    expected = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    new = SampleTill(tmp_path / "new")
    new.open().close()

    reader = new.reader()
    schema = reader.execute(
        "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite%' ORDER BY name"
    ).fetchall()
    reader.close()

    again = "run `python -m tests.migration.make_sample`"
    assert [list(row) for row in schema] == expected["schema"], again


def test_a_sample_and_books_of_every_release_are_kept() -> None:
    books = sorted(path.stem for path in BOOKS.glob("*.db"))

    assert ["0.1.0", *books] == VERSIONS
    assert pos_loyalty.__version__ in books


@pytest.mark.parametrize("version", ["0.1.0", "0.2.0"])
def test_S29_an_older_till_asks_for_all_rows_again_after_its_update(
    version: str, tmp_path: Path
) -> None:
    sample, _ = _released(version, tmp_path)
    with closing(connect_writer(sample.folder.database, sample.key())) as older:
        older.execute("INSERT INTO setting(name, value) VALUES ('cursor', '1.900..')")

    with sample.open() as till, till.context.store.read() as work:
        assert work.settings.text(Setting.CURSOR) == "", "it was not sent what it could not read"
