"""The choice of way: through the shop's hub, or to the server directly; never a sale waits for it.

The hub is asked first while it answers: it passes everything on to the server. Where it does not,
the server is asked directly, and the other way round. A message goes the second way with the
same bytes as the first: whoever gets it twice counts it once.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

import msgspec

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, NotOurServer, ServerUnreachable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.store.hub_place import HubPlace
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.hub_finder import HubFinder
from pos_loyalty.sync.hub_pin import CONNECT_SECONDS, pinned_context
from pos_loyalty.sync.transport import READ_SECONDS, HttpTransport
from pos_loyalty.wire.messages import Status, SyncReply

HUB_PAUSE_MS_FIRST = 5_000
HUB_PAUSE_MS_MAX = 60_000
DIRECT_EVERY_MS = 20_000
"""How often the server itself is asked for a sign of life while the hub stands in for it."""
DIRECT_MS = 60_000
"""For so long the server is asked directly once it answers here, but not to the hub."""
_STANDS_IN = frozenset({Status.HELD, Status.BUSY})
_FIND_SECONDS = 2.5
_LOOK_AGAIN_SECONDS = 0.1

ReplyT = TypeVar("ReplyT")
Ask = Callable[[HttpTransport], Awaitable[ReplyT]]
"""Carries one message over a transport."""


class Way(Enum):
    """How a message goes."""

    HUB = "hub"
    SERVER = "server"


@dataclass
class Route:
    """Which way first: pure. A till that knows no hub always goes to the server."""

    clock: Clock
    _hub_pause_ms: int = 0
    _hub_again_ms: int = 0
    _direct_until_ms: int = 0
    _asked_directly_ms: int | None = None

    def order(self, *, has_hub: bool) -> tuple[Way, ...]:
        """Return the ways in the order in which to try them."""
        if not has_hub:
            return (Way.SERVER,)
        now_ms = self.clock.monotonic_ms()
        if now_ms < self._hub_again_ms or now_ms < self._direct_until_ms:
            return (Way.SERVER, Way.HUB)
        return (Way.HUB, Way.SERVER)

    def hub_failed(self) -> None:
        """Leave the hub alone for a while, longer each time."""
        self._hub_pause_ms = min(max(HUB_PAUSE_MS_FIRST, 2 * self._hub_pause_ms), HUB_PAUSE_MS_MAX)
        self._hub_again_ms = self.clock.monotonic_ms() + self._hub_pause_ms

    def hub_answered(self) -> None:
        """The hub is there."""
        self._hub_pause_ms = self._hub_again_ms = 0

    def may_ask_directly(self) -> bool:
        """Tell whether it is time for a sign of life of the server, which the hub cannot reach."""
        now_ms = self.clock.monotonic_ms()
        last_ms = self._asked_directly_ms
        if last_ms is not None and now_ms - last_ms < DIRECT_EVERY_MS:
            return False
        self._asked_directly_ms = now_ms
        return True

    def server_is_there(self) -> None:
        """The server answers here, though not to the hub: go there for a while."""
        self._direct_until_ms = self.clock.monotonic_ms() + DIRECT_MS

    def server_failed(self) -> None:
        """The server does not answer here."""
        self._direct_until_ms = 0


@dataclass
class ShopLine:
    """What all talks of one till share: which way is good, and where the hub was found."""

    clock: Clock
    place: Callable[[], HubPlace]
    finder: HubFinder = field(default_factory=HubFinder)
    route: Route = field(init=False)

    def __post_init__(self) -> None:
        self.route = Route(self.clock)

    def transport(self, url: str, key: TillKey) -> "RoutedTransport":
        """Return a transport that goes either way."""
        return RoutedTransport(self, url, key)

    def addresses(self, place: HubPlace) -> tuple[str, ...]:
        """Return where the hub may be; begin to look for it where that is not known."""
        if place.address:
            return (place.address,)
        found = self.finder.found
        if not found:
            self.finder.begin(place.merchant, place.pin)
        return found


class RoutedTransport:
    """Carries messages to the server, through the shop's hub or directly."""

    def __init__(self, line: ShopLine, url: str, key: TillKey) -> None:
        self._line = line
        self._url = url
        self._key = key
        self._server = HttpTransport(url, key)
        self._hub: HttpTransport | None = None
        self._hub_pin = ""
        self._is_server_known = False
        self._asking: asyncio.Task[None] | None = None

    async def call(
        self,
        path: str,
        message: msgspec.Struct,
        kind: type[ReplyT],
        *,
        read_seconds: float = READ_SECONDS,
    ) -> ReplyT:
        """Send a signed message one way, or where that fails the other, and return the reply.

        Raises:
            ServerUnreachable: no usable answer either way.
            NotOurServer: something else answered.
            CommandRefused: the server, or the hub, refuses this message.
        """

        async def ask(transport: HttpTransport) -> ReplyT:
            return await transport.call(path, message, kind, read_seconds=read_seconds)

        reply, way = await self._try(ask)
        if way is Way.HUB and isinstance(reply, SyncReply) and reply.status in _STANDS_IN:
            self._ask_directly()
        return reply

    async def piece(self, path: str, message: msgspec.Struct) -> bytes:
        """Send a signed message and return the bytes of a file."""

        async def ask(transport: HttpTransport) -> bytes:
            return await transport.piece(path, message)

        return (await self._try(ask))[0]

    async def merchant(self) -> MerchantId:
        """Ask whose server answers; a hub was known by its certificate before this."""

        async def ask(transport: HttpTransport) -> MerchantId:
            return await transport.merchant()

        merchant, way = await self._try(ask)
        self._is_server_known = self._is_server_known or way is Way.SERVER
        return merchant

    async def close(self) -> None:
        """Close all connections; the next call opens new ones."""
        asking, self._asking = self._asking, None
        if asking is not None:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        await self._close_hub()
        await self._server.close()

    async def _try(self, ask: Ask[ReplyT]) -> tuple[ReplyT, Way]:
        """Ask one way, and where nobody answers there the other; the server's trouble is told."""
        place = await self._place()
        failures: dict[Way, LoyaltyError] = {}
        for way in self._line.route.order(has_hub=bool(place.pin)):
            try:
                return await self._ask(way, place, ask, waits=Way.SERVER in failures), way
            except (ServerUnreachable, NotOurServer) as error:
                if error.code is Code.SERVER_BUSY:
                    raise
                failures[way] = error
        raise failures[Way.SERVER]

    async def _ask(self, way: Way, place: HubPlace, ask: Ask[ReplyT], *, waits: bool) -> ReplyT:
        """Ask one way and note how it went."""
        route = self._line.route
        if way is Way.SERVER:
            try:
                await self._ensure_server(place)
                return await ask(self._server)
            except (ServerUnreachable, NotOurServer):
                route.server_failed()
                raise
        addresses = await self._addresses(place, waits=waits)
        if not addresses:
            raise ServerUnreachable(Code.SERVER_SILENT)
        try:
            reply = await ask(await self._open_hub(place, addresses))
        except (ServerUnreachable, NotOurServer):
            route.hub_failed()
            await self._close_hub()
            raise
        route.hub_answered()
        return reply

    async def _ensure_server(self, place: HubPlace) -> None:
        """Where perhaps only the hub has answered so far, a stranger may have the address."""
        if not place.pin or self._is_server_known:
            return
        if await self._server.merchant() != place.merchant:
            raise NotOurServer(Code.SERVER_OTHER_MERCHANT)
        self._is_server_known = True

    async def _addresses(self, place: HubPlace, *, waits: bool) -> tuple[str, ...]:
        """Return where the hub may be; a till that reaches nobody else waits for a look around."""
        addresses = self._line.addresses(place)
        tries = int(_FIND_SECONDS / _LOOK_AGAIN_SECONDS) if waits else 0
        while not addresses and self._line.finder.is_looking and tries:
            tries -= 1
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)
            addresses = self._line.finder.found
        return addresses or self._line.finder.found

    async def _open_hub(self, place: HubPlace, addresses: Sequence[str]) -> HttpTransport:
        """Return connections to the hub that shows the right certificate."""
        if self._hub is not None and self._hub_pin == place.pin:
            return self._hub
        await self._close_hub()
        failure: LoyaltyError = ServerUnreachable(Code.SERVER_SILENT)
        for address in addresses:
            try:
                pinned = await asyncio.to_thread(pinned_context, address, place.pin)
            except (ServerUnreachable, NotOurServer) as error:
                failure = error
                self._line.finder.forget(address)
                continue
            self._hub = HttpTransport(
                f"https://{address}", self._key, pinned=pinned, connect_seconds=CONNECT_SECONDS
            )
            self._hub_pin = place.pin
            return self._hub
        raise failure

    async def _close_hub(self) -> None:
        hub, self._hub = self._hub, None
        if hub is not None:
            await hub.close()

    def _ask_directly(self) -> None:
        """Look now and then, beside everything else, whether the server answers here after all."""
        is_asking = self._asking is not None and not self._asking.done()
        if not is_asking and self._line.route.may_ask_directly():
            self._asking = asyncio.create_task(self._look_for_server())

    async def _look_for_server(self) -> None:
        transport = HttpTransport(self._url, self._key)
        try:
            is_ours = await transport.merchant() == (await self._place()).merchant
        except LoyaltyError:
            return
        finally:
            await transport.close()
        if is_ours:
            self._line.route.server_is_there()

    async def _place(self) -> HubPlace:
        return await asyncio.to_thread(self._line.place)
