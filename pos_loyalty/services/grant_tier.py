"""Give a member a tier until a day: by hand with a second name, or because it was bought."""

import datetime as dt
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.calendar import date_of, end_of_day_ms, plus_days, plus_months
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, Event, TierGranted
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.program import LoyaltyProgram, Tier
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

_DAYS_MAX = 3653
"""Ten years: a tier for longer is a slip of the finger."""


@dataclass(frozen=True)
class GrantTier:
    """A tier until the end of ``until``, with reason and second name; or one that was bought.

    A bought tier has the price and the months of the program, and takes none of the others.
    """

    member_id: MemberId
    tier: str
    until: dt.date | None = None
    reason: str = ""
    approved_by: str = ""
    is_bought: bool = False
    cashier: str = ""
    event_id: EventId | None = None


class TierGrantedHere(msgspec.Struct, frozen=True):
    """The tier is durable here and holds at once; ``price`` in minor units."""

    event_id: EventId
    tier_name: str
    until_ms: int
    price: int
    already: bool


class GrantTierHandler:
    """Grants and sells tiers."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: GrantTier) -> TierGrantedHere:
        """Grant a tier; the same id again answers the same.

        Raises:
            RuleViolation: no such tier, not for sale, no reason, second name or last day.
        """
        stamp = change_stamp(self._context, command.event_id)
        with self._context.store.write() as work:
            before = recorded_before(work, stamp.id)
            if before is not None:
                return self._again(work, command, before)
            program = self._context.program(stamp.at_ms)
            tier = _tier(program, command.tier)
            record = active_member(work, command.member_id)
            if command.is_bought:
                event = _bought(command, stamp, program, tier, record)
            else:
                event = _granted(command, stamp, program, tier, record)
            work.journal.append(event)
            work.members.grant(record.member, tier.id, event.until_ms)
            commit_surely(self._context, work, stamp.id)
        return _done(event, tier.name, already=False)

    def _again(self, work: Repositories, command: GrantTier, before: Event) -> TierGrantedHere:
        is_same = (
            isinstance(before, TierGranted)
            and before.tier == command.tier
            and work.members.survivor(before.member) == work.members.survivor(command.member_id)
        )
        if not is_same or not isinstance(before, TierGranted):
            raise another_change(before, kind=TierGranted)
        program = self._context.program_version(before.program) or self._context.program()
        return _done(before, _tier(program, before.tier).name, already=True)


def _tier(program: LoyaltyProgram, tier_id: str) -> Tier:
    tier = next((tier for tier in program.tiers if tier.id == tier_id), None)
    if tier is None:
        raise RuleViolation(Code.TIER_UNKNOWN, tier=tier_id[:40])
    return tier


def _granted(
    command: GrantTier, stamp: Stamp, program: LoyaltyProgram, tier: Tier, record: MemberRecord
) -> TierGranted:
    today = date_of(stamp.at_ms, stamp.tz_minutes)
    until = command.until
    if until is None or not today <= until <= plus_days(today, _DAYS_MAX):
        raise RuleViolation(Code.TIER_UNTIL)
    return _event(
        command,
        stamp,
        program,
        tier,
        record,
        until_ms=end_of_day_ms(until, stamp.tz_minutes),
        reason=ensure_reason(command.reason),
        approved_by=ensure_second_name(command.approved_by, command.cashier),
    )


def _bought(
    command: GrantTier, stamp: Stamp, program: LoyaltyProgram, tier: Tier, record: MemberRecord
) -> TierGranted:
    """A tier that is bought again before it ends goes on from its end."""
    if tier.paid is None:
        raise RuleViolation(Code.TIER_NOT_SOLD, tier=tier.name)
    first = date_of(stamp.at_ms, stamp.tz_minutes)
    held_until_ms = record.sheet.tier_until_ms
    if record.tier == tier.id and held_until_ms > stamp.at_ms:
        first = plus_days(date_of(held_until_ms, stamp.tz_minutes), -1)
    last = plus_months(first, tier.paid.months)
    return _event(
        command,
        stamp,
        program,
        tier,
        record,
        until_ms=end_of_day_ms(last, stamp.tz_minutes),
        price=tier.paid.price,
    )


def _event(
    command: GrantTier,
    stamp: Stamp,
    program: LoyaltyProgram,
    tier: Tier,
    record: MemberRecord,
    *,
    until_ms: int,
    reason: str = "",
    approved_by: str = "",
    price: int = 0,
) -> TierGranted:
    return TierGranted(
        v=SCHEMA_VERSION,
        id=stamp.id,
        at_ms=stamp.at_ms,
        boot_ms=stamp.boot_ms,
        tz_minutes=stamp.tz_minutes,
        program=program.version,
        cashier=command.cashier,
        member=record.member,
        tier=tier.id,
        until_ms=until_ms,
        reason=reason,
        approved_by=approved_by,
        price=price,
    )


def _done(event: TierGranted, tier_name: str, *, already: bool) -> TierGrantedHere:
    return TierGrantedHere(
        event_id=event.id,
        tier_name=tier_name,
        until_ms=event.until_ms,
        price=event.price,
        already=already,
    )
