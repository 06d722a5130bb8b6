"""Every kind of event in a till's journal, its bytes and its chain.

An event is one immutable fact. It is written once as bytes (JSON, UTF-8, keys
sorted), and those bytes are stored, chained, sent and forwarded unchanged for
ever; nobody serializes an event a second time. Unknown fields of a newer till
are ignored by readers and kept in the bytes.

No event holds a name, a phone number or another personal field: people can be
erased, the ledger cannot. Personal fields travel beside the journal as profile
changes (:mod:`pos_loyalty.wire.messages`) and are named here by the change's id.

Field conventions: ``v`` schema version of the kind; ``at_ms`` the till's clock in
UTC; ``boot_ms`` its monotonic clock; ``tz_minutes`` the shop's offset from UTC;
points and minor units are integers; ``rights_*`` and ``risk_used`` are the
counters of :mod:`pos_loyalty.domain.spend_rights`.
"""

import hashlib

import msgspec

from pos_loyalty.domain.ids import (
    BatchId,
    CardKey,
    EventId,
    MemberId,
    ProgramVersion,
    StreamId,
    TierId,
)
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.reward import RewardTaken

SCHEMA_VERSION = 1
HASH_LENGTH = 32
EVENT_BYTES_MAX = 64 * 1024
"""A longer event is refused where it is made; the server sets it aside as poison."""

LENT_RIGHTS = "lent"
"""Marks an event that used spend rights which came from another stream, through the hub."""

_CHAIN_DOMAIN = b"lp1"


class EventBase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """What every event has."""

    v: int
    id: EventId
    at_ms: int
    boot_ms: int
    tz_minutes: int
    program: ProgramVersion
    cashier: str = ""
    memo: str = ""


class StampsGiven(msgspec.Struct, frozen=True, kw_only=True):
    """Stamps on one stamp card."""

    card: str
    count: int


class SaleLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One line of a sale as loyalty sees it; ``amount`` is the line's total, ``tax`` in it."""

    amount: int
    sku: str = ""
    category: str = ""
    quantity: int = 1
    unit_price: int = 0
    tax: int = 0


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a sale was paid."""

    kind: str
    amount: int


class Basket(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The purchase: what it cost before rewards, ``tax`` in it, in which currency."""

    total: int
    currency: str
    lines: tuple[SaleLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    receipt_no: str = ""
    tax: int = 0


class SaleRecorded(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="sale"):
    """A sale with its rewards: one event, whose id is the sale id.

    A sale without a card has neither ``member`` nor ``card_key``. A sale on a card
    that the till does not know yet has only ``card_key``. ``found_by`` is how the
    member was found (card, number, phone, name), ``tier`` the one used to compute
    ``earned``. ``redeemed`` is gross: the sum of the rewards' points, of which
    ``rights_used`` came from spend rights and ``risk_used`` from the allowance.
    ``rights_source`` is :data:`LENT_RIGHTS` where it took rights that another stream of
    the shop lent: the server may hear of the lending after this event. ``known`` is what
    the rules used of the member, ``stamps`` what went on stamp cards. Until
    ``pending_until_ms`` the points earned cannot be used; they are then not self-granted.
    """

    sale: Basket
    member: MemberId | None = None
    card_key: CardKey | None = None
    found_by: str = ""
    tier: TierId = TierId("")
    earned: int = 0
    rewards: tuple[RewardTaken, ...] = ()
    redeemed: int = 0
    rights_used: int = 0
    rights_source: str = ""
    risk_used: int = 0
    known: MemberFacts = NO_FACTS
    stamps: tuple[StampsGiven, ...] = ()
    pending_until_ms: int = 0


class SaleReversed(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="reversal"):
    """A sale of this very stream is undone as a whole.

    ``redeemed_returned`` points go back to the member, ``rights_returned`` of them
    as spend rights of this till; ``earned_taken`` points are taken back, of which
    ``rights_used`` were covered by spend rights, with the ``voucher_points_taken`` that a
    voucher on the sale gave. The voucher can be used again.
    """

    sale_id: EventId
    sale_seq: int
    member: MemberId | None = None
    card_key: CardKey | None = None
    earned_taken: int = 0
    redeemed_returned: int = 0
    rights_returned: int = 0
    rights_used: int = 0
    rights_source: str = ""
    voucher_points_taken: int = 0


class MemberEnrolled(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="enrollment"):
    """A person became a member, with a card or without; welcome points are not self-granted."""

    member: MemberId
    card_key: CardKey | None = None
    profile_change: EventId | None = None
    welcome: int = 0
    invited_by: MemberId | None = None


class RightsReturned(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="rights_return"):
    """The till gives spend rights of a member back to the server's pool, or to another stream.

    A shop's hub passes rights between the tills of its shop with ``to_stream``.
    """

    member: MemberId
    points: int
    to_stream: StreamId | None = None
    rights_source: str = ""


class EventRescued(EventBase, frozen=True, kw_only=True, tag="rescue"):
    """An event of an abandoned stream, carried over with its bytes; it holds no rights."""

    original_stream: StreamId
    original_seq: int
    original_hash: str
    original: str


class RefundLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a sale's line comes back; ``line`` counts from 0."""

    line: int
    amount: int
    quantity: int = 0


class SaleRefunded(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="refund"):
    """Goods came back. ``amount`` is what they cost before rewards.

    ``claim`` marks a sale that this till does not know: it states amount and lines, and the
    server computes the points. ``cash`` is what the customer got, ``forgiven`` the points
    that could not be taken back, by the program's choice.
    """

    sale_id: EventId
    member: MemberId | None = None
    card_key: CardKey | None = None
    amount: int
    lines: tuple[RefundLine, ...] = ()
    claim: bool = False
    earned_taken: int = 0
    redeemed_returned: int = 0
    rights_returned: int = 0
    rights_used: int = 0
    rights_source: str = ""
    cash: int = 0
    forgiven: int = 0
    stamps_taken: tuple[StampsGiven, ...] = ()


class PointsAdjusted(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="adjustment"):
    """A manual entry with a reason and a second person; never self-granted."""

    member: MemberId
    points: int
    reason: str
    approved_by: str
    rights_used: int = 0
    rights_source: str = ""


class ActivityRecorded(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="activity"):
    """Points for something else than a purchase; never self-granted."""

    member: MemberId
    activity: str
    points: int
    reference: str = ""
    approved_by: str = ""


class TierGranted(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="tier"):
    """A tier given by a person or bought, until a time; ``price`` in minor units."""

    member: MemberId
    tier: TierId
    until_ms: int
    reason: str = ""
    approved_by: str = ""
    price: int = 0


class SaleMoved(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="move"):
    """A sale's points go from one member, or none, to the right one.

    ``tier`` and ``known`` are the new member's, as a sale stores its own: what the sale earns
    from now on, and what a later refund takes, is computed with them. ``stamps`` are what it
    gives on the new member's stamp cards.
    """

    sale_id: EventId
    sale_seq: int
    to_member: MemberId
    from_member: MemberId | None = None
    earned_taken: int = 0
    earned_given: int = 0
    rights_used: int = 0
    rights_source: str = ""
    approved_by: str = ""
    tier: TierId = TierId("")
    known: MemberFacts = NO_FACTS
    stamps: tuple[StampsGiven, ...] = ()


class VoucherClaimed(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="voucher"):
    """A single-use signed right was used on a sale."""

    voucher: str
    sale_id: EventId
    member: MemberId | None = None
    discount: int = 0
    points: int = 0


class NewCard(msgspec.Struct, frozen=True, kw_only=True):
    """A printed card: its key and its 12-digit number. Never its token."""

    key: CardKey
    number: str


class CardsIssued(EventBase, frozen=True, kw_only=True, tag="cards"):
    """Blank cards of a batch exist from now on; a large batch takes several events."""

    batch: BatchId
    cards: tuple[NewCard, ...]


class CardChanged(EventBase, frozen=True, kw_only=True, omit_defaults=True, tag="card"):
    """A card got a member or another status; ``replaces`` names the card it stands for."""

    card_key: CardKey
    status: str
    member: MemberId | None = None
    replaces: CardKey | None = None


Event = (
    SaleRecorded
    | SaleReversed
    | MemberEnrolled
    | RightsReturned
    | EventRescued
    | SaleRefunded
    | PointsAdjusted
    | ActivityRecorded
    | TierGranted
    | SaleMoved
    | VoucherClaimed
    | CardsIssued
    | CardChanged
)

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)


class UnreadableEvent(ValueError):
    """Bytes that are no event of a known kind; a server stores them and sets them aside."""


def encode_event(event: Event) -> bytes:
    """Write an event's bytes for the first and only time."""
    return _ENCODER.encode(event)


def decode_event(data: bytes) -> Event:
    """Read an event's bytes.

    Raises:
        UnreadableEvent: not JSON, a missing or mistyped field, or an unknown kind.
    """
    try:
        return _DECODER.decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnreadableEvent(str(error)) from error


def first_hash(stream: StreamId, join_nonce: str) -> bytes:
    """Return h0, the hash before a stream's first event."""
    digest = hashlib.sha256(_CHAIN_DOMAIN)
    digest.update(b"|" + stream.encode() + b"|" + join_nonce.encode())
    return digest.digest()


def chain_hash(previous: bytes, data: bytes) -> bytes:
    """Return the hash of an event: its global identity. 32 bytes in, 32 bytes out."""
    assert len(previous) == HASH_LENGTH
    return hashlib.sha256(previous + data).digest()
