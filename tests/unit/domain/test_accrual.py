"""What a sale earns, and that it can be explained."""

from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.accrual import earn, earned_points
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.reward import RewardTaken
from tests.builders import STANDARD, TUESDAY_MS, facts

THREE_OFF = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)


def test_a_part_filled_step_earns_nothing() -> None:
    assert earn(STANDARD, facts(99)).points == 0
    assert earn(STANDARD, facts(100)).points == 1
    assert earn(STANDARD, facts(2199)).points == 21


def test_tuesday_doubles() -> None:
    result = earn(STANDARD, facts(2100, at_ms=TUESDAY_MS))

    assert result.points == 42
    assert result.trace[-1].text == "2× Tuesday"


def test_multipliers_do_not_stack_the_best_one_wins() -> None:
    assert earn(STANDARD, facts(2100, tier="gold")).points == 31
    assert earn(STANDARD, facts(2100, tier="gold", at_ms=TUESDAY_MS)).points == 42


def test_an_unknown_tier_counts_as_the_first() -> None:
    assert earn(STANDARD, facts(2100, tier="gone")).points == 21


def test_the_part_paid_with_rewards_does_not_earn() -> None:
    result = earn(STANDARD, facts(2100, rewards=[THREE_OFF]))

    assert result.points == 18
    assert result.trace[0].rule == "rewards"


def test_the_weekday_is_that_of_the_shop() -> None:
    one_minute_to_midnight = TUESDAY_MS // 86_400_000 * 86_400_000 + 86_400_000 - 60_000

    assert earn(STANDARD, facts(100, at_ms=one_minute_to_midnight, offset_minutes=0)).points == 2
    assert earn(STANDARD, facts(100, at_ms=one_minute_to_midnight, offset_minutes=60)).points == 1


@given(
    total=st.integers(1, 10**9),
    tier=st.sampled_from(["bronze", "silver", "gold"]),
    at_ms=st.integers(0, 4 * 10**12),
    discount=st.integers(0, 10**9),
)
def test_the_trace_ends_at_the_points_and_more_money_never_earns_less(
    total: int, tier: str, at_ms: int, discount: int
) -> None:
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=min(discount, total))
    result = earn(STANDARD, facts(total, tier=tier, at_ms=at_ms, rewards=[taken]))

    more = earn(STANDARD, facts(total + 1, tier=tier, at_ms=at_ms, rewards=[taken]))

    assert result.trace[-1].points == result.points
    assert 0 <= result.points <= more.points


@given(st.integers(0, 10**7), st.booleans(), st.booleans(), st.sampled_from(["", "silver", "gold"]))
def test_the_points_alone_are_those_that_are_explained(
    total: int,
    is_tuesday: bool,  # noqa: FBT001 - drawn by place
    has_reward: bool,  # noqa: FBT001 - drawn by place
    tier: str,
) -> None:
    sale = facts(
        total,
        at_ms=TUESDAY_MS + (0 if is_tuesday else 24 * 3_600_000),
        tier=tier,
        rewards=(THREE_OFF,) if has_reward else (),
    )

    assert earned_points(STANDARD, sale) == earn(STANDARD, sale).points
