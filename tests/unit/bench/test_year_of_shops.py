"""The year's shops follow the product's rules: what is parked, asked for, or risked."""

import pytest

from pos_loyalty.bench.year_of_shops import COST, Shops, Tally

START_MS = 1_767_225_600_000
HOUR_MS = 3_600_000
HOME, AWAY = 0, 1


class Year:
    """One member and two shops, an hour between any two things."""

    def __init__(self, *, allowance: int = 0) -> None:
        self.shops = Shops(2, 1, allowance=allowance, start_ms=START_MS)
        self.now_ms = START_MS

    def buys(self, shop: int, *, total: int = 5_000, wants: bool = False) -> None:
        self.now_ms += HOUR_MS
        self.shops.visit(member=0, shop=shop, at_ms=self.now_ms, total=total, wants=wants)

    def turns(self, shop: int) -> None:
        self.now_ms += HOUR_MS
        self.shops.turn(shop=shop, at_ms=self.now_ms)

    def end(self) -> Tally:
        return self.shops.end()


@pytest.fixture
def year() -> Year:
    """A member with two rewards' points, all earned at home."""
    year = Year()
    for _ in range(4):
        year.buys(HOME)
    return year


def test_what_was_earned_at_home_is_redeemed_there_without_a_line(year: Year) -> None:
    year.turns(HOME)
    year.buys(HOME, wants=True)

    tally = year.end()

    assert (tally.offline, tally.offline_done) == (1, 1)
    assert tally.overdraft == 0


def test_another_shop_asks_for_the_points_while_both_have_a_line(year: Year) -> None:
    year.buys(AWAY, wants=True)

    tally = year.end()

    assert (tally.online, tally.online_refused) == (1, 0)


def test_points_parked_without_a_line_are_refused_elsewhere(year: Year) -> None:
    year.turns(HOME)
    year.buys(AWAY, wants=True)

    tally = year.end()

    assert (tally.online, tally.online_refused) == (1, 1)


def test_a_strange_shop_without_a_line_refuses_and_with_an_allowance_does_not() -> None:
    done: list[int] = []
    for allowance in (0, COST):
        year = Year(allowance=allowance)
        for _ in range(4):
            year.buys(HOME)
        year.turns(AWAY)
        year.buys(AWAY, wants=True)
        tally = year.end()
        assert tally.offline == 1
        assert tally.overdraft == 0, "the points were there, only elsewhere"
        done.append(tally.offline_done)

    assert done == [0, 1]


def test_an_allowance_overdraws_no_more_than_itself() -> None:
    year = Year(allowance=COST)
    for _ in range(2):
        year.buys(HOME)
    year.turns(HOME)
    year.turns(AWAY)
    for shop in (HOME, AWAY, AWAY):
        year.buys(shop, total=100, wants=True)

    tally = year.end()

    assert tally.risk_used <= COST
    assert tally.overdraft <= COST


def test_who_has_too_few_points_is_no_redemption(year: Year) -> None:
    for _ in range(3):
        year.buys(HOME, total=0, wants=True)

    assert year.end().online == 2
