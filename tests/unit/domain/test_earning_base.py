"""Which money earns, at which rate, and how the points are spread over the lines."""

import pytest

from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarnBasis,
    EarnRule,
    Exclude,
    Rate,
    Rounding,
    RoundingScope,
)
from pos_loyalty.domain.event import Payment
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.reward import RewardTaken
from tests.unit.domain.earning_cases import basket, earned, line, program, rule, texts

COFFEE_DOUBLE = rule(
    Rate(step=100, points=2), when=Conditions(categories=("coffee",)), named="coffee"
)
NO_TOBACCO = rule(Exclude(), when=Conditions(categories=("tobacco",)), named="tobacco")
THREE_OFF = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)


def test_square_105_dollars_at_1_point_for_10_dollars_are_10_points() -> None:
    square = program(earn=EarnRule(step_minor_units=1000, points_per_step=1), currency="USD")

    accrual = earned(square, basket(total=10_500))

    assert accrual.points == 10
    assert texts(accrual) == ["USD 105.00 at 1 point for each USD 10.00, rounded down = 10"]


@pytest.mark.parametrize(
    ("rounding", "points"), [(Rounding.FLOOR, 3), (Rounding.HALF_UP, 4), (Rounding.CEIL, 4)]
)
def test_the_basket_is_rounded_once(rounding: Rounding, points: int) -> None:
    accrual = earned(program(rounding=rounding), basket(line(150), line(150), line(50)))

    assert accrual.points == points
    assert sum(accrual.lines) == points


@pytest.mark.parametrize(
    ("rounding", "lines"),
    [(Rounding.FLOOR, (1, 1, 0)), (Rounding.HALF_UP, (2, 2, 1)), (Rounding.CEIL, (2, 2, 1))],
)
def test_each_line_is_rounded_alone_where_the_program_says_so(
    rounding: Rounding, lines: tuple[int, ...]
) -> None:
    by_line = program(rounding=rounding, rounding_scope=RoundingScope.LINE)

    assert earned(by_line, basket(line(150), line(150), line(50))).lines == lines


def test_a_step_can_give_several_points() -> None:
    triple = EarnRule(step_minor_units=200, points_per_step=3)

    for scope in RoundingScope:
        assert earned(program(earn=triple, rounding_scope=scope), basket(total=999)).points == 12
        assert earned(program(earn=triple, rounding_scope=scope), basket(line(999))).points == 12


def test_the_words_say_how_it_is_rounded() -> None:
    by_line = program(rounding=Rounding.CEIL, rounding_scope=RoundingScope.LINE)
    nearest = program(rounding=Rounding.HALF_UP)

    assert texts(earned(by_line, basket(total=101))) == [
        "EUR 1.01 at 1 point for each EUR 1.00, rounded up, line by line = 2"
    ]
    assert texts(earned(nearest, basket(total=101))) == [
        "EUR 1.01 at 1 point for each EUR 1.00, half a step counts as one = 1"
    ]


def test_base_points_are_spread_over_the_lines_by_their_money() -> None:
    assert earned(program(), basket(line(199), line(199), line(199))).lines == (2, 2, 1)
    assert earned(program(), basket(line(50), line(450))).lines == (1, 4)


def test_a_sale_without_lines_is_one_line() -> None:
    assert earned(program(), basket(total=1250)).lines == (12,)
    assert earned(program(rules=(COFFEE_DOUBLE,)), basket(total=1250)).lines == (12,)


def test_a_rate_takes_its_lines_and_the_rest_earns_by_the_program() -> None:
    accrual = earned(
        program(rules=(COFFEE_DOUBLE,)), basket(line(350, "coffee"), line(999, "bread"))
    )

    assert accrual.lines == (6, 9)
    assert accrual.by_rule == (("coffee", 6),)
    assert texts(accrual) == [
        "Coffee: EUR 3.50 at 2 points for each EUR 1.00, rounded down = 6",
        "EUR 9.99 at 1 point for each EUR 1.00, rounded down = 15",
    ]


def test_a_line_belongs_to_the_first_rule_that_chooses_it() -> None:
    triple = rule(Rate(step=100, points=3), when=Conditions(skus=("espresso",)), named="espresso")
    sale = basket(line(300, "coffee", sku="espresso"), line(300, "coffee"))

    assert earned(program(rules=(COFFEE_DOUBLE, triple)), sale).lines == (6, 6)
    assert earned(program(rules=(triple, COFFEE_DOUBLE)), sale).lines == (9, 6)


def test_an_excluded_line_earns_by_no_rate() -> None:
    everything = rule(Rate(step=100, points=5), named="all")
    by = program(rules=(NO_TOBACCO, everything))

    accrual = earned(by, basket(line(700, "tobacco"), line(300)))

    assert accrual.lines == (0, 15)
    assert texts(accrual)[0] == "Tobacco: EUR 7.00 earns nothing = 0"


def test_a_sale_of_excluded_lines_alone_earns_nothing_and_says_so() -> None:
    accrual = earned(program(rules=(NO_TOBACCO,)), basket(line(700, "tobacco")))

    assert accrual.points == 0
    assert texts(accrual) == ["Tobacco: EUR 7.00 earns nothing = 0"]


def test_a_rate_stops_at_its_cap_and_the_lines_share_what_is_left() -> None:
    capped = rule(Rate(step=100, points=2), caps=Caps(sale=10), named="coffee")

    accrual = earned(program(rules=(capped,)), basket(line(300), line(600)))

    assert accrual.lines == (3, 7)
    assert texts(accrual) == [
        (
            "Coffee: EUR 9.00 at 2 points for each EUR 1.00, rounded down;"
            " at most 10 points in a sale = 10"
        ),
    ]


def test_a_capped_rate_rounded_by_line_is_spread_by_what_each_line_would_get() -> None:
    capped = rule(Rate(step=100, points=1), caps=Caps(sale=2), named="coffee")
    by = program(rules=(capped,), rounding_scope=RoundingScope.LINE)

    assert earned(by, basket(line(199), line(100), line(99))).lines == (1, 1, 0)
    assert earned(by, basket(line(99), line(100), line(300))).lines == (0, 1, 1)


def test_what_rewards_paid_is_spread_over_the_lines_and_does_not_earn() -> None:
    sale = basket(line(400, "coffee"), line(800), rewards=[THREE_OFF])

    accrual = earned(program(rules=(COFFEE_DOUBLE,)), sale)

    assert accrual.lines == (6, 6)
    assert texts(accrual)[0] == "EUR 3.00 of EUR 12.00 paid with rewards, which earns nothing = 0"


def test_what_rewards_paid_earns_where_the_program_says_so() -> None:
    sale = basket(total=1200, rewards=[THREE_OFF])

    assert earned(program(paid_with_points_earns=True), sale).points == 12
    assert earned(program(), sale).points == 9


def test_payments_of_excluded_kinds_do_not_earn() -> None:
    by = program(payments_excluded=("gift_card", "voucher"))
    sale = basket(
        total=1000,
        payments=[Payment(kind="gift_card", amount=350), Payment(kind="cash", amount=650)],
    )

    accrual = earned(by, sale)

    assert accrual.points == 6
    assert texts(accrual)[0] == "EUR 3.50 paid by gift_card, which earns nothing = 0"


def test_change_is_taken_off_the_payment_it_was_given_in() -> None:
    by = program(payments_excluded=("cash",))
    change = [Payment(kind="cash", amount=2000), Payment(kind="cash", amount=-1500)]

    assert earned(by, basket(total=1000, payments=change)).points == 5
    assert earned(by, basket(total=1000, payments=change[1:])).points == 10


def test_rewards_and_excluded_payments_together_take_at_most_the_sale() -> None:
    by = program(payments_excluded=("gift_card",))
    sale = basket(total=1000, payments=[Payment(kind="gift_card", amount=900)], rewards=[THREE_OFF])

    assert earned(by, sale).points == 0


def test_tax_does_not_earn_where_the_basis_is_before_tax() -> None:
    by = program(earn_basis=EarnBasis.PRE_TAX)

    with_lines = earned(by, basket(line(1190, tax=190), line(107, tax=7), tax=999))

    assert with_lines.lines == (10, 1)
    assert texts(with_lines)[0] == "EUR 1.97 of tax earns nothing = 0"
    assert earned(by, basket(total=1190, tax=191)).points == 9
    assert earned(program(), basket(total=1190, tax=190)).points == 11


def test_a_line_below_0_takes_its_money_off_the_others() -> None:
    accrual = earned(program(), basket(line(1000), line(500), line(-300)))

    assert accrual.lines == (8, 4, 0)
    assert accrual.points == 12
    assert texts(accrual)[0] == "EUR 3.00 taken off by lines = 0"


def test_lines_that_do_not_add_up_count_as_none() -> None:
    by = program(rules=(COFFEE_DOUBLE,))

    assert earned(by, basket(line(400, "coffee"), total=1000)).lines == (10,)


def test_a_rate_that_excludes_payments_sees_less_money_on_its_lines() -> None:
    double = rule(
        Rate(step=100, points=2), when=Conditions(payments_excluded=("gift_card",)), named="double"
    )
    sale = basket(line(600), line(400), payments=[Payment(kind="gift_card", amount=500)])

    assert earned(program(rules=(double,)), sale).lines == (6, 4)


def test_a_kind_that_the_program_excludes_is_not_taken_off_twice() -> None:
    double = rule(
        Rate(step=100, points=2), when=Conditions(payments_excluded=("gift_card",)), named="double"
    )
    by = program(rules=(double,), payments_excluded=("gift_card",))
    sale = basket(total=1000, payments=[Payment(kind="gift_card", amount=400)])

    assert earned(by, sale).points == 12


def test_a_rate_cap_counts_what_the_rule_gave_before() -> None:
    capped = rule(Rate(step=100, points=1), caps=Caps(day=10), named="coffee")
    known = MemberFacts(tally={"rule:coffee@2025-11-19": 8, "rule:coffee@2025-11-18": 99})

    assert earned(program(rules=(capped,)), basket(total=500, known=known)).points == 2


def test_a_yen_has_no_minor_units_in_the_words() -> None:
    by = program(currency="JPY")

    assert texts(earned(by, basket(total=250)))[0].startswith("JPY 250 at 1 point for each JPY 100")
