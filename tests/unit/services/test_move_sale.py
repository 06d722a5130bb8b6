"""A sale goes to the right member: the wrong card was scanned, or none at all."""

from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Conditions, EarningRule, Multiply, StampCard, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleMoved, StampsGiven, decode_event
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, RewardId, SaleId, TierId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.move_sale import MoveSale, SaleMovedHere
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.builders import DAY_MS, STANDARD
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.ruled_till import give_rules, pretend_joined

MOVE_ID = EventId("0e" * 16)


def balance(till: Till, member: MemberId) -> int:
    return till.look_up_member(LookUpMember(id=member)).balance_points


def refused(till: Till, command: MoveSale) -> Code:
    with till.context.store.read() as work:
        before = work.journal.stream().last_seq
    with pytest.raises(RuleViolation) as refusal:
        till.move_sale(command)
    with till.context.store.read() as work:
        assert work.journal.stream().last_seq == before, "a refused move writes nothing"
    return refusal.value.code


def stored(till: Till, moved: SaleMovedHere) -> SaleMoved:
    with till.context.store.read() as work:
        found = work.journal.get(moved.move_id)
    assert found is not None
    event = decode_event(found.data)
    assert isinstance(event, SaleMoved)
    return event


def test_points_go_from_the_wrong_member_to_the_right_one(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann)

    done = till.move_sale(MoveSale(sale.sale_id, bo, cashier="Eve"))

    assert (done.earned_points_taken, done.earned_points_given) == (21, 21)
    assert (done.from_balance_points, done.balance_points) == (50, 71)
    assert (balance(till, ann), balance(till, bo)) == (50, 71)


def test_what_moves_is_computed_with_the_other_s_tier(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sell(till, bo, 200_000)
    sale = sell(till, ann, 10_000)

    done = till.move_sale(MoveSale(sale.sale_id, bo))

    assert (done.earned_points_taken, done.earned_points_given) == (100, 150)
    assert stored(till, done).tier == TierId("gold")


def test_a_forgotten_card_is_added_on_the_same_day_with_its_stamps(till: Till) -> None:
    stamps = EarningRule(id="stamps", name="Stamps", give=Stamps(card="coffee"))
    card = StampCard(id="coffee", name="Coffee card", stamps=10)
    program = msgspec.structs.replace(STANDARD, rules=(stamps,), stamp_cards=(card,))
    give_rules(till, program)
    ann = enroll(till)
    sale = sell(till, None)

    done = till.move_sale(MoveSale(sale.sale_id, ann))

    assert (done.earned_points_taken, done.earned_points_given) == (0, 21)
    assert done.stamps == (StampsGiven(card="coffee", count=1),)
    back = till.refund_sale(RefundSale(sale.sale_id))
    assert (back.member_id, back.earned_points_taken) == (ann, 21)
    assert back.stamps_taken == done.stamps


def test_a_card_is_not_added_another_day(sample: SampleTill) -> None:
    with sample.open() as till:
        ann, bo = enroll(till), enroll(till, "Bo Example")
        without, of_bo = sell(till, None), sell(till, bo)
        sample.clock.time_ms += DAY_MS

        assert refused(till, MoveSale(without.sale_id, ann)) is Code.MOVE_DAY
        assert till.move_sale(MoveSale(of_bo.sale_id, ann)).earned_points_given == 21


def test_A24_a_clock_set_back_does_not_make_it_the_day_of_the_sale(sample: SampleTill) -> None:
    with sample.open() as till:
        ann, without = enroll(till), sell(till, None)
        sample.clock.running_ms += DAY_MS

        assert refused(till, MoveSale(without.sale_id, ann)) is Code.MOVE_DAY


def test_a_refund_before_and_after_a_move_ends_at_nothing(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann, 10_000)
    till.refund_sale(RefundSale(sale.sale_id, amount=2_500))

    moved = till.move_sale(MoveSale(sale.sale_id, bo))
    back = till.refund_sale(RefundSale(sale.sale_id))

    assert (moved.earned_points_taken, moved.earned_points_given) == (75, 75)
    assert (back.member_id, back.earned_points_taken) == (bo, 75)
    assert (balance(till, ann), balance(till, bo)) == (50, 50)


def test_a_sale_may_move_on_if_it_was_the_wrong_one_again(till: Till) -> None:
    ann, bo, cy = enroll(till), enroll(till, "Bo Example"), enroll(till, "Cy Example")
    sale = sell(till, ann)
    till.move_sale(MoveSale(sale.sale_id, bo))

    till.move_sale(MoveSale(sale.sale_id, cy))

    assert [balance(till, member) for member in (ann, bo, cy)] == [50, 50, 71]


def test_what_the_rules_know_of_the_other_is_stored_with_the_move(till: Till) -> None:
    first = EarningRule(
        id="first",
        name="First visit",
        give=Multiply(percent=300),
        when=Conditions(first_purchase=True),
    )
    give_rules(till, msgspec.structs.replace(STANDARD, rules=(first,)))
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sell(till, ann, 100)
    sale = sell(till, ann)

    done = till.move_sale(MoveSale(sale.sale_id, bo))

    assert (sale.earned_points, done.earned_points_given) == (21, 63)
    assert stored(till, done).known.tally == {"visits": 0}
    assert sell(till, bo).earned_points == 21, "the sale that moved was the first visit"


def test_the_same_move_twice_is_one_move(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann)
    command = MoveSale(sale.sale_id, bo, event_id=MOVE_ID)

    first = till.move_sale(command)

    assert till.move_sale(command) == msgspec.structs.replace(first, already=True)
    assert refused(till, MoveSale(sale.sale_id, ann, event_id=MOVE_ID)) is Code.CHANGE_ID
    assert refused(till, MoveSale(sale.sale_id, ann, event_id=EventId(sale.sale_id))) is (
        Code.CHANGE_ID
    )


def test_what_cannot_move_says_why(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sell(till, ann, 90_000)
    reward = (RewardChoice(RewardId("free-pastry")),)
    with_reward = till.record_sale(
        RecordSale(total=500, member_id=ann, rewards=reward, found_by="card")
    )
    undone, returned, own = sell(till, ann), sell(till, ann), sell(till, ann)
    till.undo_sale(UndoSale(undone.sale_id))
    till.refund_sale(RefundSale(returned.sale_id))

    cases: list[tuple[Any, MemberId, Code]] = [
        (SaleId("9" * 32), bo, Code.SALE_UNKNOWN),
        (with_reward.sale_id, bo, Code.MOVE_REWARDS),
        (undone.sale_id, bo, Code.MOVE_UNDONE),
        (returned.sale_id, bo, Code.MOVE_NOTHING),
        (own.sale_id, ann, Code.MOVE_SAME),
        (own.sale_id, MemberId("9" * 32), Code.MEMBER_UNKNOWN),
    ]
    for sale_id, member, code in cases:
        assert refused(till, MoveSale(sale_id, member)) is code


def test_points_that_wait_on_a_card_do_not_move(till: Till) -> None:
    ann = enroll(till)
    pretend_joined(till)
    sale = till.record_sale(RecordSale(total=500, card_key=CardKey("7" * 32)))

    assert refused(till, MoveSale(sale.sale_id, ann)) is Code.MOVE_CARD


def test_a_moved_sale_is_no_longer_undone(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann)
    till.move_sale(MoveSale(sale.sale_id, bo))

    with pytest.raises(RuleViolation) as refusal:
        till.undo_sale(UndoSale(sale.sale_id))

    assert refusal.value.code is Code.UNDO_CHANGED


def test_rights_of_the_wrong_member_are_taken_and_none_are_given(till: Till) -> None:
    pretend_joined(till)
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann)

    done = till.move_sale(MoveSale(sale.sale_id, bo))

    assert stored(till, done).rights_used == 21
    assert till.look_up_member(LookUpMember(id=ann)).spendable_points == 0
    assert till.look_up_member(LookUpMember(id=bo)).spendable_points == 0
