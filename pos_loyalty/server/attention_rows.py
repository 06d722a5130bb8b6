"""Items of the owner's list as tills and the server's command show them."""

from collections.abc import Mapping, Sequence

import msgspec

from pos_loyalty.domain.attention_catalog import choices_of, till_choices_of
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.fold import CARRIED_OVER
from pos_loyalty.server.inbox_state import item_id, item_place
from pos_loyalty.server.reading import read_event
from pos_loyalty.wire.messages import AttentionRow

_COLUMNS = (
    "SELECT item.kind, item.stream, item.seq, item.detail, item.recorded_ms, item.member,"
    " item.points, item.settled, item.settled_ms, till.name, shop.name, chooser.name"
    " FROM attention AS item"
    " LEFT JOIN stream ON stream.merchant = item.merchant AND stream.stream = item.stream"
    " LEFT JOIN till ON till.merchant = item.merchant AND till.till = stream.till"
    " LEFT JOIN shop ON shop.merchant = item.merchant AND shop.shop = till.shop"
    " LEFT JOIN till AS chooser ON chooser.merchant = item.merchant"
    " AND chooser.till = item.settled_by"
    " WHERE item.merchant = ?"
)


def attention_rows(
    session: Session, merchant: MerchantId, versions: Mapping[str, int]
) -> Sequence[AttentionRow]:
    """Return these items at these versions of the feed."""
    places = [item_place(item) for item in versions]
    streams = sorted({place[1] for place in places if place is not None})
    rows = session.fetch_among(f"{_COLUMNS} AND item.stream {{among}}", merchant, streams)
    found = [_row(session, merchant, row) for row in rows if _id(row) in versions]
    return [
        msgspec.structs.replace(row, v=versions[row.item], choices=till_choices_of(row.kind))
        for row in found
    ]


def all_items(
    session: Session, merchant: MerchantId, *, only_open: bool, limit: int
) -> Sequence[AttentionRow]:
    """Return the items of the list, newest first."""
    which = " AND item.settled = ''" if only_open else ""
    rows = session.fetch(f"{_COLUMNS}{which}", merchant)
    # Times only label: they order what a person reads, and nothing is paged by them.
    rows.sort(key=lambda row: (-int(row[4]), row[0], row[1], int(row[2])))
    return [_row(session, merchant, row) for row in rows[:limit]]


def _id(row: Found) -> str:
    return item_id(row[0], row[1], int(row[2]))


def _row(session: Session, merchant: MerchantId, row: Found) -> AttentionRow:
    kind, stream, _, detail, recorded_ms, member, points = row[:7]
    settled, settled_ms, till_name, shop_name, settled_by = row[7:]
    if kind == CARRIED_OVER:
        detail, points = _carried_over(session, merchant, stream)
    return AttentionRow(
        v=0,
        item=_id(row),
        kind=kind,
        at_ms=int(recorded_ms),
        member=MemberId(member) if member else None,
        points=int(points),
        till_name=till_name or "",
        shop_name=shop_name or "",
        detail=detail,
        choices=choices_of(kind),
        settled=settled,
        settled_ms=int(settled_ms),
        settled_by=settled_by or "",
    )


def _carried_over(session: Session, merchant: MerchantId, stream: str) -> tuple[str, int]:
    """Count what a journal brought along of earlier ones, as of now."""
    rows = session.fetch(
        "SELECT DISTINCT event.seq, event.data FROM rescued_event AS rescued"
        " JOIN event ON event.merchant = rescued.merchant AND event.stream = rescued.stream"
        " AND event.seq = rescued.seq WHERE rescued.merchant = ? AND rescued.stream = ?",
        merchant,
        stream,
    )
    readings = [read_event(bytes(data)) for _, data in rows]
    points = sum(
        abs(entry.points)
        for reading in readings
        if reading.event is not None
        for entry in entries_of(reading.event)
    )
    places = sorted(rescue.seq for reading in readings for rescue in reading.rescues[-1:])
    if not places:
        return "events=0", 0
    return f"events={len(rows)} first={places[0]} last={places[-1]}", points
