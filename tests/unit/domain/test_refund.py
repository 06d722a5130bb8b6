"""Refunds: what a line earned goes with it, what was for the sale is judged again, to the point."""

import msgspec
import pytest

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    Conditions,
    EarnBasis,
    EarnRule,
    Multiply,
    PerItem,
    PerVisit,
    Stamps,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import Payment, RefundLine, StampsGiven
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from pos_loyalty.domain.refund import (
    RefundRequest,
    Returned,
    coming_back,
    ensure_refundable,
    nothing_returned,
    refund_effect,
    returned_by,
    what_is_left,
)
from pos_loyalty.domain.refund_remains import remains
from pos_loyalty.domain.reward import RewardTaken
from tests.unit.domain.earning_cases import EURO, basket, line, program, rule
from tests.unit.domain.refund_cases import (
    event_of,
    of_amount,
    of_lines,
    recorded,
    refunded,
    taken,
    with_policy,
)

PLAIN = program()
CAKE = basket(line(1000, "cake"), line(500, "tea", quantity=2))
OFF = RewardTaken(reward=RewardId("off"), points=100, discount=300)


@pytest.mark.parametrize(("dollars", "points"), [(1, 0), (5, 0), (10, 1), (20, 2)])
def test_points_go_in_proportion_and_rounded_down_as_square_says(dollars: int, points: int) -> None:
    """One point for each $10: a sale of $20 earned 2."""
    square = program(earn=EarnRule(step_minor_units=10 * EURO, points_per_step=1))
    sale = recorded(square, basket(total=20 * EURO))

    assert taken(refunded(square, sale, of_amount(dollars * EURO))) == [points]


def test_a_balance_never_falls_below_0_where_the_program_says_so_as_square_does() -> None:
    clamped = with_policy(PLAIN, AlreadySpent.CLAMP)
    sale = recorded(clamped, basket(total=20 * EURO))

    (effect,) = refunded(clamped, sale, of_amount(20 * EURO), balance=5)

    assert (effect.earned_taken, effect.forgiven, effect.cash) == (5, 15, 20 * EURO)


def test_20_of_40_euros_take_35_of_70_points_as_open_loyalty_shows() -> None:
    seven_for_four = program(earn=EarnRule(step_minor_units=4 * EURO, points_per_step=7))
    sale = recorded(seven_for_four, basket(total=40 * EURO))

    (effect,) = refunded(seven_for_four, sale, of_amount(20 * EURO))

    assert sale.earned == 70
    assert (effect.earned_taken, effect.cash) == (35, 20 * EURO)


def test_a_line_takes_exactly_what_it_earned() -> None:
    double_cake = program(
        rules=(
            rule(Multiply(percent=200), named="cake", when=Conditions(categories=("cake",))),
            rule(PerItem(points=3), named="tea", when=Conditions(categories=("tea",))),
        )
    )
    sale = recorded(double_cake, CAKE)

    assert sale.earned == 20 + 5 + 6
    assert taken(refunded(double_cake, sale, of_lines((0, 1000)))) == [20]
    assert taken(refunded(double_cake, sale, of_lines((1, 500)))) == [11]
    assert taken(refunded(double_cake, sale, of_lines((1, 250)), of_lines((1, 250)))) == [5, 6]


def test_an_amount_alone_is_spread_over_what_is_left_of_the_lines() -> None:
    sale = recorded(PLAIN, CAKE)

    first, second = refunded(PLAIN, sale, of_lines((0, 700)), of_amount(400))

    assert first.lines == (RefundLine(line=0, amount=700),)
    assert second.lines == (RefundLine(line=0, amount=150), RefundLine(line=1, amount=250))
    assert second.after.lines == (850, 250)


def test_a_bonus_goes_with_the_basket_that_it_asked_for() -> None:
    ten_euros = Conditions(basket_min=10 * EURO)
    bonus = program(rules=(rule(Bonus(points=50), when=ten_euros),))
    sale = recorded(bonus, basket(total=15 * EURO))

    effects = refunded(bonus, sale, of_amount(5 * EURO), of_amount(1), of_amount(999))

    assert sale.earned == 65
    assert taken(effects) == [5, 50, 10]


def test_a_visit_stays_a_visit_until_everything_came_back() -> None:
    visits = program(rules=(rule(PerVisit(points=10, hours_between=4)),))
    sale = recorded(visits, basket(total=15 * EURO))

    assert taken(refunded(visits, sale, of_amount(1499), of_amount(1))) == [14, 11]


def test_the_least_that_a_sale_earns_holds_for_what_remains() -> None:
    at_least = program(sale_points_min=12)
    sale = recorded(at_least, basket(total=15 * EURO))
    unpaid = basket(
        total=15 * EURO, rewards=[RewardTaken(reward=RewardId("r"), points=1, discount=1500)]
    )

    assert taken(refunded(at_least, sale, of_amount(700), of_amount(799), of_amount(1))) == [
        3,
        0,
        12,
    ]
    assert taken(refunded(at_least, recorded(at_least, unpaid), of_amount(700))) == [0]


@pytest.mark.parametrize(
    ("facts", "back"),
    [
        (basket(line(1000), line(500, tax=500)), of_lines((0, 1000))),
        (basket(total=1000, rewards=[msgspec.structs.replace(OFF, discount=999)]), of_amount(999)),
    ],
)
def test_the_least_that_a_sale_earns_goes_where_nothing_that_earns_remains(
    facts: SaleFacts, back: RefundRequest
) -> None:
    """What is left is a line that is all tax, or was all taken off by a reward."""
    at_least = program(sale_points_min=12, earn_basis=EarnBasis.PRE_TAX)
    sale = recorded(at_least, facts)

    assert sale.earned == 12
    assert taken(refunded(at_least, sale, back)) == [12]


def test_caps_hold_as_they_stood_on_the_day_of_sale() -> None:
    capped = program(caps=Caps(day=50))
    given = MemberFacts(tally={"points@2025-11-19": 40})
    sale = recorded(capped, basket(total=30 * EURO, known=given))

    effects = refunded(capped, sale, of_amount(20 * EURO), of_amount(5 * EURO), of_amount(500))

    assert sale.earned == 10
    assert taken(effects) == [0, 5, 5]


def test_redeemed_points_come_back_by_their_share_and_cash_is_the_rest() -> None:
    sale = recorded(PLAIN, basket(total=10 * EURO, rewards=[OFF]))

    effects = refunded(PLAIN, sale, of_amount(333), of_amount(333), of_amount(334))

    assert sale.earned == 7
    assert [effect.redeemed_returned for effect in effects] == [33, 33, 34]
    assert [effect.discount_returned for effect in effects] == [99, 100, 101]
    assert [effect.cash for effect in effects] == [234, 233, 233]
    assert taken(effects) == [2, 2, 3]


def test_points_that_are_spent_become_a_debt_unless_the_program_says_otherwise() -> None:
    sale = recorded(PLAIN, basket(total=20 * EURO))

    (effect,) = refunded(PLAIN, sale, of_amount(20 * EURO), balance=5)

    assert (effect.earned_taken, effect.forgiven, effect.cash) == (20, 0, 20 * EURO)


def test_what_comes_back_is_there_to_be_taken() -> None:
    clamped = with_policy(PLAIN, AlreadySpent.CLAMP)
    sale = recorded(clamped, basket(total=200 * EURO, rewards=[OFF]))

    (effect,) = refunded(clamped, sale, of_amount(200 * EURO), balance=7)

    assert (sale.earned, effect.redeemed_returned) == (197, 100)
    assert (effect.earned_taken, effect.forgiven) == (107, 90)


def test_missing_points_are_taken_off_the_cash_rounded_up() -> None:
    off_cash = with_policy(PLAIN, AlreadySpent.TAKE_OFF_CASH, worth=50, worth_points=100)
    sale = recorded(off_cash, basket(total=20 * EURO))

    (effect,) = refunded(off_cash, sale, of_amount(20 * EURO), balance=5)

    assert (effect.earned_taken, effect.forgiven) == (5, 15)
    assert effect.cash == 20 * EURO - 8


def test_cash_never_falls_below_0() -> None:
    dear = with_policy(PLAIN, AlreadySpent.TAKE_OFF_CASH, worth=500)
    sale = recorded(dear, basket(total=20 * EURO))

    (effect,) = refunded(dear, sale, of_amount(20 * EURO), balance=-3)

    assert (effect.earned_taken, effect.forgiven, effect.cash) == (0, 20, 0)


def test_forgiven_points_are_not_taken_by_the_next_refund() -> None:
    clamped = with_policy(PLAIN, AlreadySpent.CLAMP)
    sale = recorded(clamped, basket(total=20 * EURO))

    first, second = refunded(clamped, sale, of_amount(1500), of_amount(500), balance=4)

    assert (first.earned_taken, first.forgiven) == (4, 11)
    assert (second.earned_taken, second.forgiven) == (4, 1)
    assert second.after == Returned((2000,), 20)


def test_what_is_above_the_rest_of_the_sale_is_not_counted() -> None:
    sale = recorded(PLAIN, CAKE)

    first, second, third = refunded(
        PLAIN, sale, of_lines((0, 900)), of_lines((0, 900), (1, 100), (7, 50)), of_amount(9999)
    )

    assert (first.amount, second.amount, third.amount) == (900, 200, 400)
    assert third.after == Returned((1000, 500), 15)
    assert what_is_left(sale, third.after).is_gone


def test_two_tills_that_refund_the_same_sale_take_its_points_once() -> None:
    """Each knew nothing of the other; the server counts both in its order."""
    sale = recorded(PLAIN, CAKE)
    nothing = nothing_returned(sale)
    one = refund_effect(PLAIN, sale, nothing, of_amount(1500), balance=15)
    other = refund_effect(PLAIN, sale, nothing, of_lines((0, 1000)), balance=15)

    counted = refund_effect(PLAIN, sale, one.after, event_of(sale, other), balance=0)

    assert (one.earned_taken, other.earned_taken) == (15, 10)
    assert (counted.amount, counted.earned_taken, counted.cash) == (0, 0, 0)
    assert counted.after == one.after


def test_the_state_follows_from_the_events() -> None:
    sale = recorded(PLAIN, CAKE)
    effects = refunded(PLAIN, sale, of_lines((1, 300)), of_amount(400), balance=0)
    events = [event_of(sale, effect, number) for number, effect in enumerate(effects, start=2)]

    assert returned_by(sale, events) == effects[-1].after
    assert returned_by(sale, []) == nothing_returned(sale) == Returned((0, 0))
    assert returned_by(sale, events[1:], returned_by(sale, events[:1])) == effects[-1].after


def test_what_is_left_says_what_a_sale_still_counts() -> None:
    stamped = program(rules=(rule(Stamps(card="tea", count=2)),))
    sale = recorded(stamped, basket(total=10 * EURO, rewards=[OFF]))

    (effect,) = refunded(stamped, sale, of_amount(333))
    left = what_is_left(sale, effect.after)

    assert (left.amount, left.earned, left.spend) == (667, 5, 667 - 201)
    assert (left.stamps, left.is_gone) == ({"tea": 2}, False)
    assert what_is_left(sale, nothing_returned(sale)).spend == 700


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (of_amount(0), Code.AMOUNT_ZERO),
        (of_amount(-5), Code.AMOUNT_ZERO),
        (of_amount(1501), Code.REFUND_TOO_MUCH),
        (of_lines((0, 0)), Code.AMOUNT_ZERO),
        (of_lines((0, 500), (1, -200)), Code.AMOUNT_ZERO),
        (of_lines((0, 1001)), Code.REFUND_LINE),
        (of_lines((0, 600), (0, 401)), Code.REFUND_LINE),
        (of_lines((2, 1)), Code.REFUND_LINE),
        (of_lines((-1, 1)), Code.REFUND_LINE),
    ],
)
def test_a_till_refuses_what_cannot_be_a_refund(asked: RefundRequest, code: Code) -> None:
    sale = recorded(PLAIN, CAKE)

    with pytest.raises(RuleViolation) as refusal:
        ensure_refundable(sale, nothing_returned(sale), asked)

    assert refusal.value.code is code


def test_a_till_lets_pass_what_is_left_and_refuses_a_sale_that_is_gone() -> None:
    sale = recorded(PLAIN, CAKE)
    before = nothing_returned(sale)

    for request in (of_amount(1500), of_amount(1), of_lines((0, 1000), (1, 500))):
        ensure_refundable(sale, before, request)
    ensure_refundable(sale, before, of_lines((0, 500), (1, 0)))  # the other stays
    ensure_refundable(sale, Returned((400, 0)), of_lines((0, 600)))
    with pytest.raises(RuleViolation) as refusal:
        ensure_refundable(sale, Returned((1000, 500)), of_amount(1))
    assert refusal.value.code is Code.REFUND_NOTHING
    with pytest.raises(RuleViolation) as refusal:
        ensure_refundable(sale, Returned((400, 0)), of_lines((0, 601)))
    assert refusal.value.code is Code.REFUND_LINE


def test_a_discount_line_limits_what_comes_back_of_the_others() -> None:
    facts = basket(line(1000), line(500), line(-300))
    sale = recorded(PLAIN, facts)

    first, second = refunded(PLAIN, sale, of_lines((0, 1000)), of_lines((1, 500), (2, -300)))

    assert (sale.earned, first.earned_taken, second.earned_taken) == (12, 8, 4)
    assert (first.amount, second.amount) == (1000, 200)
    assert coming_back(sale, nothing_returned(sale), of_amount(1500)) == (800, 400, 0)
    with pytest.raises(RuleViolation) as refusal:
        ensure_refundable(sale, nothing_returned(sale), of_lines((0, 1000), (1, 500)))
    assert refusal.value.code is Code.REFUND_TOO_MUCH


def test_a_line_for_nothing_keeps_its_points_until_everything_came_back() -> None:
    per_item = program(rules=(rule(PerItem(points=4)),))
    sale = recorded(per_item, basket(line(0), line(500)))

    assert taken(refunded(per_item, sale, of_amount(499), of_amount(1))) == [8, 5]


def test_lines_that_do_not_add_up_are_refunded_as_a_sale_without_lines() -> None:
    sale = recorded(PLAIN, basket(line(100), total=1500))

    first, second = refunded(PLAIN, sale, of_lines((0, 700)), of_amount(800))

    assert taken([first, second]) == [7, 8]
    assert second.after.lines == (1500,)


def test_a_sale_for_nothing_has_nothing_to_give_back_and_keeps_what_it_earned() -> None:
    given_away = program(rules=(rule(PerItem(points=4)), rule(Stamps(card="tea"), named="s")))
    sale = recorded(given_away, basket(line(0), line(0)))

    (effect,) = refunded(given_away, sale, of_amount(5))
    left = what_is_left(sale, effect.after)

    assert (effect.amount, effect.cash, effect.lines) == (0, 0, ())
    assert (effect.earned_taken, effect.stamps_taken) == (0, ())
    assert (left.earned, left.stamps, left.is_gone) == (8, {"tea": 1}, False)


def test_stamps_for_items_go_with_them_and_those_for_the_sale_with_what_they_asked() -> None:
    ten_euros = Conditions(basket_min=10 * EURO)
    stamps = program(
        rules=(
            rule(
                Stamps(card="tea", per_item=True), named="t", when=Conditions(categories=("tea",))
            ),
            rule(Stamps(card="visit", count=2), named="v", when=ten_euros),
            rule(Stamps(card="never", per_item=True), named="n", when=Conditions(skus=("none",))),
        )
    )
    sale = recorded(stamps, CAKE)
    tea, visit = StampsGiven(card="tea", count=2), StampsGiven(card="visit", count=2)

    by_line = refunded(stamps, sale, of_lines((1, 250)), of_lines((1, 250)), of_lines((0, 1000)))

    assert sale.stamps == (tea, visit)
    one_tea = (StampsGiven(card="tea", count=1),)
    assert [effect.stamps_taken for effect in by_line] == [one_tea, one_tea, (visit,)]
    assert refunded(stamps, sale, of_amount(1500))[0].stamps_taken == (tea, visit)
    assert by_line[-1].after.stamps == (tea, visit)
    assert what_is_left(sale, by_line[0].after).stamps == {"tea": 1, "visit": 2}


def test_stamps_for_the_sale_go_when_it_no_longer_holds_what_they_asked() -> None:
    ten_euros = Conditions(basket_min=10 * EURO)
    asking = program(rules=(rule(Stamps(card="visit", count=2), when=ten_euros),))
    always = program(rules=(rule(Stamps(card="visit", count=2)),))
    visit = StampsGiven(card="visit", count=2)

    of_asking = refunded(asking, recorded(asking, CAKE), of_lines((0, 1000)), of_amount(500))
    of_always = refunded(always, recorded(always, CAKE), of_lines((0, 1000)), of_amount(500))

    assert [effect.stamps_taken for effect in of_asking] == [(visit,), ()]
    assert [effect.stamps_taken for effect in of_always] == [(), (visit,)]


def test_a_line_of_the_smallest_coin_takes_its_points_with_it() -> None:
    per_item = program(rules=(rule(PerItem(points=4)),))
    sale = recorded(per_item, basket(line(1), line(500)))

    assert taken(refunded(per_item, sale, of_lines((0, 1)))) == [4]


def test_what_remains_is_the_sale_without_what_came_back() -> None:
    facts = basket(
        line(1000, "cake", quantity=3, tax=190),
        line(500, "tea", tax=95),
        line(-100),
        rewards=[OFF],
        payments=[Payment(kind="gift", amount=1500), Payment(kind="cash", amount=-100)],
    )

    rest = remains(facts, (350, 500, 0))

    assert (rest.total, rest.tax) == (550, 124)
    assert [(entry.amount, entry.quantity, entry.tax) for entry in rest.lines] == [
        (650, 2, 124),
        (-100, 1, 0),
    ]
    assert [reward.discount for reward in rest.rewards] == [300 - 182]
    assert [payment.amount for payment in rest.payments] == [1500 - 910, -100 + 60]


def test_a_sale_without_lines_remains_one() -> None:
    rest = remains(basket(total=1000, tax=190), (250,))

    assert (rest.total, rest.tax, rest.lines) == (750, 143, ())


@pytest.mark.parametrize("facts", [basket(total=1000, tax=200), basket(line(1000, tax=200))])
def test_the_money_that_earned_is_what_goes(facts: SaleFacts) -> None:
    pre_tax: LoyaltyProgram = program(earn_basis=EarnBasis.PRE_TAX)
    sale = recorded(pre_tax, facts)

    assert sale.earned == 8
    assert taken(refunded(pre_tax, sale, of_amount(500), of_amount(500))) == [4, 4]
