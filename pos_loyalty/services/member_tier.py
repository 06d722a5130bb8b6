"""Which tier a member holds here: what the server says, or a higher one that was just reached.

Only the server lowers a tier. A till that works alone is its own server: it judges the
events of its journal in their order.
"""

import msgspec

from pos_loyalty.domain.event import TierGranted
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram, Tier
from pos_loyalty.domain.tally import needed_by, plus
from pos_loyalty.domain.tier import (
    WINDOW_MS,
    Measures,
    NextTier,
    TierRules,
    measures_of,
    missing_for,
    next_tier,
    rank_of,
    tier_by_measures,
    tier_held,
)
from pos_loyalty.domain.tier_standing import (
    NO_STANDING,
    TierClock,
    TierStanding,
    tier_after,
    tier_granted,
)
from pos_loyalty.services.member_now import Counting, MemberNow
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.members import MemberRecord
from pos_loyalty.store.unit_of_work import Repositories


class TierNow(msgspec.Struct, frozen=True):
    """The tier held, and the points that count toward it.

    ``measures`` is all that counts, where the program asks for more than points.
    """

    tier: Tier
    earned_points: int
    measures: Measures | None = None


def next_tier_here(program: LoyaltyProgram, now: TierNow) -> NextTier | None:
    """Return the tier above and the points missing; None at the top, or where none count."""
    tiers = program.tiers
    if now.measures is None:
        return next_tier(tiers, held=now.tier, earned_points=now.earned_points)
    rank = rank_of(tiers, now.tier.id)
    above = next((tier for tier in tiers[rank + 1 :] if tier.paid is None), None)
    if above is None or not above.threshold_points:
        return None
    return NextTier(tier=above, missing_points=missing_for(above, now.measures).points)


def tier_now(
    context: TillContext,
    work: Repositories,
    record: MemberRecord,
    now: MemberNow,
    *,
    at_ms: int,
) -> TierNow:
    """Return the tier of a member, inside the caller's transaction."""
    program = context.program(at_ms)
    if _IS_MEASURED(program):
        return _measured(context, work, record, now, at_ms=at_ms)
    tiers = program.tiers
    if context.identity.joined:
        earned = record.earned_points
        tier = tier_held(tiers, recorded=record.tier, earned_points=earned)
    else:
        earned = work.journal.earned_since(record.member, at_ms - WINDOW_MS)
        recorded = record.tier if record.sheet.tier_until_ms > at_ms else ""
        tier = tier_held(tiers, recorded=recorded, earned_points=earned)
    return TierNow(tier, earned)


def _measured(
    context: TillContext,
    work: Repositories,
    record: MemberRecord,
    now: MemberNow,
    *,
    at_ms: int,
) -> TierNow:
    """Judge by money, visits or another window than the usual one."""
    program = context.program(at_ms)
    clock = TierClock(
        at_ms=at_ms,
        tz_minutes=context.clock.offset_minutes(at_ms),
        enrolled_ms=record.enrolled_ms,
    )
    tiers = program.tiers
    measures = _measures(program, now.sheet.tally, clock)
    if context.identity.joined:
        reached = tier_by_measures(tiers, program.tier_rules, measures)
        rank = max(rank_of(tiers, record.tier), rank_of(tiers, reached.id))
    else:
        rank = rank_of(tiers, _alone(context, work, record, program, clock).tier)
    return TierNow(tiers[rank], measures.points, measures)


def _alone(
    context: TillContext,
    work: Repositories,
    record: MemberRecord,
    program: LoyaltyProgram,
    clock: TierClock,
) -> TierStanding:
    """Judge after each event of the journal, and now."""
    counting = Counting(context, work, needed_by(program))
    standing, tally = NO_STANDING, dict[str, int]()
    for event in work.journal.index.of_member(record.member):
        at = msgspec.structs.replace(clock, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
        standing = _judged(program, standing, tally, at)
        tally = plus(tally, counting.tally(record.member, (event,)))
        if isinstance(event, TierGranted):
            standing = tier_granted(program.tiers, standing, event.tier, until_ms=event.until_ms)
        standing = _judged(program, standing, tally, at)
    return _judged(program, standing, tally, clock)


def _judged(
    program: LoyaltyProgram, standing: TierStanding, tally: dict[str, int], clock: TierClock
) -> TierStanding:
    """Return how a member stands, judged again until nothing moves."""
    measures = _measures(program, tally, clock)
    while True:
        after = tier_after(program.tiers, program.tier_rules, standing, measures, clock)
        if after == standing:
            return after
        standing = after


def _measures(program: LoyaltyProgram, tally: dict[str, int], clock: TierClock) -> Measures:
    return measures_of(
        tally,
        program.tier_rules,
        at_ms=clock.at_ms,
        tz_minutes=clock.tz_minutes,
        enrolled_ms=clock.enrolled_ms,
    )


def _is_measured(program: LoyaltyProgram) -> bool:
    """Tell whether tiers ask for more than the points of the last twelve months."""
    tiers = program.tiers
    if any(tier.threshold_spend or tier.threshold_visits for tier in tiers):
        return True
    has_points = any(tier.threshold_points for tier in tiers)
    return has_points and program.tier_rules != TierRules()


_IS_MEASURED = PerProgram(_is_measured)
