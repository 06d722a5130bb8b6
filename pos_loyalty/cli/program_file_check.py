"""`program check`: is a file usable as a program, and if not, what is wrong with it?"""

import argparse
import datetime as dt
import json
from pathlib import Path

from pos_loyalty.cli.program_file import read_placed_program, say_refused
from pos_loyalty.domain.calendar import date_of
from pos_loyalty.domain.program import LoyaltyProgram, is_plain
from pos_loyalty.domain.program_check import ProgramRefused
from pos_loyalty.domain.program_hint import Hint, hints_of
from pos_loyalty.domain.program_words import program_words
from pos_loyalty.wire.program_text import ProgramText


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the program to check")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Check; 1 as soon as anything is wrong."""
    file: Path = arguments.file
    try:
        placed = read_placed_program(file)
    except ProgramRefused as refused:
        return say_refused(file, refused, as_json=arguments.json)
    program = placed.program
    counts = counts_of(program)
    hints = hints_of(program, _today())
    if arguments.json:
        words = list(program_words(program))
        told = [_fields(each, placed.text) for each in hints]
        answer = {"ok": True, "problems": [], "name": program.name, **counts, "words": words}
        print(json.dumps({**answer, "hints": told}))
        return 0
    words = ", ".join(f"{count} {_words(name, count)}" for name, count in counts.items() if count)
    print(f'{file}: "{program.name}" is usable: {words}.')
    for line in program_words(program):
        print(f"  {line}")
    for hint in hints:
        print(f"  Line {placed.text.line_of(hint.path)}: {hint.detail}.")
    if not is_plain(program):
        print("Tills that are not up to date go on with the rules they have until they are.")
    return 0


def _today() -> dt.date:
    from pos_loyalty.services.system_sources import SystemClock

    clock = SystemClock()
    now_ms = clock.now_ms()
    return date_of(now_ms, clock.offset_minutes(now_ms))


def _fields(hint: Hint, text: ProgramText) -> dict[str, str | int]:
    return {"path": hint.path, "line": text.line_of(hint.path), "detail": hint.detail}


def counts_of(program: LoyaltyProgram) -> dict[str, int]:
    """Return how many there are of each part."""
    return {
        "tiers": len(program.tiers),
        "rules": len(program.rules) + len(program.weekday_multipliers),
        "rewards": len(program.rewards),
        "offers": len(program.offers),
        "activities": len(program.activities),
        "stamp_cards": len(program.stamp_cards),
    }


def _words(name: str, count: int) -> str:
    plural = name.replace("_", " ")
    one = {"activities": "activity"}.get(plural, plural.removesuffix("s"))
    return one if count == 1 else plural
