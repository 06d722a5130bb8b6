"""A stock in all between real tills and a real server: shares, never more than there are."""

import contextlib

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import EarningRule, StampCard, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.reward import Access, FreeItem, OfflinePolicy, Stock
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.contract.running_server import CLOCK
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, sync
from tests.unit.services.ruled_till import offers, redeem

EVENING = Access(id=RewardId("evening"), name="Evening", stock=Stock(in_all=4))
ASKED = Access(id=RewardId("asked"), name="Guest list", offline=OfflinePolicy.NEVER)
COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")


def publish(shop: Shop) -> None:
    """Let a program with a stock in all, a stamp card and a guest list hold from now on."""
    draft = msgspec.structs.replace(
        STANDARD,
        rewards=(EVENING, ASKED, COFFEE),
        stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=2),),
        rules=(EarningRule(id="visit", name="Visit", give=Stamps(card="coffee")),),
    )
    with contextlib.closing(shop.server.open()) as database:
        publish_program(database, draft, from_ms=None, clock=CLOCK)


def ruled_tills(shop: Shop) -> tuple[Till, Till, MemberId]:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    publish(shop)
    member = enroll(one)
    synced(one, two)
    return one, two, member


def synced(*tills: Till) -> None:
    for till in tills * 2:
        assert sync(till).trouble is None


def take_all(till: Till, member: MemberId) -> int:
    """Take the reward until there is none left, and return how often it was had."""
    count = 0
    while offers(till, member)["evening"].available:
        redeem(till, member, "evening", total=10)
        count += 1
    with pytest.raises(RuleViolation) as refused:
        redeem(till, member, "evening", total=10)
    assert refused.value.code is Code.REWARD_STOCK
    return count


def test_tills_without_a_line_never_give_more_than_there_are(shop: Shop) -> None:
    one, two, member = ruled_tills(shop)
    shop.proxy.cut()

    offline = take_all(one, member) + take_all(two, member)

    assert 1 <= offline <= 4
    shop.proxy.heal()
    taken = [offline]
    for _ in range(5):
        synced(one, two)
        taken.append(take_all(one, member) + take_all(two, member))
    assert sum(taken) == 4
    assert taken[-1] == 0
    assert shop.server.verified().faults == []
    for till in (one, two):
        assert_sound(till)


def test_a_till_that_hears_nothing_new_keeps_its_share(shop: Shop) -> None:
    one, two, member = ruled_tills(shop)

    synced(one, two)
    synced(one, two)

    assert offers(one, member)["evening"].available


def test_what_an_undone_sale_gives_back_is_there_again(shop: Shop) -> None:
    one, two, member = ruled_tills(shop)
    done = redeem(one, member, "evening", total=10)
    synced(one, two)
    one.undo_sale(UndoSale(done.sale_id))
    synced(one, two)
    taken = 0
    for _ in range(5):
        taken += take_all(one, member) + take_all(two, member)
        synced(one, two)

    assert taken == 4


def test_a_reward_that_asks_the_server_waits_for_its_answer(shop: Shop) -> None:
    one, _, member = ruled_tills(shop)
    assert redeem(one, member, "asked").redeemed_points == 0
    shop.proxy.cut()

    with pytest.raises(RuleViolation) as refused:
        redeem(one, member, "asked")

    assert refused.value.code is Code.REWARD_ASKS_SERVER


def test_stamps_of_one_till_pay_at_another(shop: Shop) -> None:
    one, two, member = ruled_tills(shop)
    sell(one, member, 10)
    synced(one, two)
    sell(two, member, 10)
    assert offers(two, member)["coffee"].available
    assert offers(one, member)["coffee"].why_not is Code.STAMPS_SHORT

    redeem(two, member, "coffee")
    synced(two, one)

    # The sale that took the coffee gave a stamp of its own.
    assert offers(one, member)["coffee"].stamps == offers(two, member)["coffee"].stamps == 1
    assert shop.server.verified().faults == []
