"""Bugs planted on purpose: the simulation must find each of them, or it proves nothing."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pos_loyalty.domain.event import Event, RightsReturned
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.store import row_writer, sync_state
from pos_loyalty.store.joining import Joining, _Unknown
from pos_loyalty.store.journal import Journal, StoredEvent, StreamState
from pos_loyalty.store.rights_return import Recall
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.store.sync_state import PageEnd, PageSlice, SyncState
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.sync.exchange import Exchange
from pos_loyalty.wire.messages import RightsRow
from tests.unit.sync import test_exchange_model as model

SEEDS = range(12)
Plant = Callable[[pytest.MonkeyPatch], None]
Story = Callable[[Path, int], None]


def bad_line(folder: Path, number: int) -> None:
    model.test_a_bad_line_loses_nothing_doubles_nothing_and_overspends_nothing(folder, number)


def pages(folder: Path, number: int) -> None:
    model.test_S04_own_sales_stay_in_the_balance_at_every_page(folder, number)


def restored_server(folder: Path, number: int) -> None:
    model.test_S09_F27_a_server_restored_from_a_backup_gets_everything_back(
        folder, number, is_announced=False
    )


def older_disk(folder: Path, number: int) -> None:
    model.test_S13_S14_F28_a_till_with_an_older_disk_joins_again_and_nothing_is_lost(folder, number)


def clone(folder: Path, number: int) -> None:
    model.test_S15_F29_two_machines_with_one_disk_both_go_on_and_nothing_is_lost(folder, number)


def _nothing(*_places: object, **_more: object) -> None:
    """Stand in for what a bug leaves out."""


def _no(*_places: object) -> bool:
    return False


def _none(*_places: object) -> tuple[object, ...]:
    return ()


def _acked_only(_work: object, _stream_no: int, acked_seq: int, _known: object) -> int:
    return acked_seq


def acknowledges_before_the_last_page(patch: pytest.MonkeyPatch) -> None:
    finish = sync_state._finish

    def early(work: UnitOfWork, have: int, end: PageEnd) -> None:
        finish(work, have, replace(end, acks=True))

    patch.setattr(sync_state, "_finish", early)


def keeps_the_overlay_under_a_row(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(row_writer, "write_overlay", _nothing)


def never_sweeps(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sync_state, "write_overlay", _nothing)
    patch.setattr(row_writer, "write_overlay", _nothing)


def adds_granted_totals(patch: pytest.MonkeyPatch) -> None:
    def add(self: RowWriter, row: RightsRow) -> None:
        self.work.connection.execute(
            "INSERT INTO points(member, granted) VALUES (?, ?)"
            " ON CONFLICT(member) DO UPDATE SET granted = granted + excluded.granted",
            (row.member, row.granted),
        )
        self.recalls[row.member] = None if row.keep is None else Recall(row.keep, row.keep_for)

    patch.setattr(RowWriter, "_rights", add)


def says_returned_and_keeps(patch: pytest.MonkeyPatch) -> None:
    """The event goes out, the counter here stays."""
    append = Journal.append

    def forget(self: Journal, event: Event) -> StoredEvent:
        stored = append(self, event)
        if isinstance(event, RightsReturned):
            self._connection.execute(
                "UPDATE points SET returned = returned - ? WHERE member = ?",
                (event.points, event.member),
            )
        return stored

    patch.setattr(Journal, "append", forget)


def does_not_look_at_the_end_of_the_stream(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Exchange, "_is_forked", _no)


def carries_nothing_over(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("pos_loyalty.store.joining._unknown_events", _none)


def carries_over_with_a_new_identity(patch: pytest.MonkeyPatch) -> None:
    rescue = Joining._rescue

    def blind(self: Joining, work: UnitOfWork, lost: _Unknown, **places: int) -> None:
        rescue(self, work, replace(lost, hash=self.ids.random_bytes(32)), **places)

    patch.setattr(Joining, "_rescue", blind)
    patch.setattr("pos_loyalty.store.joining._held_seq", _acked_only)


def takes_rights_along(patch: pytest.MonkeyPatch) -> None:
    open_stream = Journal.open_stream

    def keep(self: Journal, stream: StreamId, nonce: str) -> StreamState:
        execute = self._connection.execute
        held = execute("SELECT granted, earned, used, returned, member FROM points").fetchall()
        state = open_stream(self, stream, nonce)
        self._connection.executemany(
            "UPDATE points SET granted = ?, earned = ?, used = ?, returned = ? WHERE member = ?",
            [tuple(row) for row in held],
        )
        return state

    patch.setattr(Journal, "open_stream", keep)


def does_not_say_what_was_lost(patch: pytest.MonkeyPatch) -> None:
    """A silently restored server is believed; and what it had is not sent again."""
    begin = SyncState.begin_epoch

    def believe(self: SyncState, epoch: int) -> None:
        acked = self.position().acked_seq
        begin(self, epoch)
        with self.store.write() as work:
            work.connection.execute("UPDATE stream SET acked_seq = ? WHERE is_open = 1", (acked,))
            work.commit()

    def no_report(self: SyncState, after: MemberId, limit: int) -> Sequence[object]:
        del self, after, limit
        return ()

    patch.setattr(SyncState, "begin_epoch", believe)
    patch.setattr(SyncState, "granted_page", no_report)


def moves_the_cursor_before_the_rows(patch: pytest.MonkeyPatch) -> None:
    apply = SyncState.apply

    def torn(self: SyncState, page: PageSlice) -> int:
        return apply(self, replace(page, rows=page.rows[1:]))

    patch.setattr(SyncState, "apply", torn)


@pytest.mark.parametrize(
    ("plant", "story"),
    [
        (acknowledges_before_the_last_page, pages),
        (keeps_the_overlay_under_a_row, pages),
        (never_sweeps, bad_line),
        (adds_granted_totals, bad_line),
        (says_returned_and_keeps, bad_line),
        (moves_the_cursor_before_the_rows, bad_line),
        (does_not_say_what_was_lost, restored_server),
        (does_not_look_at_the_end_of_the_stream, older_disk),
        (carries_nothing_over, older_disk),
        (carries_over_with_a_new_identity, clone),
        (takes_rights_along, clone),
    ],
    ids=lambda value: value.__name__,
)
def test_a_planted_bug_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, plant: Plant, story: Story
) -> None:
    plant(monkeypatch)

    assert any(_fails(story, tmp_path / str(number), number) for number in SEEDS)


def _fails(story: Story, folder: Path, number: int) -> bool:
    folder.mkdir()
    try:
        story(folder, number)
    except Exception:  # noqa: BLE001 - a crash finds the bug as well
        return True
    return False
