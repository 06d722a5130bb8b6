"""`restore`: bring a backup back into an empty folder, or a lost key into a till's folder."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.services.command_name import command_line
from pos_loyalty.services.restore import (
    KeyRecovered,
    RecoverKey,
    RecoverKeyHandler,
    Restored,
    RestoreTill,
    RestoreTillHandler,
)
from pos_loyalty.store.keys import BestKeys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument(
        "file",
        type=Path,
        nargs="?",
        help="the backup; left out, only the lost key of the folder is brought back",
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="an empty folder, or the till whose key is lost"
    )
    parser.add_argument("--code", required=True, help="the printed recovery code")
    parser.add_argument("--json", action="store_true", help="answer in JSON")


def run(arguments: argparse.Namespace) -> int:
    """Restore, and say how to go on."""
    result = _restore(arguments)
    if arguments.json:
        print(json.dumps(asdict(result), default=str))
    else:
        print(_in_words(result))
    return 0


def _restore(arguments: argparse.Namespace) -> Restored | KeyRecovered:
    keys = BestKeys()
    if arguments.file is None:
        return RecoverKeyHandler(keys)(RecoverKey(arguments.data, arguments.code))
    bar = ProgressBar()
    try:
        restore = RestoreTillHandler(keys, bar)
        return restore(RestoreTill(arguments.file, arguments.data, arguments.code))
    finally:
        bar.close()


def _in_words(result: Restored | KeyRecovered) -> str:
    if isinstance(result, KeyRecovered):
        first = f"The key of {result.data} is back; the data was not touched."
    else:
        first = f"Restored {result.events} events into {result.data}."
    return (
        f"{first}\nThe key is kept in {result.key_place}."
        f"\nGo on with: {command_line('till', '--data', result.data)}"
    )
