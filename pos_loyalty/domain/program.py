"""One dated, immutable version of all rules, and its check as a whole.

A sale names the version it was computed with, so its points can be recomputed
years later. A change is a new version with its own ``effective_from_ms``.
"""

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Caps,
    EarnBasis,
    EarningRule,
    EarnRule,
    ReferralRule,
    Rounding,
    RoundingScope,
    StampCard,
    WeekdayMultiplier,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.expiration import ExpirationRules
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.money import MinorUnits, currency_of
from pos_loyalty.domain.offer import Offer
from pos_loyalty.domain.reward import (
    AmountOff,
    FreeItem,
    PercentOff,
    PointsForMoney,
    Reward,
    is_plain_reward,
)
from pos_loyalty.domain.rounding import DAYS_PER_WEEK
from pos_loyalty.domain.tier import Tier, TierRules

PERCENT_WHOLE = 100
_MULTIPLIER_PERCENT_MAX = 10_000


class AlreadySpent(StrEnum):
    """What a refund does about points that were spent already."""

    ALLOW_NEGATIVE = "allow_negative"
    CLAMP = "clamp"
    TAKE_OFF_CASH = "take_off_cash"


class RefundRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A debt that the next points repay, nothing below zero, or less cash back.

    ``point_worth`` of ``point_worth_points`` points is what a missing point takes off the cash.
    """

    already_spent: AlreadySpent = AlreadySpent.ALLOW_NEGATIVE
    point_worth: MinorUnits = 0
    point_worth_points: int = 1


class LoyaltyProgram(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All rules of one version; ``tiers`` ascend and the first begins at 0.

    The fields up to ``welcome_points`` are those of 0.1.0; see :func:`is_plain`.
    """

    version: ProgramVersion
    name: str
    currency: str
    effective_from_ms: int
    earn: EarnRule
    tiers: tuple[Tier, ...]
    weekday_multipliers: tuple[WeekdayMultiplier, ...] = ()
    rewards: tuple[Reward, ...] = ()
    welcome_points: int = 0
    rounding: Rounding = Rounding.FLOOR
    rounding_scope: RoundingScope = RoundingScope.BASKET
    earn_basis: EarnBasis = EarnBasis.TAX_INCLUDED
    paid_with_points_earns: bool = False
    payments_excluded: tuple[str, ...] = ()
    rules: tuple[EarningRule, ...] = ()
    caps: Caps = Caps()
    sale_points_min: int = 0
    pending_days: int = 0
    stamp_cards: tuple[StampCard, ...] = ()
    activities: tuple[ActivityRule, ...] = ()
    referral: ReferralRule | None = None
    offers: tuple[Offer, ...] = ()
    expiration: ExpirationRules = ExpirationRules()
    tier_rules: TierRules = TierRules()
    refunds: RefundRules = RefundRules()

    def reward(self, reward_id: str) -> Reward | None:
        """Return the reward with this id, or None."""
        return next((reward for reward in self.rewards if reward.id == reward_id), None)


def is_plain(program: LoyaltyProgram) -> bool:
    """Tell whether a till of 0.1.0 computes the same: only such versions are sent to one."""
    plain = LoyaltyProgram(
        version=program.version,
        name=program.name,
        currency=program.currency,
        effective_from_ms=program.effective_from_ms,
        earn=program.earn,
        tiers=tuple(
            Tier(
                id=tier.id,
                name=tier.name,
                threshold_points=tier.threshold_points,
                percent=tier.percent,
            )
            for tier in program.tiers
        ),
        weekday_multipliers=program.weekday_multipliers,
        rewards=program.rewards,
        welcome_points=program.welcome_points,
    )
    return plain == program and all(is_plain_reward(reward) for reward in program.rewards)


def program_in_force(programs: Sequence[LoyaltyProgram], at_ms: int) -> LoyaltyProgram:
    """Return the newest version whose time has come; the oldest one before any has."""
    assert programs
    if len(programs) == 1:
        return programs[0]
    ordered = sorted(programs, key=lambda program: (program.effective_from_ms, program.version))
    begun = [program for program in ordered if program.effective_from_ms <= at_ms]
    return begun[-1] if begun else ordered[0]


def check_program(program: LoyaltyProgram) -> LoyaltyProgram:
    """Return the program if it is usable as a whole.

    Raises:
        CommandRefused: the first rule that cannot be kept, with its path.
    """
    _ensure("version", bool(program.version), "a version needs a name")
    currency_of(program.currency)
    _ensure("earn.step_minor_units", program.earn.step_minor_units > 0, "a step is above 0")
    _ensure("earn.points_per_step", program.earn.points_per_step > 0, "a rate of 0 earns nothing")
    _ensure("welcome_points", program.welcome_points >= 0, "points are not negative")
    _check_tiers(program.tiers)
    for index, rule in enumerate(program.weekday_multipliers):
        path = f"weekday_multipliers[{index}]"
        _ensure(f"{path}.weekdays", bool(rule.weekdays), "name at least one weekday")
        _ensure(
            f"{path}.weekdays",
            all(0 <= day < DAYS_PER_WEEK for day in rule.weekdays),
            "weekdays are 0 (Monday) to 6 (Sunday)",
        )
        _check_percent(f"{path}.percent", rule.percent)
    _check_rewards(program.rewards)
    return program


def _check_tiers(tiers: Sequence[Tier]) -> None:
    _ensure("tiers", bool(tiers), "a program has at least one tier")
    _ensure("tiers[0].threshold_points", tiers[0].threshold_points == 0, "the first begins at 0")
    thresholds = [tier.threshold_points for tier in tiers]
    _ensure("tiers", thresholds == sorted(set(thresholds)), "thresholds ascend without repeats")
    _ensure("tiers", len({tier.id for tier in tiers}) == len(tiers), "tier ids differ")
    for index, tier in enumerate(tiers):
        _check_percent(f"tiers[{index}].percent", tier.percent)


def _check_rewards(rewards: Sequence[Reward]) -> None:
    _ensure("rewards", len({reward.id for reward in rewards}) == len(rewards), "reward ids differ")
    for index, reward in enumerate(rewards):
        path = f"rewards[{index}]"
        _ensure(f"{path}.cost_points", reward.cost_points > 0, "a reward costs points")
        match reward:
            case AmountOff():
                _ensure(f"{path}.amount", reward.amount > 0, "an amount off is above 0")
            case PercentOff():
                _ensure(
                    f"{path}.percent",
                    0 < reward.percent <= PERCENT_WHOLE,
                    "a percentage is 1 to 100",
                )
                _ensure(f"{path}.amount_max", reward.amount_max > 0, "the maximum is above 0")
            case FreeItem():
                _ensure(f"{path}.worth", reward.worth >= 0, "worth is not negative")
            case PointsForMoney():
                _ensure(f"{path}.amount_per_step", reward.amount_per_step > 0, "a step buys money")
                _ensure(
                    f"{path}.share_percent_max",
                    0 < reward.share_percent_max <= PERCENT_WHOLE,
                    "a share is 1 to 100",
                )
            case _:
                pass


def _check_percent(path: str, percent: int) -> None:
    _ensure(
        path,
        PERCENT_WHOLE <= percent <= _MULTIPLIER_PERCENT_MAX,
        "a multiplier is 100 (once) to 10000 (a hundred times)",
    )


def _ensure(path: str, holds: bool, detail: str) -> None:  # noqa: FBT001 - reads as a claim
    if not holds:
        raise CommandRefused(Code.PROGRAM_RULES, path=path, detail=detail)
