"""What holds for the whole program, in words: how it earns, tiers in time, the life of points.

What is as usual is left out, but for the time in which tiers count and the end of points:
these cost most where they are not as meant.
"""

from collections.abc import Iterator
from typing import Final

from pos_loyalty.domain.earning_rule import (
    EarnBasis,
    ReferralEvent,
    ReferralRule,
    Rounding,
    RoundingScope,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    Expiration,
    ExpirationRules,
    FixedDate,
    Inactivity,
    Never,
    PeriodEnd,
)
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from pos_loyalty.domain.program_words_plain import many, money_words, named
from pos_loyalty.domain.tier import TierRules, TierWindow

_ROUNDING: Final = {
    Rounding.HALF_UP: "half a step or more counts as one",
    Rounding.CEIL: "every step begun counts as one",
}
_WINDOWS: Final = {
    TierWindow.CALENDAR_YEAR: "the calendar year",
    TierWindow.ANNIVERSARY_YEAR: "each member's own year, from the month of enrollment",
    TierWindow.LIFETIME: "everything since the enrollment, so that none falls by itself",
}
_PAYS_ON: Final = {
    ReferralEvent.ENROLLMENT: "at the enrollment",
    ReferralEvent.FIRST_PURCHASE: "at the first purchase",
    ReferralEvent.EVERY_PURCHASE: "at every purchase",
}
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_OWN_LETTERS: Final = "for letters of your own; the program sends none"


def whole_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield what every sale and every enrollment obeys, where it is not as usual."""
    yield from _earning_words(program)
    if program.pending_days:
        days = many(program.pending_days, "day")
        yield f"Waiting: the points of a sale can be used {days} after it"
    if program.welcome_points:
        yield f"Joining: {many(program.welcome_points, 'point')}"


def _earning_words(program: LoyaltyProgram) -> Iterator[str]:
    if program.rounding in _ROUNDING:
        yield f"Rounding: {_ROUNDING[program.rounding]}"
    if program.rounding_scope is RoundingScope.LINE:
        yield "Rounding: on each line by itself"
    if program.earn_basis is EarnBasis.PRE_TAX:
        yield "Earning: on the price without tax"
    if program.paid_with_points_earns:
        yield "Earning: also on what rewards take off"
    if program.payments_excluded:
        yield f"Earning: not on what is paid by {named(program.payments_excluded)}"
    if program.sale_points_min:
        yield f"Earning: a sale gives at least {many(program.sale_points_min, 'point')}"


def tier_time_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield in which time tiers are reached, and when they fall."""
    rules = program.tier_rules
    if any(
        each.threshold_points or each.threshold_spend or each.threshold_visits
        for each in program.tiers
    ):
        yield f"Tiers count: {_window_words(rules)}"
    if rules.grace_days:
        days = many(rules.grace_days, "day")
        yield f"Tiers fall: {days} after the end of that time, one tier at a time"
    if rules.warning_days != TierRules().warning_days:
        yield f"Tiers warn: {many(rules.warning_days, 'day')} before, {_OWN_LETTERS}"


def _window_words(rules: TierRules) -> str:
    if rules.window in _WINDOWS:
        return _WINDOWS[rules.window]
    before = "month" if rules.months == 1 else f"{rules.months} months"
    return f"this month and the {before} before it"


def referral_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield what an invitation pays, and when."""
    rule = program.referral
    if rule is None:
        return
    gives = ", ".join(_referral_gives(rule))
    least = f" of at least {money_words(program, rule.minimum)}" if rule.minimum else ""
    words = f"Invitations: {gives}, {_PAYS_ON[rule.pays_on]}{least}"
    if rule.limit is not None:
        words += f"; who invites is paid at most {many(rule.limit, 'time')}"
    yield words


def _referral_gives(rule: ReferralRule) -> Iterator[str]:
    if rule.referrer_points:
        yield f"{many(rule.referrer_points, 'point')} for who invites"
    if rule.referred_points:
        yield f"{many(rule.referred_points, 'point')} for who comes"


def expiration_words(rules: ExpirationRules) -> Iterator[str]:
    """Yield when points end, in any case, and what may come before and after."""
    yield f"Points end: {_end_words(rules.model)}"
    if rules.warnings_days != ExpirationRules().warnings_days:
        yield f"Warnings: {_warning_words(rules)}"
    if rules.reinstatement_days:
        days = many(rules.reinstatement_days, "day")
        yield f"Reviving: you can give new life to points within {days} of their end"
    if not isinstance(rules.model, Never):
        days = many(rules.grace_days, "day")
        yield f"Points that come back after their end: live {days} more"


def _end_words(model: Expiration) -> str:
    match model:
        case Never():
            return "never"
        case AfterEarning():
            return _after_words(model)
        case FixedDate():
            least = f", but not within {many(model.days_min, 'day')} of their earning"
            day = f"each year at the end of {model.day} {_MONTHS[model.month - 1]}"
            return day + (least if model.days_min else "")
        case Inactivity():
            months = many(model.months, "month")
            return f"all at once after {months} without a sale, an activity or an enrollment"
        case _:
            return "all at once when their member falls to a lower tier"


def _after_words(model: AfterEarning) -> str:
    spans = ((model.years, "year"), (model.months, "month"), (model.days, "day"))
    span = " and ".join(many(count, unit) for count, unit in spans if count)
    is_moved = model.round_to is not PeriodEnd.NONE
    moved = f", at the end of that {model.round_to.value}" if is_moved else ""
    return f"{span} after they were earned{moved}"


def _warning_words(rules: ExpirationRules) -> str:
    if not rules.warnings_days:
        return "none before points end"
    days = ", ".join(str(each) for each in rules.warnings_days)
    return f"{days} days before points end, {_OWN_LETTERS}"


def refund_words(program: LoyaltyProgram) -> Iterator[str]:
    """Yield what a refund does about points that were spent, and what a point is worth."""
    rules = program.refunds
    points = many(rules.point_worth_points, "point")
    worth = f"{money_words(program, rules.point_worth)} for {points}"
    match rules.already_spent:
        case AlreadySpent.CLAMP:
            yield "Refunds: points that were spent already are forgiven"
        case AlreadySpent.TAKE_OFF_CASH:
            yield f"Refunds: points that were spent already come off the cash: {worth}"
            return
        case AlreadySpent.ALLOW_NEGATIVE:
            pass
    if rules.point_worth:
        yield f"Worth: {worth}"
