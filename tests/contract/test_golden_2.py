"""S29: what tills and server of protocol 2 said to each other is still understood."""

import msgspec
import pytest

from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    DigestReply,
    HistoryReply,
    JoinReply,
    SnapshotOffer,
    Status,
    SyncReply,
)
from tests.contract import golden_dialog
from tests.contract import golden_samples as golden
from tests.contract import golden_samples_2 as golden_2

REPLIES: dict[str, type[msgspec.Struct]] = {
    "join": JoinReply,
    "exchange": SyncReply,
    "digest": DigestReply,
    "compare": SyncReply,
    "snapshot": SnapshotOffer,
    "history": HistoryReply,
    "restored": SyncReply,
    "report": SyncReply,
}


FOLDER = golden_2.PROTOCOL_2


def recorded(name: str) -> bytes:
    return (FOLDER / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_request_is_read_and_written_unchanged(name: str) -> None:
    golden_dialog.ensure_request_is_read(FOLDER, name, golden_2.requests()[name][1])


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_reply_is_read_and_says_the_same(name: str) -> None:
    golden_dialog.ensure_reply_is_read(FOLDER, name, REPLIES[name])


@pytest.mark.parametrize("name", REPLIES)
def test_S30_unknown_fields_of_newer_messages_are_passed_over(name: str) -> None:
    sides = {"request": type(golden_2.requests()[name][1]), "reply": REPLIES[name]}
    for side, kind in sides.items():
        golden_dialog.ensure_additions_are_passed_over(recorded(f"{name}_{side}"), kind)


def test_what_is_new_in_protocol_2_was_really_said() -> None:
    compared = codec.unpack(recorded("compare_reply"), SyncReply)
    asked = codec.unpack(recorded("restored_reply"), SyncReply)
    reported = codec.unpack(recorded("report_reply"), SyncReply)
    sums = codec.unpack(recorded("digest_reply"), DigestReply).sums

    assert compared.held_of_closed == ((golden_2.EARLIER, 0),)
    assert compared.buckets
    assert (asked.status, asked.epoch) == (Status.REPORT, 2)
    assert (reported.status, reported.more) == (Status.OK, False)
    assert sum(value > 0 for value in sums) >= 1


def test_S29_the_recorded_dialog_still_gives_the_recorded_answers(database_url: str) -> None:
    golden.make_golden_books(database_url)
    golden_dialog.replay(database_url, FOLDER, golden_2.requests())
