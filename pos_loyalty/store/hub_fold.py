"""What a held event tells the other tills of the shop, and the rights that it hands to the hub."""

import msgspec

from pos_loyalty.domain.event import (
    CardChanged,
    CardsIssued,
    Event,
    EventRescued,
    MemberEnrolled,
    RightsReturned,
    UnreadableEvent,
    decode_event,
)
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.store.hub_feed import mark
from pos_loyalty.store.row_writer import write_lent
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.wire.messages import CardRow, MemberRow

_RESCUES_MAX = 8


def fold_held(work: UnitOfWork, stream: StreamId, seq: int, data: bytes) -> None:
    """Note what an event does that the other tills should see, and rights for the hub."""
    event = _fact(work, data)
    if event is None:
        return
    for newcomer in _newcomers(event):
        is_member = isinstance(newcomer, MemberRow)
        key = newcomer.member if isinstance(newcomer, MemberRow) else newcomer.card_key
        work.connection.execute(
            "INSERT INTO hub_newcomer(id, stream, seq, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT(id) DO UPDATE SET stream = excluded.stream, seq = excluded.seq,"
            " body = excluded.body",
            (key, stream, seq, msgspec.json.encode(newcomer)),
        )
        mark(work, "member" if is_member else "card", key)
    for member, change in sorted(_points(event).items()):
        work.connection.execute(
            "INSERT INTO hub_entry(stream, seq, member, points) VALUES (?, ?, ?, ?)",
            (stream, seq, member, change),
        )
        mark(work, "peer", member)
    credit(work, stream, data)


def _fact(work: UnitOfWork, data: bytes) -> Event | None:
    """Return an event, out of its rescues; None where this program cannot read it.

    A journal from which events were rescued is over: what is kept of it counts no longer.
    """
    for _ in range(_RESCUES_MAX):
        try:
            event = decode_event(data)
        except UnreadableEvent:
            return None
        if not isinstance(event, EventRescued):
            return event
        work.connection.execute(
            "UPDATE hub_stream SET is_closed = 1 WHERE stream = ?", (event.original_stream,)
        )
        data = event.original.encode()
    return None


def _points(event: Event) -> dict[MemberId, int]:
    points: dict[MemberId, int] = {}
    for entry in entries_of(event):
        if entry.member is not None:
            points[entry.member] = points.get(entry.member, 0) + entry.points
    return points


def _newcomers(event: Event) -> list[MemberRow | CardRow]:
    """Return who and what is new by an event, in the server's words but without a version."""
    match event:
        case MemberEnrolled():
            rows: list[MemberRow | CardRow] = [
                MemberRow(v=0, member=event.member, enrolled_ms=event.at_ms)
            ]
            if event.card_key is not None:
                rows.append(
                    CardRow(v=0, card_key=event.card_key, member=event.member, status="active")
                )
            return rows
        case CardsIssued():
            return [
                CardRow(v=0, card_key=card.key, number=card.number, batch=event.batch)
                for card in event.cards
            ]
        case CardChanged():
            row = CardRow(v=0, card_key=event.card_key, member=event.member, status=event.status)
            return [row]
        case _:
            return []


def credit(work: UnitOfWork, stream: StreamId, data: bytes) -> None:
    """Take rights that a till handed to the hub, once, as a total that only grows.

    A rescued event gives nothing: its rights stayed with the journal that it stood in.
    """
    if not may_hand_rights(data):
        return
    try:
        event = decode_event(data)
    except UnreadableEvent:
        return
    own = work.journal.stream().stream
    if not isinstance(event, RightsReturned) or event.to_stream != own or event.points <= 0:
        return
    place = (event.member, stream, own)
    work.connection.execute(
        "INSERT INTO hub_returned(member, stream, receiver, points) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(member, stream, receiver) DO UPDATE SET points = points + excluded.points",
        (*place, event.points),
    )
    total = work.connection.execute(
        "SELECT points FROM hub_returned WHERE member = ? AND stream = ? AND receiver = ?", place
    ).fetchone()
    write_lent(work, event.member, [(stream, int(total[0]))])


def may_hand_rights(data: bytes) -> bool:
    """Tell quickly whether an event may hand rights to another stream."""
    return b'"to_stream"' in data
