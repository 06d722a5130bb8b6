"""A program as an owner writes it: TOML with comments, money with its currency.

Its keys are the fields of :class:`~pos_loyalty.domain.program.LoyaltyProgram`. What it has
not, version and time, are set when it is published. Documents are only ever read: comments
are worth more than anything that a program could write back.
"""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import ProgramRefused, problems_of
from pos_loyalty.domain.program_fault import Problem, ProgramFault
from pos_loyalty.wire.program_shape import ShapeReader
from pos_loyalty.wire.program_text import ProgramText, read_text

DRAFT = "draft"
"""The version of a document that is not published."""
_FOLLOW_UPS = frozenset(
    {
        ProgramFault.TIER_UNKNOWN,
        ProgramFault.REWARD_UNKNOWN,
        ProgramFault.STAMP_CARD_UNKNOWN,
        ProgramFault.STAMP_CARD_UNUSED,
        ProgramFault.ID_TWICE,
    }
)
"""What another fault may be the reason of: told when that one is gone."""


@dataclass(frozen=True)
class PlacedProgram:
    """A usable program, and the text that says on which line each part of it stands."""

    program: LoyaltyProgram
    text: ProgramText


def read_document(data: bytes) -> LoyaltyProgram:
    """Read and check a document; its version is :data:`DRAFT`, in force from the beginning.

    Raises:
        ProgramRefused: with all that is wrong, in the order of the lines.
    """
    return read_placed(data).program


def read_placed(data: bytes) -> PlacedProgram:
    """Read and check a document as :func:`read_document` does, and keep its places.

    Raises:
        ProgramRefused: with all that is wrong, in the order of the lines.
    """
    text = read_text(data)
    reader = ShapeReader()
    fields = reader.read(text.tables)
    program = msgspec.convert(
        {**fields, "version": DRAFT, "effective_from_ms": 0}, type=LoyaltyProgram
    )
    problems = list(reader.findings.problems)
    problems += [each for each in problems_of(program) if _is_news(each, reader.replaced)]
    if problems:
        raise ProgramRefused(_with_lines(problems, text))
    return PlacedProgram(program, text)


def _is_news(problem: Problem, replaced: set[str]) -> bool:
    """Tell whether a problem is of the document, and not of what stands in for a part of it."""
    if replaced and problem.fault in _FOLLOW_UPS:
        return False
    return not any(
        problem.path == path or problem.path.startswith((f"{path}.", f"{path}["))
        for path in replaced
    )


def _with_lines(problems: list[Problem], text: ProgramText) -> list[Problem]:
    placed = [
        Problem(
            path=each.path,
            fault=each.fault,
            detail=each.detail,
            line=each.line or text.line_of(each.path),
        )
        for each in problems
    ]
    return sorted(placed, key=lambda each: each.line)
