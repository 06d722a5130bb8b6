"""Folds what counts of the past again, page by page, without holding anybody up.

Whatever a snapshot shows stays at its place in the order for good: versions are taken and seen
one after the other. So the pages of one fold may come from snapshots of several moments, and it
can go on later where it stood, as in the transaction that publishes a program.

What is held in memory grows with members, cards and with the sales to which something happened;
of events only a page is there. Unlike a verification (:mod:`.fold_again`) it believes what is
stored about which events count.
"""

import dataclasses
import sys
from collections import deque
from collections.abc import Iterator, Sequence

from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import EventId, MemberId, MerchantId, StreamId
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.server.books import Books, Fact, Merchant
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.keeping_statements import decode_sale, encode_sale
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.fold import fold_event
from pos_loyalty.server.fold_again import decide_again, forget_writes
from pos_loyalty.server.inbox_state import MERGED, UNMERGED
from pos_loyalty.server.keeping_load import sales_on_receipt
from pos_loyalty.server.reading import Batch, Incoming, Touched, read_event, touched_by
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST

PAGE = 2_000
_Place = tuple[int, str, int]


class PastFold:
    """Books that come out of the events and decisions of a merchant, from the first on.

    ``books`` is how they stand after what was folded so far, ``events`` how many were looked at.
    """

    def __init__(self, merchant: Merchant) -> None:
        self.books = Books(merchant=merchant, v=0, epoch=0, now_ms=0)
        self.events = 0
        self._sales: dict[EventId, bytes] = {}
        self._place: _Place = (0, "", 0)
        self._decided_v = 0

    def books_for(self, merchant: Merchant) -> Books:
        """Return the books as they stand, for versions of the program that hold from now on."""
        return dataclasses.replace(
            self.books, merchant=merchant, _needs=None, _program=None, _reward_cost=None
        )

    def sale_pages(self) -> Iterator[list[tuple[EventId, str]]]:
        """Yield what became of sales, as it is stored, in the order of their ids."""
        sales = sorted(self._sales)
        for start in range(0, len(sales), PAGE):
            yield [(sale, self._sales[sale].decode()) for sale in sales[start : start + PAGE]]

    def fold_page(self, session: Session, *, before_v: int | None = None) -> bool:
        """Fold the next page; return whether it was the last one that the session shows.

        ``before_v`` is the version that the session itself has taken and not yet committed.
        """
        rows = self._rows(session)
        is_last = len(rows) < PAGE
        merchant = self.books.merchant.merchant
        # A decision comes after the events of its version: they may go on on the next page.
        until_v = _end_of(session, merchant, before_v) if is_last else int(rows[-1][0])
        decisions = deque(
            inbox_statements.decisions(session, merchant, from_v=self._decided_v, until_v=until_v)
        )
        counted = [row for row in rows if row[5] is not None]
        incoming = [
            Incoming(int(row[2]), bytes(row[4]), bytes(row[3]), read_event(bytes(row[4])))
            for row in counted
        ]
        self._load(session, counted, incoming, decisions)
        self._fold(counted, incoming, decisions)
        self._forget()
        self.events += len(rows)
        self._decided_v = until_v
        if rows:
            self._place = (int(rows[-1][0]), str(rows[-1][1]), int(rows[-1][2]))
        return is_last

    def _rows(self, session: Session) -> Sequence[Found]:
        return session.fetch(
            "SELECT v, stream, seq, hash, data, event, recorded_ms FROM event"
            " WHERE merchant = ? AND (v, stream, seq) > (?, ?, ?) ORDER BY v, stream, seq LIMIT ?",
            self.books.merchant.merchant,
            *self._place,
            PAGE,
        )

    def _fold(
        self, rows: Sequence[Found], incoming: Sequence[Incoming], decisions: deque[Found]
    ) -> None:
        books = self.books
        for row, each in zip(rows, incoming, strict=True):
            v, stream, recorded_ms = int(row[0]), StreamId(row[1]), int(row[6])
            while decisions and int(decisions[0][0]) < v:
                decide_again(books, decisions.popleft())
            books.begin_version(v, now_ms=recorded_ms)
            fold_event(books, books.streams[stream], each)
        for decision in decisions:
            decide_again(books, decision)

    def _load(
        self,
        session: Session,
        rows: Sequence[Found],
        incoming: Sequence[Incoming],
        decisions: Sequence[Found],
    ) -> None:
        """Load the journals of a page, and the events before it that those of the page name."""
        books = self.books
        merchant = books.merchant.merchant
        unknown = {StreamId(row[1]) for row in rows} - books.streams.keys()
        books.streams.update(statements.load_streams(session, merchant, unknown))
        touched = touched_by([_as_batch(incoming)])
        named = touched.sales | self._on_receipts(session, touched, decisions)
        named |= self._waiting_for(incoming)
        books.facts = self._facts_before(session, named)
        for sale in named | touched.facts:
            state = self._sales.get(sale)
            if state is not None:
                books.keeping.sales[sale] = decode_sale(state)

    def _on_receipts(
        self, session: Session, touched: Touched, decisions: Sequence[Found]
    ) -> set[EventId]:
        """Return the sales that receipts name by the ends of their ids.

        The fold itself sees whose they are; here it must only not miss one, whoever is merged
        on this page.
        """
        books, merchant = self.books, self.books.merchant.merchant
        merged = {
            state.member
            for _, kind, subject, decided, _ in decisions
            if kind in {MERGED, UNMERGED}
            for member in (subject, decided)
            for state in books.class_of(MemberId(member))
        }
        found: set[EventId] = set()
        for name, member in touched.short_names:
            everyone = merged | {state.member for state in books.class_of(member)}
            found |= sales_on_receipt(session, merchant, name, everyone)
        return found

    def _waiting_for(self, incoming: Sequence[Incoming]) -> set[EventId]:
        """Return the refunds that wait for a sale of this page."""
        waiting = self.books.keeping.waiting
        if not waiting:
            return set()
        sales = [each.reading.event for each in incoming]
        return {
            one.event
            for sale in sales
            if isinstance(sale, SaleRecorded)
            for name in (sale.id, EventId(sale.id[-SHORT_LETTERS:]))
            for one in waiting.get(name, ())
        }

    def _facts_before(self, session: Session, named: set[EventId]) -> dict[EventId, Fact]:
        """Return those of these events that were folded before this page."""
        rows = session.fetch_among(
            "SELECT event, stream, seq, data, member, v FROM event{by_event}"
            " WHERE merchant = ? AND event IS NOT NULL AND event {among}",
            self.books.merchant.merchant,
            sorted(named),
        )
        return {
            EventId(event): Fact(
                event=EventId(event),
                stream=StreamId(stream),
                seq=int(seq),
                data=bytes(data),
                member=MemberId(member) if member else None,
            )
            for event, stream, seq, data, member, v in rows
            if (int(v), str(stream), int(seq)) <= self._place
        }

    def _forget(self) -> None:
        """Drop what only a verification or the database would want of this page."""
        books, keeping = self.books, self.books.keeping
        self._sales.update((sale, encode_sale(keeping.sales[sale])) for sale in keeping.dirty_sales)
        for member in books.dirty_members:
            kept = books.members[member].kept
            if kept is not None:
                # Everybody has the same few names of months: each is held once.
                kept.tally = {sys.intern(name): count for name, count in kept.tally.items()}
        forget_writes(books)
        books.facts = {}
        # Spend rights decide a verdict, which stands; what is kept of members asks for none.
        books.rights.clear()
        for written in (
            books.changed,
            books.dirty_streams,
            books.dirty_rights,
            books.dirty_cards,
            books.dirty_members,
            books.placement_due,
            books.new_reversals,
            books.new_rescues,
            books.inbox.settled,
            keeping.sales,
            keeping.dirty_sales,
            keeping.dirty_shares,
            keeping.new_claims,
            keeping.freed,
        ):
            written.clear()


def count_events(session: Session, merchant: MerchantId) -> int:
    """Return how many events there are to fold."""
    return int(session.fetch("SELECT count(*) FROM event WHERE merchant = ?", merchant)[0][0])


def _end_of(session: Session, merchant: MerchantId, before_v: int | None) -> int:
    """Return the first version that nobody has committed yet."""
    return statements.current_version(session, merchant)[0] + 1 if before_v is None else before_v


def _as_batch(incoming: Sequence[Incoming]) -> Batch:
    """Return events as a request would bring them, so that all they touch is found."""
    request = SyncRequest(
        req="",
        proto=PROTOCOL_NEWEST,
        stream=StreamId(""),
        from_seq=1,
        prev_hash="",
        top=0,
        epoch=0,
        now_ms=0,
    )
    return Batch(request=request, prev_hash=b"", incoming=tuple(incoming))
