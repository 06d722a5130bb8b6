"""Packets that tills send by hand, and invitations for tills that are never online."""

import argparse
import json
import sys
from contextlib import closing
from pathlib import Path

from pos_loyalty.cli.progress_bar import ProgressBar
from pos_loyalty.cli.server_durable import Adder

EXIT_OK = 0
EXIT_FAILED = 1
ACTIONS = ("import",)
INVITATION_MINUTES = 14 * 24 * 60
"""A stick travels for days; the code inside still works once, for one till."""


def add_arguments(add: Adder) -> None:
    """Declare the sub-command."""
    taking = add("import", "take what a till wrote with `sync export`, and answer it")
    taking.add_argument("file", type=Path, metavar="FILE", help="the till's packet")
    taking.add_argument(
        "--reply",
        type=Path,
        metavar="FILE",
        help="where the answer is written (default: FILE.reply)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Take a packet and write the answer; a refusal is in the answer, and is told here, too."""
    from pos_loyalty.domain.errors import LoyaltyError
    from pos_loyalty.server.carried import ImportPacket
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.system import SystemClock, SystemIds
    from pos_loyalty.services.command_name import command_line
    from pos_loyalty.services.packet_file import read_packet, write_packet

    reply: Path = arguments.reply or arguments.file.with_name(arguments.file.name + ".reply")
    data = read_packet(arguments.file)
    clock, bar = SystemClock(), ProgressBar()
    try:
        with closing(open_database(arguments.database)) as database:
            answered = ImportPacket(
                database=database,
                merchant=read_merchant(database),
                clock=clock,
                ids=SystemIds(clock),
                progress=bar,
            )(data)
    except LoyaltyError as error:
        error.facts.setdefault("file", str(arguments.file))
        raise
    finally:
        bar.close()
    write_packet(reply, answered.packet)
    name = f"{answered.shop_name}, {answered.till_name}" if answered.till_name else "a new till"
    refused = None if answered.refused is None else answered.refused.value
    if arguments.json:
        fields = {"reply": str(reply), "till": name, "events": answered.events}
        print(json.dumps({**fields, "rows": answered.rows, "refused": refused}))
    else:
        print(f"From {name}: {answered.events} items. The answer is written: {reply}")
        print(f"Take it to the till: {command_line('sync', 'import', reply, '--data', 'FOLDER')}")
    if refused is not None:
        print(f"Something in it was refused ({refused}); the till is told.", file=sys.stderr)
        return EXIT_FAILED
    return EXIT_OK


def write_invitation(database_url: str, code: str, file: Path) -> None:
    """Write an invitation with a code that was just made."""
    from pos_loyalty.server.carried import invitation_for
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.system import SystemClock, SystemIds
    from pos_loyalty.services.packet_file import write_packet

    with closing(open_database(database_url)) as database:
        merchant = read_merchant(database)
        packet = invitation_for(database, merchant, code, ids=SystemIds(SystemClock()))
    write_packet(file, packet)
