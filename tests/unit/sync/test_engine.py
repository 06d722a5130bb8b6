"""The engine with a line of the test's making: every pause, fault and interruption."""

import asyncio
import random
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, ServerUnreachable, StoreUnavailable
from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.sync import engine as engine_module
from pos_loyalty.sync import line_status
from pos_loyalty.sync.engine import SyncEngine
from pos_loyalty.sync.line_status import LineWatch
from pos_loyalty.wire.messages import (
    HistoryReply,
    JoinReply,
    JoinRequest,
    Status,
    SyncReply,
    SyncRequest,
)
from tests.sample_till import SteppingClock
from tests.unit.sync.model_server import MERCHANT, ModelServer
from tests.unit.sync.sim_till import SimTill

ReplyT = TypeVar("ReplyT")
ANN = MemberId("1" * 32)
Answer = Callable[[SyncRequest, SyncReply], SyncReply]


def as_it_is(_request: SyncRequest, reply: SyncReply) -> SyncReply:
    return reply


class MadeUpLine:
    """Stands in for HTTP: what the model answers, altered or held as the test likes."""

    def __init__(self, server: ModelServer) -> None:
        self.server = server
        self.answer: Answer = as_it_is
        self.holds_polls = True
        self.requests: list[SyncRequest] = []
        self.closed = 0
        self.delay_seconds = 0.0

    async def call(
        self, path: str, message: msgspec.Struct, kind: type[ReplyT], *, read_seconds: float = 1.0
    ) -> ReplyT:
        del path, read_seconds
        await asyncio.sleep(self.delay_seconds)
        if isinstance(message, JoinRequest):
            return _as(kind, self.server.join(message))
        if not isinstance(message, SyncRequest):
            return _as(kind, HistoryReply(merchant=MERCHANT))
        self.requests.append(message)
        reply = self.answer(message, self.server.exchange(message))
        if message.wait_ms > 10_000 and self.holds_polls and not reply.rows:
            await asyncio.sleep(message.wait_ms / 1000)
        return _as(kind, reply)

    async def merchant(self) -> MerchantId:
        return MERCHANT

    async def close(self) -> None:
        self.closed += 1


def _as(kind: type[ReplyT], reply: SyncReply | JoinReply | HistoryReply) -> ReplyT:
    assert isinstance(reply, kind)
    return reply


class Bench:
    """An engine on a till's store, and its line."""

    def __init__(self, folder: Path) -> None:
        self.server = ModelServer(page=50)
        self.till = SimTill(folder / "till", random.Random(3))
        self.till.join(self.server)
        self.line = MadeUpLine(self.server)
        self.changes = 0
        self.clock = SteppingClock()
        self.engine = self.make()

    def make(self) -> SyncEngine:
        from pos_loyalty.services.system_sources import SystemClock

        self.state = SyncState(self.till.store, self.till.clock, self.till.ids)
        engine = SyncEngine(
            state=self.state,
            joining=Joining(self.till.store, self.till.clock, self.till.ids),
            clock=SystemClock(),
            ids=self.till.ids,
            on_change=self.changed,
            make_transport=lambda _url, _key: self.line,
        )
        self.till.store.after_write = engine.wake
        return engine

    def changed(self) -> None:
        self.changes += 1

    def pending(self) -> int:
        return self.state.waiting().events


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.engine.stop()
    made.till.store.close()


def wait_until(holds: Callable[[], bool], seconds: float = 5.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.002)


def test_a_sale_is_sent_by_itself_and_interrupts_the_listening(bench: Bench) -> None:
    bench.engine.start()
    wait_until(lambda: any(request.wait_ms > 10_000 for request in bench.line.requests))

    bench.till.sell(ANN, 10)
    wait_until(lambda: bench.pending() == 0)

    assert bench.server.books.balances[ANN] == 10
    assert bench.engine.status.online
    assert bench.changes >= 1


def test_points_asked_for_ahead_wait_for_nobody_where_nobody_can_answer(bench: Bench) -> None:
    bench.engine.want_rights(ANN, 100)

    assert bench.line.requests == []
    assert not bench.engine.is_running


def test_start_and_stop_may_be_called_twice(bench: Bench) -> None:
    bench.engine.start()
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)
    threads = [thread for thread in threading.enumerate() if thread.name == "sync-engine"]

    bench.engine.stop()
    bench.engine.stop()

    assert len(threads) == 1
    assert not threads[0].is_alive()
    assert not bench.engine.is_running


def test_a_stop_right_after_the_start_leaves_no_thread(bench: Bench) -> None:
    for _ in range(20):
        bench.engine.start()
        bench.engine.stop()

    wait_until(lambda: not any(t.name == "sync-engine" for t in threading.enumerate()))


def test_waking_an_engine_that_has_ended_does_nothing(bench: Bench) -> None:
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)
    running = bench.engine._running
    assert running is not None
    bench.engine.stop()

    bench.engine.wake()
    running.wake()

    assert running.history(ANN, 5, 0.1) is None
    assert bench.engine.history(ANN, 5, 0.1) is None
    assert not bench.engine.ask_rights(ANN, 5, 0.1)


def test_rights_can_be_asked_for_ahead(bench: Bench) -> None:
    bench.server.books.balances[ANN] = 80
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)

    bench.engine.want_rights(ANN, 50)
    wait_until(lambda: bench.till.rights(ANN).spendable == 50)

    assert bench.engine.ask_rights(ANN, 60, 2.0)
    assert not bench.engine.ask_rights(ANN, 100, 2.0)


def test_an_answer_that_takes_too_long_is_no_answer_for_the_counter(bench: Bench) -> None:
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)
    bench.line.delay_seconds = 1.0

    start = time.monotonic()

    assert not bench.engine.ask_rights(ANN, 5, 0.1)
    assert bench.engine.history(ANN, 5, 0.1) is None
    assert bench.engine.sync_now(0.1) is Code.SERVER_SILENT
    assert time.monotonic() - start < 1.0


def test_history_is_asked_beside_the_listening(bench: Bench) -> None:
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)

    reply = bench.engine.history(ANN, 5, 2.0)

    assert reply == HistoryReply(merchant=MERCHANT)


@pytest.mark.parametrize("is_poll", [True, False])
def test_a_busy_server_gets_its_pause(bench: Bench, *, is_poll: bool) -> None:
    def busy(request: SyncRequest, reply: SyncReply) -> SyncReply:
        if (request.wait_ms > 10_000) is not is_poll:
            return reply
        return msgspec.structs.replace(reply, status=Status.BUSY, retry_after_ms=60_000, rows=())

    bench.line.answer = busy
    bench.line.holds_polls = False
    bench.engine.start()

    wait_until(lambda: bench.engine.status.trouble is Code.SERVER_BUSY)
    seen = len(bench.line.requests)
    time.sleep(0.3)

    assert len(bench.line.requests) == seen


@pytest.mark.expects_log_records
def test_a_fault_of_our_own_is_logged_and_the_engine_goes_on(bench: Bench) -> None:
    faults = iter([ValueError("planted")])

    def faulty(_request: SyncRequest, reply: SyncReply) -> SyncReply:
        for fault in faults:
            raise fault
        return reply

    bench.line.answer = faulty
    bench.till.sell(ANN, 10)
    bench.engine.start()
    wait_until(lambda: bench.engine.status.failed_tries > 0 or bench.engine.status.online)

    assert bench.engine.sync_now(5.0) is None
    assert bench.pending() == 0


def test_a_server_that_never_takes_an_event_is_trouble_and_no_endless_loop(bench: Bench) -> None:
    def deaf(_request: SyncRequest, reply: SyncReply) -> SyncReply:
        start = bench.state.hash_at(0)
        assert start is not None
        return msgspec.structs.replace(reply, have=0, have_hash=start.hex(), rows=())

    bench.till.sell(ANN, 10)
    bench.line.answer = deaf
    bench.engine.start()

    trouble = bench.engine.sync_now(5.0)

    assert trouble is Code.SERVER_TROUBLE
    assert bench.pending() == 1
    assert len(bench.line.requests) < 50


def test_a_message_that_is_too_large_is_sent_in_halves(bench: Bench) -> None:
    def small(request: SyncRequest, reply: SyncReply) -> SyncReply:
        if len(request.events) > 3:
            raise CommandRefused(Code.BODY_LARGE, limit_bytes=1)
        return reply

    for _ in range(12):
        bench.till.sell(ANN, 1)
    bench.line.answer = small
    bench.engine.start()

    assert bench.engine.sync_now(5.0) is None
    assert bench.pending() == 0


def test_one_event_that_is_still_too_large_is_said_and_kept(bench: Bench) -> None:
    def never(request: SyncRequest, reply: SyncReply) -> SyncReply:
        if request.events:
            raise CommandRefused(Code.BODY_LARGE, limit_bytes=1)
        return reply

    bench.till.sell(ANN, 1)
    bench.line.answer = never
    bench.server.books.streams[bench.state.position().stream].closed = False
    bench.engine.start()

    assert bench.engine.sync_now(5.0) is Code.BODY_LARGE


def test_a_full_disk_stops_nothing_for_ever(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    fine = SyncState.apply

    def full(self: SyncState, page: object) -> int:
        del self, page
        raise StoreUnavailable(Code.DISK_FULL, owner="the owner")

    monkeypatch.setattr(SyncState, "apply", full)
    bench.till.sell(ANN, 1)
    bench.engine.start()
    wait_until(lambda: bench.engine.status.trouble is Code.DISK_FULL)
    monkeypatch.setattr(SyncState, "apply", fine)

    assert bench.engine.sync_now(5.0) is None
    assert bench.pending() == 0


def test_a_disk_in_trouble_at_the_start_is_asked_again(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = Joining.private_key
    monkeypatch.setattr(engine_module, "_DISK_PAUSE_SECONDS", 0.01)

    def locked(self: Joining) -> str:
        del self
        raise StoreUnavailable(Code.DATA_BUSY, owner="the owner")

    monkeypatch.setattr(Joining, "private_key", locked)
    bench.engine.start()
    wait_until(lambda: bench.engine.status.trouble is Code.DATA_BUSY)
    monkeypatch.setattr(Joining, "private_key", fine)

    wait_until(lambda: bench.engine.status.online)


def test_an_engine_that_waits_for_the_disk_can_be_stopped(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: Joining) -> str:
        del self
        raise StoreUnavailable(Code.DATA_BUSY, owner="the owner")

    monkeypatch.setattr(Joining, "private_key", locked)
    bench.engine.start()
    wait_until(lambda: bench.engine.status.trouble is Code.DATA_BUSY)

    start = time.monotonic()
    bench.engine.stop()

    assert time.monotonic() - start < 1.0


def test_a_server_that_does_not_hold_requests_is_asked_once_a_second(bench: Bench) -> None:
    bench.line.holds_polls = False
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)

    time.sleep(0.5)

    assert len(bench.line.requests) < 5


@pytest.mark.expects_log_records
def test_S27_the_watchdog_barks_when_the_server_answers_and_nothing_moves(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LineWatch, "stalled_ms", property(lambda _watch: 130_000))
    bench.till.sell(ANN, 1)
    bench.engine.start()

    wait_until(lambda: bench.engine.status.trouble is Code.SERVER_TROUBLE)


def test_the_watch_measures_how_long_nothing_moved() -> None:
    from pos_loyalty.sync.exchange import Outcome, Step

    clock = SteppingClock()
    watch = LineWatch(clock, lambda: None)
    same = Outcome(step=Step.MORE, moved=(1, 5, "c", MemberId("")))
    assert watch.stalled_ms == 0
    watch.unsent(waits=True, acked_seq=5)
    watch.answered(same)
    clock.running_ms += 60_000
    watch.answered(same)

    assert watch.stalled_ms >= 60_000
    assert watch.status.unsent_for_ms >= 60_000
    watch.failed(ServerUnreachable(Code.SERVER_SILENT))
    assert watch.stalled_ms < 1_000
    watch.unsent(waits=True, acked_seq=6)
    assert watch.status.unsent_for_ms < 1_000
    watch.unsent(waits=False, acked_seq=7)
    assert watch.status.unsent_for_ms == 0
    assert watch.status.sending_since_ms is None
    assert line_status.LineStatus().trouble is None


def test_a_reply_of_an_older_epoch_is_trouble(bench: Bench) -> None:
    bench.server.books.epoch = 4
    bench.engine.start()
    assert bench.engine.sync_now(5.0) is None

    bench.line.answer = lambda _request, reply: msgspec.structs.replace(reply, epoch=3)

    assert bench.engine.sync_now(5.0) is Code.SERVER_TROUBLE


def test_a_stranger_who_answers_the_request_to_join_again_changes_nothing(bench: Bench) -> None:
    bench.till.sell(ANN, 5)
    stream = bench.state.position().stream
    bench.server.books.streams[stream].closed = True
    honest = bench.server.join

    def stranger(request: JoinRequest) -> JoinReply:
        return msgspec.structs.replace(honest(request), merchant=MerchantId("0" * 32))

    bench.server.join = stranger
    bench.engine.start()

    assert bench.engine.sync_now(5.0) is Code.SERVER_OTHER_MERCHANT
    assert bench.state.position().stream == stream
    bench.server.join = honest
    assert bench.engine.sync_now(5.0) is None
    assert bench.state.position().stream != stream
    assert bench.server.books.balances[ANN] == 5
