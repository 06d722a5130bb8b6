"""What holds of every sale under every program."""

from itertools import permutations
from random import Random

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.accrual import SaleFacts, earn, facts_of
from pos_loyalty.domain.earning_cap import ceiling_of
from pos_loyalty.domain.earning_rule import Caps, Conditions, Multiply, Rate
from pos_loyalty.domain.event import Basket, SaleRecorded, decode_event, encode_event
from pos_loyalty.domain.ids import TierId
from pos_loyalty.domain.member_known import known_for
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.tally import needed_by, periods_at, plus, tally_of
from tests.builders import AYSE, STANDARD, event_id
from tests.unit.domain.earning_cases import basket, earned, line, program, rule
from tests.unit.domain.earning_strategies import (
    TIERS,
    caps,
    conditions,
    programs,
    programs_with_sales,
    sales,
    whole_sales,
)

Case = tuple[LoyaltyProgram, SaleFacts]


def recorded(by: LoyaltyProgram, facts: SaleFacts, number: int = 1) -> SaleRecorded:
    """Return the event that a till writes for a sale."""
    accrual = earn(by, facts)
    return SaleRecorded(
        v=1,
        id=event_id(number),
        at_ms=facts.at_ms,
        boot_ms=1,
        tz_minutes=facts.offset_minutes,
        program=by.version,
        member=AYSE,
        tier=TierId(facts.tier),
        sale=Basket(
            total=facts.total,
            currency=by.currency,
            lines=tuple(facts.lines),
            payments=tuple(facts.payments),
            tax=facts.tax,
        ),
        rewards=tuple(facts.rewards),
        earned=accrual.points,
        stamps=accrual.stamps,
        known=facts.known,
    )


@given(programs_with_sales())
def test_points_are_never_negative_and_the_words_come_to_them(case: Case) -> None:
    by, facts = case

    accrual = earned(by, facts)

    assert all(points >= 0 for points in accrual.lines)
    assert all(given > 0 for _, given in accrual.by_rule)
    assert all(entry.count > 0 for entry in accrual.stamps)
    assert all(step.text for step in accrual.trace)


@given(programs_with_sales())
def test_without_caps_of_the_program_lines_and_sale_are_the_points(case: Case) -> None:
    by, facts = case
    open_ended = msgspec.structs.replace(by, caps=Caps())

    accrual = earned(open_ended, facts)

    assert sum(accrual.lines) + accrual.sale_points == accrual.points


@given(programs_with_sales())
def test_no_cap_is_ever_exceeded(case: Case) -> None:
    by, facts = case
    periods = periods_at(facts.at_ms, facts.offset_minutes)

    accrual = earned(by, facts)

    limits = {entry.id: entry.caps for entry in by.rules}
    for rule_id, given_points in accrual.by_rule:
        ceiling = ceiling_of(
            limits.get(rule_id, Caps()),
            f"rule:{rule_id}",
            tally=facts.known.tally,
            periods=periods,
        )
        assert ceiling is None or given_points <= ceiling.left
    whole = ceiling_of(by.caps, "points", tally=facts.known.tally, periods=periods)
    assert whole is None or accrual.points <= whole.left


@given(programs_with_sales())
def test_a_sale_read_back_from_its_bytes_earns_the_same_in_the_same_words(case: Case) -> None:
    by, facts = case
    event = recorded(by, facts)

    read = decode_event(encode_event(event))

    assert isinstance(read, SaleRecorded)
    again = msgspec.structs.replace(by)  # an equal program, not the one that was asked before
    assert earn(again, facts_of(read)) == earn(by, facts)
    assert tally_of(again, read) == tally_of(by, event)


@given(
    whole_sales(),
    st.lists(st.tuples(conditions(), st.integers(100, 400)), max_size=3),
    st.randoms(use_true_random=False),
)
def test_the_order_of_lines_changes_nothing_where_no_rounding_lies_between(
    facts: SaleFacts, multipliers: list[tuple[Conditions, int]], dice: Random
) -> None:
    by = program(
        tiers=TIERS,
        rules=(
            rule(Rate(step=100, points=2), named="tea", when=Conditions(categories=("tea",))),
            *(
                rule(Multiply(percent=percent), named=f"m{at}", when=when)
                for at, (when, percent) in enumerate(multipliers)
            ),
        ),
    )
    shuffled = list(facts.lines)
    dice.shuffle(shuffled)

    other = earned(by, msgspec.structs.replace(facts, lines=tuple(shuffled)))

    assert other.points == earned(by, facts).points


@given(
    st.lists(st.tuples(conditions(), st.integers(100, 400), caps), min_size=2, max_size=3),
    st.data(),
)
def test_what_stacks_stacks_in_any_order(
    multipliers: list[tuple[Conditions, int, Caps]], data: st.DataObject
) -> None:
    rules = [
        rule(Multiply(percent=percent, stackable=True), named=f"m{at}", when=when, caps=limits)
        for at, (when, percent, limits) in enumerate(multipliers)
    ]
    by = program(rules=tuple(rules), tiers=TIERS)
    facts = data.draw(sales(by))
    points = {
        earned(msgspec.structs.replace(by, rules=tuple(order)), facts).points
        for order in permutations(rules)
    }

    assert len(points) == 1


@given(programs(), st.data())
def test_sale_after_sale_a_member_never_gets_more_than_the_caps(
    by: LoyaltyProgram, data: st.DataObject
) -> None:
    asked = msgspec.structs.replace(by, sale_points_min=0)
    tally: dict[str, int] = {}
    visit_ms = 0
    for number in range(data.draw(st.integers(1, 4))):
        facts = data.draw(sales(asked))
        stored = known_for(
            asked,
            sheet_tally=tally,
            segments=("students",),
            birthday="11-20",
            last_visit_ms=visit_ms,
            shop="north",
            at_ms=facts.at_ms,
            tz_minutes=facts.offset_minutes,
        )
        event = recorded(asked, msgspec.structs.replace(facts, known=stored), number)
        tally, visit_ms = plus(tally, tally_of(asked, event)), facts.at_ms

    for name, limits in [("points", by.caps), *((f"rule:{r.id}", r.caps) for r in by.rules)]:
        allowed = {10: limits.day, 8: limits.week, 7: limits.month, 0: limits.member}
        for key, count in tally.items():
            counted, _, period = key.partition("@")
            limit = allowed[len(period)]
            assert counted != name or limit is None or count <= limit
    assert set(needed_by(asked)) >= {key.partition("@")[0] for key in tally if "@" not in key}


@given(st.integers(0, 10**7), st.integers(0, 10**7), st.sampled_from(["", "silver", "gold"]))
def test_a_plain_program_computes_the_same_with_and_without_lines(
    first: int, second: int, tier: str
) -> None:
    lines = earned(STANDARD, basket(line(first), line(second), tier=tier))
    alone = earned(STANDARD, basket(total=first + second, tier=tier))

    assert (lines.points, lines.trace) == (alone.points, alone.trace)
    assert (lines.multiplier_name, lines.multiplier_percent) == (
        alone.multiplier_name,
        alone.multiplier_percent,
    )
    assert sum(lines.lines) == sum(alone.lines)
