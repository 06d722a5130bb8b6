"""Tiers and the life of points: can every tier be reached, and does every point live?"""

from collections.abc import Iterator

from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    ExpirationRules,
    FixedDate,
    Inactivity,
)
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check_earning import check_multiplier
from pos_loyalty.domain.program_fault import Findings, ProgramFault
from pos_loyalty.domain.tier import Tier, TierMatch, TierRules, TierWindow

DAYS_MAX = 36_500
MONTHS_MAX = 1_200
YEARS_MAX = 100
_MEASURES = ("threshold_points", "threshold_spend", "threshold_visits")
_MONTHS_PER_YEAR = 12
_MONTH_DAYS_LEAST = 28
_MONTH_DAYS_MOST = 31
_YEAR_DAYS = 365
_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


def check_tiers(findings: Findings, program: LoyaltyProgram) -> None:
    """Note tiers that nobody can reach, or that lie on or below one another."""
    if not program.tiers:
        findings.add("tiers", ProgramFault.TIERS_ABSENT, "a program has at least one tier")
        return
    _check_first(findings, program.tiers[0])
    below: list[Tier] = []
    for index, tier in enumerate(program.tiers):
        path = f"tiers[{index}]"
        check_multiplier(findings, f"{path}.percent", tier.percent)
        if index and tier.paid is None:
            _check_thresholds(findings, path, tier, below, program.tier_rules.match)
            below.append(tier)
        _check_paid(findings, path, tier)
        is_endless = not isinstance(program.expiration.model, AfterEarning | FixedDate)
        if tier.expires_later_months and is_endless:
            findings.add(
                f"{path}.expires_later_months",
                ProgramFault.LIFE_WITHOUT_END,
                "points of this program have no date to be moved",
            )
        _check_most(findings, f"{path}.expires_later_months", tier.expires_later_months, MONTHS_MAX)
    _check_tier_rules(findings, program.tier_rules)


def _named(tier: Tier) -> dict[str, int]:
    """Return the thresholds that a tier names."""
    return {name: getattr(tier, name) for name in _MEASURES if getattr(tier, name)}


def _check_first(findings: Findings, first: Tier) -> None:
    for name in _named(first):
        findings.add(
            f"tiers[0].{name}",
            ProgramFault.TIER_GAP,
            "the first tier is everybody's and has no threshold",
        )
    if first.paid is not None:
        findings.add("tiers[0].paid", ProgramFault.TIER_GAP, "the first tier is everybody's")


def _check_thresholds(
    findings: Findings, path: str, tier: Tier, below: list[Tier], match: TierMatch
) -> None:
    """A tier asks for more than those below it, in what they name, too.

    With ``any`` each measure must grow, or the tier below is passed over; with ``all`` none
    may shrink and one must grow.
    """
    named = _named(tier)
    if not named:
        findings.add(
            path, ProgramFault.TIER_UNREACHABLE, "it names no threshold and cannot be bought"
        )
        return
    for other in below:
        lower = _named(other)
        shared = [name for name in named if name in lower]
        strict = match is TierMatch.ANY
        for name in shared:
            if named[name] < lower[name] or (strict and named[name] == lower[name]):
                findings.add(
                    f"{path}.{name}",
                    ProgramFault.TIER_OVERLAP,
                    f'it asks for no more than "{other.id}" below it',
                )
        if not strict and named == lower:
            findings.add(
                path, ProgramFault.TIER_OVERLAP, f'it asks for no more than "{other.id}" below it'
            )


def _check_paid(findings: Findings, path: str, tier: Tier) -> None:
    if tier.paid is None:
        return
    for name in _named(tier):
        findings.add(
            f"{path}.{name}",
            ProgramFault.TIER_PAID_AND_EARNED,
            "a tier that is bought is never reached by a threshold",
        )
    for name in ("price", "months"):
        if getattr(tier.paid, name) == 0:
            findings.add(f"{path}.paid.{name}", ProgramFault.NUMBER_ZERO, "it is above 0")
    _check_most(findings, f"{path}.paid.months", tier.paid.months, MONTHS_MAX)


def _check_tier_rules(findings: Findings, rules: TierRules) -> None:
    if rules.window is TierWindow.ROLLING and rules.months == 0:
        findings.add(
            "tier_rules.months",
            ProgramFault.TIER_WINDOW_ZERO,
            "a window of 0 months ends with the month in which it begins",
        )
    _check_most(findings, "tier_rules.months", rules.months, MONTHS_MAX)
    _check_most(findings, "tier_rules.grace_days", rules.grace_days, DAYS_MAX)
    window_days = {
        TierWindow.ROLLING: rules.months * _MONTH_DAYS_MOST,
        TierWindow.LIFETIME: DAYS_MAX,
    }.get(rules.window, _YEAR_DAYS)
    if rules.warning_days > window_days + rules.grace_days:
        findings.add(
            "tier_rules.warning_days",
            ProgramFault.WARNING_LATE,
            "the warning would come before the window begins",
        )


def _check_most(findings: Findings, path: str, value: int, most: int) -> None:
    if value > most:
        findings.add(path, ProgramFault.DAYS_RANGE, f"at most {most}")


# --------------------------------------------------------- the life of points --


def check_expiration(findings: Findings, program: LoyaltyProgram) -> None:
    """Note points that end at once or on no day, and warnings that come too late."""
    rules = program.expiration
    _check_model(findings, program)
    for name in ("reinstatement_days", "grace_days"):
        _check_most(findings, f"expiration.{name}", getattr(rules, name), DAYS_MAX)
    _check_warnings(findings, rules)
    life = _shortest_life(rules)
    if life and program.pending_days >= life:
        findings.add(
            "pending_days",
            ProgramFault.PENDING_TOO_LONG,
            f"points that end after {life} days would end before they can be used",
        )


def _check_model(findings: Findings, program: LoyaltyProgram) -> None:
    path = "expiration.model"
    match program.expiration.model:
        case AfterEarning() as model:
            for name, most in (("days", DAYS_MAX), ("months", MONTHS_MAX), ("years", YEARS_MAX)):
                _check_most(findings, f"{path}.{name}", getattr(model, name), most)
            if not any((model.days, model.months, model.years)):
                findings.add(
                    path, ProgramFault.EXPIRES_AT_ONCE, "say after how many days, months or years"
                )
        case FixedDate() as model:
            _check_fixed_date(findings, path, model)
        case Inactivity(months=months):
            if not months:
                findings.add(
                    f"{path}.months", ProgramFault.EXPIRES_AT_ONCE, "0 months end points at once"
                )
            _check_most(findings, f"{path}.months", months, MONTHS_MAX)
        case AtTierLoss() if not _can_be_lost(program):
            findings.add(
                path, ProgramFault.EXPIRATION_NEVER, "no tier of this program is ever lost"
            )
        case _:
            pass


def _can_be_lost(program: LoyaltyProgram) -> bool:
    is_bought = any(tier.paid is not None for tier in program.tiers)
    is_measured_again = program.tier_rules.window is not TierWindow.LIFETIME
    return is_bought or (is_measured_again and len(program.tiers) > 1)


def _check_fixed_date(findings: Findings, path: str, model: FixedDate) -> None:
    is_month = 1 <= model.month <= _MONTHS_PER_YEAR
    if not is_month or not 1 <= model.day <= _MONTH_DAYS[model.month - 1]:
        findings.add(path, ProgramFault.EXPIRATION_DATE, "no year has this day")
    _check_most(findings, f"{path}.days_min", model.days_min, DAYS_MAX)


def _check_warnings(findings: Findings, rules: ExpirationRules) -> None:
    path = "expiration.warnings_days"
    if list(rules.warnings_days) != sorted(rules.warnings_days, reverse=True):
        findings.add(path, ProgramFault.WARNING_ORDER, "the far one comes first, like [30, 7]")
    for days in _too_far(rules):
        findings.add(
            path,
            ProgramFault.WARNING_LATE,
            f"{days} days before their end many points are not earned yet",
        )


def _too_far(rules: ExpirationRules) -> Iterator[int]:
    life = _longest_life(rules)
    yield from (days for days in rules.warnings_days if life and days >= life)


def _shortest_life(rules: ExpirationRules) -> int:
    """Return for how many days a point lives at least; 0 where nothing says so."""
    match rules.model:
        case AfterEarning() as model:
            months = model.months + model.years * _MONTHS_PER_YEAR
            return model.days + months * _MONTH_DAYS_LEAST
        case FixedDate() as model:
            return model.days_min
        case _:
            return 0


def _longest_life(rules: ExpirationRules) -> int:
    """Return within how many days of its earning a warning can come; 0: always."""
    match rules.model:
        case FixedDate() as model:
            return model.days_min + _YEAR_DAYS
        case Inactivity(months=months):
            return months * _MONTH_DAYS_LEAST
        case _:
            return _shortest_life(rules)
