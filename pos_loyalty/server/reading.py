"""From bytes to checked events: total, so that no bytes can stop a stream.

What cannot be read, or says what no honest till can say, gets its verdict here
and is never looked at again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.event import (
    EVENT_BYTES_MAX,
    SCHEMA_VERSION,
    ActivityRecorded,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    PointsAdjusted,
    RightsReturned,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    TierGranted,
    UnreadableEvent,
    VoucherClaimed,
    chain_hash,
    decode_event,
)
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, StreamId, is_id
from pos_loyalty.server.event_problems import is_short_name, problems_of
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.verdicts import Verdict

RESCUE_DEPTH_MAX = 8
"""A till may have joined again several times before it reached the server."""

_RESCUE_BYTES_MAX = 4 * EVENT_BYTES_MAX
"""An event inside a rescue is a JSON text inside JSON: its quotes take twice the room."""
_TEXT_MAX = 200


class Rescue(msgspec.Struct, frozen=True):
    """Where a rescued event stood in the journal that was abandoned."""

    stream: StreamId
    seq: int
    hash: str


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What the bytes of an event say.

    ``event`` is the fact itself, taken out of its rescues; ``verdict`` is set where
    it cannot be applied whatever the books say.
    """

    event: Event | None = None
    fact: bytes = b""
    rescues: tuple[Rescue, ...] = ()
    verdict: Verdict | None = None
    reason: str = ""
    kind: str = ""


class Incoming(msgspec.Struct, frozen=True):
    """One event of a request with its place and its hash."""

    seq: int
    data: bytes
    hash: bytes
    reading: Reading


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A request made ready for the books: events read, hashes computed."""

    request: SyncRequest
    prev_hash: bytes
    incoming: tuple[Incoming, ...]

    @property
    def stream(self) -> StreamId:
        """The stream that asks."""
        return self.request.stream

    @property
    def last_hash(self) -> bytes:
        """The hash after the batch, as its own bytes and ``prev_hash`` give it."""
        return self.incoming[-1].hash if self.incoming else self.prev_hash


Change = (
    SaleReversed
    | SaleRefunded
    | SaleMoved
    | VoucherClaimed
    | PointsAdjusted
    | ActivityRecorded
    | TierGranted
)
"""Events that change what others did, or a member's points without a sale."""


class _Kind(msgspec.Struct):
    kind: str = ""
    v: int = 0


_KIND_DECODER = msgspec.json.Decoder(_Kind)
_KNOWN_KINDS = frozenset(
    {
        "sale",
        "reversal",
        "enrollment",
        "rights_return",
        "rescue",
        "refund",
        "adjustment",
        "activity",
        "tier",
        "move",
        "voucher",
        "cards",
        "card",
    }
)
"""Kinds this server has rules for. Others are stored and judged after an update."""


def prepare(request: SyncRequest, prev_hash: bytes) -> Batch:
    """Read the events of a request and compute their chain."""
    chain = prev_hash
    incoming: list[Incoming] = []
    for offset, raw in enumerate(request.events):
        data = bytes(raw)
        chain = chain_hash(chain, data)
        incoming.append(Incoming(request.from_seq + offset, data, chain, read_event(data)))
    return Batch(request=request, prev_hash=prev_hash, incoming=tuple(incoming))


def read_event(data: bytes) -> Reading:
    """Read and check one event's bytes; never raises."""
    rescues: list[Rescue] = []
    fact = data
    for _ in range(RESCUE_DEPTH_MAX):
        if len(fact) > _RESCUE_BYTES_MAX:
            return _set_aside(fact, rescues, "longer than an event may be")
        reading = _read_fact(fact, tuple(rescues))
        event = reading.event
        if not isinstance(event, EventRescued):
            return reading
        rescues.append(Rescue(event.original_stream, event.original_seq, event.original_hash))
        fact = event.original.encode("utf-8", "replace")
    return _set_aside(fact, rescues, "rescued too often")


def _read_fact(fact: bytes, rescues: tuple[Rescue, ...]) -> Reading:
    try:
        event = decode_event(fact)
    except UnreadableEvent as error:
        return _unreadable(fact, rescues, str(error))
    kind = str(event.__struct_config__.tag)
    if event.v > SCHEMA_VERSION or kind not in _KNOWN_KINDS:
        return Reading(fact=fact, rescues=rescues, verdict=Verdict.LATER, reason="newer", kind=kind)
    if len(fact) > EVENT_BYTES_MAX and not isinstance(event, EventRescued):
        return _set_aside(fact, rescues, "longer than an event may be")
    problem = next(problems_of(event), "")
    if problem:
        return _set_aside(fact, rescues, problem, kind=kind)
    return Reading(event=event, fact=fact, rescues=rescues, kind=kind)


def _unreadable(fact: bytes, rescues: tuple[Rescue, ...], reason: str) -> Reading:
    try:
        head = _KIND_DECODER.decode(fact)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _set_aside(fact, rescues, reason)
    is_newer = head.v > SCHEMA_VERSION or (head.kind and head.kind not in _KNOWN_KINDS)
    if not is_newer:
        return _set_aside(fact, rescues, reason)
    return Reading(fact=fact, rescues=rescues, verdict=Verdict.LATER, reason=reason[:_TEXT_MAX])


def _set_aside(fact: bytes, rescues: Sequence[Rescue], reason: str, *, kind: str = "") -> Reading:
    return Reading(
        fact=fact,
        rescues=tuple(rescues),
        verdict=Verdict.QUARANTINED,
        reason=printable(reason),
        kind=kind,
    )


def printable(text: str, *, length_max: int = _TEXT_MAX) -> str:
    """Return a text that any database and any terminal can hold."""
    clean = text.encode("utf-8", "replace").decode("utf-8", "replace").replace("\x00", "")
    return clean[:length_max]


@dataclass(slots=True)
class Touched:
    """The keys that a group of events can touch, so that they are loaded beforehand."""

    members: set[MemberId]
    cards: set[CardKey]
    facts: set[EventId]
    rescues: set[Rescue]
    sales: set[EventId]
    """Sales that are refunded, moved or undone: what became of them before is loaded, too."""
    short_names: set[tuple[str, MemberId]]
    """Sales that a receipt names by the end of their ids, with the member."""
    vouchers: set[str]
    whole: set[MemberId]
    """Members of whom every account of the same person counts."""


def touched_by(batches: Sequence[Batch]) -> Touched:
    """Collect what has to be loaded before a group is folded."""
    touched = Touched(set(), set(), set(), set(), set(), set(), set(), set())
    for batch in batches:
        touched.members.update(member for member, _ in batch.request.want_rights if is_id(member))
        touched.members.update(change.member for change in batch.request.profiles)
        if batch.request.granted_seen:
            touched.members.update(member for member, _ in batch.request.granted_seen)
        for incoming in batch.incoming:
            _touch(touched, incoming.reading)
    return touched


def _touch(touched: Touched, reading: Reading) -> None:
    event = reading.event
    if event is None:
        return
    touched.rescues.update(reading.rescues)
    touched.facts.add(event.id)
    match event:
        case SaleRecorded():
            _touch_owner(touched, event.member, event.card_key)
        case MemberEnrolled():
            _touch_owner(touched, event.member, event.card_key)
            _touch_owner(touched, event.invited_by, None)
        case RightsReturned():
            touched.members.add(event.member)
        case CardsIssued() | CardChanged():
            _touch_cards(touched, event)
        case EventRescued():
            return
        case _:
            _touch_change(touched, event)


def _touch_cards(touched: Touched, event: CardsIssued | CardChanged) -> None:
    if isinstance(event, CardsIssued):
        touched.cards.update(card.key for card in event.cards)
        return
    _touch_owner(touched, event.member, event.card_key)
    if event.replaces is not None:
        touched.cards.add(event.replaces)


def _touch_change(touched: Touched, event: Change) -> None:
    """Collect for what changes a sale, or a member's points without one."""
    match event:
        case SaleReversed() | SaleRefunded():
            if is_short_name(event.sale_id) and event.member is not None:
                touched.short_names.add((event.sale_id, event.member))
            else:
                touched.sales.add(event.sale_id)
            _touch_owner(touched, event.member, event.card_key)
        case SaleMoved():
            touched.sales.add(event.sale_id)
            _touch_owner(touched, event.from_member, None)
            _touch_owner(touched, event.to_member, None)
        case VoucherClaimed():
            touched.sales.add(event.sale_id)
            touched.vouchers.add(event.voucher)
            _touch_owner(touched, event.member, None)
        case _:
            touched.members.add(event.member)
            touched.whole.add(event.member)


def _touch_owner(touched: Touched, member: MemberId | None, card_key: CardKey | None) -> None:
    if member is not None:
        touched.members.add(member)
    if card_key is not None:
        touched.cards.add(card_key)
