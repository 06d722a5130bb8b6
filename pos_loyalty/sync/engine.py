"""The engine: one thread, one cycle, one timer.

It sends what waits, listens while nothing waits, and tries again after a pause
where something failed. It does not depend on somebody writing something: a queue
drains by itself. While it listens (a request that the server holds until something
changes) a new local event breaks that request off, so at most one exchange is under
way at any time.
"""

import asyncio
import logging
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, ServerUnreachable, StoreBug
from pos_loyalty.domain.ids import IdSource, MemberId
from pos_loyalty.store.arrival import Arrival
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync.backoff import delay_ms, jitter_of
from pos_loyalty.sync.bootstrap import Bootstrap, BootstrapRunner, PieceTransport
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.exchange import Outcome, Step
from pos_loyalty.sync.line_status import LineStatus, LineWatch
from pos_loyalty.sync.session import Session, Transport
from pos_loyalty.sync.transport import HttpTransport
from pos_loyalty.wire.messages import HistoryReply

LISTEN_MS = 20_000
RIGHTS_WAIT_MS = 1_300
"""How long the server may wait for other tills to hand points back."""
URGENT_TRIES = 4
_URGENT_DELAY_MS = 300
_QUICK_LISTEN_MS = 1_000
UPDATE_LISTEN_MS = 60_000
"""A till that is too old hears no rows: it looks now and then whether that has changed."""
_SAME_ANSWER_MAX = 4
WATCHDOG_MS = 120_000
"""The oldest event stays unsent for so long though the server answers: something is wedged."""
SIGN_OF_LIFE_MS = 10_000
"""How often a server that does not answer at all is asked for a sign of life in a long pause."""
_SPREAD_MS = 2_000
_STOP_SECONDS = 5.0
_SWITCH_SECONDS = 0.000_5
"""How long Python lets the engine's thread run while the counter's waits; 5 ms is its default."""
_DISK_PAUSE_SECONDS = 5.0

_LOG = logging.getLogger(__name__)

TransportMaker = Callable[[str, TillKey], Transport]


@dataclass(frozen=True)
class _Ask:
    """Points of a member that a sale wants now."""

    member: MemberId
    points: int
    answer: "Future[bool]" = field(default_factory=Future[bool])


class SyncEngine:
    """Owns the thread. All public methods may be called from any thread."""

    def __init__(
        self,
        *,
        state: SyncState,
        joining: Joining,
        clock: Clock,
        ids: IdSource,
        on_change: Callable[[], None],
        make_transport: TransportMaker = HttpTransport,
    ) -> None:
        self._state = state
        self._joining = joining
        self._clock = clock
        self._ids = ids
        self._make_transport = make_transport
        self._watch = LineWatch(clock, on_change)
        self._lock = threading.Lock()
        self._urgent: list[Future[Code | None]] = []
        self._asks: list[_Ask] = []
        self._thread: threading.Thread | None = None
        self._running: _Running | None = None
        self._cancel: Callable[[], None] | None = None

    @property
    def status(self) -> LineStatus:
        """What is known of the line now."""
        return self._watch.status

    @property
    def is_running(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None

    @property
    def _may_answer(self) -> bool:
        """The server answers, or the hub, or nobody has found out yet: after the start all ask."""
        status = self.status
        return self.is_running and (status.online or status.at_hub or status.failed_tries == 0)

    def start(self) -> None:
        """Start the thread; harmless while it runs."""
        with self._lock:
            if self._thread is not None:
                return
            sys.setswitchinterval(min(sys.getswitchinterval(), _SWITCH_SECONDS))
            self._thread = threading.Thread(target=self._work, name="sync-engine", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End the thread, whatever it waits for; what is unsent stays in the journal."""
        with self._lock:
            thread, self._thread = self._thread, None
            cancel = self._cancel
        if thread is None:
            return
        if cancel is not None:
            cancel()
        thread.join(_STOP_SECONDS)

    def wake(self) -> None:
        """Look for work now: something was written, by somebody else than the engine."""
        running = self._running
        if running is not None and threading.current_thread() is not self._thread:
            running.wake()

    def sync_now(self, timeout_seconds: float) -> Code | None:
        """Exchange until nothing waits on either side; return the trouble, or None.

        Several tries are made at once; then it says what is wrong, and the engine goes on
        by itself.
        """
        done: Future[Code | None] = Future()
        with self._lock:
            self._urgent.append(done)
            if self._running is not None:
                self._running.is_hurried = True
        self.wake()
        try:
            return done.result(timeout_seconds)
        except FutureTimeoutError:
            return self.status.trouble or Code.SERVER_SILENT

    def want_rights(self, member: MemberId, points: int) -> None:
        """Ask for spend rights ahead of a sale, without waiting for them."""
        if self._may_answer:
            with self._lock:
                self._asks.append(_Ask(member, points))
            self.wake()

    def ask_rights(self, member: MemberId, points: int, timeout_seconds: float) -> bool:
        """Ask for spend rights in a quick exchange; tell whether the member has them here now."""
        if not self._may_answer:
            return False
        ask = _Ask(member, points)
        with self._lock:
            self._asks.append(ask)
        self.wake()
        try:
            return ask.answer.result(timeout_seconds)
        except FutureTimeoutError:
            return False

    def history(self, member: MemberId, limit: int, timeout_seconds: float) -> HistoryReply | None:
        """Return the server's entries of a member, or None where it cannot be asked now."""
        running = self._running
        if running is None or not self._may_answer:
            return None
        return running.history(member, limit, timeout_seconds)

    def _work(self) -> None:
        """Run the cycle in this thread until it is stopped."""
        try:
            asyncio.run(self._cycle())
        except asyncio.CancelledError:
            return
        finally:
            self._answer_all(Code.SERVER_SILENT)

    async def _cycle(self) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        with self._lock:
            if self._thread is not threading.current_thread():
                return
            self._cancel = partial(_call_in, loop, task.cancel)
        running = self._running = _Running(loop, await self._open_session())
        bootstrap = asyncio.create_task(_run_bootstrap(running))
        try:
            while True:
                await self._turn(running)
        finally:
            self._running = None
            bootstrap.cancel()
            await asyncio.gather(bootstrap, return_exceptions=True)
            await running.session.close()

    async def _open_session(self) -> Session:
        """Read who we are; a disk in trouble now may be well later."""
        while True:
            try:
                key = TillKey.from_text(self._joining.private_key())
                url = self._state.position().server_url
            except LoyaltyError as error:
                self._watch.failed(error)
                await asyncio.sleep(_DISK_PAUSE_SECONDS)
                continue
            return Session(
                state=self._state,
                joining=self._joining,
                make_transport=partial(self._make_transport, url, key),
                key=key,
                clock=self._clock,
                ids=self._ids,
                bootstrap=self._bootstrap(url, key),
            )

    def _bootstrap(self, url: str, key: TillKey) -> BootstrapRunner | None:
        """Return what takes a large membership as a file, where the transport carries files."""
        transport = self._make_transport(url, key)
        if not isinstance(transport, PieceTransport):
            return None
        state = self._state
        steps = Bootstrap(
            storage=Arrival(state.store, self._clock, self._ids), position=state.position
        )
        return BootstrapRunner(steps, transport=transport, ids=self._ids)

    async def _turn(self, running: "_Running") -> None:
        """Do one thing: wait after a failure, send, or listen."""
        running.woken.clear()
        try:
            pause_ms = running.pause_ms(self._clock.monotonic_ms())
            if pause_ms > 0:
                self._refuse_asks()
                self._look_for_work()
                await self._pause(running, pause_ms)
            elif running.must_send or self._is_asked() or self._look_for_work():
                await self._send(running)
            else:
                await self._listen(running)
        except LoyaltyError as error:
            await self._failed(running, error)
        except Exception as error:  # noqa: BLE001 - the engine outlives every fault of its own
            _LOG.exception("the sync engine met a fault; it goes on")
            await self._failed(running, StoreBug(Code.PROGRAM_FAULT, detail=type(error).__name__))

    async def _pause(self, running: "_Running", pause_ms: int) -> None:
        """Wait out a pause; a server that is there again after a silence ends it early.

        Only the change counts: a server that answers this, and nothing else, is in
        trouble, and its pause is not shortened.
        """
        now_ms = self._clock.monotonic_ms()
        until_next_ms = running.sign_of_life_at_ms - now_ms
        if pause_ms < SIGN_OF_LIFE_MS or until_next_ms > 0:
            await running.pause(min(pause_ms, until_next_ms) if until_next_ms > 0 else pause_ms)
            return
        running.sign_of_life_at_ms = now_ms + SIGN_OF_LIFE_MS
        asking = asyncio.create_task(running.session.is_server_there())
        try:
            if not await running.woken_before(asking):
                return
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        if not asking.result():
            running.was_silent = True
        elif running.was_silent:
            running.was_silent = False
            spread_ms = int(_SPREAD_MS * jitter_of(self._ids.random_bytes(4)))
            running.blocked_until_ms = self._clock.monotonic_ms() + spread_ms
        else:
            running.sign_of_life_at_ms = now_ms + pause_ms

    async def _send(self, running: "_Running") -> None:
        """Exchange until nothing waits on either side."""
        with self._lock:
            urgent, asks = tuple(self._urgent), tuple(self._asks)
        open_asks = asks
        same, moved = 0, None
        while True:
            outcome = await running.session.exchange(
                want_rights=[(ask.member, ask.points) for ask in open_asks],
                wait_ms=RIGHTS_WAIT_MS if open_asks else 0,
            )
            if outcome.step is Step.WAIT:
                raise ServerUnreachable(Code.SERVER_BUSY, retry_after_ms=outcome.wait_ms)
            self._answered(outcome)
            if outcome.granted:
                open_asks = ()
            if outcome.step is Step.DONE:
                break
            same = same + 1 if outcome.moved == moved else 0
            moved = outcome.moved
            if same >= _SAME_ANSWER_MAX:
                raise ServerUnreachable(Code.SERVER_TROUBLE)
        running.must_send = False
        self._resolve(urgent, asks, Code.SERVER_SILENT if outcome.at_hub else None)

    async def _listen(self, running: "_Running") -> None:
        """Let the server hold a request until something changes; break it off for our own."""
        began_ms = self._clock.monotonic_ms()
        poll = asyncio.create_task(running.session.exchange(is_poll=True, wait_ms=LISTEN_MS))
        try:
            while not await running.woken_before(poll):
                running.woken.clear()
                if running.must_send or self._is_asked() or self._look_for_work():
                    break
        finally:
            poll.cancel()
            await asyncio.gather(poll, return_exceptions=True)
        if poll.cancelled():
            return
        outcome = poll.result()
        if outcome.step is Step.WAIT:
            raise ServerUnreachable(Code.SERVER_BUSY, retry_after_ms=outcome.wait_ms)
        self._answered(outcome)
        running.must_send = outcome.step is Step.MORE
        if not outcome.rows and self._clock.monotonic_ms() - began_ms < _QUICK_LISTEN_MS:
            # A server that does not hold requests is asked once a second, not all the time.
            await running.pause(UPDATE_LISTEN_MS if outcome.hears_nothing else _QUICK_LISTEN_MS)

    def _answered(self, outcome: Outcome) -> None:
        """Note the contact; an answer that never takes our events is no good answer."""
        if outcome.at_hub:
            self._watch.held(outcome)
            return
        self._watch.answered(outcome)
        self._look_for_work()
        if self._watch.stalled_ms > WATCHDOG_MS:
            _LOG.warning("the oldest event stays unsent though the server answers")
            raise ServerUnreachable(Code.SERVER_TROUBLE)

    async def _failed(self, running: "_Running", error: LoyaltyError) -> None:
        """Note the failure, begin the pause, and open new connections next time."""
        failures = self._watch.failed(error)
        jitter = jitter_of(self._ids.random_bytes(4))
        retry_after = error.facts.get("retry_after_ms", 0)
        pause_ms = delay_ms(
            failures,
            jitter=jitter,
            retry_after_ms=retry_after if isinstance(retry_after, int) else 0,
        )
        running.must_send = True
        self._refuse_asks()
        with self._lock:
            has_urgent = bool(self._urgent)
            running.urgent_failures = running.urgent_failures + 1 if has_urgent else 0
        is_final = isinstance(error, CommandRefused) or retry_after
        if has_urgent and running.urgent_failures < URGENT_TRIES and not is_final:
            pause_ms = int(_URGENT_DELAY_MS * jitter)
        else:
            self._answer_all(error.code)
            running.urgent_failures = 0
        running.blocked_until_ms = self._clock.monotonic_ms() + pause_ms
        # A server that named the pause is alive; asking it again only adds to its load.
        running.sign_of_life_at_ms = running.blocked_until_ms if retry_after else 0
        await running.session.close()

    def _look_for_work(self) -> bool:
        """Tell whether something waits that neither the server nor the shop's hub has."""
        waiting = self._state.waiting()
        self._watch.unsent(waits=waiting.anything, acked_seq=waiting.acked_seq)
        running = self._running
        return waiting.anything if running is None else running.session.has_unsent(waiting)

    def _is_asked(self) -> bool:
        with self._lock:
            return bool(self._urgent or self._asks)

    def _resolve(
        self,
        urgent: tuple["Future[Code | None]", ...],
        asks: tuple[_Ask, ...],
        trouble: Code | None,
    ) -> None:
        with self._lock:
            self._urgent = [future for future in self._urgent if future not in urgent]
            self._asks = [ask for ask in self._asks if ask not in asks]
        for future in urgent:
            future.set_result(trouble)
        for ask in asks:
            ask.answer.set_result(self._state.spendable(ask.member) >= ask.points)

    def _refuse_asks(self) -> None:
        with self._lock:
            asks, self._asks = self._asks, []
        for ask in asks:
            ask.answer.set_result(False)

    def _answer_all(self, trouble: Code) -> None:
        with self._lock:
            urgent, self._urgent = self._urgent, []
        for future in urgent:
            future.set_result(trouble)
        self._refuse_asks()


async def _run_bootstrap(running: "_Running") -> None:
    """Let a large membership arrive beside the exchanges; a fault of it ends nothing else."""
    bootstrap = running.session.bootstrap
    if bootstrap is None:
        return
    bootstrap.on_given_up = running.send_soon
    try:
        await bootstrap.run()
    except Exception:  # noqa: BLE001 - the sync engine outlives every fault of its own
        _LOG.exception("the file of members met a fault; the next start goes on with it")


class _Running:
    """What lives as long as the thread: the loop, the session, the one timer."""

    def __init__(self, loop: asyncio.AbstractEventLoop, session: Session) -> None:
        self.session = session
        self.woken = asyncio.Event()
        self.must_send = True
        self.blocked_until_ms = 0
        self.sign_of_life_at_ms = 0
        self.was_silent = False
        """The server gave no sign of life when it was last asked for one."""
        self.is_hurried = False
        self.urgent_failures = 0
        self._loop = loop

    def send_soon(self) -> None:
        """Make the cycle exchange now, from its own thread."""
        self.must_send = True
        self.woken.set()

    def wake(self) -> None:
        """Wake the cycle, from any thread."""
        _call_in(self._loop, self.woken.set)

    def pause_ms(self, now_ms: int) -> int:
        """Return how long to wait yet; a person who asks does not wait for the timer."""
        if self.is_hurried:
            self.is_hurried = False
            self.blocked_until_ms = 0
        return self.blocked_until_ms - now_ms

    async def pause(self, milliseconds: int) -> None:
        """Wait for the time, or for somebody to wake us."""
        try:
            async with asyncio.timeout(milliseconds / 1000):
                await self.woken.wait()
        except TimeoutError:
            return

    async def woken_before(self, poll: "asyncio.Task[Outcome] | asyncio.Task[bool]") -> bool:
        """Wait for the poll's end (True) or for somebody to wake us (False)."""
        wake = asyncio.create_task(self.woken.wait())
        try:
            await asyncio.wait({poll, wake}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            wake.cancel()
            await asyncio.gather(wake, return_exceptions=True)
        return poll.done()

    def history(self, member: MemberId, limit: int, seconds: float) -> HistoryReply | None:
        """Ask for a member's entries beside the cycle, from any other thread."""
        asking = self.session.history(member, limit)
        try:
            future = asyncio.run_coroutine_threadsafe(asking, self._loop)
        except RuntimeError:
            asking.close()
            return None
        try:
            return future.result(seconds)
        except (LoyaltyError, FutureTimeoutError):
            future.cancel()
            return None


def _call_in(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    """Call a function in the engine's thread, if that still runs."""
    with suppress(RuntimeError):
        loop.call_soon_threadsafe(function)
