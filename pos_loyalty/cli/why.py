"""`why`: explain an event, or every point of a member: by rule, version, line and cap."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from pos_loyalty.domain.explained_member import MemberExplained
    from pos_loyalty.domain.explanation import Explanation

EXIT_OK = 0
EXIT_DIFFERS = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the sub-command takes."""
    parser.add_argument(
        "subject",
        metavar="EVENT|MEMBER",
        help="the id of a sale or another event, or a member's id or phone number",
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--data", type=Path, metavar="DIR", help="a till's data folder")
    place.add_argument(
        "--database", metavar="URL", help="the server's books: a file, or postgresql://…"
    )
    parser.add_argument("--json", action="store_true", help="answer as one JSON object")


def run(arguments: argparse.Namespace) -> int:
    """Explain; 1 where a computed result is not what was stored."""
    from pos_loyalty.domain.explanation import Explanation

    if arguments.database is None:
        found = _at_till(arguments.data, arguments.subject)
    else:
        found = _in_books(arguments.database, arguments.subject)
    explained = (
        [found, *found.later]
        if isinstance(found, Explanation)
        else [entry.explanation for entry in found.entries if entry.explanation is not None]
    )
    differing = [each.event for each in explained if each.agrees is False]
    if arguments.json:
        print(json.dumps(msgspec.to_builtins(found)))
    elif isinstance(found, Explanation):
        print("\n".join(_event_lines(found)))
    else:
        print("\n".join(_member_lines(found)))
    if differing:
        print(f"Not as the rules compute it: {', '.join(differing)}", file=sys.stderr)
    return EXIT_DIFFERS if differing else EXIT_OK


def _at_till(data: Path, subject: str) -> "Explanation | MemberExplained":
    """Read a till that may be open meanwhile; one of an older release is brought up to date."""
    from pos_loyalty.cli.till_folder import keys_for
    from pos_loyalty.services.explain import Explain, ExplainHandler
    from pos_loyalty.services.read_folder import reading_folder

    with reading_folder(data, keys_for(data)) as context:
        return ExplainHandler(context)(Explain(subject))


def _in_books(database: str, subject: str) -> "Explanation | MemberExplained":
    from pos_loyalty.server.explain import explain_subject
    from pos_loyalty.server.settings import database_url
    from pos_loyalty.server.setup import open_database
    from pos_loyalty.server.system import SystemClock

    with closing(open_database(database_url(database))) as books:
        return explain_subject(books, subject, now_ms=SystemClock().now_ms())


def _event_lines(found: "Explanation", indent: str = "") -> Iterator[str]:
    """Yield an explanation as a person reads it: the sentence, the rules, the lines."""
    from pos_loyalty.domain.explanation_story import local_time
    from pos_loyalty.domain.trace import sum_of_changes

    when = local_time(found.at_ms, found.tz_minutes)
    program = f"{found.program_name} " if found.program_name else ""
    yield f"{indent}{when}  {found.what}"
    yield f"{indent}  program {program}({found.program})"
    for step in found.steps:
        figure = f"{step.change:+}" if step.change else ""
        yield f"{indent}  {figure:>7}  {step.text}  [{step.rule}]"
    together = sum_of_changes(found.steps)
    # What one member lost and another one got is nobody's sum.
    if together is not None and len({entry.member for entry in found.entries}) <= 1:
        yield f"{indent}  {f'= {together}':>7}  points"
    for line in found.lines:
        article = ", ".join(word for word in (line.sku, line.category) if word)
        yield (
            f"{indent}  line {line.line}: {line.quantity} × {article or 'amount'},"
            f" {line.points} points before the caps of the sale"
        )
    if found.agrees is False:
        yield f"{indent}  NOT as computed: stored {found.stored}, the rules give {found.computed}"
    yield f"{indent}  event {found.event}"
    for each in found.later:
        yield f"{indent}since then:"
        yield from _event_lines(each, f"{indent}  ")


def _member_lines(found: "MemberExplained") -> Iterator[str]:
    from pos_loyalty.domain.explanation_story import local_time
    from pos_loyalty.domain.ledger import EntryKind

    yield f"Member {found.member}: {found.balance} points."
    if found.pending:
        when = local_time(found.pending_until_ms, 0)
        yield f"{found.pending} of them wait; the first can be used from {when} UTC."
    if found.ends_points:
        yield f"{found.ends_points} of them end at {local_time(found.ends_ms, 0)} UTC."
    told: set[str] = set()
    for entry in found.entries:
        yield ""
        yield f"{entry.points:>+8} → {entry.balance}  {entry.what}"
        if entry.explanation is not None and entry.event not in told:
            yield from _event_lines(entry.explanation, " " * 9)
        elif entry.event:
            yield f"{'':11}{local_time(entry.at_ms, 0)} UTC  event {entry.event}"
        elif entry.kind == EntryKind.EXPIRATION:
            yield f"{'':11}{local_time(entry.at_ms, 0)} UTC"
        told.add(entry.event)
