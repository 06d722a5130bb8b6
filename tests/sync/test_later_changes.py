"""What is changed later, between real tills and a real server: what one says, all see."""

import contextlib
import datetime as dt
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    ReferralEvent,
    ReferralRule,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import RefundLine, SaleLine
from pos_loyalty.domain.ids import MemberId, RewardId, SaleId
from pos_loyalty.domain.invitation import format_invitation
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.server.system import SystemClock
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.attention import AttentionItem, ReadAttention
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.grant_tier import GrantTier
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, balance, spendable, sync, view

CAPPED = EarningRule(id="bonus", name="Bonus", give=Bonus(points=10), caps=Caps(month=25))
STAMPS = EarningRule(
    id="stamps",
    name="Stamps",
    give=Stamps(card="coffee", per_item=True),
    when=Conditions(categories=("coffee",)),
)
COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")
RULES = msgspec.structs.replace(
    STANDARD,
    rules=(CAPPED, STAMPS),
    rewards=(*STANDARD.rewards, COFFEE),
    stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=10),),
    activities=(ActivityRule(id="review", name="Review", points=30, caps=Caps(member=30)),),
)


def publish(shop: Shop, program: LoyaltyProgram = RULES) -> None:
    """Put rules in force at the server, before the tills join."""
    with contextlib.closing(shop.server.open()) as database:
        publish_program(database, program, from_ms=None, clock=SystemClock())


def synced(*tills: Till) -> None:
    """Let every till hear of what the others did."""
    for till in tills * 2:
        assert sync(till).trouble is None


def listed(till: Till, kind: str) -> list[AttentionItem]:
    return [each for each in till.attention(ReadAttention()).items if each.kind == kind]


def tally(till: Till, member: MemberId) -> dict[str, int]:
    with till.context.store.read() as read:
        record = read.members.record(member)
        assert record is not None
        return record.sheet.tally


def assert_agreed(shop: Shop, *tills: Till) -> None:
    for till in tills:
        assert_sound(till)
    assert shop.server.verified().faults == []


def test_a_partial_refund_is_the_same_at_the_server_and_at_the_other_till(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    sale = sell(one, ann, 10_000)
    one.refund_sale(RefundSale(sale.sale_id, amount=2_500))

    synced(one, two)

    assert balance(one, ann) == balance(two, ann) == shop.balance_at_server(ann) == 50 + 75
    assert_agreed(shop, one, two)


def test_A10_two_tills_refund_one_sale_offline_and_it_counts_once(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    sale = sell(one, ann, 10_000)
    synced(one, two)
    shop.proxy.cut()
    one.refund_sale(RefundSale(sale.sale_id))
    claim = two.refund_sale(RefundSale(sale.sale_id, amount=10_000, member_id=ann))
    shop.proxy.heal()

    synced(one, two)

    assert claim.claim
    assert balance(one, ann) == balance(two, ann) == shop.balance_at_server(ann) == 50
    (item,) = listed(one, "refund_above")
    assert item.member == ann
    assert_agreed(shop, one, two)


def test_a_claim_of_a_sale_of_another_till_takes_its_points_at_the_server(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    sale = one.record_sale(
        RecordSale(
            total=2_100,
            member_id=ann,
            lines=(SaleLine(amount=600, sku="bread"), SaleLine(amount=1_500, sku="cake")),
            found_by="card",
        )
    )
    synced(one, two)

    two.refund_sale(
        RefundSale(sale.sale_id, lines=(RefundLine(line=1, amount=1_500),), member_id=ann)
    )
    synced(two, one)

    assert shop.balance_at_server(ann) == 50 + 6
    assert balance(one, ann) == balance(two, ann) == 56
    assert_agreed(shop, one, two)


def test_a_receipt_finds_the_sale_of_another_till_while_the_line_is_up(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    sale = sell(one, ann)
    synced(one, two)
    receipt = one.make_receipt(sale.sale_id)
    assert receipt is not None

    online = two.sale_of_receipt(receipt)
    shop.proxy.cut()
    offline = two.sale_of_receipt(receipt)

    assert (online.sale_id, online.member_id) == (sale.sale_id, ann)
    assert (offline.sale_id, offline.member_id) == (sale.sale_id[-8:], ann)


def test_redeemed_points_come_back_as_rights_where_they_were_used(shop: Shop) -> None:
    one = shop.joined_till("one")
    ann = enroll(one)
    sell(one, ann, 90_000)
    before = spendable(one, ann)
    sale = one.record_sale(
        RecordSale(
            total=500,
            member_id=ann,
            rewards=(RewardChoice(RewardId("free-pastry")),),
            found_by="card",
        )
    )

    one.refund_sale(RefundSale(sale.sale_id))
    after = spendable(one, ann)
    synced(one)

    assert after == before
    assert balance(one, ann) == shop.balance_at_server(ann) == 950
    assert_agreed(shop, one)


def test_a_move_is_the_same_everywhere_and_its_points_wait_for_the_server(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann, bo = enroll(one), enroll(one, "Bo Example")
    sale = sell(one, ann, 10_000)
    without = sell(one, None, 5_000)
    shop.proxy.cut()
    one.move_sale(MoveSale(sale.sale_id, bo))
    one.move_sale(MoveSale(without.sale_id, bo))
    offline = view(one, bo)
    shop.proxy.heal()

    synced(one, two)
    back = one.refund_sale(RefundSale(sale.sale_id))
    synced(one, two)

    assert (offline.balance_points, offline.spendable_points) == (200, 0)
    assert (back.member_id, back.earned_points_taken) == (bo, 100)
    for till in (one, two):
        assert (balance(till, ann), balance(till, bo)) == (50, 100)
    assert (shop.balance_at_server(ann), shop.balance_at_server(bo)) == (50, 100)
    assert_agreed(shop, one, two)


def test_an_adjustment_and_an_activity_are_counted_once_and_capped(shop: Shop) -> None:
    publish(shop)
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    synced(one, two)
    shop.proxy.cut()
    one.record_activity(RecordActivity(ann, "review"))
    two.record_activity(RecordActivity(ann, "review"))
    one.adjust_points(AdjustPoints(ann, -20, "Wrong card", "Mo"))
    shop.proxy.heal()

    synced(one, two)

    assert balance(one, ann) == balance(two, ann) == shop.balance_at_server(ann) == 60
    assert len(listed(one, "activity_above")) == 1
    with pytest.raises(RuleViolation) as refusal:
        two.record_activity(RecordActivity(ann, "review"))
    assert refusal.value.code is Code.ACTIVITY_CAP
    assert_agreed(shop, one, two)


def test_the_sheet_says_at_one_till_what_the_other_gave(shop: Shop) -> None:
    publish(shop)
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    first = [_coffee(one, ann) for _ in range(2)]
    synced(one, two)

    last = [_coffee(two, ann) for _ in range(2)]
    unsent = two.refund_sale(RefundSale(SaleId(last[1]), amount=100))
    synced(two, one)

    assert unsent.stamps_taken[0].count == 1
    counts = tally(one, ann)
    assert counts == tally(two, ann)
    assert counts["stamps:coffee"] == 3
    assert len(first) == 2
    month = next(count for name, count in counts.items() if name.startswith("rule:bonus@"))
    assert month == 25
    assert balance(one, ann) == balance(two, ann) == shop.balance_at_server(ann)
    assert_agreed(shop, one, two)


def _coffee(till: Till, member: MemberId) -> str:
    lines = (SaleLine(amount=100, quantity=1, category="coffee"),)
    command = RecordSale(total=100, member_id=member, lines=lines, found_by="card")
    return till.record_sale(command).sale_id


def test_a_birthday_reaches_the_other_till_and_no_event(shop: Shop) -> None:
    near = Conditions(birthday_days=5)
    gift = EarningRule(id="birthday", name="Birthday", give=Bonus(points=7), when=near)
    publish(shop, msgspec.structs.replace(STANDARD, rules=(gift,)))
    one, two = shop.joined_till("one"), shop.joined_till("two")
    today = f"{dt.datetime.now(dt.UTC):%m-%d}"
    ann = one.enroll_member(EnrollMember(name="Ann", birthday=today)).member.id
    synced(one, two)

    here, there = sell(one, ann, 100), sell(two, ann, 100)

    assert (here.earned_points, there.earned_points) == (8, 8)
    synced(one, two)
    assert_agreed(shop, one, two)


def pending_rules() -> LoyaltyProgram:
    return msgspec.structs.replace(STANDARD, pending_days=14)


def test_pending_points_are_in_every_balance_and_nobody_s_right(shop: Shop) -> None:
    publish(shop, pending_rules())
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    sale = sell(one, ann, 10_000)
    one.refund_sale(RefundSale(sale.sale_id, amount=4_000))
    synced(one, two)

    views: list[Any] = [view(one, ann), view(two, ann)]

    assert [(each.balance_points, each.pending_points) for each in views] == [(110, 60), (110, 60)]
    assert all(each.spendable_points <= 50 for each in views)
    assert shop.balance_at_server(ann) == 110
    assert_agreed(shop, one, two)


def test_a_tier_granted_at_one_till_is_held_at_the_other(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    day = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=40)

    one.grant_tier(GrantTier(ann, "gold", day, "Our neighbor", "Mo"))
    offline = view(one, ann).tier.id
    synced(one, two)

    assert offline == view(one, ann).tier.id == view(two, ann).tier.id == "gold"
    assert_agreed(shop, one, two)


def test_an_invitation_pays_once_the_server_has_heard_of_it(shop: Shop) -> None:
    referral = ReferralRule(
        pays_on=ReferralEvent.FIRST_PURCHASE, referrer_points=40, referred_points=15
    )
    publish(shop, msgspec.structs.replace(STANDARD, referral=referral))
    one, two = shop.joined_till("one"), shop.joined_till("two")
    ann = enroll(one)
    synced(one, two)
    letters = format_invitation(two.shop.merchant, ann)

    bo = two.enroll_member(EnrollMember(name="Bo", invited_by=letters)).member.id
    sell(two, bo, 100)
    synced(two, one)

    assert (balance(one, ann), balance(one, bo)) == (90, 66)
    assert (balance(two, ann), balance(two, bo)) == (90, 66)
    assert_agreed(shop, one, two)
