"""What an owner does by the program's rules: labels on members, and points that live again."""

import re
from collections.abc import Sequence

from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.after_fold import finish_group
from pos_loyalty.server.books import Books
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.deeds import reinstate_points
from pos_loyalty.server.inbox_load import load_whole
from pos_loyalty.server.owner_commands import change_books

LABELS_MAX = 50
_LABEL = re.compile(r"[+-][^\s+,\x00-\x1f-][^\s,\x00-\x1f]{0,39}")
DAYS_MAX = 3650


def label_member(
    database: Database, member: MemberId, changes: Sequence[str], *, clock: Clock
) -> tuple[str, ...]:
    """Put labels on a member (``+regular``) and take others off (``-new``); returns what stays.

    Raises:
        CommandRefused: what is no label, or too many of them.
    """
    for change in changes:
        if not _LABEL.fullmatch(change):
            raise CommandRefused(Code.OPTION_SHAPE, option="label", example="+regular")

    def work(session: Session, books: Books) -> tuple[str, ...]:
        load_whole(session, books, {member})
        everyone = books.class_of(member)
        labels = {label for state in everyone for label in state.segments}
        labels |= {change[1:] for change in changes if change[0] == "+"}
        labels -= {change[1:] for change in changes if change[0] == "-"}
        if len(labels) > LABELS_MAX:
            raise CommandRefused(Code.OPTION_SHAPE, option="label", example="+regular")
        if changes:
            for state in everyone:
                state.segments = ()
            everyone[0].segments = tuple(sorted(labels))
            for state in everyone:
                books.touch_member(state)
        return tuple(sorted(labels))

    return change_books(database, work, clock=clock)


def reinstate_member(database: Database, member: MemberId, *, days: int, clock: Clock) -> int:
    """Give new life to what expired of a member in the last days; returns how many points.

    Raises:
        CommandRefused: no such number of days.
    """
    if not 0 < days <= DAYS_MAX:
        raise CommandRefused(Code.OPTION_SHAPE, option="--days", example="10")

    def work(session: Session, books: Books) -> int:
        load_whole(session, books, {member})
        rules = books.program.expiration
        points = 0
        for state in books.class_of(member):
            if state.kept is not None:
                points += reinstate_points(
                    books,
                    state,
                    days=days,
                    tz_minutes=state.kept.tz_minutes,
                    grace_days=rules.grace_days,
                )
        if points:
            finish_group(session, books)
        return points

    return change_books(database, work, clock=clock)
