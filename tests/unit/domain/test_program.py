"""A program is usable as a whole, or refused with the path of what is wrong."""

import msgspec
import pytest

from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.earning_rule import Caps, EarningRule, StampCard, Stamps
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import ProgramVersion, RewardId, TierId
from pos_loyalty.domain.program import (
    EarnRule,
    LoyaltyProgram,
    Tier,
    WeekdayMultiplier,
    is_plain,
    program_in_force,
)
from pos_loyalty.domain.program_check import check_program
from pos_loyalty.domain.reward import AmountOff, FreeItem, Gift, PercentOff, PointsForMoney
from tests.builders import STANDARD


def changed(**fields: object) -> LoyaltyProgram:
    """Return the standard program with other fields."""
    return msgspec.structs.replace(STANDARD, **fields)


def tier(identity: str, threshold: int, percent: int = 100) -> Tier:
    return Tier(id=TierId(identity), name=identity, threshold_points=threshold, percent=percent)


@pytest.mark.parametrize("currency", ["EUR", "JPY", "KWD", "TRY"])
def test_the_default_program_is_usable_in_every_kind_of_currency(currency: str) -> None:
    assert check_program(default_program(currency)).currency == currency


REWARD = RewardId("x")


@pytest.mark.parametrize(
    ("program", "path"),
    [
        (changed(version=ProgramVersion("")), "version"),
        (changed(earn=EarnRule(step_minor_units=0, points_per_step=1)), "earn.step_minor_units"),
        (changed(earn=EarnRule(step_minor_units=1, points_per_step=0)), "earn.points_per_step"),
        (changed(welcome_points=-1), "welcome_points"),
        (changed(tiers=()), "tiers"),
        (changed(tiers=(tier("a", 5),)), "tiers[0].threshold_points"),
        (changed(tiers=(tier("a", 0), tier("b", 9), tier("c", 9))), "tiers[2].threshold_points"),
        (changed(tiers=(tier("a", 0), tier("a", 9))), "tiers[1].id"),
        (changed(tiers=(tier("a", 0, percent=99),)), "tiers[0].percent"),
        (
            changed(weekday_multipliers=(WeekdayMultiplier(name="w", weekdays=(), percent=200),)),
            "weekday_multipliers[0].weekdays",
        ),
        (
            changed(weekday_multipliers=(WeekdayMultiplier(name="w", weekdays=(7,), percent=200),)),
            "weekday_multipliers[0].weekdays",
        ),
        (
            changed(
                weekday_multipliers=(WeekdayMultiplier(name="w", weekdays=(1, 7), percent=200),)
            ),
            "weekday_multipliers[0].weekdays",
        ),
        (
            changed(
                weekday_multipliers=(WeekdayMultiplier(name="w", weekdays=(1,), percent=99_999),)
            ),
            "weekday_multipliers[0].percent",
        ),
        (
            changed(rewards=(FreeItem(id=REWARD, name="x", cost_points=0, item="x"),)),
            "rewards[0].cost_points",
        ),
        (
            changed(rewards=(FreeItem(id=REWARD, name="x", cost_points=1, item="x", worth=-1),)),
            "rewards[0].worth",
        ),
        (
            changed(rewards=(AmountOff(id=REWARD, name="x", cost_points=1, amount=0),)),
            "rewards[0].amount",
        ),
        (
            changed(
                rewards=(PercentOff(id=REWARD, name="x", cost_points=1, percent=101, amount_max=1),)
            ),
            "rewards[0].percent",
        ),
        (
            changed(
                rewards=(PercentOff(id=REWARD, name="x", cost_points=1, percent=5, amount_max=0),)
            ),
            "rewards[0].amount_max",
        ),
        (
            changed(
                rewards=(PointsForMoney(id=REWARD, name="x", cost_points=1, amount_per_step=0),)
            ),
            "rewards[0].amount_per_step",
        ),
        (
            changed(
                rewards=(
                    PointsForMoney(
                        id=REWARD,
                        name="x",
                        cost_points=1,
                        amount_per_step=1,
                        share_percent_max=0,
                    ),
                )
            ),
            "rewards[0].share_percent_max",
        ),
        (changed(rewards=STANDARD.rewards[:1] * 2), "rewards[1].id"),
        (
            changed(
                rules=(EarningRule(id="cup", name="Cup", give=Stamps(card="cups")),),
                stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
                rewards=(
                    Gift(
                        id=REWARD, name="x", stamp_card="cups", cost_by_tier={TierId("gold"): 100}
                    ),
                ),
            ),
            "rewards[0].stamp_card",
        ),
    ],
)
def test_a_broken_program_is_refused_with_its_path(program: LoyaltyProgram, path: str) -> None:
    with pytest.raises(CommandRefused) as refused:
        check_program(program)

    assert refused.value.facts["path"] == path
    assert path in refused.value.message


def test_an_unknown_currency_is_refused_too() -> None:
    with pytest.raises(CommandRefused):
        check_program(changed(currency="XYZ"))


def test_the_version_in_force_is_the_newest_whose_time_has_come() -> None:
    first = changed(version=ProgramVersion("1"), effective_from_ms=100)
    second = changed(version=ProgramVersion("2"), effective_from_ms=200)

    assert program_in_force([second, first], 150).version == "1"
    assert program_in_force([second, first], 200).version == "2"
    assert program_in_force([second, first], 5).version == "1"


def test_a_reward_is_found_by_its_id() -> None:
    assert STANDARD.reward("free-pastry") is not None
    assert STANDARD.reward("no-such") is None


@pytest.mark.parametrize(
    "fields",
    [
        {"welcome_points": 7},
        {"tiers": (tier("basic", 0), tier("gold", 500, 150))},
        {"weekday_multipliers": (WeekdayMultiplier(name="x2", weekdays=(2,), percent=200),)},
    ],
)
def test_what_0_1_0_had_is_plain(fields: dict[str, object]) -> None:
    assert is_plain(changed(**fields))


@pytest.mark.parametrize(
    "fields",
    [
        {"sale_points_min": 1},
        {"caps": Caps(day=1000)},
        {"expiration": ExpirationRules(model=AfterEarning(months=12))},
        {"tiers": (msgspec.structs.replace(tier("basic", 0), threshold_visits=3),)},
    ],
)
def test_a_rule_that_0_1_0_cannot_compute_is_not_plain(fields: dict[str, object]) -> None:
    assert not is_plain(changed(**fields))


def test_one_reward_that_0_1_0_cannot_give_is_enough_not_to_be_plain() -> None:
    gift = Gift(id=RewardId("mug"), name="Mug", cost_points=100)
    free = FreeItem(id=RewardId("cake"), name="Cake", cost_points=100, item="Cake")

    assert is_plain(changed(rewards=(free,)))
    assert not is_plain(changed(rewards=(free, gift)))
    assert not is_plain(changed(rewards=(msgspec.structs.replace(free, choices=("a", "b")),)))


def test_the_starting_program_doubles_on_tuesdays() -> None:
    assert [rule.weekdays for rule in STANDARD.weekday_multipliers] == [(1,)]
    assert STANDARD.weekday_multipliers[0].name == "Tuesday"
