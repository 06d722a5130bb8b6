"""`program replay`: the shop's own sales under a draft, beside the version in force."""

import argparse
import datetime as dt
import json
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from pos_loyalty.cli.program_books import add_books
from pos_loyalty.cli.program_file import read_program, say_refused
from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.cli.replay_table import Named, terminal_lines
from pos_loyalty.cli.till_folder import keys_for
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.program_check import ProgramRefused
from pos_loyalty.domain.replay import PastSales, try_draft
from pos_loyalty.domain.replay_figures import Replayed

_ID_SHOWN = 8


class _Books(NamedTuple):
    """The past of a till or of a server, and how its members are called."""

    past: PastSales
    named: Named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument("file", metavar="FILE", type=Path, help="the program to try")
    parser.add_argument(
        "--since",
        required=True,
        type=_day,
        metavar="DATE",
        help="the first day that counts, like 2026-09-01, on the shop's clock",
    )
    add_books(parser)
    parser.add_argument("--json", action="store_true", help="answer as one JSON object")
    parser.add_argument(
        "--chart",
        type=Path,
        metavar="FILE",
        help="write a picture (.svg), or a page with picture and tables (.html)",
    )


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a day like 2026-09-01") from error


def run(arguments: argparse.Namespace) -> int:
    """Try the program; nothing is published, and nothing written but the chart."""
    from pos_loyalty.services.system_sources import SystemClock

    chart: Path | None = arguments.chart
    if chart is not None and chart.suffix not in {".svg", ".html"}:
        raise CommandRefused(Code.OPTION_SHAPE, option="--chart", example="replay.html")
    try:
        draft = read_program(arguments.file)
    except ProgramRefused as refused:
        return say_refused(arguments.file, refused, as_json=arguments.json)
    bar = ProgressBar()
    try:
        with _books(arguments) as books:
            found = try_draft(
                books.past,
                draft,
                since=arguments.since,
                now_ms=SystemClock().now_ms(),
                progress=lambda done, total: bar("events", done, total),
            )
            words = [] if arguments.json else list(terminal_lines(found, books.named))
    finally:
        bar.close()
    if chart is not None:
        _write(chart, found)
    # Only now: what stands behind a closed pipe is no trouble of the books.
    print(json.dumps(msgspec.to_builtins(found)) if arguments.json else "\n".join(words))
    return 0


@contextmanager
def _books(arguments: argparse.Namespace) -> Generator[_Books]:
    """Open a till's folder beside its window, or the server's books beside the server."""
    if arguments.data is not None:
        from pos_loyalty.services.past_sales import past_sales
        from pos_loyalty.services.read_folder import reading_folder

        keys = keys_for(arguments.data)
        with reading_folder(arguments.data, keys) as context, context.store.read() as work:
            members = work.members

            def called(who: str) -> str:
                return _name(who, members.name(MemberId(who)))

            yield _Books(past_sales(work), called)
        return
    from contextlib import closing

    from pos_loyalty.server import past_sales as books
    from pos_loyalty.server.database.statements import load_members
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database, read_merchant

    with closing(open_database(database_url(arguments.database))) as database:
        merchant = read_merchant(database)
        with database.read() as session:

            def named(who: str) -> str:
                member = MemberId(who)
                state = load_members(session, merchant.merchant, [member]).get(member)
                return _name(who, None if state is None else state.name)

            yield _Books(books.past_sales(session, merchant), named)


def _name(who: str, name: str | None) -> str:
    """Return how the owner's own screen calls a member; files and programs get the id alone."""
    return f"{name or 'no name'} ({who[-_ID_SHOWN:]})"


def _write(chart: Path, found: Replayed) -> None:
    from pos_loyalty.cli.replay_page import page, picture

    text = page(found) if chart.suffix == ".html" else picture(found)
    try:
        chart.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(chart)) from error
