"""What is worked out once for a program, not for each of its sales.

A program is immutable, so what follows from its rules can be kept as long as it is. It is
found again by identity: comparing whole programs would cost more than the sale.
"""

from collections.abc import Callable
from typing import Generic, TypeVar

from pos_loyalty.domain.program import LoyaltyProgram

_Made = TypeVar("_Made")
_PROGRAMS_MAX = 64


class PerProgram(Generic[_Made]):
    """Remembers what ``make`` returned for the programs that were asked for."""

    def __init__(self, make: Callable[[LoyaltyProgram], _Made]) -> None:
        """Work out with ``make``, once for a program."""
        self._make = make
        self._kept: dict[int, tuple[LoyaltyProgram, _Made]] = {}

    def __call__(self, program: LoyaltyProgram) -> _Made:
        """Return what belongs to this program."""
        kept = self._kept.get(id(program))
        if kept is not None:
            return kept[1]
        made = self._make(program)
        if len(self._kept) >= _PROGRAMS_MAX:
            self._kept = {}
        # The program is kept with it: while it is here no other can have its identity.
        self._kept[id(program)] = (program, made)
        return made
