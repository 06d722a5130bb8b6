"""Can a rule ever hold? Its conditions one by one, and together."""

import re
from collections.abc import Iterable, Sequence

from pos_loyalty.domain.did_you_mean import did_you_mean
from pos_loyalty.domain.earning_rule import WEEKDAYS, Conditions
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_fault import Findings, ProgramFault
from pos_loyalty.domain.rounding import DAYS_PER_WEEK

_is_time = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]").fullmatch
_BIRTHDAY_DAYS_MAX = 182
"""More days on both sides are the whole year."""


def check_conditions(
    findings: Findings, path: str, when: Conditions, program: LoyaltyProgram
) -> None:
    """Note conditions that are malformed, name what does not exist, or never hold."""
    check_tier_names(findings, f"{path}.tiers", when.tiers, program)
    for name in ("from_time", "until_time"):
        text: str = getattr(when, name)
        if text and _is_time(text) is None:
            findings.add(f"{path}.{name}", ProgramFault.TIME_SHAPE, _time_words(text))
    if when.birthday_days is not None and when.birthday_days > _BIRTHDAY_DAYS_MAX:
        findings.add(
            f"{path}.birthday_days",
            ProgramFault.DAYS_RANGE,
            f"0 to {_BIRTHDAY_DAYS_MAX} days before and after a birthday",
        )
    _check_days(findings, path, when)
    _check_lines(findings, path, when)


def _time_words(text: str) -> str:
    if text == "24:00":
        return "leave it out: a day ends at midnight by itself"
    return 'a time is written like "14:30"'


def check_tier_names(
    findings: Findings, path: str, names: Iterable[str], program: LoyaltyProgram
) -> None:
    """Note the first tier that the program does not have."""
    known = [tier.id for tier in program.tiers]
    unknown = next((name for name in names if name not in known), None)
    if unknown is not None:
        findings.add(
            path,
            ProgramFault.TIER_UNKNOWN,
            f'no tier has the id "{unknown}"{did_you_mean(unknown, known)}',
        )


def _check_days(findings: Findings, path: str, when: Conditions) -> None:
    first, last = when.from_date, when.until_date
    if first is None or last is None:
        return
    if first > last:
        findings.add(
            f"{path}.until_date", ProgramFault.NEVER_HOLDS, f"it ends before it begins ({first})"
        )
        return
    days = (last - first).days + 1
    if not when.weekdays or days >= DAYS_PER_WEEK:
        return
    in_window = {WEEKDAYS[(first.weekday() + day) % DAYS_PER_WEEK] for day in range(days)}
    if not in_window & set(when.weekdays):
        findings.add(
            f"{path}.weekdays",
            ProgramFault.NEVER_HOLDS,
            f"none of these weekdays lies between {first} and {last}",
        )


def _check_lines(findings: Findings, path: str, when: Conditions) -> None:
    """Note rules whose lists leave no line: whatever they choose they also take out."""
    is_choosing = bool(when.categories or when.skus)
    left = [name for name in when.categories if name not in when.not_categories]
    left += [name for name in when.skus if name not in when.not_skus]
    if is_choosing and not left:
        findings.add(
            f"{path}.{_list_name(when)}",
            ProgramFault.NEVER_HOLDS,
            "all that is chosen is also left out",
        )


def _list_name(when: Conditions) -> str:
    return "not_categories" if when.not_categories else "not_skus"


def unknown_shops(program: LoyaltyProgram, known: Iterable[str]) -> tuple[str, ...]:
    """Return the shops that a program names and nobody knows: no fault, they may open later."""
    parts = (*program.rules, *program.offers, *program.rewards)
    named = {shop for part in parts for shop in part.when.shops}
    return tuple(sorted(named.difference(known)))


def is_unconditional(when: Conditions) -> bool:
    """Tell whether the conditions ask nothing: the rule holds for every sale and every line."""
    return when == Conditions()


def hidden_by(when: Conditions, earlier: Sequence[Conditions]) -> int | None:
    """Return the place of an earlier rule that takes every line first, or None."""
    for place, other in enumerate(earlier):
        if is_unconditional(other) or other == when:
            return place
    return None
