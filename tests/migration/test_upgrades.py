"""The data of every version that was ever released opens, whole, with this one."""

import json
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pos_loyalty
from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.look_up_member import FindMembers
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.database import connect_writer
from pos_loyalty.store.settings import Setting
from tests.migration.make_sample import HERE
from tests.sample_till import MemoryKeys, SampleTill, event_ids, sell


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


def test_upgrade_from_0_1_0(tmp_path: Path) -> None:
    sample, expected = _released("0.1.0", tmp_path)

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

    assert [list(row) for row in schema] == expected["schema"]


def test_S29_a_till_of_0_1_0_asks_for_all_rows_again_after_its_update(tmp_path: Path) -> None:
    sample, _ = _released("0.1.0", tmp_path)
    with closing(connect_writer(sample.folder.database, sample.key())) as older:
        older.execute("INSERT INTO setting(name, value) VALUES ('cursor', '1.900..')")

    with sample.open() as till, till.context.store.read() as work:
        assert work.settings.text(Setting.CURSOR) == "", "it passed over rows it could not read"
