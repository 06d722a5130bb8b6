"""What a till costs that has nothing to say: one held request, all its bytes on the wire."""

import tempfile
import time
from pathlib import Path
from typing import Final

from pos_loyalty.bench.counting_relay import CountingRelay, counting_relay
from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import enroll, join
from pos_loyalty.bench.measuring import peak_mb
from pos_loyalty.bench.server_process import running_server
from pos_loyalty.sync.engine import LISTEN_MS

MEMBERS: Final = 20
_REQUESTS_MAX: Final = 1
_BYTES_MAX: Final = 600
_SETTLE_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.01
_WAIT_SECONDS: Final = 2 * LISTEN_MS / 1000
_SYNC_MS: Final = 30_000


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Let the till's engine listen for one whole poll, from request to request.

    A poll lasts as long as the server holds it; there is no quicker one to measure.
    """
    del quick
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch:
        folder = Path(scratch)
        with (
            running_server(folder) as server,
            counting_relay(server.url) as relay,
            join(folder / "till", server, url=relay.url) as till,
        ):
            enroll(till, MEMBERS, progress)
            outcome = till.sync.sync_now(timeout_ms=_SYNC_MS)
            assert outcome.trouble is None, outcome
            time.sleep(_SETTLE_SECONDS)
            # One request is out, its answer held. What comes until the next request is out
            # is one answer and one request: a whole poll.
            relay.forget()
            seconds = _wait_for_request(relay)
    held = f"held {seconds:.0f} s by the server"
    size = relay.up_bytes + relay.down_bytes
    return [
        _figure("requests", relay.requests, _REQUESTS_MAX, "requests", held),
        _figure(
            "bytes",
            size,
            _BYTES_MAX,
            "bytes",
            f"{relay.up_bytes} up, {relay.down_bytes} down, heads included, above TCP; {held}",
        ),
    ]


def _wait_for_request(relay: CountingRelay) -> float:
    """Wait until the next request went by; return the seconds."""
    began = time.perf_counter()
    while not relay.requests and time.perf_counter() - began < _WAIT_SECONDS:
        time.sleep(_LOOK_SECONDS)
    time.sleep(_LOOK_SECONDS)
    return time.perf_counter() - began


def _figure(name: str, value: float, limit: float, unit: str, detail: str) -> Figure:
    return Figure(
        name=f"idle poll: {name}",
        value=value,
        rule=Rule.AT_MOST,
        limit=limit,
        unit=unit,
        against="the limit itself; the till's own engine over HTTP, counted by a relay",
        peak_mb=peak_mb(),
        detail=detail,
    )
