"""When something is due for a member by time alone: pending points, ends, tiers, birthdays."""

import datetime as dt

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.calendar import date_of, on_or_last, start_of_day_ms
from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.aliases import ACTIVE
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.keeping_state import Kept
from pos_loyalty.server.tier_keeping import tier_ends_ms

BIRTHDAY = "birthday"
"""The activity that the server records by itself on a member's birthday."""
AGAIN_MS = 60 * 60 * 1000
"""Points that ended and cannot be taken yet are looked at again after this time."""
_MONTHS = 12


def set_due(books: Books) -> None:
    """Set for every changed member when time alone will change something next."""
    rule = birthday_rule(books.program)
    for member in books.dirty_members:
        state = books.members[member]
        if state.kept is not None or (rule is not None and state.birthday):
            state.due_ms = due_ms_of(books, state)
        if state.kept is not None:
            state.kept.tier_until_ms = tier_ends_ms(books, state)


def due_ms_of(books: Books, member: MemberState) -> int:
    """Return the next moment at which something is due; 0 is never."""
    moments = [tier_ends_ms(books, member), birthday_ms(books, member)]
    if member.kept is not None:
        moments += _moments_of_points(books, member.kept)
    # What is still there although its time has come waits for somebody, as for a till's word.
    now_ms = books.now_ms
    later = (moment if moment > now_ms else now_ms + AGAIN_MS for moment in moments if moment)
    return min(later, default=0)


def _moments_of_points(books: Books, kept: Kept) -> list[int]:
    book, now_ms = kept.book, books.now_ms
    moments = [lots.pending(book, now_ms).at_ms, lots.next_end(book, now_ms).at_ms]
    if lots.ended_points(book, now_ms):
        moments.append(now_ms)
    if lots.balance(book) > 0:
        moments.append(inactive_ms(books, kept))
    return moments


def inactive_ms(books: Books, kept: Kept) -> int:
    """Return when all points end unless the member comes again; 0 in other models."""
    if not kept.active_ms:
        return 0
    ends_ms = lots.inactivity_ends_at(
        books.program.expiration, last_ms=kept.active_ms, tz_minutes=kept.tz_minutes
    )
    return ends_ms or 0


def birthday_rule(program: LoyaltyProgram) -> ActivityRule | None:
    """Return the activity that a birthday pays, where the program has one."""
    for rule in program.activities:
        if rule.id == BIRTHDAY and rule.approval is Approval.AUTOMATIC:
            return rule
    return None


def birthday_ms(books: Books, member: MemberState) -> int:
    """Return when the next birthday begins that was not paid yet; 0 where none is known."""
    if birthday_rule(books.program) is None or member.status != ACTIVE:
        return 0
    tz_minutes = 0 if member.kept is None else member.kept.tz_minutes
    paid = 0 if member.kept is None else member.kept.birthday_year
    today = date_of(books.now_ms, tz_minutes)
    for year in (today.year, today.year + 1):
        day = birthday_in(year, member.birthday)
        if day is not None and year > paid and day >= today:
            return start_of_day_ms(day, tz_minutes)
    return 0


def birthday_in(year: int, birthday: str) -> dt.date | None:
    """Return the day of a birthday ("MM-DD") in a year; None where it is none.

    29 February is 28 February in other years.
    """
    month, _, day = birthday.partition("-")
    if not (month.isdecimal() and day.isdecimal() and 1 <= int(month) <= _MONTHS and int(day)):
        return None
    return on_or_last(year * _MONTHS + int(month) - 1, int(day))
