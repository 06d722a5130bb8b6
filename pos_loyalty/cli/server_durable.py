"""A copy of the books, and how far a copy elsewhere holds what the tills sent."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

EXIT_OK = 0
EXIT_FAILED = 1
ACTIONS = ("durable", "backup")

Adder = Callable[[str, str], argparse.ArgumentParser]
"""Makes a sub-command by name and help, with the options that all of them have."""


def add_arguments(add: Adder) -> None:
    """Declare the sub-commands."""
    durable = add(
        "durable", "look into a backup or replica and record what tills need not keep any more"
    )
    durable.add_argument(
        "--backup", required=True, metavar="URL", help="a backup file, or a replica"
    )
    backup = add("backup", "write a copy of the books and verify it; SQLite only")
    backup.add_argument("file", type=Path, metavar="FILE")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked and return the exit code."""
    return {"durable": _durable, "backup": _backup}[arguments.action](arguments)


def _durable(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.durability import record_durable
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database

    with closing(open_database(arguments.database)) as database:
        found = record_durable(
            database, url=arguments.database, backup_url=database_url(arguments.backup)
        )
    print(json.dumps(found.as_json()) if arguments.json else found.sentence)
    return EXIT_FAILED if found.faults else EXIT_OK


def _backup(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.durability import write_copy
    from pos_loyalty.server.settings import typed_database
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.services.command_name import command_line

    with closing(open_database(arguments.database)) as database:
        report = write_copy(database, arguments.file)
    if arguments.json:
        print(json.dumps(report.as_json()))
    elif report.faults:
        print(f"Not written: a copy of these books would not be right. {report.sentence}")
    else:
        typed = typed_database(arguments.database)
        print(f"Written and verified: {arguments.file}. {report.sentence}")
        print("Keep it on another disk. Then tell the server that it is there:")
        print(f"  {command_line('server', 'durable', '--database', typed, '--backup', 'FILE')}")
    return EXIT_FAILED if report.faults else EXIT_OK
