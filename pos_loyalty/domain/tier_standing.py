"""How a member stands with the program's levels: what was reached, when, and what was granted.

A level is raised at once. Only the server lowers it, by one level each time, when the window
in which it was reached is over, and some days of grace. What a fall leaves counts as reached
at that moment, so that the next fall is a whole window away. A level that a person granted
or that was bought lies above: what the member has reached goes on below it. Once the grant is
over the tier falls by one level, and by one more at the end of each following month, until
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
    level_of,
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
    """The moment at which a level is judged, the shop's offset, and when the member enrolled."""

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
    """Return the standing after a level was reached or confirmed; never a lower one."""
    by_measures = tier_by_measures(tiers, rules, measures)
    level = level_of(tiers, by_measures.id)
    if level == 0 or level < level_of(tiers, standing.reached):
        return _named(tiers, standing)
    is_above = level >= level_of(tiers, standing.tier)
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
    level, held = level_of(tiers, tier), level_of(tiers, standing.tier)
    if level < held:
        return _named(tiers, standing)
    until_ms = max(until_ms, standing.until_ms) if level == held else until_ms
    return msgspec.structs.replace(_named(tiers, standing), tier=tiers[level].id, until_ms=until_ms)


def tier_after(
    tiers: Sequence[Tier],
    rules: TierRules,
    standing: TierStanding,
    measures: Measures,
    clock: TierClock,
) -> TierStanding:
    """Return the standing after a judgment: risen, or one level lower where that is due.

    Run late, again and again until nothing changes, it comes to where it comes on time.
    """
    risen = tier_risen(tiers, rules, standing, measures, at_ms=clock.at_ms)
    natural = _fallen(tiers, rules, risen, measures, clock)
    floor = level_of(tiers, natural.reached)
    level = level_of(tiers, natural.tier)
    until_ms = natural.until_ms
    if clock.at_ms >= until_ms:
        if level > floor:
            level = max(floor, _below(tiers, level))
        until_ms = _month_after_ms(until_ms, clock) if level > floor else 0
    return TierStanding(
        tier=tiers[max(level, floor)].id,
        reached=natural.reached,
        reached_ms=natural.reached_ms,
        until_ms=until_ms,
    )


def tier_ends_at(
    tiers: Sequence[Tier], rules: TierRules, standing: TierStanding, clock: TierClock
) -> int:
    """Return when the tier held is lost unless it is reached again; 0 where it is not."""
    level, natural = level_of(tiers, standing.tier), level_of(tiers, standing.reached)
    if level > natural:
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
    """Return the standing with what was reached one level lower, where its window is over."""
    level = level_of(tiers, standing.reached)
    if level <= level_of(tiers, tier_by_measures(tiers, rules, measures).id):
        return standing
    ends_ms = _window_ends_at(rules, standing.reached_ms, clock)
    is_granted_above = level_of(tiers, standing.tier) > level
    if not is_granted_above:  # a grant of this very level holds it, too
        ends_ms = max(ends_ms, standing.until_ms)
    if clock.at_ms < ends_ms:
        return standing
    lower = tiers[_below(tiers, level)].id
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
    """Return how long a level on the way down is held: to the end of the month after."""
    month = month_of(date_of(until_ms - 1, clock.tz_minutes))
    return end_of_day_ms(on_or_last(month + 1, _LAST_DAY), clock.tz_minutes)


def _below(tiers: Sequence[Tier], level: int) -> int:
    """Return the next level below that is not for sale."""
    return next((at for at in range(level - 1, 0, -1) if tiers[at].paid is None), 0)


def _named(tiers: Sequence[Tier], standing: TierStanding) -> TierStanding:
    """Return the standing in tiers that the program has: any other is its first."""
    tier = tiers[level_of(tiers, standing.tier)].id
    reached = tiers[level_of(tiers, standing.reached)].id
    if (tier, reached) == (standing.tier, standing.reached):
        return standing
    return msgspec.structs.replace(standing, tier=tier, reached=reached)
