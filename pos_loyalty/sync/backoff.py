"""When to try again: arithmetic only, so that a test can ask for every delay.

Full jitter: the delay is drawn from the whole range, after the cap. Tills that lost
the server in the same second do not come back in the same second.
"""

FIRST_MS = 1_000
LONGEST_MS = 5 * 60_000
RETRY_AFTER_MS_MAX = 60 * 60_000
"""A server or proxy may ask for an hour of silence, not for more."""
_SHORTEST_MS = 50
_DOUBLINGS_MAX = 20
_SPREAD = 0.25
_JITTER_BITS = 32


def delay_ms(failures: int, *, jitter: float, retry_after_ms: int = 0) -> int:
    """Return how long to wait after so many failed tries in a row.

    Args:
        failures: 1 after the first failed try.
        jitter: from 0 up to, not including, 1.
        retry_after_ms: what the server asked for; never undercut, spread a little.
    """
    assert failures > 0
    assert 0 <= jitter < 1
    if retry_after_ms > 0:
        asked = min(retry_after_ms, RETRY_AFTER_MS_MAX)
        return asked + int(asked * _SPREAD * jitter)
    ceiling = min(LONGEST_MS, FIRST_MS * 2 ** min(failures - 1, _DOUBLINGS_MAX))
    return max(_SHORTEST_MS, int(ceiling * jitter))


def jitter_of(random_bytes: bytes) -> float:
    """Turn four random bytes into a number from 0 up to, not including, 1."""
    return int.from_bytes(random_bytes[:4], "big") / (1 << _JITTER_BITS)
