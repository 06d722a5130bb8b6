"""Starts the program with a bug in it: a drill that finds none of them proves nothing.

    python tools/line_plants.py BUG WORDS OF THE PROGRAM …

Besides the bugs below, every bug of the simulator may be named.
"""

import sys
from collections.abc import Callable, Mapping, Sequence

from pos_loyalty.cli import main
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.simulator.patching import Patch, patched
from pos_loyalty.simulator.plants import PLANTS
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.sync import engine
from pos_loyalty.sync.engine import SyncEngine

_FOR_EVER_MS = 10**9


def _no_timer() -> Sequence[Patch]:
    """After a failed try it waits until somebody restarts the till."""

    def never(failures: int, *, jitter: float, retry_after_ms: int = 0) -> int:
        del failures, jitter, retry_after_ms
        return _FOR_EVER_MS // 2

    # Nor does it ask whether the server is there again.
    deaf = Patch(engine, "SIGN_OF_LIFE_MS", _FOR_EVER_MS)
    return Patch(engine, "delay_ms", never), deaf


def _drops_outbox() -> Sequence[Patch]:
    """A failed try throws away what was to be sent."""
    failed = vars(SyncEngine)["_failed"]

    async def forgets(self: SyncEngine, running: object, error: LoyaltyError) -> None:
        _forget_unsent(vars(self)["_state"].store)
        await failed(self, running, error)

    return (Patch(SyncEngine, "_failed", forgets),)


def _forget_unsent(store: Store) -> None:
    with store.write() as work:
        execute = work.connection.execute
        execute(
            "UPDATE stream SET last_seq = acked_seq, last_hash = COALESCE((SELECT hash FROM event"
            " WHERE event.stream_no = stream.stream_no AND seq = acked_seq), first_hash)"
            " WHERE is_open = 1"
        )
        execute(
            "DELETE FROM ledger_entry WHERE (SELECT is_open AND ledger_entry.seq > acked_seq"
            " FROM stream WHERE stream.stream_no = ledger_entry.stream_no)"
        )
        execute(
            "DELETE FROM event WHERE (SELECT is_open AND event.seq > acked_seq"
            " FROM stream WHERE stream.stream_no = event.stream_no)"
        )
        work.commit()


def _never_listens() -> Sequence[Patch]:
    """It sends what it has and never asks what others did."""

    async def deaf(_engine: SyncEngine, running: object) -> None:
        await vars(running)["woken"].wait()

    return (Patch(SyncEngine, "_listen", deaf),)


BUGS: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "no_timer": _no_timer,
    "drops_outbox": _drops_outbox,
    "never_listens": _never_listens,
    **{name: plant.patches for name, plant in PLANTS.items()},
}

if __name__ == "__main__":
    with patched(BUGS[sys.argv[1]]()):
        sys.exit(main(sys.argv[2:]))
