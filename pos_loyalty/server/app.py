"""Composition root of the server: builds the parts and connects them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.dues import keep_due
from pos_loyalty.server.exchange import Exchange
from pos_loyalty.server.group_commit import GroupCommit
from pos_loyalty.server.group_write import GroupWriter
from pos_loyalty.server.join_till import WrongTriesPace
from pos_loyalty.server.lendings import keep_looking
from pos_loyalty.server.other_processes import watch_other_processes
from pos_loyalty.server.pressure import Pressure
from pos_loyalty.server.routes import Routes, refusal
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.server.snapshot import SnapshotFolder
from pos_loyalty.server.snapshot_nightly import keep_snapshots
from pos_loyalty.server.system import SystemClock, SystemIds


class Server:
    """The server of one merchant as an ASGI application.

    ``stop_waiting`` lets held answers go at once; the caller closes the database.
    """

    def __init__(self, database: Database, snapshots: SnapshotFolder | None = None) -> None:
        self.merchant = read_merchant(database)
        self._database = database
        self._snapshots = snapshots
        self._clock = SystemClock()
        self._stopping = asyncio.Event()
        ids = SystemIds(self._clock)
        writer = GroupWriter(database, self.merchant, clock=self._clock, ids=ids)
        self._group = GroupCommit(writer.write_group)
        exchange = Exchange(
            database=database,
            merchant=self.merchant,
            group=self._group,
            clock=self._clock,
            stopping=self._stopping,
            pressure=Pressure(self._clock),
        )
        routes = Routes(
            database=database,
            merchant=self.merchant,
            group=self._group,
            exchange=exchange,
            clock=self._clock,
            ids=ids,
            pace=WrongTriesPace(),
            snapshots=snapshots,
        )
        self.asgi = Starlette(
            routes=routes.all(),
            exception_handlers={HTTPException: _refuse_address},
            lifespan=self._lifespan,
        )

    def stop_waiting(self) -> None:
        """Answer everybody who waits for news now; the server is about to end."""
        self._stopping.set()
        self._group.moved.send()

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncGenerator[None, None]:
        del app
        self._group.start()
        watcher = asyncio.create_task(
            watch_other_processes(self._database, self.merchant.merchant, self._group.moved)
        )
        snapshots = asyncio.create_task(
            keep_snapshots(self._snapshots, self._database, self.merchant, self._clock)
        )
        lendings = asyncio.create_task(keep_looking(self._database, self.merchant, self._clock))
        dues = asyncio.create_task(
            keep_due(self._database, self.merchant, self._clock, self._group.moved)
        )
        try:
            yield
        finally:
            tasks = (watcher, snapshots, lendings, dues)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._group.stop()


async def _refuse_address(request: Request, error: Exception) -> Response:
    del request
    response = refusal(CommandRefused(Code.BODY_SHAPE, detail="no such address"))
    if isinstance(error, HTTPException):
        response.status_code = error.status_code
    return response
