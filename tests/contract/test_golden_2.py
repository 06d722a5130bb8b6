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
from tests.contract import golden_samples as golden
from tests.contract import golden_samples_2 as golden_2
from tests.contract.running_server import running_server
from tests.contract.simple_till import post_bytes

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


def recorded(name: str) -> bytes:
    return (golden_2.PROTOCOL_2 / f"{name}.bin").read_bytes()


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_request_is_read_and_written_unchanged(name: str) -> None:
    body = recorded(f"{name}_request")
    message = golden_2.requests()[name][1]

    read = codec.unpack(body, type(message))

    assert read == message
    assert msgspec.json.encode(read) == codec.inflate(body)
    text = (golden_2.PROTOCOL_2 / f"{name}_request.json").read_bytes()
    assert text == codec.inflate(body)


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_reply_is_read_and_written_unchanged(name: str) -> None:
    message = codec.unpack(recorded(f"{name}_reply"), REPLIES[name])

    # A program's fields at their defaults are left out by now: read again it is the same.
    written = msgspec.json.encode(message)
    assert msgspec.json.decode(written, type=REPLIES[name]) == message


@pytest.mark.parametrize("name", REPLIES)
def test_S30_unknown_fields_of_newer_messages_are_passed_over(name: str) -> None:
    sides = {"request": type(golden_2.requests()[name][1]), "reply": REPLIES[name]}
    for side, kind in sides.items():
        text = codec.inflate(recorded(f"{name}_{side}"))

        newer = text.replace(b"{", b'{"of_a_later_version":{"x":[1]},', 1)

        assert msgspec.json.decode(newer, type=kind) == msgspec.json.decode(text, type=kind)


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
    missing: list[str] = []
    with running_server(database_url) as server:
        for name, (path, _) in golden_2.requests().items():
            body = recorded(f"{name}_request")
            signature = (golden_2.PROTOCOL_2 / f"{name}_request.signature").read_text()
            headers = {codec.SIGNATURE_HEADER: signature}
            status, _, answer = post_bytes(server.url, path, body, headers)

            target = golden_2.PROTOCOL_2 / f"{name}_reply.bin"
            assert status == 200, (name, codec.inflate(answer))
            if not target.exists():
                target.write_bytes(answer)
                missing.append(name)
            assert golden.steady(answer) == golden.steady(target.read_bytes()), name
    assert not missing, f"recorded {missing}; look at them and commit them"
