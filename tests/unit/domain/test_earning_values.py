"""Points for items, visits and sales, the lowest and the highest of a sale, stamps, pending."""

import pytest

from pos_loyalty.domain.accrual import capped, earn, earned_points, pending_until
from pos_loyalty.domain.earning_rule import Bonus, Caps, Conditions, PerItem, PerVisit, Stamps
from pos_loyalty.domain.event import StampsGiven
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.offer import BonusOffer, PriceOffer
from pos_loyalty.domain.reward import RewardTaken
from tests.builders import STANDARD, WEDNESDAY_MS
from tests.unit.domain.earning_cases import basket, earned, line, program, rule, texts

COFFEE = Conditions(categories=("coffee",))
HOUR_MS = 3_600_000


def bonus_offer(points: int, named: str, when: Conditions | None = None) -> BonusOffer:
    """Return an offer of points once for the sale."""
    return BonusOffer(id=named, name=named.capitalize(), when=when or Conditions(), points=points)


def test_each_item_of_the_chosen_lines_gives_points() -> None:
    by = program(rules=(rule(PerItem(points=5), named="cups", when=COFFEE),))

    accrual = earned(by, basket(line(100, "coffee", quantity=2), line(100), line(100, "coffee")))

    assert accrual.lines == (11, 1, 6)
    assert accrual.by_rule == (("cups", 15),)
    assert texts(accrual)[-1] == "Cups: 5 points for each of 3 items = 18"


def test_capped_points_of_items_are_spread_by_what_each_line_would_get() -> None:
    by = program(rules=(rule(PerItem(points=1), named="cups", caps=Caps(sale=4)),))

    accrual = earned(by, basket(line(10, quantity=6), line(10, quantity=2)))

    assert accrual.lines == (3, 1)
    assert texts(accrual)[-1] == "Cups: 1 point for each of 8 items; at most 4 points in a sale = 4"


def test_a_line_of_no_items_gives_nothing_and_says_nothing() -> None:
    by = program(rules=(rule(PerItem(points=5)),))

    accrual = earned(by, basket(line(100, quantity=0)))

    assert accrual.points == 1
    assert len(accrual.trace) == 1


def test_the_words_count_one_item() -> None:
    by = program(rules=(rule(PerItem(points=2), named="cups"),))

    assert texts(earned(by, basket(total=50)))[-1] == "Cups: 2 points for each of 1 item = 2"


@pytest.mark.parametrize(
    ("last_ms", "points"),
    [
        (0, 20),
        (WEDNESDAY_MS - 4 * HOUR_MS, 20),
        (WEDNESDAY_MS - 4 * HOUR_MS + 1, 0),
        (WEDNESDAY_MS + HOUR_MS, 0),
    ],
)
def test_a_visit_counts_when_the_one_before_is_long_enough_ago(last_ms: int, points: int) -> None:
    by = program(rules=(rule(PerVisit(points=20, hours_between=4), named="visit"),))

    accrual = earned(by, basket(total=50, known=MemberFacts(last_visit_ms=last_ms)))

    assert accrual.sale_points == accrual.points == points


def test_a_visit_without_hours_between_always_counts() -> None:
    by = program(rules=(rule(PerVisit(points=20), named="visit"),))

    accrual = earned(by, basket(total=50, known=MemberFacts(last_visit_ms=WEDNESDAY_MS + 5)))

    assert accrual.points == 20
    assert texts(accrual)[-1] == "Visit: 20 points for the visit = 20"


def test_a_bonus_is_given_once_and_belongs_to_no_line() -> None:
    by = program(rules=(rule(Bonus(points=25), named="plus", when=Conditions(basket_min=200)),))

    accrual = earned(by, basket(line(100), line(100)))

    assert (accrual.lines, accrual.sale_points, accrual.points) == ((1, 1), 25, 27)
    assert texts(accrual)[-1] == "Plus: 25 points for the sale = 27"
    assert earned(by, basket(line(100), line(99))).points == 1


def test_bonuses_add_up_and_each_has_its_cap() -> None:
    by = program(
        rules=(
            rule(Bonus(points=25), named="a", caps=Caps(member=30)),
            rule(PerVisit(points=5), named="b", caps=Caps(month=12)),
        )
    )
    known = MemberFacts(tally={"rule:a": 20, "rule:b@2025-11": 10, "rule:b": 99})

    accrual = earned(by, basket(total=50, known=known))

    assert accrual.by_rule == (("a", 10), ("b", 2))
    assert texts(accrual)[1:] == [
        (
            "A: 25 points for the sale; at most 30 points for a member, of which 20 are given"
            " already = 10"
        ),
        "B: 5 points for the visit; at most 12 points a month, of which 10 are given already = 12",
    ]


def test_what_the_tally_does_not_name_was_not_given() -> None:
    for limits in (Caps(day=25), Caps(week=25), Caps(month=25), Caps(member=25)):
        by = program(rules=(rule(Bonus(points=30), named="a", caps=limits),))

        assert earned(by, basket(total=50)).points == 25


def test_of_bonus_offers_the_largest_that_holds_applies() -> None:
    by = program(
        offers=(
            bonus_offer(10, "small"),
            bonus_offer(30, "large"),
            bonus_offer(30, "later"),
            bonus_offer(99, "staff", Conditions(segments=("staff",))),
            PriceOffer(
                id="cheap", name="Cheap", when=Conditions(), reward=RewardId("x"), cost_points=1
            ),
        )
    )

    accrual = earned(by, basket(total=50))

    assert accrual.by_rule == (("large", 30),)
    assert accrual.trace[-1].rule == "offer large"


def test_a_sale_earns_at_least_what_the_program_says() -> None:
    by = program(sale_points_min=5)

    raised = earned(by, basket(total=300))

    assert (raised.points, raised.lines, raised.sale_points, raised.raised) == (5, (3,), 2, 2)
    assert texts(raised)[-1] == "a sale earns at least 5 points = 5"
    assert earned(by, basket(total=500)).raised == 0
    assert earned(by, basket(total=501)).points == 5


def test_even_a_least_of_one_point_counts_where_nothing_else_is_asked() -> None:
    by = program(sale_points_min=1)

    assert earned(by, basket(total=99)).points == 1
    assert earned_points(by, basket(total=99)) == 1


def test_a_sale_without_eligible_money_is_not_raised() -> None:
    by = program(sale_points_min=5)
    all_paid = RewardTaken(reward=RewardId("off"), points=1, discount=300)

    assert earned(by, basket(total=300, rewards=[all_paid])).points == 0


def test_the_cap_of_the_program_comes_last_and_leaves_the_lines_as_they_were() -> None:
    by = program(caps=Caps(sale=7), sale_points_min=9, rules=(rule(Bonus(points=1)),))

    accrual = earned(by, basket(line(300), line(300)))

    assert accrual.points == 7
    assert (accrual.lines, accrual.sale_points, accrual.raised) == ((3, 3), 3, 2)
    assert texts(accrual)[-1] == "at most 7 points in a sale = 7"


def test_the_cap_of_the_program_counts_all_points_of_the_period() -> None:
    by = program(caps=Caps(day=20, week=100))
    known = MemberFacts(tally={"points@2025-11-19": 15, "points@2025-W47": 96, "points": 9999})

    accrual = earned(by, basket(total=1000, known=known))

    assert accrual.points == 4
    assert texts(accrual)[-1] == "at most 100 points a week, of which 96 are given already = 4"
    assert capped(by, basket(total=1000, known=known), 10) == 4
    assert capped(by, basket(total=1000, known=known), 3) == 3
    assert capped(program(), basket(total=1000, known=known), 10) == 10


def test_a_cap_that_is_just_met_limits_nothing_and_is_not_told() -> None:
    """A step of the trace is of a rule that gave or limited something."""
    within = Caps(sale=10)
    by_program, by_rule = (
        program(caps=within),
        program(rules=(rule(PerItem(points=10), named="cups", caps=within),)),
    )

    assert texts(earned(by_program, basket(total=1000))) == texts(
        earned(program(), basket(total=1000))
    )
    assert texts(earned(by_rule, basket(total=50)))[-1] == (
        "Cups: 10 points for each of 1 item = 10"
    )


def test_a_cap_that_is_used_up_leaves_nothing() -> None:
    by = program(caps=Caps(month=20))
    known = MemberFacts(tally={"points@2025-11": 25})

    assert earned(by, basket(total=1000, known=known)).points == 0


def test_stamps_are_given_once_or_for_each_item_and_are_no_points() -> None:
    by = program(
        rules=(
            rule(Stamps(card="coffee", per_item=True), named="cups", when=COFFEE),
            rule(Stamps(card="coffee", count=2), named="plus"),
            rule(Stamps(card="cake"), named="cake"),
        )
    )

    accrual = earned(by, basket(line(100, "coffee", quantity=3), line(100)))

    assert accrual.stamps == (
        StampsGiven(card="coffee", count=5),
        StampsGiven(card="cake", count=1),
    )
    assert accrual.by_rule == (("cups", 3), ("plus", 2), ("cake", 1))
    assert accrual.points == 2
    assert texts(accrual)[1:] == [
        "Cups: 3 stamps = 2",
        "Plus: 2 stamps = 2",
        "Cake: 1 stamp = 2",
    ]


def test_caps_of_a_stamp_rule_count_stamps() -> None:
    by = program(
        rules=(rule(Stamps(card="coffee", per_item=True), named="cups", caps=Caps(sale=5, day=4)),)
    )
    known = MemberFacts(tally={"rule:cups@2025-11-19": 3})
    full = MemberFacts(tally={"rule:cups@2025-11-19": 4})

    accrual = earned(by, basket(line(100, quantity=6), known=known))

    assert accrual.stamps == (StampsGiven(card="coffee", count=1),)
    assert texts(accrual)[-1] == (
        "Cups: 1 stamp; at most 4 stamps a day, of which 3 are given already = 1"
    )
    assert earned(by, basket(line(100, quantity=6), known=full)).stamps == ()


def test_a_stamp_rule_that_does_not_hold_gives_none() -> None:
    by = program(rules=(rule(Stamps(card="coffee"), when=COFFEE),))

    assert earned(by, basket(total=100)).stamps == ()


def test_points_are_pending_for_so_many_times_24_hours() -> None:
    assert pending_until(program(pending_days=14), 1000) == 1000 + 14 * 24 * HOUR_MS
    assert pending_until(program(pending_days=1), 1000) == 1000 + 24 * HOUR_MS
    assert pending_until(program(), 1000) == 0


def test_a_plain_program_needs_no_lines_and_says_the_same_with_them() -> None:
    plain = earn(STANDARD, basket(total=2100))
    with_line = earn(STANDARD, basket(line(2100)))

    assert plain == with_line
    assert texts(plain) == ["EUR 21.00 at 1 point for each EUR 1.00, rounded down = 21"]
