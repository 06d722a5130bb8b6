"""S38: a thousand tills lost the server in the same second; they must not come back in one."""

import random
from collections import Counter

import pytest

from pos_loyalty.sync.backoff import delay_ms, jitter_of

TILLS = 1_000
SLOT_MS = 1_000


def busiest_slot(pauses: list[int]) -> int:
    """Return how many tills come back in the same second, at most."""
    return max(Counter(pause // SLOT_MS for pause in pauses).values())


@pytest.mark.parametrize("failures", [6, 8, 12])
def test_S38_a_thousand_tills_that_lost_the_server_together_come_back_apart(failures: int) -> None:
    rng = random.Random(failures)

    pauses = [delay_ms(failures, jitter=jitter_of(rng.randbytes(4))) for _ in range(TILLS)]

    seconds = 1_000 * 2 ** (failures - 1) // 1_000 if failures < 9 else 300
    assert max(pauses) <= seconds * 1_000
    assert busiest_slot(pauses) < 3 * TILLS / seconds + 20, "evenly over the whole pause"
    assert min(pauses) < seconds * 1_000 / 50, "some come at once: the server is not idle"


def test_S38_tills_that_the_server_told_when_to_come_are_spread_too() -> None:
    rng = random.Random(1)

    pauses = [
        delay_ms(1, jitter=jitter_of(rng.randbytes(4)), retry_after_ms=60_000) for _ in range(TILLS)
    ]

    assert min(pauses) >= 60_000
    assert busiest_slot(pauses) < TILLS / 10
