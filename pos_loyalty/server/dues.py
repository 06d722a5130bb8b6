"""What is due by time alone, in small slices: ends of points, pending ones, tiers, birthdays.

Each member has a moment at which something is due next; only those whose moment has come are
looked at. Run late, twice or beside another it comes to the same. Only the server's clock
counts here: no till's clock can let anything expire.
"""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.activity import activity_points
from pos_loyalty.domain.calendar import date_of
from pos_loyalty.domain.clock import Clock
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.domain.expiration import AtTierLoss
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.tier import rank_of
from pos_loyalty.server.after_fold import finish_group
from pos_loyalty.server.aliases import ACTIVE
from pos_loyalty.server.books import Books, MemberState, Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.policy_statements import load_policy
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.deeds import BY_TIME, end_all, expire_points, give_points, lower_tier
from pos_loyalty.server.due_times import birthday_in, birthday_rule, due_ms_of, inactive_ms
from pos_loyalty.server.group_commit import Signal
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.inbox_load import load_whole
from pos_loyalty.server.keeping import tally_of_person, withhold
from pos_loyalty.server.keeping_load import hear_of_programs
from pos_loyalty.server.tier_keeping import judge_tier

SLICE = 200
"""Members in one write, so that no sale waits long for it."""
LOOK_SECONDS = 60 * 60
_BREATH_SECONDS = 0.05
_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class DuesDone:
    """What was done: members looked at, points that expired, tiers that fell, birthdays paid."""

    members: int = 0
    expired_points: int = 0
    fallen: int = 0
    birthdays: int = 0

    def add(self, other: "DuesDone") -> None:
        """Add what a further slice did."""
        self.members += other.members
        self.expired_points += other.expired_points
        self.fallen += other.fallen
        self.birthdays += other.birthdays


def run_dues(database: Database, merchant: Merchant, *, now_ms: int) -> DuesDone:
    """Do all that is due at a moment; the number of members in a write is limited."""
    done = DuesDone()
    while True:
        part = run_slice(database, merchant, now_ms=now_ms)
        done.add(part)
        if not part.members:
            return done


def run_slice(database: Database, merchant: Merchant, *, now_ms: int) -> DuesDone:
    """Do what is due for the first few members; nothing is written where nobody's time came."""
    with database.read() as session:
        if not _whose_turn(session, merchant, now_ms):
            return DuesDone()

    def work(session: Session) -> DuesDone:
        v, epoch = statements.take_version(session, merchant.merchant)
        hear_of_programs(session, merchant, v)
        books = Books(merchant=merchant, v=v, epoch=epoch, now_ms=now_ms)
        members = _whose_turn(session, merchant, now_ms)
        _load(session, books, members)
        done = do_dues(books, members)
        finish_group(session, books)
        statements.save(session, books)
        return done

    return transact(database, work)


def _whose_turn(session: Session, merchant: Merchant, now_ms: int) -> list[MemberId]:
    # No page of a feed: whoever was looked at is due later, so the first ones are always new.
    rows = session.fetch(
        "SELECT member FROM (SELECT member FROM member"
        " WHERE merchant = ? AND due_ms > 0 AND due_ms <= ?) AS due ORDER BY member LIMIT ?",
        merchant.merchant,
        now_ms,
        SLICE,
    )
    return [MemberId(row[0]) for row in rows]


def _load(session: Session, books: Books, members: Sequence[MemberId]) -> None:
    key = books.merchant.merchant
    load_whole(session, books, set(members))
    held = {stream for rights in books.rights.values() for stream in rights}
    books.streams = statements.load_streams(session, key, held)
    books.any_frozen = statements.is_any_frozen(session, key)
    books.policy = load_policy(session, key)


def do_dues(books: Books, members: Sequence[MemberId]) -> DuesDone:
    """Do what is due for loaded members, with every account of the same person."""
    done = DuesDone(members=len(members))
    people = {books.class_of(member)[0].member for member in members}
    for person in sorted(people):
        everyone = books.class_of(person)
        withhold(books, everyone)
        done.fallen += _judge(books, everyone)
        _end_inactive(books, everyone)
        done.expired_points += expire_due(books, everyone)
        done.birthdays += _pay_birthday(books, everyone[0])
        if books.needs.has_lots:
            # Points that were pending show and can lie elsewhere from now on.
            books.placement_due.add(person)
            books.touch_member(everyone[0])
    for member in members:
        state = books.members[member]
        books.dirty_members.add(member)
        state.due_ms = due_ms_of(books, state)
    return done


def _judge(books: Books, everyone: Sequence[MemberState]) -> int:
    """Lower tiers that are due to fall; return how many accounts that were."""
    program, fallen = books.program, 0
    for member in everyone:
        rank = rank_of(program.tiers, member.tier)
        if not member.tier or member.status != ACTIVE:
            continue
        after = judge_tier(books, member)
        if after.tier == member.tier:
            continue
        lower_tier(books, member, after)
        if rank_of(program.tiers, after.tier) < rank:
            fallen += 1
            if isinstance(program.expiration.model, AtTierLoss):
                end_all(books, member, at_ms=books.now_ms)
    return fallen


def _end_inactive(books: Books, everyone: Sequence[MemberState]) -> None:
    """Let all points end of a person who was in none of the accounts for long."""
    kept = [state.kept for state in everyone if state.kept is not None]
    moments = [inactive_ms(books, one) for one in kept]
    ends_ms = max(moments, default=0)
    if not 0 < ends_ms <= books.now_ms:
        return
    for member in everyone:
        if member.kept is not None and member.kept.ended_ms < ends_ms:
            end_all(books, member, at_ms=ends_ms)


def expire_due(books: Books, everyone: Sequence[MemberState]) -> int:
    """Take what ended of a person's points, and ask back rights to what could not be taken.

    A till that was not in contact since the end may have let some of it be spent in time: so
    much stays until it was. Never more is taken than no till has a right to.
    """
    ended = {state.member: _ended(books, state) for state in everyone}
    total = sum(ended.values())
    if not total:
        return 0
    pool = sum(state.balance - state.outstanding for state in everyone)
    left = gone = max(0, min(pool, total - _unheard(books, everyone)))
    for state in everyone:
        part = min(left, ended[state.member])
        if part:
            expire_points(books, state, part)
            left -= part
    if gone < total:
        _ask_back(books, everyone)
    return gone


def _ended(books: Books, state: MemberState) -> int:
    return 0 if state.kept is None else lots.ended_points(state.kept.book, books.now_ms)


def _unheard(books: Books, everyone: Sequence[MemberState]) -> int:
    """Return the rights of tills that were not in contact after the last of the ends."""
    ends_ms = max(
        lot.ends_ms
        for state in everyone
        if state.kept is not None
        # Where nobody looked in between, points ended that still count as pending.
        for lot in (*state.kept.book.lots, *state.kept.book.waiting)
        if lot.ends_ms is not None and lot.ends_ms <= books.now_ms
    )
    return sum(
        rights.reserved
        for state in everyone
        for stream, rights in books.rights.get(state.member, {}).items()
        if (holder := books.streams.get(stream)) is None or holder.seen_ms < ends_ms
    )


def _ask_back(books: Books, everyone: Sequence[MemberState]) -> None:
    for state in everyone:
        for stream, rights in books.rights.get(state.member, {}).items():
            holder = books.streams.get(stream)
            is_closed = holder is not None and holder.closed
            if rights.outstanding > 0 and rights.keep != 0 and not is_closed:
                rights.keep = 0
                books.announce_rights(rights)


def _pay_birthday(books: Books, member: MemberState) -> int:
    """Give what a birthday gives, once a year, within the caps of the activity."""
    rule = birthday_rule(books.program)
    if rule is None or not member.birthday or member.status != ACTIVE:
        return 0
    kept = member.kept
    tz_minutes, paid = (0, 0) if kept is None else (kept.tz_minutes, kept.birthday_year)
    today = date_of(books.now_ms, tz_minutes)
    if today.year <= paid or birthday_in(today.year, member.birthday) != today:
        return 0
    given = activity_points(
        rule,
        tally_of_person(books, member.member),
        at_ms=books.now_ms,
        tz_minutes=tz_minutes,
    )
    give_points(
        books,
        member,
        given.points,
        kind=EntryKind.ACTIVITY,
        activity=rule.id,
        year=today.year,
        who=BY_TIME,
    )
    return 1


async def keep_due(database: Database, merchant: Merchant, clock: Clock, moved: Signal) -> None:
    """Do what is due once an hour while the server runs, a few members at a time."""
    while True:
        try:
            while (
                await asyncio.to_thread(run_slice, database, merchant, now_ms=clock.now_ms())
            ).members:
                moved.send()
                await asyncio.sleep(_BREATH_SECONDS)
        except LoyaltyError as error:
            _LOG.warning("what is due could not be done: %s", error.code)
        await asyncio.sleep(LOOK_SECONDS)
