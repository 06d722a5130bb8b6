"""Make the data folder of the current version, to be kept for ever: one for each release.

Run `python -m tests.migration.make_sample` when a version is about to be released, and
commit the folder it writes: `tests/migration/<version>/`. Nobody changes it afterwards.
"""

import json
import shutil
from pathlib import Path
from typing import Any

from pos_loyalty import __version__
from pos_loyalty.domain.ids import CardKey, MemberId, RewardId, SaleId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.data_folder import read_label
from pos_loyalty.till import Till
from tests.sample_till import SampleTill, blank_card, enroll, event_ids, sell

HERE = Path(__file__).parent
_MEMBERS = 12


def make(folder: Path) -> None:
    """Write data, key, and what must be found in it."""
    shutil.rmtree(folder, ignore_errors=True)
    sample = SampleTill(folder / "data", seed=2026)
    with sample.open() as till:
        members = [
            enroll(till, f"Sample Member {number}", f"+49151{10_000_000 + number}")
            for number in range(_MEMBERS - 1)
        ]
        members.append(_with_card(till))
        last = _sell_a_while(till, members)
        expected = _expected(till, members, last)
    (folder / "data" / "till.lock").unlink()
    (folder / "key").write_text(sample.key().hex() + "\n", encoding="ascii")
    expected["database_id"] = read_label(sample.folder).database_id
    text = json.dumps(expected, indent=1) + "\n"
    (folder / "expected.json").write_text(text, encoding="utf-8")


def _with_card(till: Till) -> MemberId:
    card = CardKey(blank_card(till.context.store))
    return MemberId(till.enroll_member(EnrollMember(card_key=card)).member.id)


def _sell_a_while(till: Till, members: list[MemberId]) -> SaleId:
    for number in range(60):
        sell(till, members[number % _MEMBERS], 1500 + 731 * number)
    till.record_sale(RecordSale(total=1999))
    till.undo_sale(UndoSale(SaleId(sell(till, members[0], 5000).sale_id)))
    rich = members[1]
    sell(till, rich, 90_000)
    reward = RewardChoice(RewardId("three-off"))
    command = RecordSale(total=2500, member_id=rich, rewards=(reward,), found_by="card")
    return till.record_sale(command).sale_id


def _expected(till: Till, members: list[MemberId], last: SaleId) -> dict[str, Any]:
    with till.context.store.read() as work:
        records = [work.members.record(member) for member in members]
        schema = work.connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite%' ORDER BY name"
        ).fetchall()
        return {
            "balances": {one.member: one.balance_points for one in records if one is not None},
            "events": event_ids(work.connection),
            "last_sale": last,
            "currency": till.shop.currency.code,
            "schema": [list(row) for row in schema],
        }


if __name__ == "__main__":
    make(HERE / __version__)
