"""What the server itself does to a member's points and tier, with no event of a till.

Points end, are revived or given, a tier falls: each is an entry in a stream of the server's
own and a decision beside the journals. The books are derived again from both, so a deed can be
repeated: it does the same at its place in the order.
"""

import hashlib
from collections.abc import Callable

import msgspec

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.ids import EventId, MemberId, StreamId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.tally import activity_name, in_periods
from pos_loyalty.domain.tier_standing import TierStanding
from pos_loyalty.server.books import Books, EntryRow, MemberState
from pos_loyalty.server.inbox_state import Decision
from pos_loyalty.server.keeping import count, keep, withhold

SERVER_STREAM = StreamId("0" * 32)
"""Stands in the entries that no till's event made."""
BY_TIME, BY_OWNER = "time", "server"
ALL_END, EXPIRED, REINSTATED, GIVEN, TIER_FELL = (
    "all_end",
    "expired",
    "reinstated",
    "given",
    "tier_fell",
)
KINDS = frozenset({ALL_END, EXPIRED, REINSTATED, GIVEN, TIER_FELL})
_ENOUGH = 10**15
_JSON = msgspec.json.Encoder()


class _Revived(msgspec.Struct, frozen=True, array_like=True):
    """What a reinstatement was done with."""

    days: int
    tz_minutes: int
    grace_days: int


class _Gift(msgspec.Struct, frozen=True, array_like=True):
    """Points given, why, and when they end; ``activity`` where they are an activity's."""

    kind: str
    points: int
    ends_ms: int | None
    activity: str
    year: int


def end_all(books: Books, member: MemberState, *, at_ms: int) -> None:
    """Let all points end that a member had at a moment; the next expiration takes them."""
    kept = keep(member)
    kept.book, _ = lots.expire_all(kept.book, at_ms=at_ms, keep=_ENOUGH)
    kept.ended_ms = max(kept.ended_ms, at_ms)
    withhold(books, (member,))
    _note(books, ALL_END, member, str(at_ms), who=BY_TIME)


def expire_points(books: Books, member: MemberState, points: int) -> None:
    """Take so many points of lots that ended."""
    kept = keep(member)
    ended = lots.ended_points(kept.book, books.now_ms)
    kept.book, gone = lots.expire(
        kept.book,
        at_ms=books.now_ms,
        keep=ended - points,
        remember_days=books.program.expiration.reinstatement_days,
    )
    _enter(books, member, EntryKind.EXPIRATION, -gone)
    _note(books, EXPIRED, member, str(points), who=BY_TIME)


def reinstate_points(
    books: Books, member: MemberState, *, days: int, tz_minutes: int, grace_days: int
) -> int:
    """Give new life to what expired in the last days; return how many points."""
    kept = keep(member)
    kept.book, points = lots.reinstate(
        kept.book, days=days, at_ms=books.now_ms, tz_minutes=tz_minutes, grace_days=grace_days
    )
    if points:
        _enter(books, member, EntryKind.REINSTATEMENT, points)
        revived = _Revived(days, tz_minutes, grace_days)
        _note(books, REINSTATED, member, _JSON.encode(revived).decode(), who=BY_OWNER)
    return points


def give_points(
    books: Books,
    member: MemberState,
    points: int,
    *,
    kind: EntryKind,
    activity: str = "",
    year: int = 0,
    who: str = BY_OWNER,
) -> None:
    """Give points by the server's own word; ``year`` is that of the birthday they are for."""
    tz_minutes = 0 if member.kept is None else member.kept.tz_minutes
    ends_ms = lots.ends_at(books.program.expiration, at_ms=books.now_ms, tz_minutes=tz_minutes)
    _give(books, member, _Gift(kind.value, points, ends_ms, activity, year), who=who)


def _give(books: Books, member: MemberState, gift: _Gift, *, who: str) -> None:
    if books.needs.has_lots:
        kept = keep(member)
        kept.book = lots.accrue(
            kept.book, points=gift.points, at_ms=books.now_ms, ends_ms=gift.ends_ms
        )
    _enter(books, member, EntryKind(gift.kind), gift.points)
    if gift.activity and books.needs.tally:
        tz_minutes = keep(member).tz_minutes
        added = in_periods(
            {activity_name(gift.activity): gift.points},
            books.needs.tally,
            at_ms=books.now_ms,
            tz_minutes=tz_minutes,
        )
        count(books, member, added, tz_minutes=tz_minutes)
    if gift.year:
        keep(member).birthday_year = gift.year
    _note(books, GIVEN, member, _JSON.encode(gift).decode(), who=who)


def lower_tier(books: Books, member: MemberState, standing: TierStanding) -> None:
    """Let a member stand as the server judged."""
    keep(member).standing = standing
    member.tier = standing.tier
    books.touch_member(member)
    _note(books, TIER_FELL, member, _JSON.encode(standing).decode(), who=BY_TIME)


def repeat(books: Books, kind: str, subject: str, words: str) -> None:
    """Do a deed again at its place, as when the books are derived from the start."""
    _AGAIN[kind](books, books.member(MemberId(subject)), words)


def _reinstate_again(books: Books, member: MemberState, words: str) -> None:
    revived = msgspec.json.decode(words, type=_Revived)
    reinstate_points(
        books,
        member,
        days=revived.days,
        tz_minutes=revived.tz_minutes,
        grace_days=revived.grace_days,
    )


_AGAIN: dict[str, Callable[[Books, MemberState, str], None]] = {
    ALL_END: lambda books, member, words: end_all(books, member, at_ms=int(words)),
    EXPIRED: lambda books, member, words: expire_points(books, member, int(words)),
    REINSTATED: _reinstate_again,
    GIVEN: lambda books, member, words: _give(
        books, member, msgspec.json.decode(words, type=_Gift), who=BY_OWNER
    ),
    TIER_FELL: lambda books, member, words: lower_tier(
        books, member, msgspec.json.decode(words, type=TierStanding)
    ),
}


def _enter(books: Books, member: MemberState, kind: EntryKind, points: int) -> None:
    if points:
        seq = len(books.entries) + 1
        key = f"{books.merchant.merchant}|{books.v}|{member.member}|{seq}"
        books.entries.append(
            EntryRow(
                member=member.member,
                stream=SERVER_STREAM,
                seq=seq,
                position=0,
                event=EventId(hashlib.sha256(key.encode()).hexdigest()[:32]),
                kind=kind.value,
                points=points,
                at_ms=books.now_ms,
            )
        )
        member.balance += points
    withhold(books, (member,))
    books.touch_member(member)


def _note(books: Books, kind: str, member: MemberState, words: str, *, who: str) -> None:
    books.dirty_members.add(member.member)
    books.inbox.decisions.append(Decision(kind=kind, subject=member.member, object=words, who=who))
