"""A draft is tried on past sales beside the version in force, event by event."""

import datetime as dt
from collections.abc import Callable, Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Caps,
    Conditions,
    EarningRule,
    EarnRule,
    Multiply,
    ReferralEvent,
    ReferralRule,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.errors import CommandRefused
from pos_loyalty.domain.event import (
    ActivityRecorded,
    CardsIssued,
    Event,
    PointsAdjusted,
    SaleRecorded,
    SaleRefunded,
    TierGranted,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    ExpirationRules,
    Inactivity,
)
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, ProgramVersion, RewardId, TierId
from pos_loyalty.domain.program import LoyaltyProgram, RefundRules
from pos_loyalty.domain.replay import PastSales, Replay, ReplayRow, try_draft
from pos_loyalty.domain.replay_figures import TOP, MemberChange, Replayed
from pos_loyalty.domain.replay_side import NOBODY, Person
from pos_loyalty.domain.replay_worth import worth_of_points, worth_of_stamps
from pos_loyalty.domain.reward import FreeItem, RewardTaken
from pos_loyalty.domain.tier import Tier, TierRules, TierWindow
from tests.builders import (
    AYSE,
    DAY_MS,
    OMAR,
    STANDARD,
    TUESDAY_MS,
    WEDNESDAY_MS,
    enrollment,
    event_id,
    reversal,
    sale,
)
from tests.unit.domain.test_explanation import head, moved

LONG_AGO = dt.date(2020, 1, 1)
BARE = msgspec.structs.replace(
    STANDARD,
    version=ProgramVersion("bare"),
    weekday_multipliers=(),
    tiers=(Tier(id=TierId("all"), name="All"),),
    welcome_points=0,
)
DOUBLE = msgspec.structs.replace(BARE, earn=EarnRule(step_minor_units=100, points_per_step=2))
MONTH_MS = 31 * DAY_MS


def replay(
    draft: LoyaltyProgram,
    *events: Event,
    in_force: LoyaltyProgram = BARE,
    since: dt.date = LONG_AGO,
    people: Callable[[str], Person] | None = None,
    shop: str = "",
) -> Replayed:
    referred = {getattr(event, "sale_id", "") for event in events}
    replaying = Replay(
        in_force,
        draft,
        since=since,
        referred=referred,
        program_of=lambda version: STANDARD if version == STANDARD.version else None,
        people=people,
    )
    for event in events:
        replaying.take(ReplayRow(event, shop))
    return replaying.figures()


def ruled(*rules: EarningRule) -> LoyaltyProgram:
    return msgspec.structs.replace(BARE, rules=rules)


def test_the_same_program_changes_nothing_for_anybody() -> None:
    found = replay(STANDARD, enrollment(), sale(), sale(2, at_ms=TUESDAY_MS), in_force=STANDARD)

    assert found.in_force == found.draft
    assert found.draft.earned == 21 + 42
    assert found.draft.other == 50
    assert (found.winners, found.losers, found.tiers_moved) == (0, 0, ())


def test_points_are_worth_what_the_cheapest_reward_gives_and_the_formula_says_so() -> None:
    found = replay(DOUBLE, sale(total=10_000))

    assert (found.in_force.earned, found.draft.earned) == (100, 200)
    assert (found.in_force.cost, found.draft.cost) == (50, 100)
    assert (found.in_force.liability, found.draft.liability) == (50, 100)
    assert found.draft.cost_share == 100  # one percent of the members' sales
    assert found.draft.worth_of_points == (
        "EUR 0.50 for 100 points (Pay with points, the cheapest reward)"
    )


def test_a_program_may_say_itself_what_a_point_is_worth() -> None:
    says = msgspec.structs.replace(BARE, refunds=RefundRules(point_worth=3, point_worth_points=10))
    nothing = msgspec.structs.replace(BARE, rewards=())

    assert worth_of_points(says).of(25) == 7
    assert worth_of_points(says).of(-25) == -7
    free = msgspec.structs.replace(
        BARE, rewards=(FreeItem(id=RewardId("f"), name="F", item="F", cost_points=1), *BARE.rewards)
    )
    assert worth_of_points(free) == worth_of_points(BARE)
    assert worth_of_points(says).of(0) == 0
    assert worth_of_points(nothing).of(1000) == 0
    assert worth_of_points(nothing).points_for(1000) == 0
    assert worth_of_points(nothing).text("EUR").startswith("nothing: ")


def test_a_stamp_is_worth_its_part_of_the_best_reward_of_its_card() -> None:
    cards = (
        StampCard(id="cups", name="Cups", stamps=10),
        StampCard(id="bare", name="Bare", stamps=5),
    )
    rewards = tuple(
        FreeItem(id=RewardId(name), name=name, item="Cup", worth=worth, stamp_card="cups")
        for name, worth in (("small", 100), ("large", 300))
    )
    program = msgspec.structs.replace(
        ruled(EarningRule(id="cup", name="Cup", give=Stamps(card="cups", count=2))),
        stamp_cards=cards,
        rewards=rewards,
    )

    found = replay(program, sale(), sale(2), sale(3))

    assert worth_of_stamps(program)["cups"].of(10) == 300
    assert found.draft.stamps == 6
    assert found.draft.cost == found.draft.liability == 180
    assert found.draft.worth_of_stamps[0] == "cups: EUR 3.00 for 10 stamps (large)"
    assert found.draft.worth_of_stamps[1].startswith("bare: nothing")
    assert found.top_winners == (
        MemberChange(
            member=AYSE, points_in_force=63, points_draft=63, worth_in_force=31, worth_draft=180
        ),
    )


def test_stamps_that_were_undone_or_refunded_cost_nothing() -> None:
    program = msgspec.structs.replace(
        ruled(EarningRule(id="cup", name="Cup", give=Stamps(card="cups"))),
        stamp_cards=(StampCard(id="cups", name="Cups", stamps=9),),
        rewards=(FreeItem(id=RewardId("c"), name="C", item="C", worth=900, stamp_card="cups"),),
    )
    undone, back = sale(1), sale(2)
    refund = head(SaleRefunded, sale_id=back.id, member=AYSE, amount=2100)

    found = replay(program, undone, reversal(undone), back, refund)

    assert (found.draft.stamps, found.draft.cost, found.draft.liability) == (0, 0, 0)


def test_a_sale_that_was_undone_or_refunded_counts_nothing_any_more() -> None:
    undone, back, part = sale(1), sale(2), sale(3, total=4000)
    refunds = (
        head(SaleRefunded, id=event_id(90), sale_id=back.id, member=AYSE, amount=2100),
        head(SaleRefunded, id=event_id(91), sale_id=part.id, member=AYSE, amount=1000),
        head(SaleRefunded, id=event_id(92), sale_id=event_id(55), member=AYSE, amount=1000),
    )

    found = replay(DOUBLE, undone, reversal(undone), back, part, *refunds)

    assert (found.in_force.earned, found.draft.earned) == (30, 60)
    assert found.draft.open_points == 60
    assert replay(DOUBLE, reversal(undone)).draft.earned == 0


def test_a_part_refunded_and_then_undone_ends_at_nothing() -> None:
    taken = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    first = sale(total=2100, rewards=(taken,))
    refund = head(SaleRefunded, sale_id=first.id, member=AYSE, amount=700)

    found = replay(DOUBLE, first, refund, reversal(first))

    assert (found.draft.earned, found.draft.redeemed, found.draft.open_points) == (0, 0, 0)
    assert (found.draft.cost, found.months[0].cost_draft, found.winners) == (0, 0, 0)


def test_only_refunds_of_sales_that_count_count() -> None:
    early = sale(1, total=10_000, at_ms=WEDNESDAY_MS - DAY_MS)
    back = head(SaleRefunded, sale_id=early.id, member=AYSE, amount=10_000)

    found = replay(DOUBLE, early, back, sale(2), since=dt.date(2025, 11, 19))

    assert (found.draft.earned, found.draft.open_points) == (42, 42)
    assert found.sales_amount == found.member_sales_amount == 2100


def test_what_waited_on_a_card_is_added_to_an_account_that_is_there() -> None:
    card = CardKey("d" * 32)
    waiting = msgspec.structs.replace(sale(member=None), card_key=card)
    enrolled = msgspec.structs.replace(enrollment(), card_key=card)

    found = replay(DOUBLE, sale(3, total=5000), waiting, enrolled)

    assert found.members == 1
    assert found.top_winners[0].points_draft == 142
    assert found.draft.open_points == 142


def test_levels_by_spend_and_visits_and_for_life_are_counted() -> None:
    spend = msgspec.structs.replace(
        BARE,
        tiers=(BARE.tiers[0], Tier(id=TierId("t"), name="T", threshold_spend=4000, percent=200)),
    )
    visits = msgspec.structs.replace(
        BARE,
        tiers=(BARE.tiers[0], Tier(id=TierId("t"), name="T", threshold_visits=2, percent=200)),
        tier_rules=TierRules(window=TierWindow.LIFETIME),
    )
    events = (sale(1), sale(2), sale(3, at_ms=WEDNESDAY_MS + 40 * MONTH_MS))

    assert replay(spend, *events).draft.earned == 21 * 3
    assert replay(spend, *events[:2], sale(4)).draft.earned == 21 * 4
    assert replay(visits, *events).draft.earned == 21 * 4


def test_points_that_wait_are_worth_nothing_less_in_what_members_get() -> None:
    draft = msgspec.structs.replace(BARE, welcome_points=200)

    found = replay(draft, enrollment(), sale(total=10_000))

    assert found.top_winners == (
        MemberChange(
            member=AYSE, points_in_force=100, points_draft=300, worth_in_force=50, worth_draft=150
        ),
    )
    assert (found.draft.cost, found.months[0].cost_draft) == (150, 150)
    assert found.draft.open_points == 300


def test_a_reward_costs_what_the_version_asks_for_it() -> None:
    cheap = msgspec.structs.replace(
        BARE,
        rewards=tuple(
            msgspec.structs.replace(reward, cost_points=reward.cost_points // 2)
            for reward in BARE.rewards
        ),
    )
    amount = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    parts = RewardTaken(reward=RewardId("pay-with-points"), points=300, discount=150)

    found = replay(cheap, sale(rewards=(amount, parts)))

    assert (found.in_force.redeemed, found.draft.redeemed) == (900, 450)


def test_a_reward_that_the_version_has_not_costs_points_of_the_same_worth() -> None:
    only = tuple(reward for reward in BARE.rewards if reward.id == "pay-with-points")
    lacking = msgspec.structs.replace(BARE, rewards=only)
    amount = RewardTaken(reward=RewardId("three-off"), points=600, discount=300)
    pastry = RewardTaken(reward=RewardId("free-pastry"), points=800, discount=0)
    unknown = RewardTaken(reward=RewardId("what"), points=1, discount=0)
    other = msgspec.structs.replace(sale(2, rewards=(pastry,)), program=ProgramVersion("lost"))

    found = replay(lacking, sale(rewards=(amount, pastry, unknown)), other)

    assert found.draft.redeemed == 600 + 800


def test_only_sales_since_the_day_count_and_those_before_still_lift_levels() -> None:
    tiers = (BARE.tiers[0], Tier(id=TierId("top"), name="Top", threshold_points=20, percent=200))
    tiered = msgspec.structs.replace(BARE, tiers=tiers)

    found = replay(
        tiered, sale(1, at_ms=WEDNESDAY_MS - DAY_MS), sale(2), since=dt.date(2025, 11, 19)
    )

    assert (found.sales, found.member_sales, found.members) == (1, 1, 1)
    assert (found.in_force.earned, found.draft.earned) == (21, 42)
    assert found.draft.open_points == 63
    assert found.draft.members_by_tier == {"Top": 1}
    assert [(move.in_force, move.draft, move.members) for move in found.tiers_moved] == [
        ("All", "Top", 1)
    ]
    assert (found.up, found.down) == (1, 0)


def test_a_level_falls_when_its_time_is_over() -> None:
    tiers = (BARE.tiers[0], Tier(id=TierId("top"), name="Top", threshold_points=20, percent=200))
    tiered = msgspec.structs.replace(BARE, tiers=tiers)
    much_later = sale(2, total=100, at_ms=WEDNESDAY_MS + 30 * MONTH_MS)

    found = replay(BARE, sale(), much_later, in_force=tiered)
    lost = replay(
        msgspec.structs.replace(tiered, expiration=ExpirationRules(model=AtTierLoss())),
        sale(),
        much_later,
    )

    assert found.in_force.members_by_tier == {"All": 1}
    assert found.in_force.earned == 21 + 1
    assert (lost.draft.expired, lost.draft.open_points) == (21, 1)


def test_a_granted_level_counts_where_the_version_has_it() -> None:
    tiers = (BARE.tiers[0], Tier(id=TierId("top"), name="Top", threshold_points=9999, percent=200))
    tiered = msgspec.structs.replace(BARE, tiers=tiers)
    until_ms = WEDNESDAY_MS + DAY_MS
    grant = head(TierGranted, member=AYSE, tier=TierId("top"), until_ms=until_ms)

    found = replay(tiered, grant, sale(1), sale(2, at_ms=WEDNESDAY_MS + 2 * DAY_MS))

    assert (found.in_force.earned, found.draft.earned) == (42, 42 + 21)
    assert found.draft.members_by_tier == {"All": 1}


def test_points_end_as_the_version_says() -> None:
    short = msgspec.structs.replace(BARE, expiration=ExpirationRules(model=AfterEarning(days=10)))
    absent = msgspec.structs.replace(BARE, expiration=ExpirationRules(model=Inactivity(months=1)))
    events = (sale(1), sale(2, at_ms=WEDNESDAY_MS + 3 * MONTH_MS))

    for draft in (short, absent):
        found = replay(draft, *events)

        assert (found.draft.expired, found.draft.open_points) == (21, 21)
        assert found.in_force.open_points == 42


def test_pending_points_and_their_refund_come_out_even() -> None:
    pending = msgspec.structs.replace(BARE, pending_days=14)
    first = sale()
    refund = head(SaleRefunded, sale_id=first.id, member=AYSE, amount=2100)
    used = head(PointsAdjusted, member=AYSE, points=-5, reason="r", approved_by="a")

    found = replay(pending, first, refund, used)

    assert (found.draft.earned, found.draft.open_points) == (0, 0)


def test_a_cap_of_the_day_sees_the_other_sales_of_the_day() -> None:
    capped = msgspec.structs.replace(BARE, caps=Caps(day=30))

    found = replay(capped, sale(1), sale(2), sale(3, at_ms=WEDNESDAY_MS + DAY_MS))

    assert found.draft.earned == 30 + 21


def test_shop_segment_and_birthday_rules_know_what_the_books_know() -> None:
    rules = ruled(
        *(
            EarningRule(id=name, name=name, give=Multiply(percent=percent), when=when)
            for name, percent, when in (
                ("shop", 200, Conditions(shops=("Main street",))),
                ("regulars", 300, Conditions(segments=("regular",))),
                ("birthday", 400, Conditions(birthday_days=2)),
            )
        )
    )
    people = {AYSE: Person(segments=("regular",)), OMAR: Person(birthday="11-20")}
    events = (sale(1), sale(2, member=OMAR), sale(3, member=MemberId("c" * 32)))

    found = replay(
        rules, *events, people=lambda who: people.get(MemberId(who), NOBODY), shop="Main street"
    )

    assert found.draft.earned == 21 * 3 + 21 * 4 + 21 * 2


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


def test_a_moved_sale_counts_for_the_right_member_by_that_members_level() -> None:
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
