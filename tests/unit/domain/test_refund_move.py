"""A sale moves whole to another member, and is refunded there by what it earned there."""

import msgspec
import pytest

from pos_loyalty.domain.accrual import facts_of
from pos_loyalty.domain.earning_rule import Conditions, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleMoved, SaleRecorded, StampsGiven
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.refund import (
    Returned,
    move_effect,
    nothing_returned,
    refund_effect,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.tier import Tier
from tests.builders import OMAR, event_id
from tests.unit.domain.earning_cases import EURO, basket, program, rule
from tests.unit.domain.refund_cases import MUCH, of_amount, recorded, refunded

GOLD = TierId("gold")
TIERS = (Tier(id=TierId("all"), name="All"), Tier(id=GOLD, name="Gold", percent=200))
PROGRAM = program(tiers=TIERS)
KNOWN = MemberFacts(segments=("students",))


def moved(sale: SaleRecorded, before: Returned) -> tuple[SaleMoved, SaleRecorded]:
    """Return the event that moves a sale to Omar, who is gold, and the sale after it."""
    to_facts = msgspec.structs.replace(facts_of(sale), tier=GOLD, known=KNOWN)
    taken, given = move_effect(PROGRAM, sale, before, to_facts)
    move = SaleMoved(
        v=1,
        id=event_id(9),
        at_ms=sale.at_ms + 9,
        boot_ms=9,
        tz_minutes=sale.tz_minutes,
        program=sale.program,
        sale_id=sale.id,
        sale_seq=1,
        to_member=OMAR,
        from_member=sale.member,
        earned_taken=taken,
        earned_given=given,
        tier=GOLD,
        known=KNOWN,
        stamps=sale.stamps,
    )
    return move, sale_after_move(sale, move, before)


def test_a_move_takes_what_the_sale_has_and_gives_what_the_other_would_have_earned() -> None:
    sale = recorded(PROGRAM, basket(total=20 * EURO))

    move, after = moved(sale, nothing_returned(sale))

    assert (move.earned_taken, move.earned_given) == (20, 40)
    assert (after.member, after.tier, after.known, after.earned) == (OMAR, GOLD, KNOWN, 40)


def test_a_sale_moves_with_what_refunds_left_of_it() -> None:
    sale = recorded(PROGRAM, basket(total=20 * EURO))
    (refund,) = refunded(PROGRAM, sale, of_amount(5 * EURO))

    move, after = moved(sale, refund.after)
    half = refund_effect(PROGRAM, after, refund.after, of_amount(750), balance=MUCH)
    rest = refund_effect(PROGRAM, after, half.after, of_amount(750), balance=MUCH)

    assert (refund.earned_taken, move.earned_taken, move.earned_given) == (5, 15, 30)
    assert (half.earned_taken, rest.earned_taken) == (15, 15)
    assert what_is_left(after, rest.after).earned == 0


def test_a_sale_of_which_all_came_back_moves_nothing() -> None:
    sale = recorded(PROGRAM, basket(total=20 * EURO))
    (refund,) = refunded(PROGRAM, sale, of_amount(20 * EURO))

    move, _ = moved(sale, refund.after)

    assert (move.earned_taken, move.earned_given) == (0, 0)


def test_stamps_move_with_the_sale_and_go_with_its_refund() -> None:
    stamps = rule(Stamps(card="tea"), when=Conditions(basket_min=EURO))
    with_stamps = program(tiers=TIERS, rules=(stamps,))
    sale = recorded(with_stamps, basket(total=20 * EURO))

    _, after = moved(sale, nothing_returned(sale))
    effect = refund_effect(
        with_stamps, after, nothing_returned(after), of_amount(20 * EURO), balance=0
    )

    assert effect.stamps_taken == (StampsGiven(card="tea", count=1),)


def test_a_sale_with_rewards_is_not_moved() -> None:
    reward = RewardTaken(reward=RewardId("off"), points=10, discount=100)
    sale = recorded(PROGRAM, basket(total=20 * EURO, rewards=[reward]))

    with pytest.raises(RuleViolation) as refusal:
        moved(sale, nothing_returned(sale))

    assert refusal.value.code is Code.MOVE_REWARDS
