"""Bugs in what the server does with spend rights and the allowance beyond single grants."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pos_loyalty.domain.ids import StreamId
from pos_loyalty.server import ingest, placement
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.wire.messages import SyncRequest


def _every_till_the_total() -> Sequence[Patch]:
    def generous(books: Books, stream: StreamState, request: SyncRequest) -> None:
        del request
        stream.risk_granted = max(stream.risk_granted, stream.risk_used + books.budget.total)
        books.dirty_streams.add(stream.stream)

    return (Patch(ingest, "top_up", generous),)


def _placed_from_nothing() -> Sequence[Patch]:
    place: Callable[..., dict[StreamId, int]] = vars(placement)["place"]

    def twice(*, pool: int, cost: int, sites: Any) -> dict[StreamId, int]:  # noqa: ANN401 - passed through
        return place(pool=2 * pool, cost=cost, sites=sites)

    return (Patch(placement, "place", twice),)


RIGHTS_PATCHES: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "every_till_the_total": _every_till_the_total,
    "placed_from_nothing": _placed_from_nothing,
}
