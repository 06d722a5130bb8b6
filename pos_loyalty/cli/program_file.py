"""What commands about a program's file have in common: to read it, and to say what is wrong."""

import json
import sys
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import ProgramRefused
from pos_loyalty.domain.program_fault import Problem
from pos_loyalty.wire.program_document import PlacedProgram, read_placed
from pos_loyalty.wire.program_text import BYTES_MAX

SHOWN_MAX = 50
"""More faults than these are counted, not shown."""


def read_program(file: Path) -> LoyaltyProgram:
    """Read and check a file.

    Raises:
        ProgramRefused: with all that is wrong.
        CommandRefused: there is no such file, or it is a folder.
    """
    return read_placed_program(file).program


def read_placed_program(file: Path) -> PlacedProgram:
    """Read and check a file as :func:`read_program` does, and keep where its parts stand."""
    try:
        with file.open("rb") as opened:
            # One byte more than may be: enough to tell that it is too large.
            return read_placed(opened.read(BYTES_MAX + 1))
    except IsADirectoryError as error:
        raise CommandRefused(Code.FILE_FOLDER, file=str(file)) from error
    except OSError as error:
        raise CommandRefused(Code.FILE_ABSENT, file=str(file)) from error


def say_refused(file: Path, refused: ProgramRefused, *, as_json: bool) -> int:
    """Print everything that is wrong; returns the exit code."""
    if as_json:
        print(json.dumps({"ok": False, "problems": [_fields(each) for each in refused.problems]}))
    else:
        for each in refused.problems[:SHOWN_MAX]:
            # Where a line cannot be read its number is all that is known of the place.
            place = "" if each.path == f"line {each.line}" else f"{each.path}: "
            print(f"{file}:{each.line or 1}: {place}{each.detail} [{each.fault.value}]")
        if len(refused.problems) > SHOWN_MAX:
            print(f"… and {len(refused.problems) - SHOWN_MAX} more")
    count = len(refused.problems)
    words = "1 fault" if count == 1 else f"{count} faults"
    print(
        f"{words} in {file}. The program in force stays as it is. ({refused.code.value})",
        file=sys.stderr,
    )
    return 1


def _fields(problem: Problem) -> dict[str, str | int]:
    return {
        "path": problem.path,
        "line": problem.line,
        "fault": problem.fault.value,
        "detail": problem.detail,
    }
