"""Give or take points by hand: with a reason, a second name, and never below zero."""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, Event, PointsAdjusted
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.spend_rights import cover_taking_back
from pos_loyalty.services.member_now import record_now
from pos_loyalty.services.one_change import (
    active_member,
    another_change,
    change_stamp,
    commit_surely,
    ensure_reason,
    ensure_second_name,
    recorded_before,
)
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.members import MemberRecord
from pos_loyalty.store.unit_of_work import Repositories

POINTS_MAX = 10_000_000
"""More is a slip of the finger in any program."""


@dataclass(frozen=True)
class AdjustPoints:
    """So many points more, or fewer where ``points`` is below 0."""

    member_id: MemberId
    points: int
    reason: str
    approved_by: str
    cashier: str = ""
    event_id: EventId | None = None


class PointsAdjustedHere(msgspec.Struct, frozen=True):
    """The adjustment is durable here; given points can be used when the server has them."""

    event_id: EventId
    points: int
    balance_points: int
    already: bool


class AdjustPointsHandler:
    """Adjusts points."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: AdjustPoints) -> PointsAdjustedHere:
        """Adjust, or say why not; the same id again answers the same.

        Raises:
            RuleViolation: no reason, no second name, or more taken than there is.
        """
        reason = ensure_reason(command.reason)
        approved_by = ensure_second_name(command.approved_by, command.cashier)
        if command.points == 0:
            raise RuleViolation(Code.ADJUST_ZERO)
        if abs(command.points) > POINTS_MAX:
            raise RuleViolation(Code.POINTS_LONG, limit=POINTS_MAX)
        stamp = change_stamp(self._context, command.event_id)
        with self._context.store.write() as work:
            before = recorded_before(work, stamp.id)
            if before is not None:
                return self._again(work, command, before)
            record = self._record_now(work, command.member_id)
            if -command.points > max(0, record.balance_points):
                raise RuleViolation(Code.ADJUST_BELOW, balance_points=max(0, record.balance_points))
            event = self._event(command, stamp, record, reason=reason, approved_by=approved_by)
            work.journal.append(event)
            commit_surely(self._context, work, stamp.id)
        return PointsAdjustedHere(
            event_id=event.id,
            points=event.points,
            balance_points=record.balance_points + event.points,
            already=False,
        )

    def _record_now(self, work: Repositories, member: MemberId) -> MemberRecord:
        context, record = self._context, active_member(work, member)
        return record_now(context, work, record, at_ms=context.clock.now_ms())

    def _event(
        self,
        command: AdjustPoints,
        stamp: Stamp,
        record: MemberRecord,
        *,
        reason: str,
        approved_by: str,
    ) -> PointsAdjusted:
        rights_used = cover_taking_back(points=max(0, -command.points), rights=record.rights)
        return PointsAdjusted(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=self._context.program(stamp.at_ms).version,
            cashier=command.cashier,
            member=record.member,
            points=command.points,
            reason=reason,
            approved_by=approved_by,
            rights_used=rights_used,
            rights_source=record.rights.source_of(rights_used),
        )

    def _again(
        self, work: Repositories, command: AdjustPoints, before: Event
    ) -> PointsAdjustedHere:
        is_same = (
            isinstance(before, PointsAdjusted)
            and before.points == command.points
            and work.members.survivor(before.member) == work.members.survivor(command.member_id)
        )
        if not is_same or not isinstance(before, PointsAdjusted):
            raise another_change(before, kind=PointsAdjusted)
        return PointsAdjustedHere(
            event_id=before.id,
            points=before.points,
            balance_points=self._record_now(work, before.member).balance_points,
            already=True,
        )
