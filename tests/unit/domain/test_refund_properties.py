"""Any way of dividing a sale into refunds ends at the state before the sale, exactly.

Under every program that can be drawn. A long run: POS_EXAMPLES=100000 (docs/testing.md).
"""

from collections.abc import Sequence

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.accrual import SaleFacts, facts_of
from pos_loyalty.domain.event import RefundLine, SaleRecorded
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram
from pos_loyalty.domain.refund import (
    RefundEffect,
    RefundRequest,
    move_effect,
    nothing_returned,
    refund_effect,
    returned_by,
    what_is_left,
)
from pos_loyalty.domain.refund_remains import earned_now, remains
from pos_loyalty.domain.sale_facts import lines_of
from tests.unit.domain.earning_strategies import programs_with_sales
from tests.unit.domain.refund_cases import MUCH, event_of, recorded, refunded, with_policy

PARTS = st.lists(
    st.builds(
        RefundRequest,
        amount=st.integers(0, 3000),
        lines=st.lists(
            st.builds(RefundLine, line=st.integers(0, 5), amount=st.integers(0, 1500)), max_size=3
        ).map(tuple),
    ),
    max_size=5,
)
POLICIES = st.sampled_from(AlreadySpent)
THE_REST = RefundRequest(amount=10**12)


def sale_of(drawn: tuple[LoyaltyProgram, SaleFacts]) -> tuple[LoyaltyProgram, SaleRecorded]:
    """Return a program and a sale as a till records it by it."""
    by, facts = drawn
    return by, recorded(by, facts)


def sum_of(effects: Sequence[RefundEffect], name: str) -> int:
    """Return a figure of all refunds together."""
    return sum(getattr(effect, name) for effect in effects)


def stamps_taken(effects: Sequence[RefundEffect]) -> dict[str, int]:
    """Return the stamps that all refunds together took."""
    cards: dict[str, int] = {}
    for effect in effects:
        for entry in effect.stamps_taken:
            cards[entry.card] = cards.get(entry.card, 0) + entry.count
    return cards


@given(programs_with_sales(), PARTS)
def test_any_partition_of_a_sale_ends_at_the_state_before_it(
    drawn: tuple[LoyaltyProgram, SaleFacts], parts: list[RefundRequest]
) -> None:
    by, sale = sale_of(drawn)

    effects = refunded(by, sale, *parts, THE_REST)

    discount = sum(reward.discount for reward in sale.rewards)
    assert sum_of(effects, "amount") == sale.sale.total
    assert sum_of(effects, "earned_taken") == sale.earned
    assert sum_of(effects, "redeemed_returned") == sale.redeemed
    assert sum_of(effects, "discount_returned") == discount
    assert sum_of(effects, "cash") == sale.sale.total - discount
    assert stamps_taken(effects) == {entry.card: entry.count for entry in sale.stamps}
    left = what_is_left(sale, effects[-1].after)
    assert (left.amount, left.earned, left.spend, left.stamps) == (0, 0, 0, {})


@given(programs_with_sales(), PARTS)
def test_no_refund_takes_or_gives_less_than_nothing(
    drawn: tuple[LoyaltyProgram, SaleFacts], parts: list[RefundRequest]
) -> None:
    by, sale = sale_of(drawn)
    lines = lines_of(facts_of(sale))

    for effect in refunded(by, sale, *parts):
        figures = msgspec.structs.astuple(effect)[1:]
        assert all(figure >= 0 for figure in figures if isinstance(figure, int))
        assert all(entry.count > 0 for entry in effect.stamps_taken)
        assert sum(line.amount for line in effect.lines) == effect.amount
        assert all(
            0 <= back <= max(0, line.amount)
            for back, line in zip(effect.after.lines, lines, strict=True)
        )
        assert effect.after.amount <= sale.sale.total


@given(programs_with_sales(), PARTS)
def test_what_was_taken_is_what_the_sale_earns_no_more(
    drawn: tuple[LoyaltyProgram, SaleFacts], parts: list[RefundRequest]
) -> None:
    by, sale = sale_of(drawn)

    most = 0
    for effect in refunded(by, sale, *parts):
        now = earned_now(by, facts_of(sale), effect.after.lines)
        most = max(most, sale.earned - min(now, sale.earned))
        assert effect.after.earned == most


@given(programs_with_sales(), PARTS, st.integers(-50, 100), POLICIES)
def test_whatever_was_spent_all_points_are_taken_or_forgiven(
    drawn: tuple[LoyaltyProgram, SaleFacts],
    parts: list[RefundRequest],
    balance: int,
    policy: AlreadySpent,
) -> None:
    by, sale = sale_of((with_policy(drawn[0], policy, worth=3, worth_points=2), drawn[1]))

    effects: list[RefundEffect] = []
    state, had = nothing_returned(sale), balance
    for part in (*parts, THE_REST):
        effect = refund_effect(by, sale, state, part, balance=had)
        after = had + effect.redeemed_returned - effect.earned_taken
        assert policy is AlreadySpent.ALLOW_NEGATIVE or after >= min(0, had)
        assert effect.cash <= effect.amount - effect.discount_returned
        effects, state, had = [*effects, effect], effect.after, after

    assert sum_of(effects, "earned_taken") + sum_of(effects, "forgiven") == sale.earned
    if policy is AlreadySpent.ALLOW_NEGATIVE:
        assert had == balance + sale.redeemed - sale.earned


@given(programs_with_sales(), PARTS, st.booleans())
def test_the_events_of_refunds_say_the_state_whoever_reads_them(
    drawn: tuple[LoyaltyProgram, SaleFacts],
    parts: list[RefundRequest],
    poor: bool,  # noqa: FBT001 - drawn
) -> None:
    by, sale = sale_of((with_policy(drawn[0], AlreadySpent.CLAMP), drawn[1]))

    effects = refunded(by, sale, *parts, balance=0 if poor else MUCH)
    events = [event_of(sale, effect, number) for number, effect in enumerate(effects, start=2)]

    assert returned_by(sale, events) == (effects[-1].after if effects else nothing_returned(sale))


@given(programs_with_sales(), st.data())
def test_the_order_of_refunds_of_lines_does_not_matter_in_the_end(
    drawn: tuple[LoyaltyProgram, SaleFacts], data: st.DataObject
) -> None:
    by, sale = sale_of(drawn)
    lines = lines_of(facts_of(sale))
    parts = [
        RefundRequest(lines=(RefundLine(line=at, amount=data.draw(st.integers(0, line.amount))),))
        for at, line in enumerate(lines)
        if line.amount > 0
    ]
    other = data.draw(st.permutations(parts))

    one = refunded(by, sale, *parts)
    two = refunded(by, sale, *other)

    assert sum_of(one, "amount") == sum_of(two, "amount")
    if all(line.amount >= 0 for line in lines):
        assert one[-1].after.lines == two[-1].after.lines
        assert sum_of(one, "redeemed_returned") == sum_of(two, "redeemed_returned")
        assert sum_of(one, "cash") == sum_of(two, "cash")


@given(programs_with_sales(), PARTS)
def test_a_moved_sale_leaves_nothing_with_the_one_and_ends_at_nothing_with_the_other(
    drawn: tuple[LoyaltyProgram, SaleFacts], parts: list[RefundRequest]
) -> None:
    by, facts = drawn
    sale = recorded(by, msgspec.structs.replace(facts, rewards=()))
    to_facts = msgspec.structs.replace(facts_of(sale), tier="gold")

    effects = refunded(by, sale, *parts)
    state = effects[-1].after if effects else nothing_returned(sale)
    taken, given_points = move_effect(by, sale, state, to_facts)
    after = msgspec.structs.replace(sale, tier="gold", earned=given_points + state.earned)
    rest = refund_effect(by, after, state, THE_REST, balance=MUCH)

    assert sum_of(effects, "earned_taken") + taken == sale.earned
    assert rest.earned_taken == given_points


@given(programs_with_sales(), st.integers(0, 5000))
def test_what_remains_adds_up(drawn: tuple[LoyaltyProgram, SaleFacts], amount: int) -> None:
    by, sale = sale_of(drawn)
    (effect,) = refunded(by, sale, RefundRequest(amount=amount))

    rest = remains(facts_of(sale), effect.after.lines)

    assert rest.total == sale.sale.total - effect.amount
    if rest.lines:
        assert sum(line.amount for line in rest.lines) == rest.total
        assert rest.tax == sum(line.tax for line in rest.lines)
    assert sum(reward.discount for reward in rest.rewards) >= 0
