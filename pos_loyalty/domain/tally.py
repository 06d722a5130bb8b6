"""What is counted of a member: how often, how much, in which period of the shop's clock.

A count is named ("visits", "points", "spend", "stamps:coffee", "rule:tuesday",
"reward:cake", "activity:review", "referrals") and belongs to a period: none (ever), a day,
an ISO week, a month or a year. What a program needs is written ``name`` or ``name@day``,
``name@week``, ``name@month``, ``name@year``; a tally's key ends in the period itself:
``visits@2026-11``. Tallies add up in any order; counts of 0 are not kept.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from pos_loyalty.domain.accrual import earn, facts_of
from pos_loyalty.domain.earning_rule import Caps, Conditions, Stamps
from pos_loyalty.domain.event import ActivityRecorded, SaleRecorded
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Stock
from pos_loyalty.domain.rounding import part_of
from pos_loyalty.domain.tally_key import (
    POINTS,
    REFERRALS,
    SPEND,
    VISITS,
    activity_name,
    periods_at,
    reward_name,
    rule_name,
    stamps_name,
)
from pos_loyalty.domain.tier import TierRules, TierWindow

__all__ = [
    "POINTS",
    "REFERRALS",
    "SPEND",
    "VISITS",
    "activity_name",
    "conditions_of",
    "count_at",
    "current",
    "in_periods",
    "months_kept",
    "needed_by",
    "needed_by_sales",
    "periods_at",
    "plus",
    "reward_name",
    "rule_name",
    "stamps_name",
    "tally_left",
    "tally_of",
    "without",
]

_MONTHS_OF_YEARS = 25
_DAYS_OF_MONTH_MIN = 28


def needed_by(program: LoyaltyProgram) -> frozenset[str]:
    """Return what the program asks to be counted; nothing for a plain one."""
    return _NEEDED(program)


def months_kept(program: LoyaltyProgram) -> int:
    """Return how many months before the running one the program's tiers look back."""
    rules = program.tier_rules
    if not _measures(program) or rules.window is TierWindow.LIFETIME:
        return 0
    window = rules.months if rules.window is TierWindow.ROLLING else _MONTHS_OF_YEARS
    return window + -(-rules.grace_days // _DAYS_OF_MONTH_MIN) + 1


def tally_of(
    program: LoyaltyProgram,
    event: SaleRecorded | ActivityRecorded,
    needed: frozenset[str] | None = None,
) -> Tally:
    """Return what an event adds, restricted to what is needed.

    Args:
        program: the version by which the event was computed.
        event: a sale, or an activity with the points that were counted for it.
        needed: what later versions ask for; None is what this program asks for.
    """
    asked = needed_by(program) if needed is None else needed
    if not asked:
        return {}
    if isinstance(event, ActivityRecorded):
        counts = {activity_name(event.activity): event.points}
    else:
        counts = _counts(program, event, asked)
    return in_periods(counts, asked, at_ms=event.at_ms, tz_minutes=event.tz_minutes)


def tally_left(
    program: LoyaltyProgram,
    event: SaleRecorded,
    needed: frozenset[str] | None = None,
    *,
    earned: int,
    spend: int,
    stamps: Mapping[str, int],
    is_gone: bool = False,
) -> Tally:
    """Return what a sale still counts after refunds, in the periods of the sale.

    Points of a rule go in proportion to the sale's points, those of a rule with stamps in
    proportion to the card's stamps; of a sale that earned 0 they go with its last part.

    Args:
        program: the version by which the sale was computed.
        event: the sale.
        needed: what is counted; None is what this program asks for.
        earned: points that the sale still earns.
        spend: minor units that the sale still comes to, less discounts.
        stamps: how many of the stamps that it gave are left, by stamp card.
        is_gone: whether it was refunded whole: then nothing is counted.
    """
    asked = needed_by(program) if needed is None else needed
    if not asked or is_gone:
        return {}
    counts = _counts(program, event, asked)
    cards = {rule.id: rule.give.card for rule in program.rules if isinstance(rule.give, Stamps)}
    given = {entry.card: entry.count for entry in event.stamps}
    for name, count in tuple(counts.items()):
        if name.startswith("rule:"):
            card = cards.get(name.removeprefix("rule:"))
            left, whole = (
                (earned, event.earned)
                if card is None
                else (stamps.get(card, 0), given.get(card, 0))
            )
            if whole:  # of a sale that earned 0 nothing can go in proportion
                counts[name] = part_of(count, left, whole)
    for card, count in given.items():
        name = stamps_name(card)
        counts[name] = counts.get(name, 0) - count + stamps.get(card, 0)
    counts |= {POINTS: earned, SPEND: spend}
    return in_periods(counts, asked, at_ms=event.at_ms, tz_minutes=event.tz_minutes)


def in_periods(
    counts: Mapping[str, int], needed: frozenset[str], *, at_ms: int, tz_minutes: int
) -> Tally:
    """Return counts under the keys of the periods that are needed."""
    periods = periods_at(at_ms, tz_minutes)
    tally: Tally = {}
    for name, period in _split(needed):
        count = counts.get(name)
        if count:
            tally[f"{name}@{periods[period]}" if period else name] = count
    return tally


def count_at(tally: Mapping[str, int], needed: str, *, at_ms: int, tz_minutes: int) -> int:
    """Return a count ("visits", "points@month") in the period of a moment."""
    name, _, period = needed.partition("@")
    key = f"{name}@{periods_at(at_ms, tz_minutes)[period]}" if period else name
    return tally.get(key, 0)


def plus(first: Mapping[str, int], second: Mapping[str, int]) -> Tally:
    """Return both added up."""
    total = dict(first)
    for key, count in second.items():
        total[key] = total.get(key, 0) + count
    return {key: count for key, count in total.items() if count}


def without(tally: Mapping[str, int], other: Mapping[str, int]) -> Tally:
    """Return the first less the second; what was taken before it came is below 0."""
    return plus(tally, {key: -count for key, count in other.items()})


def current(tally: Mapping[str, int], *, at_ms: int, tz_minutes: int, months: int = 0) -> Tally:
    """Return a tally without the periods that are over.

    Kept are counts for ever, of this day, week, month and year, of the ``months`` months
    before this one, and whatever a fast clock counted in periods to come.
    """
    periods = periods_at(at_ms, tz_minutes)
    first_month = _months_before(periods["month"], months)
    oldest = {
        len(periods["day"]): periods["day"],
        len(periods["week"]): periods["week"],
        len(first_month): first_month,
        len(periods["year"]): periods["year"],
    }
    kept: Tally = {}
    for key, count in tally.items():
        _, _, period = key.partition("@")
        if count and (not period or period >= oldest.get(len(period), period)):
            kept[key] = count
    return kept


def _months_before(month: str, count: int) -> str:
    year, _, number = month.partition("-")
    months = int(year) * 12 + int(number) - 1 - count
    return f"{months // 12:04d}-{months % 12 + 1:02d}"


@lru_cache(maxsize=256)
def _split(needed: frozenset[str]) -> tuple[tuple[str, str], ...]:
    parted = (entry.partition("@") for entry in sorted(needed))
    return tuple((name, period) for name, _, period in parted)


def _counts(program: LoyaltyProgram, sale: SaleRecorded, asked: frozenset[str]) -> dict[str, int]:
    """Return what a sale counts under each name."""
    discount = sum(reward.discount for reward in sale.rewards)
    counts = {VISITS: 1, POINTS: sale.earned, SPEND: sale.sale.total - discount}
    for entry in sale.stamps:
        counts[stamps_name(entry.card)] = entry.count
    for taken in sale.rewards:
        counts[reward_name(taken.reward)] = 1
        reward = program.reward(taken.reward) if taken.stamps else None
        if reward is not None:
            name = stamps_name(reward.stamp_card)
            counts[name] = counts.get(name, 0) - taken.stamps
    if any(entry.startswith("rule:") for entry in asked):
        for rule_id, given in earn(program, facts_of(sale)).by_rule:
            counts[rule_name(rule_id)] = given
    return counts


def _needed_by(program: LoyaltyProgram) -> frozenset[str]:
    needed = set(needed_by_sales(program))
    for reward in program.rewards:
        needed |= _limited(reward_name(reward.id), reward.stock)
    needed |= {stamps_name(card.id) for card in program.stamp_cards}
    for activity in program.activities:
        needed |= _limited(activity_name(activity.id), activity.caps)
    if program.referral is not None and program.referral.limit is not None:
        needed.add(REFERRALS)
    ending = "" if program.tier_rules.window is TierWindow.LIFETIME else "@month"
    needed |= {f"{measure}{ending}" for measure in _measures(program)}
    return frozenset(needed)


def needed_by_sales(program: LoyaltyProgram) -> frozenset[str]:
    """Return what is counted because the points of a sale depend on it."""
    return _NEEDED_BY_SALES(program)


def _needed_by_sales(program: LoyaltyProgram) -> frozenset[str]:
    asked = _limited(POINTS, program.caps)
    for rule in program.rules:
        asked |= _limited(rule_name(rule.id), rule.caps)
    if any(when.first_purchase for when in conditions_of(program)):
        asked.add(VISITS)
    return frozenset(asked)


def conditions_of(program: LoyaltyProgram) -> Iterable[Conditions]:
    """Yield the conditions of all rules, offers and rewards."""
    for part in (*program.rules, *program.offers, *program.rewards):
        yield part.when


def _limited(name: str, limits: Caps | Stock) -> set[str]:
    kinds = {"day": limits.day, "week": limits.week, "month": limits.month}
    asked = {f"{name}@{kind}" for kind, limit in kinds.items() if limit is not None}
    return asked if limits.member is None else asked | {name}


def _measures(program: LoyaltyProgram) -> set[str]:
    """Return the measures of tiers; none where the months of points suffice, as in 0.1.0."""
    named = {
        POINTS: any(tier.threshold_points for tier in program.tiers),
        SPEND: any(tier.threshold_spend for tier in program.tiers),
        VISITS: any(tier.threshold_visits for tier in program.tiers),
    }
    measures = {name for name, is_named in named.items() if is_named}
    if measures <= {POINTS} and program.tier_rules == TierRules():
        return set()
    return measures


_NEEDED = PerProgram(_needed_by)
_NEEDED_BY_SALES = PerProgram(_needed_by_sales)
