"""`program list`: all versions, oldest first, and which one holds now."""

import argparse
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pos_loyalty.cli.program_books import add_books
from pos_loyalty.cli.program_publish import clock_words
from pos_loyalty.domain.program import LoyaltyProgram, holds_never, program_in_force

if TYPE_CHECKING:
    from collections.abc import Sequence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    add_books(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """List them."""
    from pos_loyalty.services.system_sources import SystemClock

    programs = (
        _of_server(arguments.database) if arguments.data is None else _of_till(arguments.data)
    )
    ordered = sorted(programs, key=lambda each: (each.effective_from_ms, each.version))
    now_ms = SystemClock().now_ms()
    holding = program_in_force(ordered, now_ms).version
    if arguments.json:
        rows = [
            {
                "version": each.version,
                "name": each.name,
                "effective_from_ms": each.effective_from_ms,
                "in_force": each.version == holding,
                "before_joining": holds_never(each),
            }
            for each in ordered
        ]
        print(json.dumps(rows))
        return 0
    for each in ordered:
        print(_line(each, is_holding=each.version == holding, now_ms=now_ms))
    return 0


def _line(program: LoyaltyProgram, *, is_holding: bool, now_ms: int) -> str:
    if holds_never(program):
        return f"{program.version}  before joining  earlier  {program.name}"
    begins = program.effective_from_ms
    since = "from the beginning" if begins == 0 else f"from {clock_words(begins)}"
    state = "in force" if is_holding else "to come" if begins > now_ms else "earlier"
    return f"{program.version}  {since}  {state}  {program.name}"


def _of_server(url: str) -> "Sequence[LoyaltyProgram]":
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database, read_merchant

    with closing(open_database(database_url(url))) as database:
        return tuple(read_merchant(database).programs.values())


def _of_till(data: Path) -> "Sequence[LoyaltyProgram]":
    """Read a till's versions; its window may be open meanwhile."""
    from pos_loyalty.services.read_folder import reading_folder

    with reading_folder(data) as context, context.store.read() as work:
        return work.programs.all()
