"""The use case behind ``/sync/v1/exchange``: write, wait where asked to, answer."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.server.authentication import authenticate, ensure_batch_signed, till_of_stream
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.closed_streams import CLOSED_STREAMS_MAX
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.event_problems import hash_of_hex
from pos_loyalty.server.grants import Shortage
from pos_loyalty.server.group_commit import GroupCommit, QueueFull, came_in_time
from pos_loyalty.server.ingest import Outcome
from pos_loyalty.server.pressure import Pressure
from pos_loyalty.server.reading import Batch, prepare
from pos_loyalty.server.replies import Answering, build_reply
from pos_loyalty.server.settings import RECALL_WAIT_MS_MAX, WAIT_MS_MAX
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    BATCH_EVENTS_MAX,
    DIGEST_BUCKETS,
    Status,
    SyncReply,
    SyncRequest,
)

PATH = "/sync/v1/exchange"
PROFILES_MAX = 500
SETTLEMENTS_MAX = 500
GRANTED_PAGE_MAX = 20_000
_SEQ_MAX = 2**53
_PAUSE_SECONDS = 0.05
"""Between two looks at the feed of one waiting till, so that a busy shop wakes it gently."""
_BUSY_MS = 1_000


@dataclass(frozen=True, kw_only=True)
class Exchange:
    """Answers exchanges of all tills of one merchant."""

    database: Database
    merchant: Merchant
    group: GroupCommit
    clock: Clock
    stopping: asyncio.Event
    pressure: Pressure

    async def __call__(self, body: bytes, signature: str) -> SyncReply:
        """Take one request and return its answer.

        Raises:
            NotAllowed: not signed by a till of this merchant.
            CommandRefused: not such a message, or outside its limits.
            ServerBusy: too much is in hand; not even its signature was looked at.
            StoreUnavailable: nothing was written; the till asks again.
        """
        with self.pressure.carry(len(body)) as load:
            # In a thread: a large body takes tens of milliseconds to read.
            batch = await asyncio.to_thread(self.authentic_batch, body, signature)
            if not has_news(batch.request):
                load.put_down()  # from here on it only listens
            try:
                return await self._answer(batch)
            except QueueFull:
                return self._busy(batch.request)

    def authentic_batch(self, body: bytes, signature: str) -> Batch:
        """Read a request and make sure who sent it and who signed its events."""
        request = codec.unpack(body, SyncRequest)
        prev_hash = _ensure_shape(request)
        merchant = self.merchant.merchant
        with self.database.read() as session:
            till = till_of_stream(session, merchant, request.stream)
        authenticate(till, path=PATH, body=body, signature=signature)
        batch = prepare(request, prev_hash)
        ensure_batch_signed(till, merchant, batch)
        return batch

    async def _answer(self, batch: Batch) -> SyncReply:
        request = batch.request
        end_ms = self.clock.monotonic_ms() + _patience_ms(request)
        if has_news(request):
            outcome = await self.group.submit(batch)
            await self._wait_for_rights(batch, outcome, end_ms)
            reply = await self._read(batch)
        else:
            reply = await self._read(batch)
            reply = await self._wait_for_rows(batch, reply, end_ms)
        if reply.status in {Status.CLOSED, Status.REPORT} and not has_news(request):
            # A second writer is proven by a hash alone, restored books by a cursor: the books
            # must know it, too.
            await self.group.submit(batch)
            reply = await self._read(batch)
        return reply

    async def _wait_for_rights(self, batch: Batch, outcome: Outcome, end_ms: int) -> None:
        """Wait until other tills returned what was recalled, or time is up."""
        bare = msgspec.structs.replace(
            batch.request, events=(), profiles=(), settlements=(), from_seq=batch.request.from_seq
        )
        asking = Batch(request=bare, prev_hash=batch.prev_hash, incoming=())
        while outcome.shortage is Shortage.RECALLED:
            moved = self.group.moved.listen()
            if not await self._moved_before(moved, end_ms):
                return
            outcome = await self.group.submit(asking)

    async def _wait_for_rows(self, batch: Batch, reply: SyncReply, end_ms: int) -> SyncReply:
        """Hold the answer until there is something to say, or time is up."""
        while reply.status is Status.OK and not reply.rows:
            moved = self.group.moved.listen()
            reply = await self._read(batch)
            if reply.rows or reply.status is not Status.OK:
                return reply
            if not await self._moved_before(moved, end_ms):
                return reply
        return reply

    async def _moved_before(self, moved: asyncio.Event, end_ms: int) -> bool:
        left_ms = end_ms - self.clock.monotonic_ms()
        if left_ms <= 0 or self.stopping.is_set():
            return False
        # The signal is also sent at shutdown, so that nobody is kept waiting.
        is_moved = await came_in_time(moved, left_ms / 1000)
        if is_moved and not self.stopping.is_set():
            await asyncio.sleep(_PAUSE_SECONDS)
        return is_moved and not self.stopping.is_set()

    async def _read(self, batch: Batch) -> SyncReply:
        return await asyncio.to_thread(self.read_now, batch)

    def read_now(self, batch: Batch) -> SyncReply:
        """Return the answer of one snapshot, as of now."""
        answering = Answering(merchant=self.merchant, batch=batch, now_ms=self.clock.now_ms())
        with self.database.read() as session:
            return build_reply(session, answering)

    def _busy(self, request: SyncRequest) -> SyncReply:
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - spreads the tills' next tries
        return SyncReply(
            req=request.req,
            status=Status.BUSY,
            merchant=self.merchant.merchant,
            epoch=request.epoch,
            server_now=self.clock.now_ms(),
            cursor=request.cursor,
            retry_after_ms=int(_BUSY_MS * jitter),
        )


def _patience_ms(request: SyncRequest) -> int:
    """Return how long the answer may be held."""
    wait_ms = min(max(0, request.wait_ms), WAIT_MS_MAX)
    if request.want_rights:
        return min(wait_ms, RECALL_WAIT_MS_MAX)
    return wait_ms


def has_news(request: SyncRequest) -> bool:
    """Tell whether a request brings or asks something that has to be written."""
    return bool(
        request.events
        or request.profiles
        or request.settlements
        or request.want_rights
        or request.granted_seen is not None
        or request.lost_ack
        or request.closed_streams
    )


def _ensure_shape(request: SyncRequest) -> bytes:
    """Check what types alone do not say and return the hash before the batch.

    Raises:
        CommandRefused: outside what any till of ours sends.
    """
    prev_hash = hash_of_hex(request.prev_hash)
    claims: list[tuple[Callable[[], bool], str]] = [
        (lambda: prev_hash is not None, "prev_hash"),
        (lambda: 0 < request.from_seq < _SEQ_MAX, "from_seq"),
        (lambda: len(request.events) <= BATCH_EVENTS_MAX, "events"),
        (lambda: len(request.profiles) <= PROFILES_MAX, "profiles"),
        (lambda: len(request.settlements) <= SETTLEMENTS_MAX, "settlements"),
        (lambda: len(request.granted_seen or ()) <= GRANTED_PAGE_MAX, "granted_seen"),
        (lambda: 0 <= request.lost_ack < _SEQ_MAX, "lost_ack"),
        (lambda: len(request.buckets) <= DIGEST_BUCKETS, "buckets"),
        (lambda: len(request.closed_streams) <= CLOSED_STREAMS_MAX, "closed_streams"),
        (lambda: 0 <= request.epoch < _SEQ_MAX, "epoch"),
    ]
    for holds, name in claims:
        if not holds():
            raise CommandRefused(Code.BODY_SHAPE, detail=f"{name} is out of range")
    assert prev_hash is not None
    return prev_hash
