"""Every division has a name, and a direction."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import Rounding
from pos_loyalty.domain.rounding import part_of, spread, steps_rounded


@pytest.mark.parametrize(
    ("amount", "floor", "half_up", "ceil"),
    [(0, 0, 0, 0), (1, 0, 0, 1), (49, 0, 0, 1), (50, 0, 1, 1), (100, 1, 1, 1), (149, 1, 1, 2)],
)
def test_a_part_filled_step_counts_as_the_program_says(
    amount: int, floor: int, half_up: int, ceil: int
) -> None:
    assert steps_rounded(amount, 100, Rounding.FLOOR) == floor
    assert steps_rounded(amount, 100, Rounding.HALF_UP) == half_up
    assert steps_rounded(amount, 100, Rounding.CEIL) == ceil


def test_half_of_an_odd_step_is_rounded_up_from_more_than_half() -> None:
    assert steps_rounded(1, 3, Rounding.HALF_UP) == 0
    assert steps_rounded(2, 3, Rounding.HALF_UP) == 1


def test_what_is_left_goes_to_the_largest_remainders_the_first_of_equals_first() -> None:
    assert spread(10, [1, 1, 1]) == [4, 3, 3]
    assert spread(11, [1, 1, 1]) == [4, 4, 3]
    assert spread(5, [10, 30, 60]) == [1, 1, 3]
    assert spread(1, [1, 2, 2]) == [0, 1, 0]


def test_nothing_is_spread_over_nothing() -> None:
    assert spread(7, [0, 0]) == [0, 0]
    assert spread(7, []) == []
    assert spread(0, [3, 4]) == [0, 0]


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), min_size=1, max_size=20))
def test_a_spread_amount_is_whole_again_and_no_part_is_more_than_one_off(
    amount: int, parts: list[int]
) -> None:
    shares = spread(amount, parts)

    whole = sum(parts)
    assert sum(shares) == (amount if whole else 0)
    for share, part in zip(shares, parts, strict=True):
        assert whole == 0 or abs(share * whole - amount * part) < whole
        assert part > 0 or share == 0


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20), st.data())
def test_no_part_gives_more_than_it_has(parts: list[int], data: st.DataObject) -> None:
    amount = data.draw(st.integers(0, sum(parts)))

    assert all(share <= part for share, part in zip(spread(amount, parts), parts, strict=True))


def test_a_part_is_rounded_down_and_of_nothing_it_is_nothing() -> None:
    assert part_of(10, 2, 3) == 6
    assert part_of(10, 0, 0) == 0
