"""The storage side of an exchange: the outbox, the server's rows, the acknowledgement.

The outbox is the part of the open stream above ``acked_seq``. Rows arrive as
absolute state and are applied in short transactions, so that a sale never waits for
the network; the cursor moves and the acknowledgement counts only in the transaction
that holds the last of a page's rows.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.ids import (
    EventId,
    IdSource,
    MemberId,
    MerchantId,
    RewardId,
    StreamId,
    TillId,
)
from pos_loyalty.store import carrying
from pos_loyalty.store.digest import Digest
from pos_loyalty.store.hub_rows import write_hub_rows
from pos_loyalty.store.reward_stock import RewardStock
from pos_loyalty.store.rights_return import Recall
from pos_loyalty.store.row_writer import RowWriter, write_overlay
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories, Store, UnitOfWork
from pos_loyalty.wire.messages import ProfileChange, RightsRow, Row, Settlement

ROWS_PER_TRANSACTION = 200
PROFILES_PER_REQUEST = 50
SETTLEMENTS_PER_REQUEST = 50


@dataclass(frozen=True, kw_only=True)
class SyncPosition:
    """Where this till stands with its server; ``merchant`` is its own id while it works alone."""

    server_url: str
    merchant: MerchantId
    till: TillId
    stream: StreamId
    epoch: int
    acked_seq: int
    last_seq: int
    cursor: str
    token: str
    has_hub: bool = False
    pruned_seq: int = 0
    asks_of_closed: bool = False
    """Whether the server has yet to say how far it holds this till's closed journals."""

    @property
    def is_joined(self) -> bool:
        """Whether there is a server at all."""
        return bool(self.server_url)


@dataclass(frozen=True, kw_only=True)
class Batch:
    """A run of events as stored, with the hashes before the first and after the last."""

    from_seq: int
    prev_hash: bytes
    events: tuple[bytes, ...]
    last_hash: bytes

    @property
    def last_seq(self) -> int:
        """The seq of the last event, or the one before the first where there is none."""
        return self.from_seq - 1 + len(self.events)


@dataclass(frozen=True, kw_only=True)
class PageEnd:
    """What counts once all rows of a page are in.

    ``acks`` says that no more rows wait, so ``have`` acknowledges. The cursor moves only
    from where the page began. Without ``sweeps`` the server took the events but sends no
    rows: own events stay beside the rows held until rows come again.
    """

    from_cursor: str
    cursor: str
    acks: bool
    durable: int
    token: str
    contact_ms: int
    server_offset_ms: int
    risk_total: int
    spend_until_ms: int = 0
    server_now_ms: int = 0
    boot_ms: int = 0
    sweeps: bool = True
    verdicts: Sequence[tuple[int, str]] = ()
    profiles_have: Sequence[EventId] = ()
    settlements_have: Sequence[EventId] = ()
    stock: Sequence[tuple[RewardId, int]] | None = None
    """This stream's shares of rewards with a stock in all; None where nothing has changed."""


@dataclass(frozen=True, kw_only=True)
class PageSlice:
    """Rows for one transaction; every effect of the events 1..``have`` is in them."""

    epoch: int
    have: int
    rows: Sequence[Row]
    end: PageEnd | None = None


@dataclass(frozen=True)
class Waiting:
    """What the server has not taken yet, and how old the oldest event is (by the till's clock)."""

    events: int
    profiles: int
    oldest_at_ms: int | None
    acked_seq: int
    settlements: int = 0

    @property
    def anything(self) -> bool:
        """Whether there is something to send."""
        return bool(self.events or self.profiles or self.settlements)


def _nothing_reserved(_member: MemberId) -> int:
    return 0


@dataclass
class SyncState:
    """Reads and writes where a till stands with its server.

    ``reserved`` tells how many points of a member an open basket counts on; a recall
    leaves them alone, is kept, and takes them at a later page.
    """

    store: Store
    clock: Clock
    ids: IdSource
    reserved: Callable[[MemberId], int] = _nothing_reserved

    def position(self) -> SyncPosition:
        """Return where this till stands now."""
        with self.store.read() as read:
            return _position(read)

    def waiting(self) -> Waiting:
        """Count what the server has not taken yet."""
        with self.store.read() as read:
            stream = read.journal.stream()
            profiles = read.connection.execute("SELECT COUNT(*) FROM profile_change").fetchone()
            settlements = read.attention.queued_count()
            oldest = read.connection.execute(
                "SELECT at_ms FROM event WHERE stream_no = ? AND seq = ?",
                (stream.stream_no, stream.acked_seq + 1),
            ).fetchone()
            closed = sum(place.events for place in carrying.waiting(read.connection))
        return Waiting(
            events=stream.pending + closed,
            profiles=int(profiles[0]),
            oldest_at_ms=None if oldest is None else int(oldest[0]),
            acked_seq=stream.acked_seq,
            settlements=settlements,
        )

    def spendable(self, member: MemberId) -> int:
        """Return a member's spend rights here, in points."""
        with self.store.read() as read:
            return read.journal.rights(member).spendable

    def batch(self, from_seq: int, *, events_max: int, bytes_max: int) -> Batch:
        """Return events from ``from_seq`` on, as many as fit, at least one if there is one."""
        with self.store.read() as read:
            stream_no = read.journal.stream().stream_no
            prev_hash = _hash_at(read, from_seq - 1)
            assert prev_hash is not None
            rows = read.connection.execute(
                "SELECT bytes, hash FROM event WHERE stream_no = ? AND seq >= ?"
                " ORDER BY seq LIMIT ?",
                (stream_no, from_seq, events_max),
            )
            events: list[bytes] = []
            last_hash, size = prev_hash, 0
            for data, digest in rows:
                size += len(data)
                if events and size > bytes_max:
                    break
                events.append(data)
                last_hash = digest
        return Batch(
            from_seq=from_seq, prev_hash=prev_hash, events=tuple(events), last_hash=last_hash
        )

    def hash_at(self, seq: int) -> bytes | None:
        """Return the chain's hash after an event of the open stream; None beyond its end."""
        with self.store.read() as read:
            return _hash_at(read, seq)

    def profile_changes(self, skipped: int = 0) -> tuple[ProfileChange, ...]:
        """Return the oldest personal fields on their way to the server, after so many."""
        with self.store.read() as read:
            rows = read.connection.execute(
                "SELECT body FROM profile_change ORDER BY change LIMIT ? OFFSET ?",
                (PROFILES_PER_REQUEST, skipped),
            ).fetchall()
        return tuple(msgspec.json.decode(row[0], type=ProfileChange) for row in rows)

    def settlements(self) -> tuple[Settlement, ...]:
        """Return the oldest choices for the owner's list that the server does not have."""
        with self.store.read() as read:
            return read.attention.queued(SETTLEMENTS_PER_REQUEST)

    def granted_page(self, after: MemberId, limit: int) -> tuple[tuple[MemberId, int], ...]:
        """Return members after one, with the points granted to this stream in total."""
        with self.store.read() as read:
            rows = read.connection.execute(
                "SELECT member, granted FROM points WHERE granted > 0 AND member > ?"
                " ORDER BY member LIMIT ?",
                (after, limit),
            ).fetchall()
        return tuple((MemberId(row[0]), int(row[1])) for row in rows)

    def closed_streams(self) -> tuple[tuple[StreamId, int, str], ...]:
        """Return what was acknowledged of this till's closed journals: (stream, seq, hash)."""
        with self.store.read() as read:
            return carrying.closed_streams(read)

    def take_held_of_closed(self, held: Sequence[tuple[StreamId, int]]) -> int:
        """Note how far the server holds closed journals; return how many events now wait."""
        with self.store.write() as work:
            events = carrying.take_held(work, held)
            work.commit()
        return events

    def ask_of_closed(self) -> None:
        """Ask again how far closed journals are held: the books are not those of before."""
        with self.store.write() as work:
            work.settings.put(Setting.CLOSED_CHECKED, "")
            work.commit()

    def begin_repair(self, buckets: Sequence[int]) -> None:
        """Let every row of these buckets be overwritten by what comes next."""
        Digest(self.store, self.clock).begin_repair(buckets)

    def end_repair(self, buckets: Sequence[int]) -> int:
        """Delete what the server does not have of these buckets; return how many rows."""
        return Digest(self.store, self.clock).end_repair(buckets)

    def begin_epoch(self, epoch: int) -> None:
        """Follow the server into a new epoch: nothing is acknowledged in it, all rows come again.

        Events stay; the overlay follows each row that arrives.
        """
        with self.store.write() as work:
            assert epoch > work.settings.number(Setting.EPOCH)
            work.settings.put(Setting.EPOCH, epoch)
            work.settings.put(Setting.CURSOR, "")
            work.connection.execute(
                "UPDATE stream SET acked_seq = 0, durable_seq = 0 WHERE is_open = 1"
            )
            work.commit()

    def apply(self, page: PageSlice) -> int:
        """Store rows, and at the end of a page its acknowledgement, in one transaction.

        Returns how many events were appended to hand rights back.
        """
        others = sum(not isinstance(row, RightsRow) for row in page.rows)
        assert others <= ROWS_PER_TRANSACTION
        with self.store.write() as work:
            stream = work.journal.stream()
            assert page.epoch == work.settings.number(Setting.EPOCH)
            assert page.have <= stream.last_seq
            writer = RowWriter(
                work, epoch=page.epoch, have=page.have, clock=self.clock, ids=self.ids
            )
            for row in page.rows:
                writer.store(row)
            asked = {**_recalls(work), **writer.recalls, **writer.of_merged_accounts()}
            recalls = {member: recall for member, recall in asked.items() if recall is not None}
            _keep_recalls(work, writer.hand_back(recalls, self.reserved))
            if page.end is not None:
                _finish(work, page.have, page.end)
            appended = work.journal.stream().last_seq - stream.last_seq
            work.commit()
        return appended

    def apply_from_hub(self, rows: Sequence[Row]) -> int:
        """Store what the shop's hub says while the server is away; nothing is acknowledged.

        Returns how many events were appended to hand rights to the hub.
        """
        with self.store.write() as work:
            before = work.journal.stream().last_seq
            recalls = {**_recalls(work), **write_hub_rows(work, rows)}
            writer = RowWriter(work, epoch=0, have=0, clock=self.clock, ids=self.ids)
            _keep_recalls(work, writer.hand_back(recalls, self.reserved))
            appended = work.journal.stream().last_seq - before
            work.commit()
        return appended


def _position(read: Repositories) -> SyncPosition:
    settings = read.settings
    stream = read.journal.stream()
    return SyncPosition(
        server_url=settings.text(Setting.SERVER_URL),
        merchant=MerchantId(settings.text(Setting.MERCHANT)),
        till=TillId(settings.text(Setting.TILL)),
        stream=stream.stream,
        epoch=settings.number(Setting.EPOCH),
        acked_seq=stream.acked_seq,
        last_seq=stream.last_seq,
        cursor=settings.text(Setting.CURSOR),
        token=settings.text(Setting.TOKEN),
        has_hub=bool(settings.text(Setting.HUB_PIN)),
        pruned_seq=_pruned_seq(read, stream.stream_no),
        asks_of_closed=carrying.must_ask(read),
    )


def _pruned_seq(read: Repositories, stream_no: int) -> int:
    row = read.connection.execute(
        "SELECT pruned_seq FROM stream WHERE stream_no = ?", (stream_no,)
    ).fetchone()
    return int(row[0])


def _recalls(read: Repositories) -> dict[MemberId, Recall]:
    """Return the recalls that open baskets held back."""
    text = read.settings.text(Setting.RECALLS)
    return msgspec.json.decode(text, type=dict[MemberId, Recall]) if text else {}


def _keep_recalls(work: UnitOfWork, unmet: dict[MemberId, Recall]) -> None:
    """Keep what is not met yet: the server does not say it again."""
    text = msgspec.json.encode(unmet).decode() if unmet else ""
    if text != work.settings.text(Setting.RECALLS):
        work.settings.put(Setting.RECALLS, text)


def _hash_at(read: Repositories, seq: int) -> bytes | None:
    """Return the hash of an event of the open stream; before the first one, the stream's own.

    None beyond its end, and before what is no longer kept here.
    """
    row = read.connection.execute(
        "SELECT COALESCE(pruned_hash, first_hash) FROM stream"
        " WHERE is_open = 1 AND pruned_seq = ? UNION ALL"
        " SELECT e.hash FROM event e JOIN stream s USING (stream_no)"
        " WHERE s.is_open = 1 AND e.seq = ?",
        (seq, seq),
    ).fetchone()
    return None if row is None else bytes(row[0])


def _finish(work: UnitOfWork, have: int, end: PageEnd) -> None:
    """Move the cursor and, where no more rows wait, take the acknowledgement."""
    settings = work.settings
    if settings.text(Setting.CURSOR) == end.from_cursor:
        settings.put(Setting.CURSOR, end.cursor)
    if end.token:
        settings.put(Setting.TOKEN, end.token)
    settings.put(Setting.LAST_CONTACT_MS, end.contact_ms)
    settings.put(Setting.SERVER_OFFSET_MS, end.server_offset_ms)
    settings.put(Setting.RISK_TOTAL, end.risk_total)
    settings.put(Setting.SPEND_UNTIL_MS, end.spend_until_ms)
    if end.stock or (end.stock is not None and settings.text(Setting.REWARD_STOCK)):
        RewardStock(settings, work.journal.stream().stream).share(end.stock)
    settings.put(Setting.TRUSTED_MS, end.server_now_ms)
    settings.put(Setting.TRUSTED_BOOT_MS, end.boot_ms)
    work.connection.executemany(
        "DELETE FROM profile_change WHERE change = ?",
        [(change,) for change in end.profiles_have],
    )
    work.attention.taken(tuple(end.settlements_have))
    stream = work.journal.stream()
    work.connection.executemany(
        "INSERT INTO verdict(stream_no, seq, verdict) VALUES (?, ?, ?)"
        " ON CONFLICT(stream_no, seq) DO UPDATE SET verdict = excluded.verdict",
        [(stream.stream_no, seq, verdict) for seq, verdict in end.verdicts],
    )
    if end.acks:
        _acknowledge(work, have, sweeps=end.sweeps)
        # What the hub told comes again from its feed where the server has not heard of it.
        work.connection.execute("UPDATE points SET peer_points = 0 WHERE peer_points <> 0")
    work.connection.execute(
        "UPDATE stream SET durable_seq = MAX(durable_seq, MIN(?, acked_seq)) WHERE stream_no = ?",
        (end.durable, stream.stream_no),
    )


def _acknowledge(work: UnitOfWork, have: int, *, sweeps: bool) -> None:
    """Note that the server has the events 1..``have``."""
    stream = work.journal.stream()
    unswept = work.settings.text(Setting.UNSWEPT_SEQ)
    if sweeps and (unswept or have > stream.acked_seq):
        after = min(int(unswept), stream.acked_seq) if unswept else stream.acked_seq
        _sweep(work, stream.stream_no, after=after, have=have)
        if unswept:
            work.settings.put(Setting.UNSWEPT_SEQ, "")
    elif not sweeps and not unswept:
        work.settings.put(Setting.UNSWEPT_SEQ, stream.acked_seq)
    if have > stream.acked_seq:
        work.connection.execute(
            "UPDATE stream SET acked_seq = ? WHERE stream_no = ?", (have, stream.stream_no)
        )


def _sweep(work: UnitOfWork, stream_no: int, *, after: int, have: int) -> None:
    """Drop what is left of the overlay of acknowledged events: the server's rows hold them."""
    rows = work.connection.execute(
        "SELECT bytes FROM event WHERE stream_no = ? AND seq > ? AND seq <= ?",
        (stream_no, after, have),
    ).fetchall()
    for member in sorted(members_of(bytes(row[0]) for row in rows)):
        held = work.connection.execute(
            "SELECT overlay_after_seq FROM points WHERE member = ?", (member,)
        ).fetchone()
        if held is not None and held[0] < have:
            write_overlay(work, member, stream_no=stream_no, have=have)


class _Touched(msgspec.Struct):
    """The members that an event of any kind can name; the rest of it is not read."""

    member: MemberId | None = None
    from_member: MemberId | None = None
    to_member: MemberId | None = None
    original: str = ""


_TOUCHED = msgspec.json.Decoder(_Touched)


def members_of(events: Iterable[bytes]) -> set[MemberId]:
    """Return whose balances these events may touch; a rescue touches what its original did."""
    members: set[MemberId] = set()
    for data in events:
        touched = _TOUCHED.decode(data)
        if touched.original:
            touched = _TOUCHED.decode(touched.original)
        found = {touched.member, touched.from_member, touched.to_member}
        members.update(member for member in found if member is not None)
    return members
