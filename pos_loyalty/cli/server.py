"""`server`: set the central server up, make codes for tills, run it, verify its books."""

import argparse
import json
import logging
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pos_loyalty.cli import (
    server_carried,
    server_durable,
    server_inbox,
    server_members,
    server_move,
    server_owner,
    server_rules,
)

EXIT_OK = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
_MINUTES_MAX = 24 * 60
_MINUTES_USUAL = 15


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the server's own options and its sub-commands."""
    parser.add_argument("--listen", metavar="HOST:PORT", help="address; port 0 takes any free one")
    _add_database(parser, required=False)
    parser.add_argument("--certificate", type=Path, metavar="FILE", help="TLS certificate chain")
    parser.add_argument("--private-key", type=Path, metavar="FILE", help="its key")
    _add_snapshots(parser)
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    init = actions.add_parser("init", help="make the books of a merchant")
    _add_database(init, required=True)
    init.add_argument("--merchant", required=True, metavar="NAME")
    init.add_argument("--currency", required=True, metavar="CODE", help="ISO 4217, like EUR")
    init.add_argument("--country", default="", metavar="CODE", help="ISO 3166, like DE")
    code = actions.add_parser("till-code", help="make a one-time code with which a till joins")
    _add_database(code, required=True)
    code.add_argument("--shop", required=True, metavar="NAME", help="created on first use")
    code.add_argument(
        "--minutes", type=_minutes, metavar="N", help="life of the code (15; in a packet 14 days)"
    )
    code.add_argument(
        "--packet", type=Path, metavar="FILE", help="write it on a stick, for a till never online"
    )
    snapshot = actions.add_parser(
        "snapshot", help="write the file from which a new till takes a large membership"
    )
    _add_database(snapshot, required=True)
    _add_snapshots(snapshot)
    snapshot.add_argument("--json", action="store_true", help="answer as one JSON object")
    verify = actions.add_parser("verify", help="re-compute the books and name the first bad event")
    _add_database(verify, required=True)
    verify.add_argument("--json", action="store_true", help="answer as one JSON object")

    def add_owners(name: str, words: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=words)
        _add_database(action, required=True)
        action.add_argument("--json", action="store_true", help="answer as one JSON object")
        return action

    server_owner.add_arguments(add_owners)
    server_inbox.add_arguments(add_owners)
    server_members.add_arguments(add_owners)
    server_rules.add_arguments(add_owners)
    server_durable.add_arguments(add_owners)
    server_carried.add_arguments(add_owners)
    server_move.add_arguments(
        actions.add_parser("move", help="take the books along to another database")
    )


def _add_database(parser: argparse.ArgumentParser, *, required: bool) -> None:
    # A sub-command must not put its default over a value given before its name.
    parser.add_argument(
        "--database",
        required=required,
        metavar="URL",
        default=argparse.SUPPRESS,
        help="a file for SQLite, like server.db or sqlite:///server.db, or postgresql://…",
    )


def _add_snapshots(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--snapshots",
        type=Path,
        metavar="DIR",
        default=argparse.SUPPRESS,
        help="folder for the files that new tills take; for SQLite it is beside the database",
    )


def _minutes(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) <= _MINUTES_MAX:
        raise argparse.ArgumentTypeError(f"1 to {_MINUTES_MAX} minutes")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked and return the exit code."""
    from pos_loyalty.server.settings import database_url

    actions: dict[str | None, Callable[[argparse.Namespace], int]] = {
        "init": _init,
        "till-code": _till_code,
        "verify": _verify,
        "snapshot": _snapshot,
        "move": server_move.run,
        **dict.fromkeys(server_owner.ACTIONS, server_owner.run),
        **dict.fromkeys(server_inbox.ACTIONS, server_inbox.run),
        **dict.fromkeys(server_members.ACTIONS, server_members.run),
        **dict.fromkeys(server_rules.ACTIONS, server_rules.run),
        **dict.fromkeys(server_durable.ACTIONS, server_durable.run),
        **dict.fromkeys(server_carried.ACTIONS, server_carried.run),
        None: _listen,
    }
    if "database" in arguments:
        arguments.database = database_url(arguments.database)
    return actions[arguments.action](arguments)


def _init(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.settings import typed_database
    from pos_loyalty.server.setup import create_merchant, open_database
    from pos_loyalty.server.system import SystemClock, SystemIds
    from pos_loyalty.services.command_name import command_line
    from pos_loyalty.services.name_shop import shop_name

    name = shop_name(arguments.merchant)
    clock = SystemClock()
    with closing(open_database(arguments.database, may_create=True)) as database:
        merchant = create_merchant(
            database,
            name=name,
            currency=arguments.currency,
            country=arguments.country,
            clock=clock,
            ids=SystemIds(clock),
        )
    typed = typed_database(arguments.database)
    start = command_line("server", "--listen", "0.0.0.0:8443", "--database", typed)
    print(f"Books of {name} made. Next: {start}", file=sys.stderr, flush=True)
    print(merchant)
    return EXIT_OK


def _till_code(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.setup import create_till_code, open_database
    from pos_loyalty.server.system import SystemClock, SystemIds
    from pos_loyalty.services.command_name import command_line
    from pos_loyalty.services.name_shop import shop_name

    shop = shop_name(arguments.shop)
    packet: Path | None = arguments.packet
    usual = server_carried.INVITATION_MINUTES if packet else _MINUTES_USUAL
    minutes = arguments.minutes or usual
    clock = SystemClock()
    with closing(open_database(arguments.database)) as database:
        code = create_till_code(
            database,
            shop_name=shop,
            minutes=minutes,
            clock=clock,
            ids=SystemIds(clock),
        )
    if packet:
        server_carried.write_invitation(arguments.database, code, packet)
        join = command_line("till", "join", "--data", "FOLDER", "--packet", packet)
        print(f"Written: {packet}. One till of {shop} can join with it, once: {join}")
        return EXIT_OK
    print(f"One till of {shop} can join with this code, once, for the next")
    print(f"{minutes} minutes. On that till, with the address of this server:")
    print(
        f"  {command_line('till', 'join', '--data', 'FOLDER', '--server', 'URL', '--code', code)}"
    )
    print(code)
    return EXIT_OK


def _verify(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.verify import verify_books

    with closing(open_database(arguments.database)) as database:
        report = verify_books(database)
    if arguments.json:
        print(json.dumps(report.as_json()))
    else:
        print(report.sentence)
    return EXIT_FAILED if report.faults else EXIT_OK


def _snapshot(arguments: argparse.Namespace) -> int:
    from pos_loyalty.cli.progress_bar import ProgressBar
    from pos_loyalty.domain.error_catalog import Code
    from pos_loyalty.domain.errors import CommandRefused
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.snapshot import folder_of
    from pos_loyalty.server.system import SystemClock

    folder = folder_of(arguments.database, getattr(arguments, "snapshots", None))
    if folder is None:
        raise CommandRefused(Code.OPTION_SHAPE, option="--snapshots", example="/var/lib/shop")
    bar = ProgressBar()
    try:
        with closing(open_database(arguments.database)) as database:
            note = folder.make(
                database,
                read_merchant(database),
                now_ms=SystemClock().now_ms(),
                progress=lambda done, total: bar("rows", done, total),
            )
    finally:
        bar.close()
    if arguments.json:
        print(
            json.dumps(
                {
                    "file": str(folder.path / note.name),
                    "bytes": note.size,
                    "rows": note.rows,
                    "epoch": note.epoch,
                    "v": note.v,
                }
            )
        )
    else:
        print(f"Written: {folder.path / note.name} ({note.rows} rows, {note.size} bytes).")
        print("A running server that keeps its files in this folder gives it to new tills.")
    return EXIT_OK


def _listen(arguments: argparse.Namespace) -> int:
    from pos_loyalty.server.listen import serve
    from pos_loyalty.server.settings import ServerSettings, listen_address
    from pos_loyalty.services.command_name import command_name

    if not arguments.listen or "database" not in arguments:
        print(f"{command_name()} server: --listen and --database are needed", file=sys.stderr)
        return EXIT_USAGE
    if bool(arguments.certificate) != bool(arguments.private_key):
        print(f"{command_name()} server: a certificate goes with its private key", file=sys.stderr)
        return EXIT_USAGE
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    host, port = listen_address(arguments.listen)
    serve(
        ServerSettings(
            host=host,
            port=port,
            database=arguments.database,
            certificate=arguments.certificate,
            private_key=arguments.private_key,
            snapshots=getattr(arguments, "snapshots", None),
        ),
        on_ready=_say_listening,
    )
    return EXIT_OK


def _say_listening(url: str) -> None:
    """Tell programs on standard output, in one line, and the owner on standard error."""
    from pos_loyalty.server.reach import reach_in_words

    print(json.dumps({"listening": url}), flush=True)
    print(reach_in_words(url), file=sys.stderr, flush=True)
