"""What a shop's hub does with the requests of its tills: everything but the network.

No sockets, no threads, no clock of its own, so that a simulator can drive it. The hub is also a
till: its own journal, rows and spend rights live in an ordinary till store and talk to the
server by an ordinary :class:`~pos_loyalty.sync.exchange.Exchange`. How to drive it:

1. ``visit = read_visit(body, signature)`` for every exchange that a till sends.
2. While the server answers, send on what is kept first (4), then ``body`` and ``signature`` as
   they are, give the till the reply as it is, and tell the hub: ``hub.heard(visit, reply)``.
3. Where the server does not answer: ``answer = hub.hold(visit)``. Its reply goes to the till.
   ``answer.waits`` says that rights were asked of other tills: within the till's ``wait_ms``
   call ``hub.hold(visit)`` again whenever ``on_move`` was called; a poll with ``wait_ms`` and
   without rows may wait in the same way. Repeating it changes nothing.
4. ``hub.next_body(stream)`` is what to send on, oldest first; ``hub.forwarded(body, reply)``
   takes the server's reply, ``hub.refused(body)`` anything else it said. ``hub.waiting()``
   names the journals that something is kept of.
5. A till that joins again through the hub: ``hub.joined(closes_stream)``.

After a crash make a new one over the same store. Nothing that a till was told is only in memory.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.domain.ids import MemberId, MerchantId, StreamId, TillId
from pos_loyalty.hub.recalls import Recalls
from pos_loyalty.server.authentication import (
    NotAllowed,
    is_signed,
    signed_batch,
    signed_request,
)
from pos_loyalty.server.event_problems import POINTS_MAX, hash_of_hex
from pos_loyalty.server.reading import prepare
from pos_loyalty.store.hub_feed import FeedPage
from pos_loyalty.store.hub_state import (
    HeldBody,
    HeldRequest,
    HubState,
    KnownStream,
    Taken,
    TillOfShop,
)
from pos_loyalty.wire import codec
from pos_loyalty.wire.messages import (
    BATCH_EVENTS_MAX,
    ROWS_MAX,
    Status,
    SyncReply,
    SyncRequest,
)
from pos_loyalty.wire.version import PROTOCOL_2, PROTOCOL_OLDEST

EXCHANGE_PATH = "/sync/v1/exchange"
WANTS_MAX = 50
PARKED_MS = 60_000
"""A journal whose next request the server could not take now is tried again after this long."""
TROUBLE_MS = 3_000
_OTHER_JOURNAL_MS = 30_000
_CURSOR_PREFIX = 16

SignatureCheck = Callable[[str, str, bytes], bool]
"""Tells whether a signature (base64) of some bytes fits a public key (base64): key, signature,
bytes."""


@dataclass(frozen=True)
class Visit:
    """An exchange that a till sent, as it came; ``recalled`` is whom it had rights recalled of."""

    request: SyncRequest
    body: bytes
    signature: str
    recalled: set[MemberId] = field(default_factory=set[MemberId])


class Answer(NamedTuple):
    """The hub's own reply. ``waits``: rights may still come from other tills of the shop."""

    reply: SyncReply
    waits: bool


class ServerReply(msgspec.Struct, frozen=True):
    """What the hub needs to know of a server's reply; the till gets all of it."""

    status: str
    merchant: MerchantId
    have: int = 0
    have_hash: str = ""
    retry_after_ms: int = 0


def _nobody_listens() -> None:
    """Stand in where nobody waits for news."""


def read_visit(body: bytes, signature: str) -> Visit:
    """Read an exchange. Who sent it is looked at by whoever answers: the server, or ``hold``.

    Raises:
        CommandRefused: not such a message, or outside its limits.
    """
    request = codec.unpack(body, SyncRequest)
    if len(request.events) > BATCH_EVENTS_MAX or request.from_seq < 1:
        raise CommandRefused(Code.BODY_SHAPE, detail="events")
    return Visit(request, body, signature)


class ShopHub:
    """The hub of one shop of one merchant."""

    def __init__(
        self,
        *,
        state: HubState,
        merchant: MerchantId,
        clock: Clock,
        on_move: Callable[[], None] = _nobody_listens,
        check: SignatureCheck = is_signed,
    ) -> None:
        self._state = state
        self._merchant = merchant
        self._clock = clock
        self._on_move = on_move
        self._check = check
        self._recalls = Recalls(clock)
        self._parked: dict[StreamId, int] = {}
        """Until when (monotonic) a journal's requests are not sent on again."""

    def hold(self, visit: Visit) -> Answer:
        """Keep what a till sends and answer it, in place of a server that does not.

        Raises:
            NotAllowed: not signed by a till of this merchant, or the till is switched off.
            CommandRefused: not such a message.
            StoreUnavailable: this till or its program is not known well enough to keep anything;
                it has to wait for the server.
        """
        held = self._checked(visit)
        request = visit.request
        known = self._state.stream(request.stream)
        is_ahead = known is not None and held.acked > known.have
        if request.events or request.profiles or is_ahead:
            taken = self._state.hold(held)
            if taken is Taken.OTHER:
                return Answer(self._reply(request, Status.BUSY), waits=False)
            known = self._state.stream(request.stream)
            if taken is Taken.HELD:
                self._on_move()
        cursor = self._cursor(request)
        self._state.seen(request.stream, cursor)
        if self._recalls.heard(request, held.till, cursor=cursor, known=known):
            self._on_move()
        waits = self._serve_wants(visit, held.till)
        page = self._state.feed(
            request.stream,
            held.till,
            after=cursor,
            limit=min(max(1, request.want_rows), ROWS_MAX),
            recalled=self._recalls.of(request.stream),
        )
        return Answer(self._held_reply(request, known, page), waits)

    def heard(self, visit: Visit, reply: ServerReply) -> None:
        """Note what the server said to a till's request that went through here."""
        request = visit.request
        if reply.merchant != self._merchant:
            return
        self._parked.pop(request.stream, None)
        if reply.status == Status.OK and request.events:
            # Before what is kept is dropped: these events may be new here.
            held = self._unchecked(visit, TillId(""))
            if held is not None:
                self._state.observe(held)
        self._take_position(request.stream, reply)

    def joined(self, closes_stream: StreamId | None) -> None:
        """Note that a till goes on in another journal: it carries over what is missing itself."""
        if closes_stream is not None:
            self._state.close_stream(closes_stream)
            self._on_move()

    def waiting(self) -> tuple[tuple[StreamId, int], ...]:
        """Return the journals with requests to send on now, and how many; fewest first."""
        now_ms = self._clock.monotonic_ms()
        return tuple(
            (stream, count)
            for stream, count in self._state.waiting()
            if self._parked.get(stream, 0) <= now_ms
        )

    def next_body(self, stream: StreamId) -> HeldBody | None:
        """Return the oldest request kept of a journal, unless it has to wait."""
        if self._parked.get(stream, 0) > self._clock.monotonic_ms():
            return None
        return next(iter(self._state.next_bodies(stream)), None)

    def forwarded(self, body: HeldBody, reply: ServerReply) -> None:
        """Take the server's reply to a request that was sent on."""
        if reply.merchant != self._merchant:
            self.refused(body)
            return
        self._take_position(body.stream, reply)
        if reply.status in {Status.OK, Status.UPGRADE}:
            self._state.drop_body(body.body_no)
            self._on_move()
        else:
            self._park(body.stream, reply.retry_after_ms or PARKED_MS)

    def refused(self, body: HeldBody, *, is_in_trouble: bool = False) -> None:
        """The server refused a request that was sent on: keep it, and try later.

        A server ``is_in_trouble`` that cannot work now; anything else takes much longer.
        """
        self._park(body.stream, TROUBLE_MS if is_in_trouble else PARKED_MS)

    def _park(self, stream: StreamId, milliseconds: int) -> None:
        self._parked[stream] = self._clock.monotonic_ms() + milliseconds

    def _take_position(self, stream: StreamId, reply: ServerReply) -> None:
        digest = hash_of_hex(reply.have_hash)
        if reply.status == Status.CLOSED:
            self._state.close_stream(stream)
        elif reply.status != Status.BUSY and digest is not None:
            self._state.heard(stream, reply.have, digest)

    def _checked(self, visit: Visit) -> HeldRequest:
        """Make sure who sent a request and who signed its events."""
        request = visit.request
        if request.proto < PROTOCOL_2:
            raise StoreUnavailable(Code.SERVER_SILENT)
        till = self._sender(visit)
        if not till.is_active:
            raise NotAllowed(Code.TILL_REVOKED, owner="the owner")
        held = self._unchecked(visit, till.till)
        if held is None:
            raise CommandRefused(Code.BODY_SHAPE, detail="prev_hash is out of range")
        if held.events:
            last = request.from_seq - 1 + len(held.events)
            data = signed_batch(self._merchant, request.stream, last, held.hashes[-1])
            if not self._check(till.public_key, request.sig, data):
                raise NotAllowed(Code.SIGNATURE)
        return held

    def _sender(self, visit: Visit) -> TillOfShop:
        """Find the till by the key that fits: a request names its journal, not its till."""
        tills = self._state.tills()
        if not tills:
            raise StoreUnavailable(Code.SERVER_SILENT)
        known = self._state.stream(visit.request.stream)
        data = signed_request(EXCHANGE_PATH, visit.body)
        likely = [till for till in tills if known is not None and till.till == known.till]
        for till in likely or tills:
            if self._check(till.public_key, visit.signature, data):
                return till
        if likely:
            raise NotAllowed(Code.SIGNATURE)
        # A till that joined a moment ago: only the server knows its key.
        raise StoreUnavailable(Code.SERVER_SILENT)

    def _unchecked(self, visit: Visit, till: TillId) -> HeldRequest | None:
        request = visit.request
        prev_hash = hash_of_hex(request.prev_hash)
        if prev_hash is None:
            return None
        batch = prepare(request, prev_hash)
        return HeldRequest(
            till=till,
            stream=request.stream,
            from_seq=request.from_seq,
            prev_hash=prev_hash,
            events=tuple(each.data for each in batch.incoming),
            hashes=tuple(each.hash for each in batch.incoming),
            acked=min(max(0, request.acked), request.from_seq - 1),
            profiles=request.profiles,
            body=visit.body,
            signature=visit.signature,
        )

    def _serve_wants(self, visit: Visit, till: TillId) -> bool:
        """Lend what is asked for; recall what is missing. Return whether more may still come."""
        request = visit.request
        holds: Mapping[MemberId, int] = dict(request.holds_rights)
        waits = False
        for member, points in request.want_rights[:WANTS_MAX]:
            missing = min(points, POINTS_MAX) - holds.get(member, 0)
            if missing <= 0 or self._state.lend(request.stream, member, missing) >= missing:
                continue
            if member not in visit.recalled:
                visit.recalled.add(member)
                self._recall(member, till)
            waits = waits or self._recalls.is_open(member)
        return waits

    def _recall(self, member: MemberId, asking: TillId) -> None:
        """Ask every other till that was here lately for its rights of a member."""
        for stream in self._recalls.others(asking):
            place = self._state.announce_rights(stream, [member])
            self._recalls.begin(stream, member, place)
        self._on_move()

    def _cursor(self, request: SyncRequest) -> int:
        """Return the till's place in this hub's feed; another hub's place is none."""
        prefix, _, place = request.hub_cursor.partition(".")
        is_ours = prefix == self._state.own_stream()[:_CURSOR_PREFIX]
        return int(place) if is_ours and place.isdecimal() and len(place) < _CURSOR_PREFIX else 0

    def _held_reply(
        self, request: SyncRequest, known: KnownStream | None, page: FeedPage
    ) -> SyncReply:
        digest = None if known is None else known.held_hash
        return msgspec.structs.replace(
            self._reply(request, Status.HELD),
            held=request.acked if known is None else known.held_seq,
            have_hash="" if digest is None else digest.hex(),
            rows=page.rows,
            cursor=f"{self._state.own_stream()[:_CURSOR_PREFIX]}.{page.cursor}",
            more=page.more,
        )

    def _reply(self, request: SyncRequest, status: Status) -> SyncReply:
        return SyncReply(
            req=request.req,
            status=status,
            merchant=self._merchant,
            epoch=request.epoch,
            server_now=self._clock.now_ms(),
            min_proto=PROTOCOL_OLDEST,
            retry_after_ms=_OTHER_JOURNAL_MS if status is Status.BUSY else 0,
        )
