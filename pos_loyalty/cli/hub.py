"""`hub`: serve the tills of one shop over its own network; `hub join` makes a folder its hub."""

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pos_loyalty.hub.serve import HubStarted

EXIT_OK = 0
_PLAIN = (
    "This address is plain http: others in this network can read names and phone numbers on the\n"
    "way, and change what is answered. With a certificate (docs/server.md) say https:// instead."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("--data", type=Path, help="the hub's own data folder")
    parser.add_argument(
        "--listen", metavar="HOST:PORT", help="address; 0.0.0.0:8444 serves the whole network"
    )
    parser.add_argument(
        "--no-announce",
        action="store_true",
        help="stay silent in the network; tills are told the address with `till hub`",
    )
    parser.set_defaults(parser=parser)
    actions = parser.add_subparsers(dest="hub_action", metavar="join")
    join = actions.add_parser("join", help="join a server as the hub of the code's shop")
    join.add_argument("--data", type=Path, required=True, dest="join_data", metavar="DATA")
    join.add_argument("--server", required=True, metavar="URL", help="the server's address")
    join.add_argument("--code", required=True, help="the one-time code of the owner")
    join.add_argument("--currency", default="EUR", help="the server's currency (default EUR)")


def run(arguments: argparse.Namespace) -> int:
    """Join, or serve until told to stop."""
    if arguments.hub_action == "join":
        return _join(
            arguments.join_data,
            url=arguments.server,
            code=arguments.code,
            currency=arguments.currency,
        )
    if arguments.data is None or not arguments.listen:
        parser: argparse.ArgumentParser = arguments.parser
        parser.error("the following arguments are required: --data, --listen")
    return _serve(arguments.data, arguments.listen, announces=not arguments.no_announce)


def _join(data: Path, *, url: str, code: str, currency: str) -> int:
    from pos_loyalty.cli.till_folder import say_if_new
    from pos_loyalty.hub.certificate import hub_identity, identity_pin
    from pos_loyalty.services.join_server import JoinServer, is_plain
    from pos_loyalty.till import open_till

    if is_plain(url):
        print(_PLAIN, file=sys.stderr, flush=True)
    with open_till(data, currency=currency) as till:
        say_if_new(till, data)
        identity = hub_identity(till.context.store, till.context.clock)
        joined = till.join_server(JoinServer(url, code, hub_pin=identity_pin(identity)))
    print(f"Joined {joined.merchant_name}: {joined.till_name} is the hub of {joined.shop_name}.")
    return EXIT_OK


def _serve(data: Path, listen: str, *, announces: bool) -> int:
    from pos_loyalty.hub.serve import HubSettings, serve_hub
    from pos_loyalty.server.settings import listen_address
    from pos_loyalty.services.logging_setup import log_to
    from pos_loyalty.store.data_folder import DataFolder, ensure_till
    from pos_loyalty.till import open_till

    # A mistyped folder must not become a new till.
    ensure_till(DataFolder(data))
    host, port = listen_address(listen)
    with open_till(data) as till:
        log_to(data / "logs")
        logging.getLogger("zeroconf").setLevel(logging.ERROR)
        serve_hub(till, HubSettings(host=host, port=port, announces=announces), on_ready=_say)
    return EXIT_OK


def _say(started: "HubStarted") -> None:
    """Tell programs on standard output, in one line, and the owner on standard error."""
    facts = {
        "listening": f"https://{started.address}",
        "pin": started.pin,
        "announced": started.is_announced,
    }
    print(json.dumps(facts), flush=True)
    found = (
        "The shop's tills find it by themselves."
        if started.is_announced
        else "Nothing is announced here: tell each till its address with `till hub`."
    )
    print(
        f"The hub serves at {started.address}. {found} Ctrl-C stops.", file=sys.stderr, flush=True
    )
