"""Check a shop's books from outside: nothing lost, doubled or altered, every balance right.

    python tools/check_books.py --till DIR [--till DIR …] [--server FILE-OR-URL] [--answers FILE …]

Independent of the program: it imports none of it, reads the databases with plain SQL
and recomputes everything from the events' bytes. Prints one JSON object; the exit code
is 0 if everything holds, 1 if anything is off, 2 if something cannot be read. Besides
the standard library it needs sqlcipher3, and psycopg for a server on PostgreSQL.

With a server every sale must have been sent; without one the tills are checked alone.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from books_answers import Answer, check_answers, last_shown, read_answers
from books_events import Event
from books_report import Matter, Report
from books_server import ServerBooks, check_both_sides, check_server, read_server
from books_till import (
    TillBooks,
    Unreadable,
    by_person,
    check_till,
    default_keys,
    read_till,
)

EXIT_OK = 0
EXIT_OFF = 1
EXIT_UNREADABLE = 2


def main(words: Sequence[str] | None = None) -> int:
    """Check what the command line names; print the report."""
    arguments = _parser().parse_args(words)
    report = Report()
    try:
        _check(arguments, report)
    except Unreadable as error:
        print(json.dumps({"ok": False, "finding": str(error)}))
        return EXIT_UNREADABLE
    print(json.dumps(report.as_fields(), ensure_ascii=False))
    return EXIT_OFF if report.findings else EXIT_OK


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--till", action="append", type=Path, default=[], metavar="DIR")
    parser.add_argument("--server", metavar="FILE-OR-URL", help="the server's database")
    parser.add_argument("--answers", action="append", type=Path, default=[], metavar="FILE")
    parser.add_argument("--keys", type=Path, metavar="DIR", help="where the tills' key files are")
    parser.add_argument(
        "--exact", action="store_true", help="a sale that no answer tells of is a fault"
    )
    return parser


def _check(arguments: argparse.Namespace, report: Report) -> None:
    keys: Path = arguments.keys or default_keys()
    answers = read_answers(arguments.answers)
    tills = [read_till(folder, keys, report) for folder in arguments.till]
    # After the tills: what they know to be acknowledged must then be there.
    server = read_server(arguments.server, report) if arguments.server else None
    for till in tills:
        check_till(till, report)
    told = check_answers(answers, tills, report, is_exact=arguments.exact) if answers else []
    balances = check_server(server, report) if server else {}
    if server:
        _check_sent(tills, server, told, report)
        _check_till_balances(tills, balances, server.merged, report)
    _check_shown(answers, tills, report)
    _count(tills, server, report)


def _check_sent(
    tills: Sequence[TillBooks],
    server: ServerBooks,
    told: Sequence[tuple[TillBooks, Answer, Event]],
    report: Report,
) -> None:
    """Everything has reached the server, once, as it was."""
    in_books = [event.id for event in server.counted()]
    for till in tills:
        check_both_sides(till.name, till.streams, server, report)
        for stream in till.streams:
            if stream.is_open and stream.pending:
                report.find(
                    Matter.OTHER, f"till {till.name}: {stream.pending} events were not sent yet"
                )
    for till, answer, event in told:
        if event.id not in in_books:
            report.find(
                Matter.LOST, f"server: a sale of till {till.name} is not in the books: {answer}"
            )


def _check_till_balances(
    tills: Sequence[TillBooks], balances: dict[str, int], merged: dict[str, str], report: Report
) -> None:
    """What each till has cached is what all events of all tills make, for each person."""
    events_make = by_person(balances, merged)
    for till in tills:
        shown = till.shown()
        for member in sorted(shown.keys() | events_make.keys()):
            cached = shown.get(member, 0)
            made = events_make.get(member, 0)
            if cached != made:
                report.find(
                    Matter.BALANCE,
                    f"till {till.name}, member {member}: shows {cached} points, all events"
                    f" make {made}",
                )


def _check_shown(answers: Sequence[Answer], tills: Sequence[TillBooks], report: Report) -> None:
    """What was shown last is what the till has."""
    shown = last_shown(answers, tills, report)
    for till in tills:
        for member, balance in till.shown().items():
            if shown.get((till.name, member), balance) != balance:
                report.find(
                    Matter.BALANCE,
                    f"till {till.name}, member {member}: {shown[till.name, member]} points were"
                    f" shown last, the books say {balance}",
                )


def _count(tills: Sequence[TillBooks], server: ServerBooks | None, report: Report) -> None:
    report.figures["tills"] = len(tills)
    report.figures["events"] = sum(len(stream.events) for till in tills for stream in till.streams)
    report.figures["members"] = len({member for till in tills for member in till.points})
    if server:
        report.figures["server_events"] = sum(
            len(stream.events) for stream in server.streams.values()
        )


if __name__ == "__main__":
    sys.exit(main())
