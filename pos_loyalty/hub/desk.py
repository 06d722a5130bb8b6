"""One thread for the hub's decisions: each is a short transaction, and none meets another."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pos_loyalty.hub.shop_hub import ShopHub

ResultT = TypeVar("ResultT")


class HubDesk:
    """Lets an event loop ask the hub without waiting for its disk."""

    def __init__(self, hub: ShopHub) -> None:
        self._hub = hub
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hub-desk")

    async def ask(self, question: Callable[[ShopHub], ResultT]) -> ResultT:
        """Put a question to the hub, after those that were asked before."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, question, self._hub)

    def close(self) -> None:
        """Let the question under way end, and take no more."""
        self._thread.shutdown(wait=True)
