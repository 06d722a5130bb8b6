"""`till`: the cashier's window on a data folder; `till join` joins the till to a server."""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pos_loyalty.cli.display import EXIT_NO_DISPLAY, says_no_display
from pos_loyalty.cli.till_folder import add_currency, add_shop, open_for_command, say_if_new

if TYPE_CHECKING:
    from pos_loyalty.devices.camera_sources import FrameSource
    from pos_loyalty.till import Till

_PLAIN = (
    "This address is plain http: others in this network can read names and phone numbers on the\n"
    "way, and change what is answered. With a certificate (docs/server.md) say https:// instead."
)
_THEMES = ("system", "light", "dark")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--data", type=Path, help="the till's data folder; made if it is new")
    parser.add_argument(
        "--headless", action="store_true", help="draw in memory: for machines without a display"
    )
    parser.add_argument("--theme", choices=_THEMES, default="system", help="colors of the window")
    parser.add_argument(
        "--camera",
        default="0",
        metavar="SOURCE",
        help="a camera's number, or a folder of pictures or a video file (default 0)",
    )
    add_currency(parser)
    add_shop(parser)
    parser.set_defaults(parser=parser)
    actions = parser.add_subparsers(dest="till_action", metavar="ACTION")
    join = actions.add_parser("join", help="join the till to a server with the owner's code")
    join.add_argument("--data", type=Path, required=True, dest="join_data", metavar="DATA")
    join.add_argument("--server", metavar="URL", help="the server's address")
    join.add_argument("--code", help="the one-time code of the owner")
    join.add_argument(
        "--packet", type=Path, metavar="FILE", help="an invitation of the owner on a stick instead"
    )
    hub = actions.add_parser(
        "hub", help="tell the till where its shop's hub is, or where it found it"
    )
    hub.add_argument("--data", type=Path, required=True, dest="hub_data", metavar="DATA")
    hub.add_argument(
        "--address",
        metavar="HOST:PORT",
        help="for a network that carries no announcements; an empty one lets the till look itself",
    )
    # A sub-command must not put its default over a value given before its name.
    join.add_argument(
        "--currency",
        default=argparse.SUPPRESS,
        help="currency of a new till, the server's (default EUR)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Join, or show the window until it is closed."""
    if arguments.till_action == "join":
        if arguments.packet is not None:
            return _join_by_packet(arguments.join_data, arguments.packet)
        if not arguments.server or not arguments.code:
            arguments.parser.error("join needs --server with --code, or --packet")
        return _join(
            arguments.join_data,
            url=arguments.server,
            code=arguments.code,
            currency=arguments.currency,
        )
    if arguments.till_action == "hub":
        return _hub(arguments.hub_data, arguments.address)
    data: Path | None = arguments.data
    if data is None:
        parser: argparse.ArgumentParser = arguments.parser
        parser.error("the following arguments are required: --data")
    if not arguments.headless and says_no_display():
        return EXIT_NO_DISPLAY
    if arguments.headless:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return _show_window(data, arguments)


def _show_window(data: Path, arguments: argparse.Namespace) -> int:
    from pos_loyalty.app import WindowSettings, run_till_window
    from pos_loyalty.ui.look import Mode

    def open_it() -> "Till":
        from pos_loyalty.services.logging_setup import log_to

        till = open_for_command(data, currency=arguments.currency, shop=arguments.shop)
        log_to(data / "logs")
        return till

    def make_source() -> "FrameSource":
        from pos_loyalty.devices.camera_sources import source_for

        return source_for(arguments.camera)

    settings = WindowSettings(make_source, Mode(arguments.theme), arguments.headless)
    return run_till_window(open_it, settings)


def _hub(data: Path, address: str | None) -> int:
    """Keep the hub's address, and say what the till knows of its hub."""
    from pos_loyalty.services.shop_hub_place import KeepHubAddress
    from pos_loyalty.store.data_folder import DataFolder, ensure_till
    from pos_loyalty.till import open_till

    ensure_till(DataFolder(data))
    with open_till(data) as till:
        place = KeepHubAddress(till.context)(address)
    print(place.sentence)
    return 0


def _join_by_packet(data: Path, file: Path) -> int:
    """Keep the owner's invitation; the next packet asks to join."""
    from pos_loyalty.services.carry_by_hand import CarryByHandHandler, invited_currency
    from pos_loyalty.services.command_name import command_line
    from pos_loyalty.till import open_till

    with open_till(data, currency=invited_currency(file)) as till:
        say_if_new(till, data)
        merchant = CarryByHandHandler(till.context).invite(file)
    export = command_line("sync", "export", "FILE", "--data", data)
    print(f"Invited by {merchant}. To join, carry a packet to the server: {export}")
    return 0


def _join(data: Path, *, url: str, code: str, currency: str) -> int:
    from pos_loyalty.services.join_server import JoinServer, is_plain
    from pos_loyalty.till import open_till

    if is_plain(url):
        print(_PLAIN, file=sys.stderr, flush=True)
    with open_till(data, currency=currency) as till:
        say_if_new(till, data)
        joined = till.join_server(JoinServer(url, code))
        if joined.sync.pending:
            print(
                f"{joined.sync.pending} earlier items are not sent yet; they send by themselves.",
                file=sys.stderr,
            )
    print(f"Joined {joined.merchant_name}: {joined.shop_name}, {joined.till_name}.")
    return 0
