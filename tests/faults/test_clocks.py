"""Clocks jump; the journal's order does not."""

import random
from pathlib import Path

import pytest

from pos_loyalty.services.history import ReadHistory
from pos_loyalty.services.last_sales import ReadLastSales
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.sample_till import SampleTill, enroll, sell

_HOUR = 3_600_000
_YEAR = 365 * 24 * _HOUR


@pytest.mark.parametrize("jump", [-_HOUR, -_YEAR, None], ids=["an hour", "a year", "to 1970"])
def test_F13_clock_that_jumps_back_changes_no_order(jump: int | None, tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        _sell_over_a_jump(sample, till, 0 if jump is None else sample.clock.time_ms + jump)

    assert sample.finding() is None


def test_F14_clock_ten_years_ahead_changes_no_order(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    with sample.open() as till:
        _sell_over_a_jump(sample, till, sample.clock.time_ms + 10 * _YEAR)

    assert sample.finding() is None


def test_F13_a_clock_at_random_changes_no_order(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "data")
    chance = random.Random(13)
    with sample.open() as till:
        member = enroll(till)
        sales: list[str] = []
        for _ in range(20):
            sample.clock.time_ms = chance.randrange(4 * 10**12)
            sales.append(sell(till, member, 500).sale_id)
        newest = [sale.sale_id for sale in till.last_sales(ReadLastSales(limit=20))]

    assert newest == sales[::-1]
    assert sample.finding() is None


def _sell_over_a_jump(sample: SampleTill, till: Till, then_ms: int) -> None:
    member = enroll(till)
    first = sell(till, member, 1000)
    sample.clock.time_ms = then_ms
    second = sell(till, member, 2000)
    newest = till.last_sales(ReadLastSales(limit=2))
    history = till.history(ReadHistory(member))
    undone = till.undo_sale(UndoSale())

    assert [sale.sale_id for sale in newest] == [second.sale_id, first.sale_id]
    assert [line.sale_id for line in history][-2:] == [first.sale_id, second.sale_id]
    assert history[-1].balance_points == second.balance_points
    assert undone.sale_id == second.sale_id
    assert undone.balance_points == first.balance_points
