"""The server of a simulated shop: its real parts over real files, one turn at a time."""

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import msgspec

from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.server import exchange as exchange_module
from pos_loyalty.server import join_till
from pos_loyalty.server.allowance_choice import choose_allowance
from pos_loyalty.server.authentication import ensure_signed, signed_request
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.server.exchange import Exchange
from pos_loyalty.server.group_commit import GroupCommit, next_group
from pos_loyalty.server.group_write import GroupWriter, transact
from pos_loyalty.server.ingest import Outcome
from pos_loyalty.server.join_till import JoinTill, ensure_join_shape
from pos_loyalty.server.keep_anew import Ahead, transact_with_past
from pos_loyalty.server.pressure import Pressure
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.routes import status_of
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.simulator.failpoints import Fuse, FusedDatabase, Killed, copy_database
from pos_loyalty.simulator.parking import Parked, Strand, in_turn
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.simulator.sources import SimulatedClock, SimulatedIds, WorldTime
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import JoinReply, JoinRequest, Refusal

_OK = 200
_EPOCHS_APART = 1_000

INLINE_THREADS = Patch(
    exchange_module, "asyncio", SimpleNamespace(to_thread=in_turn, Event=asyncio.Event)
)
"""Lets the server's coroutines run without threads and without an event loop."""


@dataclass(frozen=True)
class Answer:
    """What the server puts on the line."""

    status: int
    body: bytes


_NOBODY = Answer(503, b"")


class Outgoing(Parked[Answer]):
    """A request that a till put on the line; its call waits for the answer."""

    def __init__(self, path: str, body: bytes, signature: str) -> None:
        self.path = path
        self.body = body
        self.signature = signature


class _Queued(Parked[Outcome]):
    """A request in the queue before the books."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch


class _Moved:
    """The signal that books have moved; nobody waits for it here."""

    def listen(self) -> asyncio.Event:
        """Return an event that is never set: a simulated till asks again instead."""
        return asyncio.Event()


class _Queue:
    """Stands for the queue of the real server; the world writes the groups."""

    def __init__(self) -> None:
        self.moved = _Moved()

    async def submit(self, batch: Batch) -> Outcome:
        """Wait until the request has been written with its group."""
        return await _Queued(batch)


@dataclass
class _Serving:
    """A request that the server works on, and where its answer goes."""

    strand: Strand[msgspec.Struct]
    deliver: Callable[[Answer], None]


@dataclass
class SimulatedServer:
    """Takes packets, works on them in any order, dies and comes back from its files."""

    path: Path
    time: WorldTime
    seed: str
    on_written: Callable[[Sequence[Batch]], None] = lambda _batches: None
    is_up: bool = False
    incarnation: int = 0
    serving: list[_Serving] = field(default_factory=list[_Serving])
    _in_doubt: list[Batch] = field(default_factory=list[Batch])
    """Written as the server died: only the books know whether before or after the commit."""

    def __post_init__(self) -> None:
        self.clock = SimulatedClock(self.time)
        self.open()

    @property
    def _death_image(self) -> Path:
        return self.path.with_name("server-death.db")

    def open(self) -> None:
        """Start the server on its files."""
        assert not self.is_up
        self.incarnation += 1
        self.clock.restart()
        self.ids = SimulatedIds(f"{self.seed}/server/{self.incarnation}", self.clock)
        self.database: Database = SqliteDatabase(self.path, may_create=False)
        self.fuse = Fuse(lambda: copy_database(self.path, self._death_image))
        self.merchant: Merchant = read_merchant(self.database)
        fused = FusedDatabase(self.database, self.fuse)
        self._writer = GroupWriter(fused, self.merchant, clock=self.clock, ids=self.ids)
        self._fused = fused
        self._exchange = Exchange(
            database=fused,
            merchant=self.merchant,
            group=cast("GroupCommit", _Queue()),
            clock=self.clock,
            stopping=asyncio.Event(),
            pressure=Pressure(self.clock),
        )
        self.is_up = True
        self.on_written(self._in_doubt)
        self._in_doubt.clear()

    def die(self) -> None:
        """Die as a killed process does: everything under way is gone, the files stay."""
        if not self.is_up:
            return
        if not self.fuse.is_dead:
            copy_database(self.path, self._death_image)
        self._stop()
        copy_database(self._death_image, self.path)

    def close(self) -> None:
        """Close the files, as at the end of a run."""
        if self.is_up:
            self._stop()

    def _stop(self) -> None:
        self.is_up = False
        for one in self.serving:
            one.strand.end()
        self.serving.clear()
        self.database.close()

    def take(
        self, path: str, body: bytes, signature: str, deliver: Callable[[Answer], None]
    ) -> None:
        """Begin to work on a request; nobody answers while the server is down."""
        if not self.is_up:
            return
        work = self._join if path == join_till.PATH else self._exchange
        one = _Serving(Strand(work(body, signature)), deliver)
        self.serving.append(one)
        self._go_on(one)

    @property
    def ready(self) -> Sequence[_Serving]:
        """The requests that can go on now, without the queue before the books."""
        return [one for one in self.serving if not isinstance(one.strand.waits_for, _Queued)]

    @property
    def queued(self) -> Sequence[_Serving]:
        """The requests that wait to be written."""
        return [one for one in self.serving if isinstance(one.strand.waits_for, _Queued)]

    def go_on(self, number: int) -> None:
        """Let one of the ready requests go on to its next parking place."""
        self._go_on(self.ready[number])

    def serve(self, outgoing: Outgoing) -> Answer:
        """Answer a request at once, after whatever waited before it.

        A server that dies over it answers nobody: the till finds its trouble.
        """
        answers: list[Answer] = []
        self.take(outgoing.path, outgoing.body, outgoing.signature, answers.append)
        while not answers and self.is_up:
            self.work()
        return answers[0] if answers else _NOBODY

    def work(self) -> None:
        """Do the next bit of work."""
        if self.ready:
            self.go_on(0)
        else:
            self.write_group()

    def write_group(self) -> None:
        """Write what waits, chosen as the real server chooses."""
        waiting = self.queued
        batches = [cast("_Queued", one.strand.waits_for).batch for one in waiting]
        chosen = sorted(set(next_group(batches)))
        group = [waiting[place] for place in chosen]
        picked = [batches[place] for place in chosen]
        try:
            outcomes = self._writer.write_group(picked)
        except Killed:
            self._in_doubt += picked
            self.die()
            return
        except LoyaltyError as error:
            for one in group:
                self._fail(one, error)
            return
        self.on_written(picked)
        for one, outcome in zip(group, outcomes, strict=True):
            self._go_on(one, outcome)

    def _go_on(self, one: _Serving, answer: object = None) -> None:
        try:
            one.strand.go_on(answer)
        except Killed:
            self.die()
        except LoyaltyError as error:
            self._refuse(one, error)
        else:
            self._answer_if_done(one)

    def _fail(self, one: _Serving, error: LoyaltyError) -> None:
        try:
            one.strand.fail(error)
        except LoyaltyError as refusal:
            self._refuse(one, refusal)
        else:
            self._answer_if_done(one)

    def _refuse(self, one: _Serving, error: LoyaltyError) -> None:
        self.serving.remove(one)
        refusal = Refusal(code=error.code.value, facts=dict(error.facts))
        one.deliver(Answer(status_of(error), codec.pack(refusal)))

    def _answer_if_done(self, one: _Serving) -> None:
        if not one.strand.is_done:
            return
        self.serving.remove(one)
        reply = one.strand.result
        assert reply is not None
        one.deliver(Answer(_OK, codec.pack(reply)))

    async def _join(self, body: bytes, signature: str) -> JoinReply:
        """Join as the real route does, in a transaction of its own."""
        request = codec.unpack(body, JoinRequest)
        ensure_signed(request.public_key, signature, signed_request(join_till.PATH, body))
        ensure_join_shape(request)
        join = JoinTill(merchant=self.merchant, ids=self.ids, now_ms=self.clock.now_ms())

        def work(session: Session, ahead: Ahead | None) -> JoinReply:
            return dataclasses.replace(join, ahead=ahead)(session, request)

        return await in_turn(lambda: transact_with_past(self._fused, work))


def allow(database: Database, merchant: MerchantId, *, total: int, per_till: int) -> None:
    """Let the owner choose an allowance."""
    transact(
        database,
        lambda session: choose_allowance(session, merchant, total=total, per_till=per_till),
    )


def declare_restored(database: Database, merchant: str, *, times: int) -> None:
    """Say that the books are older than what tills saw: a new epoch, all grants frozen.

    ``times`` is how often the books were restored in all, so that no epoch comes twice.
    """
    with database.write() as session:
        session.execute(
            "UPDATE clock SET v = v + 1, epoch = epoch + ? WHERE merchant = ?",
            times * _EPOCHS_APART,
            merchant,
        )
        session.execute("UPDATE stream SET frozen = 1 WHERE merchant = ? AND closed = 0", merchant)
