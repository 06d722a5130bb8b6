"""What the books hold of journals that a till has closed.

Books restored to a day before a till joined again may lack the end of its earlier
journals, or never have heard of them. With its first word in a new epoch the till
names what was acknowledged of each, at several places; the answer is the last of
these places that the books hold with the same hash.
"""

from collections.abc import Sequence

from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.event_problems import hash_of_hex
from pos_loyalty.server.inbox_state import item_id

CLOSED_STREAMS_MAX = 5_000
"""Places in a request: hundreds of journals with ten places each."""

Named = Sequence[tuple[StreamId, int, str]]


def close_named(books: Books, stream: StreamState, named: Named) -> None:
    """Close what its till has closed: nobody will ever write or report there again."""
    for name, _, _ in named:
        other = books.streams.get(name)
        is_own = other is not None and other.till == stream.till and name != stream.stream
        if other is not None and is_own and not other.closed:
            other.closed = True
            books.dirty_streams.add(name)


def begin_epoch_of_restored(
    session: Session, merchant: MerchantId, stream: StreamId, *, version: int, now_ms: int
) -> int:
    """Let every till report, where a journal proves that the books are older; return the epoch.

    Where tills are reporting already, or the owner looks the list of tills through, there
    is nothing to begin: only the till that proved it has yet to report.
    """
    _, epoch = statements.current_version(session, merchant)
    if statements.is_any_frozen(session, merchant):
        return epoch
    session.execute(
        "UPDATE clock SET epoch = epoch + 1, roster_open = 1 WHERE merchant = ?", merchant
    )
    session.execute("UPDATE stream SET frozen = 1 WHERE merchant = ? AND closed = 0", merchant)
    detail = "the books are older than a till's journal"
    row = (merchant, "restored", stream, epoch + 1, detail, now_ms, None, 0)
    session.put(tables.NOTICE, [row])
    item = item_id("restored", stream, epoch + 1)
    session.put(tables.CHANGE, [(merchant, "attention", item, "", version)])
    return epoch + 1


def held_of(
    session: Session, merchant: MerchantId, stream: StreamState, named: Named
) -> tuple[tuple[StreamId, int], ...]:
    """Return for each journal named how far it is held; one of another till has no answer."""
    states = statements.load_streams(session, merchant, {name for name, _, _ in named})
    held = {
        name: 0
        for name, _, _ in named
        if (state := states.get(name)) is None or state.till == stream.till
    }
    for name, seq, text in sorted(named, key=lambda place: -place[1]):
        if held.get(name) == 0 and name in states and 0 < seq <= states[name].last:
            found = statements.load_hashes(session, merchant, name, first=seq, last=seq)
            if found.get((name, seq)) == hash_of_hex(text):
                held[name] = seq
    return tuple(sorted(held.items()))
