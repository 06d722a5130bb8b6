"""A till reduced to what the server sees of one: a key, a journal, signed requests."""

import base64
import http.client
import os
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from pos_loyalty.domain.accrual import SaleFacts, earn
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.event import (
    Basket,
    CardsIssued,
    Event,
    MemberEnrolled,
    NewCard,
    RightsReturned,
    SaleRecorded,
    SaleReversed,
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
    StreamId,
)
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server.authentication import signed_batch, signed_request
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    AttentionRow,
    HistoryReply,
    HistoryRequest,
    JoinReply,
    JoinRequest,
    MemberRow,
    MerchantRow,
    Refusal,
    RightsRow,
    Row,
    SyncReply,
    SyncRequest,
)

_DAY_MS = 24 * 3_600_000
_TODAY = SystemClock().now_ms() // _DAY_MS
MONDAY_MS = (_TODAY - (_TODAY + 3) % 7) * _DAY_MS
"""The last Monday: a day without a multiplier, and within every window of months."""
PROGRAM = default_program("EUR")
IDS = SystemIds(SystemClock())
_NOBODY = MerchantId("")
ReplyT = TypeVar("ReplyT", bound=msgspec.Struct)


class Refused(Exception):
    """The server answered something else than 200."""

    def __init__(self, status: int, refusal: Refusal, headers: dict[str, str]) -> None:
        super().__init__(f"{status} {refusal.code} {refusal.facts}")
        self.status = status
        self.code = refusal.code
        self.facts = refusal.facts
        self.headers = headers


def new_id() -> str:
    return IDS.next_id()


def new_member() -> MemberId:
    return MemberId(new_id())


def post_bytes(
    url: str, path: str, body: bytes, headers: dict[str, str]
) -> tuple[int, dict[str, str], bytes]:
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=40)
    try:
        connection.request("POST", path, body=body, headers=headers)
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return response.status, found, response.read()
    finally:
        connection.close()


def sale(
    member: MemberId | None = None,
    *,
    total: int = 2100,
    card_key: CardKey | None = None,
    redeem: int = 0,
    rights_used: int | None = None,
    risk_used: int = 0,
    earned: int | None = None,
    event_id: str | None = None,
    at_ms: int = MONDAY_MS,
    currency: str = "EUR",
) -> SaleRecorded:
    """Build a sale as an honest till would, unless told otherwise."""
    rewards: tuple[RewardTaken, ...] = ()
    if redeem:
        rewards = (RewardTaken(reward=PROGRAM.rewards[0].id, points=redeem, discount=redeem // 2),)
    facts = SaleFacts(total=total, tier="", at_ms=at_ms, offset_minutes=0, rewards=rewards)
    is_for_somebody = member is not None or card_key is not None
    honest = earn(PROGRAM, facts).points if is_for_somebody else 0
    return SaleRecorded(
        v=1,
        id=EventId(event_id or new_id()),
        at_ms=at_ms,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        cashier="ana",
        sale=Basket(total=total, currency=currency),
        member=member,
        card_key=card_key,
        earned=honest if earned is None else earned,
        rewards=rewards,
        redeemed=redeem,
        rights_used=redeem - risk_used if rights_used is None else rights_used,
        risk_used=risk_used,
    )


def reversal(of: SaleRecorded, seq: int, *, rights_used: int | None = None) -> SaleReversed:
    return SaleReversed(
        v=1,
        id=EventId(new_id()),
        at_ms=of.at_ms + 1000,
        boot_ms=2,
        tz_minutes=0,
        program=of.program,
        sale_id=of.id,
        sale_seq=seq,
        member=of.member,
        card_key=of.card_key,
        earned_taken=of.earned,
        redeemed_returned=of.redeemed,
        rights_returned=of.rights_used,
        rights_used=of.earned if rights_used is None else rights_used,
    )


def enrollment(
    member: MemberId, *, card_key: CardKey | None = None, welcome: int = PROGRAM.welcome_points
) -> MemberEnrolled:
    return MemberEnrolled(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        member=member,
        card_key=card_key,
        welcome=welcome,
    )


def cards_issued(*keys: CardKey) -> CardsIssued:
    return CardsIssued(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        batch=BatchId(new_id()),
        cards=tuple(NewCard(key=key, number=f"{n:012d}") for n, key in enumerate(keys)),
    )


def rights_return(member: MemberId, points: int) -> RightsReturned:
    return RightsReturned(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS,
        boot_ms=1,
        tz_minutes=0,
        program=PROGRAM.version,
        member=member,
        points=points,
    )


@dataclass
class SimpleTill:
    """Holds a whole journal and what the server told it."""

    url: str
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    stream: StreamId = field(default_factory=lambda: StreamId(os.urandom(16).hex()))
    nonce: str = field(default_factory=lambda: os.urandom(16).hex())
    journal: list[bytes] = field(default_factory=list[bytes])
    hashes: list[bytes] = field(default_factory=list[bytes])
    have: int = 0
    epoch: int = 0
    cursor: str = ""
    token: str = ""
    merchant: MerchantId = _NOBODY
    rows: dict[tuple[str, str], Row] = field(default_factory=dict[tuple[str, str], Row])
    joined: JoinReply | None = None
    proto: int = 1

    def __post_init__(self) -> None:
        self.hashes.append(first_hash(self.stream, self.nonce))

    @property
    def public_key(self) -> str:
        return base64.b64encode(self.key.public_key().public_bytes_raw()).decode()

    def sign(self, data: bytes) -> str:
        return base64.b64encode(self.key.sign(data)).decode()

    def append(self, *events: Event) -> None:
        for event in events:
            self.append_bytes(encode_event(event))

    def append_bytes(self, data: bytes) -> None:
        self.journal.append(data)
        self.hashes.append(chain_hash(self.hashes[-1], data))

    def begin_stream(self) -> None:
        """Begin a new journal, as after a restored disk."""
        self.stream, self.nonce = StreamId(os.urandom(16).hex()), os.urandom(16).hex()
        self.journal, self.have, self.cursor = [], 0, ""
        self.hashes = [first_hash(self.stream, self.nonce)]

    def post(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        signature: str | None = None,
    ) -> ReplyT:
        body = codec.pack(message)
        signed = self.sign(signed_request(path, body)) if signature is None else signature
        headers = {"Content-Type": codec.CONTENT_TYPE, codec.SIGNATURE_HEADER: signed}
        status, found, answer = post_bytes(self.url, path, body, headers)
        assert found["content-type"] == codec.CONTENT_TYPE, (status, answer[:200])
        if status != 200:
            raise Refused(status, codec.unpack(answer, Refusal), found)
        return codec.unpack(answer, kind)

    def join_request(self, code: str = "", **changes: object) -> JoinRequest:
        request = JoinRequest(
            proto=1,
            stream=self.stream,
            join_nonce=self.nonce,
            public_key=self.public_key,
            currency="EUR",
            now_ms=MONDAY_MS,
            code=code,
        )
        return msgspec.structs.replace(request, **changes)

    def join(self, code: str = "", **changes: object) -> JoinReply:
        reply = self.post("/sync/v1/join", self.join_request(code, **changes), JoinReply)
        self.epoch, self.token, self.merchant = reply.epoch, reply.token, reply.merchant
        self.joined = reply
        return reply

    def request(
        self, *, from_seq: int | None = None, count: int | None = None, **changes: object
    ) -> SyncRequest:
        first = self.have + 1 if from_seq is None else from_seq
        last = len(self.journal) if count is None else first + count - 1
        events = self.journal[first - 1 : last]
        sig = ""
        if events:
            end = first + len(events) - 1
            sig = self.sign(signed_batch(self.merchant, self.stream, end, self.hashes[end]))
        request = SyncRequest(
            req=new_id(),
            proto=self.proto,
            stream=self.stream,
            from_seq=first,
            prev_hash=self.hashes[first - 1].hex() if first <= len(self.hashes) else "00" * 32,
            top=len(self.journal),
            epoch=self.epoch,
            now_ms=MONDAY_MS,
            token=self.token,
            events=tuple(msgspec.Raw(event) for event in events),
            sig=sig,
            cursor=self.cursor,
            want_rows=500,
        )
        return msgspec.structs.replace(request, **changes)

    def send(self, request: SyncRequest) -> SyncReply:
        return self.post("/sync/v1/exchange", request, SyncReply)

    def take(self, reply: SyncReply) -> SyncReply:
        """Apply a reply as a till does."""
        self.have = max(self.have, reply.have)
        self.cursor, self.token, self.epoch = reply.cursor, reply.token, reply.epoch
        for row in reply.rows:
            self.rows[row_key(row)] = row
        return reply

    def exchange(self, *events: Event, **changes: Any) -> SyncReply:  # noqa: ANN401 - fields of the request
        """Append, send everything unacknowledged, and take all rows."""
        self.append(*events)
        reply = self.take(self.send(self.request(**changes)))
        answer = reply
        while answer.more:
            answer = self.take(self.send(self.request()))
        return reply

    def member(self, member: MemberId) -> MemberRow:
        row = self.rows["member", member]
        assert isinstance(row, MemberRow)
        return row

    def items(self, kind: str = "") -> list[AttentionRow]:
        """Return the items of the owner's list that this till heard of, of one kind or of all."""
        rows = [row for row in self.rows.values() if isinstance(row, AttentionRow)]
        return [row for row in rows if kind in {"", row.kind}]

    def rights(self, member: MemberId) -> RightsRow:
        row = self.rows["rights", member]
        assert isinstance(row, RightsRow)
        return row

    def history(self, member: MemberId, limit: int = 100) -> HistoryReply:
        request = HistoryRequest(stream=self.stream, member=member, limit=limit)
        return self.post("/sync/v1/history", request, HistoryReply)


def row_key(row: Row) -> tuple[str, str]:
    if isinstance(row, MerchantRow):
        return "merchant", row.merchant
    kind = str(row.__struct_config__.tag)
    keys = {"card": "card_key", "rights": "member", "attention": "item"}
    key = None if kind == "program" else keys.get(kind, kind)
    return kind, str(getattr(row, key)) if key else PROGRAM.version
