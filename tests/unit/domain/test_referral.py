"""What a purchase pays for an invitation, and that it goes with the purchase."""

from collections import Counter
from collections.abc import Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.referral import (
    PaidByPurchase,
    goes_back,
    purchase_pays,
    standing,
    taken_back,
)
from tests.builders import AYSE, OMAR

INES = MemberId("c" * 32)
RULE = ReferralRule(
    pays_on=ReferralEvent.FIRST_PURCHASE,
    referrer_points=50,
    referred_points=20,
    minimum=1000,
    limit=3,
)
EVERY = msgspec.structs.replace(RULE, pays_on=ReferralEvent.EVERY_PURCHASE)


def pays(
    rule: ReferralRule = RULE,
    before: tuple[PaidByPurchase, ...] = (),
    *,
    referred: MemberId = OMAR,
    total: int = 1500,
    back: int = 0,
    paid: int = 0,
    times: int = 0,
) -> PaidByPurchase | None:
    """Return what a sale pays that has or gets an invited member."""
    return purchase_pays(
        rule,
        before,
        referrer=AYSE,
        referred=referred,
        total=total,
        left=total - back,
        paid_for_referred=paid,
        paid_to_referrer=times,
    )


def paid_once(rule: ReferralRule = RULE) -> PaidByPurchase:
    """Return what a sale of 15.00 paid."""
    paid = pays(rule)
    assert paid is not None
    return paid


def test_a_purchase_remembers_whom_it_paid_what_and_from_which_amount() -> None:
    assert pays() == PaidByPurchase(
        referrer=AYSE, referred=OMAR, referrer_points=50, referred_points=20, minimum=1000
    )


def test_what_the_limit_left_out_was_not_paid_and_does_not_come_back() -> None:
    above = pays(times=3)

    assert above is not None
    assert (above.referrer_points, above.referred_points) == (0, 20)


@pytest.mark.parametrize(
    ("total", "back", "paid"),
    [(999, 0, False), (1000, 0, True), (1500, 500, True), (1500, 501, False), (1500, 1500, False)],
)
def test_what_is_left_of_a_sale_must_reach_the_minimum(
    total: int, back: int, *, paid: bool
) -> None:
    assert (pays(total=total, back=back) is not None) is paid


def test_a_sale_that_came_back_whole_is_no_purchase_and_one_for_nothing_is() -> None:
    rule = msgspec.structs.replace(RULE, minimum=0)

    assert pays(rule, total=1500, back=1500) is None
    assert pays(rule, total=0) is not None
    assert pays(msgspec.structs.replace(rule, pays_on=ReferralEvent.ENROLLMENT)) is None


@pytest.mark.parametrize(
    ("left", "back"), [(1500, False), (1000, False), (999, True), (1, True), (0, True)]
)
def test_a_payment_goes_when_less_than_the_minimum_is_left(left: int, *, back: bool) -> None:
    assert goes_back(paid_once(), total=1500, left=left) is back


def test_without_a_minimum_a_payment_goes_with_the_last_of_the_sale() -> None:
    paid = paid_once(msgspec.structs.replace(RULE, minimum=0))

    assert not goes_back(paid, total=1500, left=1)
    assert goes_back(paid, total=1500, left=0)
    assert not goes_back(paid, total=0, left=0), "nothing came back of a sale for nothing"


def test_a_sale_pays_each_member_once_whatever_was_taken_back() -> None:
    paid = (paid_once(EVERY),)
    back = taken_back(paid)

    assert standing(paid) == paid[0]
    assert standing(back) is None
    assert pays(EVERY, paid) is pays(EVERY, back) is None
    other = pays(EVERY, back, referred=INES)
    assert other is not None
    assert standing((*back, other)) == other


class Town:
    """Two invited members, one who invited them, and four sales; counts as the books do."""

    def __init__(self, rule: ReferralRule) -> None:
        self.rule = rule
        self.points: Counter[str] = Counter()
        self.paid_for: Counter[str] = Counter()
        self.times = 0
        self.totals: dict[int, int] = {}
        self.left: dict[int, int] = {}
        self.paid: dict[int, tuple[PaidByPurchase, ...]] = {}

    def sell(self, number: int, who: MemberId, amount: int) -> None:
        """Record a sale, or move one that is there."""
        if number in self.totals:
            self.undo(number, who, amount)
        else:
            self.totals[number] = self.left[number] = amount
            self.paid[number] = ()
        paid = purchase_pays(
            self.rule,
            self.paid[number],
            referrer=AYSE,
            referred=who,
            total=self.totals[number],
            left=self.left[number],
            paid_for_referred=self.paid_for[who],
            paid_to_referrer=self.times,
        )
        if paid is not None:
            self.paid[number] += (paid,)
            self._book(paid, 1)

    def refund(self, number: int, who: MemberId, amount: int) -> None:
        """Take a part back."""
        del who
        self.left[number] = max(0, self.left.get(number, 0) - amount)
        paid = standing(self.paid.get(number, ()))
        if paid is not None and goes_back(paid, total=self.totals[number], left=self.left[number]):
            self.undo(number, OMAR, 0)

    def undo(self, number: int, who: MemberId, amount: int) -> None:
        """Take back what the sale paid."""
        del who, amount
        paid = standing(self.paid.get(number, ()))
        if paid is not None:
            self.paid[number] = taken_back(self.paid[number])
            self._book(paid, -1)

    def _book(self, paid: PaidByPurchase, sign: int) -> None:
        self.points[paid.referrer] += sign * paid.referrer_points
        self.points[paid.referred] += sign * paid.referred_points
        self.paid_for[paid.referred] += sign
        self.times += sign * (paid.referrer_points > 0)


DEEDS: dict[str, Callable[[Town, int, MemberId, int], None]] = {
    "sell": Town.sell,
    "refund": Town.refund,
    "undo": Town.undo,
}
STEPS = st.lists(
    st.tuples(
        st.sampled_from(sorted(DEEDS)),
        st.integers(0, 3),
        st.sampled_from((OMAR, INES)),
        st.integers(0, 3000),
    ),
    max_size=24,
)


@given(
    steps=STEPS,
    on=st.sampled_from((ReferralEvent.FIRST_PURCHASE, ReferralEvent.EVERY_PURCHASE)),
    minimum=st.sampled_from((0, 1, 1000)),
    limit=st.sampled_from((None, 1, 2)),
)
def test_paying_and_taking_back_never_leaves_points(
    steps: list[tuple[str, int, MemberId, int]],
    on: ReferralEvent,
    minimum: int,
    limit: int | None,
) -> None:
    town = Town(msgspec.structs.replace(RULE, pays_on=on, minimum=minimum, limit=limit))
    for deed, number, who, amount in steps:
        DEEDS[deed](town, number, who, amount)
        stand = [paid for each in town.paid.values() if (paid := standing(each)) is not None]
        assert town.points[AYSE] == sum(paid.referrer_points for paid in stand)
        assert town.points[OMAR] + town.points[INES] == 20 * len(stand)
        assert limit is None or town.times <= limit
        is_first = on is ReferralEvent.FIRST_PURCHASE
        assert not is_first or max(town.paid_for.values(), default=0) <= 1
        assert all(
            town.left[number] >= minimum for number, each in town.paid.items() if standing(each)
        )

    for number in town.totals:
        town.refund(number, OMAR, 10_000)
        if not town.totals[number]:
            town.undo(number, OMAR, 0)

    assert not any(town.points.values())
    assert not any(town.paid_for.values())
    assert town.times == 0
