"""Spend rights that a till used as lent by another, of which no lending was ever heard.

A sale with lent rights may come before the lending, and accuses nobody. But the lending is an
event in another journal and comes sooner or later; where it does not, that journal was lost,
or a till used what nobody lent. Then the owner is told, once.
"""

import asyncio
import logging

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.books import Books, Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.group_write import transact

KIND = "lending_missing"
"""Kind of the item that the owner is told by."""
PATIENCE_MS = 7 * 24 * 60 * 60 * 1000
"""A hub that was switched off over a holiday is no reason to ask anybody."""
LOOK_SECONDS = 60 * 60

_LOG = logging.getLogger(__name__)


def note_missing_lendings(database: Database, merchant: Merchant, *, now_ms: int) -> int:
    """Put what was used and never lent before the owner; return how many items are new."""
    with database.read() as session:
        if not _missing(session, merchant, now_ms):
            return 0

    def work(session: Session) -> int:
        v, epoch = statements.take_version(session, merchant.merchant)
        books = Books(merchant=merchant, v=v, epoch=epoch, now_ms=now_ms)
        missing = _missing(session, merchant, now_ms)
        for member, stream, seq, points in missing:
            books.notice(KIND, stream, seq, "", member=member, points=points)
        statements.save(session, books)
        return len(missing)

    return transact(database, work)


def _missing(
    session: Session, merchant: Merchant, now_ms: int
) -> list[tuple[MemberId, StreamId, int, int]]:
    """Return member, stream, the newest redemption there, and the points that nobody lent."""
    rows = session.fetch(
        "SELECT r.member, r.stream, max(e.seq),"
        " max(r.used + r.returned - r.granted - r.lent - r.earned) FROM rights r"
        " JOIN entry e ON e.merchant = r.merchant AND e.member = r.member"
        " AND e.stream = r.stream AND e.points < 0"
        " WHERE r.merchant = ? AND r.granted + r.lent + r.earned < r.used + r.returned"
        " AND NOT EXISTS (SELECT 1 FROM attention a WHERE a.merchant = r.merchant"
        " AND a.stream = r.stream AND a.member = r.member"
        " AND a.kind IN ('overdraft', 'lending_missing'))"
        " GROUP BY r.member, r.stream HAVING max(e.at_ms) < ? ORDER BY r.member, r.stream",
        merchant.merchant,
        now_ms - PATIENCE_MS,
    )
    return [
        (MemberId(member), StreamId(stream), int(seq), int(points))
        for member, stream, seq, points in rows
    ]


async def keep_looking(database: Database, merchant: Merchant, clock: Clock) -> None:
    """Look once an hour while the server runs."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            await asyncio.to_thread(
                note_missing_lendings, database, merchant, now_ms=clock.now_ms()
            )
        except LoyaltyError as error:
            _LOG.warning("lent rights could not be looked through: %s", error.code)
