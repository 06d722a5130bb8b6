"""Rewards at a till: what the list says of each, and what a sale takes or gives back."""

from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Conditions, EarningRule, StampCard, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleLine, SaleRecorded, decode_event
from pos_loyalty.domain.ids import MemberId, RewardId, StreamId, TierId
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import (
    Access,
    BuySomeGetSome,
    FreeItem,
    Gift,
    OfflinePolicy,
    PointsForMoney,
    Reward,
    RewardTaken,
    Stock,
)
from pos_loyalty.services.quote_sale import QuoteSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.reward_stock import RewardStock
from pos_loyalty.store.settings import Setting
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.sample_till import enroll, sell
from tests.unit.services.ruled_till import chosen, give_rules, offers, pretend_joined, redeem

MUG = Gift(id=RewardId("mug"), name="Mug", cost_points=100)
COFFEE = FreeItem(id=RewardId("coffee"), name="Free coffee", item="Coffee", stamp_card="coffee")


def rules(*rewards: Reward, **fields: Any) -> LoyaltyProgram:  # noqa: ANN401 - fields vary by case
    """Return the standard program with these rewards, and one stamp for each coffee."""
    stamps = EarningRule(
        id="stamps",
        name="Stamps",
        give=Stamps(card="coffee", per_item=True),
        when=Conditions(categories=("coffee",)),
    )
    card = StampCard(id="coffee", name="Coffee card", stamps=3)
    changed = {"rewards": rewards, "stamp_cards": (card,), "rules": (stamps,)} | fields
    return msgspec.structs.replace(STANDARD, **changed)


def rich_member(till: Till, points: int = 1000) -> MemberId:
    """Enroll a member and let it earn so many points, beside the 50 of the welcome."""
    member = enroll(till)
    sell(till, member, points * 100)
    return member


def coffees(till: Till, member: MemberId, count: int) -> None:
    line = SaleLine(amount=count, quantity=count, category="coffee")
    till.record_sale(RecordSale(total=count, member_id=member, lines=(line,), found_by="card"))


def refused(till: Till, member: MemberId, *ids: str, total: int = 2000) -> RuleViolation:
    with pytest.raises(RuleViolation) as refusal:
        redeem(till, member, *ids, total=total)
    return refusal.value


def newest_sale(till: Till) -> SaleRecorded:
    with till.context.store.read() as work:
        event = decode_event(work.journal.newest("sale", 1)[0].data)
    assert isinstance(event, SaleRecorded)
    return event


def test_the_list_says_of_each_reward_why_it_cannot_be_had(till: Till) -> None:
    member = rich_member(till)
    gold_alone = msgspec.structs.replace(
        MUG, id=RewardId("gold"), name="Cap", when=Conditions(tiers=(TierId("gold"),))
    )
    dear = msgspec.structs.replace(MUG, id=RewardId("dear"), name="Bike", cost_points=9000)
    give_rules(till, rules(MUG, gold_alone, dear, COFFEE))

    listed = offers(till, member)

    assert {name: offer.why_not for name, offer in listed.items()} == {
        "mug": None,
        "gold": Code.REWARD_TIER,
        "dear": Code.POINTS_SHORT,
        "coffee": Code.STAMPS_SHORT,
    }
    assert listed["gold"].why_not_text == "Cap is for Gold members."
    assert listed["coffee"].why_not_text == "3 stamps short for Free coffee."
    assert refused(till, member, "gold").code is Code.REWARD_TIER


def test_what_only_a_sale_can_answer_is_not_asked_on_the_list(till: Till) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, when=Conditions(basket_min=5000))))

    assert offers(till, member)["mug"].available
    assert refused(till, member, "mug").code is Code.REWARD_BASKET
    assert redeem(till, member, "mug", total=5000).redeemed_points == 100


def test_the_list_and_the_sale_name_the_cost_of_now(till: Till) -> None:
    member = rich_member(till)
    offer = PriceOffer(
        id="o", name="Mugs for less", when=Conditions(), reward=MUG.id, cost_points=60
    )
    give_rules(till, rules(MUG, offers=(offer,)))

    assert offers(till, member)["mug"].cost_points == 60
    assert redeem(till, member, "mug").redeemed_points == 60


def test_a_preview_says_what_a_sale_by_all_rules_would_do(till: Till) -> None:
    member = rich_member(till)
    two_plus_one = BuySomeGetSome(id=RewardId("third"), name="Third one free", buy=2, get=1)
    give_rules(till, rules(two_plus_one, MUG))
    lines = (SaleLine(amount=900, quantity=3, category="coffee"),)

    quote = till.quote_sale(
        QuoteSale(member_id=member, total=900, rewards=chosen("third", "mug"), lines=lines)
    )

    assert (quote.discount, quote.to_pay, quote.redeemed_points) == (300, 600, 100)
    assert [(given.card, given.count) for given in quote.stamps] == [("coffee", 3)]
    texts = [step.text for step in quote.trace[:2]]
    assert texts == ["Third one free: EUR 3.00 off", "Mug"]


def test_the_next_reward_is_the_cheapest_that_costs_points(till: Till) -> None:
    member = enroll(till)
    give_rules(till, rules(COFFEE, MUG))

    quote = till.quote_sale(QuoteSale(member_id=member, total=100))

    assert (quote.next_reward_name, quote.next_reward_missing_points) == ("Mug", 49)


def test_stamps_fill_a_card_pay_a_reward_and_what_is_above_stays(till: Till) -> None:
    member = enroll(till)
    give_rules(till, rules(COFFEE))
    coffees(till, member, 4)
    assert (offers(till, member)["coffee"].stamps, offers(till, member)["coffee"].cost_stamps) == (
        4,
        3,
    )

    redeem(till, member, "coffee")

    taken = RewardTaken(reward=COFFEE.id, points=0, discount=0, stamps=3)
    assert newest_sale(till).rewards == (taken,)
    assert offers(till, member)["coffee"].stamps == 1
    assert refused(till, member, "coffee").facts["short_stamps"] == 2


def test_an_undone_sale_gives_its_stamps_back(till: Till) -> None:
    member = enroll(till)
    give_rules(till, rules(COFFEE))
    coffees(till, member, 3)
    done = redeem(till, member, "coffee")

    till.undo_sale(UndoSale(done.sale_id))

    assert offers(till, member)["coffee"].stamps == 3
    redeem(till, member, "coffee")


def test_the_stock_of_a_member_is_counted_by_the_sales_here(till: Till) -> None:
    member, other = rich_member(till), rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, stock=Stock(day=1))))
    done = redeem(till, member, "mug")

    assert offers(till, member)["mug"].why_not is Code.REWARD_MEMBER_STOCK
    assert offers(till, other)["mug"].available
    till.undo_sale(UndoSale(done.sale_id))
    assert redeem(till, member, "mug").redeemed_points == 100


def test_a_stock_in_all_is_for_everybody_and_an_undone_sale_gives_back(till: Till) -> None:
    member, other = rich_member(till), rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, stock=Stock(in_all=1))))
    done = redeem(till, member, "mug")

    assert offers(till, other)["mug"].why_not is Code.REWARD_STOCK
    assert refused(till, other, "mug").code is Code.REWARD_STOCK
    till.undo_sale(UndoSale(done.sale_id))
    assert redeem(till, other, "mug").redeemed_points == 100


def test_a_till_with_a_server_gives_only_its_share_of_a_stock(till: Till) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, stock=Stock(in_all=100))))
    pretend_joined(till, allowance=1000)
    assert offers(till, member)["mug"].why_not is Code.REWARD_STOCK

    for _ in range(2):  # a total told twice is the same total
        share(till, 2)
    redeem(till, member, "mug")
    redeem(till, member, "mug")

    assert offers(till, member)["mug"].why_not is Code.REWARD_STOCK
    share(till, 3)
    assert offers(till, member)["mug"].available
    share(till)
    assert offers(till, member)["mug"].why_not is Code.REWARD_STOCK


def share(till: Till, *totals: int) -> None:
    """Take what the server says of the mugs; without a total it says nothing of them."""
    with till.context.store.write() as work:
        stock = RewardStock(work.settings, work.journal.stream().stream)
        stock.share([(MUG.id, total) for total in totals])
        work.commit()


def test_the_share_of_an_earlier_stream_is_not_that_of_a_new_one(till: Till) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, stock=Stock(in_all=100))))
    pretend_joined(till, allowance=1000)
    share(till, 2)
    with till.context.store.write() as work:
        work.journal.open_stream(StreamId("5" * 32), "6" * 32)
        work.commit()

    assert offers(till, member)["mug"].why_not is Code.REWARD_STOCK


def test_a_program_without_stock_keeps_no_account_of_it(till: Till) -> None:
    member = rich_member(till)
    redeem(till, member, "three-off")

    with till.context.store.read() as work:
        assert work.settings.text(Setting.REWARD_STOCK) == ""


@pytest.mark.parametrize(
    ("policy", "available", "risk_used"),
    [
        (OfflinePolicy.RIGHTS, False, 0),
        (OfflinePolicy.ALLOWANCE, True, 40),
        (OfflinePolicy.ALWAYS, True, 40),
    ],
)
def test_the_offline_policy_says_on_whose_word_points_are_used(
    till: Till,
    policy: OfflinePolicy,
    available: bool,  # noqa: FBT001 - a case of the table
    risk_used: int,
) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, offline=policy)))
    pretend_joined(till, allowance=50, granted={member: 60})

    assert offers(till, member)["mug"].available is available
    if not available:
        assert refused(till, member, "mug").facts["spendable_points"] == 60
        return
    redeem(till, member, "mug")
    sale = newest_sale(till)
    assert (sale.rights_used, sale.risk_used) == (60, risk_used)


def test_only_what_is_always_given_goes_above_rights_and_allowance(till: Till) -> None:
    member = rich_member(till)
    cap = Gift(id=RewardId("cap"), name="Cap", cost_points=30, offline=OfflinePolicy.ALWAYS)
    bag = Gift(id=RewardId("bag"), name="Bag", cost_points=20, offline=OfflinePolicy.RIGHTS)
    give_rules(till, rules(MUG, cap, bag))
    pretend_joined(till, allowance=50, granted={member: 69})
    assert refused(till, member, "mug", "bag", "cap").facts["cost_points"] == 120
    pretend_joined(till, allowance=50, granted={member: 70})

    redeem(till, member, "mug", "bag", "cap", total=10)

    sale = newest_sale(till)
    assert (sale.redeemed, sale.rights_used, sale.risk_used) == (150, 70, 80)
    assert offers(till, member)["bag"].why_not is Code.RIGHTS_SHORT
    assert offers(till, member)["cap"].available


def test_a_reward_that_asks_the_server_is_refused_without_its_answer(till: Till) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, offline=OfflinePolicy.NEVER)))
    assert redeem(till, member, "mug").redeemed_points == 100, "alone there is nobody to ask"
    pretend_joined(till, allowance=500, granted={member: 500})

    assert offers(till, member)["mug"].available
    refusal = refused(till, member, "mug")

    assert refusal.message == "Mug needs the server's yes, which did not come now."
    assert not refusal.saved


def test_a_reward_that_asks_the_server_is_given_on_its_answer_and_by_rights_alone(
    till: Till,
) -> None:
    member = rich_member(till)
    evening = Access(id=RewardId("evening"), name="Evening", offline=OfflinePolicy.NEVER)
    give_rules(till, rules(msgspec.structs.replace(MUG, offline=OfflinePolicy.NEVER), evening))
    pretend_joined(till, allowance=500, granted={member: 60})
    asked: list[int] = []

    def answer(asked_for: MemberId, points: int) -> bool:
        assert asked_for == member
        asked.append(points)
        with till.context.store.write() as work:
            contact_ms = work.settings.number(Setting.LAST_CONTACT_MS) + 1
            work.settings.put(Setting.LAST_CONTACT_MS, contact_ms)
            work.commit()
        return False

    till.context.ask_rights = answer

    assert refused(till, member, "mug").code is Code.RIGHTS_SHORT
    assert redeem(till, member, "evening").redeemed_points == 0
    with till.context.store.write() as work:
        work.connection.execute("UPDATE points SET granted = 160")
        work.commit()
    assert redeem(till, member, "mug").redeemed_points == 100
    assert asked == [100, 0, 100]


def test_rewards_that_cost_no_points_need_no_contact(till: Till) -> None:
    member = enroll(till)
    evening = Access(id=RewardId("evening"), name="Evening")
    give_rules(till, rules(evening, MUG))
    pretend_joined(till)
    with till.context.store.write() as work:
        work.settings.put(Setting.TRUSTED_MS, 1)
        work.settings.put(Setting.SPEND_UNTIL_MS, 2)
        work.commit()

    assert offers(till, member)["evening"].available
    assert redeem(till, member, "evening").redeemed_points == 0


def test_a_thing_is_chosen_and_the_same_sale_again_is_the_same(till: Till) -> None:
    member = rich_member(till)
    cake = FreeItem(
        id=RewardId("cake"), name="Cake", cost_points=10, item="Cake", choices=("Plum", "Apple")
    )
    give_rules(till, rules(cake))
    assert offers(till, member)["cake"].choices == ("Plum", "Apple")
    plum = RewardChoice(cake.id, item="Plum")
    command = RecordSale(total=100, member_id=member, rewards=(plum,), found_by="card")
    done = till.record_sale(command)
    again = RecordSale(
        total=100, member_id=member, rewards=(plum,), found_by="card", sale_id=done.sale_id
    )
    assert till.record_sale(again).already

    apple = RewardChoice(cake.id, item="Apple")
    with pytest.raises(RuleViolation) as refusal:
        till.record_sale(
            RecordSale(
                total=100, member_id=member, rewards=(apple,), found_by="card", sale_id=done.sale_id
            )
        )
    assert refusal.value.code is Code.SALE_DIFFERENT


def test_paying_with_points_keeps_what_the_owner_wants_kept(till: Till) -> None:
    member = rich_member(till, 200)
    pay = PointsForMoney(
        id=RewardId("pay"), name="Pay", cost_points=100, amount_per_step=50, keep_points=200
    )
    give_rules(till, rules(pay))

    assert offers(till, member)["pay"].why_not is Code.REWARD_KEEP
    assert refused(till, member, "pay").code is Code.REWARD_KEEP
    sell(till, member, 5_000)
    assert redeem(till, member, "pay").redeemed_points == 100


def test_a_reward_taken_off_before_the_end_leaves_nothing(till: Till) -> None:
    member = rich_member(till)
    give_rules(till, rules(msgspec.structs.replace(MUG, stock=Stock(in_all=1))))
    till.quote_sale(QuoteSale(member_id=member, total=900, rewards=chosen("mug")))

    done = redeem(till, member)

    assert done.redeemed_points == 0
    assert newest_sale(till).rewards == ()
    assert offers(till, member)["mug"].available


def test_a_debt_keeps_nobody_from_what_costs_no_points(till: Till) -> None:
    member = enroll(till)
    give_rules(till, rules(Access(id=RewardId("evening"), name="Evening"), MUG))
    with till.context.store.write() as work:
        work.connection.execute("UPDATE points SET overlay_points = -13")
        work.commit()

    assert offers(till, member)["mug"].why_not_text == "113 points short for Mug."
    assert redeem(till, member, "evening").redeemed_points == 0
