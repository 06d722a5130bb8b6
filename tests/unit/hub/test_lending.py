"""Spend rights between the tills of a shop while the server is away: moved, never made."""

import random

import pytest

from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import LENT_RIGHTS, SaleRecorded, decode_event
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.services.enroll_member import EnrollMember
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.verification import verify
from pos_loyalty.wire.messages import MemberRow, RightsRow
from tests.sample_till import sell
from tests.unit.hub.hub_shop import HubShop, ShopTill

PAY = RewardId("pay-with-points")


def enroll(till: ShopTill) -> MemberId:
    return till.till.enroll_member(EnrollMember(name="Ada")).member.id


def redeem(till: ShopTill, member: MemberId, points: int) -> int:
    """Pay with points; return what the sale itself earned."""
    reward = RewardChoice(PAY, points=points)
    command = RecordSale(total=5_000, member_id=member, rewards=(reward,), found_by="card")
    return till.till.record_sale(command).earned_points


def counters(till: ShopTill, member: MemberId) -> Rights:
    with till.till.context.store.read() as read:
        return read.journal.rights(member)


def ask(shop: HubShop, till: ShopTill, member: MemberId, points: int) -> None:
    """Ask for rights until the hub has nobody else to ask."""
    request = till.exchange.next_request(want_rights=[(member, points)], wait_ms=1_000)
    answer = shop.hold(till, request)
    for _ in range(4):
        if not answer.waits:
            break
        for other in shop.tills.values():
            if other is not till:
                shop.talk(other)
        answer = shop.hold(till, request)
    till.exchange.take(answer.reply)


def test_what_one_till_earned_is_spent_at_the_other(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    sell(one.till, member, 20_000)
    shop.settle()
    with pytest.raises(RuleViolation):
        redeem(two, member, 100)

    ask(shop, two, member, 100)

    assert (one.rights(member), two.rights(member)) == (0, 100)
    assert shop.hub_till.rights(member) == 100
    assert redeem(two, member, 100) == two.rights(member)


def test_rights_of_the_hub_s_own_are_lent_without_asking_anybody(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.hub_till.write_rows(
        MemberRow(v=1, member=member, balance=300), RightsRow(v=2, member=member, granted=300)
    )
    shop.settle()

    ask(shop, two, member, 100)

    assert (two.rights(member), shop.hub_till.rights(member), one.rights(member)) == (100, 200, 0)


def test_where_nobody_has_any_nothing_is_lent(shop: HubShop) -> None:
    one, _ = shop.add("one"), shop.add("two")
    member = enroll(one)
    shop.settle()

    ask(shop, one, member, 100)

    assert one.rights(member) == 0


def test_only_what_is_missing_is_lent(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.hub_till.write_rows(RightsRow(v=2, member=member, granted=300))
    sell(one.till, member, 6_000)

    ask(shop, one, member, 100)
    ask(shop, one, member, 100)

    assert one.rights(member) == 100
    assert shop.hub_till.rights(member) == 260


def test_S43_lost_answers_lend_nothing_twice(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.talk(one)
    shop.hub_till.write_rows(RightsRow(v=2, member=member, granted=300))
    for _ in range(4):
        shop.hold(one, one.exchange.next_request(want_rights=[(member, 100)]))
        one.exchange.abandon()

    ask(shop, one, member, 100)

    assert one.rights(member) == 100
    assert shop.hub_till.rights(member) == 200


def test_a_power_cut_on_both_sides_makes_no_rights(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    sell(one.till, member, 20_000)
    shop.settle()
    request = two.exchange.next_request(want_rights=[(member, 100)])
    shop.hold(two, request)
    shop.talk(one)
    shop.restart_hub()
    for till in (one, two):
        till.restart()
    shop.settle()

    ask(shop, two, member, 100)

    total = one.rights(member) + two.rights(member) + shop.hub_till.rights(member)
    assert total == 200
    assert two.rights(member) == 100


def test_a_basket_keeps_what_it_counts_on(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    sell(one.till, member, 20_000)
    shop.settle()
    one.reserved[member] = 150

    ask(shop, two, member, 100)

    assert (one.rights(member), two.rights(member)) == (150, 50)


def test_a_hub_s_row_does_not_end_a_recall_of_the_server(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    sell(one.till, member, 20_000)
    one.reserved[member] = 200
    one.state.apply_from_hub([])
    one.write_rows(RightsRow(v=1, member=member, granted=0))
    shop.hub_till.write_rows(RightsRow(v=2, member=member, granted=50))

    ask(shop, one, member, 250)

    assert one.rights(member) == 250


def test_a_sale_with_lent_rights_says_so(shop: HubShop) -> None:
    one = shop.add("one")
    member = enroll(one)
    shop.hub_till.write_rows(RightsRow(v=2, member=member, granted=300))
    sell(one.till, member, 10_000)
    redeem(one, member, 100)
    own = one.rights(member)
    ask(shop, one, member, own + 60)
    one.write_rows(MemberRow(v=3, member=member, balance=1_000))

    redeem(one, member, 100)

    with one.till.context.store.read() as read:
        sales = [decode_event(each.data) for each in read.journal.newest("sale", 2)]
    sources = [sale.rights_source for sale in sales if isinstance(sale, SaleRecorded)]
    assert sources == [LENT_RIGHTS, "till"]


def test_the_hub_s_books_verify_after_lending(shop: HubShop) -> None:
    one, two = shop.add("one"), shop.add("two")
    member = enroll(one)
    sell(one.till, member, 20_000)
    shop.settle()
    ask(shop, two, member, 100)
    redeem(two, member, 100)

    for till in (one, two, shop.hub_till):
        with till.till.context.store.read() as read:
            assert verify(read.connection).finding is None


@pytest.mark.parametrize("seed", range(8))
def test_S43_no_order_of_asking_losing_and_restarting_makes_a_right(
    shop: HubShop, seed: int
) -> None:
    luck = random.Random(seed)
    tills = [shop.add(name) for name in ("one", "two", "three")]
    everybody = (*tills, shop.hub_till)
    member = enroll(tills[0])
    shop.settle()
    for _ in range(50):
        _something(shop, luck.choice(tills), member, luck)
        sums = [counters(each, member) for each in everybody]
        assert sum(one.lent for one in sums) <= sum(one.returned for one in sums)
        assert all(one.spendable >= 0 for one in sums)

    for till in tills:
        till.exchange.abandon()
    shop.settle()
    shop.settle()

    # Nothing is on its way any more: what was handed over has arrived, each point once.
    sums = [counters(each, member) for each in everybody]
    assert sum(one.lent for one in sums) == sum(one.returned for one in sums)
    assert sum(one.lent for one in sums) > 0


def _something(shop: HubShop, till: ShopTill, member: MemberId, luck: random.Random) -> None:
    """Do one thing that happens in a shop, or to it."""
    match luck.choice("sssaaaattrrhp"):
        case "s":
            sell(till.till, member, 10_000)
        case "a":
            wants = [(member, luck.choice((50, 100, 200, 400)))]
            answer = shop.hold(till, till.exchange.next_request(want_rights=wants))
            if luck.random() < 0.5:
                till.exchange.abandon()
            else:
                till.exchange.take(answer.reply)
        case "t":
            # A request comes twice.
            request = till.exchange.next_request()
            shop.hold(till, request)
            till.exchange.take(shop.hold(till, request).reply)
        case "r":
            till.restart()
        case "h":
            shop.restart_hub()
        case _:
            if till.rights(member) >= 100 and till.balance(member) >= 100:
                redeem(till, member, 100)
