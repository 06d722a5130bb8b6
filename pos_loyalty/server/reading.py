"""From bytes to checked events: total, so that no bytes can stop a stream.

What cannot be read, or says what no honest till can say, gets its verdict here
and is never looked at again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.event import (
    EVENT_BYTES_MAX,
    HASH_LENGTH,
    SCHEMA_VERSION,
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    RightsReturned,
    SaleRecorded,
    SaleReversed,
    UnreadableEvent,
    chain_hash,
    decode_event,
)
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, StreamId, is_id
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.verdicts import Verdict

POINTS_MAX = 10**9
"""More points than any sale can earn: what is above is a fault or an attack."""
AMOUNT_MAX = 10**12
AT_MS_MAX = 2**53
RESCUE_DEPTH_MAX = 8
"""A till may have joined again several times before it reached the server."""

_RESCUE_BYTES_MAX = 4 * EVENT_BYTES_MAX
"""An event inside a rescue is a JSON text inside JSON: its quotes take twice the room."""
_NUMBER_LENGTH_MAX = 20
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


def hash_of_hex(text: str) -> bytes | None:
    """Read 32 bytes from their hex form, or None."""
    try:
        data = bytes.fromhex(text)
    except ValueError:
        return None
    return data if len(data) == HASH_LENGTH else None


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
    problem = next(_problems(event), "")
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


def _problems(event: Event) -> Iterator[str]:
    """Name what no honest till can say, one rule after the other."""
    if event.v < 1:
        yield "v is below 1"
    if not is_id(event.id):
        yield "id is not an id"
    if not 0 <= event.at_ms <= AT_MS_MAX:
        yield "at_ms is no time"
    yield from _kind_problems(event)


def _kind_problems(event: Event) -> Iterator[str]:
    match event:
        case SaleRecorded():
            yield from _sale_problems(event)
        case SaleReversed():
            yield from _reversal_problems(event)
        case MemberEnrolled():
            yield from _id_problems(member=event.member, card_key=event.card_key)
            yield from _points_problems(welcome=event.welcome)
        case RightsReturned():
            yield from _id_problems(member=event.member, to_stream=event.to_stream)
            yield from _points_problems(points=event.points)
        case EventRescued():
            yield from _rescue_problems(event)
        case CardsIssued() | CardChanged():
            yield from _card_problems(event)
        case _:
            return


def _sale_problems(event: SaleRecorded) -> Iterator[str]:
    yield from _id_problems(member=event.member, card_key=event.card_key)
    yield from _points_problems(
        earned=event.earned,
        redeemed=event.redeemed,
        rights_used=event.rights_used,
        risk_used=event.risk_used,
    )
    if not 0 <= event.sale.total <= AMOUNT_MAX:
        yield "total is no amount"
    if any(
        not (0 <= reward.points <= POINTS_MAX and 0 <= reward.discount <= AMOUNT_MAX)
        for reward in event.rewards
    ):
        yield "a reward is out of range"
    if event.redeemed and event.member is None:
        yield "a redemption without a member"
    if event.earned and event.member is None and event.card_key is None:
        yield "points for nobody"


def _reversal_problems(event: SaleReversed) -> Iterator[str]:
    yield from _id_problems(member=event.member, card_key=event.card_key, sale_id=event.sale_id)
    yield from _points_problems(
        earned_taken=event.earned_taken,
        redeemed_returned=event.redeemed_returned,
        rights_returned=event.rights_returned,
        rights_used=event.rights_used,
    )
    if event.rights_used > event.earned_taken or event.rights_returned > event.redeemed_returned:
        yield "more rights than points"


def _rescue_problems(event: EventRescued) -> Iterator[str]:
    yield from _id_problems(original_stream=event.original_stream)
    if not 0 < event.original_seq <= AT_MS_MAX:
        yield "original_seq is no place"
    if hash_of_hex(event.original_hash) is None:
        yield "original_hash is no hash"


def _card_problems(event: CardsIssued | CardChanged) -> Iterator[str]:
    if isinstance(event, CardChanged):
        yield from _id_problems(
            card_key=event.card_key, member=event.member, replaces=event.replaces
        )
        if event.status not in frozenset(CardStatus):
            yield "no such card status"
        return
    yield from _id_problems(batch=event.batch)
    for card in event.cards:
        if not is_id(card.key):
            yield "a card key is not an id"
        if len(card.number) > _NUMBER_LENGTH_MAX or not (
            card.number.isascii() and card.number.isdigit()
        ):
            yield "a card number is not a number"


def _id_problems(**ids: str | None) -> Iterator[str]:
    for name, value in ids.items():
        if value is not None and not is_id(value):
            yield f"{name} is not an id"


def _points_problems(**points: int) -> Iterator[str]:
    for name, value in points.items():
        if not 0 <= value <= POINTS_MAX:
            yield f"{name} is out of range"


@dataclass(slots=True)
class Touched:
    """The keys that a group of events can touch, so that they are loaded beforehand."""

    members: set[MemberId]
    cards: set[CardKey]
    facts: set[EventId]
    rescues: set[Rescue]


def touched_by(batches: Sequence[Batch]) -> Touched:
    """Collect what has to be loaded before a group is folded."""
    touched = Touched(set(), set(), set(), set())
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
        case SaleRecorded() | MemberEnrolled():
            _touch_owner(touched, event.member, event.card_key)
        case SaleReversed():
            touched.facts.add(event.sale_id)
            _touch_owner(touched, event.member, event.card_key)
        case RightsReturned():
            touched.members.add(event.member)
        case CardsIssued():
            touched.cards.update(card.key for card in event.cards)
        case CardChanged():
            _touch_owner(touched, event.member, event.card_key)
            if event.replaces is not None:
                touched.cards.add(event.replaces)
        case _:
            return


def _touch_owner(touched: Touched, member: MemberId | None, card_key: CardKey | None) -> None:
    if member is not None:
        touched.members.add(member)
    if card_key is not None:
        touched.cards.add(card_key)
