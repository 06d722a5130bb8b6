"""What a sale stores of its member: exactly what the program's rules ask for, nothing else."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pos_loyalty.domain.earning_rule import Conditions, PerVisit
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts, Tally
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import local_day
from pos_loyalty.domain.tally import conditions_of, needed_by_sales
from pos_loyalty.domain.tally_key import EPOCH_ORDINAL, VISITS, periods_at

_FEBRUARY = 2
_LEAP_DAY = 29


def known_for(
    program: LoyaltyProgram,
    *,
    sheet_tally: Mapping[str, int] | None,
    segments: Sequence[str],
    birthday: str,
    last_visit_ms: int,
    shop: str,
    at_ms: int,
    tz_minutes: int,
) -> MemberFacts:
    """Return what the program asks about a member at a sale.

    Args:
        program: the rules in force.
        sheet_tally: the member's counts, own events included; None for a card without a member.
        segments: all segments of the member.
        birthday: "MM-DD", or empty.
        last_visit_ms: when the last sale before this one was; 0 is never.
        shop: where the sale is.
        at_ms: when the sale is.
        tz_minutes: the shop's offset from UTC then.
    """
    asked = _ASKED(program)
    if asked is None:
        return NO_FACTS
    has_member = sheet_tally is not None
    known = MemberFacts(
        shop=shop if asked.shop else "",
        segments=tuple(sorted(asked.segments.intersection(segments))) if has_member else (),
        birthday_rules=tuple(
            key
            for key, days in asked.birthdays
            if has_member and is_birthday_near(birthday, days, at_ms=at_ms, tz_minutes=tz_minutes)
        ),
        last_visit_ms=last_visit_ms if asked.last_visit and has_member else 0,
        tally={}
        if sheet_tally is None
        else _tally(sheet_tally, needed_by_sales(program), periods_at(at_ms, tz_minutes)),
    )
    # The very default is left out of the event's bytes; an equal one would be written.
    return NO_FACTS if known == NO_FACTS else known


def asks_of_member(program: LoyaltyProgram) -> bool:
    """Tell whether a sale stores anything of its member: where not, nothing need be looked up."""
    return _ASKED(program) is not None


def birthday_key_of_reward(reward_id: str) -> str:
    """Return how ``birthday_rules`` names a reward; rules and offers have their ids there."""
    return f"reward:{reward_id}"


def is_birthday_near(birthday: str, days: int, *, at_ms: int, tz_minutes: int) -> bool:
    """Tell whether a day is at most ``days`` before or after a birthday ("MM-DD").

    29 February counts as 28 February in other years. What is no birthday is never near.
    """
    month, _, day = birthday.partition("-")
    if not (month.isdecimal() and day.isdecimal()):
        return False
    today = local_day(at_ms, tz_minutes) + EPOCH_ORDINAL
    year = dt.date.fromordinal(today).year
    dates = (_birthday_in(year + turn, int(month), int(day)) for turn in (-1, 0, 1))
    return any(date is not None and abs(date.toordinal() - today) <= days for date in dates)


def _birthday_in(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        is_leap_day = (month, day) == (_FEBRUARY, _LEAP_DAY)
        return dt.date(year, _FEBRUARY, _LEAP_DAY - 1) if is_leap_day else None


def _tally(counts: Mapping[str, int], needed: Iterable[str], periods: Mapping[str, str]) -> Tally:
    """Return the counts of now. No visit yet is said: nothing would mean that nobody knows."""
    tally: Tally = {}
    for entry in sorted(needed):
        name, _, period = entry.partition("@")
        key = f"{name}@{periods[period]}" if period else name
        count = counts.get(key, 0)
        if count or key == VISITS:
            tally[key] = count
    return tally


class _Asked(msgspec.Struct, frozen=True):
    """What the rules of a program ask about members."""

    shop: bool
    segments: frozenset[str]
    birthdays: tuple[tuple[str, int], ...]
    last_visit: bool


def _asked_by(program: LoyaltyProgram) -> _Asked | None:
    """Return None for a program that asks nothing."""
    conditions = tuple(conditions_of(program))
    asked = _Asked(
        shop=any(when.shops for when in conditions),
        segments=frozenset(segment for when in conditions for segment in when.segments),
        birthdays=tuple(_birthdays(program)),
        last_visit=any(
            isinstance(rule.give, PerVisit) and rule.give.hours_between > 0
            for rule in program.rules
        ),
    )
    is_nothing = asked == _Asked(
        shop=False, segments=frozenset(), birthdays=(), last_visit=False
    ) and not needed_by_sales(program)
    return None if is_nothing else asked


def _birthdays(program: LoyaltyProgram) -> Iterable[tuple[str, int]]:
    keyed: list[tuple[str, Conditions]] = [
        *((rule.id, rule.when) for rule in program.rules),
        *((offer.id, offer.when) for offer in program.offers),
        *((birthday_key_of_reward(reward.id), reward.when) for reward in program.rewards),
    ]
    return ((key, when.birthday_days) for key, when in keyed if when.birthday_days is not None)


_ASKED = PerProgram(_asked_by)
