"""The journal and what follows from it: events, ledger entries, balances, spend rights.

One append writes the event's bytes, its hash, its ledger entries, the cached
balance and the rights counters; together with the commit that is one flush. The
outbox is the part of the open stream above ``acked_seq``.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    EVENT_BYTES_MAX,
    Event,
    EventRescued,
    SaleReversed,
    chain_hash,
    encode_event,
    first_hash,
)
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.ledger import EARNING_KINDS, LedgerEntry, entries_of
from pos_loyalty.domain.spend_rights import Rights, RightsEffect, effects_of
from pos_loyalty.store.database import Connection
from pos_loyalty.store.event_index import EventIndex, add_to_index

RESCUE_BYTES_MAX = 2 * EVENT_BYTES_MAX
"""A carried event holds the bytes of another one, quoted; the server allows as much."""

_STREAM = (
    "SELECT stream_no, stream, join_nonce, last_seq, last_hash, acked_seq, durable_seq FROM stream"
)


_EARNING_KINDS_JSON = json.dumps(sorted(kind.value for kind in EARNING_KINDS))


class StreamState(msgspec.Struct, frozen=True):
    """A stream as far as it is written; hashes are 32 bytes."""

    stream_no: int
    stream: StreamId
    join_nonce: str
    last_seq: int
    last_hash: bytes
    acked_seq: int
    durable_seq: int

    @property
    def pending(self) -> int:
        """How many events the server has not acknowledged."""
        return self.last_seq - self.acked_seq


class StoredEvent(msgspec.Struct, frozen=True):
    """An event as it lies in the journal."""

    stream_no: int
    seq: int
    id: str
    kind: str
    at_ms: int
    data: bytes
    hash: bytes


@dataclass(frozen=True)
class StoredEntry:
    """A ledger entry with the event it comes from."""

    event_id: str
    seq: int
    at_ms: int
    kind: str
    points: int


class Journal:
    """Appends and reads the journal over one connection; ``index`` finds by member and sale."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.index = EventIndex(connection)

    def open_stream(self, stream: StreamId, join_nonce: str) -> StreamState:
        """Begin a new stream; an earlier one is closed. Rights begin at zero with it."""
        execute = self._connection.execute
        execute("UPDATE stream SET is_open = 0 WHERE is_open = 1")
        start = first_hash(stream, join_nonce)
        execute(
            "INSERT INTO stream(stream, join_nonce, first_hash, last_hash) VALUES (?, ?, ?, ?)",
            (stream, join_nonce, start, start),
        )
        # Most members of a large shop never had rights here: their rows are left alone.
        execute(
            "UPDATE points SET granted = 0, earned = 0, used = 0, returned = 0, lent = 0"
            " WHERE granted > 0 OR earned > 0 OR used > 0 OR returned > 0 OR lent > 0"
        )
        execute("DELETE FROM rights_lent")
        return self.stream()

    def stream(self) -> StreamState:
        """Return the open stream."""
        row = self._connection.execute(f"{_STREAM} WHERE is_open = 1").fetchone()
        assert row is not None, "a till's database always has one open stream"
        return StreamState(*row)

    def newest_unsent_ms(self) -> int:
        """Return the time of the newest event that was not acknowledged; 0 where all are."""
        row = self._connection.execute(
            "SELECT e.at_ms FROM event e JOIN stream s USING (stream_no) WHERE s.is_open = 1"
            " AND e.seq = s.last_seq AND s.last_seq > s.acked_seq"
        ).fetchone()
        return 0 if row is None else int(row[0])

    def append(self, event: Event) -> StoredEvent:
        """Write an event and everything that follows from it; the caller commits.

        Raises:
            CommandRefused: the event is longer than any honest one.
        """
        data = encode_event(event)
        limit = RESCUE_BYTES_MAX if isinstance(event, EventRescued) else EVENT_BYTES_MAX
        if len(data) > limit:
            raise CommandRefused(Code.BODY_LARGE, limit_bytes=limit)
        stream = self.stream()
        seq = stream.last_seq + 1
        digest = chain_hash(stream.last_hash, data)
        kind = str(event.__struct_config__.tag)
        execute = self._connection.execute
        execute(
            "INSERT INTO event(stream_no, seq, id, kind, at_ms, bytes, hash)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (stream.stream_no, seq, event.id, kind, event.at_ms, data, digest),
        )
        execute(
            "UPDATE stream SET last_seq = ?, last_hash = ? WHERE stream_no = ?",
            (seq, digest, stream.stream_no),
        )
        if isinstance(event, SaleReversed):
            execute("INSERT INTO reversed_sale VALUES (?, ?)", (event.sale_id, event.id))
        if not isinstance(event, EventRescued):
            self._fold(event, stream_no=stream.stream_no, seq=seq)
        return StoredEvent(stream.stream_no, seq, event.id, kind, event.at_ms, data, digest)

    def get(self, event_id: str) -> StoredEvent | None:
        """Return an event by its id."""
        row = self._connection.execute(
            "SELECT stream_no, seq, id, kind, at_ms, bytes, hash FROM event WHERE id = ?",
            (event_id,),
        ).fetchone()
        return None if row is None else StoredEvent(*row)

    def newest(self, kind: str, limit: int) -> tuple[StoredEvent, ...]:
        """Return the newest events of a kind on this till, newest first."""
        rows = self._connection.execute(
            "SELECT stream_no, seq, id, kind, at_ms, bytes, hash FROM event WHERE kind = ?"
            " ORDER BY stream_no DESC, seq DESC LIMIT ?",
            (kind, limit),
        ).fetchall()
        return tuple(StoredEvent(*row) for row in rows)

    def count_since(self, kind: str, at_ms: int, *, newest_events: int = 5000) -> int:
        """Count events of a kind since a moment, looking back at most ``newest_events``."""
        row = self._connection.execute(
            "SELECT COUNT(*) FROM (SELECT kind, at_ms, id FROM event"
            " ORDER BY stream_no DESC, seq DESC LIMIT ?) newest"
            " WHERE kind = ? AND at_ms >= ?"
            " AND NOT EXISTS (SELECT 1 FROM reversed_sale WHERE sale_id = newest.id)",
            (newest_events, kind, at_ms),
        ).fetchone()
        return int(row[0])

    def rewards_since(self, at_ms: int, *, newest_events: int = 5000) -> int:
        """Count the rewards on sales since a moment that still stand."""
        row = self._connection.execute(
            "SELECT COALESCE(SUM(json_array_length(CAST(bytes AS TEXT), '$.rewards')), 0) FROM"
            " (SELECT kind, at_ms, id, bytes FROM event"
            " ORDER BY stream_no DESC, seq DESC LIMIT ?) newest"
            " WHERE kind = 'sale' AND at_ms >= ?"
            " AND NOT EXISTS (SELECT 1 FROM reversed_sale WHERE sale_id = newest.id)",
            (newest_events, at_ms),
        ).fetchone()
        return int(row[0])

    def is_reversed(self, sale_id: str) -> str | None:
        """Return the id of the reversal of a sale, or None."""
        row = self._connection.execute(
            "SELECT reversal_id FROM reversed_sale WHERE sale_id = ?", (sale_id,)
        ).fetchone()
        return None if row is None else str(row[0])

    def rights(self, member: MemberId) -> Rights:
        """Return a member's counters in the open stream."""
        row = self._connection.execute(
            "SELECT granted, earned, used, returned, lent FROM points WHERE member = ?", (member,)
        ).fetchone()
        return Rights() if row is None else Rights(*row)

    def members_with_rights(self) -> tuple[MemberId, ...]:
        """Return whose points may be used by rights of the open stream."""
        rows = self._connection.execute(
            "SELECT member FROM points WHERE granted + lent + earned > used + returned"
            " ORDER BY member"
        )
        return tuple(MemberId(row[0]) for row in rows)

    def entries(self, member: MemberId, limit: int) -> tuple[StoredEntry, ...]:
        """Return this till's newest entries of a member, oldest first."""
        rows = self._connection.execute(
            "SELECT e.id, l.seq, l.at_ms, l.kind, l.points FROM ledger_entry l"
            " JOIN event e ON e.stream_no = l.stream_no AND e.seq = l.seq WHERE l.member = ?"
            " ORDER BY l.stream_no DESC, l.seq DESC, l.position DESC LIMIT ?",
            (member, limit),
        ).fetchall()
        return tuple(StoredEntry(*row) for row in reversed(rows))

    def earned_since(self, member: MemberId, at_ms: int) -> int:
        """Return the points that count toward the tier since a moment, of this till alone."""
        row = self._connection.execute(
            "SELECT COALESCE(SUM(points), 0) FROM ledger_entry"
            " WHERE member = ? AND at_ms >= ? AND kind IN (SELECT value FROM json_each(?))",
            (member, at_ms, _EARNING_KINDS_JSON),
        ).fetchone()
        return int(row[0])

    def _fold(self, event: Event, *, stream_no: int, seq: int) -> None:
        """Write what an event does to points; till and server share the rules."""
        changes: dict[MemberId, list[int]] = {}
        entries = entries_of(event)
        self._connection.executemany(
            "INSERT INTO ledger_entry(member, stream_no, seq, position, kind, points, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            _entry_rows(entries, stream_no=stream_no, seq=seq, at_ms=event.at_ms),
        )
        add_to_index(self._connection, event, entries, stream_no=stream_no, seq=seq)
        for entry in entries:
            if entry.member is not None:
                change = changes.setdefault(entry.member, [0, 0, 0, 0, 0])
                change[0] += entry.points
                change[1] += entry.earned_points
        for effect in effects_of(event):
            _add_effect(changes.setdefault(effect.member, [0, 0, 0, 0, 0]), effect)
        for member, change in changes.items():
            self._connection.execute(
                "INSERT INTO points(member, overlay_points, overlay_earned, earned, used,"
                " returned) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT(member) DO UPDATE SET"
                " overlay_points = overlay_points + excluded.overlay_points,"
                " overlay_earned = overlay_earned + excluded.overlay_earned,"
                " earned = earned + excluded.earned, used = used + excluded.used,"
                " returned = returned + excluded.returned",
                (member, *change),
            )


def _add_effect(change: list[int], effect: RightsEffect) -> None:
    change[2] += effect.earned
    change[3] += effect.used
    change[4] += effect.returned


def _entry_rows(
    entries: Sequence[LedgerEntry], *, stream_no: int, seq: int, at_ms: int
) -> list[tuple[str, int, int, int, str, int, int]]:
    return [
        (entry.member, stream_no, seq, position, entry.kind.value, entry.points, at_ms)
        for position, entry in enumerate(entries)
        if entry.member is not None
    ]
