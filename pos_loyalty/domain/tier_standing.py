"""How a member stands with the program's tiers: what was reached, when, and what was granted.

A tier is raised at once. Only the server lowers it, by one tier each time, when the window
in which it was reached is over, and some days of grace. What a fall leaves counts as reached
at that moment, so that the next fall is a whole window away. A tier that a person granted
or that was bought lies above: what the member has reached goes on below it. Once the grant is
over the tier falls by one tier, and by one more at the end of each following month, until
what was reached shows again.
"""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.calendar import (
    MONTHS_PER_YEAR,
    date_of,
    end_of_day_ms,
    month_of,
    on_or_last,
    plus_days,
)
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.tier import (
    Measures,
    Tier,
    TierRules,
    TierWindow,
    rank_of,
    tier_by_measures,
    year_begin,
)

_LAST_DAY = 31


class TierStanding(msgspec.Struct, frozen=True, omit_defaults=True):
    """The tier held, and why.

    ``reached`` is the tier by measures, last confirmed at ``reached_ms``; ``tier`` is above it
    where one was granted until ``until_ms`` (0 where none was).
    """

    tier: TierId = TierId("")
    reached: TierId = TierId("")
    reached_ms: int = 0
    until_ms: int = 0


NO_STANDING = TierStanding()


class TierClock(msgspec.Struct, frozen=True, kw_only=True):
    """The moment at which a tier is judged, the shop's offset, and when the member enrolled."""

    at_ms: int
    tz_minutes: int = 0
    enrolled_ms: int = 0


def tier_risen(
    tiers: Sequence[Tier],
    rules: TierRules,
    standing: TierStanding,
    measures: Measures,
    *,
    at_ms: int,
) -> TierStanding:
    """Return the standing after a tier was reached or confirmed; never a lower one."""
    by_measures = tier_by_measures(tiers, rules, measures)
    rank = rank_of(tiers, by_measures.id)
    if rank == 0 or rank < rank_of(tiers, standing.reached):
        return _named(tiers, standing)
    is_above = rank >= rank_of(tiers, standing.tier)
    return TierStanding(
        tier=by_measures.id if is_above else standing.tier,
        reached=by_measures.id,
        reached_ms=max(at_ms, standing.reached_ms),
        until_ms=standing.until_ms,
    )


def tier_granted(
    tiers: Sequence[Tier], standing: TierStanding, tier: TierId, *, until_ms: int
) -> TierStanding:
    """Return the standing with a tier that was granted or bought; one below changes nothing."""
    rank, held = rank_of(tiers, tier), rank_of(tiers, standing.tier)
    if rank < held:
        return _named(tiers, standing)
    until_ms = max(until_ms, standing.until_ms) if rank == held else until_ms
    return msgspec.structs.replace(_named(tiers, standing), tier=tiers[rank].id, until_ms=until_ms)


def tier_after(
    tiers: Sequence[Tier],
    rules: TierRules,
    standing: TierStanding,
    measures: Measures,
    clock: TierClock,
) -> TierStanding:
    """Return the standing after a judgment: risen, or one tier lower where that is due.

    Run late, again and again until nothing changes, it comes to where it comes on time.
    """
    risen = tier_risen(tiers, rules, standing, measures, at_ms=clock.at_ms)
    natural = _fallen(tiers, rules, risen, measures, clock)
    floor = rank_of(tiers, natural.reached)
    rank = rank_of(tiers, natural.tier)
    until_ms = natural.until_ms
    if clock.at_ms >= until_ms:
        if rank > floor:
            rank = max(floor, _below(tiers, rank))
        until_ms = _month_after_ms(until_ms, clock) if rank > floor else 0
    return TierStanding(
        tier=tiers[max(rank, floor)].id,
        reached=natural.reached,
        reached_ms=natural.reached_ms,
        until_ms=until_ms,
    )


def tier_ends_at(
    tiers: Sequence[Tier], rules: TierRules, standing: TierStanding, clock: TierClock
) -> int:
    """Return when the tier held is lost unless it is reached again; 0 where it is not."""
    rank, natural = rank_of(tiers, standing.tier), rank_of(tiers, standing.reached)
    if rank > natural:
        return standing.until_ms
    if natural == 0 or rules.window is TierWindow.LIFETIME:
        return 0
    return max(_window_ends_at(rules, standing.reached_ms, clock), standing.until_ms)


def _fallen(
    tiers: Sequence[Tier],
    rules: TierRules,
    standing: TierStanding,
    measures: Measures,
    clock: TierClock,
) -> TierStanding:
    """Return the standing with what was reached one tier lower, where its window is over."""
    rank = rank_of(tiers, standing.reached)
    if rank <= rank_of(tiers, tier_by_measures(tiers, rules, measures).id):
        return standing
    ends_ms = _window_ends_at(rules, standing.reached_ms, clock)
    is_granted_above = rank_of(tiers, standing.tier) > rank
    if not is_granted_above:  # a grant of this very tier holds it, too
        ends_ms = max(ends_ms, standing.until_ms)
    if clock.at_ms < ends_ms:
        return standing
    lower = tiers[_below(tiers, rank)].id
    return TierStanding(
        tier=standing.tier if is_granted_above else lower,
        reached=lower,
        reached_ms=ends_ms,
        until_ms=standing.until_ms,
    )


def _window_ends_at(rules: TierRules, reached_ms: int, clock: TierClock) -> int:
    """Return the end of the window in which a tier was reached, with the days of grace."""
    month = month_of(date_of(reached_ms, clock.tz_minutes))
    if rules.window is TierWindow.ROLLING:
        last = month + rules.months
    else:
        enrolled = month_of(date_of(clock.enrolled_ms, clock.tz_minutes))
        last = year_begin(rules, month, enrolled) + 2 * MONTHS_PER_YEAR - 1
    day = plus_days(on_or_last(last, _LAST_DAY), rules.grace_days)
    return end_of_day_ms(day, clock.tz_minutes)


def _month_after_ms(until_ms: int, clock: TierClock) -> int:
    """Return how long a tier on the way down is held: to the end of the month after."""
    month = month_of(date_of(until_ms - 1, clock.tz_minutes))
    return end_of_day_ms(on_or_last(month + 1, _LAST_DAY), clock.tz_minutes)


def _below(tiers: Sequence[Tier], rank: int) -> int:
    """Return the next tier below that is not for sale."""
    return next((at for at in range(rank - 1, 0, -1) if tiers[at].paid is None), 0)


def _named(tiers: Sequence[Tier], standing: TierStanding) -> TierStanding:
    """Return the standing in tiers that the program has: any other is its first."""
    tier = tiers[rank_of(tiers, standing.tier)].id
    reached = tiers[rank_of(tiers, standing.reached)].id
    if (tier, reached) == (standing.tier, standing.reached):
        return standing
    return msgspec.structs.replace(standing, tier=tier, reached=reached)
