"""Rewards of which there are only so many in all: shares that tills may give away offline.

A share is an absolute total for each stream, which only grows: whatever is lost or doubled on
the line, a till gives away what it was given, and the shares together are never more than
there are. What a closed journal had left goes to the others.
"""

from pos_loyalty.domain.ids import MerchantId, RewardId, StreamId
from pos_loyalty.domain.rounding import steps_begun
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.keeping_state import Share

_PART = 2
"""A till is given this part of its even share at a time, so that something is left to move."""


def share_of(books: Books, stream: StreamId, reward: RewardId) -> Share:
    """Return what a stream was given of a reward."""
    return books.keeping.shares.setdefault((stream, reward), Share())


def note_taken(books: Books, stream: StreamId, reward: RewardId) -> bool:
    """Count one that was given away; True where it was above the stream's share."""
    share = share_of(books, stream, reward)
    share.used += 1
    books.keeping.dirty_shares.add((stream, reward))
    return share.used > share.granted


def note_back(books: Books, stream: StreamId, reward: RewardId) -> None:
    """Count one that an undone sale put back."""
    share = share_of(books, stream, reward)
    if share.used:
        share.used -= 1
        books.keeping.dirty_shares.add((stream, reward))


def hand_out(books: Books, stream: StreamState) -> None:
    """Give a stream a further share of what is left, where it has used most of its own."""
    keeping = books.keeping
    for reward in books.program.rewards:
        in_all = reward.stock.in_all
        if in_all is None:
            continue
        own = share_of(books, stream.stream, reward.id)
        given = sum(
            share.used if held in keeping.closed else max(share.granted, share.used)
            for (held, name), share in keeping.shares.items()
            if name == reward.id
        )
        part = steps_begun(max(0, in_all - given), _PART * max(1, keeping.open_streams))
        if part > 0 and own.granted - own.used < part:
            own.granted = max(own.granted, own.used) + part
            keeping.dirty_shares.add((stream.stream, reward.id))


def stock_of(
    session: Session, merchant: MerchantId, stream: StreamId
) -> tuple[tuple[RewardId, int], ...]:
    """Return a stream's shares as its till is told: for each reward the total so far."""
    rows = session.fetch(
        "SELECT reward, granted FROM stock_share WHERE merchant = ? AND stream = ? ORDER BY reward",
        merchant,
        stream,
    )
    return tuple((RewardId(reward), int(granted)) for reward, granted in rows)
