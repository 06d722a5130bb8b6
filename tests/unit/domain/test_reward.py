"""What rewards take off, and which combinations are refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.redemption import RewardChoice, reward_names, take_rewards
from pos_loyalty.domain.reward import Reward, points_limit, sensible_points, take
from tests.builders import STANDARD


def reward(identity: str) -> Reward:
    found = STANDARD.reward(identity)
    assert found is not None
    return found


PAY = reward("pay-with-points")
TEN = reward("ten-percent")
THREE_OFF = reward("three-off")
PASTRY = reward("free-pastry")


def choice(identity: str, points: int | None = None) -> RewardChoice:
    return RewardChoice(RewardId(identity), points)


def test_each_kind_takes_off_what_it_says() -> None:
    assert take(THREE_OFF, total=2100).discount == 300
    assert take(THREE_OFF, total=200).discount == 200
    assert take(TEN, total=2155).discount == 215
    assert take(TEN, total=99_900).discount == 1000
    assert take(PASTRY, total=2100).discount == 0
    assert take(PAY, total=2100, points=300).discount == 150


@pytest.mark.parametrize("points", [0, -100, 50, 150, 2200])
def test_points_for_money_goes_in_whole_steps_up_to_its_share(points: int) -> None:
    with pytest.raises(RuleViolation) as refused:
        take(PAY, total=2100, points=points)

    assert refused.value.code is Code.REWARD_PART
    assert refused.value.facts["limit_points"] == points_limit(PAY, total=2100) == 2100


def test_a_whole_reward_has_no_parts() -> None:
    with pytest.raises(RuleViolation):
        take(PASTRY, total=2100, points=400)


def test_the_proposed_part_is_what_member_and_sale_allow() -> None:
    assert sensible_points(PAY, total=2100, spendable_points=5000) == 2100
    assert sensible_points(PAY, total=2100, spendable_points=250) == 200
    assert sensible_points(PAY, total=2100, spendable_points=-5) == 0
    assert sensible_points(PASTRY, total=2100, spendable_points=0) == 800


def test_rewards_see_what_the_earlier_ones_left() -> None:
    taken = take_rewards(STANDARD, total=1000, choices=[choice("three-off"), choice("ten-percent")])

    assert [one.discount for one in taken] == [300, 70]
    assert reward_names(STANDARD, taken) == "€3 off + 10 % off"


@pytest.mark.parametrize(
    ("choices", "total", "code"),
    [
        ([choice("no-such")], 1000, Code.REWARD_UNKNOWN),
        ([choice("three-off"), choice("three-off")], 1000, Code.REWARD_TWICE),
        ([choice("three-off"), choice("ten-percent")], 300, Code.REWARD_TOO_LARGE),
    ],
)
def test_combinations_that_cannot_be_are_refused(
    choices: list[RewardChoice], total: int, code: Code
) -> None:
    with pytest.raises(RuleViolation) as refused:
        take_rewards(STANDARD, total=total, choices=choices)

    assert refused.value.code is code
    assert not refused.value.saved


@given(
    total=st.integers(1, 10**9),
    spendable=st.integers(-(10**6), 10**6),
    which=st.sampled_from(STANDARD.rewards),
)
def test_a_reward_never_takes_off_more_than_the_sale(
    total: int, spendable: int, which: Reward
) -> None:
    points = sensible_points(which, total=total, spendable_points=spendable)
    try:
        taken = take(which, total=total, points=points)
    except RuleViolation:
        assert points == 0
        return
    assert 0 <= taken.discount <= total


def test_the_most_that_a_reward_takes_is_its_price_or_the_share_in_whole_steps() -> None:
    assert points_limit(THREE_OFF, total=2100) == THREE_OFF.cost_points
    assert points_limit(THREE_OFF, total=2100, cost=7) == 7
    assert points_limit(PAY, total=0) == 0
    assert points_limit(PAY, total=1099) == 1000  # 5.49 is half of it, and 10 steps of 0.50
    whole = msgspec.structs.replace(PAY, share_percent_max=100)
    assert points_limit(whole, total=1099) == 2100
