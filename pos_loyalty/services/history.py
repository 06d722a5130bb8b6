"""A member's entries in words that add up: this till's own, and what happened elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.services.member_now import MemberNow, member_now
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.journal import StoredEntry
from pos_loyalty.store.unit_of_work import Repositories

ELSEWHERE = "elsewhere"
"""The kind of the line that stands for entries which this till has not got."""


@dataclass(frozen=True)
class ReadHistory:
    """Ask for a member's newest entries."""

    member_id: MemberId
    limit: int = 100


@dataclass(frozen=True)
class HistoryLine:
    """One change of points; ``balance_points`` is the balance after it."""

    sale_id: EventId
    at_ms: int
    kind: str
    points: int
    balance_points: int


@dataclass(frozen=True)
class RemoteEntry:
    """An entry of the server's books; ``own_seq`` is its place in this till's open stream, or 0."""

    sale_id: EventId
    at_ms: int
    kind: str
    points: int
    own_seq: int


RemoteHistory = Callable[[MemberId, int], tuple[RemoteEntry, ...] | None]
"""Asks the server; None where it cannot be asked now."""


class ReadHistoryHandler:
    """Reads a member's history, from the server too while the line is up."""

    def __init__(self, context: TillContext, remote: RemoteHistory) -> None:
        self._context = context
        self._remote = remote

    def __call__(self, command: ReadHistory) -> tuple[HistoryLine, ...]:
        """Return the lines, oldest first; they always add up to the balance.

        Raises:
            RuleViolation: no such member here.
        """
        joined = self._context.identity.joined
        remote = self._remote(command.member_id, command.limit) if joined else None
        with self._context.store.read() as work:
            record = work.members.record(command.member_id)
            if record is None:
                raise RuleViolation(Code.MEMBER_UNKNOWN)
            own = _entries(work, record.member, command.limit)
            acked_seq = work.journal.stream().acked_seq
            now = member_now(self._context, work, record, at_ms=self._context.clock.now_ms())
        entries = _own_entries(own) if remote is None else _merged(remote, own, acked_seq)
        if now.gone:
            entries = sorted(entries + _gone(now), key=lambda entry: entry.at_ms)[-command.limit :]
        return _with_balances(entries, now.shown(record).balance_points)


def _entries(work: Repositories, member: MemberId, limit: int) -> tuple[StoredEntry, ...]:
    """Return this till's entries of a member, with those of accounts merged into it."""
    own, *merged = (
        work.journal.entries(account, limit) for account in work.members.accounts(member)
    )
    if not merged:
        return own
    entries = [*own, *(entry for each in merged for entry in each)]
    return tuple(sorted(entries, key=lambda entry: (entry.at_ms, entry.seq))[-limit:])


def _own_entries(own: tuple[StoredEntry, ...]) -> list[RemoteEntry]:
    return [
        RemoteEntry(EventId(entry.event_id), entry.at_ms, entry.kind, entry.points, entry.seq)
        for entry in own
    ]


def _gone(now: MemberNow) -> list[RemoteEntry]:
    """Return what ended at a till that works alone; there no event says so."""
    return [
        RemoteEntry(EventId(""), due.at_ms, EntryKind.EXPIRATION, -due.points, 0)
        for due in now.gone
    ]


def _merged(
    remote: tuple[RemoteEntry, ...], own: tuple[StoredEntry, ...], acked_seq: int
) -> list[RemoteEntry]:
    """The server's entries, then those of ours that it has not got yet."""
    known = {entry.sale_id for entry in remote}
    unsent = [entry for entry in own if entry.seq > acked_seq and entry.event_id not in known]
    return [*remote, *_own_entries(tuple(unsent))]


def _with_balances(entries: list[RemoteEntry], balance_points: int) -> tuple[HistoryLine, ...]:
    """Add running balances; what is missing to the balance becomes one line at the start."""
    missing = balance_points - sum(entry.points for entry in entries)
    lines: list[HistoryLine] = []
    running = 0
    if missing:
        at_ms = entries[0].at_ms if entries else 0
        running = missing
        lines.append(HistoryLine(EventId(""), at_ms, ELSEWHERE, missing, missing))
    for entry in entries:
        running += entry.points
        lines.append(HistoryLine(entry.sale_id, entry.at_ms, entry.kind, entry.points, running))
    return tuple(lines)
