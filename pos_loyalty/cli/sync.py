"""`sync`: carry a till's sales by hand, for shops that are never online, or not today."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from pos_loyalty.services.carry_by_hand import AnswerTaken, CarryByHandHandler, PacketWritten
from pos_loyalty.services.command_name import command_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the sub-commands."""
    actions = parser.add_subparsers(dest="sync_action", required=True, metavar="ACTION")
    for name, words in (
        ("export", "write everything that waits into a file for the server"),
        ("import", "take the server's answer from a file"),
    ):
        action = actions.add_parser(name, help=words)
        action.add_argument("file", type=Path, help="a file on a stick or another disk")
        action.add_argument("--data", type=Path, required=True, help="the till's data folder")
        action.add_argument("--json", action="store_true", help="answer as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Write a packet, or take an answer."""
    from pos_loyalty.store.data_folder import DataFolder, ensure_till
    from pos_loyalty.till import open_till

    ensure_till(DataFolder(arguments.data))
    with open_till(arguments.data) as till:
        by_hand = CarryByHandHandler(till.context)
        if arguments.sync_action == "export":
            written = by_hand.export(arguments.file)
            print(_as_json(written) if arguments.json else _written_in_words(written))
            return 0
        taken = by_hand.take(arguments.file)
        print(_as_json(taken) if arguments.json else _taken_in_words(taken))
        if taken.must_export:
            again = command_line("sync", "export", arguments.file, "--data", arguments.data)
            print(f"The server needs another packet. Next: {again}", file=sys.stderr)
    return 0


def _as_json(answer: PacketWritten | AnswerTaken) -> str:
    return json.dumps(asdict(answer), default=str)


def _written_in_words(written: PacketWritten) -> str:
    asks = " and the wish to join" if written.joins else ""
    return (
        f"Written: {written.file} ({written.file_bytes} bytes). In it: {_items(written.events)}"
        f"{asks}.\nTake it to the server: {command_line('server', 'import', written.file)}"
        " --database URL"
    )


def _taken_in_words(taken: AnswerTaken) -> str:
    if taken.is_old:
        return "This answer brings nothing new: what is here is as new, or newer."
    joined = "This till has joined. " if taken.joined else ""
    return (
        f"{joined}Newly at the server: {_items(taken.acknowledged)}. Members, cards and other"
        f" changes that came from it: {taken.rows}. Waiting for the next packet:"
        f" {_items(taken.pending)}."
    )


def _items(number: int) -> str:
    return "1 item" if number == 1 else f"{number} items"
