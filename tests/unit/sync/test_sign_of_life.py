"""A long pause between tries ends when the server is there again after a silence."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import ServerUnreachable
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.sync import engine as engine_module
from tests.unit.sync.model_server import MERCHANT, ModelServer
from tests.unit.sync.test_engine import ANN, Bench, MadeUpLine, ReplyT, wait_until

HOUR_MS = 3_600_000


class SilentLine(MadeUpLine):
    """A line on which exchanges, or everything, can fail."""

    def __init__(self, server: ModelServer) -> None:
        super().__init__(server)
        self.exchanges_fail = False
        self.is_dead = False
        self.says = MERCHANT
        self.sign_seconds = 0.0
        self.tries = 0
        self.asked = 0

    async def call(
        self, path: str, message: msgspec.Struct, kind: type[ReplyT], *, read_seconds: float = 1.0
    ) -> ReplyT:
        self.tries += 1
        if self.exchanges_fail or self.is_dead:
            raise ServerUnreachable(Code.SERVER_SILENT)
        return await super().call(path, message, kind, read_seconds=read_seconds)

    async def merchant(self) -> MerchantId:
        self.asked += 1
        await asyncio.sleep(self.sign_seconds)
        if self.is_dead:
            raise ServerUnreachable(Code.SERVER_SILENT)
        return self.says


class SilentBench(Bench):
    """The engine on such a line; every pause is an hour, a sign of life is asked for at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.silent = SilentLine(self.server)
        self.line = self.silent


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentBench]:
    def an_hour(failures: int, *, jitter: float, retry_after_ms: int = 0) -> int:
        del failures, jitter, retry_after_ms
        return HOUR_MS

    monkeypatch.setattr(engine_module, "SIGN_OF_LIFE_MS", 30)
    monkeypatch.setattr(engine_module, "_SPREAD_MS", 20)
    monkeypatch.setattr(engine_module, "delay_ms", an_hour)
    made = SilentBench(tmp_path)
    yield made
    made.engine.stop()
    made.till.store.close()


def test_S27_a_queue_drains_by_itself_as_soon_as_the_line_is_back(bench: SilentBench) -> None:
    bench.silent.is_dead = True
    bench.till.sell(ANN, 10)
    bench.engine.start()
    wait_until(lambda: bench.silent.asked >= 4)
    assert bench.pending() == 1

    bench.silent.is_dead = False
    wait_until(lambda: bench.pending() == 0)

    assert bench.engine.status.online


def test_S38_a_server_in_trouble_that_gives_signs_of_life_is_left_in_peace(
    bench: SilentBench,
) -> None:
    bench.silent.exchanges_fail = True
    bench.till.sell(ANN, 10)
    bench.engine.start()
    wait_until(lambda: bench.silent.tries > 0)
    time.sleep(0.3)

    assert bench.silent.tries == 1
    assert bench.silent.asked == 2


def test_a_strangers_answer_is_no_sign_of_life(bench: SilentBench) -> None:
    bench.silent.exchanges_fail = True
    bench.till.sell(ANN, 10)
    bench.engine.start()
    wait_until(lambda: bench.silent.tries > 0)
    bench.silent.says = MerchantId("f" * 32)
    bench.silent.exchanges_fail = False
    bench.engine.stop()
    bench.engine.start()
    wait_until(lambda: bench.silent.asked >= 5)
    assert bench.silent.tries == 1

    bench.silent.says = MERCHANT
    wait_until(lambda: bench.pending() == 0)


def test_who_asks_does_not_wait_for_the_sign_of_life(bench: SilentBench) -> None:
    bench.engine.start()
    wait_until(lambda: bench.engine.status.online)
    bench.silent.sign_seconds = 5.0
    bench.silent.exchanges_fail = True
    bench.till.sell(ANN, 10)
    wait_until(lambda: bench.silent.asked >= 2)
    bench.silent.exchanges_fail = False

    began = time.monotonic()

    assert bench.engine.sync_now(4.0) is None
    assert time.monotonic() - began < 2.0
