"""History, last sales and today's counts."""

import pytest

from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import EventId, MemberId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.history import (
    ELSEWHERE,
    ReadHistory,
    ReadHistoryHandler,
    RemoteEntry,
)
from pos_loyalty.services.last_sales import ReadDayCounts, ReadLastSales
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.test_record_sale import pretend_joined

PASTRY = (RewardChoice(RewardId("free-pastry")),)


def test_a_history_adds_up_line_by_line(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)
    till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))
    till.undo_sale(UndoSale())

    lines = till.history(ReadHistory(ann))

    assert [line.kind for line in lines] == [
        "welcome",
        "accrual",
        "redemption",
        "accrual",
        "redemption_reversed",
        "accrual_reversed",
    ]
    running = 0
    for line in lines:
        running += line.points
        assert line.balance_points == running
    assert running == 950


def test_a_cut_history_says_what_came_before(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 2100)

    lines = till.history(ReadHistory(ann, limit=1))

    assert [(line.kind, line.points, line.balance_points) for line in lines] == [
        (ELSEWHERE, 50, 50),
        ("accrual", 21, 71),
    ]


def test_entries_of_other_tills_come_from_the_server_and_own_ones_once(till: Till) -> None:
    pretend_joined(till)
    ann = enroll(till)
    done = sell(till, ann, 2100)
    with till.context.store.write() as work:
        work.connection.execute("UPDATE points SET snapshot_points = 30")
        work.connection.execute("UPDATE stream SET acked_seq = 1")
        work.commit()
    with till.context.store.read() as work:
        (enrollment,) = work.journal.newest("enrollment", 1)
    held = (
        RemoteEntry(EventId(enrollment.id), 1, "welcome", 50, own_seq=1),
        RemoteEntry(EventId("3" * 32), 2, "accrual", 30, own_seq=0),
    )

    handler = ReadHistoryHandler(till.context, lambda _member, _limit: held)
    lines = handler(ReadHistory(ann))

    assert [line.points for line in lines] == [50, 30, 21]
    assert lines[-1].sale_id == done.sale_id
    assert lines[-1].balance_points == 101


def test_nobody_has_no_history(till: Till) -> None:
    with pytest.raises(RuleViolation):
        till.history(ReadHistory(MemberId("0" * 32)))


def test_last_sales_are_newest_first_with_what_became_of_them(till: Till) -> None:
    ann = enroll(till, name="Ann Example")
    sell(till, ann, 90_000)
    till.record_sale(RecordSale(total=450))
    till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))
    till.undo_sale(UndoSale())

    rows = till.last_sales(ReadLastSales(limit=2))

    assert [(row.member_name, row.total, row.undone) for row in rows] == [
        ("Ann Example", 2100, True),
        ("", 450, False),
    ]
    assert rows[0].reward_names == "Free pastry"
    assert all(row.unsent for row in rows)


def test_todays_counts_begin_at_the_shops_midnight(sample: SampleTill, till: Till) -> None:
    enroll(till)
    sell(till, None, 450)
    sample.clock.time_ms += 24 * 60 * 60 * 1000
    ann = enroll(till)
    sell(till, ann, 90_000)
    till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))
    till.record_sale(RecordSale(total=300))
    till.undo_sale(UndoSale())

    counts = till.day_counts(ReadDayCounts())

    assert (counts.sales, counts.new_members, counts.rewards) == (2, 1, 1)


def test_a_member_who_earned_enough_rises_at_once(till: Till) -> None:
    ann = enroll(till)

    sell(till, ann, 50_000)
    done = sell(till, ann, 10_000)

    assert done.earned_points == 125


def test_points_of_more_than_a_year_ago_no_longer_hold_a_tier(
    sample: SampleTill, till: Till
) -> None:
    ann = enroll(till)
    sell(till, ann, 50_000)
    sample.clock.time_ms += 370 * 24 * 60 * 60 * 1000

    assert sell(till, ann, 10_000).earned_points % 100 == 0
