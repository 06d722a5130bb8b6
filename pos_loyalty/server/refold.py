"""Events that waited for an update of the server are judged again, each once, in order.

A verdict never changes but from ``later``: the bytes were kept, nothing was counted, and
now there is a rule. Each event gets a version of its own, so that the books can be derived
again in the very order in which they were made; the owner is told of each.
"""

import logging
from dataclasses import dataclass

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server.after_fold import finish_group
from pos_loyalty.server.books import Books, Changed, EventRow, Merchant
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.repository import Database, RowRefused, Session
from pos_loyalty.server.fold import fold_event
from pos_loyalty.server.group_write import load_books, transact
from pos_loyalty.server.inbox_state import Settled, item_id
from pos_loyalty.server.reading import Batch, Incoming, read_event
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.verdicts import Verdict
from pos_loyalty.wire.version import PROTOCOL_NEWEST

_LOG = logging.getLogger(__name__)

JUDGED = "judged"
"""Kind of an item, and what settles the one that said that an event waits."""
BY_UPDATE = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An event that waited, and its verdict now."""

    stream: StreamId
    seq: int
    kind: str
    verdict: Verdict


def refold(database: Database, *, clock: Clock) -> list[Judged]:
    """Judge every event for which there is a rule by now; returns which those were."""
    merchant = read_merchant(database)
    with database.read() as session:
        waiting = session.fetch(
            "SELECT event.stream, event.seq, event.hash, event.data FROM attention AS item"
            " JOIN event ON event.merchant = item.merchant AND event.stream = item.stream"
            " AND event.seq = item.seq"
            " WHERE item.merchant = ? AND item.kind = ? AND item.settled <> ? AND event.verdict = ?"
            " ORDER BY event.v, event.stream, event.seq",
            merchant.merchant,
            Verdict.LATER.value,
            JUDGED,
            Verdict.LATER.value,
        )
    judged: list[Judged] = []
    for stream, seq, chain, data in waiting:
        reading = read_event(bytes(data))
        if reading.verdict is Verdict.LATER:
            continue
        incoming = Incoming(int(seq), bytes(data), bytes(chain), reading)
        try:
            found = _judge(database, merchant, StreamId(stream), incoming, clock=clock)
        except RowRefused as error:
            # It goes on waiting with its bytes; the others must not wait for it.
            _LOG.warning("event %s of %s waits on: %s", seq, stream, error)
            continue
        judged += [] if found is None else [found]
    return judged


def _judge(
    database: Database, merchant: Merchant, stream: StreamId, incoming: Incoming, *, clock: Clock
) -> Judged | None:
    """Judge one event in its own transaction; None where somebody was faster."""

    def work(session: Session) -> Judged | None:
        batch = _as_batch(stream, incoming)
        books = load_books(session, merchant, [batch], now_ms=clock.now_ms())
        # Only now: whoever has the version is alone, and another server may have judged it.
        if not _still_waits(session, merchant, stream, incoming.seq):
            return None
        state = books.streams[stream]
        verdict = fold_event(books, state, incoming)
        if verdict is Verdict.LATER:
            return None
        row = books.events.pop()
        _tell(session, books, row)
        finish_group(session, books)
        statements.save(session, books)
        _save_verdict(session, books, row)
        return Judged(stream=stream, seq=row.seq, kind=row.kind, verdict=row.verdict)

    return transact(database, work)


def _as_batch(stream: StreamId, incoming: Incoming) -> Batch:
    """Return the event as a request would bring it, so that all it touches is loaded."""
    request = SyncRequest(
        req="",
        proto=PROTOCOL_NEWEST,
        stream=stream,
        from_seq=incoming.seq + 1,
        prev_hash="",
        top=incoming.seq,
        epoch=0,
        now_ms=0,
    )
    return Batch(request=request, prev_hash=incoming.hash, incoming=(incoming,))


def _still_waits(session: Session, merchant: Merchant, stream: StreamId, seq: int) -> bool:
    rows = session.fetch(
        "SELECT verdict FROM event WHERE merchant = ? AND stream = ? AND seq = ?",
        merchant.merchant,
        stream,
        seq,
    )
    return rows == [(Verdict.LATER.value,)]


def _tell(session: Session, books: Books, row: EventRow) -> None:
    """Tell what became of the event; the item that said that it waits is settled by that."""
    points = sum(abs(entry.points) for entry in books.entries)
    books.notice(
        JUDGED,
        row.stream,
        row.seq,
        f"verdict={row.verdict.value}",
        member=row.member,
        points=points,
    )
    waits = item_id(Verdict.LATER.value, row.stream, row.seq)
    items = inbox_statements.load_items(session, books.merchant.merchant, [waits])
    for item in items.values():
        if not item.settled:
            books.inbox.settled[item.id] = Settled(
                item=item, choice=JUDGED, settlement="", who=BY_UPDATE
            )
            books.changed.add(Changed("attention", "", item.id))


def _save_verdict(session: Session, books: Books, row: EventRow) -> None:
    session.execute(
        "UPDATE event SET verdict = ?, reason = ?, event = ?, kind = ?, member = ?, v = ?"
        " WHERE merchant = ? AND stream = ? AND seq = ?",
        row.verdict.value,
        row.reason,
        row.event,
        row.kind,
        row.member,
        books.v,
        books.merchant.merchant,
        row.stream,
        row.seq,
    )
