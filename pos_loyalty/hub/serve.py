"""Composition root of a shop's hub: a till without a counter that serves the shop's other tills."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn
from starlette.applications import Starlette

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.hub.announce import Announcement, announced
from pos_loyalty.hub.center_line import CenterLine
from pos_loyalty.hub.certificate import hub_identity, identity_pin, server_context
from pos_loyalty.hub.desk import HubDesk
from pos_loyalty.hub.routes import HubRoutes
from pos_loyalty.hub.shop_hub import ShopHub
from pos_loyalty.server.group_commit import Signal
from pos_loyalty.server.patient_protocol import PatientProtocol
from pos_loyalty.server.serving import bind, quiet_signals, soon
from pos_loyalty.store.hub_place import read_hub_identity
from pos_loyalty.store.hub_state import HubState
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.transport import HttpTransport
from pos_loyalty.till import Till

_BACKLOG = 256
_KEEP_ALIVE_SECONDS = 30
_GRACEFUL_SECONDS = 5
_LATE_SECONDS = 0.1
_TO_SERVER_MAX = 500
"""Every till of the shop holds one to listen, and one to send."""
_GOODBYE_SECONDS = 1.5
"""For answers under way; what waits for the server or for news is let go at once."""


@dataclass(frozen=True, kw_only=True)
class HubSettings:
    """Where a hub listens, and whether it announces itself."""

    host: str
    port: int
    announces: bool = True


@dataclass(frozen=True, kw_only=True)
class HubStarted:
    """A hub that serves; ``is_announced`` whether tills find it by themselves."""

    address: str
    pin: str
    is_announced: bool


def serve_hub(
    till: Till,
    settings: HubSettings,
    *,
    on_ready: Callable[[HubStarted], None],
    on_started: Callable[[Callable[[], None]], object] = id,
) -> None:
    """Serve a shop's tills until SIGTERM or SIGINT, or until what ``on_started`` got is called.

    Raises:
        CommandRefused: this folder has not joined a server as a hub.
        StoreUnavailable: the address is taken, or the data cannot be used.
    """
    store = till.context.store
    if not till.shop.joined or read_hub_identity(store) is None:
        raise CommandRefused(Code.NOT_JOINED)
    listener = bind(settings.host, settings.port)
    till.sync.start()
    with listener:
        asyncio.run(_serve(till, settings, listener, on_ready, on_started))


async def _serve(
    till: Till,
    settings: HubSettings,
    listener: socket.socket,
    on_ready: Callable[[HubStarted], None],
    on_started: Callable[[Callable[[], None]], object],
) -> None:
    context = till.context
    loop = asyncio.get_running_loop()
    identity = hub_identity(context.store, context.clock)
    moved, stopping = Signal(), asyncio.Event()
    merchant = till.shop.merchant
    hub = ShopHub(
        state=HubState(context.store, context.clock, context.ids),
        merchant=merchant,
        clock=context.clock,
        on_move=lambda: soon(loop, moved.send),
    )
    desk = HubDesk(hub)
    center = CenterLine(desk, _to_server(till), merchant=merchant, ids=context.ids)
    routes = HubRoutes(
        desk=desk,
        center=center,
        merchant=merchant,
        clock=context.clock,
        moved=moved,
        stopping=stopping,
    )
    config = uvicorn.Config(
        Starlette(routes=routes.all(), lifespan=_lifespan(center, moved)),
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        proxy_headers=False,
        backlog=_BACKLOG,
        http=PatientProtocol,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
    )
    config.load()
    config.ssl = server_context(identity)
    runner = _Runner(config, lambda: _stop(stopping, moved, center))
    on_started(lambda: soon(loop, runner.stop))
    host, port = listener.getsockname()[:2]
    pin = identity_pin(identity)
    announcement = Announcement(
        merchant=merchant, shop=till.shop.shop_name, pin=pin, host=host, port=port
    )
    try:
        async with _announcing(announcement, announces=settings.announces) as is_announced:
            runner.on_ready = lambda: on_ready(
                HubStarted(address=f"{host}:{port}", pin=pin, is_announced=is_announced)
            )
            with quiet_signals():
                await runner.serve(sockets=[listener])
    finally:
        desk.close()


def _to_server(till: Till) -> HttpTransport:
    context = till.context
    key = TillKey.from_text(Joining(context.store, context.clock, context.ids).private_key())
    position = SyncState(context.store, context.clock, context.ids).position()
    return HttpTransport(position.server_url, key, connections_max=_TO_SERVER_MAX)


def _lifespan(
    center: CenterLine, moved: Signal
) -> Callable[[Starlette], contextlib.AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncGenerator[None]:
        del app
        tasks = [
            asyncio.create_task(center.run()),
            asyncio.create_task(_wake_waiting(center, moved)),
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await center.close()

    return lifespan


async def _wake_waiting(center: CenterLine, moved: Signal) -> None:
    """Let held polls go when the server is back: their next request goes through to it."""
    while True:
        await center.changed.listen().wait()
        moved.send()


@asynccontextmanager
async def _announcing(announcement: Announcement, *, announces: bool) -> AsyncGenerator[bool]:
    """Announce from a thread: registering waits for the network."""
    if not announces:
        yield False
        return
    context = announced(announcement)
    is_announced = await asyncio.to_thread(context.__enter__)
    try:
        yield is_announced
    finally:
        await asyncio.to_thread(context.__exit__, None, None, None)


class _Runner(uvicorn.Server):
    """uvicorn that says when it is ready, and lets held answers go before it ends."""

    def __init__(self, config: uvicorn.Config, on_end: Callable[[], None]) -> None:
        super().__init__(config)
        self.on_ready: Callable[[], None] = _nothing
        self._on_end = on_end

    def stop(self) -> None:
        """End as soon as the answers under way are given."""
        self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        seeing_off = asyncio.create_task(self._see_off())
        try:
            await super().shutdown(sockets)
            # Who came while the door was closing has ended the handshake by now.
            await asyncio.sleep(_LATE_SECONDS)
            self._hang_up()
            await asyncio.sleep(_LATE_SECONDS)
        finally:
            seeing_off.cancel()

    async def _see_off(self) -> None:
        """Hang up after a while: a till that went away says no goodbye, and TLS waits for one."""
        await asyncio.sleep(_GOODBYE_SECONDS)
        while True:
            self._hang_up()
            await asyncio.sleep(_LATE_SECONDS)

    def _hang_up(self) -> None:
        for connection in tuple(self.server_state.connections):
            if isinstance(connection, PatientProtocol):
                connection.transport.abort()


def _nothing() -> None:
    """Stand in until somebody wants to know."""


def _stop(stopping: asyncio.Event, moved: Signal, center: CenterLine) -> None:
    stopping.set()
    center.stop()
    moved.send()
