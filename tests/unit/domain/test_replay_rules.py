"""What a version gives and takes in a replay: sales, refunds, rewards, tiers, ends."""

import datetime as dt

import msgspec

from pos_loyalty.domain.earning_rule import (
    Caps,
    Conditions,
    EarningRule,
    Multiply,
    StampCard,
    Stamps,
)
from pos_loyalty.domain.event import (
    PointsAdjusted,
    SaleRefunded,
    TierGranted,
)
from pos_loyalty.domain.expiration import (
    AfterEarning,
    AtTierLoss,
    ExpirationRules,
    Inactivity,
)
from pos_loyalty.domain.ids import CardKey, MemberId, ProgramVersion, RewardId, TierId
from pos_loyalty.domain.program import RefundRules
from pos_loyalty.domain.replay_figures import MemberChange
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
from tests.unit.domain.explained_cases import head
from tests.unit.domain.replay_cases import BARE, DOUBLE, MONTH_MS, replay, ruled


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


def test_stamps_that_waited_on_a_card_are_worth_something_to_the_member_who_gets_it() -> None:
    stamped = msgspec.structs.replace(
        ruled(EarningRule(id="cup", name="Cup", give=Stamps(card="cups"))),
        stamp_cards=(StampCard(id="cups", name="Cups", stamps=10),),
        rewards=(FreeItem(id=RewardId("c"), name="C", item="C", worth=900, stamp_card="cups"),),
    )
    card = CardKey("d" * 32)
    waiting = msgspec.structs.replace(sale(member=None), card_key=card)
    enrolled = msgspec.structs.replace(enrollment(), card_key=card)

    found = replay(stamped, sale(3), waiting, enrolled)

    assert found.draft.stamps == 2
    assert found.top_winners[0].worth_draft == 180


def test_tiers_by_spend_and_visits_and_for_life_are_counted() -> None:
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


def test_only_sales_since_the_day_count_and_those_before_still_lift_tiers() -> None:
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


def test_members_who_rise_and_fall_are_counted_and_those_who_stay_are_not() -> None:
    more, fewer = (
        msgspec.structs.replace(
            BARE,
            tiers=(BARE.tiers[0], Tier(id=TierId("top"), name="Top", threshold_points=threshold)),
        )
        for threshold in (20, 60)
    )
    third = MemberId("c" * 32)
    events = (
        sale(1),
        sale(2, member=OMAR, total=9000),
        sale(3, member=third, total=500),
        sale(4, member=MemberId("d" * 32), total=3000),
    )

    rising, falling = replay(more, *events, in_force=fewer), replay(fewer, *events, in_force=more)

    assert (rising.up, rising.down) == (2, 0)
    assert (falling.up, falling.down) == (0, 2)


def test_a_tier_falls_when_its_time_is_over() -> None:
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


def test_a_granted_tier_counts_where_the_version_has_it() -> None:
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


def test_points_of_who_never_came_again_end_by_the_last_sale_of_all() -> None:
    short = msgspec.structs.replace(BARE, expiration=ExpirationRules(model=AfterEarning(days=10)))

    found = replay(short, sale(1), sale(2, member=OMAR, at_ms=WEDNESDAY_MS + MONTH_MS))

    assert (found.draft.expired, found.draft.open_points) == (21, 21)
    assert found.in_force.expired == 0


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
