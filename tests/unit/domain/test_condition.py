"""When a rule holds."""

import datetime as dt

import msgspec
import pytest

from pos_loyalty.domain.condition import minute_of
from pos_loyalty.domain.earning_rule import Bonus, Conditions, PerItem, Weekday
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.domain.tier import Tier
from tests.builders import WEDNESDAY_MS
from tests.unit.domain.earning_cases import ONE_TIER, basket, earned, line, program, rule

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS


def holds(when: Conditions, sale: SaleFacts) -> bool:
    """Tell whether a rule with these conditions gives its bonus."""
    by = program(
        rules=(rule(Bonus(points=1000), when=when),),
        tiers=(*ONE_TIER, Tier(id=TierId("vip"), name="V")),
    )
    return earned(by, sale).sale_points == 1000


def chosen(when: Conditions, *lines: SaleLine) -> list[int]:
    """Return the lines that get points for each item."""
    by = program(rules=(rule(PerItem(points=1000), when=when),))
    accrual = earned(by, basket(*lines))
    return [at for at, points in enumerate(accrual.lines) if points >= 1000]


def at(hour: int, minute: int = 0, *, days: int = 0) -> SaleFacts:
    """Return a sale at this time on the shop's clock; day 0 is Wednesday, 19 November 2025."""
    noon_ms = WEDNESDAY_MS // DAY_MS * DAY_MS + 11 * HOUR_MS
    moment = noon_ms + (hour - 12) * HOUR_MS + minute * 60_000 + days * DAY_MS
    return basket(total=1000, at_ms=moment)


def test_a_rule_without_conditions_holds() -> None:
    assert holds(Conditions(), basket(total=1))


def test_lines_are_chosen_by_category_or_by_sku() -> None:
    lines = (line(1, "tea"), line(1, "coffee"), line(1, "cake", sku="c1"), line(1, sku="c2"))

    assert chosen(Conditions(categories=("tea", "coffee")), *lines) == [0, 1]
    assert chosen(Conditions(skus=("c1",)), *lines) == [2]
    assert chosen(Conditions(categories=("tea",), skus=("c2",)), *lines) == [0, 3]


def test_lines_are_taken_out_by_category_and_by_sku() -> None:
    lines = (line(1, "tea"), line(1, "cake", sku="c1"), line(1, "cake", sku="c2"))

    assert chosen(Conditions(not_categories=("tea",)), *lines) == [1, 2]
    assert chosen(Conditions(not_skus=("c1",)), *lines) == [0, 2]
    assert chosen(Conditions(categories=("cake",), not_skus=("c2",)), *lines) == [1]
    assert chosen(Conditions(categories=("cake",), not_categories=("cake",)), *lines) == []


def test_a_rule_that_chooses_lines_and_finds_none_does_not_hold() -> None:
    assert not holds(Conditions(categories=("tea",)), basket(line(1000, "coffee")))
    assert not holds(Conditions(not_categories=("coffee",)), basket(line(1000, "coffee")))
    assert not holds(Conditions(categories=("tea",)), basket(total=1000))
    assert holds(Conditions(not_categories=("coffee",)), basket(total=1000))


def test_the_smallest_basket_counts_the_money_of_the_chosen_lines() -> None:
    tea = Conditions(categories=("tea",), basket_min=500)

    assert holds(tea, basket(line(500, "tea"), line(1)))
    assert not holds(tea, basket(line(499, "tea"), line(900)))


def test_the_smallest_basket_counts_what_is_left_after_rewards() -> None:
    off = RewardTaken(reward=RewardId("off"), points=1, discount=1)

    assert not holds(Conditions(basket_min=500), basket(total=500, rewards=[off]))
    assert holds(Conditions(basket_min=499), basket(total=500, rewards=[off]))


def test_the_smallest_quantity_counts_the_items_of_the_chosen_lines() -> None:
    three = Conditions(categories=("tea",), quantity_min=3)

    assert holds(three, basket(line(1, "tea", quantity=2), line(1, "tea"), line(1)))
    assert not holds(three, basket(line(1, "tea", quantity=2), line(1, quantity=9)))
    assert not holds(three, basket(line(1, "tea", quantity=-3), line(1, "tea", quantity=2)))
    assert holds(Conditions(quantity_min=1), basket(total=1))


def test_weekdays_are_those_of_the_shop() -> None:
    wednesday = Conditions(weekdays=(Weekday.WEDNESDAY, Weekday.SUNDAY))

    assert holds(wednesday, at(0))
    assert holds(wednesday, at(23, 59))
    assert not holds(wednesday, at(0, days=1))
    assert holds(wednesday, at(12, days=4))


@pytest.mark.parametrize(
    ("start", "end", "inside", "outside"),
    [
        ("08:30", "10:00", [(8, 30), (9, 59)], [(8, 29), (10, 0)]),
        ("22:00", "02:00", [(22, 0), (23, 59), (0, 0), (1, 59)], [(2, 0), (21, 59)]),
        ("22:00", "22:00", [(0, 0), (21, 59), (22, 0)], []),
        ("08:30", "", [(8, 30), (23, 59)], [(8, 29), (0, 0)]),
        ("", "10:00", [(0, 0), (9, 59)], [(10, 0), (23, 0)]),
        ("18:00", "24:00", [(18, 0), (23, 59)], [(0, 0), (17, 59)]),
    ],
)
def test_the_time_of_day_is_that_of_the_shop(
    start: str, end: str, inside: list[tuple[int, int]], outside: list[tuple[int, int]]
) -> None:
    when = Conditions(from_time=start, until_time=end)

    assert all(holds(when, at(*clock)) for clock in inside)
    assert not any(holds(when, at(*clock)) for clock in outside)


def test_a_time_is_read_to_the_minute() -> None:
    assert minute_of("08:30") == 510
    assert minute_of("24:00") == 1440


def test_the_first_and_the_last_date_are_included() -> None:
    only = Conditions(from_date=dt.date(2025, 11, 19), until_date=dt.date(2025, 11, 19))

    assert holds(only, at(0))
    assert holds(only, at(23, 59))
    assert not holds(only, at(23, 59, days=-1))
    assert not holds(only, at(0, days=1))
    assert holds(Conditions(until_date=dt.date(2025, 11, 20)), at(12))
    assert holds(Conditions(from_date=dt.date(2025, 11, 18)), at(12))


def test_shop_and_segment_are_those_that_the_sale_stores() -> None:
    known = MemberFacts(shop="north", segments=("students", "early"))

    assert holds(Conditions(shops=("north", "south")), basket(total=1, known=known))
    assert not holds(Conditions(shops=("south",)), basket(total=1, known=known))
    assert not holds(Conditions(shops=("north",)), basket(total=1))
    assert holds(Conditions(segments=("students", "staff")), basket(total=1, known=known))
    assert not holds(Conditions(segments=("staff",)), basket(total=1, known=known))


def test_an_unknown_tier_is_the_first_one() -> None:
    assert holds(Conditions(tiers=(TierId("vip"),)), basket(total=1, tier="vip"))
    assert not holds(Conditions(tiers=(TierId("vip"),)), basket(total=1, tier="all"))
    assert holds(Conditions(tiers=(TierId("all"),)), basket(total=1, tier="gone"))


def test_a_first_purchase_is_one_of_a_member_who_is_known_to_have_none() -> None:
    first = Conditions(first_purchase=True)

    assert holds(first, basket(total=1, known=MemberFacts(tally={"visits": 0})))
    assert not holds(first, basket(total=1, known=MemberFacts(tally={"visits": 1})))
    assert not holds(first, basket(total=1, known=NO_FACTS))


def test_a_birthday_holds_for_the_rule_that_the_till_named() -> None:
    near = Conditions(birthday_days=3)

    assert holds(near, basket(total=1, known=MemberFacts(birthday_rules=("r",))))
    assert not holds(near, basket(total=1, known=MemberFacts(birthday_rules=("other",))))


def test_a_rule_that_excludes_payments_holds_while_some_money_is_left() -> None:
    no_gift = Conditions(payments_excluded=("gift_card",))
    gift = [Payment(kind="gift_card", amount=999)]

    assert holds(no_gift, basket(total=1000, payments=gift))
    assert not holds(no_gift, basket(total=999, payments=gift))
    assert not holds(
        msgspec.structs.replace(no_gift, basket_min=2), basket(total=1000, payments=gift)
    )


def test_excluded_payments_are_shared_by_all_lines_by_their_money() -> None:
    tea = Conditions(categories=("tea",), payments_excluded=("gift_card",), basket_min=300)
    gift = [Payment(kind="gift_card", amount=500)]

    assert holds(tea, basket(line(600, "tea"), line(400), payments=gift))
    assert not holds(tea, basket(line(599, "tea"), line(401), payments=gift))


def test_all_that_is_named_must_hold() -> None:
    both = Conditions(weekdays=(Weekday.WEDNESDAY,), shops=("north",))

    assert holds(both, basket(total=1, known=MemberFacts(shop="north")))
    assert not holds(both, basket(total=1, known=MemberFacts(shop="south")))
    assert not holds(
        both,
        basket(total=1, known=MemberFacts(shop="north"), at_ms=WEDNESDAY_MS + DAY_MS),
    )
