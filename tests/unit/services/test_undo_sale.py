"""Undo cancels exactly one sale, once, within five minutes."""

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId, SaleId, StreamId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UNDO_MS_MAX, UndoSale
from pos_loyalty.till import Till
from tests.sample_till import SampleTill, SteppingClock, enroll, sell


def test_undo_brings_the_balance_back(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)
    before = till.look_up_member(LookUpMember(id=ann))
    till.record_sale(
        RecordSale(total=2100, member_id=ann, rewards=(RewardChoice(RewardId("free-pastry")),))
    )

    undone = till.undo_sale(UndoSale())

    after = till.look_up_member(LookUpMember(id=ann))
    assert (undone.earned_points_taken, undone.redeemed_points_returned) == (26, 800)
    assert undone.balance_points == after.balance_points == before.balance_points
    assert after.spendable_points == before.spendable_points


def test_undo_twice_undoes_once(till: Till) -> None:
    ann = enroll(till)
    first = sell(till, ann, 500)
    second = sell(till, ann, 2100)

    assert not till.undo_sale(UndoSale()).already
    again = till.undo_sale(UndoSale())

    assert again.already
    assert again.sale_id == second.sale_id
    assert till.look_up_member(LookUpMember(id=ann)).balance_points == 55
    assert first.balance_points == 55


def test_a_sale_without_a_member_can_be_undone(till: Till) -> None:
    done = till.record_sale(RecordSale(total=450))

    undone = till.undo_sale(UndoSale(done.sale_id))

    assert (undone.member_id, undone.balance_points) == (None, 0)


def test_points_spent_meanwhile_leave_a_debt_and_undo_is_not_refused(till: Till) -> None:
    ann = enroll(till)
    big = sell(till, ann, 80_000)
    till.record_sale(
        RecordSale(total=100, member_id=ann, rewards=(RewardChoice(RewardId("free-pastry")),))
    )

    undone = till.undo_sale(UndoSale(big.sale_id))

    assert undone.balance_points == 50 + 800 - 800 + 1 - 800


def test_undo_after_five_minutes_is_for_the_owner_to_decide(sample: SampleTill, till: Till) -> None:
    sell(till, enroll(till))
    sample.clock.time_ms += UNDO_MS_MAX

    with pytest.raises(RuleViolation) as refused:
        till.undo_sale(UndoSale())

    assert refused.value.code is Code.UNDO_LATE
    assert refused.value.saved


def test_A24_a_clock_set_back_does_not_make_an_old_sale_young(
    sample: SampleTill, till: Till
) -> None:
    sell(till, enroll(till))
    clock: SteppingClock = sample.clock
    clock.running_ms += UNDO_MS_MAX + 1
    clock.time_ms -= 3_600_000

    with pytest.raises(RuleViolation) as refused:
        till.undo_sale(UndoSale())

    assert refused.value.code is Code.UNDO_LATE


def test_there_must_be_such_a_sale_here(till: Till) -> None:
    with pytest.raises(RuleViolation) as nothing:
        till.undo_sale(UndoSale())
    with pytest.raises(RuleViolation) as unknown:
        till.undo_sale(UndoSale(SaleId("5" * 32)))
    enroll(till)
    with till.context.store.read() as work:
        (enrollment,) = work.journal.newest("enrollment", 1)
    with pytest.raises(RuleViolation) as no_sale:
        till.undo_sale(UndoSale(SaleId(enrollment.id)))

    assert nothing.value.code is Code.UNDO_NOTHING
    assert unknown.value.code is no_sale.value.code is Code.SALE_UNKNOWN


def test_a_sale_of_an_earlier_stream_is_left_to_the_server(till: Till) -> None:
    done = sell(till, enroll(till))
    with till.context.store.write() as work:
        work.journal.open_stream(StreamId("8" * 32), "nonce")
        work.commit()

    with pytest.raises(RuleViolation) as refused:
        till.undo_sale(UndoSale(done.sale_id))

    assert refused.value.code is Code.UNDO_EARLIER_STREAM


def test_a_repeated_sale_id_says_that_the_sale_was_taken_back(till: Till) -> None:
    ann = enroll(till)
    command = RecordSale(total=2100, member_id=ann, sale_id=SaleId("0" * 32))
    till.record_sale(command)
    till.undo_sale(UndoSale())

    again = till.record_sale(command)

    assert (again.already, again.undone, again.balance_points) == (True, True, 50)
