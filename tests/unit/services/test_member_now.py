"""What is known of a member: the server's sheet, and what this till did since."""

from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Bonus,
    Caps,
    Conditions,
    EarningRule,
    Multiply,
    PerVisit,
)
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleRecorded, decode_event
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules, Inactivity
from pos_loyalty.domain.ids import MemberId, RewardId, TierId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberSheet
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.tier import Tier, TierRules, TierWindow
from pos_loyalty.services import member_now as module
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_now import NOTHING_KNOWN, MemberNow, member_now
from pos_loyalty.services.member_view import ENDED, PENDING, MemberView
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.row_writer import RowWriter
from pos_loyalty.till import Till
from pos_loyalty.wire.messages import MemberRow
from tests.builders import DAY_MS, STANDARD
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.ruled_till import give_rules, pretend_joined

PASTRY = (RewardChoice(RewardId("free-pastry")),)
CAPPED = EarningRule(id="bonus", name="Bonus", give=Bonus(points=10), caps=Caps(month=25))
REVIEW = ActivityRule(id="review", name="Review", points=30, caps=Caps(member=30))


def rules(**fields: Any) -> LoyaltyProgram:  # noqa: ANN401 - fields vary by case
    return msgspec.structs.replace(STANDARD, **fields)


def view(till: Till, member: MemberId) -> MemberView:
    return till.look_up_member(LookUpMember(id=member))


def now(till: Till, member: MemberId) -> MemberNow:
    with till.context.store.read() as work:
        record = work.members.record(member)
        assert record is not None
        return member_now(till.context, work, record, at_ms=till.context.clock.now_ms())


def hear(till: Till, row: MemberRow, *, have: int) -> None:
    """Let a row of the server arrive that holds this till's events up to ``have``."""
    with till.context.store.write() as work:
        context = till.context
        RowWriter(work, epoch=1, have=have, clock=context.clock, ids=context.ids).store(row)
        work.commit()


def newest_sale(till: Till) -> SaleRecorded:
    with till.context.store.read() as work:
        event = decode_event(work.journal.newest("sale", 1)[0].data)
    assert isinstance(event, SaleRecorded)
    return event


def test_a_plain_program_reads_no_event_and_stores_nothing_more(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise AssertionError(args)

    monkeypatch.setattr(module, "_alone", fail)
    monkeypatch.setattr(module, "_of_sheet", fail)
    ann = enroll(till)
    sell(till, ann)

    assert now(till, ann) is NOTHING_KNOWN
    assert newest_sale(till).known is NO_FACTS


def test_a_cap_of_the_month_counts_what_was_given_before(till: Till) -> None:
    give_rules(till, rules(rules=(CAPPED,)))
    ann = enroll(till)

    earned = [sell(till, ann, 100).earned_points for _ in range(4)]

    assert earned == [11, 11, 6, 1]
    assert sum(newest_sale(till).known.tally.values()) == 25


def test_what_is_undone_or_refunded_counts_no_longer(till: Till) -> None:
    give_rules(till, rules(rules=(CAPPED,)))
    ann = enroll(till)
    sales = [sell(till, ann, 100) for _ in range(2)]

    till.undo_sale(UndoSale(sales[0].sale_id))
    till.refund_sale(RefundSale(sales[1].sale_id))

    assert now(till, ann).sheet.tally == {}


def test_the_sheet_and_the_own_events_since_add_up(till: Till) -> None:
    give_rules(till, rules(rules=(CAPPED,)))
    ann = enroll(till)
    pretend_joined(till)
    sell(till, ann, 100)
    key = next(iter(now(till, ann).sheet.tally))
    row = MemberRow(v=1, member=ann, balance=80, sheet=MemberSheet(tally={key: 12}))

    hear(till, row, have=1)
    both = now(till, ann).sheet.tally[key]
    hear(till, msgspec.structs.replace(row, v=2), have=2)
    sheet_alone = now(till, ann).sheet.tally[key]

    assert (both, sheet_alone) == (22, 12)


def test_a_sale_that_earned_nothing_is_a_visit_all_the_same(till: Till) -> None:
    first = EarningRule(
        id="first", name="First", give=Multiply(percent=300), when=Conditions(first_purchase=True)
    )
    give_rules(till, rules(rules=(first,)))
    ann = enroll(till)

    small, usual = sell(till, ann, 50), sell(till, ann, 1000)

    assert (small.earned_points, usual.earned_points) == (0, 10)
    assert newest_sale(till).known.tally == {"visits": 1}


def test_a_second_visit_within_hours_gives_no_points_for_the_visit(sample: SampleTill) -> None:
    visit = EarningRule(id="visit", name="Visit", give=PerVisit(points=5, hours_between=4))
    with sample.open() as till:
        give_rules(till, rules(rules=(visit,)))
        ann = enroll(till)
        first, second = sell(till, ann, 100), sell(till, ann, 100)
        till.undo_sale(UndoSale(second.sale_id))
        sample.clock.time_ms += 5 * 3_600_000
        third = sell(till, ann, 100)

    assert [sale.earned_points for sale in (first, second, third)] == [6, 1, 6]


def test_activities_are_counted_for_their_caps(till: Till) -> None:
    give_rules(till, rules(activities=(REVIEW,)))
    ann = enroll(till)
    till.record_activity(RecordActivity(ann, "review"))

    with pytest.raises(RuleViolation) as refusal:
        till.record_activity(RecordActivity(ann, "review"))

    assert refusal.value.code is Code.ACTIVITY_CAP
    assert now(till, ann).sheet.tally == {"activity:review": 30}


def test_a_moved_sale_counts_for_the_one_who_has_it(till: Till) -> None:
    give_rules(till, rules(rules=(CAPPED,)))
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann, 100)

    till.move_sale(MoveSale(sale.sale_id, bo))

    assert now(till, ann).sheet.tally == {}
    assert list(now(till, bo).sheet.tally.values()) == [10]
    till.refund_sale(RefundSale(sale.sale_id))
    assert now(till, bo).sheet.tally == {}


def test_pending_points_are_in_the_balance_and_not_spendable(sample: SampleTill) -> None:
    with sample.open() as till:
        give_rules(till, rules(pending_days=14))
        ann = enroll(till)
        done = sell(till, ann, 90_000)
        shown = view(till, ann)
        with pytest.raises(RuleViolation) as refusal:
            till.record_sale(RecordSale(total=500, member_id=ann, rewards=PASTRY, found_by="card"))
        sample.clock.time_ms += 15 * DAY_MS
        later = view(till, ann)

    assert (done.balance_points, done.spendable_points) == (950, 50)
    assert (shown.balance_points, shown.spendable_points, shown.pending_points) == (950, 50, 900)
    assert shown.pending_until_ms == newest_pending(sample)
    assert shown.limit is not None
    assert shown.limit.reason == PENDING
    assert refusal.value.code is Code.POINTS_PENDING
    assert refusal.value.facts["pending_points"] == 900
    assert (later.spendable_points, later.pending_points, later.limit) == (950, 0, None)


def newest_pending(sample: SampleTill) -> int:
    with sample.open() as till:
        return newest_sale(till).pending_until_ms


def test_pending_points_of_a_joined_till_are_no_rights(till: Till) -> None:
    give_rules(till, rules(pending_days=14))
    ann = enroll(till)
    pretend_joined(till)
    sale = sell(till, ann, 9_000)

    assert (view(till, ann).pending_points, view(till, ann).spendable_points) == (90, 0)
    till.refund_sale(RefundSale(sale.sale_id, amount=4_500))
    assert view(till, ann).pending_points == 45
    hear(
        till,
        MemberRow(
            v=1,
            member=ann,
            balance=95,
            sheet=MemberSheet(pending=45, pending_until_ms=2_000_000_000_000),
        ),
        have=3,
    )
    assert (view(till, ann).balance_points, view(till, ann).pending_points) == (95, 45)


def hear_pending(till: Till, member: MemberId, sample: SampleTill, *, have: int = 1) -> int:
    """Let the server say that 45 of 95 points can be used from tomorrow on."""
    until_ms = sample.clock.now_ms() + DAY_MS
    sheet = MemberSheet(pending=45, pending_until_ms=until_ms)
    hear(till, MemberRow(v=1, member=member, balance=95, sheet=sheet), have=have)
    return until_ms


@pytest.mark.parametrize("changes", [{}, {"pending_days": 14}])
@pytest.mark.parametrize(("granted", "spendable"), [(95, 95), (50, 50), (0, 0)])
def test_points_whose_wait_is_over_wait_no_longer_on_a_till_without_a_line(
    sample: SampleTill, changes: dict[str, Any], granted: int, spendable: int
) -> None:
    with sample.open() as till:
        give_rules(till, rules(**changes))
        ann = enroll(till)
        pretend_joined(till, granted={ann: granted})
        until_ms = hear_pending(till, ann, sample)
        waiting = view(till, ann)
        sample.clock.time_ms += 20 * DAY_MS
        over = view(till, ann)

    assert (waiting.pending_points, waiting.pending_until_ms) == (45, until_ms)
    assert waiting.spendable_points == min(granted, 50)
    assert (over.pending_points, over.pending_until_ms) == (0, 0)
    assert (over.balance_points, over.spendable_points) == (95, spendable)
    assert (over.limit is None) == (spendable == 95)
    assert over.limit is None or over.limit.reason != PENDING


def test_once_the_servers_moment_has_passed_only_what_was_sold_here_is_said_to_wait(
    sample: SampleTill,
) -> None:
    with sample.open() as till:
        give_rules(till, rules(pending_days=14))
        ann = enroll(till)
        pretend_joined(till)
        old = sell(till, ann, 2_500)
        ends_wait_ms = newest_sale(till).pending_until_ms
        # 25 of the 45 are of this sale, the others of another till.
        hear_pending(till, ann, sample, have=2)
        sample.clock.time_ms += 2 * DAY_MS
        over = view(till, ann)
        till.refund_sale(RefundSale(old.sale_id, amount=1_000))
        refunded = view(till, ann)
        sell(till, ann, 3_000)
        more = view(till, ann)
        till.refund_sale(RefundSale(old.sale_id))
        rest = view(till, ann)
        last_ms = newest_sale(till).pending_until_ms

    waits = [(each.pending_points, each.pending_until_ms) for each in (over, refunded, more, rest)]
    assert waits == [(25, ends_wait_ms), (15, ends_wait_ms), (45, ends_wait_ms), (30, last_ms)]


def test_goods_that_came_back_leave_nothing_that_waits(sample: SampleTill) -> None:
    with sample.open() as till:
        give_rules(till, rules(pending_days=14))
        ann = enroll(till)
        pretend_joined(till)
        sale = sell(till, ann, 4_500)
        hear_pending(till, ann, sample, have=2)
        till.refund_sale(RefundSale(sale.sale_id))

        assert (view(till, ann).pending_points, view(till, ann).pending_until_ms) == (0, 0)


def test_the_points_of_a_moved_sale_wait_for_the_one_who_has_it(till: Till) -> None:
    give_rules(till, rules(pending_days=14))
    ann, bo = enroll(till), enroll(till, "Bo Example")
    pretend_joined(till)
    sale = sell(till, ann, 4_500)

    till.move_sale(MoveSale(sale.sale_id, bo))

    until_ms = newest_sale(till).pending_until_ms
    assert (view(till, ann).pending_points, view(till, ann).pending_until_ms) == (0, 0)
    assert (view(till, bo).pending_points, view(till, bo).pending_until_ms) == (45, until_ms)


def test_points_whose_end_has_passed_are_no_longer_offered(sample: SampleTill) -> None:
    with sample.open() as till:
        ann = enroll(till)
        pretend_joined(till, granted={ann: 900})
        ends_ms = sample.clock.now_ms() + DAY_MS
        sheet = MemberSheet(ends_points=300, ends_ms=ends_ms)
        hear(till, MemberRow(v=1, member=ann, balance=900, sheet=sheet), have=1)
        before = view(till, ann)
        sample.clock.time_ms += 2 * DAY_MS
        after = view(till, ann)
        with pytest.raises(RuleViolation) as refusal:
            till.record_sale(RecordSale(total=500, member_id=ann, rewards=PASTRY, found_by="card"))

    assert (before.spendable_points, before.ends_points, before.ends_ms) == (900, 300, ends_ms)
    assert (after.spendable_points, after.ended_points, after.ends_points) == (600, 300, 0)
    assert after.limit is not None
    assert after.limit.reason == ENDED
    assert refusal.value.code is Code.POINTS_ENDED


def test_what_was_used_here_before_the_end_is_not_counted_as_ended(sample: SampleTill) -> None:
    with sample.open() as till:
        give_rules(till, rules(pending_days=14))
        ann = enroll(till)
        pretend_joined(till, granted={ann: 900})
        sheet = MemberSheet(ends_points=900, ends_ms=sample.clock.now_ms() + DAY_MS)
        hear(till, MemberRow(v=1, member=ann, balance=900, sheet=sheet), have=1)
        till.record_sale(RecordSale(total=500, member_id=ann, rewards=PASTRY, found_by="card"))

        assert view(till, ann).ends_points == 100
        sample.clock.time_ms += 2 * DAY_MS
        assert view(till, ann).ended_points == 100


def test_a_till_that_works_alone_knows_from_its_journal_what_ends(sample: SampleTill) -> None:
    ending = ExpirationRules(model=AfterEarning(days=30))
    with sample.open() as till:
        give_rules(till, rules(expiration=ending))
        ann = enroll(till)
        sell(till, ann, 90_000)
        sample.clock.time_ms += 10 * DAY_MS
        sell(till, ann, 10_000)
        till.record_sale(RecordSale(total=500, member_id=ann, rewards=PASTRY, found_by="card"))
        before = view(till, ann)
        sample.clock.time_ms += 25 * DAY_MS
        after = view(till, ann)

    # 950 points end first; 800 of them were used. What came later ends later.
    assert before.ends_points == 150
    assert after.balance_points == after.spendable_points == before.balance_points - 150
    assert (after.ended_points, after.limit) == (0, None)


def test_points_of_who_stays_away_end_at_a_till_that_works_alone(sample: SampleTill) -> None:
    with sample.open() as till:
        give_rules(till, rules(expiration=ExpirationRules(model=Inactivity(months=6))))
        ann = enroll(till)
        sell(till, ann, 10_000)
        before = view(till, ann)
        sample.clock.time_ms += 200 * DAY_MS
        away = view(till, ann)
        sell(till, ann, 1_000)
        back = view(till, ann)

    assert (before.ends_points, before.spendable_points) == (150, 150)
    assert before.ends_ms > 0
    assert (away.balance_points, away.spendable_points) == (0, 0)
    assert (back.balance_points, back.spendable_points) == (10, 10)


def test_tiers_by_money_and_visits_are_reached_at_once(till: Till) -> None:
    tiers = (
        Tier(id=TierId("base"), name="Base"),
        Tier(id=TierId("friend"), name="Friend", threshold_visits=3, percent=200),
        Tier(id=TierId("star"), name="Star", threshold_spend=50_000, percent=300),
    )
    give_rules(till, rules(tiers=tiers, weekday_multipliers=()))
    ann = enroll(till)

    earned = [sell(till, ann, 1000).earned_points for _ in range(4)]
    sell(till, ann, 46_000)

    assert earned == [10, 10, 10, 20]
    shown = view(till, ann)
    assert (shown.tier.id, shown.next_tier) == ("star", None)


def test_a_joined_till_raises_and_never_lowers_a_tier(till: Till) -> None:
    tiers = (
        Tier(id=TierId("base"), name="Base"),
        Tier(id=TierId("friend"), name="Friend", threshold_points=30),
        Tier(id=TierId("star"), name="Star", threshold_points=60),
    )
    window = TierRules(window=TierWindow.LIFETIME)
    give_rules(till, rules(tiers=tiers, weekday_multipliers=(), tier_rules=window))
    ann = enroll(till)
    pretend_joined(till)
    hear(till, MemberRow(v=1, member=ann, tier=TierId("friend")), have=1)

    held = view(till, ann)
    sell(till, ann, 7_000)

    assert (held.tier.id, held.next_tier and held.next_tier.missing_points) == ("friend", 60)
    assert view(till, ann).tier.id == "star"


def test_a_till_that_works_alone_counts_the_points_of_a_year_toward_a_plain_tier(
    sample: SampleTill,
) -> None:
    with sample.open() as till:
        ann = enroll(till)
        sell(till, ann, total=50_000)
        held = [view(till, ann).tier.id]
        sample.clock.time_ms += 365 * DAY_MS - 60_000
        held.append(view(till, ann).tier.id)
        sample.clock.time_ms += 2 * 60_000
        held.append(view(till, ann).tier.id)

    assert held == ["silver", "silver", "bronze"]


def test_a_tier_falls_one_step_at_a_till_that_works_alone(sample: SampleTill) -> None:
    tiers = (
        Tier(id=TierId("base"), name="Base"),
        Tier(id=TierId("friend"), name="Friend", threshold_spend=10_000),
        Tier(id=TierId("star"), name="Star", threshold_spend=50_000),
    )
    short = TierRules(months=1)
    with sample.open() as till:
        give_rules(till, rules(tiers=tiers, tier_rules=short))
        ann = enroll(till)
        sell(till, ann, 60_000)
        held = [view(till, ann).tier.id]
        for _ in range(3):
            sample.clock.time_ms += 65 * DAY_MS
            held.append(view(till, ann).tier.id)

    assert held == ["star", "friend", "base", "base"]
