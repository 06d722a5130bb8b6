"""What a sale stores of its member: what the rules ask, and nothing else."""

import datetime as dt

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import Bonus, Caps, Conditions, PerVisit
from pos_loyalty.domain.event import decode_event, encode_event
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.member_known import is_birthday_near, known_for
from pos_loyalty.domain.offer import BonusOffer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import Gift
from tests.builders import STANDARD, WEDNESDAY_MS, sale
from tests.unit.domain.earning_cases import program, rule

TALLY = {"visits": 4, "points@2025-11": 30, "rule:hello@2025-11-19": 5, "stamps:coffee": 2}


def known(by: LoyaltyProgram, tally: dict[str, int] | None = TALLY) -> MemberFacts:
    """Return what is stored of a member of whom everything is known."""
    return known_for(
        by,
        sheet_tally=tally,
        segments=("students", "early"),
        birthday="11-21",
        last_visit_ms=77,
        shop="north",
        at_ms=WEDNESDAY_MS,
        tz_minutes=60,
    )


def asking(when: Conditions) -> LoyaltyProgram:
    """Return a program with one rule that asks."""
    return program(rules=(rule(Bonus(points=1), when=when),))


def test_a_plain_program_stores_nothing_at_all() -> None:
    event = msgspec.structs.replace(sale(), known=known(STANDARD))

    assert known(STANDARD) is NO_FACTS
    assert b"known" not in encode_event(event)


def test_a_program_that_asks_and_finds_nothing_stores_nothing() -> None:
    stored = known(asking(Conditions(segments=("staff",))))

    assert stored is NO_FACTS


def test_the_shop_is_stored_where_a_rule_names_shops() -> None:
    assert known(asking(Conditions(shops=("south",)))) == MemberFacts(shop="north")


def test_of_the_segments_those_are_stored_that_rules_name() -> None:
    asked = asking(Conditions(segments=("students", "staff")))

    assert known(asked) == MemberFacts(segments=("students",))


def test_no_visit_before_is_stored_for_a_member_and_not_for_a_card_of_nobody() -> None:
    first = asking(Conditions(first_purchase=True))

    assert known(first, {}) == MemberFacts(tally={"visits": 0})
    assert known(first) == MemberFacts(tally={"visits": 4})
    assert known(first, None) is NO_FACTS


def test_counts_for_caps_are_stored_in_the_period_of_the_sale() -> None:
    by = program(
        rules=(rule(Bonus(points=1), named="hello", caps=Caps(day=9, week=9)),), caps=Caps(month=99)
    )

    assert known(by) == MemberFacts(tally={"points@2025-11": 30, "rule:hello@2025-11-19": 5})


def test_the_last_visit_is_stored_where_a_rule_waits_for_hours() -> None:
    assert known(program(rules=(rule(PerVisit(points=1, hours_between=4)),))) == MemberFacts(
        last_visit_ms=77
    )
    assert known(program(rules=(rule(PerVisit(points=1, hours_between=1)),))).last_visit_ms == 77
    assert known(program(rules=(rule(PerVisit(points=1)),))) is NO_FACTS


def test_a_card_of_nobody_has_a_shop_and_nothing_else() -> None:
    by = program(
        rules=(
            rule(PerVisit(points=1, hours_between=4), when=Conditions(shops=("north",))),
            rule(
                Bonus(points=1),
                named="b",
                when=Conditions(birthday_days=9, segments=("students",)),
                caps=Caps(month=3),
            ),
        )
    )

    assert known(by, None) == MemberFacts(shop="north")


def test_a_birthday_is_stored_as_the_rules_offers_and_rewards_that_it_opens() -> None:
    by = msgspec.structs.replace(
        program(
            rules=(
                rule(Bonus(points=1), named="near", when=Conditions(birthday_days=2)),
                rule(Bonus(points=1), named="exact", when=Conditions(birthday_days=0)),
            ),
            offers=(BonusOffer(id="offer", name="O", when=Conditions(birthday_days=7), points=1),),
        ),
        rewards=(Gift(id=RewardId("cake"), name="Cake", when=Conditions(birthday_days=2)),),
    )

    assert known(by) == MemberFacts(birthday_rules=("near", "offer", "reward:cake"))


@pytest.mark.parametrize(
    ("birthday", "days", "today", "is_near"),
    [
        ("11-22", 0, (2026, 11, 22), True),
        ("11-22", 0, (2026, 11, 23), False),
        ("11-22", 3, (2026, 11, 25), True),
        ("11-22", 3, (2026, 11, 19), True),
        ("11-22", 3, (2026, 11, 18), False),
        ("12-30", 5, (2027, 1, 3), True),
        ("12-30", 5, (2027, 1, 5), False),
        ("01-02", 5, (2026, 12, 28), True),
        ("01-02", 5, (2026, 12, 27), False),
        ("02-29", 0, (2027, 2, 28), True),
        ("02-29", 0, (2027, 3, 1), False),
        ("02-29", 0, (2028, 2, 29), True),
        ("02-29", 0, (2028, 2, 28), False),
        ("", 400, (2026, 11, 22), False),
        ("11-31", 400, (2026, 11, 22), False),
        ("xx-12", 400, (2026, 11, 22), False),
    ],
)
def test_a_birthday_is_near_on_both_sides_and_over_the_year(
    birthday: str,
    days: int,
    today: tuple[int, int, int],
    is_near: bool,  # noqa: FBT001 - a table
) -> None:
    noon_ms = int(dt.datetime(*today, 12, tzinfo=dt.UTC).timestamp()) * 1000

    assert is_birthday_near(birthday, days, at_ms=noon_ms, tz_minutes=0) is is_near


def test_the_day_of_a_birthday_is_that_of_the_shop() -> None:
    late_ms = int(dt.datetime(2026, 11, 21, 23, 30, tzinfo=dt.UTC).timestamp()) * 1000

    assert is_birthday_near("11-22", 0, at_ms=late_ms, tz_minutes=60)
    assert not is_birthday_near("11-22", 0, at_ms=late_ms, tz_minutes=0)


def test_what_is_stored_comes_back_from_the_events_bytes() -> None:
    stored = known(asking(Conditions(first_purchase=True)), {})
    event = msgspec.structs.replace(sale(), known=stored)

    assert decode_event(encode_event(event)) == event
