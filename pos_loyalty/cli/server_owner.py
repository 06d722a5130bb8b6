"""What only the owner decides: the allowance, tills that are gone, books that were restored."""

import argparse
import json
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pos_loyalty.server.allowance_choice import AllowanceReport
    from pos_loyalty.server.books import Merchant
    from pos_loyalty.server.database.repository import Session
    from pos_loyalty.server.roster import Roster, TillEntry

EXIT_OK = 0
_POINTS_MAX = 10**9
_DAYS_MAX = 3650
_MS_PER_MINUTE = 60_000

Adder = Callable[[str, str], argparse.ArgumentParser]
"""Makes a sub-command by name and help, with the options that all of them have."""


def add_arguments(add: Adder) -> None:
    """Declare the owner's sub-commands."""
    allowance = add("allowance", "what tills may redeem above their rights, and its worst case")
    allowance.add_argument("--total", type=_points, metavar="POINTS", help="for all tills together")
    allowance.add_argument("--per-till", type=_points, metavar="POINTS", help="for each till")
    allowance.add_argument(
        "--settle", action="store_true", help="accept all losses so far; the total is whole again"
    )
    tills = add("tills", "all tills: contact, events, points that they may still spend")
    tills.add_argument(
        "--confirm", action="store_true", help="after a restore: the list is whole, grant again"
    )
    lost = add("till-lost", "a till will not come back: close it; its points stay reserved")
    lost.add_argument("till", metavar="TILL", help="shop/name, or its id")
    lost.add_argument(
        "--release", action="store_true", help="free the points reserved for its closed journals"
    )
    off = add("till-off", "refuse a till from its next contact on")
    off.add_argument("till", metavar="TILL", help="shop/name, or its id")
    off.add_argument("--undo", action="store_true", help="let it back in")
    add("restored", "these books come from a backup: freeze grants until tills have reported")
    placement = add("placement", "grant rights ahead of visits, where members come")
    placement.add_argument("state", choices=("on", "off"))
    days = add("rights-days", "after how many days without contact a till stops redeeming")
    days.add_argument("days", type=_days, metavar="DAYS", help="0: never")


def _points(text: str) -> int:
    if not text.isdecimal() or int(text) > _POINTS_MAX:
        raise argparse.ArgumentTypeError("whole points, 0 or more")
    return int(text)


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > _DAYS_MAX:
        raise argparse.ArgumentTypeError(f"0 to {_DAYS_MAX} days")
    return int(text)


class _Desk:
    """One sub-command at work: the books, the time, and how to answer."""

    def __init__(self, session: "Session", merchant: "Merchant", now_ms: int) -> None:
        self.session = session
        self.merchant = merchant
        self.now_ms = now_ms

    @property
    def key(self) -> Any:  # noqa: ANN401 - the merchant's id; its type is imported late
        """The merchant's id."""
        return self.merchant.merchant


Answer = tuple[str, dict[str, Any]]
"""The answer in words, and as fields."""


def run(arguments: argparse.Namespace) -> int:
    """Do it in one write transaction, so that it is whole or not at all."""
    from pos_loyalty.server.group_write import transact
    from pos_loyalty.server.setup import open_database, read_merchant
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(arguments.database)) as database:
        merchant = read_merchant(database)

        def work(session: "Session") -> Answer:
            desk = _Desk(session, merchant, SystemClock().now_ms())
            return _ACTIONS[arguments.action](desk, arguments)

        words, fields = transact(database, work)
    if arguments.json:
        print(json.dumps(fields))
    else:
        print(words)
    return EXIT_OK


# ----------------------------------------------------------- allowance --


def _allowance(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.allowance_choice import (
        choose_allowance,
        read_allowance,
        settle_all,
    )
    from pos_loyalty.server.settings import typed_database

    begin: list[str] = []
    if arguments.total is not None or arguments.per_till is not None:
        choose_allowance(desk.session, desk.key, total=arguments.total, per_till=arguments.per_till)
    if arguments.settle:
        settled = settle_all(desk.session, desk.key, now_ms=desk.now_ms)
        begin.append(
            f"Accepted: {settled.not_covered} points not covered, {settled.released} points"
            f" released, {settled.left_behind} points of journals that tills left behind."
        )
    report = read_allowance(desk.session, desk.merchant, now_ms=desk.now_ms)
    words = _allowance_words(desk, report, typed_database(arguments.database))
    return "\n".join([*begin, *words]), _allowance_fields(report)


def _money(desk: _Desk, minor_units: int) -> str:
    from pos_loyalty.domain.money import currency_of, plain_amount

    currency = currency_of(desk.merchant.currency)
    return f"{plain_amount(minor_units, currency)} {currency.code}"


def _allowance_words(desk: _Desk, report: "AllowanceReport", typed: str) -> list[str]:
    from pos_loyalty.services.command_name import command_line

    policy = report.policy
    lines: list[str] = []
    if report.largest_loss == 0:
        lines.append("No allowance: a till redeems only points that nobody else can spend.")
        lines.append("Nothing can be lost this way. Without a line some members may have to wait.")
    else:
        lines.append(
            f"All tills together may redeem {policy.allowance_total} points above their rights"
            f" (what nobody else can spend), each till up to {policy.allowance_per_till}."
        )
        lines.append(
            f"The largest possible loss: {report.largest_loss} points, worth at most"
            f" {_money(desk, report.money(report.largest_loss))}; at one till"
            f" {report.largest_till_loss} points, at most"
            f" {_money(desk, report.money(report.largest_till_loss))}."
        )
        lines.append(
            f"Of it now: {report.on_tills} points on tills, {report.not_covered} redeemed and not"
            f" covered, {report.released} released for lost tills."
        )
    if report.rate is None:
        lines.append("The program has no rewards: points buy nothing.")
    else:
        lines.append(
            f"Every 100 points of allowance can cost up to {_money(desk, report.money(100))}"
            f" ({report.rate.reward} gives the most money for a point)."
        )
    if report.largest_loss == 0:
        words = ("server", "allowance", "--database", typed, "--total", "POINTS")
        lines.append(f"To choose one: {command_line(*words, '--per-till', 'POINTS')}")
    for share in report.shares:
        left = f", and {share.left_points} in journals it left" if share.left_points else ""
        lines.append(f"  {share.till.full_name}: {share.now_points} points now{left}")
    return lines


def _allowance_fields(report: "AllowanceReport") -> dict[str, Any]:
    return {
        "total_points": report.policy.allowance_total,
        "per_till_points": report.policy.allowance_per_till,
        "largest_loss_points": report.largest_loss,
        "largest_loss_money": report.money(report.largest_loss),
        "largest_till_loss_points": report.largest_till_loss,
        "largest_till_loss_money": report.money(report.largest_till_loss),
        "money_per_100_points": report.money(100),
        "on_tills_points": report.on_tills,
        "not_covered_points": report.not_covered,
        "released_points": report.released,
        "tills": [
            {
                "till": share.till.till,
                "name": share.till.full_name,
                "points": share.now_points,
                "left_behind_points": share.left_points,
            }
            for share in report.shares
        ],
    }


# --------------------------------------------------------------- tills --


def _tills(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.roster import confirm, read_roster

    begin: list[str] = []
    if arguments.confirm:
        confirm(desk.session, desk.key)
        begin.append("Confirmed: these are all tills. Points are granted again.")
    roster = read_roster(desk.session, desk.key)
    words = [*begin, *(_till_line(till, desk.now_ms) for till in roster.tills)]
    if roster.is_open:
        words.append(_waiting_words(roster, arguments.database))
    fields = {"waits_for_owner": roster.is_open, "tills": [_till_fields(t) for t in roster.tills]}
    return "\n".join(words or ["No till has joined yet."]), fields


def _till_line(till: "TillEntry", now_ms: int) -> str:
    marks = [
        mark
        for mark, holds in (
            ("hub", till.is_hub),
            ("switched off", till.is_off),
            ("lost", till.is_lost),
            ("has not reported", till.is_waited_for),
        )
        if holds
    ]
    line = (
        f"{till.full_name}: {_ago(till.seen_ms, now_ms)}, {_count(till.events, 'event')} here,"
        f" may still spend {till.rights_points} points"
    )
    if till.stranded_points:
        line += f" ({till.stranded_points} of them in journals it left)"
    return line + (f" \N{EM DASH} {', '.join(marks)}" if marks else "")


def _ago(seen_ms: int, now_ms: int) -> str:
    if not seen_ms:
        return "no events since the update"
    minutes = max(0, now_ms - seen_ms) // _MS_PER_MINUTE
    days, hours = minutes // (24 * 60), minutes // 60
    if days:
        return f"last events {_count(days, 'day')} ago"
    if hours:
        return f"last events {_count(hours, 'hour')} ago"
    return f"last events {_count(minutes, 'minute')} ago" if minutes else "last events just now"


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _waiting_words(roster: "Roster", database: str) -> str:
    from pos_loyalty.server.settings import typed_database
    from pos_loyalty.services.command_name import command_line

    typed = typed_database(database)
    if roster.waited_for:
        names = ", ".join(till.full_name for till in roster.waited_for)
        lost = command_line("server", "till-lost", "--database", typed, "TILL")
        return (
            "These books were restored: nothing is granted. Not yet reported: "
            f"{names}. Connect each, or bring its packet; one that will not come back: {lost}"
        )
    code = command_line("server", "till-code", "--database", typed, "--shop", "NAME")
    whole = command_line("server", "tills", "--database", typed, "--confirm")
    return (
        "These books were restored, and every till in the list has reported. If a till is missing"
        f" here, one that joined after the backup, let it join again: {code}\n"
        f"When all are in the list: {whole}"
    )


def _till_fields(till: "TillEntry") -> dict[str, Any]:
    return {
        "till": till.till,
        "name": till.full_name,
        "last_events_ms": till.seen_ms,
        "events": till.events,
        "rights_points": till.rights_points,
        "stranded_points": till.stranded_points,
        "frozen": till.is_waited_for,
        "lost": till.is_lost,
        "off": till.is_off,
        "hub": till.is_hub,
    }


def _till_lost(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.roster import declare_lost, find_till, read_roster, release

    till = find_till(read_roster(desk.session, desk.key), arguments.till)
    if not arguments.release:
        journals = declare_lost(desk.session, desk.key, till, now_ms=desk.now_ms)
        missing = "".join(
            f" Its sales are here up to event {one.events}, {_ago(one.seen_ms, desk.now_ms)};"
            f" what it sold from event {one.events + 1} on is missing."
            for one in journals
        )
        words = (
            f"{till.full_name} is closed.{missing} The {till.rights_points} points that it may"
            " still spend stay reserved. To free them, knowing that it may have spent them, say the"
            " same with --release."
        )
        fields = [
            {
                "stream": one.stream,
                "first_event": one.events + 1,
                "last_events_ms": one.seen_ms,
            }
            for one in journals
        ]
        return words, {**_till_fields(till), "lost": True, "missing": fields}
    worst = _worst_case(desk, till)
    freed = release(desk.session, desk.key, till, now_ms=desk.now_ms)
    words = (
        f"{worst}\nFreed: {freed.rights_points} points of {_count(freed.members, 'member')}, and"
        f" {freed.risk_points} points of allowance. They count against the allowance until you"
        " accept them in the list, or with `server allowance --settle`."
    )
    return words, {
        "till": till.till,
        "released_points": freed.rights_points,
        "released_allowance_points": freed.risk_points,
        "members": freed.members,
    }


def _worst_case(desk: _Desk, till: "TillEntry") -> str:
    from pos_loyalty.server.allowance_choice import read_allowance

    report = read_allowance(desk.session, desk.merchant, now_ms=desk.now_ms)
    points = till.left_points
    return (
        f"Worst case: {till.full_name} has spent them all without telling. That is"
        f" {points} points, worth at most {_money(desk, report.money(points))}."
    )


def _till_off(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.roster import find_till, read_roster, switch_off, switch_on

    till = find_till(read_roster(desk.session, desk.key), arguments.till)
    if arguments.undo:
        switch_on(desk.session, desk.key, till)
        words = f"{till.full_name} may come back: it joins again and sends what it had kept."
        return words, {**_till_fields(till), "off": False}
    switch_off(desk.session, desk.key, till, now_ms=desk.now_ms)
    words = (
        f"{till.full_name} is refused from its next contact on. What it has not sent stays on it;"
        f" the {till.rights_points} points that it may still spend stay reserved."
    )
    return words, {**_till_fields(till), "off": True}


def _restored(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.roster import declare_restored, read_roster

    epoch = declare_restored(desk.session, desk.key, now_ms=desk.now_ms)
    words = _waiting_words(read_roster(desk.session, desk.key), arguments.database)
    return words, {"epoch": epoch}


def _placement(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.database.policy_statements import choose
    from pos_loyalty.server.policy import PolicyName

    is_on = arguments.state == "on"
    choose(desk.session, desk.key, {PolicyName.PLACEMENT: int(is_on)})
    words = (
        "Rights are granted ahead of visits, to the shops where a member comes."
        if is_on
        else "Rights are granted only when a till asks for them."
    )
    return words, {"placement": is_on}


def _rights_days(desk: _Desk, arguments: argparse.Namespace) -> Answer:
    from pos_loyalty.server.database.policy_statements import choose
    from pos_loyalty.server.policy import PolicyName

    choose(desk.session, desk.key, {PolicyName.RIGHTS_DAYS: arguments.days})
    words = (
        f"A till that has not reached the server for {_count(arguments.days, 'day')} redeems no"
        " more points until it does. Each till hears of it at its next contact."
        if arguments.days
        else "A till redeems what it holds rights for however long it was without contact."
    )
    return words, {"rights_days": arguments.days}


_ACTIONS: dict[str, Callable[[_Desk, argparse.Namespace], Answer]] = {
    "allowance": _allowance,
    "tills": _tills,
    "till-lost": _till_lost,
    "till-off": _till_off,
    "restored": _restored,
    "placement": _placement,
    "rights-days": _rights_days,
}
ACTIONS = tuple(_ACTIONS)
