"""A member's newest entries from all tills; for showing, never for counting."""

from pos_loyalty.domain.ids import EventId, StreamId, is_id
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.member_rows import class_of
from pos_loyalty.wire.messages import HistoryEntry, HistoryReply, HistoryRequest

PATH = "/sync/v1/history"
LIMIT_MAX = 500
_ENTRIES = (
    "SELECT entry.event, entry.stream, entry.seq, entry.position, entry.at_ms, entry.kind,"
    " entry.points, coalesce(till.name, '') FROM entry"
    " LEFT JOIN stream ON stream.merchant = entry.merchant AND stream.stream = entry.stream"
    " LEFT JOIN till ON till.merchant = stream.merchant AND till.till = stream.till"
    " WHERE entry.merchant = ? AND entry.member {among}"
    " ORDER BY entry.v DESC, entry.stream DESC, entry.seq DESC, entry.position DESC"
)


def read_history(session: Session, merchant: Merchant, request: HistoryRequest) -> HistoryReply:
    """Return the newest entries with the balance after each, newest last."""
    key = merchant.merchant
    if not is_id(request.member):
        return HistoryReply(merchant=key)
    states = class_of(session, key, request.member)
    limit = min(max(1, request.limit), LIMIT_MAX)
    rows = session.fetch_among(
        f"{_ENTRIES} LIMIT {limit}",
        key,
        [state.member for state in states],
    )
    balance = sum(state.balance for state in states)
    entries: list[HistoryEntry] = []
    for event, stream, seq, position, at_ms, kind, points, till_name in rows:
        entries.append(
            HistoryEntry(
                event=EventId(event),
                stream=StreamId(stream),
                seq=seq,
                position=position,
                at_ms=at_ms,
                kind=kind,
                points=points,
                balance=balance,
                till_name=till_name,
            )
        )
        balance -= points
    return HistoryReply(merchant=key, entries=tuple(reversed(entries)))
