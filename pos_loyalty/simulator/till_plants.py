"""Bugs on the till's side."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import Event, MemberEnrolled, RightsReturned
from pos_loyalty.domain.ids import EventId
from pos_loyalty.domain.spend_rights import Cover, Rights, RightsEffect
from pos_loyalty.server import group_write
from pos_loyalty.services import price_sale
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.simulator.patching import Patch
from pos_loyalty.store import joining, journal, row_writer, sync_state
from pos_loyalty.store.journal import Journal, StoredEvent
from pos_loyalty.store.rights_return import Recall
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.sync_state import PageEnd, PageSlice, SyncState
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.sync.exchange import Exchange
from pos_loyalty.wire.messages import RightsRow

_MS_PER_HOUR = 3_600_000


def _original(owner: object, name: str) -> Any:  # noqa: ANN401 - the code that a plant stands before
    """Return what stands at a place before the bug is planted."""
    return vars(owner)[name]


def _nothing(*_places: object, **_more: object) -> None:
    """Stand in for what a bug leaves out."""


def _none(*_places: object, **_more: object) -> tuple[()]:
    return ()


def _no(*_places: object) -> bool:
    return False


def _ack_before_last_page() -> Sequence[Patch]:
    finish = _original(sync_state, "_finish")

    def early(work: UnitOfWork, have: int, end: PageEnd) -> None:
        finish(work, have, replace(end, acks=True))

    return (Patch(sync_state, "_finish", early),)


def _overlay_kept() -> Sequence[Patch]:
    return (Patch(row_writer, "write_overlay", _nothing),)


def _cursor_before_rows() -> Sequence[Patch]:
    apply = _original(SyncState, "apply")

    def torn(self: SyncState, page: PageSlice) -> int:
        return int(apply(self, replace(page, rows=page.rows[1:])))

    return (Patch(SyncState, "apply", torn),)


def _crash_gap() -> Sequence[Patch]:
    fold = _original(Journal, "_fold")

    def later(self: Journal, event: Event, **place: int) -> None:
        connection = vars(self)["_connection"]
        connection.execute("COMMIT")
        connection.execute("BEGIN IMMEDIATE")
        fold(self, event, **place)

    return (Patch(Journal, "_fold", later),)


def _delta_grant() -> Sequence[Patch]:
    def add(self: RowWriter, row: RightsRow) -> None:
        self.work.connection.execute(
            "INSERT INTO points(member, granted) VALUES (?, ?)"
            " ON CONFLICT(member) DO UPDATE SET granted = granted + excluded.granted",
            (row.member, row.granted),
        )
        self.recalls[row.member] = None if row.keep is None else Recall(row.keep, row.keep_for)

    return (Patch(RowWriter, "_rights", add),)


def _trust_view() -> Sequence[Patch]:
    def trust(
        *,
        points: int,
        rights: Rights,
        allowance: int,
        balance: int,
        alone: bool,
        reward: str = "",
        by_rights_alone: int = 0,
        without_limit: int = 0,
    ) -> Cover:
        del allowance, alone, by_rights_alone, without_limit
        if points > balance:
            raise RuleViolation(Code.POINTS_SHORT, short_points=points - balance, reward=reward)
        return Cover(rights_used=min(points, max(0, rights.spendable)), risk_used=0)

    return (Patch(price_sale, "cover_redemption", trust),)


def _return_kept() -> Sequence[Patch]:
    append = _original(Journal, "append")

    def forget(self: Journal, event: Event) -> StoredEvent:
        stored: StoredEvent = append(self, event)
        if isinstance(event, RightsReturned):
            vars(self)["_connection"].execute(
                "UPDATE points SET returned = returned - ? WHERE member = ?",
                (event.points, event.member),
            )
        return stored

    return (Patch(Journal, "append", forget),)


def _welcome_granted() -> Sequence[Patch]:
    effects_of = _original(journal, "effects_of")

    def generous(event: Event) -> tuple[RightsEffect, ...]:
        if isinstance(event, MemberEnrolled):
            return (RightsEffect(event.member, earned=event.welcome),)
        return tuple(effects_of(event))

    return (Patch(journal, "effects_of", generous),)


def _one_id_an_hour() -> Sequence[Patch]:
    stamp = _original(TillContext, "stamp")

    def coarse(self: TillContext, event_id: str | None = None) -> Stamp:
        made: Stamp = stamp(self, event_id)
        if event_id is not None:
            return made
        return msgspec.structs.replace(made, id=EventId(f"{made.at_ms // _MS_PER_HOUR:032x}"))

    return (Patch(TillContext, "stamp", coarse),)


def _fork_unseen() -> Sequence[Patch]:
    return (Patch(Exchange, "_is_forked", _no),)


def _rescue_nothing() -> Sequence[Patch]:
    return (Patch(joining, "_unknown_events", _none),)


def _rights_taken_along() -> Sequence[Patch]:
    open_stream = _original(Journal, "open_stream")

    def keep(self: Journal, stream: str, nonce: str) -> object:
        connection = vars(self)["_connection"]
        held = connection.execute(
            "SELECT granted, earned, used, returned, member FROM points"
        ).fetchall()
        state = open_stream(self, stream, nonce)
        connection.executemany(
            "UPDATE points SET granted = ?, earned = ?, used = ?, returned = ? WHERE member = ?",
            [tuple(row) for row in held],
        )
        return state

    return (Patch(Journal, "open_stream", keep),)


def _epoch_ignored() -> Sequence[Patch]:
    def only_the_number(self: SyncState, epoch: int) -> None:
        with self.store.write() as work:
            work.settings.put(Setting.EPOCH, epoch)
            work.commit()

    # A server that soon stops believing such a till would hide it.
    believing = Patch(group_write, "CLAIMS_MAX", 1_000_000)
    return (Patch(SyncState, "begin_epoch", only_the_number), believing)


def _no_report() -> Sequence[Patch]:
    return (Patch(SyncState, "granted_page", _none),)


TILL_PATCHES: Mapping[str, Callable[[], Sequence[Patch]]] = {
    "ack_before_last_page": _ack_before_last_page,
    "overlay_kept": _overlay_kept,
    "cursor_before_rows": _cursor_before_rows,
    "crash_gap": _crash_gap,
    "delta_grant": _delta_grant,
    "trust_view": _trust_view,
    "return_kept": _return_kept,
    "welcome_granted": _welcome_granted,
    "one_id_an_hour": _one_id_an_hour,
    "fork_unseen": _fork_unseen,
    "rescue_nothing": _rescue_nothing,
    "rights_taken_along": _rights_taken_along,
    "epoch_ignored": _epoch_ignored,
    "no_report": _no_report,
}
