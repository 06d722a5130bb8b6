"""The queue before the books: many requests become one transaction.

Whatever waits when the writer is free is written together, so a flush to disk is
shared by all tills that send at the same moment. The oldest request always goes
along, the others smallest first, so that a till with a long backlog neither delays
everybody nor waits for ever.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server.ingest import Outcome
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.settings import (
    GROUP_EVENTS_MAX,
    GROUP_REQUESTS_MAX,
    QUEUE_REQUESTS_MAX,
)

ResultT = TypeVar("ResultT")


class QueueFull(Exception):
    """More requests wait than the writer can take in reasonable time."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A request that waits to be written."""

    batch: Batch
    outcome: "asyncio.Future[Outcome]"


def next_group(waiting: Sequence[Batch]) -> list[int]:
    """Choose what is written together: places in ``waiting``, which is oldest first."""
    chosen: list[int] = []
    streams: set[StreamId] = set()
    events = 0
    others = sorted(range(1, len(waiting)), key=lambda place: len(waiting[place].incoming))
    for place in [0, *others] if waiting else []:
        batch = waiting[place]
        if len(chosen) == GROUP_REQUESTS_MAX:
            break
        if batch.stream in streams:
            continue
        if chosen and events + len(batch.incoming) > GROUP_EVENTS_MAX:
            break
        # A stream's requests go in the order in which they came.
        first = next(at for at, other in enumerate(waiting) if other.stream == batch.stream)
        if first != place:
            continue
        chosen.append(place)
        streams.add(batch.stream)
        events += len(batch.incoming)
    return chosen


class GroupCommit:
    """One queue and one writer thread; tells everybody when the books have moved."""

    def __init__(self, write_group: Callable[[Sequence[Batch]], list[Outcome]]) -> None:
        self._write_group = write_group
        self._waiting: list[Waiting] = []
        self._arrived = asyncio.Event()
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="books-writer")
        self._task: asyncio.Task[None] | None = None
        self._is_ending = False
        self.moved = Signal()

    def start(self) -> None:
        """Begin to write what is submitted; needs a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run(), name="group-commit")

    async def stop(self) -> None:
        """Write what is queued, then end."""
        self._is_ending = True
        self._arrived.set()
        if self._task is not None:
            await self._task
        self._writer.shutdown()

    async def submit(self, batch: Batch) -> Outcome:
        """Write a request together with others and return its outcome.

        Raises:
            QueueFull: too many wait.
            StoreUnavailable: nothing was written.
        """
        if len(self._waiting) >= QUEUE_REQUESTS_MAX:
            raise QueueFull
        waiting = Waiting(batch, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._arrived.set()
        return await waiting.outcome

    async def run(self, work: Callable[[], ResultT]) -> ResultT:
        """Run another write, such as a join, in turn with the groups."""
        result = await asyncio.get_running_loop().run_in_executor(self._writer, work)
        self.moved.send()
        return result

    async def _run(self) -> None:
        while not self._is_ending:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._write_next()

    async def _write_next(self) -> None:
        places = set(next_group([waiting.batch for waiting in self._waiting]))
        group = [self._waiting[place] for place in sorted(places)]
        self._waiting = [
            waiting for place, waiting in enumerate(self._waiting) if place not in places
        ]
        batches = [waiting.batch for waiting in group]
        loop = asyncio.get_running_loop()
        try:
            outcomes = await loop.run_in_executor(self._writer, self._write_group, batches)
        except Exception as error:  # noqa: BLE001 - the request handler's net: the writer must live on
            for waiting in group:
                _fail(waiting.outcome, error)
            return
        for waiting, outcome in zip(group, outcomes, strict=True):
            if not waiting.outcome.done():
                waiting.outcome.set_result(outcome)
        self.moved.send()


def _fail(future: "asyncio.Future[Outcome]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)


class Signal:
    """Wakes everybody who waits, each time it is sent."""

    def __init__(self) -> None:
        self._next: asyncio.Event = asyncio.Event()

    def send(self) -> None:
        """Wake everybody who waits now."""
        self._next.set()
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """Return what the next sending sets; ask before reading, so that none is missed."""
        return self._next


async def came_in_time(event: asyncio.Event, seconds: float) -> bool:
    """Wait for an event; return whether it came in time."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
