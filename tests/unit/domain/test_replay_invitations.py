"""A replay takes back what a purchase paid for an invitation, as the books do."""

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule
from pos_loyalty.domain.event import Event, SaleMoved, SaleRecorded, SaleRefunded
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import MemberId
from tests.builders import AYSE, DAY_MS, OMAR, WEDNESDAY_MS, enrollment, event_id, reversal, sale
from tests.unit.domain.explained_cases import head
from tests.unit.domain.replay_cases import BARE, replay

INES = MemberId("c" * 32)
RULE = ReferralRule(
    pays_on=ReferralEvent.FIRST_PURCHASE,
    referrer_points=100,
    referred_points=50,
    minimum=1_000,
    limit=1,
)
PAYING = msgspec.structs.replace(BARE, referral=RULE)
INVITED = (
    enrollment(),
    msgspec.structs.replace(enrollment(101, member=OMAR), invited_by=AYSE),
    msgspec.structs.replace(enrollment(102, member=INES), invited_by=AYSE),
)
BOUGHT = sale(1, member=OMAR)


def refund(number: int, of: SaleRecorded, amount: int) -> SaleRefunded:
    return head(
        SaleRefunded, id=event_id(number), sale_id=of.id, member=of.member, amount=amount, cash=0
    )


def move(number: int, of: SaleRecorded, *, from_member: MemberId, to: MemberId) -> SaleMoved:
    return head(
        SaleMoved,
        id=event_id(number),
        sale_id=of.id,
        sale_seq=1,
        from_member=from_member,
        to_member=to,
        earned_taken=of.earned,
        earned_given=of.earned,
        approved_by="a",
    )


def other(*events: Event) -> int:
    """Return the points that came of no sale, under a version that pays for invitations."""
    found = replay(PAYING, *INVITED, *events).draft
    assert found.open_points == found.earned + found.other - found.redeemed
    return found.other


def test_what_a_sale_paid_goes_with_its_undoing_and_the_next_purchase_pays() -> None:
    undone = (BOUGHT, reversal(BOUGHT))

    assert other(BOUGHT) == 150
    assert other(*undone) == 0
    assert other(*undone, sale(2, member=OMAR)) == 150
    assert other(*undone, sale(2, member=INES)) == 150, "the limit counts one less"


@pytest.mark.parametrize(("amounts", "paid"), [((1_100,), 150), ((1_101,), 0), ((600, 600), 0)])
def test_what_is_left_after_refunds_decides(amounts: tuple[int, ...], paid: int) -> None:
    parts = [refund(50 + number, BOUGHT, amount) for number, amount in enumerate(amounts)]

    assert other(BOUGHT, *parts) == paid
    assert other(BOUGHT, *parts, reversal(BOUGHT)) == 0, "and nothing goes twice"


def test_a_move_takes_from_the_one_and_pays_for_the_other_once() -> None:
    there = move(60, BOUGHT, from_member=OMAR, to=INES)
    back = move(61, BOUGHT, from_member=INES, to=OMAR)
    away = move(62, BOUGHT, from_member=OMAR, to=AYSE)

    assert other(BOUGHT, there) == 150
    assert other(BOUGHT, there, back) == 0
    assert other(BOUGHT, away) == 0, "nobody invited who has it now"
    assert other(BOUGHT, refund(50, BOUGHT, 1_101), there) == 0


def test_points_go_back_from_the_lot_they_came_into() -> None:
    """What ends sooner stays: only the purchase of the invited member is gone."""
    ending = msgspec.structs.replace(
        PAYING, expiration=ExpirationRules(model=AfterEarning(days=30))
    )
    old = sale(1, member=AYSE, at_ms=WEDNESDAY_MS - 20 * DAY_MS)
    bought = sale(2, member=OMAR)
    later = sale(3, member=OMAR, total=100, at_ms=WEDNESDAY_MS + 15 * DAY_MS)
    events = (old, *INVITED, bought, reversal(bought))

    assert replay(ending, *events).draft.open_points == 21
    found = replay(ending, *events, later, sale(4, member=AYSE, total=0, at_ms=later.at_ms)).draft
    assert (found.expired, found.open_points) == (21, 1)
