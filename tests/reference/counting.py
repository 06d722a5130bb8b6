"""Rules 4 and 9: what is counted of a member, activities, and invitations."""

from collections.abc import Mapping

from pos_loyalty.domain.earning_rule import ActivityRule, Caps, ReferralEvent, ReferralRule
from tests.reference import money


def periods(at_ms: int, tz_minutes: int) -> dict[str, str]:
    """Day, week, month and year of the shop's clock."""
    day = money.clock(at_ms, tz_minutes).date()
    year, week, _ = day.isocalendar()
    return {
        "day": day.isoformat(),
        "week": f"{year:04}-W{week:02}",
        "month": f"{day.year:04}-{day.month:02}",
        "year": f"{day.year:04}",
    }


def count(tally: dict[str, int], name: str, amount: int, *, at_ms: int, tz_minutes: int) -> None:
    """Count under the bare name and under each period."""
    names = [name, *(f"{name}@{period}" for period in periods(at_ms, tz_minutes).values())]
    for one in names:
        tally[one] = tally.get(one, 0) + amount


def activity_points(
    rule: ActivityRule, tally: Mapping[str, int], *, at_ms: int, tz_minutes: int
) -> int:
    """The points of an activity within its caps."""
    name = f"activity:{rule.id}"
    return left_of_caps(rule.caps, name, rule.points, tally, at_ms=at_ms, tz_minutes=tz_minutes)


def left_of_caps(
    caps: Caps,
    name: str,
    points: int,
    tally: Mapping[str, int],
    *,
    at_ms: int,
    tz_minutes: int,
) -> int:
    """What the caps leave of points, given what the tally says was given."""
    period = periods(at_ms, tz_minutes)
    if caps.sale is not None:
        points = min(points, caps.sale)
    for cap, key in (
        (caps.day, f"{name}@{period['day']}"),
        (caps.week, f"{name}@{period['week']}"),
        (caps.month, f"{name}@{period['month']}"),
        (caps.member, name),
    ):
        if cap is not None:
            points = min(points, max(0, cap - tally.get(key, 0)))
    return max(0, points)


def referral(
    rule: ReferralRule,
    event: ReferralEvent,
    *,
    spent: int,
    paid_before: int,
    is_first: bool,
) -> tuple[int, int]:
    """What the referrer and the invited get for an event of the invited."""
    due = {
        ReferralEvent.ENROLLMENT: event is ReferralEvent.ENROLLMENT and is_first,
        ReferralEvent.FIRST_PURCHASE: event is not ReferralEvent.ENROLLMENT
        and spent >= rule.minimum
        and is_first,
        ReferralEvent.EVERY_PURCHASE: event is not ReferralEvent.ENROLLMENT
        and spent >= rule.minimum,
    }[rule.pays_on]
    if not due:
        return 0, 0
    within = rule.limit is None or paid_before < rule.limit
    return (rule.referrer_points if within else 0), rule.referred_points
