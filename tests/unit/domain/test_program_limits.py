"""The largest figure that a program may have is taken; one more is named with its place."""

from calendar import monthrange
from collections.abc import Callable

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    Multiply,
    PerVisit,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    Expiration,
    ExpirationRules,
    FixedDate,
    Inactivity,
)
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.program import LoyaltyProgram, Tier
from pos_loyalty.domain.program_check import problems_of
from pos_loyalty.domain.reward import FreeItem
from pos_loyalty.domain.tier import PaidMembership, TierRules, TierWindow
from tests.builders import STANDARD

MONTH_DAYS = [monthrange(2024, month)[1] for month in range(1, 13)]
Make = Callable[[int], LoyaltyProgram]


def with_(**fields: object) -> LoyaltyProgram:
    return msgspec.structs.replace(STANDARD, **fields)


def rule(**fields: object) -> LoyaltyProgram:
    plain = EarningRule(id="more", name="More", give=Bonus(points=5))
    return with_(rules=(msgspec.structs.replace(plain, **fields),))


def life(model: Expiration, *warnings_days: int) -> LoyaltyProgram:
    return with_(expiration=ExpirationRules(model=model, warnings_days=warnings_days))


def later(months: int) -> LoyaltyProgram:
    first = Tier(id=TierId("all"), name="All", expires_later_months=months)
    return with_(tiers=(first,), expiration=ExpirationRules(model=AfterEarning(years=1)))


def bought(months: int) -> LoyaltyProgram:
    club = Tier(id=TierId("club"), name="Club", paid=PaidMembership(price=900, months=months))
    return with_(tiers=(Tier(id=TierId("all"), name="All"), club))


def activities(count: int) -> LoyaltyProgram:
    return with_(
        activities=tuple(ActivityRule(id=f"a{at}", name="Did it", points=1) for at in range(count))
    )


def skus(count: int) -> LoyaltyProgram:
    return rule(when=Conditions(skus=tuple(str(at) for at in range(count))))


MOST: list[tuple[Make, int, str]] = [
    (lambda most: with_(welcome_points=most), 999_999_999, "welcome_points"),
    (lambda most: with_(name="n" * most), 120, "name"),
    (lambda most: rule(id="i" * most), 40, "rules[0].id"),
    (skus, 5_000, "rules[0].when.skus"),
    (activities, 500, "activities"),
    (
        lambda most: rule(when=Conditions(birthday_days=most)),
        182,
        "rules[0].when.birthday_days",
    ),
    (lambda most: rule(give=Multiply(percent=most)), 10_000, "rules[0].give.percent"),
    (
        lambda most: rule(give=PerVisit(points=5, hours_between=most)),
        8_760,
        "rules[0].give.hours_between",
    ),
    (lambda most: life(AfterEarning(days=most)), 36_500, "expiration.model.days"),
    (lambda most: life(AfterEarning(months=most)), 1_200, "expiration.model.months"),
    (lambda most: life(AfterEarning(years=most)), 100, "expiration.model.years"),
    (later, 1_200, "tiers[0].expires_later_months"),
    (bought, 1_200, "tiers[1].paid.months"),
    (lambda most: with_(pending_days=most), 365, "pending_days"),
]


@pytest.mark.parametrize(("make", "most", "path"), MOST)
def test_the_most_is_taken_and_one_more_is_not(make: Make, most: int, path: str) -> None:
    assert problems_of(make(most)) == ()
    assert path in {problem.path for problem in problems_of(make(most + 1))}


LEAST: list[tuple[Make, str]] = [
    (lambda least: rule(id="i" * least), "rules[0].id"),
    (lambda least: rule(give=Bonus(points=least)), "rules[0].give.points"),
    (bought, "tiers[1].paid.months"),
    (lambda least: life(AfterEarning(months=least), 7), "expiration.model"),
    (lambda least: life(Inactivity(months=least), 7), "expiration.model.months"),
]


@pytest.mark.parametrize(("make", "path"), LEAST)
def test_one_is_taken_and_nothing_is_not(make: Make, path: str) -> None:
    assert problems_of(make(1)) == ()
    assert [problem.path for problem in problems_of(make(0))] == [path]


@pytest.mark.parametrize(
    ("model", "longest"),
    [
        (AfterEarning(days=10), 9),
        (AfterEarning(months=2), 55),
        (AfterEarning(years=1, days=1), 336),
        (FixedDate(month=12, day=31, days_min=5), 369),
        (Inactivity(months=3), 83),
    ],
)
def test_a_warning_comes_when_points_are_there_to_warn_of(model: Expiration, longest: int) -> None:
    assert problems_of(life(model, longest)) == ()
    (late,) = problems_of(life(model, longest + 1))
    assert late.path == "expiration.warnings_days"


@pytest.mark.parametrize(
    ("model", "days"),
    [
        (AfterEarning(months=1), 27),
        (AfterEarning(days=9), 8),
        (FixedDate(month=12, day=31, days_min=20), 19),
    ],
)
def test_points_can_be_used_before_they_end(model: Expiration, days: int) -> None:
    def pending(days: int) -> LoyaltyProgram:
        return msgspec.structs.replace(life(model), pending_days=days)

    assert problems_of(pending(days)) == ()
    (late,) = problems_of(pending(days + 1))
    assert late.path == "pending_days"


@pytest.mark.parametrize(
    ("rules", "longest"),
    [
        (TierRules(months=2, grace_days=5), 67),
        (TierRules(window=TierWindow.CALENDAR_YEAR), 365),
        (TierRules(window=TierWindow.ANNIVERSARY_YEAR, grace_days=1), 366),
    ],
)
def test_a_tier_is_warned_of_once_its_window_has_begun(rules: TierRules, longest: int) -> None:
    def warned(days: int) -> LoyaltyProgram:
        return with_(tier_rules=msgspec.structs.replace(rules, warning_days=days))

    assert problems_of(warned(longest)) == ()
    (late,) = problems_of(warned(longest + 1))
    assert late.path == "tier_rules.warning_days"


@pytest.mark.parametrize(
    ("tiers", "window", "is_lost"),
    [
        (STANDARD.tiers[:2], TierWindow.ROLLING, True),
        (STANDARD.tiers, TierWindow.LIFETIME, False),
        (STANDARD.tiers[:1], TierWindow.ROLLING, False),
        (bought(12).tiers, TierWindow.LIFETIME, True),
    ],
)
def test_points_end_with_a_tier_only_where_one_can_be_lost(
    tiers: tuple[Tier, ...], window: TierWindow, *, is_lost: bool
) -> None:
    program = msgspec.structs.replace(
        life(AtTierLoss(), 7), tiers=tiers, tier_rules=TierRules(window=window)
    )

    faults = [problem.path for problem in problems_of(program)]
    assert faults == ([] if is_lost else ["expiration.model"])


def test_a_reward_is_within_reach_where_it_is_for_one_tier() -> None:
    """Nobody gets more than 1,000 points in all, and the welcome."""

    def cake(cost: int, **by_tier: int) -> LoyaltyProgram:
        prices = {TierId(name): price for name, price in by_tier.items()}
        free = FreeItem(
            id=RewardId("cake"), name="Cake", item="Cake", cost_points=cost, cost_by_tier=prices
        )
        return with_(caps=Caps(member=1000), welcome_points=50, rewards=(free,))

    assert problems_of(cake(1050)) == problems_of(cake(2000, gold=1050)) == ()
    for far in (cake(1051), cake(2000, gold=1051)):
        (unreachable,) = problems_of(far)
        assert unreachable.path == "rewards[0].cost_points"


@pytest.mark.parametrize(
    ("month", "day"), [(12, 1), *((1 + at, days) for at, days in enumerate(MONTH_DAYS))]
)
def test_points_end_on_a_day_that_some_year_has(month: int, day: int) -> None:
    assert problems_of(life(FixedDate(month=month, day=day))) == ()


@pytest.mark.parametrize(
    ("month", "day"),
    [(0, 1), (13, 1), (1, 0), *((1 + at, days + 1) for at, days in enumerate(MONTH_DAYS))],
)
def test_no_points_end_on_a_day_that_no_year_has(month: int, day: int) -> None:
    assert "expiration.model" in {
        problem.path for problem in problems_of(life(FixedDate(month=month, day=day)))
    }
