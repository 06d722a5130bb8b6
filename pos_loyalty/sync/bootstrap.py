"""A new till takes a large membership as one file instead of row by row.

The first thing a till asks that has heard nothing yet is which file there is. Where one
is worth it, the feed is read from the file's version on, and the file itself comes
beside the exchanges: piece by piece, from where it was cut, whatever was cut.

The steps are pure but for their storage: what to ask next, and what a piece means. The
runner at the end carries them over a transport and paces the work that follows.
"""

import asyncio
import time
from collections.abc import Callable, Generator
from typing import Protocol, runtime_checkable

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError
from pos_loyalty.domain.ids import IdSource
from pos_loyalty.store.arrival import ArrivalState, Stage, Stale
from pos_loyalty.store.sync_state import SyncPosition
from pos_loyalty.sync.backoff import delay_ms, jitter_of
from pos_loyalty.wire.messages import SnapshotOffer, SnapshotRequest
from pos_loyalty.wire.snapshot_file import PIECE_BYTES_MAX

SNAPSHOT_PATH = "/sync/v1/snapshot"
ROWS_WORTH_A_FILE = 5_000
"""So many rows come as quickly one by one."""
SIZE_MAX = 4 * 1024**3
PIECE_BYTES = 1024 * 1024
PIECE_BYTES_MIN = 32 * 1024
"""What a slow line brings in one answer before its time is up."""
_REST = 0.5
"""After each slice of work, so much of its time is left to a sale that wants to write."""
_REST_SECONDS_MIN = 0.001


class BootstrapStorage(Protocol):
    """What the steps need of the till's database."""

    def state(self) -> ArrivalState | None:
        """Return what is on its way."""
        ...

    def wants_offer(self) -> bool:
        """Tell whether the server's file should be asked for."""
        ...

    def begin(self, offer: SnapshotOffer) -> None:
        """Take a file from now on."""
        ...

    def fetched(self) -> int:
        """Return how many bytes are here."""
        ...

    def add_piece(self, offset: int, data: bytes) -> None:
        """Keep the bytes from an offset on."""
        ...

    def give_up(self) -> None:
        """Go back to rows, or to a newer file."""
        ...

    def work(self) -> Generator[None]:
        """Do what follows the last piece, step by step."""
        ...

    def close(self) -> None:
        """Close what is open; nothing is lost."""
        ...


class Bootstrap:
    """The steps: one request at a time, and what its answer means."""

    def __init__(self, *, storage: BootstrapStorage, position: Callable[[], SyncPosition]) -> None:
        self.storage = storage
        self._position = position
        self._was_asked = False
        self._limit = PIECE_BYTES

    def first_request(self) -> SnapshotRequest | None:
        """Return the question for the offer, None where it is of no use."""
        if self._was_asked or not self.storage.wants_offer():
            return None
        return SnapshotRequest(stream=self._position().stream)

    def take_offer(self, offer: SnapshotOffer | None) -> bool:
        """Begin with a file if it is worth it; None: this server has no such thing.

        A file that holds events of ours is not taken: what we owe to its rows is told
        only by an exchange.
        """
        position = self._position()
        is_worth = (
            offer is not None
            and bool(offer.name)
            and offer.merchant == position.merchant
            and offer.epoch == position.epoch
            and offer.have == 0
            and offer.rows > ROWS_WORTH_A_FILE
            and 0 < offer.size <= SIZE_MAX
            and bool(offer.cursor)
        )
        if offer is not None and is_worth:
            self.storage.begin(offer)
        else:
            self._was_asked = True
        return is_worth

    def next_request(self) -> SnapshotRequest | None:
        """Return the question for the next piece; None where no piece is missing.

        Raises:
            Stale: another epoch has begun.
        """
        state, position = self.storage.state(), self._position()
        if state is None or state.stage is not Stage.FETCH:
            return None
        if state.epoch != position.epoch:
            raise Stale
        here = self.storage.fetched()
        if here >= state.size:
            return None
        return SnapshotRequest(
            stream=position.stream, name=state.name, offset=here, limit=self._limit
        )

    def take_piece(self, request: SnapshotRequest, data: bytes) -> None:
        """Keep what came, however little it was; ask for more next time if it was all."""
        if not data or len(data) > PIECE_BYTES_MAX:
            raise Stale
        self.storage.add_piece(request.offset, data)
        if len(data) >= request.limit:
            self._limit = min(PIECE_BYTES, self._limit * 2)

    def came_nothing(self) -> None:
        """Ask for less: the line is too slow for what was asked, or gone."""
        self._limit = max(PIECE_BYTES_MIN, self._limit // 2)

    def give_up(self) -> None:
        """The file is no longer what was offered: a newer one, or rows."""
        self.storage.give_up()


@runtime_checkable
class PieceTransport(Protocol):
    """Carries the question for a piece; what came before a cut is an answer, too."""

    async def piece(self, path: str, message: SnapshotRequest) -> bytes:
        """Send a signed message and return the bytes of its answer, at least one."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class BootstrapRunner:
    """Carries the steps beside the exchanges, in the engine's thread."""

    def __init__(self, steps: Bootstrap, *, transport: PieceTransport, ids: IdSource) -> None:
        self.steps = steps
        self._transport = transport
        self._ids = ids
        self._begun = asyncio.Event()
        self.on_given_up: Callable[[], None] = _nobody_waits
        """Called when the feed has to be read from its start after all."""

    def begun(self) -> None:
        """Tell the runner that there is something to do."""
        self._begun.set()

    async def run(self) -> None:
        """Finish what is on its way, each time something is; ends by being canceled."""
        failures = 0
        while True:
            self._begun.clear()
            try:
                await self._finish()
            except LoyaltyError:
                failures += 1
                self.steps.came_nothing()
                jitter = jitter_of(self._ids.random_bytes(4))
                await asyncio.sleep(delay_ms(failures, jitter=jitter) / 1000)
                continue
            failures = 0
            await self._begun.wait()

    async def _finish(self) -> None:
        try:
            await self._fetch()
            await self._work()
        except Stale:
            self.steps.give_up()
            self.on_given_up()
            await self._work()

    async def _fetch(self) -> None:
        try:
            while (request := self.steps.next_request()) is not None:
                data = await self._transport.piece(SNAPSHOT_PATH, request)
                self.steps.take_piece(request, data)
        except CommandRefused as error:
            if error.code in {Code.SNAPSHOT_GONE, Code.BODY_SHAPE}:
                raise Stale from error
            raise
        finally:
            await self._transport.close()

    async def _work(self) -> None:
        """Load what came, leaving the store to others after each slice."""
        if self.steps.storage.state() is None:
            return
        work = self.steps.storage.work()
        try:
            began = time.monotonic()
            for _ in work:
                took = time.monotonic() - began
                await asyncio.sleep(max(_REST_SECONDS_MIN, took * _REST))
                began = time.monotonic()
        finally:
            work.close()
            self.steps.storage.close()


def _nobody_waits() -> None:
    """Stand in until the engine says whom to wake."""
