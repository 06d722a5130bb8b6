"""What one event does to the books, and the verdict on it.

Every rule is checked before anything changes; an event that is not applied
leaves no trace but its bytes and its verdict. Each kind has its rule in a module
of its own: :mod:`.fold_sale`, :mod:`.fold_refund`, :mod:`.fold_activity`, :mod:`.fold_member`.
"""

from pos_loyalty.domain.event import (
    ActivityRecorded,
    CardChanged,
    CardsIssued,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    RightsReturned,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    TierGranted,
    VoucherClaimed,
)
from pos_loyalty.server.books import Books, EventRow, Fact, StreamState
from pos_loyalty.server.fold_activity import (
    fold_activity,
    fold_adjustment,
    fold_tier,
    fold_voucher,
)
from pos_loyalty.server.fold_member import (
    fold_card_changed,
    fold_cards,
    fold_enrollment,
    fold_rights_return,
)
from pos_loyalty.server.fold_move import fold_move
from pos_loyalty.server.fold_place import Judgement, Place
from pos_loyalty.server.fold_refund import count_waiting, fold_refund
from pos_loyalty.server.fold_sale import fold_reversal, fold_sale
from pos_loyalty.server.reading import Incoming, Reading, read_event
from pos_loyalty.wire.verdicts import Verdict

COUNTED = frozenset(
    {Verdict.APPLIED, Verdict.DIFFERS, Verdict.OVERDRAFT, Verdict.HELD, Verdict.UNKNOWN_CARD}
)
"""Verdicts of events that are in the books."""
_SILENT = frozenset({Verdict.APPLIED, Verdict.HELD, Verdict.DUPLICATE})
"""Verdicts of which the owner is not told."""
CARRIED_OVER = "carried_over"
"""Kind of the item that tells which events a new journal brought along, for each journal one."""


def fold_event(
    books: Books, stream: StreamState, incoming: Incoming, *, set_aside: str = ""
) -> Verdict:
    """Record one event: its effects on the books, its row, its verdict.

    Args:
        books: the loaded part of the books; changed in place.
        stream: the stream that holds it.
        incoming: the event.
        set_aside: why the event must not be applied, where the database refused it.
    """
    place = Place(books, stream, incoming)
    reading = incoming.reading
    refused = Judgement(Verdict.QUARANTINED, set_aside)
    judgement = refused if set_aside else _judge(place)
    event = reading.event if judgement.verdict in COUNTED else None
    books.events.append(
        EventRow(
            stream=stream.stream,
            seq=incoming.seq,
            hash=incoming.hash,
            data=incoming.data,
            verdict=judgement.verdict,
            reason=judgement.reason,
            event=event.id if event else None,
            kind=reading.kind,
            member=judgement.member,
        )
    )
    if event is not None:
        _remember(place, event, judgement)
    if judgement.kind or judgement.verdict not in _SILENT:
        books.notice(
            judgement.kind or judgement.verdict.value,
            stream.stream,
            incoming.seq,
            judgement.reason,
            member=judgement.member,
            points=judgement.points,
        )
    return judgement.verdict


def _remember(place: Place, event: Event, judgement: Judgement) -> None:
    books, stream, incoming = place.books, place.stream, place.incoming
    books.facts[event.id] = Fact(
        event=event.id,
        stream=stream.stream,
        seq=incoming.seq,
        data=incoming.data,
        member=judgement.member,
    )
    for rescue in incoming.reading.rescues:
        books.rescued.add((stream.till, rescue.hash))
        books.new_rescues[rescue.hash] = (stream.stream, incoming.seq)
    if incoming.reading.rescues:
        books.notice(CARRIED_OVER, stream.stream, 0, "")


def _judge(place: Place) -> Judgement:
    reading = place.incoming.reading
    unusable = _judge_rescues(place, reading)
    if unusable is not None:
        return unusable
    event = reading.event
    if event is None:
        return Judgement(reading.verdict or Verdict.QUARANTINED, reading.reason)
    known = place.books.facts.get(event.id)
    if known is not None:
        if read_event(known.data).fact == reading.fact:
            return Judgement(Verdict.DUPLICATE)
        return Judgement(Verdict.QUARANTINED, "this id stands for another event")
    return _apply(place, event)


def _judge_rescues(place: Place, reading: Reading) -> Judgement | None:
    """Judge where a rescued event comes from; close the journal it was taken from."""
    books = place.books
    for rescue in reading.rescues:
        origin = books.streams.get(rescue.stream)
        if origin is not None and origin.till != place.stream.till:
            return Judgement(Verdict.QUARANTINED, "rescued from another till's journal")
        if rescue.stream == place.stream.stream:
            return Judgement(Verdict.QUARANTINED, "rescued from the journal it stands in")
        if origin is not None and not origin.closed:
            origin.closed = True
            books.inbox.closed.add(origin.stream)
            books.dirty_streams.add(origin.stream)
        held = books.hashes.get((rescue.stream, rescue.seq))
        if held is not None and held.hex() == rescue.hash:
            return Judgement(Verdict.DUPLICATE)
        if (place.stream.till, rescue.hash) in books.rescued:
            return Judgement(Verdict.DUPLICATE)
    return None


def _apply(place: Place, event: Event) -> Judgement:
    match event:
        case SaleRecorded():
            judgement = fold_sale(place, event)
            if place.books.keeping.waiting and judgement.verdict in COUNTED:
                count_waiting(place, event, judgement.member)
        case SaleReversed():
            judgement = fold_reversal(place, event)
        case MemberEnrolled():
            judgement = fold_enrollment(place, event)
        case RightsReturned():
            judgement = fold_rights_return(place, event)
        case CardsIssued():
            judgement = fold_cards(place, event)
        case CardChanged():
            judgement = fold_card_changed(place, event)
        case _:
            judgement = _apply_change(place, event)
    return judgement


def _apply_change(place: Place, event: Event) -> Judgement:
    """Apply what changes a sale, or a member's points or tier without one."""
    match event:
        case SaleRefunded():
            judgement = fold_refund(place, event)
        case SaleMoved():
            judgement = fold_move(place, event)
        case PointsAdjusted():
            judgement = fold_adjustment(place, event)
        case ActivityRecorded():
            judgement = fold_activity(place, event)
        case VoucherClaimed():
            judgement = fold_voucher(place, event)
        case TierGranted():
            judgement = fold_tier(place, event)
        case _:
            judgement = Judgement(Verdict.LATER, "no rule for this kind yet")
    return judgement
