"""What the golden recordings are made from: fixed ids, a fixed key, every kind of event.

`python -m tests.contract.golden_samples` writes recordings that do not exist yet. A
recording that exists is never written again: tills in the field speak these bytes.
"""

import base64
import json
import re
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pos_loyalty.domain.event import (
    ActivityRecorded,
    Basket,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    NewCard,
    Payment,
    PointsAdjusted,
    RightsReturned,
    SaleLine,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    VoucherClaimed,
    chain_hash,
    encode_event,
    first_hash,
)
from pos_loyalty.domain.ids import (
    BatchId,
    CardKey,
    EventId,
    MemberId,
    MerchantId,
    RewardId,
    StreamId,
    TierId,
)
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server.authentication import signed_batch, signed_request
from pos_loyalty.server.database import tables
from pos_loyalty.server.join_till import SELECTOR_LENGTH, secret_hash
from pos_loyalty.server.setup import create_merchant, open_database
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    HistoryRequest,
    JoinRequest,
    ProfileChange,
    SyncRequest,
)
from tests.contract.simple_till import PROGRAM

FOLDER = Path(__file__).parent / "golden"
PROTOCOL_1 = FOLDER / "protocol_1"
EVENTS_1 = FOLDER / "events_schema_1.jsonl"
STREAM = StreamId("5" * 32)
MONDAY_MS = 1_780_300_800_000
NONCE = "7" * 32
CODE = "AB0123456789"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
MEMBER = MemberId("01890a5d000070008000000000000001")
OTHER = MemberId("01890a5d000070008000000000000002")
CARD = CardKey("c" * 32)


class FixedIds:
    """Counts instead of drawing lots, so that a recording can be made twice."""

    def __init__(self) -> None:
        self._next = 0

    def next_id(self) -> str:
        self._next += 1
        return f"01890a5d00007000800000000000f{self._next:03x}"

    def random_bytes(self, count: int) -> bytes:
        return bytes(count)


class FixedClock:
    """Stands still."""

    def now_ms(self) -> int:
        return MONDAY_MS

    def monotonic_ms(self) -> int:
        return 0

    def offset_minutes(self, at_ms: int) -> int:
        return at_ms * 0


MERCHANT = MerchantId(FixedIds().next_id())


def _sale(number: int, **fields: object) -> SaleRecorded:
    plain = SaleRecorded(
        **_base(number),
        sale=Basket(total=2100, currency="EUR"),
        member=MEMBER,
        found_by="card",
        tier=TierId("bronze"),
        earned=21,
    )
    return msgspec.structs.replace(plain, **fields)


def _base(number: int) -> dict[str, Any]:
    return {
        "v": 1,
        "id": EventId(f"01890a5d0000700080000000000e{number:04x}"),
        "at_ms": MONDAY_MS + number,
        "boot_ms": 1000 + number,
        "tz_minutes": 120,
        "program": PROGRAM.version,
        "cashier": "ana",
    }


def events() -> list[Event]:
    """One of every kind, and of the sale its three forms, in an order that makes sense."""
    basket = Basket(
        total=5000,
        currency="EUR",
        lines=(
            SaleLine(amount=4200, sku="0042", category="shoes"),
            SaleLine(amount=800, quantity=2, unit_price=400),
        ),
        payments=(Payment(kind="cash", amount=4950),),
        receipt_no="R-1",
    )
    taken = RewardTaken(reward=RewardId("pay-with-points"), points=100, discount=50)
    sold = _sale(3)
    return [
        CardsIssued(
            **_base(1), batch=BatchId("b" * 32), cards=(NewCard(key=CARD, number="000000000017"),)
        ),
        MemberEnrolled(
            **_base(2), member=MEMBER, card_key=CARD, profile_change=EventId("d" * 32), welcome=50
        ),
        sold,
        SaleReversed(
            **_base(4),
            sale_id=sold.id,
            sale_seq=3,
            member=MEMBER,
            earned_taken=21,
            rights_used=21,
        ),
        _sale(5, sale=Basket(total=900, currency="EUR"), member=None, card_key=CARD, earned=9),
        _sale(6, sale=Basket(total=700, currency="EUR"), member=None, found_by="", earned=0),
        _sale(
            7, sale=basket, rewards=(taken,), redeemed=100, rights_used=0, risk_used=100, earned=49
        ),
        RightsReturned(**_base(8), member=MEMBER, points=49),
        CardChanged(**_base(9), card_key=CARD, status="suspended"),
        EventRescued(
            **_base(10),
            original_stream=StreamId("6" * 32),
            original_seq=1,
            original_hash="9" * 64,
            original=encode_event(_sale(11)).decode(),
        ),
        SaleRefunded(**_base(12), sale_id=sold.id, member=MEMBER, amount=100, earned_taken=1),
        PointsAdjusted(**_base(13), member=MEMBER, points=5, reason="kind", approved_by="eva"),
        ActivityRecorded(**_base(14), member=MEMBER, activity="survey", points=5),
        SaleMoved(**_base(15), sale_id=sold.id, sale_seq=3, to_member=OTHER, earned_given=21),
        VoucherClaimed(**_base(16), voucher="V-1", sale_id=sold.id, member=MEMBER, points=5),
    ]


def event_records() -> Iterator[dict[str, str]]:
    """Yield kind, bytes and chain hash of every sample, in one chain."""
    chain = first_hash(STREAM, NONCE)
    for event in events():
        data = encode_event(event)
        chain = chain_hash(chain, data)
        kind = str(event.__struct_config__.tag)
        yield {"kind": kind, "bytes": data.decode(), "hash": chain.hex()}


def requests() -> dict[str, tuple[str, msgspec.Struct]]:
    """One request of every type, in the order in which a till sends them."""
    records = list(event_records())
    last = len(records)
    end = bytes.fromhex(records[-1]["hash"])
    public_key = base64.b64encode(KEY.public_key().public_bytes_raw()).decode()
    return {
        "join": (
            "/sync/v1/join",
            JoinRequest(
                proto=1,
                stream=STREAM,
                join_nonce=NONCE,
                public_key=public_key,
                currency="EUR",
                now_ms=MONDAY_MS,
                code=CODE,
                alone_as=MerchantId("a" * 32),
                app_version="0.1.0",
            ),
        ),
        "exchange": (
            "/sync/v1/exchange",
            SyncRequest(
                req="01890a5d00007000800000000000aaaa",
                proto=1,
                stream=STREAM,
                from_seq=1,
                prev_hash=first_hash(STREAM, NONCE).hex(),
                top=last,
                epoch=1,
                now_ms=MONDAY_MS,
                events=tuple(msgspec.Raw(record["bytes"].encode()) for record in records),
                sig=_signed(signed_batch(MERCHANT, STREAM, last, end)),
                profiles=(
                    ProfileChange(
                        change=EventId("d" * 32),
                        member=MEMBER,
                        at_ms=MONDAY_MS,
                        name="Ana",
                        phone="+491701234567",
                        offers_consent=True,
                    ),
                ),
                want_rights=((MEMBER, 10),),
                app_version="0.1.0",
            ),
        ),
        "history": ("/sync/v1/history", HistoryRequest(stream=STREAM, member=MEMBER)),
    }


def _signed(data: bytes) -> str:
    return base64.b64encode(KEY.sign(data)).decode()


def make_golden_books(database_url: str) -> None:
    """Make books in which the recorded requests fit."""
    ids = FixedIds()
    with closing(open_database(database_url, may_create=True)) as database:
        merchant = create_merchant(
            database,
            name="Café Linde",
            currency="EUR",
            country="DE",
            clock=FixedClock(),
            ids=ids,
        )
        assert merchant == MERCHANT
        selector, secret = CODE[:SELECTOR_LENGTH], CODE[SELECTOR_LENGTH:]
        with database.write() as session:
            session.add(tables.SHOP, [(merchant, "e" * 32, "Main street")])
            row = (merchant, selector, secret_hash(selector, secret), "e" * 32, 2**52, 0, "")
            session.add(tables.JOIN_CODE, [row])


_CHANGING = {
    "server_now": 0,
    "token": "t",
    "till": "t" * 32,
    "packet_key": "k",
    "spend_until_ms": 0,
}


def steady(reply: bytes) -> dict[str, object]:
    """Return a reply without what differs from run to run."""
    fields: dict[str, object] = json.loads(codec.inflate(reply))
    for row in cast("list[dict[str, object]]", fields.get("rows", [])):
        row.pop("earned_window", None)
        row.pop("program", None)
        if row["type"] == "attention":
            row.pop("at_ms", None)
        row.update({name: _CHANGING[name] for name in row.keys() & _CHANGING.keys()})
    if "cursor" in fields:
        # Before the place stands a mark that is drawn anew for every version.
        fields["cursor"] = re.sub(r"^m[0-9]+\.[0-9a-f]+\.", "", str(fields["cursor"]))
    return {name: _CHANGING.get(name, value) for name, value in fields.items()}


def without_additions(answer: dict[str, object], recorded: dict[str, object]) -> object:
    """Return an answer without what was added since; tills of then pass such fields over."""
    known = {name: value for name, value in answer.items() if name in recorded}
    rows = cast("list[dict[str, object]]", known.get("rows", []))
    before = cast("list[dict[str, object]]", recorded.get("rows", []))
    if rows and len(rows) == len(before):
        pairs = zip(rows, before, strict=True)
        known["rows"] = [without_additions(row, known_row) for row, known_row in pairs]
    return known


def record() -> None:
    """Write the recordings that do not exist yet."""
    PROTOCOL_1.mkdir(parents=True, exist_ok=True)
    _write(EVENTS_1, "".join(json.dumps(item) + "\n" for item in event_records()).encode())
    for name, (path, message) in requests().items():
        body = codec.pack(message)
        _write(PROTOCOL_1 / f"{name}_request.bin", body)
        _write(PROTOCOL_1 / f"{name}_request.json", zlib.decompress(body))
        signature = _signed(signed_request(path, (PROTOCOL_1 / f"{name}_request.bin").read_bytes()))
        _write(PROTOCOL_1 / f"{name}_request.signature", signature.encode())


def _write(path: Path, data: bytes) -> None:
    if not path.exists():
        path.write_bytes(data)


if __name__ == "__main__":
    record()
