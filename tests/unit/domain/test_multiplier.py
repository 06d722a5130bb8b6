"""Which multiplier wins, which stack, and what each line gets."""

from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarningRule,
    Exclude,
    Multiply,
    WeekdayMultiplier,
)
from pos_loyalty.domain.event import Payment
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.offer import MultiplierOffer
from pos_loyalty.domain.tier import Tier
from tests.builders import DAY_MS, WEDNESDAY_MS
from tests.unit.domain.earning_cases import basket, earned, line, program, rule, texts

COFFEE = Conditions(categories=("coffee",))
SILVER = (Tier(id=TierId("all"), name="All"), Tier(id=TierId("silver"), name="Silver", percent=150))
WEDNESDAY = (WeekdayMultiplier(name="Wednesday", weekdays=(2,), percent=200),)


def times(
    percent: int,
    named: str,
    *,
    when: Conditions | None = None,
    stackable: bool = False,
    caps: Caps | None = None,
) -> EarningRule:
    """Return a rule that multiplies."""
    return rule(Multiply(percent=percent, stackable=stackable), named=named, when=when, caps=caps)


def offer(
    percent: int, named: str, *, when: Conditions | None = None, stackable: bool = False
) -> MultiplierOffer:
    """Return an offer that multiplies."""
    return MultiplierOffer(
        id=named,
        name=named.capitalize(),
        when=when or Conditions(),
        percent=percent,
        stackable=stackable,
    )


def test_a_rule_multiplies_the_base_of_the_chosen_lines_alone() -> None:
    accrual = earned(
        program(rules=(times(300, "double", when=COFFEE),)), basket(line(500, "coffee"), line(900))
    )

    assert accrual.lines == (15, 9)
    assert (accrual.multiplier_name, accrual.multiplier_percent) == ("Double", 300)
    assert accrual.by_rule == (("double", 10),)
    assert texts(accrual)[-1] == "3× Double on 1 line = 24"


def test_the_extra_is_rounded_down_on_the_base_of_all_chosen_lines() -> None:
    accrual = earned(
        program(rules=(times(150, "half", when=COFFEE),)),
        basket(line(100, "coffee"), line(100, "coffee"), line(300, "coffee"), line(100)),
    )

    assert accrual.points == 6 + 2
    assert accrual.lines == (2, 1, 4, 1)
    assert texts(accrual)[-1] == "1.5× Half on 3 lines = 8"


def test_the_multiplier_with_the_most_points_wins_not_the_largest_percent() -> None:
    by = program(rules=(times(300, "coffee", when=COFFEE), times(150, "all")))

    assert earned(by, basket(line(100, "coffee"), line(900))).multiplier_name == "All"
    assert earned(by, basket(line(900, "coffee"), line(100))).multiplier_name == "Coffee"


def test_of_equal_extras_the_larger_percent_wins_then_the_first() -> None:
    larger = program(rules=(times(150, "a"), times(200, "b", when=COFFEE)))
    first = program(rules=(times(200, "a"), times(200, "b")))

    assert earned(larger, basket(line(200, "coffee"), line(200))).multiplier_name == "B"
    assert earned(first, basket(total=200)).multiplier_name == "A"


def test_of_equals_the_tier_goes_before_weekdays_rules_and_offers() -> None:
    sale = basket(total=1000, tier="silver")
    tier_first = program(
        tiers=SILVER,
        weekday_multipliers=(WeekdayMultiplier(name="Wed", weekdays=(2,), percent=150),),
        rules=(times(150, "rule"),),
        offers=(offer(150, "offer"),),
    )
    weekday_first = program(
        weekday_multipliers=WEDNESDAY, rules=(times(200, "rule"),), offers=(offer(200, "offer"),)
    )
    rule_first = program(rules=(times(200, "rule"),), offers=(offer(200, "offer"),))

    assert earned(tier_first, sale).multiplier_name == "Silver"
    assert earned(weekday_first, sale).multiplier_name == "Wednesday"
    assert earned(rule_first, sale).multiplier_name == "Rule"


def test_multipliers_of_tier_weekday_rule_and_offer_do_not_stack() -> None:
    by = program(
        tiers=SILVER,
        weekday_multipliers=WEDNESDAY,
        rules=(times(250, "rule"),),
        offers=(offer(300, "offer"),),
    )

    assert earned(by, basket(total=1000, tier="silver")).points == 30


def test_the_weekday_is_asked_where_rules_are_there_too() -> None:
    by = program(weekday_multipliers=WEDNESDAY, rules=(times(110, "rule"),))

    assert earned(by, basket(total=1000)).points == 20
    assert earned(by, basket(total=1000, at_ms=WEDNESDAY_MS + DAY_MS)).points == 11


def test_stackable_multipliers_add_up_and_each_is_told() -> None:
    by = program(
        rules=(
            times(200, "a", stackable=True),
            times(150, "b", when=COFFEE, stackable=True),
            times(220, "c"),
        )
    )

    accrual = earned(by, basket(line(600, "coffee"), line(400)))

    assert accrual.points == 10 + 10 + 3
    assert accrual.lines == (6 + 6 + 3, 4 + 4)
    assert (accrual.multiplier_name, accrual.multiplier_percent) == ("A + B", 250)
    assert accrual.by_rule == (("a", 10), ("b", 3))
    assert texts(accrual)[1:] == ["2× A = 20", "1.5× B on 1 line = 23"]


def test_a_stack_wins_only_with_more_than_every_other() -> None:
    stack = (times(150, "a", stackable=True), times(150, "b", stackable=True))

    assert earned(program(rules=(*stack, times(200, "c"))), basket(total=1000)).by_rule == (
        ("c", 10),
    )
    assert earned(program(rules=(*stack, times(199, "c"))), basket(total=1000)).by_rule == (
        ("a", 5),
        ("b", 5),
    )


def test_of_offers_only_the_best_takes_part() -> None:
    two = program(offers=(offer(150, "small"), offer(200, "large"), offer(200, "later")))
    stack = program(
        rules=(times(130, "rule", stackable=True),),
        offers=(offer(120, "weak", stackable=True), offer(125, "strong", stackable=True)),
    )

    assert earned(two, basket(total=1000)).multiplier_name == "Large"
    assert earned(stack, basket(total=10_000)).points == 100 + 30 + 25


def test_an_offer_multiplies_for_its_segment() -> None:
    by = program(offers=(offer(200, "students", when=Conditions(segments=("students",))),))

    students = earned(by, basket(total=1000, known=MemberFacts(segments=("students",))))

    assert students.points == 20
    assert students.trace[-1].rule == "offer students"
    assert earned(by, basket(total=1000)).points == 10


def test_a_capped_multiplier_loses_to_one_that_gives_more() -> None:
    capped = times(300, "capped", caps=Caps(sale=4))

    alone = earned(program(rules=(capped,)), basket(total=1000))

    assert alone.points == 14
    assert texts(alone)[-1] == "3× Capped; at most 4 points in a sale = 14"
    assert earned(program(rules=(capped, times(150, "half"))), basket(total=1000)).points == 15


def test_excluded_lines_have_no_base_to_multiply() -> None:
    by = program(
        rules=(rule(Exclude(), named="none", when=COFFEE), times(200, "double")),
    )

    assert earned(by, basket(line(500, "coffee"), line(500))).lines == (0, 10)


def test_a_multiplier_that_excludes_payments_takes_the_part_that_it_sees() -> None:
    by = program(rules=(times(200, "double", when=Conditions(payments_excluded=("gift",))),))
    sale = basket(line(500), line(500), payments=[Payment(kind="gift", amount=300)])

    accrual = earned(by, sale)

    assert accrual.lines == (5 + 3, 5 + 3)
    assert earned(by, basket(total=1000)).points == 20


def test_a_multiplier_below_the_whole_takes_nothing_away() -> None:
    by = program(rules=(times(50, "half"),))

    accrual = earned(by, basket(total=1000))

    assert accrual.points == 10
    assert len(accrual.trace) == 1


def test_a_tier_multiplier_of_once_is_no_step() -> None:
    accrual = earned(
        program(rules=(times(200, "coffee", when=COFFEE),)), basket(line(500), line(1))
    )

    assert accrual.multiplier_percent == 100
    assert [step.rule for step in accrual.trace] == ["earn"]
