"""A draft is tried on past sales beside the version in force: who, when, how much."""

import datetime as dt
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Caps,
    Conditions,
    EarningRule,
    Multiply,
    ReferralEvent,
    ReferralRule,
)
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    ActivityRecorded,
    CardsIssued,
    Event,
    PointsAdjusted,
    SaleRecorded,
)
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.replay import PastSales, Replay, ReplayRow, try_draft
from pos_loyalty.domain.replay_figures import TOP
from pos_loyalty.domain.replay_side import NOBODY, Person
from pos_loyalty.domain.reward import RewardTaken
from tests.builders import (
    AYSE,
    DAY_MS,
    OMAR,
    STANDARD,
    WEDNESDAY_MS,
    enrollment,
    event_id,
    reversal,
    sale,
)
from tests.unit.domain.explained_cases import head, moved
from tests.unit.domain.replay_cases import BARE, DOUBLE, LONG_AGO, MONTH_MS, replay, ruled


def test_activities_and_invitations_are_paid_by_the_version() -> None:
    paying = msgspec.structs.replace(
        BARE,
        welcome_points=10,
        activities=(ActivityRule(id="review", name="Review", points=5, caps=Caps(month=7)),),
        referral=ReferralRule(
            pays_on=ReferralEvent.FIRST_PURCHASE, referrer_points=100, referred_points=50, limit=1
        ),
    )
    at_once = msgspec.structs.replace(
        paying, referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=3)
    )
    invited = msgspec.structs.replace(enrollment(101, member=OMAR), invited_by=AYSE)
    third = msgspec.structs.replace(enrollment(102, member=MemberId("c" * 32)), invited_by=AYSE)
    reviews = [
        head(ActivityRecorded, id=event_id(80 + n), member=AYSE, activity="review", points=5)
        for n in range(2)
    ]
    others = [head(ActivityRecorded, member=AYSE, activity="dance", points=5)]
    events = (
        enrollment(),
        invited,
        third,
        sale(1, member=OMAR),
        sale(2, member=OMAR),
        sale(3, member=MemberId("c" * 32)),
        *reviews,
        *others,
    )

    assert replay(paying, *events).draft.other == 3 * 10 + 7 + 100 + 50 + 50
    assert replay(at_once, *events).draft.other == 3 * 10 + 7 + 3 + 3
    assert replay(paying, *events).draft.open_points == 3 * 10 + 7 + 100 + 50 + 50 + 63
    alone = msgspec.structs.replace(enrollment(), invited_by=AYSE)
    assert replay(at_once, alone).draft.other == 10


def test_what_was_done_by_hand_is_the_same_under_every_version() -> None:
    given = head(PointsAdjusted, member=AYSE, points=40, reason="r", approved_by="a")
    taken = head(PointsAdjusted, member=AYSE, points=-15, reason="r", approved_by="a")
    silent = head(CardsIssued, batch=BatchId("b"), cards=())

    found = replay(DOUBLE, given, taken, silent, sale())

    assert (found.in_force.open_points, found.draft.open_points) == (46, 67)
    assert (found.in_force.other, found.draft.other) == (0, 0)


def test_a_moved_sale_counts_for_the_right_member_by_that_members_tier() -> None:
    first = sale()
    found = replay(DOUBLE, first, moved(first), since=dt.date(2025, 11, 19))

    assert found.draft.earned == 42
    assert {change.member for change in found.top_winners} == {OMAR}
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    bought = sale(rewards=(taken,))
    assert replay(DOUBLE, bought, moved(bought)).top_winners[0].member == AYSE


def test_a_card_earns_before_it_has_a_member() -> None:
    card = CardKey("d" * 32)
    waiting = msgspec.structs.replace(sale(member=None), card_key=card)
    enrolled = msgspec.structs.replace(enrollment(), card_key=card)
    nobody = sale(2, member=None)

    found = replay(DOUBLE, waiting, enrolled, nobody)

    assert (found.sales, found.member_sales, found.members) == (2, 1, 1)
    assert found.top_winners[0].member == AYSE


def test_merged_accounts_are_one_member() -> None:
    merged = Replay(BARE, DOUBLE, since=LONG_AGO, accounts={OMAR: AYSE})
    for event in (sale(1), sale(2, member=OMAR)):
        merged.take(ReplayRow(event))

    assert merged.figures().members == 1


def test_an_invitation_is_paid_to_the_account_into_which_the_referrer_went() -> None:
    paying = msgspec.structs.replace(
        BARE, referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=30)
    )
    merged = Replay(BARE, paying, since=LONG_AGO, accounts={OMAR: AYSE})
    invited = msgspec.structs.replace(enrollment(101, member=MemberId("c" * 32)), invited_by=OMAR)
    for event in (enrollment(), enrollment(102, member=OMAR), invited):
        merged.take(ReplayRow(event))

    found = merged.figures()

    assert (found.members, found.draft.other) == (2, 30)
    assert [(change.member, change.points_draft) for change in found.top_winners] == [(AYSE, 30)]


def test_members_of_whom_one_version_alone_takes_notice_are_compared_too() -> None:
    """Who enrolled at another till, and invited somebody or took part in something at this one."""
    paying = msgspec.structs.replace(
        BARE,
        activities=(ActivityRule(id="survey", name="Survey", points=5),),
        referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=30),
    )
    third = MemberId("c" * 32)
    events = (
        msgspec.structs.replace(enrollment(), invited_by=OMAR),
        head(ActivityRecorded, member=third, activity="survey", points=5),
    )

    more, fewer = replay(paying, *events), replay(BARE, *events, in_force=paying)

    assert [change.member for change in more.top_winners] == [OMAR, third]
    assert [change.member for change in fewer.top_losers] == [OMAR, third]
    assert (more.members, fewer.members) == (3, 3)
    assert (more.draft.other, fewer.in_force.other) == (35, 35)


def test_the_largest_winners_and_losers_are_named_in_order() -> None:
    members = [MemberId(f"{number:032x}") for number in range(TOP + 5)]
    events = [
        sale(number + 1, member=member, total=1000 * (number + 1))
        for number, member in enumerate(members)
    ]

    more, less = replay(DOUBLE, *events), replay(BARE, *events, in_force=DOUBLE)

    assert (more.winners, more.losers) == (TOP + 5, 0)
    assert [change.member for change in more.top_winners] == members[:-21:-1]
    assert less.top_losers[0].member == members[-1]
    assert less.top_losers[0].difference == -more.top_winners[0].difference < 0
    assert less.losers == TOP + 5


def test_months_show_the_cost_of_both() -> None:
    found = replay(
        DOUBLE, sale(1, total=10_000), sale(2, total=20_000, at_ms=WEDNESDAY_MS + MONTH_MS)
    )

    assert [
        (month.month, month.member_sales, month.cost_in_force, month.cost_draft)
        for month in found.months
    ] == [("2025-11", 10_000, 50, 100), ("2025-12", 20_000, 100, 200)]


def past(*events: Event, programs: Sequence[LoyaltyProgram] = (STANDARD,)) -> PastSales:
    return PastSales(
        programs=programs,
        rows=[ReplayRow(event) for event in events],
        total=len(events),
        referred=frozenset[str](),
        people=lambda _: NOBODY,
        accounts={},
    )


def test_a_draft_is_tried_against_the_version_that_holds_now() -> None:
    later = msgspec.structs.replace(DOUBLE, effective_from_ms=WEDNESDAY_MS + DAY_MS)
    told: list[tuple[int, int]] = []

    found = try_draft(
        past(sale(), programs=(STANDARD, later)),
        DOUBLE,
        since=LONG_AGO,
        now_ms=WEDNESDAY_MS,
        progress=lambda done, total: told.append((done, total)),
    )

    assert found.in_force.version == STANDARD.version
    assert told == [(1, 1)]


def test_another_currency_and_a_day_without_sales_are_refused_in_words() -> None:
    dollars = msgspec.structs.replace(DOUBLE, currency="USD")

    with pytest.raises(CommandRefused, match="in USD, and the sales are in EUR"):
        try_draft(past(sale()), dollars, since=LONG_AGO, now_ms=WEDNESDAY_MS)
    with pytest.raises(CommandRefused, match="since 2026-01-01"):
        try_draft(past(sale()), DOUBLE, since=dt.date(2026, 1, 1), now_ms=WEDNESDAY_MS)


def test_people_are_asked_about_only_if_the_rules_ask() -> None:
    asked: list[str] = []

    def ask(who: str) -> Person:
        asked.append(who)
        return NOBODY

    rules = ruled(
        EarningRule(
            id="a", name="a", give=Multiply(percent=200), when=Conditions(segments=("vip",))
        )
    )
    books = past(sale(1), sale(2))
    for draft in (DOUBLE, rules):
        try_draft(
            PastSales(
                programs=books.programs,
                rows=books.rows,
                total=2,
                referred=frozenset[str](),
                people=ask,
                accounts={},
            ),
            draft,
            since=LONG_AGO,
            now_ms=WEDNESDAY_MS,
        )

    assert asked == [AYSE]


def test_a_long_history_is_told_of_on_its_way_and_drops_periods_that_are_over() -> None:
    told: list[tuple[int, int]] = []
    capped = msgspec.structs.replace(BARE, caps=Caps(day=1000))
    events = [sale(number, at_ms=WEDNESDAY_MS + number * DAY_MS) for number in range(501)]

    found = try_draft(
        past(*events),
        capped,
        since=LONG_AGO,
        now_ms=WEDNESDAY_MS,
        progress=lambda done, total: told.append((done, total)),
    )

    assert told == [(500, 501), (501, 501)]
    assert found.draft.earned == 501 * 21


@given(
    totals=st.lists(st.integers(1, 50_000), min_size=1, max_size=12),
    undone=st.sets(st.integers(0, 11)),
    day=st.integers(0, 400),
)
def test_the_version_in_force_comes_to_what_the_books_have(
    totals: list[int], undone: set[int], day: int
) -> None:
    events: list[Event] = []
    for number, total in enumerate(totals):
        event = sale(number + 1, total=total, at_ms=WEDNESDAY_MS + number * day * DAY_MS)
        events.append(event)
        if number in undone:
            events.append(reversal(event))

    found = replay(STANDARD, *events, in_force=STANDARD)

    standing = [
        event
        for number, event in enumerate(each for each in events if isinstance(each, SaleRecorded))
        if number not in undone
    ]
    assert found.in_force == found.draft
    assert found.draft.open_points == found.draft.earned
    assert (found.draft.earned == 0) is (sum(e.sale.total // 100 for e in standing) == 0)
