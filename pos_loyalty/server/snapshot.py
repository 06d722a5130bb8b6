"""The file with all members and cards that a new till takes instead of a million rows.

It is written from one snapshot of the books and named by (epoch, version, schema), so
that it never changes under a till that takes it piece by piece. Beside it lies a note
with its size and hash; the note is written last, so a file without one is not there.
"""

import hashlib
import logging
import os
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import cast

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.domain.ids import MerchantId, StreamId, is_id
from pos_loyalty.domain.program import is_plain
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.changes import Asking, rows_of
from pos_loyalty.server.cursor import Cursor
from pos_loyalty.server.database import inbox_statements, statements, version_marks
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.settings import SQLITE_PREFIX
from pos_loyalty.wire.messages import CardRow, MemberRow, SnapshotOffer, SnapshotRequest
from pos_loyalty.wire.snapshot_file import (
    BLOCK_ROWS,
    MAGIC,
    PIECE_BYTES_MAX,
    SNAPSHOT_SCHEMA,
    End,
    Frame,
    Header,
    Unfit,
    card_block,
    member_block,
    write_frame,
)

PATH = "/sync/v1/snapshot"
MEMBERS_MIN = 20_000
"""From so many members on the server makes a file by itself."""
AGE_MS_MAX = 24 * 60 * 60 * 1000
FILES_KEPT = 2
"""The newest, and the one before it for tills that are half through it."""
_ID_BYTES = 16
_NAME_LETTERS = 8
"""So much of the merchant's id stands in a file's name."""
_BREATH_SECONDS = 0.002
"""Between two blocks, so that a server that writes a file goes on answering."""
_LOG = logging.getLogger(__name__)

Progress = Callable[[int, int], None]


class Note(msgspec.Struct, frozen=True):
    """What is known of a file; ``streams`` has how far it holds each stream.

    ``mark`` is the random mark of its version: books that have another there are others.
    """

    name: str
    merchant: MerchantId
    epoch: int
    v: int
    schema: int
    size: int
    sha256: str
    rows: int
    made_ms: int
    streams: dict[StreamId, int]
    mark: str = ""


class SnapshotFolder:
    """The folder with the newest files of one merchant."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def newest(self, merchant: MerchantId) -> Note | None:
        """Return the note of the newest whole file."""
        notes = [note for note in self._notes() if note.merchant == merchant]
        return max(notes, key=lambda note: (note.epoch, note.v), default=None)

    def offer(self, session: Session, merchant: MerchantId, stream: StreamId) -> SnapshotOffer:
        """Return what a till may take now; an empty name where nothing fits these books."""
        note = self.newest(merchant)
        version, epoch = statements.current_version(session, merchant)
        if note is None or note.epoch != epoch or note.v > version:
            return SnapshotOffer(merchant=merchant)
        if (
            version_marks.load_marks(session, merchant, [note.v]).get(note.v, note.mark)
            != note.mark
        ):
            return SnapshotOffer(merchant=merchant)
        cursor = Cursor(note.epoch, skip_v=note.v, seen_v=note.v, mark=note.mark)
        return SnapshotOffer(
            merchant=merchant,
            name=note.name,
            size=note.size,
            sha256=note.sha256,
            epoch=note.epoch,
            v=note.v,
            cursor=str(cursor),
            rows=note.rows,
            have=note.streams.get(stream, 0),
        )

    def piece(self, merchant: MerchantId, request: SnapshotRequest) -> bytes:
        """Return the bytes of a file from an offset on, at most one piece.

        Raises:
            CommandRefused: the file is no longer there, or the offset is beyond its end.
        """
        # Only names that a note of ours has: nothing of a request becomes a path.
        note = next((note for note in self._notes() if note.name == request.name), None)
        if note is None or note.merchant != merchant:
            raise CommandRefused(Code.SNAPSHOT_GONE)
        if not 0 <= request.offset < note.size:
            raise CommandRefused(Code.BODY_SHAPE, detail="offset is out of range")
        limit = min(request.limit, PIECE_BYTES_MAX) if request.limit > 0 else PIECE_BYTES_MAX
        try:
            with (self.path / note.name).open("rb") as file:
                file.seek(request.offset)
                return file.read(limit)
        except OSError as error:
            raise CommandRefused(Code.SNAPSHOT_GONE) from error

    def make(
        self,
        database: Database,
        merchant: Merchant,
        *,
        now_ms: int,
        progress: Progress | None = None,
    ) -> Note:
        """Write a file as of now, and take older ones away.

        Who is erased while it is written is not in the file that stays.

        Raises:
            StoreUnavailable: the books cannot be read, or the folder cannot be written.
            Unfit: a row cannot be told in such a file.
        """
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            note = None
            while note is None or not (self.path / note.name).exists():
                with database.read() as session:
                    note = _Writing(self.path, session, merchant, now_ms, progress).write()
                self.forget_erased(database, merchant.merchant)
            self._prune(note)
        except OSError as error:
            raise StoreUnavailable(Code.FILE_WRITE, file=str(self.path)) from error
        return note

    def forget_erased(self, database: Database, merchant: MerchantId) -> int:
        """Delete files from before the last erasure, which may have a name in them; how many."""
        with database.read() as session:
            erased_v = inbox_statements.last_erasure(session, merchant)
        return self._delete(merchant, below_v=erased_v)

    def forget_all(self, merchant: MerchantId) -> int:
        """Delete every file, also one half written; return how many. A till takes rows instead.

        Raises:
            StoreUnavailable: the folder cannot be written.
        """
        try:
            return self._delete(merchant, below_v=None)
        except OSError as error:
            raise StoreUnavailable(Code.FILE_WRITE, file=str(self.path)) from error

    def _delete(self, merchant: MerchantId, *, below_v: int | None) -> int:
        """Delete files by their names, so that one without a note is found, too."""
        count = 0
        for path in sorted(self.path.glob(f"{merchant[:_NAME_LETTERS]}-*")):
            version = path.name.split("-")[2]
            if below_v is None or (version.isdecimal() and int(version) < below_v):
                path.unlink(missing_ok=True)
                count += path.suffix == ".snapshot"
        return count

    def _notes(self) -> Iterator[Note]:
        with suppress(OSError):
            for path in sorted(self.path.glob("*.note")):
                with suppress(OSError, msgspec.MsgspecError):
                    note = msgspec.json.decode(path.read_bytes(), type=Note)
                    file = self.path / note.name
                    if path.name == f"{note.name}.note" and file.stat().st_size == note.size:
                        yield note

    def _prune(self, newest: Note) -> None:
        """Take away what no till takes any more: older files, and what was cut short."""
        notes = [note for note in self._notes() if note.merchant == newest.merchant]
        notes.sort(key=lambda note: (note.epoch, note.v), reverse=True)
        for note in notes[FILES_KEPT:]:
            (self.path / f"{note.name}.note").unlink(missing_ok=True)
            (self.path / note.name).unlink(missing_ok=True)


def folder_of(database: str, folder: Path | None) -> SnapshotFolder | None:
    """Return where the files are kept: the folder given, or one beside a SQLite database."""
    if folder is not None:
        return SnapshotFolder(folder)
    if database.startswith(SQLITE_PREFIX):
        return SnapshotFolder(Path(database.removeprefix(SQLITE_PREFIX) + ".snapshots"))
    return None


def make_if_due(
    folder: SnapshotFolder,
    database: Database,
    merchant: Merchant,
    *,
    now_ms: int,
    progress: Progress | None = None,
) -> Note | None:
    """Write a file where the membership is large and the newest one is older than a day.

    Files with somebody who was erased since are deleted, whoever erased and whichever
    machine keeps them.
    """
    _forget_erased(folder, database, merchant.merchant)
    with database.read() as session:
        rows = session.fetch("SELECT count(*) FROM member WHERE merchant = ?", merchant.merchant)
        _, epoch = statements.current_version(session, merchant.merchant)
    newest = folder.newest(merchant.merchant)
    is_new = newest is not None and newest.epoch == epoch and now_ms - newest.made_ms < AGE_MS_MAX
    if int(rows[0][0]) <= MEMBERS_MIN or is_new:
        return None
    try:
        return folder.make(database, merchant, now_ms=now_ms, progress=progress)
    except Unfit as error:
        _LOG.warning("no snapshot file is made: %s", error)
        return None


def _forget_erased(folder: SnapshotFolder, database: Database, merchant: MerchantId) -> None:
    try:
        folder.forget_erased(database, merchant)
    except OSError as error:
        _LOG.warning("files with an erased member could not be deleted: %s", error.strerror)


class _Writing:
    """One file on its way, from one snapshot of the books."""

    def __init__(
        self,
        folder: Path,
        session: Session,
        merchant: Merchant,
        now_ms: int,
        progress: Progress | None,
    ) -> None:
        self._folder = folder
        self._session = session
        self._merchant = merchant.merchant
        self._asking = Asking(merchant=merchant, stream=StreamId(""), now_ms=now_ms)
        self._now_ms = now_ms
        self._progress = progress
        self._v, self._epoch = statements.current_version(session, self._merchant)
        self._members = _Places()
        self._done = 0
        self._total = sum(self._count(type_) for type_ in ("member", "card"))

    def write(self) -> Note:
        """Write file and note; both are whole on disk when this returns."""
        name = (
            f"{self._merchant[:_NAME_LETTERS]}-{self._epoch}-{self._v}-{SNAPSHOT_SCHEMA}.snapshot"
        )
        draft = self._folder / f"{name}.{os.getpid()}.part"
        digest, size = hashlib.sha256(), 0
        try:
            # Only who runs the server may read it: it has names and phone numbers.
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123 - Path.open cannot set the mode
                for part in self._parts():
                    file.write(part)
                    digest.update(part)
                    size += len(part)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self._folder / name)
        finally:
            draft.unlink(missing_ok=True)
        note = Note(
            name=name,
            merchant=self._merchant,
            epoch=self._epoch,
            v=self._v,
            schema=SNAPSHOT_SCHEMA,
            size=size,
            sha256=digest.hexdigest(),
            rows=self._done,
            made_ms=self._now_ms,
            streams=self._streams(),
            mark=version_marks.current_mark(self._session, self._merchant),
        )
        note_draft = self._folder / f"{name}.note.{os.getpid()}.part"
        note_draft.write_bytes(msgspec.json.encode(note))
        note_draft.replace(self._folder / f"{name}.note")
        return note

    def _parts(self) -> Iterator[bytes]:
        yield MAGIC
        for frame in self._frames():
            yield write_frame(frame)
            if self._progress is not None:
                self._progress(self._done, self._total)
            time.sleep(_BREATH_SECONDS)

    def _frames(self) -> Iterator[Frame]:
        members, cards = self._count("member"), self._count("card")
        yield Header(
            schema=SNAPSHOT_SCHEMA,
            merchant=self._merchant,
            epoch=self._epoch,
            v=self._v,
            members=members,
            cards=cards,
            # The file is one for all tills; one of 0.2.0 reads no other programs.
            programs=tuple(
                (v, program)
                for v, program in statements.load_programs(self._session, self._merchant)
                if is_plain(program)
            ),
        )
        for versions in self._pages("member"):
            rows = cast("Sequence[MemberRow]", self._rows("member", versions))
            block = member_block(len(self._members), rows)
            self._members.add([row.member for row in rows])
            self._done += len(rows)
            yield block
        for versions in self._pages("card"):
            cards_here = cast("Sequence[CardRow]", self._rows("card", versions))
            places = [self._members.place(row.member) for row in cards_here]
            self._done += len(cards_here)
            yield card_block(cards_here, places)
        yield End(members=len(self._members), cards=self._done - len(self._members))

    def _rows(self, type_: str, versions: dict[str, int]) -> Sequence[object]:
        rows = rows_of(self._session, self._asking, type_, versions)
        key = "member" if type_ == "member" else "card_key"
        return sorted(rows, key=lambda row: str(getattr(row, key)))

    def _pages(self, type_: str) -> Iterator[dict[str, int]]:
        after = ""
        while True:
            page = self._session.fetch(
                "SELECT id, v FROM chg WHERE merchant = ? AND type = ? AND id > ? AND scope = ''"
                " ORDER BY id LIMIT ?",
                self._merchant,
                type_,
                after,
                BLOCK_ROWS,
            )
            if not page:
                return
            after = str(page[-1][0])
            yield {str(id_): int(v) for id_, v in page}

    def _count(self, type_: str) -> int:
        rows = self._session.fetch(
            "SELECT count(*) FROM chg WHERE merchant = ? AND type = ? AND scope = ''",
            self._merchant,
            type_,
        )
        return int(rows[0][0])

    def _streams(self) -> dict[StreamId, int]:
        rows = self._session.fetch(
            "SELECT stream, last FROM stream WHERE merchant = ? AND last > 0", self._merchant
        )
        return {StreamId(stream): int(last) for stream, last in rows}


class _Places:
    """The place of each member in the file: sixteen bytes a member, not a hundred."""

    def __init__(self) -> None:
        self._ids = bytearray()

    def add(self, members: Sequence[str]) -> None:
        """Add members in rising order."""
        self._ids += bytes.fromhex("".join(members))

    def place(self, member: str | None) -> int | None:
        """Return a member's place; None for nobody, and for one who is not in the file."""
        if member is None or not is_id(member):
            return None
        wanted = bytes.fromhex(member)
        place = bisect_left(self, wanted)
        return place if place < len(self) and self[place] == wanted else None

    def __len__(self) -> int:
        return len(self._ids) // _ID_BYTES

    def __getitem__(self, place: int) -> bytes:
        return bytes(self._ids[place * _ID_BYTES : (place + 1) * _ID_BYTES])
