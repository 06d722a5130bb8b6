"""`server erase`, `merge`, `unmerge`, `refold`: what only an owner does to the books."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.settings import typed_database
from pos_loyalty.services.command_name import command_line

Said = tuple[dict[str, object], str]
"""The answer for a program, and the same in words."""
ACTIONS = ("erase", "merge", "unmerge", "refold")


def add_arguments(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Declare whom a command is about."""
    erase = add("erase", "erase a member everywhere")
    erase.add_argument("member", metavar="MEMBER", help="the member's phone number, or id")
    erase.add_argument(
        "--snapshots",
        type=Path,
        metavar="DIR",
        help="folder with the files for new tills, which go too; for SQLite it is known",
    )
    merge = add("merge", "make two accounts one")
    merge.add_argument("member", metavar="MEMBER", help="phone number or id of one account")
    merge.add_argument("other", metavar="OTHER", help="phone number or id of the other one")
    unmerge = add("unmerge", "take a merged account out again")
    unmerge.add_argument("member", metavar="MEMBER", help="the id of the account that was merged")
    add("refold", "judge what waited for an update of the server; its start does so, too")


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; say it in words or as one JSON object."""
    actions = {"erase": _erase, "merge": _merge, "unmerge": _unmerge, "refold": _refold}
    answer, sentences = actions[arguments.action](arguments)
    print(json.dumps(answer) if arguments.json else sentences)
    return 0


def _erase(arguments: argparse.Namespace) -> Said:
    """Erase a person everywhere; the points stay in the sums, without a name."""
    from pos_loyalty.server.owner_commands import erase_member, find_member
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.snapshot import folder_of
    from pos_loyalty.server.system import SystemClock

    folder = folder_of(arguments.database, arguments.snapshots)
    with closing(open_database(arguments.database)) as database:
        member = find_member(database, arguments.member)
        erased = erase_member(database, member, clock=SystemClock())
        files = folder.forget_all(read_merchant(database).merchant) if folder else 0
    accounts = "1 account" if len(erased) == 1 else f"{len(erased)} accounts of one person"
    lines = [f"Erased: {accounts}. Each till forgets it at its next contact."]
    if files:
        typed = typed_database(arguments.database)
        make = command_line("server", "snapshot", "--database", typed)
        lines.append(f"The files for new tills had the name and were deleted. New one: {make}")
    lines.append("Backups made before still have it until they are deleted.")
    return {"erased": erased, "snapshots_deleted": files}, "\n".join(lines)


def _merge(arguments: argparse.Namespace) -> Said:
    """Make two accounts one."""
    from pos_loyalty.server.owner_commands import find_member, merge_members
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(arguments.database)) as database:
        pair = [find_member(database, text) for text in (arguments.member, arguments.other)]
        stays = merge_members(database, *pair, clock=SystemClock())
    gone = pair[0] if stays == pair[1] else pair[1]
    typed = typed_database(arguments.database)
    apart = command_line("server", "unmerge", "--database", typed, gone)
    words = f"One account from now on: {stays}. To take them apart again: {apart}"
    return {"member": stays}, words


def _unmerge(arguments: argparse.Namespace) -> Said:
    """Take an account out of the one into which it was merged."""
    from pos_loyalty.server.owner_commands import unmerge_member
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    member = MemberId(arguments.member)
    with closing(open_database(arguments.database)) as database:
        unmerge_member(database, member, clock=SystemClock())
    return {"member": member}, "Two accounts again, each with its own points."


def _refold(arguments: argparse.Namespace) -> Said:
    """Judge what waited for an update."""
    from pos_loyalty.server.refold import refold
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(arguments.database)) as database:
        judged = refold(database, clock=SystemClock())
    events = [
        {"stream": each.stream, "seq": each.seq, "verdict": each.verdict.value} for each in judged
    ]
    words = "1 event was judged." if len(judged) == 1 else f"{len(judged)} events were judged."
    return {"judged": events}, f"{words} Each stands in `server inbox`."
