"""The fold that till and server share, and the guard that keeps points from being spent twice."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    ActivityRecorded,
    Event,
    PointsAdjusted,
    RightsReturned,
    SaleMoved,
    SaleRefunded,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import CardKey, RewardId
from pos_loyalty.domain.ledger import EntryKind, balance_points, entries_of
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.spend_rights import (
    Cover,
    Rights,
    RightsEffect,
    cover_redemption,
    cover_taking_back,
    effects_of,
    narrowed_allowance,
)
from tests.builders import AYSE, OMAR, STANDARD, WEDNESDAY_MS, enrollment, event_id, reversal, sale

PASTRY = RewardTaken(reward=RewardId("free-pastry"), points=800, discount=0)


def other(kind: Callable[..., Event], **fields: Any) -> Event:  # noqa: ANN401 - fields vary by kind
    """Return an event of one of the kinds without a builder of its own."""
    common: dict[str, Any] = {
        "v": 1,
        "id": event_id(7),
        "at_ms": WEDNESDAY_MS,
        "boot_ms": 1,
        "tz_minutes": 0,
        "program": STANDARD.version,
    }
    return kind(**(common | fields))


def test_rewards_are_paid_before_the_sale_earns() -> None:
    kinds = [entry.kind for entry in entries_of(sale(rewards=[PASTRY]))]

    assert kinds == [EntryKind.REDEMPTION, EntryKind.ACCRUAL]


def test_a_sale_without_a_member_moves_no_points() -> None:
    assert entries_of(sale(member=None, earned=0)) == ()


def test_entry_plus_reversal_is_zero() -> None:
    bought = sale(rewards=[PASTRY])

    entries = [*entries_of(bought), *entries_of(reversal(bought))]

    assert balance_points(entries) == 0
    assert sum(entry.earned_points for entry in entries) == 0


def test_welcome_points_are_no_earned_points() -> None:
    (entry,) = entries_of(enrollment())

    assert (entry.kind, entry.points, entry.earned_points) == (EntryKind.WELCOME, 50, 0)


def test_every_other_kind_does_what_its_name_says() -> None:
    adjusted = other(PointsAdjusted, member=AYSE, points=-5, reason="r", approved_by="m")
    active = other(ActivityRecorded, member=AYSE, activity="review", points=20)
    voucher = other(VoucherClaimed, voucher="v", sale_id=event_id(1), member=AYSE, points=30)
    refund = other(
        SaleRefunded, sale_id=event_id(1), member=AYSE, amount=100, earned_taken=1, rights_used=1
    )
    returned = other(RightsReturned, member=AYSE, points=9)

    assert [entry.points for entry in entries_of(adjusted)] == [-5]
    assert [entry.points for entry in entries_of(active)] == [20]
    assert [entry.points for entry in entries_of(voucher)] == [30]
    assert [entry.points for entry in entries_of(refund)] == [-1]
    assert entries_of(returned) == ()
    assert effects_of(returned) == (RightsEffect(AYSE, returned=9),)
    assert effects_of(refund) == (RightsEffect(AYSE, used=1),)
    assert effects_of(adjusted) == (RightsEffect(AYSE),)
    assert effects_of(active) == ()


def test_a_moved_sale_takes_from_one_and_gives_to_the_other() -> None:
    fields: dict[str, Any] = {
        "sale_id": event_id(1),
        "sale_seq": 1,
        "to_member": OMAR,
        "earned_given": 21,
    }
    moved = other(SaleMoved, from_member=AYSE, earned_taken=21, rights_used=21, **fields)
    found = other(SaleMoved, **fields)

    assert [(entry.member, entry.points) for entry in entries_of(moved)] == [
        (AYSE, -21),
        (OMAR, 21),
    ]
    assert effects_of(moved) == (RightsEffect(AYSE, used=21),)
    assert [entry.points for entry in entries_of(found)] == [21]
    assert effects_of(found) == ()


def test_an_unknown_card_carries_its_entries_by_its_key() -> None:
    unknown = msgspec.structs.replace(sale(member=None), card_key=CardKey("c" * 32))

    (entry,) = entries_of(unknown)

    assert (entry.member, entry.card_key, entry.points) == (None, "c" * 32, 21)
    assert effects_of(unknown) == ()


def test_own_earnings_are_rights_at_once() -> None:
    rights = Rights().plus(effects_of(sale(earned=800))[0])

    cover = cover_redemption(points=800, rights=rights, allowance=0, balance=800, alone=False)

    assert cover == Cover(rights_used=800, risk_used=0)


def test_S49_a_balance_alone_is_no_right() -> None:
    with pytest.raises(RuleViolation) as refused:
        cover_redemption(
            points=100, rights=Rights(granted=40), allowance=0, balance=340, alone=False
        )

    assert refused.value.code is Code.RIGHTS_SHORT
    assert refused.value.facts["spendable_points"] == 40


def test_the_allowance_pays_what_rights_do_not() -> None:
    cover = cover_redemption(
        points=100, rights=Rights(granted=40), allowance=60, balance=340, alone=False
    )

    assert cover == Cover(rights_used=40, risk_used=60)


@pytest.mark.parametrize(
    ("allowance", "by_rights_alone", "spendable"),
    [(50, 0, 90), (-5, 0, 40), (50, 41, 40), (50, 40, 90), (900, 100, 40)],
)
def test_a_refusal_says_how_many_points_can_be_used_here(
    allowance: int, by_rights_alone: int, spendable: int
) -> None:
    with pytest.raises(RuleViolation) as refused:
        cover_redemption(
            points=100,
            rights=Rights(granted=40),
            allowance=allowance,
            balance=340,
            alone=False,
            by_rights_alone=by_rights_alone,
        )

    assert refused.value.facts["spendable_points"] == spendable
    assert refused.value.facts["cost_points"] == 100


@pytest.mark.parametrize(
    ("left", "days", "usable"),
    [
        (700, 0, 700),
        (700, -1, 700),
        (700, 1, 600),
        (700, 6, 100),
        (700, 7, 0),
        (700, 8, 0),
        (699, 1, 599),
        (0, 0, 0),
        (-1, 0, 0),
    ],
)
def test_each_day_of_silence_takes_a_seventh_of_the_allowance(
    left: int, days: int, usable: int
) -> None:
    assert narrowed_allowance(left, silent_days=days) == usable


def test_no_allowance_pays_what_the_member_never_had() -> None:
    with pytest.raises(RuleViolation) as refused:
        cover_redemption(points=500, rights=Rights(), allowance=900, balance=340, alone=False)

    assert refused.value.code is Code.POINTS_SHORT
    assert refused.value.facts["short_points"] == 160


def test_a_till_that_works_alone_spends_its_own_balance() -> None:
    cover = cover_redemption(
        points=50, rights=Rights(earned=21), allowance=0, balance=71, alone=True
    )

    assert cover == Cover(rights_used=21, risk_used=29)


def test_every_counter_of_a_right_only_grows() -> None:
    before = Rights(granted=100, earned=10, used=20, returned=30, lent=40)

    after = before.plus(RightsEffect(AYSE, earned=1, used=2, returned=3))

    assert after == Rights(granted=100, earned=11, used=22, returned=33, lent=40)


def test_what_was_lent_is_taken_last_and_named() -> None:
    rights = Rights(granted=30, earned=20, used=10, returned=5, lent=15)

    assert rights.spendable == 50
    named = [rights.source_of(points) for points in (0, 35, 36, 50)]
    assert named == ["", "", LENT_RIGHTS, LENT_RIGHTS]
    assert Rights(granted=30).source_of(31) == ""


def test_a_balance_below_zero_pays_for_nothing_but_what_costs_nothing() -> None:
    free = cover_redemption(points=0, rights=Rights(), allowance=0, balance=-5, alone=False)

    assert free == Cover(rights_used=0, risk_used=0)
    with pytest.raises(RuleViolation) as refused:
        cover_redemption(points=1, rights=Rights(), allowance=9, balance=-5, alone=False)
    assert refused.value.facts["short_points"] == 6


def test_counters_below_zero_take_nothing_from_the_allowance() -> None:
    cover = cover_redemption(
        points=60, rights=Rights(used=40), allowance=60, balance=340, alone=False
    )

    assert cover == Cover(rights_used=0, risk_used=60)
    with pytest.raises(RuleViolation):
        cover_redemption(points=61, rights=Rights(used=40), allowance=60, balance=340, alone=False)


def test_taking_back_is_never_refused_and_covers_what_it_can() -> None:
    assert cover_taking_back(points=21, rights=Rights(earned=15)) == 15
    assert cover_taking_back(points=21, rights=Rights(used=3)) == 0


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 400)), max_size=30))
def test_I6_rights_are_never_overdrawn_whatever_is_sold_and_redeemed(
    sales: list[tuple[int, int]],
) -> None:
    rights = Rights()
    balance = 0
    for number, (earned, wanted) in enumerate(sales):
        redeemed = 0
        try:
            cover = cover_redemption(
                points=wanted, rights=rights, allowance=0, balance=balance, alone=False
            )
            redeemed = cover.rights_used
        except RuleViolation:
            redeemed = 0
        reward = RewardTaken(reward=RewardId("free-pastry"), points=redeemed, discount=0)
        bought = sale(number, earned=earned, rewards=[reward], rights_used=redeemed)
        balance += balance_points(entries_of(bought))
        rights = rights.plus(effects_of(bought)[0])
        assert rights.spendable >= 0
        assert rights.spendable == balance
