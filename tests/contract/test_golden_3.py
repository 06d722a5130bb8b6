"""S29: what tills and server of protocol 3 said to each other is still understood."""

import msgspec
import pytest

from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import HistoryReply, JoinReply, MemberRow, ProgramRow, SyncReply
from tests.contract import golden_dialog
from tests.contract import golden_samples_3 as golden_3
from tests.contract.golden_samples import MEMBER, OTHER

FOLDER = golden_3.PROTOCOL_3
REPLIES: dict[str, type[msgspec.Struct]] = {
    "join": JoinReply,
    "exchange": SyncReply,
    "compare": SyncReply,
    "history": HistoryReply,
}


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_request_is_read_and_written_unchanged(name: str) -> None:
    golden_dialog.ensure_request_is_read(FOLDER, name, golden_3.requests()[name][1])


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_reply_is_read_and_says_the_same(name: str) -> None:
    golden_dialog.ensure_reply_is_read(FOLDER, name, REPLIES[name])


@pytest.mark.parametrize("name", REPLIES)
def test_S30_unknown_fields_of_newer_messages_are_passed_over(name: str) -> None:
    sides = {"request": type(golden_3.requests()[name][1]), "reply": REPLIES[name]}
    for side, kind in sides.items():
        body = (FOLDER / f"{name}_{side}.bin").read_bytes()
        golden_dialog.ensure_additions_are_passed_over(body, kind)


def test_what_is_new_in_protocol_3_was_really_said() -> None:
    reply = codec.unpack((FOLDER / "exchange_reply.bin").read_bytes(), SyncReply)
    programs = [row.program for row in reply.rows if isinstance(row, ProgramRow)]
    members = {row.member: row for row in reply.rows if isinstance(row, MemberRow)}

    assert reply.verdicts == (), "the server computes what the till computed"
    assert golden_3.RULED in programs
    assert members[MEMBER].sheet.birthday == "05-17"
    assert members[MEMBER].sheet.tally["visits"] == 1
    assert members[OTHER].sheet.tally["stamps:coffee"] == 2
    assert members[OTHER].tier == "gold"
    assert reply.stock == ((golden_3.EVENING.id, 2),), "half of what there is"


def test_S29_the_recorded_dialog_still_gives_the_recorded_answers(database_url: str) -> None:
    golden_3.make_ruled_books(database_url)
    golden_dialog.replay(database_url, FOLDER, golden_3.requests())
