"""Bugs around restored books: what is not noticed, not carried over, or deleted too early."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pos_loyalty.simulator.patching import Patch
from pos_loyalty.store import carrying, pruning
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.store.unit_of_work import UnitOfWork


def _prunes_unsafe() -> Sequence[Patch]:
    return (Patch(pruning, "_SAFE", "MIN(acked_seq, last_seq - ?)"),)


def _closed_unnamed() -> Sequence[Patch]:
    def nothing(_state: SyncState) -> tuple[()]:
        return ()

    return (Patch(SyncState, "closed_streams", nothing),)


def _slices_forgotten() -> Sequence[Patch]:
    keep = carrying.put_waiting

    def only_new(work: UnitOfWork, ranges: Iterable[carrying.Waiting]) -> None:
        """Forget what the first slice left over."""
        keep(work, [place for place in ranges if place.next_seq == _first_of(work, place)])

    return (Patch(carrying, "put_waiting", only_new),)


def _first_of(work: UnitOfWork, place: carrying.Waiting) -> int:
    row = work.connection.execute(
        "SELECT acked_seq + 1 FROM stream WHERE stream_no = ?", (place.stream_no,)
    ).fetchone()
    return int(row[0])


RESTORE_PATCHES: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "prunes_unsafe": _prunes_unsafe,
    "closed_unnamed": _closed_unnamed,
    "slices_forgotten": _slices_forgotten,
}
