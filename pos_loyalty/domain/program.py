"""One dated, immutable version of all rules.

A sale names the version it was computed with, so its points can be recomputed
years later. A change is a new version with its own ``effective_from_ms``.
:mod:`pos_loyalty.domain.program_check` tells whether one is usable.
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
from pos_loyalty.domain.expiration import ExpirationRules
from pos_loyalty.domain.ids import ProgramVersion
from pos_loyalty.domain.money import MinorUnits
from pos_loyalty.domain.offer import Offer
from pos_loyalty.domain.reward import Reward, is_plain_reward
from pos_loyalty.domain.tier import Tier, TierRules

PERCENT_WHOLE = 100
NEVER_MS = 2**52
"""A version from then on is never in force: it only explains what was sold by it, by a till
that worked alone with a program of its own."""


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
    """Tell whether a till of 0.1.0 or 0.2.0 computes the same: only such versions are sent to one.

    What such a till asks of a program's shape (:class:`Tier` writes each field) is kept, too.
    """
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


def holds_never(program: LoyaltyProgram) -> bool:
    """Tell whether a version is only known from a till's time alone, and never in force."""
    return program.effective_from_ms >= NEVER_MS


def put_aside(program: LoyaltyProgram) -> LoyaltyProgram:
    """Return the version as one that is known and never in force."""
    return msgspec.structs.replace(program, effective_from_ms=NEVER_MS)


def program_in_force(programs: Sequence[LoyaltyProgram], at_ms: int) -> LoyaltyProgram:
    """Return the newest version whose time has come; the oldest one before any has."""
    assert programs
    if len(programs) == 1:
        return programs[0]
    ordered = sorted(programs, key=lambda program: (program.effective_from_ms, program.version))
    begun = [program for program in ordered if program.effective_from_ms <= at_ms]
    return begun[-1] if begun else ordered[0]
