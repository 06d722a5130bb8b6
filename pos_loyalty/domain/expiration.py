"""When points end: the models a program can choose from.

:mod:`pos_loyalty.domain.lot` applies them.
"""

from enum import StrEnum

import msgspec


class PeriodEnd(StrEnum):
    """To which end a date is moved: points of one period end together."""

    NONE = "none"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class _Model(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="kind"):
    """One way in which points end."""


class Never(_Model, frozen=True, kw_only=True, tag="never"):
    """Points stay for ever."""


class AfterEarning(_Model, frozen=True, kw_only=True, omit_defaults=True, tag="after_earning"):
    """So many days, months or years after they were earned, moved to the end of a period.

    31 January and one month is the last of February.
    """

    days: int = 0
    months: int = 0
    years: int = 0
    round_to: PeriodEnd = PeriodEnd.NONE


class FixedDate(_Model, frozen=True, kw_only=True, omit_defaults=True, tag="fixed_date"):
    """Each year at the end of this day, the first time at least ``days_min`` days later."""

    month: int
    day: int
    days_min: int = 0


class Inactivity(_Model, frozen=True, kw_only=True, tag="inactivity"):
    """So many months without a sale, an activity or an enrollment: then all of them."""

    months: int


class AtTierLoss(_Model, frozen=True, kw_only=True, tag="at_tier_loss"):
    """With the loss of a tier: then all of them."""


Expiration = Never | AfterEarning | FixedDate | Inactivity | AtTierLoss


class ExpirationRules(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The model, when members are warned, and how an owner or a refund revives points.

    ``warnings_days`` before the end, the far one first. An owner can revive what expired
    within ``reinstatement_days``. Points that come back after their end live
    ``grace_days`` from then.
    """

    model: Expiration = Never()
    warnings_days: tuple[int, ...] = (30, 7)
    reinstatement_days: int = 0
    grace_days: int = 30
