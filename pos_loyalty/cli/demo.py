"""`demo`: the main job on one machine, to try by hand or played by the program itself."""

import argparse
import datetime as dt
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from pos_loyalty.cli.display import EXIT_NO_DISPLAY, says_no_display
from pos_loyalty.services.command_name import command_line, command_name

if TYPE_CHECKING:
    from pos_loyalty.demo.day import DayReport
    from pos_loyalty.demo.folder import DemoFolder

EXIT_OK = 0
EXIT_OFF = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "--data", type=Path, metavar="DIR", help="the demo's folder (default: among your own data)"
    )
    parser.add_argument("--fresh", action="store_true", help="make the sample shop anew")
    parser.add_argument(
        "--headless", action="store_true", help="play a cashier's day without a display"
    )
    parser.add_argument("--json", action="store_true", help="print the day as one JSON object")
    parser.add_argument(
        "--plant",
        choices=("lose", "double", "alter"),
        help="spoil one sale of the day: the check of the books must find it",
    )
    parser.set_defaults(parser=parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the window, or play the day."""
    parser: argparse.ArgumentParser = arguments.parser
    if not arguments.headless and (arguments.json or arguments.plant):
        parser.error("--json and --plant go with --headless")
    if not arguments.headless and says_no_display():
        return EXIT_NO_DISPLAY
    from pos_loyalty.demo.folder import DemoFailed

    try:
        return _headless(arguments) if arguments.headless else _show(arguments)
    except DemoFailed as error:
        print(f"{command_name()} run: {error}", file=sys.stderr)
        return EXIT_OFF


def _show(arguments: argparse.Namespace) -> int:
    from pos_loyalty.demo.folder import DemoFolder, default_folder
    from pos_loyalty.demo.try_it import try_it

    folder = DemoFolder(arguments.data or default_folder())
    code = try_it(folder, _say, is_fresh=arguments.fresh)
    say_where(folder)
    return code


def _headless(arguments: argparse.Namespace) -> int:
    """Play the day in a folder of its own, which is kept only where one was named."""
    from pos_loyalty.demo.folder import DemoFolder

    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="pos-loyalty-demo-") as place:
        report = _played(arguments.data or Path(place), arguments)
    if arguments.json:
        fields = asdict(report)
        del fields["finding"]
        print(json.dumps(fields))
    else:
        _print(report)
    if arguments.data is not None:
        say_where(DemoFolder(arguments.data))
    if report.finding is not None:
        print(f"{command_name()} run: {report.finding}", file=sys.stderr)
    return EXIT_OK if report.is_good else EXIT_OFF


def _played(root: Path, arguments: argparse.Namespace) -> "DayReport":
    from pos_loyalty.demo.day import play_day
    from pos_loyalty.demo.folder import DemoFolder
    from pos_loyalty.demo.plants import Plant

    plant = Plant(arguments.plant) if arguments.plant else None
    return play_day(DemoFolder(root), _say, plant=plant)


def say_where(folder: "DemoFolder") -> None:
    """Say where the sample shop lies, and by which commands its sales try a program."""
    from pos_loyalty.demo.sample_history import DAYS
    from pos_loyalty.services.system_sources import SystemClock

    now = dt.datetime.fromtimestamp(SystemClock().now_ms() / 1000, tz=dt.UTC)
    since = (now.date() - dt.timedelta(days=DAYS)).isoformat()
    books = folder.books.absolute()
    new = command_line("program", "new", "cafe-stamps", "mine.toml")
    replay = command_line(
        *("program", "replay", "mine.toml", "--since", since, "--database", books)
    )
    lines = (
        f"The sample shop stays: the server's books {books}, the till {folder.till.absolute()}.",
        "To try a program of yours on its sales:",
        f"  {new}",
        f"  {replay}",
    )
    print("\n".join(lines), file=sys.stderr, flush=True)


def _print(report: "DayReport") -> None:
    """Say in words what the day came to."""
    print(
        f"{report.sales} sales, {report.offline_sales} of them offline, with {report.scans} cards"
        f" read by the camera, in {report.seconds} seconds."
    )
    print(f"Lost: {report.lost}. Doubled: {report.doubled}.")
    print(f"Balances equal on screen, till and server: {'yes' if report.balances_equal else 'NO'}.")
    print(f"Chains of all journals whole: {'yes' if report.chain_ok else 'NO'}.")
    if report.is_good:
        print("The books are right.")


def _say(text: str) -> None:
    """Tell on standard error, so that standard output is the result alone."""
    print(f"{text} …", file=sys.stderr, flush=True)
