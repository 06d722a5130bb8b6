"""Which tier a member holds by the books: raised at once here, lowered only when it is due."""

from pos_loyalty.domain.calendar import on_or_last, start_of_day_ms
from pos_loyalty.domain.event import TierGranted
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.tier import Measures, TierRules, measures_of, rank_of, tier_held
from pos_loyalty.domain.tier_standing import (
    TierClock,
    TierStanding,
    tier_after,
    tier_ends_at,
    tier_granted,
    tier_risen,
)
from pos_loyalty.server.books import WINDOW_BUCKETS, Books, MemberState, earned_window, month_of
from pos_loyalty.server.keeping import keep, tally_of_person
from pos_loyalty.server.keeping_state import NO_STANDING


def _is_measured(program: LoyaltyProgram) -> bool:
    """Tell whether tiers ask for more than the points of the running month and twelve before."""
    tiers = program.tiers
    if any(tier.threshold_spend or tier.threshold_visits for tier in tiers):
        return True
    has_points = any(tier.threshold_points for tier in tiers)
    return has_points and program.tier_rules != TierRules()


_IS_MEASURED = PerProgram(_is_measured)


def _next_thresholds(program: LoyaltyProgram) -> dict[str, int] | None:
    """Return for each tier the points that the next one asks; None where points do not decide."""
    if _is_measured(program):
        return None
    ordered = sorted(program.tiers, key=lambda tier: tier.threshold_points)
    thresholds = [tier.threshold_points for tier in ordered]
    return {
        tier.id: next((each for each in thresholds if each > tier.threshold_points), _NEVER)
        for tier in ordered
    }


_NEVER = 1 << 62
_NEXT = PerProgram(_next_thresholds)


def raise_tier(books: Books, member: MemberState) -> None:
    """Let a member hold a tier that was just reached; never a lower one."""
    program = books.program
    thresholds = _NEXT(program)
    if thresholds is None:
        kept = keep(member)
        kept.standing = tier_risen(
            program.tiers,
            program.tier_rules,
            standing_of(books, member),
            measures(books, member),
            at_ms=books.now_ms,
        )
        member.tier = kept.standing.tier
        return
    earned_points = earned_window(member.months, books.now_ms)
    if earned_points < thresholds.get(member.tier, 0):
        return
    tier = tier_held(program.tiers, recorded=member.tier, earned_points=earned_points)
    if tier.id == member.tier:
        return
    member.tier = tier.id
    if rank_of(program.tiers, tier.id):
        ends_ms = _month_begin_ms(month_of(books.now_ms) + WINDOW_BUCKETS)
        member.due_ms = min(member.due_ms or ends_ms, ends_ms)


def grant_tier(books: Books, member: MemberState, event: TierGranted) -> None:
    """Let a tier be held until a date because a person said so, or because it was bought."""
    kept = keep(member)
    kept.standing = tier_granted(
        books.program.tiers, standing_of(books, member), event.tier, until_ms=event.until_ms
    )
    member.tier = kept.standing.tier


def judge_tier(books: Books, member: MemberState) -> TierStanding:
    """Return how a member stands after a judgment at the server's time, run till nothing moves."""
    program, standing = books.program, standing_of(books, member)
    while True:
        after = tier_after(
            program.tiers,
            program.tier_rules,
            standing,
            measures(books, member),
            clock_of(books, member),
        )
        if after == standing:
            return after
        standing = after


def tier_ends_ms(books: Books, member: MemberState) -> int:
    """Return when the tier held is lost unless it is reached again; 0 where it is not."""
    program = books.program
    return tier_ends_at(
        program.tiers,
        program.tier_rules,
        standing_of(books, member),
        clock_of(books, member),
    )


def standing_of(books: Books, member: MemberState) -> TierStanding:
    """Return why a member holds a tier; where only months of points were kept, they say it."""
    kept = member.kept
    standing = NO_STANDING if kept is None else kept.standing
    if standing is NO_STANDING or not standing.tier:
        standing = TierStanding(tier=_tier_id(member), reached=_tier_id(member))
    if _IS_MEASURED(books.program):
        return standing
    month = _last_month_reached(books, member)
    reached_ms = 0 if month is None else _month_begin_ms(month)
    return TierStanding(
        tier=_tier_id(member),
        reached=standing.reached if standing.until_ms else _tier_id(member),
        reached_ms=max(standing.reached_ms, reached_ms),
        until_ms=standing.until_ms,
    )


def measures(books: Books, member: MemberState) -> Measures:
    """Return what a member's window holds now, of all accounts of the person."""
    program = books.program
    if not _IS_MEASURED(program):
        everyone = books.class_of(member.member)
        return Measures(points=sum(earned_window(one.months, books.now_ms) for one in everyone))
    clock = clock_of(books, member)
    return measures_of(
        tally_of_person(books, member.member),
        program.tier_rules,
        at_ms=clock.at_ms,
        tz_minutes=clock.tz_minutes,
        enrolled_ms=clock.enrolled_ms,
    )


def clock_of(books: Books, member: MemberState) -> TierClock:
    """Return the moment at which a member is judged, by the clock of the shop they were in last."""
    tz_minutes = 0
    if _IS_MEASURED(books.program) and member.kept is not None:
        tz_minutes = member.kept.tz_minutes
    return TierClock(at_ms=books.now_ms, tz_minutes=tz_minutes, enrolled_ms=member.enrolled_ms)


def _last_month_reached(books: Books, member: MemberState) -> int | None:
    """Return the last month in which the points of its window reached the tier held."""
    tiers = books.program.tiers
    threshold = tiers[rank_of(tiers, member.tier)].threshold_points
    everyone = books.class_of(member.member)
    months = sorted({month for one in everyone for month in one.months})
    reached = [
        month
        for month in months
        if sum(
            points
            for one in everyone
            for other, points in one.months.items()
            if month - WINDOW_BUCKETS < other <= month
        )
        >= threshold
    ]
    return reached[-1] if reached else None


def _tier_id(member: MemberState) -> TierId:
    return TierId(member.tier)


def _month_begin_ms(month: int) -> int:
    return start_of_day_ms(on_or_last(month, 1), 0)
