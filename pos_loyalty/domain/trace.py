"""Why a sale earned what it did, in words that an owner understands."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

import msgspec

from pos_loyalty.domain.earning_cap import Ceiling
from pos_loyalty.domain.earning_rule import EarnRule, Rounding, RoundingScope
from pos_loyalty.domain.money import Currency, currency_of, plain_amount
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.sale_facts import NotEarning, SaleFacts

_ROUNDED = {
    Rounding.FLOOR: "rounded down",
    Rounding.HALF_UP: "half a step counts as one",
    Rounding.CEIL: "rounded up",
}


class TraceStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of an explanation: the rule, its words, and the points after it.

    ``change`` is what the step itself gave, or took where it is negative; a step that only says
    what was known before, or why, changes nothing.
    """

    rule: str
    text: str
    points: int
    change: int = 0


class Found(StrEnum):
    """What a step of the computation did."""

    RATE = "rate"
    EXCLUDED = "excluded"
    MULTIPLIED = "multiplied"
    PER_ITEM = "per_item"
    VISIT = "visit"
    BONUS = "bonus"
    MINIMUM = "minimum"
    CAP = "cap"
    STAMPS = "stamps"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a rule gave or limited, in figures; ``rule_id`` is empty without a rule.

    ``gain`` is the points it added (for stamps: how many). ``each`` is the rule's own figure:
    points for an item, a visit or a sale, or the percent of a multiplier. ``quantity`` is how
    many items, or on how many lines a multiplier acts (0: on all).
    """

    kind: Found
    key: str
    gain: int
    name: str = ""
    rule_id: str = ""
    money: int = 0
    rate: EarnRule | None = None
    each: int = 0
    quantity: int = 0
    ceiling: Ceiling | None = None


def sum_of_changes(steps: Sequence[TraceStep]) -> int | None:
    """Return what all steps come to; None where fewer than two of them changed anything."""
    changes = [step.change for step in steps if step.change]
    return sum(changes) if len(changes) > 1 else None


def money_text(minor_units: int, currency: str) -> str:
    """Write an amount as an owner reads it: "EUR 12.40"."""
    return f"{currency} {plain_amount(minor_units, _currency(currency))}"


def points_text(points: int) -> str:
    """Write a number of points: "1 point", "2 points"."""
    return "1 point" if points == 1 else f"{points} points"


def multiplier_text(name: str, percent: int) -> str:
    """Write a multiplier: "2× Tuesday"."""
    return f"{percent / 100:g}\u00d7 {name}"


def rate_words(program: LoyaltyProgram, rate: EarnRule) -> str:
    """Write what follows the money: " at 1 point for each EUR 1.00, rounded down"."""
    step = money_text(rate.step_minor_units, program.currency)
    by_line = ", line by line" if program.rounding_scope is RoundingScope.LINE else ""
    rounded = _ROUNDED[program.rounding]
    return f" at {points_text(rate.points_per_step)} for each {step}, {rounded}{by_line}"


def rewards_step(program: LoyaltyProgram, facts: SaleFacts, discount: int) -> TraceStep:
    """Return the step about what rewards paid."""
    paid = money_text(discount, program.currency)
    total = money_text(facts.total, program.currency)
    text = f"{paid} of {total} paid with rewards, which earns nothing"
    return TraceStep(rule="rewards", text=text, points=0)


def steps_of(
    program: LoyaltyProgram, facts: SaleFacts, not_earning: NotEarning, found: Iterable[Finding]
) -> tuple[TraceStep, ...]:
    """Return the whole explanation: what does not earn, then each finding with the sum after it."""
    steps = _not_earning_steps(program, facts, not_earning)
    points = 0
    for finding in found:
        change = 0 if finding.kind is Found.STAMPS else finding.gain
        points += change
        text = _words(program, finding)
        if finding.ceiling is not None and finding.kind is not Found.CAP:
            unit = "stamps" if finding.kind is Found.STAMPS else "points"
            text = f"{text}; {finding.ceiling.words(unit)}"
        steps.append(TraceStep(rule=finding.key, text=text, points=points, change=change))
    return tuple(steps)


def _not_earning_steps(
    program: LoyaltyProgram, facts: SaleFacts, not_earning: NotEarning
) -> list[TraceStep]:
    steps: list[TraceStep] = []
    if not_earning.tax:
        tax = money_text(not_earning.tax, program.currency)
        steps.append(TraceStep(rule="tax", text=f"{tax} of tax earns nothing", points=0))
    if not_earning.discount_lines:
        off = money_text(not_earning.discount_lines, program.currency)
        steps.append(TraceStep(rule="discount", text=f"{off} taken off by lines", points=0))
    if not_earning.rewards:
        steps.append(rewards_step(program, facts, not_earning.rewards))
    if not_earning.payments:
        paid = money_text(not_earning.payments, program.currency)
        kinds = _kinds_text(facts, program.payments_excluded)
        text = f"{paid} paid by {kinds}, which earns nothing"
        steps.append(TraceStep(rule="payments", text=text, points=0))
    return steps


def _kinds_text(facts: SaleFacts, excluded: Sequence[str]) -> str:
    used = dict.fromkeys(payment.kind for payment in facts.payments if payment.kind in excluded)
    return " and ".join(used)


def _words(program: LoyaltyProgram, finding: Finding) -> str:
    named = f"{finding.name}: " if finding.name else ""
    match finding.kind:
        case Found.RATE | Found.EXCLUDED:
            money = money_text(finding.money, program.currency)
            rate = finding.rate
            return named + money + (rate_words(program, rate) if rate else " earns nothing")
        case Found.MULTIPLIED:
            lines = "line" if finding.quantity == 1 else "lines"
            on_lines = f" on {finding.quantity} {lines}" if finding.quantity else ""
            return multiplier_text(finding.name, finding.each) + on_lines
        case Found.PER_ITEM:
            items = "1 item" if finding.quantity == 1 else f"{finding.quantity} items"
            return f"{named}{points_text(finding.each)} for each of {items}"
        case Found.CAP:
            assert finding.ceiling is not None, "a cap has a limit"
            return finding.ceiling.words("points")
        case _:
            return named + _figure_words(finding)


def _figure_words(finding: Finding) -> str:
    match finding.kind:
        case Found.VISIT:
            return f"{points_text(finding.each)} for the visit"
        case Found.MINIMUM:
            return f"a sale earns at least {points_text(finding.each)}"
        case Found.STAMPS:
            return "1 stamp" if finding.gain == 1 else f"{finding.gain} stamps"
        case _:
            return f"{points_text(finding.each)} for the sale"


@lru_cache(maxsize=64)
def _currency(code: str) -> Currency:
    return currency_of(code)
