"""A till that works alone: points that ended are in its journal, and in no balance it shows."""

import datetime as dt
import random
from typing import Any

import msgspec
import pytest

from pos_loyalty.domain.earning_rule import ActivityRule
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import LoyaltyError, RuleViolation
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules, Inactivity
from pos_loyalty.domain.explained_member import MemberExplained
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.lot import balance as balance_of
from pos_loyalty.domain.program import AlreadySpent, RefundRules
from pos_loyalty.domain.receipt_code import parse_receipt
from pos_loyalty.domain.voucher import VoucherGives
from pos_loyalty.services.adjust_points import AdjustPoints
from pos_loyalty.services.explain import Explain
from pos_loyalty.services.history import ReadHistory
from pos_loyalty.services.issue_vouchers import IssueVouchers
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.member_now import balance_now, member_now
from pos_loyalty.services.member_view import MemberView
from pos_loyalty.services.move_sale import MoveSale
from pos_loyalty.services.own_lots import OwnLots
from pos_loyalty.services.quote_sale import QuoteSale
from pos_loyalty.services.record_activity import RecordActivity
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.builders import DAY_MS, STANDARD
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.ruled_till import give_rules, redeem

MONTH = ExpirationRules(model=AfterEarning(days=30), grace_days=5)
REVIEW = ActivityRule(id="review", name="Review", points=30)
PASTRY = "free-pastry"
WELCOME = 50


def ending(till: Till, **fields: Any) -> None:  # noqa: ANN401 - fields of a program
    """Let points end 30 days after they were earned; nothing multiplies them."""
    rules = {"expiration": MONTH, "activities": (REVIEW,), "tiers": STANDARD.tiers[:1]} | fields
    give_rules(till, msgspec.structs.replace(STANDARD, weekday_multipliers=(), **rules))


def view(till: Till, member: MemberId) -> MemberView:
    return till.look_up_member(LookUpMember(id=member, found_by="card"))


def explained(till: Till, member: MemberId) -> MemberExplained:
    found = till.explain(Explain(member))
    assert isinstance(found, MemberExplained)
    return found


def later(sample: SampleTill, days: int) -> None:
    sample.clock.time_ms += days * DAY_MS


def test_points_that_ended_are_in_no_balance_that_is_shown(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann = enroll(till)
        sell(till, ann, 90_000)
        later(sample, 20)
        sell(till, ann, 10_000)
        before = view(till, ann)
        later(sample, 20)
        after = view(till, ann)
        quote = till.quote_sale(QuoteSale(member_id=ann, total=1_000))
        done = sell(till, ann, 1_000)
        again = till.record_sale(
            RecordSale(total=1_000, member_id=ann, sale_id=done.sale_id, found_by="card")
        )
        receipt = parse_receipt(till.make_receipt(done.sale_id) or "").receipt

    assert (before.balance_points, before.ends_points) == (1050, 950)
    assert (after.balance_points, after.spendable_points, after.limit) == (100, 100, None)
    assert (after.ended_points, after.ends_points) == (0, 100)
    assert quote.balance_after_points == done.balance_points == again.balance_points == 110
    assert (done.spendable_points, receipt.points) == (110, 110)


def test_what_can_be_bought_and_taken_away_is_what_has_not_ended(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann = enroll(till)
        sell(till, ann, 90_000)
        later(sample, 40)
        sell(till, ann, 20_000)
        with pytest.raises(RuleViolation) as reward:
            redeem(till, ann, PASTRY)
        offered = {offer.id: offer.why_not for offer in view(till, ann).rewards}
        with pytest.raises(RuleViolation) as below:
            till.adjust_points(AdjustPoints(ann, -201, "too many", approved_by="Sam"))
        taken = till.adjust_points(AdjustPoints(ann, -200, "too many", approved_by="Sam"))

    assert (reward.value.code, reward.value.facts["short_points"]) == (Code.POINTS_SHORT, 600)
    assert offered[RewardId(PASTRY)] is Code.POINTS_SHORT
    assert (below.value.code, below.value.facts["balance_points"]) == (Code.ADJUST_BELOW, 200)
    assert taken.balance_points == 0


def test_every_change_answers_with_the_balance_that_is_shown(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann, bo = enroll(till), enroll(till, "Bo Example")
        sell(till, ann, 90_000)
        later(sample, 40)
        sale, wrong = sell(till, ann, 10_000), sell(till, ann, 5_000)
        activity = till.record_activity(RecordActivity(ann, "review"))
        assert activity.balance_points == 180 == view(till, ann).balance_points
        refund = till.refund_sale(RefundSale(sale.sale_id, amount=4_000))
        assert refund.balance_points == 140 == view(till, ann).balance_points
        moved = till.move_sale(MoveSale(wrong.sale_id, bo))
        assert (moved.from_balance_points, moved.balance_points) == (90, 50)
        undone = till.undo_sale(UndoSale(sell(till, ann, 2_000).sale_id))
        adjusted = till.adjust_points(AdjustPoints(ann, 7, "waited long", approved_by="Sam"))

        assert undone.balance_points == 90
        assert adjusted.balance_points == 97 == view(till, ann).balance_points
        assert view(till, bo).balance_points == 50


def test_a_refund_of_points_that_ended_takes_no_more_than_there_is_where_it_clamps(
    sample: SampleTill,
) -> None:
    with sample.open() as till:
        ending(till, refunds=RefundRules(already_spent=AlreadySpent.CLAMP))
        ann = enroll(till)
        old = sell(till, ann, 90_000)
        later(sample, 40)
        sell(till, ann, 10_000)
        back = till.refund_sale(RefundSale(old.sale_id))

    assert (back.earned_points_taken, back.forgiven_points, back.balance_points) == (100, 800, 0)


def test_points_that_ended_before_their_goods_came_back_are_a_debt(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann = enroll(till)
        old = sell(till, ann, 90_000)
        later(sample, 40)
        back = till.refund_sale(RefundSale(old.sale_id))
        shown = view(till, ann)

    assert (back.balance_points, shown.balance_points, shown.spendable_points) == (-900, -900, 0)


def test_why_says_what_ended_and_when(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann = enroll(till)
        sell(till, ann, 90_000)
        redeem(till, ann, PASTRY, total=500)
        later(sample, 20)
        sell(till, ann, 10_000)
        ends_ms = view(till, ann).ends_ms
        later(sample, 20)
        sell(till, ann, 1_000)
        why = explained(till, ann)
        lines = till.history(ReadHistory(ann))
        short = till.history(ReadHistory(ann, limit=2))

    (gone,) = [entry for entry in why.entries if entry.kind == EntryKind.EXPIRATION]
    assert (gone.points, gone.at_ms, gone.what) == (-155, ends_ms, "ended, as the program says")
    assert why.balance == 110 == why.entries[-1].balance
    assert sum(entry.points for entry in why.entries) == 110
    assert [entry.at_ms for entry in why.entries] == sorted(entry.at_ms for entry in why.entries)
    assert [(line.kind, line.points) for line in lines] == [
        (entry.kind, entry.points) for entry in why.entries
    ]
    assert lines[-1].balance_points == short[-1].balance_points == 110
    assert [line.kind for line in short] == ["elsewhere", "expiration", "accrual"]


def test_who_stayed_away_begins_again_at_nothing(sample: SampleTill) -> None:
    away = ExpirationRules(model=Inactivity(months=6))
    with sample.open() as till:
        ending(till, expiration=away)
        ann = enroll(till)
        old = sell(till, ann, 10_000)
        later(sample, 200)
        gone = view(till, ann)
        back = sell(till, ann, 1_000)
        # What comes back after all points ended is of now, and stays.
        till.adjust_points(AdjustPoints(ann, 5, "sorry", approved_by="Sam"))
        sell(till, ann, 100)
        why = explained(till, ann)

    assert (gone.balance_points, gone.spendable_points) == (0, 0)
    assert (back.balance_points, why.balance) == (10, 16)
    assert [entry.points for entry in why.entries if entry.kind == "expiration"] == [-150]
    assert old.balance_points == 150


def test_what_came_back_after_all_points_ended_does_not_end_with_them(sample: SampleTill) -> None:
    away = ExpirationRules(model=Inactivity(months=6))
    with sample.open() as till:
        ending(till, expiration=away)
        ann = enroll(till)
        sell(till, ann, 90_000)
        taken = redeem(till, ann, PASTRY, total=500)
        later(sample, 200)
        till.refund_sale(RefundSale(taken.sale_id))
        later(sample, 1)
        shown = view(till, ann)

    # 800 came back; the 5 that the sale earned had ended, so they are taken from these.
    assert shown.balance_points == 795


def test_the_points_of_a_moved_sale_end_with_the_sale(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till, pending_days=10)
        ann, bo = enroll(till), enroll(till, "Bo Example")
        sale = sell(till, ann, 10_000)
        sale_ends_ms = view(till, ann).ends_ms
        later(sample, 5)
        till.move_sale(MoveSale(sale.sale_id, bo))
        moved = view(till, bo)
        later(sample, 26)

        assert moved.ends_ms == sale_ends_ms
        assert (moved.balance_points, moved.pending_points) == (150, 100)
        assert view(till, bo).balance_points == 0


def test_the_points_of_a_voucher_go_with_the_undone_sale(sample: SampleTill) -> None:
    with sample.open() as till:
        ending(till)
        ann = enroll(till)
        until = dt.datetime.fromtimestamp(sample.clock.now_ms() / 1000, dt.UTC).date()
        issue = IssueVouchers(
            count=1, gives=VoucherGives.POINTS, much=200, until=until + dt.timedelta(days=9)
        )
        (voucher,) = till.issue_vouchers(issue)
        done = till.record_sale(
            RecordSale(total=1_000, member_id=ann, voucher=voucher.code, found_by="card")
        )
        undone = till.undo_sale(UndoSale(done.sale_id))
        shown = view(till, ann)

    assert (done.balance_points, undone.balance_points) == (260, WELCOME)
    assert (shown.balance_points, shown.ends_points) == (WELCOME, WELCOME)


def test_a_till_that_has_joined_shows_what_the_server_says(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object) -> None:
        raise AssertionError(args)

    ann = enroll(till)
    monkeypatch.setattr(OwnLots, "fold", fail)
    with till.context.store.read() as work:
        assert balance_now(till.context, work, ann) == WELCOME, "a plain program keeps no lots"
        assert balance_now(till.context, work, None) == 0
        assert balance_now(till.context, work, MemberId("nobody")) == 0


@pytest.mark.parametrize("seed", range(8))
def test_lots_and_journal_agree_in_every_history(sample: SampleTill, seed: int) -> None:
    """The sum of the journal is what the lots hold and what ended of them."""
    dice = random.Random(seed)
    with sample.open() as till:
        ending(till, pending_days=dice.choice((0, 7)))
        people = [enroll(till), enroll(till, "Bo Example")]
        sales = [sell(till, dice.choice(people), 40_000)]
        for _ in range(40):
            later(sample, dice.randrange(6))
            member = dice.choice(people)
            step = dice.choice(
                (
                    lambda who=member: sales.append(sell(till, who, dice.randrange(1, 30_000))),
                    lambda who=member: sales.append(redeem(till, who, PASTRY, total=600)),
                    lambda: till.refund_sale(
                        RefundSale(dice.choice(sales).sale_id, amount=dice.randrange(1, 9_000))
                    ),
                    lambda: till.undo_sale(UndoSale()),
                    lambda who=member: till.move_sale(MoveSale(dice.choice(sales).sale_id, who)),
                    lambda who=member: till.adjust_points(
                        AdjustPoints(who, dice.randrange(-90, 90), "a slip", approved_by="Sam")
                    ),
                )
            )
            try:
                step()
            except LoyaltyError:
                continue
        for member in people:
            with till.context.store.read() as work:
                record = work.members.record(member)
                assert record is not None
                lots = OwnLots(till.context, work, member)
                lots.fold(work.journal.index.of_member(member))
                now_ms = till.context.clock.now_ms()
                gone = member_now(till.context, work, record, at_ms=now_ms).gone
            ended = sum(due.points for due in gone)
            assert record.balance_points == balance_of(lots.book)
            assert view(till, member).balance_points == record.balance_points - ended
            assert explained(till, member).balance == record.balance_points - ended
