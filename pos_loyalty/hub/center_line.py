"""The hub's way to the server: whether it answers, what goes through, what is sent on later."""

import asyncio
import logging
from contextlib import suppress

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import (
    CommandRefused,
    LoyaltyError,
    NotOurServer,
    ServerUnreachable,
    StoreUnavailable,
)
from pos_loyalty.domain.ids import IdSource, MerchantId, StreamId
from pos_loyalty.hub.desk import HubDesk
from pos_loyalty.hub.shop_hub import EXCHANGE_PATH, ServerReply
from pos_loyalty.server.group_commit import Signal, came_in_time
from pos_loyalty.store.hub_state import HeldBody
from pos_loyalty.sync.backoff import jitter_of
from pos_loyalty.sync.transport import REPLY_BYTES_MAX, HttpTransport, RelayedAnswer
from pos_loyalty.wire import codec

RELAY_SECONDS = 4.0
"""A server that takes longer over a till's sales counts as away: the hub answers instead."""
PROBE_SECONDS_FIRST = 1.0
PROBE_SECONDS_MAX = 10.0
HEARTBEAT_SECONDS = 10.0
SERVER_FAULTS = 500
_OK = 200

_LOG = logging.getLogger(__name__)


class CenterLine:
    """Carries tills' requests to the server, and sends on what was kept once it answers again."""

    def __init__(
        self, desk: HubDesk, transport: HttpTransport, *, merchant: MerchantId, ids: IdSource
    ) -> None:
        self.changed = Signal()
        """Sent when the server goes or comes."""
        self._desk = desk
        self._transport = transport
        self._merchant = merchant
        self._ids = ids
        self._is_up = True
        self._is_stopped = False
        self._quiet = True
        """Nothing went through since the last look."""
        self._forwarding: dict[StreamId, asyncio.Lock] = {}

    @property
    def is_up(self) -> bool:
        """Whether the server answered the last time anybody asked."""
        return self._is_up

    async def relay(
        self, path: str, body: bytes, signature: str, *, read_seconds: float = RELAY_SECONDS
    ) -> RelayedAnswer | None:
        """Pass a till's message on; None where the server does not answer.

        Raises:
            StoreUnavailable: the hub is about to end; the till finds another way.
        """
        if not self._is_up:
            return None
        asking = asyncio.create_task(
            self._transport.relay(path, body, signature, read_seconds=read_seconds)
        )
        changed = asyncio.create_task(self._went_away())
        try:
            await asyncio.wait({asking, changed}, return_when=asyncio.FIRST_COMPLETED)
            if self._is_stopped:
                raise StoreUnavailable(Code.SERVER_SILENT)
            if not asking.done():
                return None
            answer = asking.result()
        except (ServerUnreachable, NotOurServer) as error:
            self._gone(error)
            return None
        finally:
            for task in (asking, changed):
                task.cancel()
            await asyncio.gather(asking, changed, return_exceptions=True)
        self._quiet = False
        return answer

    def stop(self) -> None:
        """Let everybody go who waits for the server: the hub is about to end."""
        self._is_stopped = True
        self.changed.send()

    async def _went_away(self) -> None:
        """Wait until nobody need wait for the server any longer."""
        while self._is_up and not self._is_stopped:
            await self.changed.listen().wait()

    async def send_on(self, stream: StreamId) -> None:
        """Send on what is kept of a journal, oldest first, as its till signed it."""
        if not await self._desk.ask(lambda hub: hub.next_body(stream)):
            return
        async with self._forwarding.setdefault(stream, asyncio.Lock()):
            while body := await self._desk.ask(lambda hub: hub.next_body(stream)):
                if not await self._send_one(body):
                    return

    async def run(self) -> None:
        """Watch the server until canceled."""
        while True:
            try:
                await (self._watch() if self._is_up else self._probe())
            except LoyaltyError as error:
                # The hub's own disk: what cannot be read now is sent on later.
                _LOG.warning("the hub cannot send on what it keeps: %s", error.code.value)
                await asyncio.sleep(PROBE_SECONDS_MAX)

    async def _watch(self) -> None:
        """While the server answers: send on what is left, and notice when it goes silent."""
        for stream, _ in await self._desk.ask(lambda hub: hub.waiting()):
            await self.send_on(stream)
        self._quiet = True
        if not await came_in_time(self.changed.listen(), HEARTBEAT_SECONDS) and self._quiet:
            await self._is_there()

    async def _probe(self) -> None:
        """While the server is away: ask for a sign of life, and send on before anybody else."""
        pause = PROBE_SECONDS_FIRST
        while True:
            await asyncio.sleep(pause * jitter_of(self._ids.random_bytes(4)))
            pause = min(2 * pause, PROBE_SECONDS_MAX)
            if await self._is_there():
                break
        self._is_up = True
        for stream, _ in await self._desk.ask(lambda hub: hub.waiting()):
            await self.send_on(stream)
        self.changed.send()

    async def _is_there(self) -> bool:
        try:
            async with asyncio.timeout(RELAY_SECONDS):
                is_ours = await self._transport.merchant() == self._merchant
        except (LoyaltyError, TimeoutError) as error:
            self._gone(error)
            return False
        if not is_ours:
            self._gone(None)
        return is_ours

    async def _send_one(self, body: HeldBody) -> bool:
        """Send one request on; return whether the next one may follow."""
        answer = await self.relay(EXCHANGE_PATH, body.body, body.signature)
        if answer is None:
            return False
        reply = read_reply(answer)
        if reply is None:
            in_trouble = answer.status >= SERVER_FAULTS
            await self._desk.ask(lambda hub: hub.refused(body, is_in_trouble=in_trouble))
            return False
        await self._desk.ask(lambda hub: hub.forwarded(body, reply))
        return True

    def _gone(self, error: BaseException | None) -> None:
        if self._is_up:
            # Sales go on; the tills' screens tell it.
            _LOG.info("the server does not answer: %s", type(error).__name__)
            self._is_up = False
            self.changed.send()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()


def read_reply(answer: RelayedAnswer) -> ServerReply | None:
    """Read what the hub needs of the server's reply to an exchange; None for a refusal."""
    if answer.status != _OK or answer.content_type != codec.CONTENT_TYPE:
        return None
    with suppress(CommandRefused):
        return codec.unpack(answer.body, ServerReply, compressed_max=REPLY_BYTES_MAX)
    return None
