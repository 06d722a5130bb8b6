"""What may happen to a line, a process or a clock in a drill: drawn, begun and ended."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from line_cashier import Cashier
from line_shop import LineShop
from line_wire import SERVER

LOSS_PERCENT = 30
_HOUR = 3600
_YEAR = 365 * 24 * _HOUR
_CLOCK_STEPS = (-3 * _YEAR, -_HOUR, -90, 90, _HOUR, 26 * _HOUR, _YEAR, 10 * _YEAR)


class Kind(StrEnum):
    """The troubles by name."""

    BLOCK_IN = "block-in"
    """Nothing reaches the place; what it sends arrives."""
    BLOCK_OUT = "block-out"
    """Nothing leaves the place; what is sent to it arrives."""
    BLOCK_BOTH = "block-both"
    LINK_DOWN = "link-down"
    """The plug is out: the machine knows that it has no line."""
    LOSS = "loss"
    """Three of ten packets are lost, each way."""
    KILL = "kill"
    """kill -9, and a new start at the trouble's end."""
    STOP = "stop"
    """SIGSTOP, and SIGCONT at the trouble's end."""
    CLOCK = "clock"
    """The clock jumps, back and forth, and stays wrong."""


@dataclass(frozen=True)
class Trouble:
    """One trouble at one place; times are seconds since the selling began."""

    kind: Kind
    place: str
    begins: float
    ends: float
    clock_steps: tuple[int, ...] = ()

    @property
    def moments(self) -> Sequence[tuple[float, int]]:
        """When something is done, with the number of the step; the last one ends it."""
        if self.kind is not Kind.CLOCK:
            return (self.begins, 0), (self.ends, 1)
        span = (self.ends - self.begins) / max(1, len(self.clock_steps) - 1)
        return [(self.begins + span * step, step) for step in range(len(self.clock_steps))]

    def __str__(self) -> str:
        return f"{self.kind}:{self.place}"


def draw(
    dice: random.Random, tills: Sequence[str], kinds: Sequence[Kind], seconds: float
) -> list[Trouble]:
    """Draw one to three troubles, not two of a kind at one place; one lasts until the end."""
    troubles: dict[tuple[Kind, str], Trouble] = {}
    for number in range(dice.randint(1, 3)):
        kind, place = dice.choice(kinds), dice.choice([*tills, SERVER])
        begins = dice.uniform(0.3, seconds / 3)
        ends = seconds if not number else dice.uniform(begins + 1.0, seconds)
        steps = tuple(dice.choices(_CLOCK_STEPS, k=4)) if kind is Kind.CLOCK else ()
        troubles[kind, place] = Trouble(kind, place, begins, ends, steps)
    return _only_possible(list(troubles.values()))


def _only_possible(troubles: Sequence[Trouble]) -> list[Trouble]:
    """One place has one trouble of its line and one of its process: the first that was drawn."""
    chosen: dict[tuple[str, str], Trouble] = {}
    for trouble in troubles:
        chosen.setdefault((trouble.place, _WHERE[trouble.kind]), trouble)
    return list(chosen.values())


_WHERE: Mapping[Kind, str] = {
    Kind.BLOCK_IN: "wire",
    Kind.BLOCK_OUT: "wire",
    Kind.BLOCK_BOTH: "wire",
    Kind.LOSS: "wire",
    Kind.LINK_DOWN: "wire",
    Kind.KILL: "process",
    Kind.STOP: "process",
    Kind.CLOCK: "clock",
}


class Hand:
    """Does to the shop what was drawn."""

    def __init__(self, shop: LineShop, cashiers: Mapping[str, Cashier]) -> None:
        self._shop = shop
        self._cashiers = cashiers

    def do(self, trouble: Trouble, step: int) -> None:
        """Do one step of a trouble."""
        where = _WHERE[trouble.kind]
        if where == "clock":
            self._shop.processes[trouble.place].set_clock(trouble.clock_steps[step])
        elif where == "wire":
            self._spoil_wire(trouble) if step == 0 else self._mend_wire(trouble)
        else:
            self._spoil_process(trouble) if step == 0 else self._mend_process(trouble)

    def _spoil_wire(self, trouble: Trouble) -> None:
        wire, place, kind = self._shop.wire, trouble.place, trouble.kind
        if kind is Kind.LINK_DOWN:
            wire.pull_out(place)
        elif kind is Kind.LOSS:
            wire.drop(place, inwards=True, outwards=True, percent=LOSS_PERCENT)
        else:
            inwards, outwards = kind is not Kind.BLOCK_OUT, kind is not Kind.BLOCK_IN
            wire.drop(place, inwards=inwards, outwards=outwards)

    def _mend_wire(self, trouble: Trouble) -> None:
        if trouble.kind is Kind.LINK_DOWN:
            self._shop.wire.plug_in(trouble.place)
        else:
            self._shop.wire.pass_again(trouble.place)

    def _spoil_process(self, trouble: Trouble) -> None:
        process = self._shop.processes[trouble.place]
        if trouble.kind is Kind.STOP:
            process.hold()
            return
        if trouble.place in self._cashiers:
            self._cashiers[trouble.place].may_start.clear()
        process.kill()

    def _mend_process(self, trouble: Trouble) -> None:
        process = self._shop.processes[trouble.place]
        if trouble.kind is Kind.STOP:
            process.go_on()
        elif trouble.place in self._cashiers:
            self._cashiers[trouble.place].may_start.set()
        else:
            process.close()
            self._shop.serve()
