"""A large membership on its way into a new till: fetched, proven, loaded, made findable.

The file comes in pieces into a database of its own beside the till's, closed with the
same key; nothing of it touches the till's tables before its hash is right. Rows are
loaded in slices of a few milliseconds. The indexes that would make each row dear are
taken away before and made again after, by work that steps back as soon as a sale wants
to write. Last come the words by which names are found.

The till may sell all the while, and exchanges go on: they begin at the file's version,
and every row of the file is older than what they bring, so it never replaces that.
"""

import hashlib
import sys
from collections.abc import Generator, Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.errors import CommandRefused, StoreBug, StoreUnavailable
from pos_loyalty.domain.ids import BatchId, CardKey, IdSource, MemberId, TierId
from pos_loyalty.domain.member_facts import NO_SHEET
from pos_loyalty.store.arrival_words import ArrivalWords
from pos_loyalty.store.database import Connection
from pos_loyalty.store.members import sheet_text
from pos_loyalty.store.row_writer import RowWriter, card_status
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import Store, UnitOfWork
from pos_loyalty.wire.messages import CardRow, MemberRow, SnapshotOffer
from pos_loyalty.wire.snapshot_file import (
    SNAPSHOT_SCHEMA,
    CardBlock,
    Cards,
    End,
    Frame,
    Header,
    MemberBlock,
    Members,
    cards_of,
    members_of,
    read_frames,
)

SIDE_FILE = "arrival.db"
ROWS_A_SLICE = 2048
FAILURES_MAX = 3
"""Files that vanish or are not right; then the rows come one by one."""
INDEXES = {
    "member_phone": "CREATE INDEX member_phone ON member(phone) WHERE phone <> ''",
    "card_number": "CREATE INDEX card_number ON card(number) WHERE number <> ''",
    "card_member": "CREATE INDEX card_member ON card(member) WHERE member IS NOT NULL",
}
_MEMBER = (
    "INSERT INTO member(member, name, phone, tier, status, enrolled_ms, v, epoch)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_POINTS = "INSERT INTO points(member, snapshot_points, snapshot_earned) VALUES (?, ?, ?)"
_SHEET = "UPDATE member SET sheet = ? WHERE member = ?"
_CARD = (
    "INSERT INTO card(card_key, number, member, status, batch, v, epoch)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


class Stage(StrEnum):
    """How far an arrival is."""

    FETCH = "fetch"
    LOAD = "load"
    INDEX = "index"
    WORDS = "words"


class ArrivalState(msgspec.Struct, frozen=True):
    """Which file is on its way and how far; ``frames`` of it are in the tables."""

    name: str
    size: int
    sha256: str
    epoch: int
    v: int
    stage: Stage = Stage.FETCH
    frames: int = 0


class Stale(Exception):
    """The file no longer fits: another epoch began, or its bytes are not what was offered."""


@dataclass
class Arrival:
    """Reads and writes one till's arrival; all methods are called by one thread."""

    store: Store
    clock: Clock
    ids: IdSource
    _side: Connection | None = field(default=None, init=False)

    def state(self) -> ArrivalState | None:
        """Return what is on its way, None where nothing is."""
        with self.store.read() as read:
            text = read.settings.text(Setting.SNAPSHOT)
        return msgspec.json.decode(text, type=ArrivalState) if text else None

    def wants_offer(self) -> bool:
        """Tell whether the server's file should be asked for: nothing has been heard so far."""
        with self.store.read() as read:
            text = read.settings.text
            return bool(
                text(Setting.SERVER_URL)
                and not text(Setting.CURSOR)
                and not text(Setting.SNAPSHOT)
                and read.settings.number(Setting.SNAPSHOT_FAILURES) < FAILURES_MAX
            )

    def begin(self, offer: SnapshotOffer) -> None:
        """Take a file from now on; the feed goes on behind it."""
        state = ArrivalState(
            name=offer.name, size=offer.size, sha256=offer.sha256, epoch=offer.epoch, v=offer.v
        )
        self._forget_side()
        with self.store.write() as work:
            assert not work.settings.text(Setting.CURSOR)
            work.settings.put(Setting.CURSOR, offer.cursor)
            _keep(work, state)
            work.commit()

    def fetched(self) -> int:
        """Return how many bytes of the file are here."""
        row = self._side_connection().execute("SELECT SUM(length(bytes)) FROM piece").fetchone()
        return int(row[0] or 0)

    def add_piece(self, offset: int, data: bytes) -> None:
        """Keep the bytes from an offset on."""
        self._side_connection().execute(
            "INSERT INTO piece(offset, bytes) VALUES (?, ?)", (offset, data)
        )

    def give_up(self) -> None:
        """Take the file back: what is loaded stays, and the rows come from the start.

        Indexes and words of what was loaded are made all the same.
        """
        state = self.state()
        self._forget_side()
        with self.store.write() as work:
            if state is None:
                return
            settings = work.settings
            failures = settings.number(Setting.SNAPSHOT_FAILURES) + 1
            settings.put(Setting.SNAPSHOT_FAILURES, failures)
            if settings.number(Setting.EPOCH) == state.epoch:
                settings.put(Setting.CURSOR, "")
            if state.stage is Stage.FETCH:
                settings.remove(Setting.SNAPSHOT)
            elif state.stage is Stage.LOAD:
                _keep(work, msgspec.structs.replace(state, stage=Stage.INDEX))
            work.commit()

    def work(self) -> Generator[None]:
        """Do what follows the last piece, a few milliseconds at a time.

        Raises:
            Stale: the file is not what was offered, or another epoch began.
        """
        state = self.state()
        if state is not None and state.stage is Stage.FETCH:
            yield from self._prove(state)
            state = self._enter(state, Stage.LOAD)
        if state is not None and state.stage is Stage.LOAD:
            yield from self._load(state)
            self._forget_side()
            state = self._enter(state, Stage.INDEX)
        if state is not None and state.stage is Stage.INDEX:
            for name, statement in INDEXES.items():
                while not self._index(name, statement):
                    yield
                _give_memory_back()
                yield
            state = self._enter(state, Stage.WORDS)
        if state is not None:
            yield from ArrivalWords(self.store, self._side_connection()).work()
            with self.store.write() as work:
                work.settings.remove(Setting.SNAPSHOT)
                work.settings.remove(Setting.SNAPSHOT_FAILURES)
                work.commit()
        self._forget_side()

    def close(self) -> None:
        """Close the database of the pieces; they stay."""
        side, self._side = self._side, None
        if side is not None:
            side.close()

    def _enter(self, state: ArrivalState, stage: Stage) -> ArrivalState:
        entered = msgspec.structs.replace(state, stage=stage)
        with self.store.write() as work:
            _keep(work, entered)
            work.commit()
        return entered

    def _prove(self, state: ArrivalState) -> Iterator[None]:
        """Compare the hash of what came with what was offered."""
        digest, size = hashlib.sha256(), 0
        for part in self._parts():
            digest.update(part)
            size += len(part)
            yield
        if size != state.size or digest.hexdigest() != state.sha256:
            raise Stale
        with self.store.write() as work:
            for name in INDEXES:
                work.connection.execute(f"DROP INDEX IF EXISTS {name}")
            work.commit()

    def _load(self, state: ArrivalState) -> Iterator[None]:
        """Bring the frames into the tables; those that are in already are only read."""
        loading = _Loading(self, state)
        try:
            for number, frame in enumerate(read_frames(self._parts())):
                yield from loading.frame(frame, number)
        except CommandRefused as error:
            raise Stale from error

    def _index(self, name: str, statement: str) -> bool:
        def work(connection: Connection) -> None:
            known = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
            if known.fetchone() is None:
                connection.execute(statement)

        return self.store.write_yielding(work)

    def _parts(self) -> Iterator[bytes]:
        side = self._side_connection()
        offset = 0
        while True:
            row = side.execute("SELECT bytes FROM piece WHERE offset = ?", (offset,)).fetchone()
            if row is None:
                return
            offset += len(row[0])
            yield row[0]

    def _side_connection(self) -> Connection:
        if self._side is None:
            try:
                self._side = self._open_side()
            except (StoreUnavailable, StoreBug):
                # Cut by a power failure: it holds nothing that cannot be fetched again.
                self._forget_side()
                self._side = self._open_side()
        return self._side

    def _open_side(self) -> Connection:
        side = self.store.open_beside(SIDE_FILE)
        side.execute("CREATE TABLE IF NOT EXISTS piece (offset INTEGER PRIMARY KEY, bytes BLOB)")
        return side

    def _forget_side(self) -> None:
        self.close()
        path = self.store.path.with_name(SIDE_FILE)
        for each in (path, path.with_name(f"{SIDE_FILE}-journal")):
            with suppress(OSError):
                each.unlink(missing_ok=True)


class _Loading:
    """The frames of one file, one after the other."""

    def __init__(self, arrival: Arrival, state: ArrivalState) -> None:
        self._arrival = arrival
        self._state = state
        self._member_ids = bytearray()
        self._members = 0
        self._cards = 0

    def frame(self, frame: Frame, number: int) -> Iterator[None]:
        """Store a frame, unless it is in already."""
        is_new = number >= self._state.frames
        match frame:
            case Header():
                self._header(frame)
            case MemberBlock():
                members = members_of(frame)
                self._member_ids += members.raw_ids
                self._members += len(members.ids)
                if is_new:
                    yield from self._slices(_members_in(members), number)
            case CardBlock():
                cards = cards_of(frame, self._member_ids)
                self._cards += len(cards.keys)
                if is_new:
                    yield from self._slices(_cards_in(cards), number)
            case End():
                if (frame.members, frame.cards) != (self._members, self._cards):
                    raise Stale

    def _header(self, header: Header) -> None:
        state = self._state
        fits = header.schema == SNAPSHOT_SCHEMA and (header.epoch, header.v) == (
            state.epoch,
            state.v,
        )
        with self._arrival.store.write() as work:
            if not fits or header.merchant != work.settings.text(Setting.MERCHANT):
                raise Stale
            for _, program in header.programs:
                work.programs.put(program)
            work.commit()

    def _slices(self, slices: "Iterator[_Slice]", number: int) -> Iterator[None]:
        waiting = list(slices)
        for place, each in enumerate(waiting):
            with self._arrival.store.write() as work:
                if work.settings.number(Setting.EPOCH) != self._state.epoch:
                    raise Stale
                writer = RowWriter(
                    work,
                    epoch=self._state.epoch,
                    have=0,
                    clock=self._arrival.clock,
                    ids=self._arrival.ids,
                )
                each.store(work, writer)
                if place == len(waiting) - 1:
                    _keep(work, msgspec.structs.replace(self._state, frames=number + 1))
                work.is_news = False
                work.commit()
            yield


class _Slice(Protocol):
    """Rows for one transaction."""

    def store(self, work: UnitOfWork, writer: RowWriter) -> None:
        """Store them: those that are new here at once, the others with all care."""
        ...


@dataclass(frozen=True)
class _MemberSlice:
    members: Members
    start: int
    end: int

    def store(self, work: UnitOfWork, writer: RowWriter) -> None:
        members, part = self.members, slice(self.start, self.end)
        ids = members.ids[part]
        known = work.connection.execute(
            "SELECT member FROM member WHERE member BETWEEN ? AND ?"
            " UNION SELECT member FROM points WHERE member BETWEEN ? AND ?",
            (ids[0], ids[-1], ids[0], ids[-1]),
        )
        with_care = {row[0] for row in known}
        with_care.update(members.ids[place] for place in members.aliases)
        epochs = [writer.epoch] * len(ids)
        columns = (members.names, members.phones, members.tiers, members.statuses)
        rows = zip(
            ids,
            *(column[part] for column in columns),
            members.enrolled_ms[part],
            members.v[part],
            epochs,
            strict=True,
        )
        points = zip(ids, members.balance[part], members.earned[part], strict=True)
        execute = work.connection.executemany
        if with_care:
            execute(_MEMBER, [row for row in rows if row[0] not in with_care])
            execute(_POINTS, [row for row in points if row[0] not in with_care])
        else:
            execute(_MEMBER, rows)
            execute(_POINTS, points)
        if members.sheets:
            execute(_SHEET, self._sheets(with_care))
        for place in range(self.start, self.end):
            if members.ids[place] in with_care:
                writer.store(_member_row(members, place))

    def _sheets(self, with_care: AbstractSet[str]) -> Iterator[tuple[str, str]]:
        """Yield the sheets of the slice's new members; where nobody has one it costs nothing."""
        members = self.members
        for place in range(self.start, self.end):
            sheet = members.sheets.get(place)
            if sheet is not None and members.ids[place] not in with_care:
                yield sheet_text(sheet), members.ids[place]


@dataclass(frozen=True)
class _CardSlice:
    cards: Cards
    start: int
    end: int

    def store(self, work: UnitOfWork, writer: RowWriter) -> None:
        cards, part = self.cards, slice(self.start, self.end)
        keys = cards.keys[part]
        found = work.connection.execute(
            "SELECT card_key FROM card WHERE card_key BETWEEN ? AND ?", (keys[0], keys[-1])
        )
        known = {row[0] for row in found}
        statuses = {text: card_status(text).value for text in set(cards.statuses[part])}
        rows = zip(
            keys,
            cards.numbers[part],
            cards.members[part],
            [statuses[text] for text in cards.statuses[part]],
            cards.batches[part],
            cards.v[part],
            [writer.epoch] * len(keys),
            strict=True,
        )
        new = rows if not known else [row for row in rows if row[0] not in known]
        work.connection.executemany(_CARD, new)
        for place in range(self.start, self.end):
            if cards.keys[place] in known:
                writer.store(_card_row(cards, place))


def _members_in(members: Members) -> Iterator[_Slice]:
    for start in range(0, len(members.ids), ROWS_A_SLICE):
        yield _MemberSlice(members, start, min(len(members.ids), start + ROWS_A_SLICE))


def _cards_in(cards: Cards) -> Iterator[_Slice]:
    for start in range(0, len(cards.keys), ROWS_A_SLICE):
        yield _CardSlice(cards, start, min(len(cards.keys), start + ROWS_A_SLICE))


def _member_row(members: Members, place: int) -> MemberRow:
    alias = members.aliases.get(place)
    return MemberRow(
        v=members.v[place],
        member=MemberId(members.ids[place]),
        balance=members.balance[place],
        tier=TierId(members.tiers[place]),
        earned_window=members.earned[place],
        name=members.names[place],
        phone=members.phones[place],
        status=members.statuses[place],
        enrolled_ms=members.enrolled_ms[place],
        alias_of=None if alias is None else MemberId(alias),
        sheet=members.sheets.get(place, NO_SHEET),
    )


def _card_row(cards: Cards, place: int) -> CardRow:
    member = cards.members[place]
    return CardRow(
        v=cards.v[place],
        card_key=CardKey(cards.keys[place]),
        number=cards.numbers[place],
        member=None if member is None else MemberId(member),
        status=cards.statuses[place],
        batch=BatchId(cards.batches[place]),
    )


def _give_memory_back() -> None:
    """Return what sorting an index took: some C libraries keep it for themselves otherwise."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # musl has no such call, and keeps nothing
            ctypes.CDLL(None).malloc_trim(0)


def _keep(work: UnitOfWork, state: ArrivalState) -> None:
    work.settings.put(Setting.SNAPSHOT, msgspec.json.encode(state).decode())
