"""Keeps the snapshot file of a large membership at most a day old, while the server runs."""

import asyncio
import logging
import threading
from contextlib import suppress

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.snapshot import Progress, SnapshotFolder, make_if_due

LOOK_SECONDS = 60 * 60
_LOG = logging.getLogger(__name__)


class _Stopped(Exception):
    """The server ends; a file half written is left out."""


async def keep_snapshots(
    folder: SnapshotFolder | None, database: Database, merchant: Merchant, clock: Clock
) -> None:
    """Look once an hour whether a new file is due; when canceled, end within a block of rows."""
    if folder is None:
        return
    is_ending = threading.Event()

    def go_on(done: int, total: int) -> None:
        del done, total
        if is_ending.is_set():
            raise _Stopped

    def work() -> None:
        with suppress(_Stopped):
            _make(folder, database, merchant, clock, go_on)

    while True:
        making = asyncio.get_running_loop().run_in_executor(None, work)
        try:
            await asyncio.shield(making)
        except asyncio.CancelledError:
            is_ending.set()
            await making
            raise
        await asyncio.sleep(LOOK_SECONDS)


def _make(
    folder: SnapshotFolder, database: Database, merchant: Merchant, clock: Clock, go_on: Progress
) -> None:
    try:
        make_if_due(folder, database, merchant, now_ms=clock.now_ms(), progress=go_on)
    except LoyaltyError as error:
        _LOG.warning("no snapshot file could be made: %s", error.code)
