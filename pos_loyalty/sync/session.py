"""One till's talk with its server: the pure steps, carried over a transport."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol, TypeVar

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import (
    CommandRefused,
    LoyaltyError,
    NotOurServer,
    ServerUnreachable,
)
from pos_loyalty.domain.ids import IdSource, MemberId, MerchantId
from pos_loyalty.store.digest import Digest
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.pruning import Pruning
from pos_loyalty.store.sync_state import SyncState, Waiting
from pos_loyalty.sync.bootstrap import SNAPSHOT_PATH, BootstrapRunner
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.exchange import Exchange, Outcome, Step
from pos_loyalty.sync.rejoin import Rejoin
from pos_loyalty.sync.transport import (
    DIGEST_PATH,
    EXCHANGE_PATH,
    HISTORY_PATH,
    JOIN_PATH,
    READ_SECONDS,
)
from pos_loyalty.wire.messages import (
    DigestReply,
    DigestRequest,
    HistoryReply,
    HistoryRequest,
    JoinReply,
    SnapshotOffer,
    SyncReply,
)

ReplyT = TypeVar("ReplyT")

_LOG = logging.getLogger(__name__)

_POLL_MARGIN_SECONDS = 5.0
_SIGN_OF_LIFE_SECONDS = 5.0
TIDY_MS = 60 * 60 * 1000
"""How often a till looks for old events that it need not keep."""


class Transport(Protocol):
    """Carries messages to one server."""

    async def call(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        read_seconds: float = READ_SECONDS,
    ) -> ReplyT:
        """Send a signed message and return the reply."""
        ...

    async def merchant(self) -> MerchantId:
        """Ask whose server answers."""
        ...

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        ...


@dataclass
class Session:
    """Carries exchanges, and moves to a new stream where the old one cannot go on."""

    state: SyncState
    joining: Joining
    make_transport: Callable[[], Transport]
    key: TillKey
    clock: Clock
    ids: IdSource
    bootstrap: BootstrapRunner | None = None
    """Takes a large membership as a file; None takes rows alone."""
    _transport: Transport = field(init=False)
    _exchange: Exchange = field(init=False)
    _knows_server: bool = field(default=False, init=False)
    _closed: Outcome | None = field(default=None, init=False)
    """The answer that closed our stream, until the next one has begun."""
    _tidy_at_ms: int = field(default=0, init=False)
    _is_unknown: bool = field(default=False, init=False)
    """The server, whose books were restored, has never heard of our stream."""

    def __post_init__(self) -> None:
        self._digest = Digest(self.state.store, self.clock)
        self._transport = self.make_transport()
        self._exchange = Exchange(
            storage=self.state, signer=self.key, clock=self.clock, ids=self.ids
        )

    async def exchange(
        self,
        *,
        want_rights: Sequence[tuple[MemberId, int]] = (),
        wait_ms: int = 0,
        is_poll: bool = False,
    ) -> Outcome:
        """Carry one exchange.

        Before the first one the server is asked whose it is: nothing of the shop goes
        to a stranger, not even to one who happens to have the address. What waits of
        closed journals is carried over first, a slice at a call.

        Raises:
            ServerUnreachable: no usable answer.
            CommandRefused: the server refuses this till or this message.
        """
        first = await self._first_things(is_poll=is_poll)
        if first is not None:
            return first
        request = self._exchange.next_request(
            want_rights=want_rights, wait_ms=wait_ms, is_poll=is_poll
        )
        try:
            reply = await self._transport.call(
                EXCHANGE_PATH,
                request,
                SyncReply,
                read_seconds=_POLL_MARGIN_SECONDS + wait_ms / 1000 if is_poll else READ_SECONDS,
            )
            outcome = self._exchange.take(reply)
        except CommandRefused as error:
            outcome = self._refused(error)
        except NotOurServer:
            self._knows_server = False
            raise
        finally:
            self._exchange.abandon()
        if outcome.step is Step.IGNORED:
            raise ServerUnreachable(Code.SERVER_TROUBLE)
        if outcome.step is Step.REJOIN:
            return await self._rejoin(outcome)
        if outcome.step is Step.DONE:
            self._tidy()
        return outcome

    async def _first_things(self, *, is_poll: bool) -> Outcome | None:
        """Do what comes before an exchange; return an outcome where that was enough for now."""
        carried = self.joining.carry_over()
        if carried:
            return self._moved_on(Outcome(step=Step.MORE, appended=carried))
        await self._ensure_our_server()
        if self._closed is not None:
            return await self._rejoin(self._closed)
        if is_poll and self._digest.is_due() and await self._compare():
            return self._moved_on(Outcome(step=Step.MORE))
        await self._ask_for_file()
        return None

    async def _compare(self) -> bool:
        """Compare all rows with the server's sums; tell whether some are to come again."""
        position = self.state.position()
        request = DigestRequest(stream=position.stream)
        try:
            reply = await self._transport.call(DIGEST_PATH, request, DigestReply)
        except CommandRefused:
            # A server of before, or a shop's hub: there is nothing to compare with.
            self._digest.done()
            return False
        if reply.merchant != position.merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        found = self._digest.differences(reply)
        self._digest.done()
        if found.wrong:
            _LOG.warning("rows in %d buckets are not the server's; they come again", found.wrong)
        self._exchange.repair(found.buckets)
        return bool(found.buckets)

    def _tidy(self) -> None:
        """While nothing waits: delete what is old and safe, a slice at a time."""
        now_ms = self.clock.monotonic_ms()
        if now_ms < self._tidy_at_ms:
            return
        events = Pruning(self.state.store, self.clock).slice()
        self._tidy_at_ms = now_ms if events else now_ms + TIDY_MS

    async def history(self, member: MemberId, limit: int) -> HistoryReply:
        """Ask for a member's newest entries from all tills, beside the exchanges.

        Raises:
            ServerUnreachable: no usable answer.
            CommandRefused: the server refuses this till or this message.
        """
        position = self.state.position()
        request = HistoryRequest(stream=position.stream, member=member, limit=limit)
        transport = self.make_transport()
        try:
            reply = await transport.call(HISTORY_PATH, request, HistoryReply)
        finally:
            await transport.close()
        if reply.merchant != position.merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        return reply

    def has_unsent(self, waiting: Waiting) -> bool:
        """Tell whether something waits that neither the server nor the shop's hub has."""
        return self._exchange.has_unsent(waiting)

    async def is_server_there(self) -> bool:
        """Tell whether our server answers at all; costs neither side anything."""
        try:
            async with asyncio.timeout(_SIGN_OF_LIFE_SECONDS):
                return await self._transport.merchant() == self.state.position().merchant
        except (LoyaltyError, TimeoutError):
            return False

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def _ensure_our_server(self) -> None:
        if self._knows_server:
            return
        if await self._transport.merchant() != self.state.position().merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        self._knows_server = True

    async def _ask_for_file(self) -> None:
        """Ask for the file of a large membership before the first row has come."""
        request = None if self.bootstrap is None else self.bootstrap.steps.first_request()
        if self.bootstrap is None or request is None:
            return
        try:
            offer = await self._transport.call(SNAPSHOT_PATH, request, SnapshotOffer)
        except CommandRefused as error:
            if error.code is not Code.BODY_SHAPE:
                raise
            offer = None  # a server of protocol 1 knows no such question
        if self.bootstrap.steps.take_offer(offer):
            self.bootstrap.begun()

    def _refused(self, error: CommandRefused) -> Outcome:
        """Send less where the message was too large, begin anew where our stream is unknown.

        Anything else is for people.
        """
        if error.code is Code.BODY_LARGE and self._exchange.too_large():
            return self._moved_on(Outcome(step=Step.MORE))
        if error.code is Code.TILL_UNKNOWN:
            # Books restored to a day before this stream began know the till all the same.
            self._is_unknown = True
            return Outcome(step=Step.REJOIN)
        self._knows_server = False
        raise error

    def _moved_on(self, outcome: Outcome) -> Outcome:
        """Return an outcome that nobody takes for the same answer again."""
        return replace(outcome, moved=(0, 0, self.ids.next_id(), MemberId("")))

    async def _rejoin(self, outcome: Outcome) -> Outcome:
        """Go on in a new stream; the same one again where the reply was lost.

        A lost reply leads straight back here: asking the closed stream first would
        never end on a line that loses every second reply.
        """
        self._closed = outcome
        rejoin = Rejoin(storage=self.joining, clock=self.clock, public_key=self.key.public_text)
        request = rejoin.next_request()
        try:
            reply = await self._transport.call(JOIN_PATH, request, JoinReply)
            is_unknown = self._is_unknown and not reply.known_hashes
            rejoin.take(reply, outcome.known_hashes, is_unknown=is_unknown)
        except (CommandRefused, NotOurServer):
            self._closed, self._is_unknown = None, False
            self._knows_server = False
            raise
        self._closed, self._is_unknown = None, False
        self._exchange.restart()
        return replace(outcome, step=Step.MORE, moved=(0, 0, request.stream, MemberId("")))
