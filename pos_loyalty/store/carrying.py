"""What of closed journals has yet to be carried into the open one.

After joining again, or after the server was restored to before that, events of closed
journals are not on the server. They are carried over in slices, so that a sale never
waits for a week of them. Which ones is kept in a setting, in the transaction that
closes the journal: a power cut between two slices loses nothing and doubles nothing.
"""

from collections.abc import Iterable, Sequence

import msgspec

from pos_loyalty.domain.ids import StreamId
from pos_loyalty.store.database import Connection
from pos_loyalty.store.settings import Setting, SettingRepository
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork

CLOSED_STREAMS_MAX = 200
"""Of so many closed journals a till asks how far the server holds them, the newest first."""
_STEP_FACTOR = 4


class Waiting(msgspec.Struct, frozen=True, array_like=True):
    """Events ``next_seq`` to ``last_seq`` of a closed journal; they count where they stand."""

    stream_no: int
    next_seq: int
    last_seq: int

    @property
    def events(self) -> int:
        """How many events wait."""
        return self.last_seq - self.next_seq + 1


def waiting(connection: Connection) -> list[Waiting]:
    """Return what waits, in the order in which it happened."""
    text = SettingRepository(connection).text(Setting.RESCUES_WAITING)
    return msgspec.json.decode(text, type=list[Waiting]) if text else []


def put_waiting(work: UnitOfWork, ranges: Iterable[Waiting]) -> None:
    """Note what waits; the oldest goes first, because a later event may undo an earlier one."""
    kept = sorted((each.stream_no, each.next_seq, each.last_seq) for each in ranges if each.events)
    text = msgspec.json.encode(kept).decode() if kept else ""
    work.settings.put(Setting.RESCUES_WAITING, text)


def closed_streams(read: Repositories) -> tuple[tuple[StreamId, int, str], ...]:
    """Return (stream, seq, hash) of what was acknowledged of each closed journal.

    A journal is named at its end and at places ever farther back, so that the server
    finds about how far it holds it whatever it lost.
    """
    named: list[tuple[StreamId, int, str]] = []
    rows = read.connection.execute(
        "SELECT stream_no, stream, acked_seq, pruned_seq, pruned_hash FROM stream"
        " WHERE is_open = 0 AND acked_seq > 0 ORDER BY stream_no DESC LIMIT ?",
        (CLOSED_STREAMS_MAX,),
    ).fetchall()
    for stream_no, stream, acked_seq, pruned_seq, pruned_hash in rows:
        for seq in _places(acked_seq, above=pruned_seq):
            row = read.connection.execute(
                "SELECT hash FROM event WHERE stream_no = ? AND seq = ?", (stream_no, seq)
            ).fetchone()
            named.append((StreamId(stream), seq, bytes(row[0]).hex()))
        if pruned_hash is not None:
            named.append((StreamId(stream), pruned_seq, bytes(pruned_hash).hex()))
    return tuple(named)


def _places(last: int, *, above: int) -> Iterable[int]:
    place, step = last, 1
    while place > above:
        yield place
        place, step = place - step, step * _STEP_FACTOR


def take_held(work: UnitOfWork, held: Sequence[tuple[StreamId, int]]) -> int:
    """Note how far the server holds closed journals; return how many events now wait.

    What it lost of them counts here as before until it has been carried over. What was
    deleted here is in a backup elsewhere, so it is not the till's to bring back.
    """
    ranges = waiting(work.connection)
    for stream, held_seq in held:
        row = work.connection.execute(
            "SELECT stream_no, acked_seq, pruned_seq FROM stream"
            " WHERE stream = ? AND is_open = 0 AND acked_seq > ?",
            (stream, held_seq),
        ).fetchone()
        if row is None or held_seq < 0:
            continue
        stream_no, acked_seq, pruned_seq = row
        work.connection.execute(
            "UPDATE stream SET acked_seq = ?, durable_seq = MIN(durable_seq, ?)"
            " WHERE stream_no = ?",
            (held_seq, held_seq, stream_no),
        )
        ranges.append(Waiting(stream_no, max(held_seq, pruned_seq) + 1, acked_seq))
    put_waiting(work, ranges)
    work.settings.put(Setting.CLOSED_CHECKED, work.settings.number(Setting.EPOCH))
    return sum(each.events for each in ranges)


def must_ask(read: Repositories) -> bool:
    """Tell whether the server has yet to say, in this epoch, what it holds of closed journals."""
    settings = read.settings
    if settings.number(Setting.CLOSED_CHECKED, -1) == settings.number(Setting.EPOCH):
        return False
    row = read.connection.execute(
        "SELECT 1 FROM stream WHERE is_open = 0 AND acked_seq > 0 LIMIT 1"
    ).fetchone()
    return row is not None
