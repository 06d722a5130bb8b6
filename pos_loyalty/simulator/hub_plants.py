"""Bugs on the hub's side."""

from collections.abc import Callable, Iterable, Mapping, Sequence

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.store import hub_rows, hub_state, row_writer
from pos_loyalty.store.hub_fold import credit
from pos_loyalty.store.hub_state import HeldRequest, HubState
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.wire.messages import PeerRow


def _hub_lends_from_air() -> Sequence[Patch]:
    def nothing(*_places: object, **_more: object) -> None:
        """Leave out the event by which rights leave the hub's own journal."""

    return (Patch(hub_state, "give_away", nothing),)


def _hub_counts_both_ways() -> Sequence[Patch]:
    def again(self: HubState, request: HeldRequest) -> None:
        with self.store.write() as work:
            for data in request.events:
                credit(work, request.stream, data)
            work.commit()

    return (Patch(HubState, "observe", again),)


def _lent_adds_up() -> Sequence[Patch]:
    def add(work: UnitOfWork, member: MemberId, lent: Iterable[tuple[StreamId, int]]) -> None:
        for _, points in lent:
            work.connection.execute(
                "INSERT INTO points(member, lent) VALUES (?, ?)"
                " ON CONFLICT(member) DO UPDATE SET lent = lent + excluded.lent",
                (member, points),
            )

    return (Patch(hub_rows, "write_lent", add), Patch(row_writer, "write_lent", add))


def _peers_are_rights() -> Sequence[Patch]:
    def spendable(work: UnitOfWork, row: PeerRow) -> None:
        work.connection.execute(
            "INSERT INTO points(member, peer_points, earned) VALUES (?1, ?2, MAX(0, ?2))"
            " ON CONFLICT(member) DO UPDATE SET peer_points = ?2, earned = earned + MAX(0, ?2)",
            (row.member, row.points),
        )

    return (Patch(hub_rows, "_peer", spendable),)


HUB_PATCHES: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "hub_lends_from_air": _hub_lends_from_air,
    "hub_counts_both_ways": _hub_counts_both_ways,
    "lent_adds_up": _lent_adds_up,
    "peers_are_rights": _peers_are_rights,
}
