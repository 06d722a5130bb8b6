"""Re-compute what must hold: every chain, every balance, every counter.

Reads a till's database from its events alone and compares with what is stored;
the first event that does not fit is named. Where old events were deleted because the
server has them safe, it begins with the sums that were kept of them.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pos_loyalty.domain.event import (
    Event,
    EventRescued,
    SaleReversed,
    UnreadableEvent,
    chain_hash,
    decode_event,
    first_hash,
)
from pos_loyalty.domain.ids import StreamId
from pos_loyalty.domain.ledger import EARNING_KINDS, entries_of
from pos_loyalty.domain.spend_rights import effects_of
from pos_loyalty.store import carrying
from pos_loyalty.store.database import Connection
from pos_loyalty.store.event_index import reference_of


@dataclass(frozen=True)
class Finding:
    """Something that does not hold; ``seq`` is 0 where no single event is to blame."""

    stream: str
    seq: int
    event_id: str
    what: str


@dataclass(frozen=True)
class Verified:
    """The result: what was looked at, and the first finding, or None."""

    streams: int
    events: int
    members: int
    finding: Finding | None


class _Stream(NamedTuple):
    """A journal as the database describes it."""

    stream_no: int
    stream: str
    join_nonce: str
    last_seq: int
    last_hash: bytes
    acked_seq: int
    is_open: int
    pruned_seq: int
    pruned_hash: bytes | None


@dataclass
class _Books:
    """What the events say, gathered while the chains are walked."""

    entries: dict[tuple[str, int, int, int], tuple[str, int, int]] = field(
        default_factory=dict[tuple[str, int, int, int], tuple[str, int, int]]
    )
    rights: dict[str, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0, 0]))
    reversals: dict[str, str] = field(default_factory=dict[str, str])
    references: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    waiting: dict[int, list[carrying.Waiting]] = field(
        default_factory=lambda: defaultdict(list[carrying.Waiting])
    )
    events: int = 0

    def counts(self, stream: _Stream, seq: int) -> bool:
        """Tell whether an event counts where it stands; a carried one counts where it is now."""
        return (
            bool(stream.is_open)
            or seq <= stream.acked_seq
            or any(
                place.next_seq <= seq <= place.last_seq for place in self.waiting[stream.stream_no]
            )
        )

    def add(self, event: Event, *, stream_no: int, seq: int, at_ms: int) -> None:
        for position, entry in enumerate(entries_of(event)):
            if entry.member is not None:
                key = (entry.member, stream_no, seq, position)
                self.entries[key] = (entry.kind.value, entry.points, at_ms)


def verify(connection: Connection) -> Verified:
    """Walk every stream and compare entries, balances and counters with the events."""
    books = _Books()
    for place in carrying.waiting(connection):
        books.waiting[place.stream_no].append(place)
    rows = connection.execute(
        "SELECT stream_no, stream, join_nonce, last_seq, last_hash, acked_seq, is_open,"
        " pruned_seq, pruned_hash FROM stream ORDER BY stream_no"
    ).fetchall()
    streams = [_Stream(*row) for row in rows]
    finding = None
    for stream in streams:
        finding = _walk(connection, books, stream)
        if finding is not None:
            break
    finding = (
        finding
        or _compare_entries(connection, books)
        or _compare_reversals(connection, books)
        or _compare_references(connection, books)
        or _compare_points(connection, books)
    )
    members = connection.execute("SELECT COUNT(*) FROM points").fetchone()[0]
    return Verified(len(streams), books.events, int(members), finding)


def _walk(connection: Connection, books: _Books, stream: _Stream) -> Finding | None:
    digest = stream.pruned_hash or first_hash(StreamId(stream.stream), stream.join_nonce)
    expected = stream.pruned_seq
    if stream.is_open:
        _begin_with_pruned(connection, books, stream)
    for seq, event_id, kind, at_ms, data, stored in connection.execute(
        "SELECT seq, id, kind, at_ms, bytes, hash FROM event WHERE stream_no = ? ORDER BY seq",
        (stream.stream_no,),
    ):
        expected += 1
        digest = chain_hash(digest, data)
        books.events += 1
        what = _event_finding(
            (seq, event_id, kind, at_ms, data), expected_seq=expected, chained=digest == stored
        )
        if what is not None:
            return Finding(stream.stream, seq, event_id, what)
        event = decode_event(data)
        if isinstance(event, SaleReversed):
            books.reversals[event.sale_id] = event.id
        books.references.update((subject, event.id) for subject in reference_of(event))
        if books.counts(stream, seq):
            _count(
                books,
                event,
                stream_no=stream.stream_no,
                seq=seq,
                open_stream=bool(stream.is_open),
            )
    if expected != stream.last_seq or digest != stream.last_hash:
        what = "the journal ends before its recorded end"
        return Finding(stream.stream, expected + 1, "", what)
    return None


def _begin_with_pruned(connection: Connection, books: _Books, stream: _Stream) -> None:
    """Begin the counters of spend rights with what deleted events did to them."""
    for member, earned, used, returned in connection.execute(
        "SELECT member, earned, used, returned FROM pruned_points WHERE stream_no = ?",
        (stream.stream_no,),
    ):
        books.rights[member] = [earned, used, returned]


def _event_finding(
    row: tuple[int, str, str, int, bytes], *, expected_seq: int, chained: bool
) -> str | None:
    seq, event_id, kind, at_ms, data = row
    if seq != expected_seq:
        return f"event {expected_seq} is missing"
    if not chained:
        return "its bytes do not fit the chain"
    try:
        event = decode_event(data)
    except UnreadableEvent:
        return "its bytes are not readable"
    if (event.id, event.__struct_config__.tag, event.at_ms) != (event_id, kind, at_ms):
        return "its index fields differ from its bytes"
    return None


def _count(books: _Books, event: Event, *, stream_no: int, seq: int, open_stream: bool) -> None:
    if isinstance(event, EventRescued):
        try:
            original = decode_event(event.original.encode())
        except UnreadableEvent:
            # Of a newer program, which this one cannot count; its bytes are in the chain.
            return
        books.add(original, stream_no=stream_no, seq=seq, at_ms=original.at_ms)
        return
    books.add(event, stream_no=stream_no, seq=seq, at_ms=event.at_ms)
    if open_stream:
        for effect in effects_of(event):
            counters = books.rights[effect.member]
            counters[0] += effect.earned
            counters[1] += effect.used
            counters[2] += effect.returned


def _compare_entries(connection: Connection, books: _Books) -> Finding | None:
    stored = {
        (row[0], row[1], row[2], row[3]): (row[4], row[5], row[6])
        for row in connection.execute(
            "SELECT member, stream_no, seq, position, kind, points, at_ms FROM ledger_entry"
        )
    }
    if stored == books.entries:
        return None
    differing = sorted(
        (key[1], key[2], key[0])
        for key in stored.keys() | books.entries.keys()
        if stored.get(key) != books.entries.get(key)
    )
    stream_no, seq, _member = differing[0]
    row = connection.execute(
        "SELECT s.stream, e.id FROM stream s LEFT JOIN event e ON e.stream_no = s.stream_no"
        " AND e.seq = ? WHERE s.stream_no = ?",
        (seq, stream_no),
    ).fetchone()
    stream, event_id = (row[0], row[1] or "") if row is not None else ("", "")
    return Finding(stream, seq, event_id, "its ledger entries differ from its bytes")


def _compare_reversals(connection: Connection, books: _Books) -> Finding | None:
    """A sale that no longer says that it was undone could be undone twice."""
    stored = dict(connection.execute("SELECT sale_id, reversal_id FROM reversed_sale").fetchall())
    differing = sorted(
        sale
        for sale in stored.keys() | books.reversals.keys()
        if stored.get(sale) != books.reversals.get(sale)
    )
    if not differing:
        return None
    what = "the events say otherwise whether it was undone"
    return _at_event(connection, differing[0], what)


def _compare_references(connection: Connection, books: _Books) -> Finding | None:
    """A sale that no longer knows of its refund could be refunded twice."""
    rows = connection.execute("SELECT subject, event_id FROM event_reference")
    differing = sorted(
        event_id for _, event_id in books.references ^ {(row[0], row[1]) for row in rows}
    )
    if not differing:
        return None
    return _at_event(connection, differing[0], "it is not noted what it refers to")


def _at_event(connection: Connection, event_id: str, what: str) -> Finding:
    row = connection.execute(
        "SELECT s.stream, e.seq FROM event e JOIN stream s USING (stream_no) WHERE e.id = ?",
        (event_id,),
    ).fetchone()
    stream, seq = row or ("", 0)
    return Finding(stream, seq, event_id, what)


def _compare_points(connection: Connection, books: _Books) -> Finding | None:
    """The cached overlay is the sum of the open stream's entries not yet in a server row."""
    for member, overlay, expected in _overlays(connection):
        if overlay != expected:
            what = (
                f"member {member}: {overlay[0]} points cached ({overlay[1]} toward the tier),"
                f" the entries say {expected[0]} ({expected[1]})"
            )
            return Finding("", 0, "", what)
    for row in connection.execute(
        "SELECT member, earned, used, returned, granted + lent FROM points"
    ):
        counters = tuple(books.rights[row[0]])
        if counters != (row[1], row[2], row[3]):
            return Finding("", 0, "", f"member {row[0]}: spend rights differ from the events")
        if row[4] + row[1] < row[2] + row[3]:
            return Finding("", 0, "", f"member {row[0]}: more rights used than there were")
    return None


def _overlays(connection: Connection) -> Iterator[tuple[str, tuple[int, int], tuple[int, int]]]:
    """Yield (points, points that count toward the tier) as cached and as the entries say.

    A member without a cached row has (0, 0), as on the screen.
    """
    for row in connection.execute(
        "SELECT m.member, COALESCE(p.overlay_points, 0), COALESCE(p.overlay_earned, 0),"
        " COALESCE(SUM(l.points), 0),"
        " COALESCE(SUM(l.points) FILTER (WHERE l.kind IN (SELECT value FROM json_each(?))), 0)"
        " FROM (SELECT member FROM points UNION SELECT member FROM ledger_entry) m"
        " JOIN stream s ON s.is_open = 1"
        " LEFT JOIN points p ON p.member = m.member"
        " LEFT JOIN ledger_entry l ON l.member = m.member AND l.stream_no = s.stream_no"
        " AND l.seq > COALESCE(p.overlay_after_seq, 0) GROUP BY m.member",
        (json.dumps(sorted(kind.value for kind in EARNING_KINDS)),),
    ):
        yield row[0], (row[1], row[2]), (row[3], row[4])
