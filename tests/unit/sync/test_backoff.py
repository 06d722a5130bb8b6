import pytest

from pos_loyalty.sync.backoff import (
    FIRST_MS,
    LONGEST_MS,
    RETRY_AFTER_MS_MAX,
    delay_ms,
    jitter_of,
)

ALMOST_ONE = 1 - 2**-32


@pytest.mark.parametrize("failures", [1, 2, 3, 8, 9, 20, 1000])
def test_the_delay_comes_from_the_whole_range_after_the_cap(failures: int) -> None:
    ceiling = min(LONGEST_MS, FIRST_MS * 2 ** min(failures - 1, 30))

    assert delay_ms(failures, jitter=0.5) == ceiling // 2
    assert delay_ms(failures, jitter=ALMOST_ONE) < ceiling
    assert delay_ms(failures, jitter=0.0) == 50


def test_the_longest_delay_is_five_minutes() -> None:
    assert max(delay_ms(n, jitter=ALMOST_ONE) for n in range(1, 60)) < 5 * 60_000


@pytest.mark.parametrize("jitter", [0.0, 0.4, ALMOST_ONE])
def test_what_the_server_asked_for_is_never_undercut(jitter: float) -> None:
    delay = delay_ms(1, jitter=jitter, retry_after_ms=30_000)

    assert 30_000 <= delay < 37_500


def test_nobody_is_silent_for_more_than_an_hour_because_a_proxy_said_so() -> None:
    delay = delay_ms(1, jitter=0.0, retry_after_ms=10 * RETRY_AFTER_MS_MAX)

    assert delay == 60 * 60_000


def test_random_bytes_become_a_share_below_one() -> None:
    assert jitter_of(b"\x00\x00\x00\x00") == 0.0
    assert jitter_of(b"\x80\x00\x00\x00") == 0.5
    assert jitter_of(b"\xff\xff\xff\xff") < 1.0
