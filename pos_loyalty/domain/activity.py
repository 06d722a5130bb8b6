"""What an activity other than a purchase gives, within its caps."""

from collections.abc import Mapping

import msgspec

from pos_loyalty.domain.earning_cap import ceiling_of
from pos_loyalty.domain.earning_rule import ActivityRule
from pos_loyalty.domain.tally_key import activity_name, periods_at


class ActivityGiven(msgspec.Struct, frozen=True):
    """The points that count, and why they are fewer than the rule's; empty where they are not."""

    points: int
    reason: str = ""


def activity_points(
    rule: ActivityRule, tally: Mapping[str, int], *, at_ms: int, tz_minutes: int
) -> ActivityGiven:
    """Return what an activity gives a member whose counts are ``tally``."""
    wanted = max(0, rule.points)
    ceiling = ceiling_of(
        rule.caps, activity_name(rule.id), tally=tally, periods=periods_at(at_ms, tz_minutes)
    )
    if ceiling is None or ceiling.left >= wanted:
        return ActivityGiven(wanted)
    return ActivityGiven(ceiling.left, ceiling.words("points"))
