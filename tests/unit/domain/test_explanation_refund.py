"""Why a refund took points and what a move gave, computed from what was before them."""

import msgspec
import pytest

from pos_loyalty.domain.event import (
    SaleRefunded,
)
from pos_loyalty.domain.explanation import explain
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.program import AlreadySpent
from pos_loyalty.domain.reward import RewardTaken
from tests.builders import (
    STANDARD,
    event_id,
)
from tests.unit.domain.explained_cases import CAKE, COFFEE, RULED, Books, facts, head, moved, texts
from tests.unit.domain.refund_cases import (
    event_of,
    of_amount,
    of_lines,
    recorded,
    refunded,
    with_policy,
)


def test_refunds_are_explained_one_after_the_other() -> None:
    event = recorded(RULED, facts(lines=(COFFEE, CAKE)))
    effects = refunded(RULED, event, of_lines((0, 300)), of_lines((1, 1400)))
    first, second = (event_of(event, effect, n) for n, effect in enumerate(effects, start=2))
    books = Books(event, first, second, programs=(RULED,))

    one, two = explain(first, books), explain(second, books)

    assert one.agrees is True
    assert two.agrees is True
    assert "line 1: EUR 3.00 of EUR 6.00 comes back" in texts(one)
    left = event.earned - first.earned_taken
    assert any(
        text.startswith("EUR 3.00 came back before") and f"{left} points left" in text
        for text in texts(two)
    )
    assert any(text.startswith("the EUR 3.00 that are left earn") for text in texts(two))
    still = [step.points for step in two.steps if step.rule == "refund"]
    assert still == [event.earned - first.earned_taken - second.earned_taken]
    assert two.computed == two.stored == -second.earned_taken
    wrong = msgspec.structs.replace(second, earned_taken=second.earned_taken + 1)
    assert explain(wrong, Books(event, first, wrong, programs=(RULED,))).agrees is False


def test_what_a_refund_gives_back_and_hands_out_is_said() -> None:
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    event = recorded(STANDARD, msgspec.structs.replace(facts(2000), rewards=(taken,)))
    (effect,) = refunded(STANDARD, event, of_amount(1000))

    found = explain(event_of(event, effect), Books(event))

    assert found.what == (
        "Refund of EUR 10.00 of the sale of 2025-11-19 12:00: 8 points taken back,"
        " 300 points of its rewards given back."
    )
    assert texts(found)[-3:] == [
        "300 of 600 points used: EUR 10.00 of the sale came back so far",
        "EUR 1.50 of it had been taken off",
        "EUR 8.50 were handed back",
    ]
    assert [(step.rule, step.points) for step in found.steps] == [
        ("sale", 17),
        ("refund", 9),
        ("rewards", 300),
        ("discount", 0),
        ("cash", 0),
    ]
    assert [step.change for step in found.steps] == [0, -8, 300, 0, 0]
    assert found.stamps == ()


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (AlreadySpent.CLAMP, "are forgiven, as the program says"),
        (AlreadySpent.TAKE_OFF_CASH, "their worth was taken off the cash"),
    ],
)
def test_points_that_were_spent_are_explained(policy: AlreadySpent, words: str) -> None:
    program = with_policy(STANDARD, policy, worth=1)
    event = recorded(program, facts())
    (effect,) = refunded(program, event, of_amount(2000), balance=5)

    found = explain(event_of(event, effect), Books(event, programs=(program,)))

    assert found.agrees is True
    assert any("15 points of them were spent already" in text for text in texts(found))
    assert any(words in text for text in texts(found))


def test_stamps_that_go_with_a_refund_are_said() -> None:
    event = recorded(RULED, facts())
    (effect,) = refunded(RULED, event, of_amount(2000))

    found = explain(event_of(event, effect), Books(event, programs=(RULED,)))

    assert found.stamps == effect.stamps_taken
    assert "1 stamp taken back" in texts(found)


def test_a_claim_is_computed_though_it_states_no_points() -> None:
    event = recorded(STANDARD, facts())
    (effect,) = refunded(STANDARD, event, of_amount(500))
    claim = msgspec.structs.replace(event_of(event, effect), claim=True, earned_taken=0)
    (_, later_effect) = refunded(STANDARD, event, of_amount(500), of_amount(500))
    later = event_of(event, later_effect, 3)
    books = Books(event, claim, later)

    found = explain(claim, books)

    assert (found.computed, found.agrees) == (-5, None)
    assert "5 points taken back" in found.what
    assert explain(later, books).agrees is True


def test_a_refund_of_an_unknown_sale_says_so() -> None:
    event = recorded(STANDARD, facts())
    (effect,) = refunded(STANDARD, event, of_amount(500))

    found = explain(event_of(event, effect), Books())

    assert found.agrees is None
    assert found.stored == -5
    assert "whose facts are not here" in found.what
    no_rules = explain(event_of(event, effect), Books(event, programs=()))
    assert no_rules.what == found.what


def test_a_moved_sale_is_computed_with_the_new_members_facts() -> None:
    event = recorded(STANDARD, facts())
    move = moved(event)
    refund = head(
        SaleRefunded, id=event_id(78), sale_id=event.id, amount=2000, earned_taken=30, cash=2000
    )
    books = Books(event, move, refund)

    found = explain(move, books)

    assert (found.stored, found.computed, found.agrees) == (30, 30, True)
    assert [step.points for step in found.steps] == [20, -20, 30]
    assert [step.change for step in found.steps] == [0, -20, 30]
    assert texts(found)[0] == "the sale still had 20 points, of the member"
    assert explain(move, Books(event, programs=())).agrees is None
    assert "EUR 20.00" in found.what
    assert explain(refund, books).agrees is True
    assert explain(moved(event, earned_given=31), books).agrees is False
    assert explain(moved(event, earned_taken=2), books).agrees is False
    card = moved(event, from_member=None, earned_taken=0)
    assert explain(card, books).agrees is True
    assert texts(explain(card, books))[0] == "the sale still had 20 points, of nobody"
    assert explain(move, Books()).agrees is None
