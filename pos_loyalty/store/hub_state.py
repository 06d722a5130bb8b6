"""What a shop's hub keeps of the shop's tills while the server is away.

- ``hub_body``: the tills' own signed requests, byte for byte, until the server holds their
  events; nothing else is ever sent on.
- ``hub_stream``, ``hub_event``: how far each journal is known, with the chain's hashes from the
  server's end on, so that nothing is held out of order and a second writer is noticed.
- ``hub_entry``, ``hub_newcomer``: what those events do to points, and who is new by them; told
  to the other tills and dropped once the server has them.
- ``hub_lent``, ``hub_returned``: spend rights on their way between the tills, as totals that only
  grow. What the hub lends is an event of its own journal; what it may lend came to it by a
  grant of the server or by a till's event that names it.
- ``hub_change``: the hub's feed, one row an entity, like the server's.

All of it lies in the hub's till database: one transaction, one flush, one key.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import IdSource, MemberId, StreamId, TillId
from pos_loyalty.store.hub_feed import FeedPage, mark, read_feed
from pos_loyalty.store.hub_fold import credit, fold_held, may_hand_rights
from pos_loyalty.store.rights_return import give_away
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories, Store, UnitOfWork
from pos_loyalty.wire.messages import ProfileChange

_STREAM = "SELECT till, have, held_seq, held_hash, is_closed FROM hub_stream WHERE stream = ?"


class Taken(Enum):
    """How a till's request was kept."""

    HELD = "held"
    GAP = "gap"
    """It begins above what is known of its journal."""
    OTHER = "other"
    """Another journal of the same name is kept here."""


@dataclass(frozen=True, kw_only=True)
class HeldRequest:
    """A till's request as it came, with what is needed to keep it.

    ``hashes`` are the chain's hashes after each event; ``acked`` is what the till knows
    the server to hold.
    """

    till: TillId
    stream: StreamId
    from_seq: int
    prev_hash: bytes
    events: Sequence[bytes]
    hashes: Sequence[bytes]
    acked: int
    profiles: Sequence[ProfileChange]
    body: bytes
    signature: str


@dataclass(frozen=True, kw_only=True)
class HeldBody:
    """A request that waits for the server."""

    body_no: int
    stream: StreamId
    body: bytes
    signature: str


@dataclass(frozen=True, kw_only=True)
class KnownStream:
    """A till's journal as far as it is known here; ``have`` is what the server holds."""

    till: TillId
    have: int
    held_seq: int
    held_hash: bytes | None
    is_closed: bool


@dataclass(frozen=True, kw_only=True)
class TillOfShop:
    """A till of the shop, by whose key its requests are known."""

    till: TillId
    public_key: str
    is_active: bool


@dataclass(frozen=True)
class HubState:
    """Reads and writes it; each call is one transaction."""

    store: Store
    clock: Clock
    ids: IdSource

    def stream(self, stream: StreamId) -> KnownStream | None:
        """Return what is known of a till's journal."""
        with self.store.read() as read:
            return _stream(read, stream)

    def own_stream(self) -> StreamId:
        """Return the hub's own journal."""
        with self.store.read() as read:
            return read.journal.stream().stream

    def tills(self) -> tuple[TillOfShop, ...]:
        """Return the tills of this hub's shop, as the server told them."""
        with self.store.read() as read:
            rows = read.connection.execute(
                "SELECT till, public_key, status FROM till WHERE shop_name = ? ORDER BY till",
                (read.settings.text(Setting.SHOP_NAME),),
            ).fetchall()
        return tuple(
            TillOfShop(till=TillId(row[0]), public_key=row[1], is_active=row[2] == "active")
            for row in rows
        )

    def hold(self, request: HeldRequest) -> Taken:
        """Keep a request and what its events do; all of it or nothing."""
        with self.store.write() as work:
            known = _begin(work, request)
            if known is None:
                return Taken.GAP
            fresh = _fresh(work, request, known)
            if isinstance(fresh, Taken):
                return fresh
            for place in fresh:
                seq, data, digest = request.from_seq + place, *_at(request, place)
                work.connection.execute(
                    "INSERT INTO hub_event(stream, seq, hash) VALUES (?, ?, ?)",
                    (request.stream, seq, digest),
                )
                fold_held(work, request.stream, seq, data)
            profiles = _keep_profiles(work, request)
            if fresh or profiles:
                self._keep_body(work, request, events=bool(fresh))
            if fresh:
                _advance(work, request.stream, request.from_seq + fresh[-1], request.hashes[-1])
            work.commit()
        return Taken.HELD

    def heard(self, stream: StreamId, have: int, have_hash: bytes) -> None:
        """The server holds a journal up to here: drop what is kept of it, if anything is."""
        with self.store.read() as read:
            known = _stream(read, stream)
        if known is None or known.have >= known.held_seq or have <= known.have:
            return
        with self.store.write() as work:
            held = work.connection.execute(
                "SELECT hash FROM hub_event WHERE stream = ? AND seq = ?", (stream, have)
            ).fetchone()
            if held is not None and bytes(held[0]) != have_hash:
                return
            _cover(work, stream, have, have_hash)
            work.commit()

    def observe(self, request: HeldRequest) -> None:
        """The server took a request that came through here: note rights handed to the hub.

        What came to the hub would else lag behind until the server tells. Counted once, by
        the place in the journal.
        """
        if not any(may_hand_rights(data) for data in request.events):
            return
        with self.store.write() as work:
            _remember(work, request)
            known = _stream(work, request.stream)
            assert known is not None
            last = request.from_seq - 1 + len(request.events)
            if last <= known.held_seq:
                return
            for seq, data in enumerate(request.events, start=request.from_seq):
                if seq > known.held_seq:
                    credit(work, request.stream, data)
            _cover(work, request.stream, last, request.hashes[-1])
            work.commit()

    def close_stream(self, stream: StreamId) -> None:
        """The server has closed a journal: its till goes on in another, and carries over itself."""
        with self.store.write() as work:
            members = _members_held(work, stream, above=0)
            work.connection.execute(
                "UPDATE hub_stream SET is_closed = 1 WHERE stream = ?", (stream,)
            )
            for member in members:
                mark(work, "peer", member)
            work.commit()

    def feed(
        self,
        stream: StreamId,
        till: TillId,
        *,
        after: int,
        limit: int,
        recalled: Mapping[MemberId, int],
    ) -> FeedPage:
        """Return what a till has not heard of the shop's other tills, as absolute rows."""
        with self.store.read() as read:
            return read_feed(read, stream, till, after=after, limit=limit, recalled=recalled)

    def lend(self, stream: StreamId, member: MemberId, points: int) -> int:
        """Give a till rights of the hub's own, by an event of its journal; return how many.

        What was lent before and not seen by the till yet counts as given now.
        """
        with self.store.write() as work:
            unseen = _unseen(work, stream, member)
            missing = points - unseen
            given = min(missing, work.journal.rights(member).spendable)
            if given <= 0:
                return min(points, unseen)
            own = work.journal.stream().stream
            give_away(work, self.clock, self.ids, member=member, points=given, to_stream=stream)
            work.connection.execute(
                "INSERT INTO hub_lent(member, stream, lender, points) VALUES (?, ?, ?, ?)"
                " ON CONFLICT(member, stream, lender) DO UPDATE SET"
                " points = points + excluded.points",
                (member, stream, own, given),
            )
            mark(work, "rights", member, scope=stream)
            work.commit()
        return unseen + given

    def seen(self, stream: StreamId, cursor: int) -> None:
        """A till has stored the feed up to here: what was lent before is in its hands."""
        with self.store.read() as read:
            if not _lent_before(read, stream, cursor):
                return
        with self.store.write() as work:
            work.connection.executemany(
                "UPDATE hub_lent SET seen = points WHERE member = ? AND stream = ?",
                [(member, stream) for member in _lent_before(work, stream, cursor)],
            )
            work.is_news = False
            work.commit()

    def announce_rights(self, stream: StreamId, members: Iterable[MemberId]) -> int:
        """Put rows of rights into a till's feed; return the place after them."""
        place = 0
        with self.store.write() as work:
            for member in members:
                place = mark(work, "rights", member, scope=stream)
            work.is_news = False
            work.commit()
        return place

    def next_bodies(self, stream: StreamId, limit: int = 1) -> tuple[HeldBody, ...]:
        """Return the oldest requests kept of a journal."""
        with self.store.read() as read:
            rows = read.connection.execute(
                "SELECT body_no, stream, body, signature FROM hub_body WHERE stream = ?"
                " ORDER BY body_no LIMIT ?",
                (stream, limit),
            ).fetchall()
        return tuple(
            HeldBody(body_no=row[0], stream=row[1], body=bytes(row[2]), signature=row[3])
            for row in rows
        )

    def waiting(self) -> tuple[tuple[StreamId, int], ...]:
        """Return the journals with requests for the server and how many, fewest first."""
        with self.store.read() as read:
            rows = read.connection.execute(
                "SELECT stream, COUNT(*) FROM hub_body JOIN hub_stream USING (stream)"
                " WHERE is_closed = 0 GROUP BY stream ORDER BY 2, 1"
            ).fetchall()
        return tuple((StreamId(row[0]), int(row[1])) for row in rows)

    def drop_body(self, body_no: int) -> None:
        """The server has taken a request, personal fields included."""
        with self.store.write() as work:
            work.connection.execute("DELETE FROM hub_body WHERE body_no = ?", (body_no,))
            _drop_profiles(work)
            work.is_news = False
            work.commit()

    def _keep_body(self, work: UnitOfWork, request: HeldRequest, *, events: bool) -> None:
        last = request.from_seq - 1 + len(request.events) if events else 0
        work.connection.execute(
            "INSERT INTO hub_body(stream, last_seq, at_ms, body, signature) VALUES (?, ?, ?, ?, ?)",
            (request.stream, last, self.clock.now_ms(), request.body, request.signature),
        )


def _stream(read: Repositories, stream: StreamId) -> KnownStream | None:
    row = read.connection.execute(_STREAM, (stream,)).fetchone()
    if row is None:
        return None
    return KnownStream(
        till=TillId(row[0]),
        have=row[1],
        held_seq=row[2],
        held_hash=None if row[3] is None else bytes(row[3]),
        is_closed=bool(row[4]),
    )


def _remember(work: UnitOfWork, request: HeldRequest) -> None:
    """Know a journal from now on; its end is what its till says that the server holds.

    Whose it is may be known only later: what passes through is not looked at so closely.
    """
    work.connection.execute(
        "INSERT INTO hub_stream(stream, till, have, held_seq) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(stream) DO UPDATE SET till = excluded.till WHERE till = ''",
        (request.stream, request.till, request.acked, request.acked),
    )


def _begin(work: UnitOfWork, request: HeldRequest) -> KnownStream | None:
    """Return the journal as it is known; None where the request begins above that."""
    _remember(work, request)
    known = _stream(work, request.stream)
    assert known is not None
    place = request.from_seq - 1
    if request.acked > known.have:
        digest = request.prev_hash if place == request.acked else None
        _cover(work, request.stream, request.acked, digest)
        known = _stream(work, request.stream)
        assert known is not None
    if place > known.held_seq:
        # What was learned of the server's end stays, whatever comes of the request.
        work.commit()
        return None
    return known


def _fresh(work: UnitOfWork, request: HeldRequest, known: KnownStream) -> Sequence[int] | Taken:
    """Return which of the request's events are new here, or that it is another journal."""
    held: dict[int, bytes] = dict(
        work.connection.execute(
            "SELECT seq, hash FROM hub_event WHERE stream = ? AND seq >= ?",
            (request.stream, request.from_seq - 1),
        ).fetchall()
    )
    if known.held_hash is not None:
        held[known.held_seq] = known.held_hash
    ours = {request.from_seq - 1: request.prev_hash}
    ours.update(enumerate(request.hashes, start=request.from_seq))
    if any(seq in ours and ours[seq] != bytes(digest) for seq, digest in held.items()):
        return Taken.OTHER
    first = max(0, known.held_seq + 1 - request.from_seq)
    return range(first, len(request.events))


def _at(request: HeldRequest, place: int) -> tuple[bytes, bytes]:
    return request.events[place], request.hashes[place]


def _advance(work: UnitOfWork, stream: StreamId, seq: int, digest: bytes) -> None:
    work.connection.execute(
        "UPDATE hub_stream SET held_seq = ?, held_hash = ? WHERE stream = ?", (seq, digest, stream)
    )


def _cover(work: UnitOfWork, stream: StreamId, have: int, digest: bytes | None) -> None:
    """Drop what the server holds; its own rows tell of it from now on."""
    execute = work.connection.execute
    members = _members_held(work, stream, up_to=have)
    execute("DELETE FROM hub_entry WHERE stream = ? AND seq <= ?", (stream, have))
    execute("DELETE FROM hub_newcomer WHERE stream = ? AND seq <= ?", (stream, have))
    execute("DELETE FROM hub_body WHERE stream = ? AND last_seq BETWEEN 1 AND ?", (stream, have))
    execute("DELETE FROM hub_event WHERE stream = ? AND seq < ?", (stream, have))
    execute("UPDATE hub_stream SET have = MAX(have, ?) WHERE stream = ?", (have, stream))
    execute(
        "UPDATE hub_stream SET held_seq = ?, held_hash = ? WHERE stream = ? AND held_seq < ?",
        (have, digest, stream, have),
    )
    _drop_profiles(work)
    for member in members:
        mark(work, "peer", member)


def _members_held(
    work: UnitOfWork, stream: StreamId, *, up_to: int | None = None, above: int = 0
) -> tuple[MemberId, ...]:
    rows = work.connection.execute(
        "SELECT DISTINCT member FROM hub_entry WHERE stream = ? AND seq > ? AND (? OR seq <= ?)"
        " ORDER BY member",
        (stream, above, up_to is None, up_to or 0),
    ).fetchall()
    return tuple(MemberId(row[0]) for row in rows)


def _drop_profiles(work: UnitOfWork) -> None:
    work.connection.execute(
        "DELETE FROM hub_profile WHERE stream NOT IN (SELECT stream FROM hub_body)"
    )


def _keep_profiles(work: UnitOfWork, request: HeldRequest) -> bool:
    """Note personal fields that were not seen before; tell whether there were any."""
    fresh = False
    for change in request.profiles:
        inserted = work.connection.execute(
            "INSERT INTO hub_profile(change, stream, member, body) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO NOTHING",
            (change.change, request.stream, change.member, msgspec.json.encode(change)),
        )
        if inserted.rowcount:
            fresh = True
            mark(work, "member", change.member)
    return fresh


def _unseen(work: UnitOfWork, stream: StreamId, member: MemberId) -> int:
    row = work.connection.execute(
        "SELECT COALESCE(SUM(points - seen), 0) FROM hub_lent WHERE member = ? AND stream = ?",
        (member, stream),
    ).fetchone()
    return int(row[0])


def _lent_before(read: Repositories, stream: StreamId, cursor: int) -> tuple[MemberId, ...]:
    rows = read.connection.execute(
        "SELECT DISTINCT l.member FROM hub_lent l JOIN hub_change c ON c.kind = 'rights'"
        " AND c.id = l.member AND c.scope = l.stream"
        " WHERE l.stream = ? AND l.seen < l.points AND c.v <= ?",
        (stream, cursor),
    ).fetchall()
    return tuple(MemberId(row[0]) for row in rows)
