"""What activities and invitations give."""

import pytest

from pos_loyalty.domain.activity import ActivityGiven, activity_points
from pos_loyalty.domain.earning_rule import ActivityRule, Caps, ReferralEvent, ReferralRule
from pos_loyalty.domain.referral import NO_PAYMENTS, ReferralPayments, referral_payments
from tests.builders import WEDNESDAY_MS


def given(caps: Caps, tally: dict[str, int], *, points: int = 10) -> ActivityGiven:
    """Return what a review gives."""
    rule = ActivityRule(id="review", name="Review", points=points, caps=caps)
    return activity_points(rule, tally, at_ms=WEDNESDAY_MS, tz_minutes=60)


def test_an_activity_without_caps_gives_its_points() -> None:
    assert given(Caps(), {"activity:review": 999}) == ActivityGiven(10, "")


def test_an_activity_gives_what_its_cap_leaves_and_says_which() -> None:
    day = given(Caps(day=15, month=99), {"activity:review@2025-11-19": 8})

    assert day == ActivityGiven(7, "at most 15 points a day, of which 8 are given already")
    assert given(Caps(week=15), {"activity:review@2025-W47": 5}) == ActivityGiven(10, "")


def test_a_cap_that_is_used_up_gives_nothing() -> None:
    assert given(Caps(member=10), {"activity:review": 12}).points == 0
    assert given(Caps(sale=4), {}) == ActivityGiven(4, "at most 4 points in a sale")
    assert given(Caps(), {}, points=-3) == ActivityGiven(0, "")


def test_of_two_caps_the_tighter_one_counts_and_of_equals_the_first() -> None:
    tally = {"activity:review@2025-11-19": 8, "activity:review@2025-11": 8}

    assert given(Caps(day=12, month=11), tally).reason.startswith("at most 11 points a month")
    assert given(Caps(day=12, month=12), tally).reason.startswith("at most 12 points a day")


REFERRAL = ReferralRule(
    pays_on=ReferralEvent.FIRST_PURCHASE,
    referrer_points=50,
    referred_points=20,
    minimum=1000,
    limit=3,
)


def paid(
    rule: ReferralRule,
    event: ReferralEvent,
    *,
    total: int = 1000,
    paid_for_referred: int = 0,
    paid_to_referrer: int = 0,
) -> ReferralPayments:
    """Return what one event pays."""
    return referral_payments(
        rule,
        event,
        total=total,
        paid_for_referred=paid_for_referred,
        paid_to_referrer=paid_to_referrer,
    )


def by(pays_on: ReferralEvent) -> ReferralRule:
    """Return a rule without a limit."""
    return ReferralRule(pays_on=pays_on, referrer_points=50, referred_points=20, minimum=1000)


def test_no_payment_is_no_points_for_either() -> None:
    assert ReferralPayments(0, 0, is_above_limit=False) == NO_PAYMENTS


def test_an_enrollment_pays_once_where_the_rule_says_so() -> None:
    rule = by(ReferralEvent.ENROLLMENT)

    assert paid(rule, ReferralEvent.ENROLLMENT, total=0) == ReferralPayments(50, 20)
    assert paid(rule, ReferralEvent.ENROLLMENT, total=0, paid_for_referred=1) == NO_PAYMENTS
    assert paid(rule, ReferralEvent.FIRST_PURCHASE) == NO_PAYMENTS
    assert paid(by(ReferralEvent.EVERY_PURCHASE), ReferralEvent.ENROLLMENT) == NO_PAYMENTS


def test_the_first_purchase_that_is_large_enough_pays() -> None:
    rule = by(ReferralEvent.FIRST_PURCHASE)

    assert paid(rule, ReferralEvent.FIRST_PURCHASE, total=999) == NO_PAYMENTS
    assert paid(rule, ReferralEvent.FIRST_PURCHASE, total=1000) == ReferralPayments(50, 20)
    assert paid(rule, ReferralEvent.FIRST_PURCHASE, paid_for_referred=1) == NO_PAYMENTS


@pytest.mark.parametrize("before", [0, 1, 7])
def test_every_purchase_pays_each_time(before: int) -> None:
    rule = by(ReferralEvent.EVERY_PURCHASE)

    assert paid(
        rule, ReferralEvent.EVERY_PURCHASE, paid_for_referred=before, paid_to_referrer=before
    ) == ReferralPayments(50, 20)


def test_above_the_limit_the_referrer_gets_nothing_and_the_invited_does() -> None:
    assert paid(REFERRAL, ReferralEvent.FIRST_PURCHASE, paid_to_referrer=2) == ReferralPayments(
        50, 20
    )
    assert paid(REFERRAL, ReferralEvent.FIRST_PURCHASE, paid_to_referrer=3) == ReferralPayments(
        0, 20, is_above_limit=True
    )
