"""Folds all stored events and decisions again, in the order in which they were made."""

from collections.abc import Callable, Iterator

from pos_loyalty.domain.ids import CardKey, MemberId, MerchantId, StreamId
from pos_loyalty.server import deeds
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.fold import fold_event
from pos_loyalty.server.group_write import SET_ASIDE_REASON
from pos_loyalty.server.inbox_state import CARD_GIVEN, MERGED, UNMERGED
from pos_loyalty.server.reading import Incoming, read_event
from pos_loyalty.wire.verdicts import Verdict

_PAGE = 2_000

Judged = Callable[[StreamId, int, Verdict, Verdict], None]
"""Told stream, seq, the verdict that is stored and the one that the fold gives now."""


def fold_again(session: Session, books: Books, judged: Judged | None = None) -> int:
    """Fold everything into empty books, which then hold the state; return how many events."""
    _begin_streams(session, books)
    decisions = list(inbox_statements.decisions(session, books.merchant.merchant))
    count = 0
    for row in _events_in_order(session, books.merchant.merchant):
        v, stream, seq, chain, data, verdict, reason, recorded_ms = row
        while decisions and int(decisions[0][0]) < v:
            decide_again(books, decisions.pop(0))
        books.begin_version(v, now_ms=recorded_ms)
        incoming = Incoming(seq, bytes(data), bytes(chain), read_event(bytes(data)))
        refused = reason if str(reason).startswith(SET_ASIDE_REASON) else ""
        state = books.streams[StreamId(stream)]
        again = fold_event(books, state, incoming, set_aside=refused)
        books.hashes[state.stream, seq] = incoming.hash
        state.last, state.last_hash = seq, incoming.hash
        if judged is not None:
            judged(state.stream, seq, Verdict(verdict), again)
        count += 1
        forget_writes(books)
    for decision in decisions:
        decide_again(books, decision)
        forget_writes(books)
    return count


def _begin_streams(session: Session, books: Books) -> None:
    key = books.merchant.merchant
    rows = session.fetch("SELECT stream FROM stream WHERE merchant = ? ORDER BY stream", key)
    books.streams = statements.load_streams(session, key, [row[0] for row in rows])
    for state in books.streams.values():
        state.last = 0


def _events_in_order(session: Session, merchant: MerchantId) -> Iterator[Found]:
    """Yield all events in the order in which they were folded."""
    place: tuple[int, str, int] = (0, "", 0)
    while True:
        rows = session.fetch(
            "SELECT v, stream, seq, hash, data, verdict, reason, recorded_ms FROM event"
            " WHERE merchant = ? AND (v, stream, seq) > (?, ?, ?) ORDER BY v, stream, seq LIMIT ?",
            merchant,
            *place,
            _PAGE,
        )
        yield from rows
        if len(rows) < _PAGE:
            return
        place = (rows[-1][0], rows[-1][1], rows[-1][2])


def decide_again(books: Books, decision: Found) -> None:
    """Repeat what was decided beside the journals, as far as it moves points, cards or people."""
    v, kind, subject, decided, at_ms = decision
    if kind == CARD_GIVEN:
        books.card(CardKey(subject)).member = MemberId(decided)
    elif kind in {MERGED, UNMERGED}:
        _merge_again(books, MemberId(subject), MemberId(decided), is_merged=kind == MERGED)
    elif kind in deeds.KINDS:
        books.begin_version(int(v), now_ms=int(at_ms))
        deeds.repeat(books, kind, subject, decided)


def _merge_again(books: Books, member: MemberId, older: MemberId, *, is_merged: bool) -> None:
    """A person's counts are those of all accounts; which these were is part of the order."""
    books.member(member).alias_of = older if is_merged else None
    below = books.inbox.merged_into.setdefault(older, set())
    if is_merged:
        below.add(member)
    else:
        below.discard(member)


def forget_writes(books: Books) -> None:
    """Drop what would be written; only the state is compared."""
    for written in (books.events, books.entries, books.attention, books.inbox.decisions):
        written.clear()
    books.keeping.new_waiting.clear()
    books.keeping.arrived.clear()
