"""Say why a member has the points that this till shows, from the till's own journal."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, RuleViolation
from pos_loyalty.domain.event import Event
from pos_loyalty.domain.explained_member import (
    MemberExplained,
    PointsMoved,
    explained_member,
)
from pos_loyalty.domain.explanation import Explanation, explain, explain_with_later
from pos_loyalty.domain.ids import MemberId, ProgramVersion
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.phone import international
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.member_now import member_now
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.event_index import fact_of
from pos_loyalty.store.unit_of_work import Repositories

ENTRIES_MAX = 1_000
_SHOWN_MAX = 64


class JournalPast:
    """What explanations look up, in one snapshot of a till's journal."""

    def __init__(self, work: Repositories) -> None:
        self._work = work
        self._programs: dict[str, LoyaltyProgram | None] = {}

    def program(self, version: str) -> LoyaltyProgram | None:
        """Return a version that this till has, each read once."""
        if version not in self._programs:
            self._programs[version] = self._work.programs.get(ProgramVersion(version))
        return self._programs[version]

    def event(self, event_id: str) -> Event | None:
        """Return an event of this till."""
        stored = self._work.journal.get(event_id)
        return None if stored is None else fact_of(stored.data)

    def referring_to(self, sale_id: str) -> Sequence[Event]:
        """Return this till's refunds and moves of a sale, and its undoing, which ends it."""
        found = self._work.journal.index.referring_to(sale_id)
        undone_by = self._work.journal.is_reversed(sale_id)
        undoing = None if undone_by is None else self.event(undone_by)
        return found if undoing is None else (*found, undoing)


@dataclass(frozen=True)
class Explain:
    """What to explain: the id of an event, or a member's id or phone number."""

    subject: str


class ExplainHandler:
    """Explains events and members of an open till."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: Explain) -> Explanation | MemberExplained:
        """Return the explanation.

        Raises:
            CommandRefused: nothing here has this id.
        """
        context, subject = self._context, command.subject
        with context.store.read() as work:
            past = JournalPast(work)
            event = past.event(subject)
            if event is not None:
                return explain_with_later(event, past)
            member = _member(work, subject, context.identity.country)
            if member is None:
                raise CommandRefused(Code.WHY_ABSENT, subject=subject[:_SHOWN_MAX])
            return _explain_member(context, work, past, member)


def _member(work: Repositories, subject: str, country: str) -> MemberId | None:
    if work.members.record(MemberId(subject)) is not None:
        return work.members.survivor(MemberId(subject))
    try:
        return work.members.by_phone(international(subject, country))
    except RuleViolation:
        return None


def _explain_member(
    context: TillContext, work: Repositories, past: JournalPast, member: MemberId
) -> MemberExplained:
    """Explain a person's entries: those of accounts that were merged into this one, too."""
    record = work.members.record(member)
    assert record is not None, "found in this very snapshot"
    now = member_now(context, work, record, at_ms=context.clock.now_ms())
    stored = [
        entry
        for account in work.members.accounts(member)
        for entry in work.journal.entries(account, ENTRIES_MAX)
    ]
    stored.sort(key=lambda entry: (entry.at_ms, entry.seq))
    moved = [PointsMoved(entry.event_id, entry.at_ms, entry.kind, entry.points) for entry in stored]
    moved += [PointsMoved("", due.at_ms, EntryKind.EXPIRATION, -due.points) for due in now.gone]
    moved.sort(key=lambda entry: entry.at_ms)
    explained: dict[str, Explanation | None] = {}

    def why(event_id: str) -> Explanation | None:
        if event_id not in explained:
            event = past.event(event_id)
            explained[event_id] = None if event is None else explain(event, past)
        return explained[event_id]

    return explained_member(
        member,
        balance=now.shown(record).balance_points,
        moved=moved[-ENTRIES_MAX:],
        explain=why,
        sheet=now.sheet,
    )
