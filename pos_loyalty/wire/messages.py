"""The messages of the protocol: what a till asks and what the server answers.

Everything from server to till is absolute state (totals, never deltas);
everything from till to server about rights is an event in the chained stream. So
loss, duplication and reordering do no harm. Unknown fields are ignored. Inside a
message an event is its raw stored bytes.
"""

from enum import StrEnum

import msgspec

from pos_loyalty.domain.ids import (
    BatchId,
    CardKey,
    EventId,
    MemberId,
    MerchantId,
    ShopId,
    StreamId,
    TierId,
    TillId,
)
from pos_loyalty.domain.program import LoyaltyProgram

BATCH_EVENTS_MAX = 500
ROWS_MAX = 500
ROWS_DEFAULT = 200


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of all messages; a field at its default is not sent."""


class ProfileChange(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Personal fields of a member, changed at a till; only the fields that changed are set.

    ``change`` is its id: the server takes each once. ``base_v`` is the row version
    that the till had when the change was made.
    """

    change: EventId
    member: MemberId
    at_ms: int
    base_v: int = 0
    name: str | None = None
    phone: str | None = None
    offers_consent: bool | None = None


class SyncRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One exchange upward: events from ``from_seq`` on, and what the till wants to hear.

    ``sig`` signs the end of the batch for the record; the request as a whole is
    signed in a header. ``want_rights`` names members whose points are asked for now,
    with how many; ``wait_ms`` lets the server hold the reply until something changes.
    ``granted_seen`` answers REPORT with (member, granted total) pages.
    """

    req: str
    proto: int
    stream: StreamId
    from_seq: int
    prev_hash: str
    top: int
    epoch: int
    now_ms: int
    token: str = ""
    events: tuple[msgspec.Raw, ...] = ()
    sig: str = ""
    cursor: str = ""
    want_rows: int = ROWS_DEFAULT
    want_rights: tuple[tuple[MemberId, int], ...] = ()
    wait_ms: int = 0
    profiles: tuple[ProfileChange, ...] = ()
    granted_seen: tuple[tuple[MemberId, int], ...] | None = None
    granted_complete: bool = False
    lost_ack: int = 0
    app_version: str = ""
    schema: int = 1


class MemberRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member"
):
    """A member as the server's books have it at version ``v``.

    ``balance`` in points; ``earned_window`` points earned in the last 12 months as
    of ``earned_as_of_ms``.
    """

    v: int
    member: MemberId
    balance: int = 0
    tier: TierId = TierId("")
    earned_window: int = 0
    name: str = ""
    phone: str = ""
    status: str = "active"
    enrolled_ms: int = 0


class CardRow(Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="card"):
    """A card: its key, its printed number, whose it is and whether it may be used."""

    v: int
    card_key: CardKey
    number: str = ""
    member: MemberId | None = None
    status: str = "blank"
    batch: BatchId = BatchId("")


class ProgramRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="program"
):
    """A published version of the program."""

    v: int
    program: LoyaltyProgram


class RightsRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="rights"
):
    """Rights of a member in the asking stream: the granted total, and how much to keep.

    ``keep`` asks the till to return what it holds above it; None asks nothing.
    """

    v: int
    member: MemberId
    granted: int
    keep: int | None = None


class MerchantRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="merchant"
):
    """The merchant's name and the other merchant ids whose cards it accepts.

    ``accepted`` holds the ids under which tills worked alone before they joined.
    """

    v: int
    merchant: MerchantId
    name: str
    currency: str
    country: str = ""
    accepted: tuple[MerchantId, ...] = ()
    shop_name: str = ""
    till_name: str = ""


Row = MemberRow | CardRow | ProgramRow | RightsRow | MerchantRow


class Status(StrEnum):
    """How the server took an exchange."""

    OK = "ok"
    GAP = "gap"
    REPORT = "report"
    CLOSED = "closed"
    BUSY = "busy"


class SyncReply(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The answer: what the server holds of the stream, and rows from the same snapshot.

    ``have`` = n: events 1..n are committed and every effect of them is in the
    snapshot that ``rows`` were read from. ``more`` says that further rows wait.
    """

    req: str
    status: Status
    merchant: MerchantId
    epoch: int
    server_now: int
    have: int = 0
    have_hash: str = ""
    durable: int = 0
    rows: tuple[Row, ...] = ()
    cursor: str = ""
    more: bool = False
    verdicts: tuple[tuple[int, str], ...] = ()
    profiles_have: tuple[EventId, ...] = ()
    known_hashes: tuple[str, ...] = ()
    risk_total: int = 0
    token: str = ""
    min_proto: int = 1
    retry_after_ms: int = 0
    batch_hint: int = BATCH_EVENTS_MAX


class JoinRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A till asks to belong to a merchant, with a one-time code and its own new stream.

    ``public_key`` is the till's Ed25519 key (base64). ``alone_as`` is the merchant id
    under which the till worked alone, so that its cards stay valid; ``currency`` what
    it counts in. A till that joins again sends no code but its till id, and signs the
    request with its key.
    """

    proto: int
    stream: StreamId
    join_nonce: str
    public_key: str
    currency: str
    now_ms: int
    code: str = ""
    till: TillId | None = None
    closes_stream: StreamId | None = None
    alone_as: MerchantId | None = None
    app_version: str = ""


class JoinReply(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The till belongs to the merchant from now on."""

    merchant: MerchantId
    merchant_name: str
    currency: str
    country: str
    shop: ShopId
    shop_name: str
    till: TillId
    till_name: str
    epoch: int
    token: str
    server_now: int
    known_hashes: tuple[str, ...] = ()


class HistoryRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """A member's newest entries from all tills; only for showing, never for counting."""

    stream: StreamId
    member: MemberId
    limit: int = 100


class HistoryEntry(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a member's history; ``balance`` is the balance after it."""

    event: EventId
    stream: StreamId
    seq: int
    position: int
    at_ms: int
    kind: str
    points: int
    balance: int
    till_name: str = ""


class HistoryReply(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Newest last."""

    merchant: MerchantId
    entries: tuple[HistoryEntry, ...] = ()


class Refusal(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every answer that is not 200: a code of the catalog and its facts."""

    code: str
    facts: dict[str, str | int] = {}
