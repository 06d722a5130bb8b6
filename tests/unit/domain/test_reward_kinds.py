"""Every kind of reward: what it costs, what it takes off, and what it asks of a sale."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import Conditions
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.offer import PriceOffer
from pos_loyalty.domain.redemption import RewardChoice, points_by_policy, reward_names
from pos_loyalty.domain.reward import (
    Access,
    AmountOff,
    BuySomeGetSome,
    Donation,
    FreeItem,
    Gift,
    OfflinePolicy,
    PercentOff,
    PointsForMoney,
    Reward,
    RewardTaken,
    free_items,
    lowest_cost,
    money_of,
    sensible_points,
    worth_of,
)
from pos_loyalty.domain.reward_condition import cost_of
from pos_loyalty.domain.voucher import voucher_reward
from tests.unit.domain.reward_cases import GOLD, R, bought, line, refusal_of, taken, with_rewards

PAY = PointsForMoney(
    id=R, name="Pay", cost_points=100, amount_per_step=50, share_percent_max=50, keep_points=200
)
BREAD = Conditions(categories=("bread",))
TWO_PLUS_ONE = BuySomeGetSome(id=R, name="Third one free", buy=2, get=1, when=BREAD)


@pytest.mark.parametrize(
    ("get", "expected"),
    [
        (1, {1: 0, 2: 0, 3: 1, 6: 2, 9: 3}),
        (3, {2: 0, 3: 1, 4: 2, 5: 3, 8: 4, 10: 6}),
    ],
)
def test_published_example_of_odoo_buy_two_get_some(get: int, expected: dict[int, int]) -> None:
    reward = BuySomeGetSome(id=R, name="Some free", buy=2, get=get)

    assert {count: free_items(reward, count) for count in expected} == expected


def test_the_cheapest_of_the_chosen_items_are_the_free_ones() -> None:
    facts = bought(
        line(900, 3, category="bread"),
        line(250, category="bread"),
        line(100, category="milk"),
        line(401, 2, category="bread"),
    )

    (one,) = taken(with_rewards(TWO_PLUS_ONE), facts, "r")

    # Six breads, two free: one at 2.00 (4.01 for two, rounded down), and the next at 2.00.
    assert (one.points, one.discount) == (0, 200 + 200)


def test_a_line_below_zero_and_one_without_a_quantity_are_no_items() -> None:
    facts = bought(
        line(600, 2, category="bread"),
        line(-100, category="bread"),
        line(0, 0, category="bread"),
    )

    refused = refusal_of(with_rewards(TWO_PLUS_ONE), facts, "r")

    assert (refused.code, refused.facts["missing"]) == (Code.REWARD_ITEMS, 1)
    assert refused.message == "Third one free needs 1 more of its items on this sale."


@pytest.mark.parametrize(("price", "discount"), [(0, 0), (1, 1)])
def test_what_costs_nothing_is_an_item_and_the_cheapest(price: int, discount: int) -> None:
    facts = bought(line(900, 2, category="bread"), line(price, category="bread"))

    (one,) = taken(with_rewards(TWO_PLUS_ONE), facts, "r")

    assert one.discount == discount


def test_a_sale_without_lines_is_one_item() -> None:
    reward = BuySomeGetSome(id=R, name="Third one free", buy=2, get=1)

    assert refusal_of(with_rewards(reward), bought(total=900), "r").facts["missing"] == 2


def test_free_items_never_take_off_more_than_is_left_to_pay() -> None:
    off = AmountOff(id=RewardId("off"), name="8 off", cost_points=10, amount=800)
    facts = bought(line(900, 3, category="bread"))

    first, second = taken(with_rewards(TWO_PLUS_ONE, off), facts, "off", "r")

    assert (first.discount, second.discount) == (800, 100)


@pytest.mark.parametrize(
    "reward",
    [
        Gift(id=R, name="Mug", cost_points=300, worth=900),
        Access(id=R, name="Evening", cost_points=0, worth=500),
        Donation(id=R, name="Trees", cost_points=300, to="The forest", worth=100),
        FreeItem(id=R, name="Pastry", cost_points=300, item="Pastry", worth=400),
    ],
)
def test_what_is_handed_out_takes_nothing_off_and_needs_nothing_left_to_pay(
    reward: Reward,
) -> None:
    off = AmountOff(id=RewardId("off"), name="8 off", cost_points=10, amount=800)
    program = with_rewards(off, reward)

    one = taken(program, bought(total=800), "off", "r")[1]

    assert (one.points, one.discount) == (reward.cost_points, 0)


def test_what_takes_money_off_needs_something_left_to_pay() -> None:
    off = AmountOff(id=RewardId("off"), name="8 off", cost_points=10, amount=800)
    ten = PercentOff(id=R, name="10 %", cost_points=10, percent=10, amount_max=100)

    refused = refusal_of(with_rewards(off, ten), bought(total=800), "off", "r")

    assert refused.code is Code.REWARD_TOO_LARGE


def test_a_reward_costs_less_in_a_higher_tier() -> None:
    reward = Gift(id=R, name="Mug", cost_points=300, cost_by_tier={GOLD: 200})
    program = with_rewards(reward)

    assert cost_of(program, reward, bought(total=100)) == 300
    assert taken(program, bought(total=100, tier="gold"), "r")[0].points == 200
    assert lowest_cost(reward) == 200


def test_a_tier_that_the_program_does_not_have_counts_as_the_first() -> None:
    reward = Gift(id=R, name="Mug", cost_points=300, cost_by_tier={GOLD: 200})

    assert cost_of(with_rewards(reward), reward, bought(total=100, tier="platinum")) == 300


def price(cost: int, name: str = "o", when: Conditions | None = None) -> PriceOffer:
    return PriceOffer(id=name, name=name, when=when or Conditions(), reward=R, cost_points=cost)


def test_the_lowest_price_offer_that_holds_replaces_the_cost_where_it_is_lower() -> None:
    reward = Gift(id=R, name="Mug", cost_points=300, cost_by_tier={GOLD: 120})
    bread_alone = price(50, "c", BREAD)
    program = with_rewards(reward, offers=[price(150, "a"), price(200, "b"), bread_alone])

    assert cost_of(program, reward, bought(total=100)) == 150
    assert cost_of(program, reward, bought(total=100, tier="gold")) == 120
    assert cost_of(program, reward, bought(line(100, category="bread"))) == 50


def test_a_price_offer_is_judged_on_the_sale_as_the_rewards_before_left_it() -> None:
    off = AmountOff(id=RewardId("off"), name="3 off", cost_points=10, amount=300)
    mug = Gift(id=R, name="Mug", cost_points=300)
    program = with_rewards(off, mug, offers=[price(100, when=Conditions(basket_min=800))])

    assert [one.points for one in taken(program, bought(total=1000), "r", "off")] == [100, 10]
    assert [one.points for one in taken(program, bought(total=1000), "off", "r")] == [10, 300]


def test_an_offer_lowers_each_step_of_paying_with_points_but_never_to_nothing() -> None:
    program = with_rewards(PAY, offers=[price(40)])
    half = taken(program, bought(total=1000), RewardChoice(R, 400))

    assert [(one.points, one.discount) for one in half] == [(400, 500)]
    assert refusal_of(program, bought(total=1000), RewardChoice(R, 100)).code is Code.REWARD_PART
    assert cost_of(with_rewards(PAY, offers=[price(0)]), PAY, bought(total=1000)) == 1


@pytest.mark.parametrize(("balance", "is_kept"), [(500, True), (499, False)])
def test_paying_with_points_leaves_some_in_the_account(balance: int, is_kept: bool) -> None:  # noqa: FBT001 - a case of the table
    program = with_rewards(PAY)
    chosen = RewardChoice(R, 300)
    if is_kept:
        assert taken(program, bought(total=1000), chosen, balance=balance)[0].points == 300
        return
    refused = refusal_of(program, bought(total=1000), chosen, balance=balance)
    assert (refused.code, refused.facts["keep_points"]) == (Code.REWARD_KEEP, 200)


def test_what_is_kept_counts_after_all_rewards_of_the_sale() -> None:
    mug = Gift(id=RewardId("mug"), name="Mug", cost_points=300)
    program = with_rewards(PAY, mug)
    chosen = (RewardChoice(R, 100), RewardChoice(RewardId("mug")))

    assert refusal_of(program, bought(total=1000), *chosen, balance=599).code is Code.REWARD_KEEP
    assert len(taken(program, bought(total=1000), *chosen, balance=600)) == 2


def test_the_proposed_part_leaves_what_must_be_kept() -> None:
    assert sensible_points(PAY, total=9000, spendable_points=450) == 200
    assert sensible_points(PAY, total=9000, spendable_points=450, balance_points=900) == 400
    assert sensible_points(PAY, total=9000, spendable_points=450, cost=70) == 210
    assert sensible_points(PAY, total=9000, spendable_points=150) == 0


def test_one_of_several_things_is_chosen_and_written_down() -> None:
    cake = FreeItem(id=R, name="Cake", cost_points=100, item="Cake", choices=("Plum", "Apple"))
    program = with_rewards(cake)

    (one,) = taken(program, bought(total=900), RewardChoice(R, item="Apple"))

    assert one == RewardTaken(reward=R, points=100, discount=0, item="Apple")
    assert reward_names(program, (one,)) == "Cake (Apple)"
    for wrong in ("", "Cherry"):
        refused = refusal_of(program, bought(total=900), RewardChoice(R, item=wrong))
        assert refused.message == "Choose one for Cake: Plum, Apple."


def test_a_reward_of_one_thing_has_no_choice() -> None:
    mug = Gift(id=R, name="Mug", cost_points=100)

    refused = refusal_of(with_rewards(mug), bought(total=900), RewardChoice(R, item="Blue"))

    assert refused.code is Code.REWARD_CHOICE


@pytest.mark.parametrize("order", [("r", "other"), ("other", "r")])
def test_an_exclusive_reward_goes_with_no_other(order: tuple[str, str]) -> None:
    alone = Gift(id=R, name="Mug", cost_points=1, exclusive=True)
    other = Gift(id=RewardId("other"), name="Pen", cost_points=1)
    program = with_rewards(alone, other)

    assert refusal_of(program, bought(total=9), *order).code is Code.REWARD_EXCLUSIVE
    assert len(taken(program, bought(total=9), "r")) == 1


def test_points_are_told_apart_by_offline_policy() -> None:
    mug = Gift(id=R, name="Mug", cost_points=100, offline=OfflinePolicy.NEVER)
    pen = Gift(id=RewardId("pen"), name="Pen", cost_points=30)
    cap = Gift(id=RewardId("cap"), name="Cap", cost_points=20)
    program = with_rewards(mug, pen, cap)
    rewards = taken(program, bought(total=9), "r", "pen", "cap")
    voucher = RewardTaken(reward=voucher_reward("ab" * 16), points=0, discount=5)

    by_policy = points_by_policy(program, (*rewards, voucher))

    assert by_policy == {OfflinePolicy.NEVER: 100, OfflinePolicy.ALLOWANCE: 50}
    assert reward_names(program, (rewards[0], voucher)) == "Mug + Voucher"


def test_what_costs_no_points_is_no_measure_of_their_worth() -> None:
    free = Access(id=R, name="Evening", worth=10_000)
    stamped = FreeItem(id=R, name="Coffee", item="Coffee", worth=400, stamp_card="coffee")
    mug = Gift(id=R, name="Mug", cost_points=300, cost_by_tier={GOLD: 200}, worth=900)

    assert money_of((free, stamped, TWO_PLUS_ONE), 100) == 0
    assert money_of((free, mug), 100) == 450
    assert worth_of(TWO_PLUS_ONE) == 0


lines = st.lists(
    st.builds(
        SaleLine,
        amount=st.integers(-500, 5_000),
        quantity=st.integers(-1, 12),
        category=st.sampled_from(("bread", "milk")),
    ),
    min_size=1,
    max_size=8,
)


@given(lines=lines, buy=st.integers(1, 4), get=st.integers(1, 4))
def test_free_items_are_the_cheapest_and_never_worth_more_than_the_sale(
    lines: list[SaleLine], buy: int, get: int
) -> None:
    total = sum(one.amount for one in lines)
    reward = BuySomeGetSome(id=R, name="Some free", buy=buy, get=get, when=BREAD)
    items = sorted(
        one.amount // one.quantity
        for one in lines
        for _ in range(one.quantity)
        if one.category == "bread" and one.amount >= 0
    )
    if total <= 0:
        return
    facts = bought(*lines)
    if not any(one.category == "bread" for one in lines):
        assert refusal_of(with_rewards(reward), facts, "r").code is Code.REWARD_BASKET
        return
    groups, rest = divmod(len(items), buy + get)
    free = groups * get + max(0, rest - buy)
    if not free:
        assert refusal_of(with_rewards(reward), facts, "r").code is Code.REWARD_ITEMS
        return
    assert taken(with_rewards(reward), facts, "r")[0].discount == min(sum(items[:free]), total)
