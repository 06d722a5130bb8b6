"""What a point can cost the owner at most, by the rewards of the program."""

from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.reward import Access, FreeItem, Gift
from pos_loyalty.server.allowance_choice import MoneyRate, dearest_rate
from tests.unit.domain.reward_cases import GOLD, with_rewards

EVENING = Access(id=RewardId("evening"), name="Evening", worth=90_000)
COFFEE = FreeItem(
    id=RewardId("coffee"), name="Coffee", item="Coffee", worth=400, stamp_card="coffee"
)
MUG = Gift(id=RewardId("mug"), name="Mug", cost_points=300, cost_by_tier={GOLD: 200}, worth=900)
CAP = Gift(id=RewardId("cap"), name="Cap", cost_points=200, worth=800)


def test_the_dearest_reward_is_judged_where_it_is_cheapest_to_have() -> None:
    rate = dearest_rate(with_rewards(EVENING, COFFEE, CAP, MUG))

    assert rate == MoneyRate(reward="Mug", amount=900, cost_points=200)


def test_rewards_that_cost_no_points_cost_the_owner_no_points() -> None:
    assert dearest_rate(with_rewards(EVENING, COFFEE)) is None
