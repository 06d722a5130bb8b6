"""Old events leave the till once the server has them safe.

An event is deleted only where the server said that a backup elsewhere holds it, too,
and where it is older than any restore may reach back. What deleted events did is kept
as sums, and the chain's hash at the last of them: the books can be verified as before,
and the chain goes on. One slice is one short transaction, so that a sale never waits.
"""

from dataclasses import dataclass

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.event import EventRescued, SaleReversed, UnreadableEvent, decode_event
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.spend_rights import effects_of
from pos_loyalty.store.event_index import reference_of
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Repositories, Store, UnitOfWork

AGE_MS_MIN = 90 * 24 * 60 * 60 * 1000
"""So long a till keeps what the server has: for a server that is restored from a backup."""
EVENTS_KEPT_MIN = 1_000
"""So many of the newest events stay however old they are: last sales, undoing, figures of today."""
EVENTS_PER_TRANSACTION = 200

_SAFE = "MIN(durable_seq, acked_seq, last_seq - ?)"
"""Up to where events may go: held by a backup elsewhere, too, and not among the newest."""


@dataclass(frozen=True, slots=True)
class _Place:
    """The end of a slice: up to which event of which stream."""

    stream_no: int
    seq: int
    hash: bytes


@dataclass(frozen=True)
class Pruning:
    """Deletes what is old and safe, a slice at a call."""

    store: Store
    clock: Clock

    def slice(self) -> int:
        """Delete the next events that may go; return how many."""
        with self.store.read() as read:
            place = self._place(read)
        if place is None:
            return 0
        with self.store.write() as work:
            work.is_news = False
            # Meanwhile an exchange may have begun a new epoch, in which nothing is safe yet.
            place = self._place(work)
            events = 0 if place is None else _delete(work, place)
            work.commit()
        return events

    def _place(self, read: Repositories) -> _Place | None:
        """Find the end of the next slice; None where nothing may go."""
        ahead_ms = read.settings.number(Setting.SERVER_OFFSET_MS)
        before_ms = self.clock.now_ms() - max(0, ahead_ms) - AGE_MS_MIN
        streams = read.connection.execute(
            f"SELECT stream_no, pruned_seq, {_SAFE} FROM stream"  # noqa: S608 - a constant
            f" WHERE {_SAFE} > pruned_seq ORDER BY stream_no",
            (EVENTS_KEPT_MIN, EVENTS_KEPT_MIN),
        ).fetchall()
        for stream_no, pruned_seq, safe_seq in streams:
            rows = read.connection.execute(
                "SELECT seq, hash, at_ms FROM event WHERE stream_no = ? AND seq > ? AND seq <= ?"
                " ORDER BY seq LIMIT ?",
                (stream_no, pruned_seq, safe_seq, EVENTS_PER_TRANSACTION),
            ).fetchall()
            last = None
            for seq, digest, at_ms in rows:
                if at_ms >= before_ms:
                    break
                last = _Place(stream_no, int(seq), bytes(digest))
            if last is not None:
                return last
        return None


def _delete(work: UnitOfWork, place: _Place) -> int:
    """Delete the events up to a place; keep what they did as sums."""
    execute = work.connection.execute
    rows = execute(
        "SELECT seq, bytes FROM event WHERE stream_no = ? AND seq <= ? ORDER BY seq",
        (place.stream_no, place.seq),
    ).fetchall()
    sums: dict[str, list[int]] = {}
    for seq, data in rows:
        _sum_up(sums, bytes(data))
        execute("DELETE FROM verdict WHERE stream_no = ? AND seq = ?", (place.stream_no, seq))
        _forget_references(work, bytes(data))
    execute(
        "DELETE FROM quiet_event WHERE stream_no = ? AND seq <= ?", (place.stream_no, place.seq)
    )
    for member, (points, earned_points, earned, used, returned) in sorted(sums.items()):
        execute(
            "INSERT INTO pruned_points(member, stream_no, points, earned_points, earned, used,"
            " returned) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT(member, stream_no) DO UPDATE SET"
            " points = points + excluded.points,"
            " earned_points = earned_points + excluded.earned_points,"
            " earned = earned + excluded.earned, used = used + excluded.used,"
            " returned = returned + excluded.returned",
            (member, place.stream_no, points, earned_points, earned, used, returned),
        )
        execute(
            "DELETE FROM ledger_entry WHERE member = ? AND stream_no = ? AND seq <= ?",
            (member, place.stream_no, place.seq),
        )
    execute("DELETE FROM event WHERE stream_no = ? AND seq <= ?", (place.stream_no, place.seq))
    execute(
        "UPDATE stream SET pruned_seq = ?, pruned_hash = ? WHERE stream_no = ?",
        (place.seq, place.hash, place.stream_no),
    )
    return len(rows)


def _sum_up(sums: dict[str, list[int]], data: bytes) -> None:
    """Add what an event did to members; a carried event holds no rights where it stands."""
    event = decode_event(data)
    fact = event
    if isinstance(event, EventRescued):
        try:
            fact = decode_event(event.original.encode())
        except UnreadableEvent:
            return
    for entry in entries_of(fact):
        if entry.member is not None:
            change = sums.setdefault(entry.member, [0, 0, 0, 0, 0])
            change[0] += entry.points
            change[1] += entry.earned_points
    for effect in effects_of(event):
        change = sums.setdefault(effect.member, [0, 0, 0, 0, 0])
        change[2] += effect.earned
        change[3] += effect.used
        change[4] += effect.returned


def _forget_references(work: UnitOfWork, data: bytes) -> None:
    """A sale before its undoing or refund went with it: nobody can undo it a second time."""
    event = decode_event(data)
    if isinstance(event, SaleReversed):
        work.connection.execute("DELETE FROM reversed_sale WHERE sale_id = ?", (event.sale_id,))
    for subject in reference_of(event):
        work.connection.execute(
            "DELETE FROM event_reference WHERE subject = ? AND event_id = ?", (subject, event.id)
        )
