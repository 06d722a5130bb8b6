"""Notices what other server processes wrote, where a database is shared."""

import asyncio
import logging

from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Database
from pos_loyalty.server.group_commit import Signal

LOOK_SECONDS = 0.25
_LOG = logging.getLogger(__name__)


async def watch_other_processes(database: Database, merchant: MerchantId, moved: Signal) -> None:
    """Send the signal when the books' version moved, whoever moved it."""
    if not database.is_shared:
        return
    seen = -1
    while True:
        try:
            version = await asyncio.to_thread(_version, database, merchant)
        except StoreUnavailable as error:
            _LOG.info("the database does not answer: %s", error.code)
        else:
            if version != seen:
                seen = version
                moved.send()
        await asyncio.sleep(LOOK_SECONDS)


def _version(database: Database, merchant: MerchantId) -> int:
    with database.read() as session:
        version, _ = statements.current_version(session, merchant)
    return version
