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
    RewardId,
    ShopId,
    StreamId,
    TierId,
    TillId,
)
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet
from pos_loyalty.domain.program import LoyaltyProgram

BATCH_EVENTS_MAX = 500
ROWS_MAX = 500
ROWS_DEFAULT = 200
PROGRAMS_MAX = 50
PROGRAMS_BYTES_MAX = 500_000
"""So many versions, as JSON, a till brings along when it joins."""


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
    birthday: str | None = None
    """"MM-DD", without the year."""


class Settlement(Message, frozen=True, kw_only=True, omit_defaults=True):
    """What a person chose for an item of the owner's list.

    ``settlement`` is its id: the server takes each once, and the first one for an item.
    """

    settlement: EventId
    item: str
    choice: str
    at_ms: int


class SyncRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One exchange upward: events from ``from_seq`` on, and what the till wants to hear.

    ``sig`` signs the end of the batch for the record; the request as a whole is
    signed in a header. ``want_rights`` names members whose points are asked for now,
    with how many; ``wait_ms`` lets the server hold the reply until something changes.
    ``granted_seen`` answers REPORT with (member, granted total) pages; ``closed_streams``
    goes with it: (stream, acknowledged seq, hash there) of this till's earlier journals.
    ``buckets`` asks for all rows of these buckets of a digest again.

    Three fields are for a shop's hub alone: ``acked`` is what the server acknowledged,
    ``hub_cursor`` the place in the hub's own feed, ``holds_rights`` what the till holds
    of the members in ``want_rights``.
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
    closed_streams: tuple[tuple[StreamId, int, str], ...] = ()
    buckets: tuple[int, ...] = ()
    settlements: tuple[Settlement, ...] = ()
    lost_ack: int = 0
    acked: int = 0
    hub_cursor: str = ""
    holds_rights: tuple[tuple[MemberId, int], ...] = ()
    app_version: str = ""
    schema: int = 1


class MemberRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="member"
):
    """A member as the server's books have it at version ``v``.

    ``balance`` in points; ``earned_window`` points earned in the last 12 months as
    of ``earned_as_of_ms``. ``alias_of`` says that this account is another one's by now.
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
    alias_of: MemberId | None = None
    sheet: MemberSheet = NO_SHEET
    """What the program's rules ask of a member (protocol 3)."""


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

    ``keep`` asks the till to return what it holds above it, to ``keep_for`` where that is
    set and to the server otherwise; None asks nothing. ``lent`` has a total for every
    stream that gave this one rights.
    """

    v: int
    member: MemberId
    granted: int
    keep: int | None = None
    keep_for: StreamId | None = None
    lent: tuple[tuple[StreamId, int], ...] = ()


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
    packet_key: str = ""
    """The server's X25519 key (base64), to which packets that are carried by hand are closed."""
    hub_pin: str = ""
    """SHA-256 (hex) of the certificate of this shop's hub; empty where there is none."""


class TillRow(Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="till"):
    """A till of the merchant, so that others can check what it signed (protocol 2)."""

    v: int
    till: TillId
    name: str = ""
    shop_name: str = ""
    public_key: str = ""
    status: str = "active"


class AttentionRow(
    Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="attention"
):
    """An item of the owner's list (protocol 2); no personal data, ``member`` is an id.

    ``points`` is what it cost or may cost. ``choices`` are what can be done about it;
    ``settled`` is the one that was taken, empty while it is open.
    """

    v: int
    item: str
    kind: str
    at_ms: int = 0
    member: MemberId | None = None
    points: int = 0
    till_name: str = ""
    shop_name: str = ""
    detail: str = ""
    choices: tuple[str, ...] = ()
    settled: str = ""
    settled_ms: int = 0
    settled_by: str = ""
    """The name of the till where it was chosen; empty where the server's command did."""


class PeerRow(Message, frozen=True, kw_only=True, omit_defaults=True, tag_field="type", tag="peer"):
    """Points of a member from the shop's other tills that the server has not heard of yet.

    Only a hub sends it, as an absolute figure; it is shown and never makes spend rights.
    """

    v: int
    member: MemberId
    points: int = 0


Row = MemberRow | CardRow | ProgramRow | RightsRow | MerchantRow | TillRow | AttentionRow | PeerRow
ROW_TYPES_OF_PROTOCOL_1 = frozenset({"member", "card", "program", "rights", "merchant"})
"""An older till cannot read other rows; it is never sent one."""


class Status(StrEnum):
    """How the server took an exchange."""

    OK = "ok"
    GAP = "gap"
    REPORT = "report"
    CLOSED = "closed"
    BUSY = "busy"
    UPGRADE = "upgrade"
    """The events were taken; rows only come to a newer program."""
    HELD = "held"
    """A shop's hub keeps the events; the server has not been reached. Acknowledges nothing."""


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
    settlements_have: tuple[EventId, ...] = ()
    known_hashes: tuple[str, ...] = ()
    held_of_closed: tuple[tuple[StreamId, int], ...] = ()
    """For each of the request's ``closed_streams``: how far the server holds that very journal."""
    buckets: tuple[int, ...] = ()
    """Those of the request's ``buckets`` of which every row is among ``rows``."""
    held: int = 0
    """With HELD: how far the hub holds the journal; ``have_hash`` is the chain's hash there, and
    ``cursor`` the place in the hub's own feed."""
    risk_total: int = 0
    spend_until_ms: int = 0
    """Without another contact the till stops redeeming then; 0 sets no end."""
    stock: tuple[tuple[RewardId, int], ...] = ()
    """For each reward with a stock in all: how many this stream may give away, as a total."""
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
    packet_key: str = ""
    """The till's X25519 key (base64), to which answers that are carried by hand are closed."""
    hub_pin: str = ""
    """Only of a shop's hub: SHA-256 (hex) of the certificate with which it serves tills."""
    programs: tuple[LoyaltyProgram, ...] = ()
    """The versions that the till published while it worked alone: its events name them."""


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
    packet_key: str = ""


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


DIGEST_BUCKETS = 4096


class DigestRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for the sums over all rows, so that a till can find rows of its own that are wrong."""

    stream: StreamId


class DigestReply(Message, frozen=True, kw_only=True, omit_defaults=True):
    """One sum for each bucket, as of version ``v``; the till derives its own and compares."""

    merchant: MerchantId
    epoch: int
    v: int
    sums: tuple[int, ...] = ()


class SnapshotRequest(Message, frozen=True, kw_only=True, omit_defaults=True):
    """Asks for a piece of the file with all members and cards; without a name, which it is.

    The answer to a name is the bytes themselves, at most ``limit`` where that is set.
    """

    stream: StreamId
    name: str = ""
    offset: int = 0
    limit: int = 0


class SnapshotOffer(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The newest such file: rows up to version ``v``; an empty name where there is none.

    ``rows`` is how many there are; ``have`` how many events of the asking stream are in them.
    """

    merchant: MerchantId
    name: str = ""
    size: int = 0
    sha256: str = ""
    epoch: int = 0
    v: int = 0
    cursor: str = ""
    rows: int = 0
    have: int = 0


class Refusal(Message, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every answer that is not 200: a code of the catalog and its facts."""

    code: str
    facts: dict[str, str | int] = {}
