"""What the recordings of protocol 2 are made from; see `golden_samples.py` for protocol 1.

`python -m tests.contract.golden_samples_2` writes recordings that do not exist yet; 0.2.0 is
released, so one that exists is never written again.
"""

import base64

import msgspec

from pos_loyalty.domain.event import RightsReturned, chain_hash, encode_event, first_hash
from pos_loyalty.domain.ids import EventId, MerchantId, StreamId
from pos_loyalty.server.authentication import signed_batch
from pos_loyalty.wire.messages import (
    DigestRequest,
    HistoryRequest,
    JoinRequest,
    Settlement,
    SnapshotRequest,
    SyncRequest,
)
from tests.contract import golden_dialog
from tests.contract.golden_samples import (
    CODE,
    FOLDER,
    KEY,
    MEMBER,
    MERCHANT,
    MONDAY_MS,
    NONCE,
    STREAM,
    events,
)

PROTOCOL_2 = FOLDER / "protocol_2"
EARLIER = StreamId("4" * 32)
"""A closed journal of the till, of which the server has never heard."""
OTHER_STREAM = StreamId("6" * 32)


def journal() -> list[bytes]:
    """Return the bytes of a small journal; its last event lends rights to another stream."""
    cards, enrolled, sold, *_ = events()
    lent = RightsReturned(
        v=1,
        id=EventId("01890a5d0000700080000000000e00ff"),
        at_ms=MONDAY_MS + 9,
        boot_ms=1009,
        tz_minutes=120,
        program=sold.program,
        member=MEMBER,
        points=5,
        to_stream=OTHER_STREAM,
    )
    return [encode_event(event) for event in (cards, enrolled, sold, lent)]


def requests() -> dict[str, tuple[str, msgspec.Struct]]:
    """One request of every type, in the order in which a till sends them."""
    data = journal()
    start = end = first_hash(STREAM, NONCE)
    for each in data:
        end = chain_hash(end, each)
    plain = SyncRequest(
        req="0a0b0c0d0e0f",
        proto=2,
        stream=STREAM,
        from_seq=1,
        prev_hash=start.hex(),
        top=len(data),
        epoch=1,
        now_ms=MONDAY_MS,
        app_version="0.2.0",
    )
    sends = msgspec.structs.replace(
        plain,
        events=tuple(msgspec.Raw(each) for each in data),
        sig=golden_dialog.signed(signed_batch(MERCHANT, STREAM, len(data), end)),
        want_rights=((MEMBER, 10),),
        settlements=(
            Settlement(
                settlement=EventId("e" * 32),
                item=f"quarantined.{STREAM}.9",
                choice="seen",
                at_ms=MONDAY_MS,
            ),
        ),
    )
    compares = msgspec.structs.replace(
        plain,
        from_seq=len(data) + 1,
        prev_hash=end.hex(),
        closed_streams=((EARLIER, 7, "ab" * 32), (EARLIER, 6, "cd" * 32)),
        buckets=(int(MEMBER[-3:], 16),),
        acked=len(data),
        holds_rights=((MEMBER, 21),),
    )
    restored = msgspec.structs.replace(
        plain, from_seq=len(data) + 1, prev_hash=end.hex(), lost_ack=99
    )
    reports = msgspec.structs.replace(
        restored, epoch=2, lost_ack=0, granted_seen=((MEMBER, 30),), granted_complete=True
    )
    exchange = "/sync/v1/exchange"
    return {
        "join": ("/sync/v1/join", _join()),
        "exchange": (exchange, sends),
        "digest": ("/sync/v1/digest", DigestRequest(stream=STREAM)),
        "compare": (exchange, compares),
        "snapshot": ("/sync/v1/snapshot", SnapshotRequest(stream=STREAM)),
        "history": ("/sync/v1/history", HistoryRequest(stream=STREAM, member=MEMBER)),
        "restored": (exchange, restored),
        "report": (exchange, reports),
    }


def _join() -> JoinRequest:
    return JoinRequest(
        proto=2,
        stream=STREAM,
        join_nonce=NONCE,
        public_key=base64.b64encode(KEY.public_key().public_bytes_raw()).decode(),
        currency="EUR",
        now_ms=MONDAY_MS,
        code=CODE,
        alone_as=MerchantId("a" * 32),
        app_version="0.2.0",
        packet_key=base64.b64encode(bytes(range(32, 64))).decode(),
    )


if __name__ == "__main__":
    golden_dialog.record(PROTOCOL_2, requests())
