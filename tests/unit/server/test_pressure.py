"""Who comes again later is decided before any work, and told when the turn is likely."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.server import pressure
from pos_loyalty.server.pressure import (
    HAND_BYTES_MAX,
    HAND_REQUESTS_MAX,
    RETRY_AFTER_SECONDS_MAX,
    SMALL_BODY_BYTES,
    Pressure,
    ServerBusy,
)
from tests.sample_till import SteppingClock

BIG = HAND_BYTES_MAX // 4


@pytest.fixture
def clock() -> SteppingClock:
    return SteppingClock()


@pytest.fixture
def hand(clock: SteppingClock, monkeypatch: pytest.MonkeyPatch) -> Pressure:
    def middle(low: float, high: float) -> float:
        return (low + high) / 2

    monkeypatch.setattr(pressure.random, "uniform", middle)
    return Pressure(clock)


@pytest.fixture
def full(hand: Pressure) -> Iterator[ExitStack]:
    """As many big requests in hand as there is room for."""
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(hand.carry(BIG))
        yield stack


def turned_away(hand: Pressure, size: int) -> int:
    with pytest.raises(ServerBusy) as busy, hand.carry(size):
        pass
    assert busy.value.code is Code.SERVER_BUSY
    return busy.value.retry_after_seconds


@pytest.mark.usefixtures("full")
def test_S38_a_big_request_too_many_is_turned_away_before_any_work(hand: Pressure) -> None:
    assert turned_away(hand, BIG) >= 1


@pytest.mark.usefixtures("full")
def test_S39_a_small_request_finds_room_when_big_ones_do_not(hand: Pressure) -> None:
    with hand.carry(SMALL_BODY_BYTES):
        assert turned_away(hand, SMALL_BODY_BYTES + 1) >= 1


def test_a_request_that_is_done_makes_room(hand: Pressure, full: ExitStack) -> None:
    full.close()

    with hand.carry(HAND_BYTES_MAX):
        assert turned_away(hand, BIG) >= 1


def test_one_request_always_finds_room(hand: Pressure) -> None:
    with hand.carry(3 * HAND_BYTES_MAX):
        assert turned_away(hand, BIG) >= 1


def test_requests_have_a_limit_however_small(hand: Pressure) -> None:
    with ExitStack() as stack:
        for _ in range(HAND_REQUESTS_MAX):
            stack.enter_context(hand.carry(1))

        assert turned_away(hand, 1) >= 1


def test_the_turn_is_later_the_more_were_turned_away(hand: Pressure, clock: SteppingClock) -> None:
    with ExitStack() as stack:
        stack.enter_context(hand.carry(BIG))
        for _ in range(3):
            with hand.carry(BIG):
                clock.running_ms += 500
        for _ in range(3):
            stack.enter_context(hand.carry(BIG))

        waits = [turned_away(hand, BIG) for _ in range(4)]

    assert waits == [3, 4, 4, 5], "two a second, behind the four in hand and all turned away"


def test_a_request_that_only_listens_is_not_in_hand(hand: Pressure) -> None:
    with hand.carry(HAND_BYTES_MAX) as listening:
        listening.put_down()

        with hand.carry(HAND_BYTES_MAX):
            assert turned_away(hand, BIG) >= 1

    with hand.carry(HAND_BYTES_MAX):
        pass


@pytest.mark.usefixtures("full")
def test_nobody_is_told_to_wait_for_ever(hand: Pressure) -> None:
    waits = [turned_away(hand, BIG) for _ in range(200)]

    assert waits[-1] == RETRY_AFTER_SECONDS_MAX
