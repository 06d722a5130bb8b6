"""Runs the server on a port until it is told to stop."""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Callable, Generator
from pathlib import Path
from typing import BinaryIO

import uvicorn

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.server.app import Server
from pos_loyalty.server.patient_protocol import PatientProtocol
from pos_loyalty.server.refold import refold
from pos_loyalty.server.serving import bind, quiet_signals, soon
from pos_loyalty.server.settings import SQLITE_PREFIX, ServerSettings
from pos_loyalty.server.setup import open_database
from pos_loyalty.server.snapshot import folder_of
from pos_loyalty.server.system import SystemClock

_BACKLOG = 1024
_KEEP_ALIVE_SECONDS = 30
_GRACEFUL_SECONDS = 10


class _Uvicorn(uvicorn.Server):
    """uvicorn that says when it is ready, and lets held answers go before it ends."""

    def __init__(
        self, config: uvicorn.Config, *, on_ready: Callable[[], None], on_end: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_end = on_end

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_end()
        await super().shutdown(sockets)


def serve(
    settings: ServerSettings,
    *,
    on_ready: Callable[[str], None],
    on_started: Callable[[Callable[[], None]], object] = id,
) -> None:
    """Serve until SIGTERM or SIGINT, or until the function given to ``on_started`` is called.

    Args:
        settings: where to listen and where the books are.
        on_ready: told the address once tills may connect.
        on_started: given a function that ends the server from any thread.

    Raises:
        LoyaltyError: the database or the address cannot be used.
    """
    _ensure_readable(settings)
    with (
        only_server_of(settings.database),
        contextlib.closing(open_database(settings.database)) as database,
    ):
        refold(database, clock=SystemClock())
        listener = bind(settings.host, settings.port)
        asyncio.run(
            _serve(
                settings,
                Server(database, folder_of(settings.database, settings.snapshots)),
                listener,
                on_ready,
                on_started,
            )
        )


async def _serve(
    settings: ServerSettings,
    server: Server,
    listener: socket.socket,
    on_ready: Callable[[str], None],
    on_started: Callable[[Callable[[], None]], object],
) -> None:
    scheme = "https" if settings.certificate else "http"
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    config = uvicorn.Config(
        server.asgi,
        access_log=False,
        log_config=None,
        lifespan="on",
        server_header=False,
        date_header=False,  # every answer carries the clock
        proxy_headers=False,
        backlog=_BACKLOG,
        http=PatientProtocol,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_GRACEFUL_SECONDS,
        ssl_certfile=settings.certificate,
        ssl_keyfile=settings.private_key,
    )
    runner = _Uvicorn(
        config,
        on_ready=lambda: on_ready(f"{scheme}://{shown}:{port}"),
        on_end=server.stop_waiting,
    )
    loop = asyncio.get_running_loop()

    def stop() -> None:
        runner.should_exit = True

    on_started(lambda: soon(loop, stop))
    with quiet_signals():
        await runner.serve(sockets=[listener])


def _ensure_readable(settings: ServerSettings) -> None:
    """Check certificate and key before anything else is opened.

    Raises:
        CommandRefused: a file is absent, or the two do not belong together.
    """
    if settings.certificate is None or settings.private_key is None:
        return
    for path in (settings.certificate, settings.private_key):
        if not path.is_file():
            raise CommandRefused(Code.FILE_ABSENT, file=str(path))
    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(settings.certificate, settings.private_key)
    except (OSError, ssl.SSLError) as error:
        raise CommandRefused(Code.FILE_SHAPE, file=str(settings.certificate)) from error


@contextlib.contextmanager
def only_server_of(database: str) -> Generator[None, None, None]:
    """Hold the lock of a SQLite file, so that no second server writes to it.

    Raises:
        StoreUnavailable: a server runs on this file.
    """
    if not database.startswith(SQLITE_PREFIX):
        yield
        return
    path = Path(database.removeprefix(SQLITE_PREFIX) + ".server-lock")
    try:
        file = path.open("ab")
    except OSError as error:
        raise StoreUnavailable(Code.DATABASE_UNREACHABLE) from error
    with file:
        _lock(file)
        yield


def _lock(file: BinaryIO) -> None:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise StoreUnavailable(Code.SERVER_RUNNING) from error
