"""A member's sheet as tills get it: one for a person, whatever accounts there are."""

from collections.abc import Sequence

from pos_loyalty.domain import lot as lots
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet, Tally
from pos_loyalty.domain.tally import current, plus
from pos_loyalty.server.books import MemberState
from pos_loyalty.server.keeping_state import Kept

_MONTHS = 1200
"""Months are kept or dropped where they are counted, not here."""


def sheet_of(everyone: Sequence[MemberState], now_ms: int) -> MemberSheet:
    """Return the sheet of a person's accounts, the one that stayed first."""
    kept = [state.kept for state in everyone if state.kept is not None]
    if not kept and not any(state.segments or state.birthday for state in everyone):
        return NO_SHEET
    pending = [lots.pending(one.book, now_ms) for one in kept]
    ends = [lots.next_end(one.book, now_ms) for one in kept]
    ends_ms = min((due.at_ms for due in ends if due.points), default=0)
    return MemberSheet(
        segments=tuple(sorted({name for state in everyone for name in state.segments})),
        birthday=next((state.birthday for state in everyone if state.birthday), ""),
        last_visit_ms=max((one.visit_ms for one in kept), default=0),
        tally=_tally(kept, now_ms),
        pending=sum(due.points for due in pending),
        pending_until_ms=min((due.at_ms for due in pending if due.points), default=0),
        ends_points=sum(due.points for due in ends if due.at_ms == ends_ms),
        ends_ms=ends_ms,
        tier_until_ms=kept[0].tier_until_ms if everyone[0].kept is not None else 0,
    )


def _tally(kept: Sequence[Kept], now_ms: int) -> Tally:
    total: Tally = {}
    for one in kept:
        total = plus(total, one.tally)
    tz_minutes = kept[0].tz_minutes if kept else 0
    return current(total, at_ms=now_ms, tz_minutes=tz_minutes, months=_MONTHS)
