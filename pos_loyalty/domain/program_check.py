"""Is a program usable as a whole? Everything that is wrong is found at once.

A program that passes can be computed by every till and by the server: nothing divides by
zero, every name that is used exists, every rule can hold and every reward can be had.
"""

from collections.abc import Sequence

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.money import is_currency
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from pos_loyalty.domain.program_check_earning import check_earning
from pos_loyalty.domain.program_check_life import check_expiration, check_tiers
from pos_loyalty.domain.program_check_rewards import check_offers, check_rewards
from pos_loyalty.domain.program_check_values import check_values
from pos_loyalty.domain.program_fault import Findings, Problem, ProgramFault


def problems_of(program: LoyaltyProgram) -> tuple[Problem, ...]:
    """Return all that is wrong with a program, in the order of its parts; empty: usable."""
    findings = Findings()
    if not program.version:
        findings.add("version", ProgramFault.TEXT_EMPTY, "a version needs a name")
    if not is_currency(program.currency):
        findings.add(
            "currency", ProgramFault.CURRENCY_UNKNOWN, f'"{program.currency[:12]}" is no currency'
        )
    check_values(findings, program)
    too_long = [each for each in findings.problems if each.fault is ProgramFault.LIST_LONG]
    if too_long:
        # What compares each part with each other would take minutes over thousands of them.
        return tuple(too_long)
    check_earning(findings, program)
    check_tiers(findings, program)
    check_rewards(findings, program)
    check_offers(findings, program)
    check_expiration(findings, program)
    _check_refunds(findings, program)
    return tuple(findings.problems)


def check_program(program: LoyaltyProgram) -> LoyaltyProgram:
    """Return the program if it is usable as a whole.

    Raises:
        ProgramRefused: it is not.
    """
    problems = problems_of(program)
    if problems:
        raise ProgramRefused(problems)
    return program


class ProgramRefused(CommandRefused):
    """A program or its document is not usable; the program in force stays.

    Its sentence names the first of ``problems``.
    """

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        super().__init__(
            Code.PROGRAM_RULES,
            path=first.path or "line 1",
            detail=first.detail,
            fault=first.fault.value,
            problems=len(problems),
        )
        self.problems = tuple(problems)


def _check_refunds(findings: Findings, program: LoyaltyProgram) -> None:
    rules = program.refunds
    if rules.already_spent is AlreadySpent.TAKE_OFF_CASH and rules.point_worth == 0:
        findings.add(
            "refunds.point_worth",
            ProgramFault.WORTH_ABSENT,
            "say what a missing point takes off the cash",
        )
    if rules.point_worth_points == 0:
        findings.add(
            "refunds.point_worth_points",
            ProgramFault.NUMBER_ZERO,
            "the worth is that of at least 1 point",
        )
