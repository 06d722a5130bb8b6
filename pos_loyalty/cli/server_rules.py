"""`server label`, `reinstate`, `dues`: what the owner does by the rules of the program."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from typing import Final

Said = tuple[dict[str, object], str]
"""The answer for a program, and the same in words."""
ACTIONS = ("label", "reinstate", "dues")
_MS_PER_SECOND: Final = 1000


def add_arguments(add: Callable[[str, str], argparse.ArgumentParser]) -> None:
    """Declare whom a command is about."""
    label = add("label", "put labels on a member, or take them off; rules can ask for them")
    label.add_argument("member", metavar="MEMBER", help="the member's phone number, or id")
    label.add_argument(
        "labels",
        metavar="+LABEL|-LABEL",
        nargs=argparse.REMAINDER,
        help="+regular puts a label on, -regular takes it off; none shows them",
    )
    reinstate = add("reinstate", "give new life to a member's points that expired lately")
    reinstate.add_argument("member", metavar="MEMBER", help="the member's phone number, or id")
    reinstate.add_argument("--days", type=int, required=True, metavar="N", help="so far back")
    dues = add("dues", "do now what is due by time; a running server does it every hour")
    dues.add_argument(
        "--at", type=_moment, metavar="TIME", help="as of this time, like 2026-12-31T23:00 (UTC)"
    )


def _moment(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a time like 2026-12-31T23:00") from error
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * _MS_PER_SECOND)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; say it in words or as one JSON object."""
    actions = {"label": _label, "reinstate": _reinstate, "dues": _dues}
    answer, sentences = actions[arguments.action](arguments)
    print(json.dumps(answer) if arguments.json else sentences)
    return 0


def _label(arguments: argparse.Namespace) -> Said:
    """Put labels on a member, or take them off."""
    from pos_loyalty.server.owner_commands import find_member
    from pos_loyalty.server.owner_rules import label_member
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(arguments.database)) as database:
        member = find_member(database, arguments.member)
        labels = label_member(database, member, arguments.labels, clock=SystemClock())
    words = f"Labels: {', '.join(labels)}." if labels else "No labels."
    return {"member": member, "labels": labels}, words


def _reinstate(arguments: argparse.Namespace) -> Said:
    """Revive what expired of a member in the last days."""
    from pos_loyalty.server.owner_commands import find_member
    from pos_loyalty.server.owner_rules import reinstate_member
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(arguments.database)) as database:
        member = find_member(database, arguments.member)
        points = reinstate_member(database, member, days=arguments.days, clock=SystemClock())
    words = (
        f"{points} points live again. Each till hears of it at its next contact."
        if points
        else "Nothing expired in these days that the program lets live again."
    )
    return {"member": member, "points": points}, words


def _dues(arguments: argparse.Namespace) -> Said:
    """Do what is due by time alone."""
    from pos_loyalty.server.dues import run_dues
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.system import SystemClock

    now_ms = SystemClock().now_ms() if arguments.at is None else arguments.at
    with closing(open_database(arguments.database)) as database:
        done = run_dues(database, read_merchant(database), now_ms=now_ms)
    words = (
        f"Looked at {done.members} members: {done.expired_points} points expired,"
        f" {done.fallen} tiers fell, {done.birthdays} birthdays were paid."
    )
    fields: dict[str, object] = {
        "members": done.members,
        "expired_points": done.expired_points,
        "fallen": done.fallen,
        "birthdays": done.birthdays,
    }
    return fields, words
