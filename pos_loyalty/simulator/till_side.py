"""One till of a simulated shop: the real services, store and session over real files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, ServerUnreachable
from pos_loyalty.domain.ids import MemberId, MerchantId, StreamId
from pos_loyalty.domain.program import is_plain
from pos_loyalty.simulator.failpoints import Fuse, FusedConnection, Killed, copy_database
from pos_loyalty.simulator.oracle import Violation
from pos_loyalty.simulator.parking import Strand
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.simulator.server_side import Answer, Outgoing
from pos_loyalty.simulator.sources import SimulatedClock, SimulatedIds, SimulatedKeys, WorldTime
from pos_loyalty.store import unit_of_work
from pos_loyalty.store.database import Connection, connect_writer
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import SyncPosition, SyncState
from pos_loyalty.sync.credentials import Signer, TillKey, request_text
from pos_loyalty.sync.exchange import Outcome
from pos_loyalty.sync.session import Session
from pos_loyalty.sync.transport import READ_SECONDS
from pos_loyalty.till import Till, open_till
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    ROW_TYPES_OF_PROTOCOL_1,
    ProgramRow,
    Refusal,
    SyncReply,
    SyncRequest,
)
from pos_loyalty.wire.version import PROTOCOL_2, PROTOCOL_3, PROTOCOL_NEWEST

_OK = 200
_SERVER_FAULTS = range(500, 600)
DATABASE_NAME = "till.db"

ReplyT = TypeVar("ReplyT")

_FUSES: dict[Path, Fuse] = {}
"""The fuse of each till that is open now; this is one process and one thread."""


def _connect_with_fuse(path: Path, key: bytes) -> object:
    """Open the writing connection. Nothing is flushed: a simulated power cut keeps the files."""
    connection: Connection = connect_writer(path, key)
    connection.execute("PRAGMA synchronous = OFF")
    return FusedConnection(connection, _FUSES[path.parent])


FUSED_WRITER = Patch(unit_of_work, "connect_writer", _connect_with_fuse)
"""Gives every till's writing connection a fuse, and takes the flushes away for speed."""


@dataclass(frozen=True)
class _LineTransport:
    """Carries messages over the simulated line."""

    merchant_id: MerchantId
    signer: Signer
    speaks: Callable[[], int]
    """The protocol of the program that runs on the till now."""

    async def call(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        read_seconds: float = READ_SECONDS,
    ) -> ReplyT:
        """Send a signed message and return the reply; errors are translated as over HTTP."""
        del read_seconds
        protocol = self.speaks()
        if protocol < PROTOCOL_NEWEST and isinstance(message, SyncRequest):
            message = _as_older(message, protocol)
        body = codec.pack(message)
        signature = self.signer.sign(request_text(path, body))
        answer = await Outgoing(path, body, signature)
        if answer.status != _OK:
            raise _refusal(answer)
        try:
            reply = codec.unpack(answer.body, kind)
        except CommandRefused as error:
            raise ServerUnreachable(Code.SERVER_TROUBLE) from error
        if isinstance(reply, SyncReply):
            _ensure_readable(reply, protocol)
        return reply

    async def merchant(self) -> MerchantId:
        """Tell whose server answers; the simulated line leads to no stranger."""
        return self.merchant_id

    async def close(self) -> None:
        """Nothing stays open between calls."""


def _as_older(request: SyncRequest, protocol: int) -> SyncRequest:
    """Return what an earlier release says instead: the first one knows none of the newer fields."""
    if protocol >= PROTOCOL_2:
        return msgspec.structs.replace(request, proto=protocol)
    return msgspec.structs.replace(
        request,
        proto=protocol,
        closed_streams=(),
        buckets=(),
        settlements=(),
        acked=0,
        hub_cursor="",
        holds_rights=(),
    )


def _ensure_readable(reply: SyncReply, protocol: int) -> None:
    """An old till cannot read newer rows or programs: one of them and it hears nothing at all."""
    kinds = {str(row.__struct_config__.tag) for row in reply.rows}
    if protocol < PROTOCOL_2 and not kinds <= ROW_TYPES_OF_PROTOCOL_1:
        raise Violation(f"S29 an old till is sent rows that it cannot read: {sorted(kinds)}")
    programs = [row.program for row in reply.rows if isinstance(row, ProgramRow)]
    if protocol < PROTOCOL_3 and not all(map(is_plain, programs)):
        raise Violation("S29 an old till is sent a program that it cannot read")


def _refusal(answer: Answer) -> LoyaltyError:
    try:
        code = Code(codec.unpack(answer.body, Refusal).code)
    except (CommandRefused, ValueError):
        return ServerUnreachable(Code.SERVER_TROUBLE)
    return ServerUnreachable(code) if answer.status in _SERVER_FAULTS else CommandRefused(code)


@dataclass
class SimulatedTill:
    """A till that sells, talks, dies, and comes back from its files."""

    name: str
    folder: Path
    time: WorldTime
    keys: SimulatedKeys
    seed: str
    merchant: MerchantId
    wants: dict[MemberId, int] = field(default_factory=dict[MemberId, int])
    reserved: dict[MemberId, int] = field(default_factory=dict[MemberId, int])
    strand: Strand[Outcome] | None = None
    call: int = 0
    incarnation: int = 0
    is_up: bool = False
    protocol: int = PROTOCOL_NEWEST

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self.time)

    @property
    def database(self) -> Path:
        """The till's database."""
        return self.folder / DATABASE_NAME

    @property
    def _death_image(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}-death.db")

    def open(self) -> None:
        """Start the till on its files."""
        assert not self.is_up
        self.incarnation += 1
        self.clock.restart()
        ids = SimulatedIds(f"{self.seed}/{self.name}/{self.incarnation}", self.clock)
        self.fuse = Fuse(lambda: copy_database(self.database, self._death_image))
        _FUSES[self.folder] = self.fuse
        self.till: Till = open_till(self.folder, clock=self.clock, ids=ids, keys=self.keys)
        context = self.till.context
        context.ask_rights = self._note_want
        self.state = SyncState(
            context.store, self.clock, ids, reserved=lambda member: self.reserved.get(member, 0)
        )
        joining = Joining(context.store, self.clock, ids)
        key = TillKey.from_text(joining.private_key())
        self.session = Session(
            state=self.state,
            joining=joining,
            make_transport=lambda: _LineTransport(self.merchant, key, lambda: self.protocol),
            key=key,
            clock=self.clock,
            ids=ids,
        )
        self.reserved.clear()
        self.is_up = True

    def _note_want(self, member: MemberId, points: int) -> bool:
        """The counter asks for spend rights: the next exchange will bring the answer."""
        self.wants[member] = points
        return False

    def drop_met_wants(self) -> None:
        """Stop asking for rights that came; the counter asks again for the others."""
        for member, points in list(self.wants.items()):
            if self.state.spendable(member) >= points:
                del self.wants[member]

    def die(self) -> None:
        """Die as a killed process does: memory is gone, the files stay as they are."""
        if not self.is_up:
            return
        if not self.fuse.is_dead:
            copy_database(self.database, self._death_image)
        self.close()
        copy_database(self._death_image, self.database)

    def update(self) -> None:
        """Put the newest program on it; as its migration does, it asks for all rows again."""
        self.protocol = PROTOCOL_NEWEST
        with self.till.context.store.write() as work:
            work.settings.put(Setting.CURSOR, "")
            work.commit()

    def close(self) -> None:
        """Close the files."""
        if not self.is_up:
            return
        self.is_up = False
        self.drop_call()
        self.till.close()

    def drop_call(self) -> None:
        """Forget the exchange under way."""
        strand, self.strand = self.strand, None
        self.call += 1
        if strand is not None and not strand.is_done:
            strand.end()

    def begin_exchange(
        self, *, wants: Sequence[tuple[MemberId, int]] = (), is_poll: bool = False
    ) -> Outgoing | Outcome:
        """Begin an exchange; return what goes on the line."""
        assert self.strand is None
        self.strand = Strand(self.session.exchange(want_rights=wants, is_poll=is_poll))
        return self._go_on(self.strand.go_on)

    def take(self, answer: Answer) -> Outgoing | Outcome:
        """Give the waiting call its answer; return the next request, or what came of it all."""
        strand = self.strand
        assert strand is not None
        return self._go_on(lambda: strand.go_on(answer))

    def give_up(self) -> Outgoing | Outcome:
        """Tell the waiting call that no answer came in time."""
        strand = self.strand
        assert strand is not None
        return self._go_on(lambda: strand.fail(ServerUnreachable(Code.SERVER_SILENT)))

    def _go_on(self, resume: Callable[[], None]) -> Outgoing | Outcome:
        strand = self.strand
        assert strand is not None
        self.call += 1
        try:
            resume()
        except (LoyaltyError, Killed):
            self.strand = None
            raise
        if strand.waits_for is not None:
            assert isinstance(strand.waits_for, Outgoing)
            return strand.waits_for
        self.strand = None
        self.till.context.refresh()
        assert strand.result is not None
        return strand.result

    def position(self) -> SyncPosition:
        """Return where the till stands with its server."""
        return self.state.position()

    @property
    def stream(self) -> StreamId:
        """The till's open stream."""
        return self.position().stream
