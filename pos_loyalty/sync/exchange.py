"""One exchange with the server: what to send, and what its answer means.

A pure state machine: storage, clock, ids and the signer come in, the network stays
outside. The engine carries requests and replies over HTTP; the simulator carries
them over a line that loses, doubles and reorders. At most one request is in flight;
a reply to another one is ignored, for a late reply must neither acknowledge nor
accuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from pos_loyalty import __version__
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import NotOurServer
from pos_loyalty.domain.ids import IdSource, MemberId
from pos_loyalty.store.sync_state import (
    Batch,
    PageEnd,
    PageSlice,
    SyncPosition,
    Waiting,
)
from pos_loyalty.sync.credentials import Signer, batch_text
from pos_loyalty.sync.exchange_storage import ExchangeStorage
from pos_loyalty.sync.hub_talk import HubTalk
from pos_loyalty.sync.reply_parts import Memory, offset_ms, slices_of
from pos_loyalty.wire.messages import (
    BATCH_EVENTS_MAX,
    ROWS_DEFAULT,
    Status,
    SyncReply,
    SyncRequest,
)
from pos_loyalty.wire.version import PROTOCOL_NEWEST, SCHEMA_1

BATCH_BYTES_MAX = 200 * 1024
"""Of stored bytes; even where nothing compresses, the body stays below the wire's limit."""
REPORT_MEMBERS_MAX = 500
ROWS_WHILE_SENDING = 1
"""While more events wait than fit a request: the rows that they change come once, after the
last of them, and not again and again between."""
BUCKETS_PER_REQUEST = 4
NO_MEMBER = MemberId("")
HUB_PAUSE_MS = 5_000
"""Before the next try, where only the server could help and the shop's hub answered."""
_REQUEST_BYTES = 4
"""A request's own name: only the one in flight has to be told from the ones before it."""


class Step(StrEnum):
    """What to do after a reply."""

    DONE = "done"
    """Nothing more waits on either side."""
    MORE = "more"
    """Ask again at once."""
    WAIT = "wait"
    """The server asks for a pause."""
    REJOIN = "rejoin"
    """The server's copy of the stream is not ours: go on in a new one."""
    IGNORED = "ignored"
    """Not a reply to the request in flight, or of an older epoch; nothing was done."""


_PLAIN_STEPS = {Status.CLOSED: Step.REJOIN, Status.BUSY: Step.WAIT}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a reply changed. ``moved`` tells apart progress from the same answer again.

    ``granted`` says that the server, or the hub, looked at the rights asked for. Where
    ``clock_offset_ms`` is above 0 this till's clock is ahead of the server's.
    """

    step: Step
    granted: bool = False
    rows: int = 0
    appended: int = 0
    wait_ms: int = 0
    known_hashes: tuple[str, ...] = ()
    moved: tuple[int, int, str, MemberId] = (0, 0, "", NO_MEMBER)
    clock_offset_ms: int | None = None
    update_needed: bool = False
    hears_nothing: bool = False
    """The server takes events, but sends rows only to a newer program."""
    at_hub: bool = False
    """The shop's hub answered for itself; the server was not reached."""


class Exchange:
    """Makes requests and takes replies, one at a time."""

    def __init__(
        self, *, storage: ExchangeStorage, signer: Signer, clock: Clock, ids: IdSource
    ) -> None:
        self._storage = storage
        self._signer = signer
        self._clock = clock
        self._ids = ids
        self._in_flight: SyncRequest | None = None
        self._have: int | None = None
        """What the server holds beyond our acknowledgement; so that nothing is sent twice."""
        self._seen_have = 0
        """The most that the server showed to hold in this epoch; less is a loss on its side."""
        self._lost_ack = 0
        self._report_after: MemberId | None = None
        """The last member of the report of granted rights that was sent; None: no report."""
        self._hub = HubTalk()
        self._buckets: tuple[int, ...] = ()
        """Buckets of a digest whose rows are to come again."""
        self._events_max = BATCH_EVENTS_MAX
        self._bytes_max = BATCH_BYTES_MAX

    def has_unsent(self, waiting: Waiting) -> bool:
        """Tell whether something waits that neither the server nor the shop's hub has."""
        if not self._hub.stands_in:
            return waiting.anything
        position = self._storage.position()
        has_events = position.last_seq > max(position.acked_seq, self._hub.held)
        return has_events or waiting.profiles > self._hub.profiles

    @property
    def is_reporting(self) -> bool:
        """Whether the next requests tell the server which rights were granted."""
        return self._report_after is not None

    def repair(self, buckets: Sequence[int]) -> None:
        """Ask for all rows of these buckets again, a few at a time."""
        self._buckets = tuple(buckets)

    def next_request(
        self,
        *,
        want_rights: Sequence[tuple[MemberId, int]] = (),
        wait_ms: int = 0,
        is_poll: bool = False,
    ) -> SyncRequest:
        """Build the next request and hold it as the one in flight.

        Args:
            want_rights: members whose points are asked for now, with how many.
            wait_ms: how long the server may hold its reply.
            is_poll: only listens; carries no events and no personal fields.
        """
        assert self._in_flight is None, "one request at a time"
        position = self._storage.position()
        assert position.is_joined
        carries = not is_poll and not self.is_reporting
        batch = self._batch(position, carries=carries)
        is_last = not batch.events or batch.last_seq >= position.last_seq
        report, complete = self._report()
        asks_of_closed = position.asks_of_closed and not is_poll and (carries or complete)
        profiles = self._storage.profile_changes() if carries else ()
        request = SyncRequest(
            req=self._ids.random_bytes(_REQUEST_BYTES).hex(),
            proto=PROTOCOL_NEWEST,
            stream=position.stream,
            from_seq=batch.from_seq,
            prev_hash=batch.prev_hash.hex(),
            # A sale may have come between the two looks; what is sent is ours all the same.
            top=max(position.last_seq, batch.last_seq),
            epoch=position.epoch,
            now_ms=self._clock.now_ms(),
            # A hub may bring this very request hours later, when the token is none of the last
            # two: that would look like a second till.
            token=position.token if batch.events and not position.has_hub else "",
            events=tuple(msgspec.Raw(data) for data in batch.events),
            sig=self._batch_signature(position, batch),
            cursor=position.cursor,
            want_rows=ROWS_DEFAULT if is_last else ROWS_WHILE_SENDING,
            want_rights=tuple(want_rights) if carries else (),
            wait_ms=wait_ms,
            profiles=self._hub.unseen(profiles),
            settlements=self._storage.settlements() if carries else (),
            buckets=self._buckets[:BUCKETS_PER_REQUEST] if carries and is_last else (),
            granted_seen=report,
            granted_complete=complete,
            closed_streams=self._storage.closed_streams() if asks_of_closed else (),
            lost_ack=self._lost_ack,
            acked=position.acked_seq if position.has_hub else 0,
            hub_cursor=self._hub.cursor if position.has_hub else "",
            holds_rights=self._held_rights(want_rights) if position.has_hub and carries else (),
            app_version=__version__ if carries else "",
            schema=SCHEMA_1,
        )
        self._in_flight = request
        # The moment of a poll is only for ourselves, when its answer comes.
        return msgspec.structs.replace(request, now_ms=0) if is_poll else request

    @property
    def memory(self) -> Memory:
        """What is known of the server's side."""
        return Memory(
            have=self._have,
            seen_have=self._seen_have,
            lost_ack=self._lost_ack,
            report_after=self._report_after,
        )

    def recall(self, memory: Memory) -> None:
        """Go on with what was known when a packet was written or read."""
        self._have, self._seen_have = memory.have, memory.seen_have
        self._lost_ack, self._report_after = memory.lost_ack, memory.report_after

    def resume(self, request: SyncRequest) -> None:
        """Wait for the reply to a request that went by hand."""
        self._in_flight = request

    def assume_taken(self) -> None:
        """Go on as if the request in flight were taken: the next one of a packet follows it."""
        request, self._in_flight = self._in_flight, None
        assert request is not None
        if request.events:
            self._have = request.from_seq - 1 + len(request.events)
        if request.granted_seen is not None:
            self._report_taken(request, is_asked_again=False)

    def abandon(self) -> None:
        """Give the request in flight up: no reply came, or nobody waits for it."""
        self._in_flight = None

    def restart(self) -> None:
        """Forget what was known of the server's side: the stream is a new one."""
        self._in_flight = None
        self._have = None
        self._seen_have = 0
        self._lost_ack = 0
        self._report_after = None
        self._hub = HubTalk()

    def too_large(self) -> bool:
        """Halve the batch after the server refused its size; False at one event already."""
        self._in_flight = None
        if self._events_max == 1:
            return False
        self._events_max = max(1, self._events_max // 2)
        self._bytes_max = max(1, self._bytes_max // 2)
        return True

    def take(self, reply: SyncReply) -> Outcome:
        """Apply a reply.

        Raises:
            NotOurServer: it speaks for another merchant; nothing was taken from it.
        """
        request = self._in_flight
        if request is None or reply.req != request.req:
            return Outcome(step=Step.IGNORED)
        self._in_flight = None
        position = self._storage.position()
        if reply.merchant != position.merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        if request.stream != position.stream or reply.epoch < position.epoch:
            return Outcome(step=Step.IGNORED)
        if reply.status is Status.HELD:
            return self._take_held(request, position, reply)
        self._hub.server_answered()
        if reply.status in _PLAIN_STEPS:
            return self._outcome(_PLAIN_STEPS[reply.status], request, reply)
        if reply.epoch > position.epoch:
            return self._follow(request, position, reply)
        return self._take_position(request, position, reply)

    def _batch(self, position: SyncPosition, *, carries: bool) -> Batch:
        held = position.acked_seq if self._have is None else self._have
        held = min(max(held, self._hub.held, position.pruned_seq), position.last_seq)
        return self._storage.batch(
            held + 1, events_max=self._events_max if carries else 0, bytes_max=self._bytes_max
        )

    def _batch_signature(self, position: SyncPosition, batch: Batch) -> str:
        if not batch.events:
            return ""
        return self._signer.sign(
            batch_text(
                merchant=position.merchant,
                stream=position.stream,
                last_seq=batch.last_seq,
                last_hash=batch.last_hash,
            )
        )

    def _report(self) -> tuple[tuple[tuple[MemberId, int], ...] | None, bool]:
        """Return the next page of granted totals, and whether it is the last one."""
        if self._report_after is None:
            return None, False
        page = self._storage.granted_page(self._report_after, REPORT_MEMBERS_MAX)
        return page, len(page) < REPORT_MEMBERS_MAX

    def _report_taken(self, request: SyncRequest, *, is_asked_again: bool) -> None:
        """Go to the next page; begin again when the whole report did not do."""
        if request.granted_seen is not None and not request.granted_complete:
            self._report_after = request.granted_seen[-1][0]
        elif is_asked_again:
            self._report_after = NO_MEMBER
        else:
            self._report_after = None

    def _follow(self, request: SyncRequest, position: SyncPosition, reply: SyncReply) -> Outcome:
        """Begin a new epoch; a report counts only if it was written after this.

        What was acknowledged is a good guess at what the server holds; a wrong guess
        is answered with GAP.
        """
        guess = position.acked_seq if self._have is None else self._have
        self._storage.begin_epoch(reply.epoch)
        self._have = guess
        self._seen_have = 0
        self._lost_ack = 0
        self._report_after = NO_MEMBER if reply.status is Status.REPORT else None
        return self._outcome(Step.MORE, request, reply)

    def _take_position(
        self, request: SyncRequest, position: SyncPosition, reply: SyncReply
    ) -> Outcome:
        """Compare the server's end of the stream with ours, then take the rows."""
        if reply.status is Status.REPORT:
            self._report_taken(request, is_asked_again=True)
            self._storage.ask_of_closed()
            return self._outcome(Step.MORE, request, reply)
        is_pruned = reply.have < position.pruned_seq
        if not is_pruned and self._is_forked(request, reply):
            return self._outcome(Step.REJOIN, request, reply)
        if request.granted_seen is not None:
            self._report_taken(request, is_asked_again=False)
        seen = max(position.acked_seq, self._seen_have)
        self._have = reply.have
        if reply.have < seen:
            # A server that lost what it had: it must know, or it grants rights twice.
            self._lost_ack = seen
            return self._outcome(Step.MORE, request, reply)
        self._seen_have = reply.have
        self._lost_ack = 0
        if is_pruned:
            # It knows that it lost them; what it needs next is no longer kept here.
            return self._outcome(Step.REJOIN, request, reply)
        if reply.status is Status.GAP:
            return self._outcome(Step.MORE, request, reply)
        return self._take_rows(request, position, reply)

    def _take_rows(self, request: SyncRequest, position: SyncPosition, reply: SyncReply) -> Outcome:
        """Store what came with an acknowledgement."""
        self._grow(reply.batch_hint)
        if reply.buckets:
            self._storage.begin_repair(reply.buckets)
        appended = self._apply(request, reply)
        self._take_buckets(request, reply)
        if not reply.more:
            self._have = None
        is_asking = position.asks_of_closed
        if request.closed_streams:
            # A server of before answers nothing, and is not asked again.
            is_asking = bool(self._storage.take_held_of_closed(reply.held_of_closed))
        is_behind = reply.have < position.last_seq
        is_asking |= bool(self._buckets) or self.is_reporting
        waits = reply.more or appended or is_behind or is_asking
        step = Step.MORE if waits else Step.DONE
        return self._outcome(step, request, reply, rows=len(reply.rows), appended=appended)

    def _take_buckets(self, request: SyncRequest, reply: SyncReply) -> None:
        """Note which buckets came; a server that sends none is not asked again."""
        if reply.buckets:
            self._storage.end_repair(reply.buckets)
            came = frozenset(reply.buckets)
            self._buckets = tuple(bucket for bucket in self._buckets if bucket not in came)
        elif request.buckets:
            self._buckets = ()

    def _held_rights(
        self, wants: Sequence[tuple[MemberId, int]]
    ) -> tuple[tuple[MemberId, int], ...]:
        return tuple((member, self._storage.spendable(member)) for member, _ in wants)

    def _take_held(self, request: SyncRequest, position: SyncPosition, reply: SyncReply) -> Outcome:
        """Take what the shop's hub says while the server is away: it acknowledges nothing."""
        if request.granted_seen is not None or request.lost_ack:
            # This is between the server and us: no hub can answer it.
            return Outcome(step=Step.WAIT, wait_ms=HUB_PAUSE_MS)
        if reply.held > position.acked_seq and not self._is_ours(position, reply):
            # Only the server can tell which of two journals of one name is ours.
            return Outcome(step=Step.WAIT, wait_ms=HUB_PAUSE_MS)
        appended = sum(self._storage.apply_from_hub(rows) for rows in slices_of(reply.rows))
        self._hub.took(request, reply)
        behind = self._storage.position().last_seq > max(reply.held, position.acked_seq)
        return Outcome(
            step=Step.MORE if reply.more or appended or behind else Step.DONE,
            granted=bool(request.want_rights),
            rows=len(reply.rows),
            appended=appended,
            moved=(reply.epoch, reply.held, reply.cursor, NO_MEMBER),
            at_hub=True,
        )

    def _is_ours(self, position: SyncPosition, reply: SyncReply) -> bool:
        """Tell whether the hub holds this very journal."""
        ours = self._storage.hash_at(reply.held) if reply.held <= position.last_seq else None
        return ours is not None and reply.have_hash == ours.hex()

    def _is_forked(self, request: SyncRequest, reply: SyncReply) -> bool:
        """Tell whether the server holds other events under our stream's name.

        More than we ever sent means a restored or cloned disk; so does another hash at
        the same place.
        """
        if reply.have > request.top:
            return True
        if not reply.have_hash:
            return False
        ours = self._storage.hash_at(reply.have)
        return ours is None or ours.hex() != reply.have_hash

    def _apply(self, request: SyncRequest, reply: SyncReply) -> int:
        """Store the rows in slices; only the last one moves the cursor and acknowledges."""
        end = PageEnd(
            from_cursor=request.cursor,
            cursor=reply.cursor or request.cursor,
            acks=not reply.more,
            durable=reply.durable,
            token=reply.token,
            contact_ms=self._clock.now_ms(),
            server_offset_ms=offset_ms(request, reply, self._clock.now_ms()),
            risk_total=reply.risk_total,
            stock=reply.stock if reply.cursor else None,
            spend_until_ms=reply.spend_until_ms,
            server_now_ms=reply.server_now,
            boot_ms=self._clock.monotonic_ms(),
            sweeps=reply.status is not Status.UPGRADE,
            verdicts=reply.verdicts,
            profiles_have=reply.profiles_have,
            settlements_have=reply.settlements_have,
        )
        appended = 0
        slices = slices_of(reply.rows)
        for number, rows in enumerate(slices, start=1):
            appended += self._storage.apply(
                PageSlice(
                    epoch=reply.epoch,
                    have=reply.have,
                    rows=rows,
                    end=end if number == len(slices) else None,
                )
            )
        return appended

    def _grow(self, hint: int) -> None:
        """After a success the batch may double again, up to what the server likes."""
        limit = max(1, min(hint, BATCH_EVENTS_MAX))
        self._events_max = min(limit, self._events_max * 2)
        self._bytes_max = min(BATCH_BYTES_MAX, self._bytes_max * 2)

    def _outcome(
        self,
        step: Step,
        request: SyncRequest,
        reply: SyncReply,
        *,
        rows: int = 0,
        appended: int = 0,
    ) -> Outcome:
        return Outcome(
            step=step,
            granted=reply.status is Status.OK and bool(request.want_rights),
            rows=rows,
            appended=appended,
            wait_ms=reply.retry_after_ms,
            known_hashes=reply.known_hashes,
            moved=(
                reply.epoch,
                reply.have,
                reply.cursor if reply.more else "",
                self._report_after or NO_MEMBER,
            ),
            clock_offset_ms=offset_ms(request, reply, self._clock.now_ms()),
            update_needed=reply.min_proto > PROTOCOL_NEWEST or reply.status is Status.UPGRADE,
            hears_nothing=reply.status is Status.UPGRADE,
        )
