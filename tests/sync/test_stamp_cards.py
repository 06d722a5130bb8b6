"""One stamp card at two tills: taken twice while both are offline, asked for where it matters."""

import contextlib

import msgspec
import pytest

from pos_loyalty.domain.attention_catalog import Where, tell
from pos_loyalty.domain.earning_rule import EarningRule, StampCard, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.reward import FreeItem, OfflinePolicy
from pos_loyalty.server.publish_program import publish_program
from pos_loyalty.services.attention import AttentionItem, ReadAttention
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.contract.running_server import CLOCK
from tests.sample_till import enroll, sell
from tests.sync.shop import Shop, assert_sound, sync
from tests.unit.services.ruled_till import give_rules, offers, redeem

COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")
ASKED = msgspec.structs.replace(COFFEE, offline=OfflinePolicy.NEVER)
VISITS = EarningRule(id="visit", name="Visit", give=Stamps(card="coffee"))
CARD = StampCard(id="coffee", name="Coffee card", stamps=4)


def full_card(shop: Shop, reward: FreeItem) -> tuple[Till, Till, MemberId]:
    """Return two tills that both know of a full card of a member."""
    one, two = shop.joined_till("one"), shop.joined_till("two")
    draft = msgspec.structs.replace(
        STANDARD, rewards=(reward,), stamp_cards=(CARD,), rules=(VISITS,)
    )
    with contextlib.closing(shop.server.open()) as database:
        publish_program(database, draft, from_ms=None, clock=CLOCK)
    member = enroll(one)
    synced(one, two)
    for _ in range(CARD.stamps):
        sell(one, member, 100)
    synced(one, two)
    assert stamps(one, member) == stamps(two, member) == CARD.stamps
    return one, two, member


def synced(*tills: Till) -> None:
    """Let every till hear of what the others did."""
    for till in tills * 2:
        assert sync(till).trouble is None


def stamps(till: Till, member: MemberId) -> int:
    return offers(till, member)["coffee"].stamps


def short(till: Till) -> list[AttentionItem]:
    """Return what the owner's list at a till says of cards that were used twice."""
    return [each for each in till.attention(ReadAttention()).items if each.kind == "stamps_short"]


def test_A01_two_tills_offline_take_one_card_and_the_owner_is_told_once(shop: Shop) -> None:
    one, two, member = full_card(shop, COFFEE)
    shop.proxy.cut()
    for till in (one, two):
        redeem(till, member, "coffee")
        with pytest.raises(RuleViolation) as refused:
            redeem(till, member, "coffee")
        assert refused.value.code is Code.STAMPS_SHORT
    shop.proxy.heal()

    synced(one, two)

    # Four were there, eight were taken, and each of the two sales gave one.
    for till in (one, two):
        assert stamps(till, member) == -2
        (item,) = short(till)
        assert (item.member, item.points) == (member, 0)
        assert "3 stamps were missing" in item.happened
        assert_sound(till)
    for _ in range(2):
        sell(one, member, 100)
    synced(one, two)
    assert stamps(two, member) == 0, "the next stamps fill the card first"
    assert len(short(two)) == 1
    assert shop.server.verified().faults == []


def test_a_reward_for_stamps_that_asks_the_server_is_refused_without_it(shop: Shop) -> None:
    one, two, member = full_card(shop, ASKED)
    shop.proxy.cut()

    with pytest.raises(RuleViolation) as refused:
        redeem(one, member, "coffee")

    assert refused.value.code is Code.REWARD_ASKS_SERVER
    assert "Coffee" in refused.value.message
    shop.proxy.heal()
    assert sync(one).trouble is None
    assert redeem(one, member, "coffee").redeemed_points == 0
    synced(one, two)
    assert stamps(two, member) == 1
    assert short(one) == []


def test_a_till_that_asks_hears_that_the_card_was_used_elsewhere(shop: Shop) -> None:
    one, two, member = full_card(shop, ASKED)
    redeem(one, member, "coffee")
    assert sync(one).trouble is None

    with pytest.raises(RuleViolation) as refused:
        redeem(two, member, "coffee")

    assert refused.value.code is Code.STAMPS_SHORT
    assert short(two) == []


def test_a_till_that_works_alone_asks_nobody_for_a_card(shop: Shop) -> None:
    till = shop.open_till("alone")
    give_rules(
        till,
        msgspec.structs.replace(STANDARD, rewards=(ASKED,), stamp_cards=(CARD,), rules=(VISITS,)),
    )
    member = enroll(till)
    for _ in range(CARD.stamps):
        sell(till, member, 100)

    redeem(till, member, "coffee")

    assert stamps(till, member) == 1


def test_the_item_says_which_card_how_many_and_which_till() -> None:
    told = tell(
        "stamps_short",
        detail="reward=free stamp_card=coffee short=3 sale=ab",
        where=Where(till="Till 2", shop="Main street", member="Leyla Arslan"),
        points=0,
    )

    assert told.happened == (
        "Till 2 in Main street gave Leyla Arslan the reward free for a card of stamps (coffee) that"
        " had been used or taken back elsewhere: 3 stamps were missing. The sale stands, and the"
        " next stamps fill the card first."
    )
