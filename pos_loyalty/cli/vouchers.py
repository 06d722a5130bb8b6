"""`vouchers issue`: what the owner hands out or mails, each used once."""

import argparse
import csv
import datetime as dt
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from pos_loyalty.cli.till_folder import open_for_command
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused

if TYPE_CHECKING:
    from pos_loyalty.cards.sheet import Progress
    from pos_loyalty.cards.voucher_sheet import VoucherSheetReport
    from pos_loyalty.domain.money import Currency
    from pos_loyalty.services.issue_vouchers import IssuedVoucher, IssueVouchers
    from pos_loyalty.till import Till

_HINT_LETTERS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the command takes."""
    commands = parser.add_subparsers(dest="vouchers_command", required=True, metavar="COMMAND")
    issue = commands.add_parser(
        "issue",
        help="make vouchers that this till signs",
        description=(
            "Make vouchers, each used once by whoever has it, and sign them with this till's key."
            " They come as a table, as a sheet to print, or both. Nothing of them is kept here:"
            " the letters are worth money. While they are made the till's window must be closed."
        ),
    )
    issue.add_argument(
        "--data", type=Path, required=True, metavar="DIR", help="the till's data folder"
    )
    issue.add_argument(
        "--count", type=int, required=True, metavar="N", help="how many, 1 to 10,000"
    )
    worth = issue.add_mutually_exclusive_group(required=True)
    worth.add_argument("--amount", help="what each takes off a sale, like 5.00")
    worth.add_argument("--points", type=int, help="how many points each gives")
    issue.add_argument(
        "--until", type=_day, required=True, metavar="DATE", help="the last day, like 2026-12-31"
    )
    issue.add_argument("--sheet", type=Path, metavar="FILE", help="also a PDF to print, ten on A4")
    issue.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="write the table into this file (default: standard output)",
    )
    issue.add_argument("--json", action="store_true", help="answer in JSON; needs --csv or --sheet")
    issue.set_defaults(vouchers_run=_issue)


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen command."""
    return int(arguments.vouchers_run(arguments))


def _issue(arguments: argparse.Namespace) -> int:
    """Sign the vouchers, print what is asked for; the codes themselves are worth money."""
    if arguments.json and arguments.csv is None and arguments.sheet is None:
        raise CommandRefused(Code.COMMAND_FIELD, field="csv")
    with open_for_command(arguments.data) as till:
        currency = till.shop.currency
        issued = till.issue_vouchers(_command(arguments, currency))
        report = None if arguments.sheet is None else _sheet(till, issued, arguments.sheet)
    if arguments.csv is not None:
        _write_file(issued, arguments.csv, currency)
    elif not arguments.json:
        _write_table(issued, sys.stdout, currency)
    _say(arguments, issued, report)
    return 0


def _command(arguments: argparse.Namespace, currency: "Currency") -> "IssueVouchers":
    from pos_loyalty.domain.money import parse_amount
    from pos_loyalty.domain.voucher import VoucherGives
    from pos_loyalty.services.issue_vouchers import IssueVouchers

    is_amount = arguments.amount is not None
    return IssueVouchers(
        count=arguments.count,
        gives=VoucherGives.AMOUNT if is_amount else VoucherGives.POINTS,
        much=parse_amount(arguments.amount, currency) if is_amount else arguments.points,
        until=arguments.until,
    )


def _sheet(till: "Till", issued: "Sequence[IssuedVoucher]", path: Path) -> "VoucherSheetReport":
    from pos_loyalty.cards.voucher_sheet import PrintedVoucher, write_voucher_sheet

    printed = [
        PrintedVoucher(
            code=one.code,
            worth=_worth(one, till.shop.currency),
            until=one.voucher.until.isoformat(),
            hint=_hint(one),
        )
        for one in issued
    ]
    return write_voucher_sheet(printed, path, shop_name=till.shop.shop_name, progress=_progress())


def _worth(issued: "IssuedVoucher", currency: "Currency") -> str:
    """Say what a voucher is worth: "5.00 EUR off" or "200 points"."""
    from pos_loyalty.domain.money import plain_amount

    voucher = issued.voucher
    if voucher.points:
        return f"{voucher.points} points"
    return f"{plain_amount(voucher.amount, currency)} {currency.code} off"


def _hint(issued: "IssuedVoucher") -> str:
    """Return what tells vouchers apart on paper and in the table; it is no part of the secret."""
    return issued.voucher.id[-_HINT_LETTERS:].upper()


def _write_file(issued: "Sequence[IssuedVoucher]", path: Path, currency: "Currency") -> None:
    """Write the table so that only its owner may read it."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            _write_table(issued, file, currency)
    except OSError as error:
        raise CommandRefused(Code.FILE_WRITE, file=str(path)) from error


def _write_table(issued: "Sequence[IssuedVoucher]", file: TextIO, currency: "Currency") -> None:
    table = csv.writer(file, lineterminator="\n")
    table.writerow(("number", "worth", "until", "code"))
    table.writerows(
        (_hint(one), _worth(one, currency), one.voucher.until.isoformat(), one.code)
        for one in issued
    )


def _say(
    arguments: argparse.Namespace,
    issued: "Sequence[IssuedVoucher]",
    report: "VoucherSheetReport | None",
) -> None:
    """Tell what was made, on standard error where the table itself is the answer."""
    if arguments.json:
        facts: dict[str, object] = {"vouchers": len(issued)}
        if arguments.csv is not None:
            facts["csv"] = str(arguments.csv)
        if report is not None:
            facts |= {"sheet": str(report.path), "pages": report.pages}
        print(json.dumps(facts))
        return
    words = f"{len(issued)} voucher{'s' if len(issued) > 1 else ''}"
    places = [str(path) for path in (arguments.csv, arguments.sheet) if path is not None]
    ending = f" in {' and '.join(places)}" if places else ""
    check = "; every code was read" if report is not None else ""
    print(f"{words}{ending}{check}", file=sys.stdout if arguments.csv else sys.stderr)


def _progress() -> "Progress":
    from pos_loyalty.cards.sheet import silent

    return _show_progress if sys.stderr.isatty() else silent


def _show_progress(done: int, total: int) -> None:
    end = "\n" if done == total else ""
    print(f"\r{done} of {total} vouchers read back", end=end, file=sys.stderr, flush=True)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError("a day is written like 2026-12-31") from error
