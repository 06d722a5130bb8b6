"""`program publish`: from a moment on these rules hold; nothing that was sold changes."""

import argparse
import datetime as dt
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from pos_loyalty.cli.program_books import MS_PER_SECOND, add_books
from pos_loyalty.cli.program_file import read_program, say_refused
from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.program_check import ProgramRefused

_NOW = "now"
_LONG_SECONDS = 3
"""Shorter countings are over before anybody wonders."""
_PACE_SECONDS = 1
"""After so long the pace is known: the first events are enrollments, which are quick."""
_MINUTES_FROM = 120
_COUNTING = "counting"
"""The stage of which the server's books tell while tills go on."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the program to publish")
    parser.add_argument(
        "--from",
        dest="from_time",
        required=True,
        metavar="TIME",
        help="now, a day like 2026-12-01, or a time like 2026-12-01T06:00, on this machine's clock",
    )
    add_books(parser)
    parser.add_argument("--json", action="store_true", help="answer in JSON")


class _Published(NamedTuple):
    program: LoyaltyProgram
    is_new: bool
    unknown_shops: tuple[str, ...]


def run(arguments: argparse.Namespace) -> int:
    """Check the file and publish it as one version, or change nothing."""
    file: Path = arguments.file
    from_ms = moment_of(arguments.from_time)
    try:
        draft = read_program(file)
    except ProgramRefused as refused:
        return say_refused(file, refused, as_json=arguments.json)
    if arguments.data is None:
        published = _at_server(arguments.database, draft, from_ms)
    else:
        published = _at_till(arguments.data, draft, from_ms)
    if arguments.json:
        print(json.dumps(_fields(published)))
    else:
        print("\n".join(_words(published, is_server=arguments.data is None)))
    return 0


def _fields(published: _Published) -> dict[str, object]:
    return {
        "version": published.program.version,
        "effective_from_ms": published.program.effective_from_ms,
        "new": published.is_new,
        "unknown_shops": published.unknown_shops,
    }


def _words(published: _Published, *, is_server: bool) -> Iterator[str]:
    program = published.program
    if published.is_new:
        begins = clock_words(program.effective_from_ms)
        yield f'Published: "{program.name}" holds from {begins} as {program.version}.'
        if is_server:
            yield "Each till gets it at its next contact; until then it keeps the rules it knows."
    else:
        yield f"These rules hold then already, as {program.version}. Nothing was published."
    for shop in published.unknown_shops:
        yield f'No shop is called "{shop}" here yet; rules for it hold nowhere until one is.'


def moment_of(text: str) -> int | None:
    """Return a moment in UTC milliseconds, read on this machine's clock; None is now.

    Raises:
        CommandRefused: not such a time.
    """
    if text == _NOW:
        return None
    try:
        moment = dt.datetime.fromisoformat(text).astimezone()
        return int(moment.timestamp()) * MS_PER_SECOND
    except (ValueError, OverflowError, OSError) as error:
        raise CommandRefused(
            Code.OPTION_SHAPE, option="--from", example="2026-12-01T06:00"
        ) from error


def clock_words(at_ms: int) -> str:
    """Return a moment on this machine's clock."""
    moment = dt.datetime.fromtimestamp(at_ms // MS_PER_SECOND, dt.UTC).astimezone()
    return f"{moment:%Y-%m-%d %H:%M}"


def _at_till(data: Path, draft: LoyaltyProgram, from_ms: int | None) -> _Published:
    from pos_loyalty.cli.till_folder import open_for_command
    from pos_loyalty.services.publish_program import PublishProgram

    with open_for_command(data, currency=draft.currency) as till:
        done = till.publish_program(PublishProgram(draft, from_ms))
    return _Published(done.program, done.is_new, done.unknown_shops)


class Counting:
    """Says what a long counting is about once its pace is known, and draws a bar."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._bar = ProgressBar()
        self._seconds = seconds
        self._began = seconds()
        self._is_said = False

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take note that so many events, or members, are through."""
        if stage == _COUNTING and done and not self._is_said:
            passed = self._seconds() - self._began
            whole = passed * total / done
            self._is_said = passed >= _PACE_SECONDS and whole > _LONG_SECONDS
            if self._is_said:
                print(_counting_words(total, whole), file=sys.stderr, flush=True)
        if self._is_said:
            self._bar(stage, done, total)

    def close(self) -> None:
        """Leave the line of the bar."""
        self._bar.close()


def _counting_words(events: int, seconds: float) -> str:
    about = f"{seconds:.0f} s" if seconds < _MINUTES_FROM else f"{seconds / 60:.0f} minutes"
    return (
        f"These rules ask for what was not counted yet. The books are counted again:"
        f" {events:,} events, about {about}. Tills go on selling and syncing; until it is"
        " through, the rules of before hold. Broken off, nothing has changed."
    )


def _at_server(url: str, draft: LoyaltyProgram, from_ms: int | None) -> _Published:
    from pos_loyalty.server.publish_program import publish_program
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(database_url(url))) as database:
        counting = Counting()
        try:
            done = publish_program(
                database, draft, from_ms=from_ms, clock=SystemClock(), counted=counting
            )
        finally:
            counting.close()
    return _Published(done.program, done.is_new, done.unknown_shops)
