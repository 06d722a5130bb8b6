"""What follows from a program is worked out once, and never for the wrong one."""

import msgspec

from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from tests.builders import STANDARD


def test_it_is_worked_out_once_for_a_program() -> None:
    asked: list[LoyaltyProgram] = []
    names = PerProgram(lambda program: asked.append(program) or program.name)

    assert [names(STANDARD), names(STANDARD)] == ["Standard", "Standard"]
    assert len(asked) == 1


def test_many_programs_are_never_mixed_up() -> None:
    names = PerProgram(lambda program: program.name)

    for number in range(300):
        # Each is dropped at once: another may come to lie where it lay.
        program = msgspec.structs.replace(STANDARD, name=f"program {number}")
        assert names(program) == f"program {number}"
        assert names(STANDARD) == "Standard"


def test_it_forgets_rather_than_grow_without_end() -> None:
    names = PerProgram(lambda program: program.name)

    for number in range(300):
        names(msgspec.structs.replace(STANDARD, name=f"program {number}"))

    assert len(names._kept) <= 64


def test_programs_in_turn_are_each_worked_out_once() -> None:
    asked: list[str] = []
    names = PerProgram(lambda program: asked.append(program.name) or program.name)
    programs = [msgspec.structs.replace(STANDARD, name=f"program {at}") for at in range(64)]

    for program in programs * 3:
        assert names(program) == program.name

    assert asked == [program.name for program in programs]
