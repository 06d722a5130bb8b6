"""What is sound and still hardly meant: told beside a usable program, never refused."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pos_loyalty.domain.earning_rule import Conditions
from pos_loyalty.domain.program import LoyaltyProgram


@dataclass(frozen=True)
class Hint:
    """A place, like ``rules[0].when.until_date``, and a plain sentence without its period."""

    path: str
    detail: str


def hints_of(program: LoyaltyProgram, day: dt.date) -> tuple[Hint, ...]:
    """Return what was over before a day, in the order of the program's parts."""
    never = "it never holds"
    return (
        *_over("rule", never, [each.when for each in program.rules], day),
        *_over("reward", "nobody can have it", [each.when for each in program.rewards], day),
        *_over("offer", never, [each.when for each in program.offers], day),
    )


def _over(part: str, so: str, whens: Sequence[Conditions], day: dt.date) -> Iterator[Hint]:
    for index, when in enumerate(whens):
        last = when.until_date
        if last is not None and last < day:
            path = f"{part}s[{index}].when.until_date"
            yield Hint(path, f"this {part} ended on {last}: {so}")
