"""Points that a closed journal may still spend: told to the owner, freed by one choice."""

from collections.abc import Iterable

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.inbox_state import item_id

RIGHTS_LEFT = "rights_left"
"""Kind of an item: a journal was closed while points were reserved for it."""


def tell_left(
    session: Session, merchant: MerchantId, streams: Iterable[StreamId], *, v: int, now_ms: int
) -> None:
    """Put what is reserved for journals that were just closed on the owner's list."""
    for stream in sorted(streams):
        rights, allowance = reserved_for(session, merchant, stream)
        if rights + allowance <= 0:
            continue
        detail = f"rights={rights} allowance={allowance}"
        row = (merchant, RIGHTS_LEFT, stream, 0, detail, now_ms, None, rights + allowance)
        session.put(tables.NOTICE, [row])
        item = item_id(RIGHTS_LEFT, stream, 0)
        session.put(tables.CHANGE, [(merchant, "attention", item, "", v)])


def reserved_for(session: Session, merchant: MerchantId, stream: StreamId) -> tuple[int, int]:
    """Return the points of rights and of allowance that a journal may still spend."""
    rights = session.fetch(
        "SELECT coalesce(sum(granted + lent + earned - used - returned), 0) FROM rights"
        " WHERE merchant = ? AND stream = ? AND granted + lent + earned > used + returned",
        merchant,
        stream,
    )
    risk = session.fetch(
        "SELECT risk_granted - risk_used FROM stream WHERE merchant = ? AND stream = ?",
        merchant,
        stream,
    )
    return int(rights[0][0]), max(0, int(risk[0][0])) if risk else 0
