"""How far another database, a backup or a replica, holds the tills' journals.

Only what lies elsewhere, too, may leave the tills: a till deletes old events only below
the mark that is recorded here. Nobody is believed: the chain of every journal is
computed again from the bytes in the other database, from the last mark on.
"""

from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import chain_hash, first_hash
from pos_loyalty.domain.ids import MerchantId, StreamId
from pos_loyalty.domain.program_words_plain import many
from pos_loyalty.server.books import StreamState
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.other_database import place_of, reading
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.settings import SQLITE_PREFIX
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.verify import Report, verify_books

_PAGE = 2_000
_FAULTS_MAX = 20


@dataclass
class Durability:
    """What was found: how many journals and events are held elsewhere, and what is off."""

    streams: int = 0
    events: int = 0
    faults: list[str] = field(default_factory=list[str])

    @property
    def sentence(self) -> str:
        """The result for a person, the first fault first."""
        events, journals = many(self.events, "event"), many(self.streams, "journal")
        counted = f"{events} of {journals} {'is' if self.events == 1 else 'are'} held there, too"
        if not self.faults:
            return f"Recorded: {counted}."
        return "\n".join([f"Recorded as far as it fits: {counted}.", *self.faults[:_FAULTS_MAX]])

    def as_json(self) -> dict[str, int | bool | list[str]]:
        """The result for a program."""
        return {
            "ok": not self.faults,
            "streams": self.streams,
            "events": self.events,
            "faults": self.faults[:_FAULTS_MAX],
        }


def record_durable(database: Database, *, url: str, backup_url: str) -> Durability:
    """Look into another database and record how far it holds each journal.

    A mark never sinks and never passes the end of its journal.

    Args:
        database: the books.
        url: where the books are, so that nobody names them twice.
        backup_url: where the backup or replica is; it is only read.

    Raises:
        CommandRefused: it is the same database, or the books of another merchant.
        StoreUnavailable: it cannot be read.
    """
    merchant = read_merchant(database).merchant
    if url == backup_url:
        raise _not_another()
    found = Durability()
    marks: dict[StreamId, int] = {}
    with reading(backup_url) as backup, database.read() as session:
        if place_of(session) == place_of(backup):
            raise _not_another()
        if not backup.fetch("SELECT 1 FROM merchant WHERE merchant = ?", merchant):
            raise CommandRefused(Code.SERVER_OTHER_MERCHANT)
        rows = session.fetch(
            "SELECT stream FROM stream WHERE merchant = ? ORDER BY stream", merchant
        )
        for state in statements.load_streams(session, merchant, [row[0] for row in rows]).values():
            mark = _held(session, backup, merchant, state, found)
            if mark > state.durable:
                marks[state.stream] = mark
            found.streams += mark > 0
            found.events += max(mark, state.durable)
    if marks:
        transact(database, lambda session: _record(session, merchant, marks))
    return found


def _not_another() -> CommandRefused:
    return CommandRefused(Code.OPTION_SHAPE, option="--backup", example="backup.db")


def _held(
    session: Session,
    backup: Session,
    merchant: MerchantId,
    state: StreamState,
    found: Durability,
) -> int:
    """Return up to where a backup holds a journal with the very bytes, 0 where it does not."""
    last = _last_of(backup, merchant, state.stream)
    end = min(last, state.last)
    if end < state.durable:
        found.faults.append(
            f"journal {state.stream}: ends at event {last} there,"
            f" but {state.durable} were held elsewhere before"
        )
        return 0
    chain = _hash_at(session, merchant, state, state.durable)
    if state.durable and _hash_at(backup, merchant, state, state.durable) != chain:
        found.faults.append(f"journal {state.stream}: event {state.durable} is another one there")
        return 0
    reached, chain = _walk(backup, merchant, state, end, chain)
    if reached != end or chain != _hash_at(session, merchant, state, end):
        found.faults.append(
            f"journal {state.stream}: what is held there after event {state.durable} does not fit"
        )
        return 0
    return end


def _last_of(backup: Session, merchant: MerchantId, stream: StreamId) -> int:
    rows = backup.fetch(
        "SELECT last FROM stream WHERE merchant = ? AND stream = ?", merchant, stream
    )
    return int(rows[0][0]) if rows else 0


def _hash_at(session: Session, merchant: MerchantId, state: StreamState, seq: int) -> bytes | None:
    if seq == 0:
        return first_hash(state.stream, state.join_nonce)
    held = statements.load_hashes(session, merchant, state.stream, first=seq, last=seq)
    return held.get((state.stream, seq))


def _walk(
    backup: Session, merchant: MerchantId, state: StreamState, end: int, chain: bytes | None
) -> tuple[int, bytes | None]:
    """Compute the chain from the last mark on; return how far it goes, and its hash there."""
    seq = state.durable
    while seq < end and chain is not None:
        rows = backup.fetch(
            "SELECT seq, data FROM event WHERE merchant = ? AND stream = ? AND seq > ?"
            " AND seq <= ? ORDER BY seq LIMIT ?",
            merchant,
            state.stream,
            seq,
            end,
            _PAGE,
        )
        for number, data in rows:
            if int(number) != seq + 1:
                return seq, chain
            chain = chain_hash(chain, bytes(data))
            seq += 1
        if not rows:
            break
    return seq, chain


def _record(session: Session, merchant: MerchantId, marks: dict[StreamId, int]) -> None:
    """Write the marks; the clock's row keeps other writers away meanwhile."""
    statements.take_version(session, merchant)
    for stream, mark in sorted(marks.items()):
        session.execute(
            "UPDATE stream SET durable = ? WHERE merchant = ? AND stream = ?"
            " AND durable < ? AND last >= ?",
            mark,
            merchant,
            stream,
            mark,
            mark,
        )


def write_copy(database: Database, target: Path) -> Report:
    """Write a copy of the books in a SQLite file, verify it whole, then give it its name.

    Tills go on meanwhile. A copy that is not right is not kept; the report says why.

    Raises:
        CommandRefused: the books are not in a SQLite file, or the target exists.
        StoreUnavailable: the disk refuses.
    """
    if database.is_shared:
        raise CommandRefused(Code.OPTION_SHAPE, option="--database", example="server.db")
    if target.exists():
        raise CommandRefused(Code.FILE_EXISTS, file=target.name)
    draft = target.with_name(target.name + ".new")
    draft.unlink(missing_ok=True)
    try:
        with database.read() as session:
            source = Path(session.fetch("PRAGMA database_list")[0][2])
        with reading(f"{SQLITE_PREFIX}{source}") as session:
            session.execute("ROLLBACK")
            session.execute("VACUUM INTO ?", str(draft.absolute()))
        with closing(SqliteDatabase(draft, may_create=False)) as copy:
            report = verify_books(copy)
        if not report.faults:
            draft.replace(target)
    finally:
        for leftover in (draft, *(Path(f"{draft}{end}") for end in ("-wal", "-shm"))):
            leftover.unlink(missing_ok=True)
    return report
