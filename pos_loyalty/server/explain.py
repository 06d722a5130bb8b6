"""Say why a member has the points that the books show, from the stored events of all tills."""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    Event,
    MemberEnrolled,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
)
from pos_loyalty.domain.explained_member import (
    MemberExplained,
    PointsMoved,
    explained_member,
)
from pos_loyalty.domain.explanation import (
    ExplainedEntry,
    Explanation,
    explain,
    explain_with_later,
)
from pos_loyalty.domain.explanation_referral import with_invitation
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.member_facts import NO_SHEET
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.books import Fact, Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.keeping_statements import load_sales
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.member_rows import class_of, member_rows
from pos_loyalty.server.owner_commands import find_member
from pos_loyalty.server.reading import read_event
from pos_loyalty.server.setup import read_merchant

ENTRIES_MAX = 1_000
_SHOWN_MAX = 64


class BooksPast:
    """What explanations look up, in one snapshot of the books."""

    def __init__(self, session: Session, merchant: Merchant) -> None:
        self._session = session
        self._merchant = merchant
        self._referring: dict[str, list[Event]] | None = None

    def program(self, version: str) -> LoyaltyProgram | None:
        """Return a published version."""
        return self._merchant.programs.get(version)

    def event(self, event_id: str) -> Event | None:
        """Return an event that counts."""
        fact = self.fact(event_id)
        return None if fact is None else read_event(fact.data).event

    def fact(self, event_id: str) -> Fact | None:
        """Return the row of an event that counts."""
        found = statements.load_facts(self._session, self._merchant.merchant, [EventId(event_id)])
        return found.get(EventId(event_id))

    def referring_to(self, sale_id: str) -> Sequence[Event]:
        """Return what refunded, moved or undid a sale and counts, in the order of the books."""
        if self._referring is None:
            # They are few beside the sales, so all are read at once, and only where one is asked.
            found: defaultdict[str, list[Event]] = defaultdict(list)
            rows = self._session.fetch(
                "SELECT data FROM event WHERE merchant = ?"
                " AND kind IN ('refund', 'move', 'reversal')"
                " AND event IS NOT NULL ORDER BY v, stream, seq",
                self._merchant.merchant,
            )
            for row in rows:
                event = read_event(bytes(row[0])).event
                if isinstance(event, SaleRefunded | SaleMoved | SaleReversed):
                    found[event.sale_id].append(event)
            self._referring = dict(found)
        return self._referring.get(sale_id, [])


def explain_subject(
    database: Database, subject: str, *, now_ms: int
) -> Explanation | MemberExplained:
    """Explain an event, or every entry of a member (by id or phone number).

    Raises:
        CommandRefused: nothing in these books has this id, or several people this number.
    """
    merchant = read_merchant(database)
    with database.read() as session:
        past = BooksPast(session, merchant)
        fact = past.fact(subject)
        if fact is not None:
            return _explain_event(session, merchant, past, fact)
    try:
        member = find_member(database, subject)
    except CommandRefused as error:
        if error.code is not Code.MEMBER_ABSENT:
            raise
        raise CommandRefused(Code.WHY_ABSENT, subject=subject[:_SHOWN_MAX]) from error
    with database.read() as session:
        return _explain_member(session, merchant, member, now_ms=now_ms)


def _explain_event(
    session: Session, merchant: Merchant, past: BooksPast, fact: Fact
) -> Explanation:
    """Explain an event with the entries that the books made of it."""
    event = read_event(fact.data).event
    assert event is not None, "only events that could be read count"
    explanation = explain_with_later(event, past)
    paid = _paid_for_invitations(session, merchant, event)
    people = {entry.member for entry in explanation.entries} | {fact.member}
    people |= {member for pair in paid for member in pair}
    known = sorted(member for member in people if member is not None)
    events = [fact.event, *(each.event for each in explanation.later)]
    booked = _booked(session, merchant, known, events)
    referrers = {referrer for referrer, _ in paid}
    told = [
        with_invitation(each, booked[each.event], referrers=referrers)
        for each in (explanation, *explanation.later)
    ]
    entries = tuple(booked[fact.event]) or explanation.entries
    return msgspec.structs.replace(told[0], entries=entries, later=tuple(told[1:]))


def _paid_for_invitations(
    session: Session, merchant: Merchant, event: Event
) -> list[tuple[MemberId, MemberId]]:
    """Return who invited whom, of those whom this event or its sale paid for it."""
    if isinstance(event, MemberEnrolled):
        return [] if event.invited_by is None else [(event.invited_by, event.member)]
    sale = event.id if isinstance(event, SaleRecorded) else getattr(event, "sale_id", None)
    states = {} if sale is None else load_sales(session, merchant.merchant, [EventId(sale)])
    return [(paid.referrer, paid.referred) for state in states.values() for paid in state.referrals]


def _booked(
    session: Session, merchant: Merchant, members: Sequence[MemberId], events: Sequence[EventId]
) -> defaultdict[EventId, list[ExplainedEntry]]:
    """Return the entries that events made for these members, in the order of the books."""
    found: defaultdict[EventId, list[ExplainedEntry]] = defaultdict(list)
    for member in members:
        for event in events:
            rows = session.fetch(
                "SELECT kind, points FROM entry WHERE merchant = ? AND member = ? AND event = ?"
                " ORDER BY v, stream, seq, position",
                merchant.merchant,
                member,
                event,
            )
            found[event] += [
                ExplainedEntry(kind=kind, points=int(points), member=member)
                for kind, points in rows
            ]
    return found


def _explain_member(
    session: Session, merchant: Merchant, member: MemberId, *, now_ms: int
) -> MemberExplained:
    """Explain a person's entries, those of merged accounts among them."""
    past = BooksPast(session, merchant)
    everyone = class_of(session, merchant.merchant, member)
    rows = session.fetch_among(
        "SELECT event, at_ms, kind, points FROM entry WHERE merchant = ? AND member {among}"  # noqa: S608 - a constant
        f" ORDER BY v DESC, stream DESC, seq DESC, position DESC LIMIT {ENTRIES_MAX}",
        merchant.merchant,
        [state.member for state in everyone],
    )
    facts = statements.load_facts(session, merchant.merchant, [EventId(row[0]) for row in rows])
    explained: dict[str, Explanation | None] = {}

    def why(event_id: str) -> Explanation | None:
        if event_id not in explained:
            fact = facts.get(EventId(event_id))
            event = None if fact is None else read_event(fact.data).event
            explained[event_id] = None if event is None else explain(event, past)
        return explained[event_id]

    root = everyone[0].member
    sheets = member_rows(session, merchant.merchant, {root: 0}, now_ms=now_ms)
    return explained_member(
        root,
        balance=sum(state.balance for state in everyone),
        moved=[
            PointsMoved(event, int(at_ms), kind, int(points))
            for event, at_ms, kind, points in reversed(rows)
        ],
        explain=why,
        sheet=next((row.sheet for row in sheets if row.member == root), NO_SHEET),
    )
