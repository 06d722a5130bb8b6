"""S29: what tills of every released protocol version said is still understood."""

import json

import msgspec
import pytest

from pos_loyalty.domain.event import decode_event, encode_event
from pos_loyalty.server import reading
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    HistoryReply,
    HistoryRequest,
    JoinReply,
    JoinRequest,
    Refusal,
    SyncReply,
    SyncRequest,
)
from tests.contract import golden_samples as golden
from tests.contract.running_server import running_server
from tests.contract.simple_till import post_bytes

REQUESTS: dict[str, type[msgspec.Struct]] = {
    "join": JoinRequest,
    "exchange": SyncRequest,
    "history": HistoryRequest,
}
REPLIES: dict[str, type[msgspec.Struct]] = {
    "join": JoinReply,
    "exchange": SyncReply,
    "history": HistoryReply,
    "refusal": Refusal,
}


def recorded_events() -> list[dict[str, str]]:
    return [json.loads(line) for line in golden.EVENTS_1.read_text().splitlines()]


def test_every_kind_of_event_still_has_the_recorded_bytes_and_hash() -> None:
    assert list(golden.event_records()) == recorded_events()


@pytest.mark.parametrize("recorded", recorded_events(), ids=lambda item: item["kind"])
def test_a_recorded_event_is_read_and_written_unchanged(recorded: dict[str, str]) -> None:
    data = recorded["bytes"].encode()

    assert encode_event(decode_event(data)) == data


@pytest.mark.parametrize("name", REQUESTS)
def test_a_recorded_request_is_read_and_written_unchanged(name: str) -> None:
    body = (golden.PROTOCOL_1 / f"{name}_request.bin").read_bytes()
    text = (golden.PROTOCOL_1 / f"{name}_request.json").read_bytes()

    message = codec.unpack(body, REQUESTS[name])

    assert codec.inflate(body) == text
    assert msgspec.json.encode(message) == text
    assert message == golden.requests()[name][1]


@pytest.mark.parametrize("name", REPLIES)
def test_a_recorded_reply_is_read_and_written_unchanged(name: str) -> None:
    body = (golden.PROTOCOL_1 / f"{name}_reply.bin").read_bytes()

    message = codec.unpack(body, REPLIES[name])

    # A program's fields at their defaults are left out by now: read again it is the same.
    written = msgspec.json.encode(message)
    assert msgspec.json.decode(written, type=REPLIES[name]) == message


@pytest.mark.parametrize("kind", [*REQUESTS.values(), *REPLIES.values()])
def test_unknown_fields_of_newer_messages_are_passed_over(kind: type[msgspec.Struct]) -> None:
    name = next(
        f"{name}_{side}"
        for side, kinds in (("request", REQUESTS), ("reply", REPLIES))
        for name, known in kinds.items()
        if known is kind
    )
    text = codec.inflate((golden.PROTOCOL_1 / f"{name}.bin").read_bytes())

    newer = text.replace(b"{", b'{"of_a_later_version":{"x":[1]},', 1)

    assert msgspec.json.decode(newer, type=kind) == msgspec.json.decode(text, type=kind)


LATER_THEN = {"refund", "adjustment", "activity", "tier", "move", "voucher"}
"""Kinds for which the server of 0.1.0 had no rule: they waited, and were judged later."""


def test_S29_the_recorded_dialog_still_gives_the_recorded_answers(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "_KNOWN_KINDS", reading._KNOWN_KINDS - LATER_THEN)
    golden.make_golden_books(database_url)
    with running_server(database_url) as server:
        for name, (path, _) in golden.requests().items():
            body = (golden.PROTOCOL_1 / f"{name}_request.bin").read_bytes()
            signature = (golden.PROTOCOL_1 / f"{name}_request.signature").read_text()
            headers = {codec.SIGNATURE_HEADER: signature}
            status, _, answer = post_bytes(server.url, path, body, headers)

            recorded = golden.PROTOCOL_1 / f"{name}_reply.bin"
            if not recorded.exists():
                recorded.write_bytes(answer)
                pytest.fail(f"recorded {recorded.name}; look at it and commit it")
            assert status == 200
            then = golden.steady(recorded.read_bytes())
            assert golden.without_additions(golden.steady(answer), then) == then

        unsigned = {codec.SIGNATURE_HEADER: "AAAA"}
        _, _, refused = post_bytes(server.url, "/sync/v1/exchange", b"", unsigned)
        recorded = golden.PROTOCOL_1 / "refusal_reply.bin"
        if not recorded.exists():
            recorded.write_bytes(refused)
        assert golden.steady(refused) == golden.steady(recorded.read_bytes())
