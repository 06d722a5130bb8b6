"""The fold of a group of requests over the loaded books: pure and total.

For each request it answers how it stands (in order, a gap, closed …); for each
new event it gives a verdict. It never refuses an event and never raises on any
bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pos_loyalty.domain.event import first_hash
from pos_loyalty.domain.ids import StreamId, is_id
from pos_loyalty.server.allowance import top_up
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.server.closed_streams import close_named
from pos_loyalty.server.cursor import is_of_other_books
from pos_loyalty.server.fold import fold_event
from pos_loyalty.server.grants import Shortage, grant
from pos_loyalty.server.inbox import take_settlements
from pos_loyalty.server.profiles import take_profiles
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.stock import hand_out
from pos_loyalty.wire.messages import Status, SyncRequest
from pos_loyalty.wire.version import PROTOCOL_3, is_too_old


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a request was taken; ``shortage`` says which points it still waits for."""

    status: Status
    shortage: Shortage = Shortage.NONE


EPOCH_LEAP_MAX = 1_000_000
"""Each restore begins one epoch: who names one farther ahead lies, and would use them up."""
GRANTED_MAX = 10**12
"""More than any till was ever granted: beyond it sums would not fit the database."""

SetAside = Mapping[tuple[StreamId, int], str]
"""Events that the database refused to hold, with the reason."""


def fold_group(
    books: Books,
    batches: Sequence[Batch],
    *,
    tokens: Sequence[str],
    set_aside: SetAside | None = None,
) -> list[Outcome]:
    """Fold a group of requests, one per stream, and return their outcomes in order.

    Args:
        books: what was loaded for this group; changed in place.
        batches: the requests.
        tokens: a fresh token for each request.
        set_aside: events not to be applied.
    """
    outcomes: dict[StreamId, Outcome] = {}
    in_order = sorted(zip(batches, tokens, strict=True), key=lambda pair: pair[0].stream)
    for batch, token in in_order:
        stream = books.streams[batch.stream]
        outcomes[batch.stream] = _fold_request(books, stream, batch, token, set_aside or {})
    # After all events of the version, as when the books are derived again.
    for batch, _ in in_order:
        if outcomes[batch.stream].status is Status.OK:
            till = books.streams[batch.stream].till
            take_settlements(books, batch.request.settlements, till=till)
    return [outcomes[batch.stream] for batch in batches]


def standing(
    stream: StreamState, request: SyncRequest, *, epoch: int, before: bytes | None, claimed: bytes
) -> Status:
    """Tell how a request stands to what the server holds of its stream.

    Args:
        stream: the server's side.
        request: the till's side.
        epoch: the epoch of the books.
        before: the hash held at the place before ``from_seq``; None if none is held.
        claimed: the hash that the till names for that place.
    """
    if stream.closed:
        return Status.CLOSED
    if request.epoch != epoch or stream.frozen:
        return Status.REPORT
    if request.from_seq > stream.last + 1 or before is None:
        return Status.GAP
    return Status.OK if before == claimed else Status.CLOSED


def hash_before(books: Books, stream: StreamState, from_seq: int) -> bytes | None:
    """Return the hash held at the place before ``from_seq``, or None."""
    place = from_seq - 1
    if place == stream.last:
        return stream.last_hash
    if place == 0:
        return first_hash(stream.stream, stream.join_nonce)
    return books.hashes.get((stream.stream, place))


def _fold_request(
    books: Books, stream: StreamState, batch: Batch, token: str, set_aside: SetAside
) -> Outcome:
    request = batch.request
    if stream.closed:
        return Outcome(status=Status.CLOSED)
    _compare_books(books, stream, request)
    status = standing(
        stream,
        request,
        epoch=books.epoch,
        before=hash_before(books, stream, request.from_seq),
        claimed=batch.prev_hash,
    )
    if status is Status.CLOSED:
        _close_fork(books, stream, request.from_seq)
    if status is not Status.OK:
        return Outcome(status=status)
    if not _fold_events(books, stream, batch, token, set_aside):
        return Outcome(status=Status.CLOSED)
    take_profiles(books, request.profiles, stream=stream.stream, till=stream.till)
    top_up(books, stream, request)
    if books.needs.stock and request.proto >= PROTOCOL_3:
        # With an older till a share would lie where nobody can give it away.
        hand_out(books, stream)
    if is_too_old(request.proto):
        # Points granted to a till that hears of no rows would lie there unseen.
        return Outcome(status=Status.UPGRADE)
    return Outcome(status=Status.OK, shortage=grant(books, stream, request.want_rights))


def _compare_books(books: Books, stream: StreamState, request: SyncRequest) -> None:
    """Take what a till says about the books that it has seen; older ones begin a new epoch."""
    is_doubted = stream.till in books.doubted
    if books.epoch < request.epoch <= books.epoch + EPOCH_LEAP_MAX and not is_doubted:
        _raise_epoch(books, stream, above=request.epoch)
    if request.epoch != books.epoch:
        return
    _take_report(books, stream, request)
    is_older = is_of_other_books(request.cursor, books.epoch, next_v=books.v, marks=books.marks)
    if (is_older or request.lost_ack > stream.last) and not is_doubted:
        _raise_epoch(books, stream)
    close_named(books, stream, request.closed_streams)


def _fold_events(
    books: Books, stream: StreamState, batch: Batch, token: str, set_aside: SetAside
) -> bool:
    """Fold what is new of a batch; return False where it proves a second writer."""
    held = stream.last
    for incoming in batch.incoming:
        if incoming.seq <= held:
            known = (
                stream.last_hash
                if incoming.seq == held
                else books.hashes.get((stream.stream, incoming.seq))
            )
            if known != incoming.hash:
                _close_fork(books, stream, incoming.seq)
                return False
            continue
        why = set_aside.get((stream.stream, incoming.seq), "")
        fold_event(books, stream, incoming, set_aside=why)
        stream.last, stream.last_hash = incoming.seq, incoming.hash
    if stream.last > held:
        books.dirty_streams.add(stream.stream)
        stream.seen_ms = books.now_ms
        if batch.request.sig:
            books.signatures[stream.stream, stream.last] = (stream.last_hash, batch.request.sig)
        _turn_token(books, stream, batch.request.token, token)
    return True


def _turn_token(books: Books, stream: StreamState, shown: str, fresh: str) -> None:
    """Give the stream a new token; one never given out may mean that the till exists twice.

    Until the newest token is shown it stays: several answers in a row may be lost, and
    a till that never saw them shows the one before.
    """
    if not shown or shown == stream.token_previous:
        # What comes by hand or through a hub shows none, and its till never sees a new one.
        return
    if shown != stream.token:
        books.notice("till_twice", stream.stream, stream.last, "this till may exist twice")
    stream.token_previous = stream.token
    stream.token = fresh


def _close_fork(books: Books, stream: StreamState, seq: int) -> None:
    stream.closed = True
    books.inbox.closed.add(stream.stream)
    books.dirty_streams.add(stream.stream)
    books.notice("fork", stream.stream, seq, "two journals under one name; the till joins again")


def _take_report(books: Books, stream: StreamState, request: SyncRequest) -> None:
    """Raise the granted totals to what the till has seen; a whole report ends the freeze."""
    if request.granted_seen is None or not stream.frozen:
        return
    for member_id, granted in request.granted_seen:
        if not is_id(member_id) or not 0 <= granted <= GRANTED_MAX:
            continue
        rights = books.rights_of(member_id, stream.stream)
        missing = granted - rights.granted
        if missing > 0:
            reserved = rights.reserved
            rights.granted = granted
            member = books.member(member_id)
            member.outstanding += rights.reserved - reserved
            books.dirty_members.add(member_id)
            books.announce_rights(rights)
    if request.granted_complete:
        stream.frozen = False
        books.dirty_streams.add(stream.stream)


def _raise_epoch(books: Books, stream: StreamState, *, above: int = 0) -> None:
    """The books are older than what a till saw: they were restored, and nobody said so.

    A till ignores answers of older epochs, so the new one lies above every till's.
    """
    books.epoch = max(books.epoch, above) + 1
    books.epoch_raised = True
    books.raised_by.add(stream.till)
    for other in books.streams.values():
        other.frozen = not other.closed
    books.notice("restored", stream.stream, books.epoch, "the books are older than a till's")
