"""A sale is recorded once, whole, and says what is true."""

from dataclasses import replace

import msgspec
import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation, StoreUnavailable
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import CardKey, MemberId, RewardId, SaleId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.quote_sale import QuoteSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.till import Till
from tests.sample_till import enroll, sell

PASTRY = (RewardChoice(RewardId("free-pastry")),)
SALE_ID = SaleId("01" * 16)


def count_events(till: Till) -> int:
    with till.context.store.read() as work:
        return work.journal.stream().last_seq


def pretend_joined(till: Till) -> None:
    """Let the till believe that a server knows it, without one."""
    with till.context.store.write() as work:
        work.settings.put(Setting.TILL, "7" * 32)
        work.commit()
    till.context.refresh()


def test_a_sale_earns_and_answers_with_the_new_balance(till: Till) -> None:
    ann = enroll(till)

    done = sell(till, ann, 2100)

    assert (done.earned_points, done.balance_points, done.to_pay) == (21, 71, 2100)
    assert done.trace[-1].points == 21
    assert not done.already


def test_a_sale_without_a_card_is_counted_and_earns_nothing(till: Till) -> None:
    done = till.record_sale(RecordSale(total=450))

    assert (done.earned_points, done.balance_points) == (0, 0)
    assert count_events(till) == 1


def test_the_same_sale_id_twice_is_the_same_sale(till: Till) -> None:
    ann = enroll(till)
    command = RecordSale(total=2100, member_id=ann, sale_id=SALE_ID)

    first = till.record_sale(command)
    events = count_events(till)
    second = till.record_sale(command)

    assert count_events(till) == events
    assert second == msgspec.structs.replace(first, already=True)


@pytest.mark.parametrize(
    "other",
    [
        {"total": 2200},
        {"member_id": None},
        {"rewards": (RewardChoice(RewardId("pay-with-points"), 100),)},
    ],
)
def test_a_sale_id_with_another_content_is_refused(till: Till, other: dict[str, object]) -> None:
    ann = enroll(till)
    command = RecordSale(total=2100, member_id=ann, sale_id=SALE_ID)
    till.record_sale(command)

    with pytest.raises(RuleViolation) as refused:
        till.record_sale(replace(command, **other))  # pyright: ignore[reportArgumentType] - one field of the command

    assert refused.value.code is Code.SALE_DIFFERENT


def test_an_event_that_is_no_sale_does_not_lend_its_id(till: Till) -> None:
    enroll(till)
    with till.context.store.read() as work:
        (enrollment,) = work.journal.newest("enrollment", 1)

    with pytest.raises(RuleViolation) as refused:
        till.record_sale(RecordSale(total=100, sale_id=SaleId(enrollment.id)))

    assert refused.value.code is Code.SALE_DIFFERENT
    assert not refused.value.saved


def test_a_sale_id_of_the_wrong_shape_is_refused(till: Till) -> None:
    with pytest.raises(CommandRefused) as refused:
        till.record_sale(RecordSale(total=100, sale_id=SaleId("mine-1")))

    assert refused.value.code is Code.SALE_ID


def test_a_reward_is_paid_before_the_sale_earns(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 74_000)

    with pytest.raises(RuleViolation) as refused:
        till.record_sale(RecordSale(total=10_000, member_id=ann, rewards=PASTRY))

    assert refused.value.code is Code.POINTS_SHORT
    assert refused.value.message == "10 points short for Free pastry."


def test_refused_redemption_writes_nothing(till: Till) -> None:
    ann = enroll(till)
    before = count_events(till)

    with pytest.raises(RuleViolation):
        till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))

    assert count_events(till) == before


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (RecordSale(total=0), Code.AMOUNT_ZERO),
        (RecordSale(total=-1), Code.AMOUNT_NEGATIVE),
        (RecordSale(total=10**12), Code.AMOUNT_LONG),
        (RecordSale(total=100, member_id=MemberId("0" * 32)), Code.MEMBER_UNKNOWN),
        (RecordSale(total=100, rewards=PASTRY), Code.REWARD_NO_MEMBER),
    ],
)
def test_bad_input_writes_nothing_and_says_why(till: Till, command: RecordSale, code: Code) -> None:
    with pytest.raises(LoyaltyError) as refused:
        till.record_sale(command)

    assert refused.value.code is code
    assert not refused.value.saved
    assert count_events(till) == 0


def test_A23_a_typed_number_collects_but_does_not_redeem(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)

    with pytest.raises(RuleViolation) as refused:
        till.record_sale(RecordSale(total=100, member_id=ann, rewards=PASTRY, found_by="number"))

    assert refused.value.code is Code.NUMBER_EARNS_ONLY


def test_own_earnings_are_spendable_at_once_and_welcome_points_wait(till: Till) -> None:
    pretend_joined(till)
    ann = enroll(till)
    sell(till, ann, 79_000)

    with pytest.raises(RuleViolation) as refused:
        till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))
    assert refused.value.code is Code.RIGHTS_SHORT
    assert refused.value.facts["spendable_points"] == 790

    sell(till, ann, 1000)
    done = till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))

    assert (done.redeemed_points, done.balance_points) == (800, 50 + 802 - 800 + 26)
    assert done.spendable_points == 802 - 800 + 26


def test_the_server_is_asked_once_when_rights_are_short(till: Till) -> None:
    pretend_joined(till)
    ann = enroll(till)
    sell(till, ann, 79_000)
    asked: list[int] = []

    def grant(member: MemberId, points: int) -> bool:
        asked.append(points)
        with till.context.store.write() as work:
            work.connection.execute(
                "UPDATE points SET granted = granted + 50 WHERE member = ?", (member,)
            )
            work.commit()
        return True

    till.context.ask_rights = grant
    done = till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))

    assert asked == [800]
    assert done.redeemed_points == 800


def test_the_allowance_is_used_up_and_only_the_server_refills_it(till: Till) -> None:
    pretend_joined(till)
    ann = enroll(till)
    sell(till, ann, 79_000)
    with till.context.store.write() as work:
        work.settings.put(Setting.RISK_TOTAL, 15)
        work.commit()

    till.record_sale(RecordSale(total=2100, member_id=ann, rewards=PASTRY))

    with till.context.store.read() as work:
        assert work.settings.number(Setting.RISK_USED) == 10


def test_F06_after_a_failed_commit_the_file_is_asked_for_the_truth(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = enroll(till)
    commit = UnitOfWork.commit

    def commit_then_fail(work: UnitOfWork) -> None:
        commit(work)
        raise StoreUnavailable(Code.DISK_TROUBLE, owner="the owner")

    monkeypatch.setattr(UnitOfWork, "commit", commit_then_fail)
    done = sell(till, ann)
    monkeypatch.undo()

    assert done.balance_points == 71
    assert till.record_sale(
        RecordSale(total=2100, member_id=ann, sale_id=done.sale_id, found_by="card")
    ).already


def test_F06_a_commit_that_did_not_happen_is_not_called_saved(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = enroll(till)

    def fail(work: UnitOfWork) -> None:
        del work
        raise StoreUnavailable(Code.DISK_FULL, owner="the owner")

    monkeypatch.setattr(UnitOfWork, "commit", fail)
    with pytest.raises(StoreUnavailable) as refused:
        sell(till, ann)
    monkeypatch.undo()

    assert not refused.value.saved
    assert "NOT saved" in refused.value.message
    assert count_events(till) == 1


def test_F06_where_even_the_look_up_fails_the_sale_counts_as_not_saved(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(work: UnitOfWork) -> None:
        del work
        raise StoreUnavailable(Code.DISK_TROUBLE, owner="the owner")

    def gone(event_id: str) -> bool:
        raise StoreUnavailable(Code.DATA_GONE, owner=event_id)

    monkeypatch.setattr(UnitOfWork, "commit", fail)
    monkeypatch.setattr(till.context.store, "holds_event", gone)
    with pytest.raises(StoreUnavailable) as refused:
        till.record_sale(RecordSale(total=100))

    assert refused.value.code is Code.DISK_TROUBLE


def test_a_card_that_is_new_to_this_till_earns_on_its_key(till: Till) -> None:
    pretend_joined(till)
    key = CardKey("c" * 32)

    done = till.record_sale(RecordSale(total=2100, card_key=key, sale_id=SALE_ID))

    assert (done.earned_points, done.balance_points) == (21, 0)
    again = till.record_sale(RecordSale(total=2100, card_key=key, sale_id=SALE_ID))
    assert again.trace == done.trace


def test_lines_travel_with_the_sale(till: Till) -> None:
    lines = (SaleLine(amount=2100, sku="42", category="bread", quantity=3, unit_price=700),)

    till.record_sale(RecordSale(total=2100, lines=lines))

    with till.context.store.read() as work:
        (stored,) = work.journal.newest("sale", 1)
    assert b'"category":"bread"' in stored.data


def test_the_preview_says_what_the_sale_will_do(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)
    rewards = (RewardChoice(RewardId("three-off")),)

    quote = till.quote_sale(QuoteSale(member_id=ann, total=2100, rewards=rewards))
    done = till.record_sale(RecordSale(total=2100, member_id=ann, rewards=rewards))

    assert (quote.earned_points, quote.redeemed_points) == (
        done.earned_points,
        done.redeemed_points,
    )
    assert (quote.to_pay, quote.balance_after_points) == (done.to_pay, done.balance_points)
    assert quote.trace == done.trace
    assert (quote.next_reward_name, quote.next_reward_missing_points) == (
        "10 % off",
        400 - done.balance_points,
    )


def test_a_preview_for_the_richest_member_names_no_next_reward(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 400_000)

    quote = till.quote_sale(QuoteSale(member_id=ann, total=100))

    assert (quote.next_reward_name, quote.next_reward_missing_points) == ("", 0)


@pytest.mark.parametrize("joined", [False, True])
def test_the_answer_says_what_the_books_say_afterwards(till: Till, *, joined: bool) -> None:
    if joined:
        pretend_joined(till)
    ann = enroll(till)
    with till.context.store.write() as work:
        work.settings.put(Setting.RISK_TOTAL, 500)
        work.commit()

    for total, rewards in ((95_000, ()), (2100, PASTRY), (100_000, ()), (999, PASTRY)):
        done = till.record_sale(RecordSale(total=total, member_id=ann, rewards=rewards))
        shown = till.look_up_member(LookUpMember(id=ann))
        assert done.balance_points == shown.balance_points
        assert done.spendable_points == shown.spendable_points
