"""Record what a member did beside buying: a review, an event, a visit of the app."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.activity import activity_points
from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, ActivityRecorded, Event
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.services.member_now import member_now, record_now
from pos_loyalty.services.one_change import (
    active_member,
    another_change,
    change_stamp,
    commit_surely,
    ensure_second_name,
    recorded_before,
)
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.unit_of_work import Repositories

ENROLLMENT = "enrollment"
COMPLETED_PROFILE = "completed_profile"


@dataclass(frozen=True)
class RecordActivity:
    """An activity of a member; ``reference`` says which one, without personal data.

    ``approved_by`` is the second name where the program asks for one.
    """

    member_id: MemberId
    activity: str
    event_id: EventId | None = None
    reference: str = ""
    approved_by: str = ""
    cashier: str = ""


class ActivityDone(msgspec.Struct, frozen=True):
    """The activity is durable here. ``reason`` says why the points are fewer than the rule's.

    With ``waits_for_server`` they can be used when the server has them, at a till that works
    alone at once.
    """

    event_id: EventId
    name: str
    points: int
    balance_points: int
    reason: str
    already: bool
    waits_for_server: bool


class RecordActivityHandler:
    """Records activities."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: RecordActivity) -> ActivityDone:
        """Record an activity within its caps; the same id again answers the same.

        Raises:
            RuleViolation: no such activity or member, nothing left of its caps, or no second
                name where the program asks for one.
        """
        stamp = change_stamp(self._context, command.event_id)
        with self._context.store.write() as work:
            before = recorded_before(work, stamp.id)
            if before is not None:
                return self._again(work, command, before)
            program = self._context.program(stamp.at_ms)
            rule = _rule(program, command.activity)
            record = active_member(work, command.member_id)
            now = member_now(self._context, work, record, at_ms=stamp.at_ms)
            record = now.shown(record)
            approved_by = command.approved_by
            if rule.approval is Approval.OWNER:
                approved_by = ensure_second_name(approved_by, command.cashier)
            event, reason = given_activity(
                program,
                rule,
                stamp,
                record.member,
                tally=now.sheet.tally,
                cashier=command.cashier,
                reference=command.reference,
                approved_by=approved_by,
            )
            if event is None:
                raise RuleViolation(Code.ACTIVITY_CAP, activity=rule.name, reason=reason)
            work.journal.append(event)
            commit_surely(self._context, work, stamp.id)
        return ActivityDone(
            event_id=event.id,
            name=rule.name,
            points=event.points,
            balance_points=record.balance_points + event.points,
            reason=reason,
            already=False,
            waits_for_server=self._context.identity.joined,
        )

    def _again(self, work: Repositories, command: RecordActivity, before: Event) -> ActivityDone:
        is_same = (
            isinstance(before, ActivityRecorded)
            and before.activity == command.activity
            and before.reference == command.reference
            and work.members.survivor(before.member) == work.members.survivor(command.member_id)
        )
        if not is_same or not isinstance(before, ActivityRecorded):
            raise another_change(before, kind=ActivityRecorded)
        record = record_now(
            self._context,
            work,
            active_member(work, before.member),
            at_ms=self._context.clock.now_ms(),
        )
        program = self._context.program_version(before.program) or self._context.program()
        names = (rule.name for rule in program.activities if rule.id == before.activity)
        return ActivityDone(
            event_id=before.id,
            name=next(names, before.activity),
            points=before.points,
            balance_points=record.balance_points,
            reason="",
            already=True,
            waits_for_server=self._context.identity.joined,
        )


def given_activity(
    program: LoyaltyProgram,
    rule: ActivityRule,
    stamp: Stamp,
    member: MemberId,
    *,
    tally: Mapping[str, int],
    cashier: str = "",
    reference: str = "",
    approved_by: str = "",
) -> tuple[ActivityRecorded | None, str]:
    """Return the event of an activity, None where its caps leave nothing, and why it is less."""
    given = activity_points(rule, tally, at_ms=stamp.at_ms, tz_minutes=stamp.tz_minutes)
    if given.points == 0 and rule.points > 0:
        return None, given.reason
    event = ActivityRecorded(
        v=SCHEMA_VERSION,
        id=stamp.id,
        at_ms=stamp.at_ms,
        boot_ms=stamp.boot_ms,
        tz_minutes=stamp.tz_minutes,
        program=program.version,
        cashier=cashier,
        member=member,
        activity=rule.id,
        points=given.points,
        reference=reference,
        approved_by=approved_by,
    )
    return event, given.reason


def automatic_rule(program: LoyaltyProgram, activity: str) -> ActivityRule | None:
    """Return the rule of an activity that the product records by itself, if there is one."""
    return next(
        (
            rule
            for rule in program.activities
            if rule.id == activity and rule.approval is Approval.AUTOMATIC
        ),
        None,
    )


def _rule(program: LoyaltyProgram, activity: str) -> ActivityRule:
    rule = next((rule for rule in program.activities if rule.id == activity), None)
    if rule is None:
        raise RuleViolation(Code.ACTIVITY_UNKNOWN, activity=activity[:40])
    if rule.approval is Approval.AUTOMATIC:
        raise RuleViolation(Code.ACTIVITY_AUTOMATIC, activity=rule.name)
    return rule
