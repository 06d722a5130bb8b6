"""A voucher is used once: with a sale, in one write, at this till or, if it must be, at another."""

import base64
import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.domain.event import SaleRecorded, VoucherClaimed, decode_event
from pos_loyalty.domain.ids import RewardId, SaleId
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.voucher import (
    LAST_DAY_MAX,
    VoucherGives,
    format_voucher,
    voucher_reward,
    voucher_to_sign,
)
from pos_loyalty.services.claim_voucher import ReadVoucher
from pos_loyalty.services.issue_vouchers import IssuedVoucher, IssueVouchers
from pos_loyalty.services.name_shop import NameShop
from pos_loyalty.services.quote_sale import QuoteSale
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.settings import Setting
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.till import Till
from tests.builders import DAY_MS
from tests.sample_till import SampleTill, enroll, sell

TODAY = dt.date(2026, 9, 21)
"""The day at which a sample till's clock begins."""
SALE_ID = SaleId("01" * 16)


def issue(
    till: Till, *, amount: int = 0, points: int = 0, until: dt.date = TODAY, count: int = 1
) -> tuple[IssuedVoucher, ...]:
    gives = VoucherGives.AMOUNT if amount else VoucherGives.POINTS
    return till.issue_vouchers(
        IssueVouchers(count=count, gives=gives, much=amount or points, until=until)
    )


def code(till: Till, *, amount: int = 0, points: int = 0, until: dt.date = TODAY) -> str:
    return issue(till, amount=amount, points=points, until=until)[0].code


def refused(call: Callable[[], object]) -> LoyaltyError:
    with pytest.raises(LoyaltyError) as refusal:
        call()
    return refusal.value


def events(till: Till) -> list[object]:
    with till.context.store.read() as work:
        rows = work.connection.execute("SELECT bytes FROM event ORDER BY seq").fetchall()
    return [decode_event(row[0]) for row in rows]


def balance(till: Till, member: str) -> int:
    with till.context.store.read() as work:
        row = work.connection.execute(
            "SELECT snapshot_points + overlay_points FROM points WHERE member = ?", (member,)
        ).fetchone()
    return int(row[0])


def test_a_voucher_says_what_it_is_worth_and_changes_nothing(till: Till) -> None:
    shown = till.read_voucher(ReadVoucher(f"  {code(till, amount=500).lower()}\n"))
    given = till.read_voucher(ReadVoucher(code(till, points=200)))

    assert (shown.amount, shown.points, shown.until) == (500, 0, TODAY)
    assert (given.amount, given.points) == (0, 200)
    assert (shown.till_name, shown.shop_name) == ("Till 1", "My shop")


def test_a_voucher_names_the_shop_of_a_till_that_works_alone(till: Till) -> None:
    till.name_shop(NameShop("Corner"))

    assert till.read_voucher(ReadVoucher(code(till, amount=500))).shop_name == "Corner"
    assert events(till) == []


def test_every_voucher_of_a_batch_is_one_of_its_own(till: Till) -> None:
    made = issue(till, points=5, count=50)

    assert len({one.voucher.id for one in made}) == len({one.code for one in made}) == 50


def test_an_amount_comes_off_after_the_rewards_and_does_not_earn(till: Till) -> None:
    member = enroll(till)
    sell(till, member, 100_000)
    three_off = RewardChoice(RewardId("three-off"))

    done = till.record_sale(
        RecordSale(
            total=2000,
            member_id=member,
            rewards=(three_off,),
            found_by="card",
            voucher=code(till, amount=500),
        )
    )

    assert (done.discount, done.to_pay, done.redeemed_points) == (800, 1200, 600)
    assert done.earned_points == 15, "12 euros, in silver"
    assert [step.text for step in done.trace[:2]] == [
        "€3 off: EUR 3.00 off",
        "Voucher: EUR 5.00 off",
    ]


def test_sale_and_claim_are_one_write(till: Till) -> None:
    member = enroll(till)
    (made,) = issue(till, amount=500)
    done = till.record_sale(
        RecordSale(total=2000, member_id=member, voucher=made.code, cashier="K")
    )

    sale, claim = events(till)[-2:]

    assert isinstance(sale, SaleRecorded)
    assert isinstance(claim, VoucherClaimed)
    on_sale = RewardTaken(reward=voucher_reward(made.voucher.id), points=0, discount=500)
    assert sale.rewards == (on_sale,)
    assert (claim.voucher, claim.sale_id, claim.member) == (made.voucher.id, done.sale_id, member)
    assert (claim.discount, claim.points, claim.cashier) == (500, 0, "K")
    with till.context.store.read() as work:
        hash_of = dict(work.connection.execute("SELECT id, seq FROM event").fetchall())
    assert hash_of[claim.id] == hash_of[sale.id] + 1


def test_F01_a_write_that_fails_leaves_neither_sale_nor_claim(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher = code(till, amount=500)

    def fail(work: UnitOfWork) -> NoReturn:
        del work
        raise StoreUnavailable(Code.DISK_FULL)

    with monkeypatch.context() as broken:
        broken.setattr(UnitOfWork, "commit", fail)
        assert refused(lambda: till.record_sale(RecordSale(total=900, voucher=voucher)))

    assert events(till) == []
    assert till.record_sale(RecordSale(total=900, voucher=voucher)).to_pay == 400


def test_a_voucher_needs_no_member_and_takes_off_at_most_what_is_left(till: Till) -> None:
    done = till.record_sale(RecordSale(total=300, voucher=code(till, amount=500)))

    assert (done.discount, done.to_pay, done.voucher_points) == (300, 0, 0)


def test_a_voucher_is_not_wasted_on_a_sale_that_is_paid(till: Till) -> None:
    member = enroll(till)
    sell(till, member, 100_000)
    voucher = code(till, amount=500)
    rewards = (RewardChoice(RewardId("three-off")),)

    error = refused(
        lambda: till.record_sale(
            RecordSale(
                total=300, member_id=member, rewards=rewards, found_by="card", voucher=voucher
            )
        )
    )

    assert error.code is Code.REWARD_TOO_LARGE
    assert till.read_voucher(ReadVoucher(voucher)).amount == 500


def test_points_of_a_voucher_go_to_the_member_and_are_no_earned_points(till: Till) -> None:
    member = enroll(till)
    voucher = code(till, points=200)
    quote = till.quote_sale(QuoteSale(member_id=member, total=900, voucher=voucher))

    done = till.record_sale(
        RecordSale(total=900, member_id=member, voucher=voucher, sale_id=SALE_ID)
    )

    assert (quote.voucher_points, quote.balance_after_points) == (200, 50 + 9 + 200)
    assert (done.voucher_points, done.earned_points, done.to_pay) == (200, 9, 900)
    assert done.balance_points == balance(till, member) == 259
    with till.context.store.read() as work:
        assert work.journal.rights(member).earned == 9, "never self-granted"
        assert work.journal.earned_since(member, 0) == 9, "no step toward a tier"


def test_points_need_a_member(till: Till) -> None:
    voucher = code(till, points=200)

    error = refused(lambda: till.record_sale(RecordSale(total=900, voucher=voucher)))

    assert error.message == "This voucher gives points. Scan the member's card first."
    assert events(till) == []


def test_a_second_claim_at_this_till_is_refused_in_words(till: Till) -> None:
    voucher = code(till, amount=500)
    done = till.record_sale(RecordSale(total=900, voucher=voucher))

    for call in (
        lambda: till.record_sale(RecordSale(total=900, voucher=voucher)),
        lambda: till.quote_sale(QuoteSale(member_id=None, total=900, voucher=voucher)),
        lambda: till.read_voucher(ReadVoucher(voucher)),
    ):
        error = refused(call)
        assert error.message == "This voucher was used already, here on 2026-09-21."
        assert error.facts["sale_id"] == done.sale_id
    assert len(events(till)) == 2


def test_F17_the_same_sale_again_is_the_same_voucher_and_no_second_claim(till: Till) -> None:
    member = enroll(till)
    voucher, other = code(till, points=200), code(till, points=200)
    command = RecordSale(total=900, member_id=member, voucher=voucher, sale_id=SALE_ID)
    first = till.record_sale(command)
    count = len(events(till))

    again = till.record_sale(command)

    assert again.already
    assert (again.voucher_points, again.balance_points) == (200, first.balance_points)
    assert len(events(till)) == count
    for wrong in ("", other, "no voucher"):
        error = refused(lambda wrong=wrong: till.record_sale(replace(command, voucher=wrong)))
        assert error.code is Code.SALE_DIFFERENT


def test_an_undone_sale_frees_its_voucher_and_takes_its_points_back(till: Till) -> None:
    member = enroll(till)
    voucher = code(till, points=200)
    for _ in range(2):
        done = till.record_sale(RecordSale(total=900, member_id=member, voucher=voucher))

        undone = till.undo_sale(UndoSale(done.sale_id))

        assert undone.voucher_points_taken == 200
        assert undone.balance_points == balance(till, member) == 50
        assert till.undo_sale(UndoSale(done.sale_id)).already
    assert till.read_voucher(ReadVoucher(voucher)).points == 200


def test_the_books_of_a_till_with_vouchers_are_sound(sample: SampleTill) -> None:
    with sample.open() as till:
        member = enroll(till)
        vouchers = [code(till, points=70) for _ in range(3)]
        sales = [RecordSale(total=900, member_id=member, voucher=each) for each in vouchers]
        for command in sales:
            till.record_sale(command)
        till.undo_sale(UndoSale())

    assert sample.finding() is None


def test_a_voucher_ends_with_its_day_on_the_shops_clock(sample: SampleTill, till: Till) -> None:
    voucher = code(till, amount=500)
    midnight_ms = (TODAY.toordinal() + 1 - dt.date(1970, 1, 1).toordinal()) * DAY_MS
    sample.clock.time_ms = midnight_ms - 60 * 60_000 - 10
    assert till.read_voucher(ReadVoucher(voucher)).amount == 500

    sample.clock.time_ms = midnight_ms - 60 * 60_000

    error = refused(lambda: till.record_sale(RecordSale(total=900, voucher=voucher)))
    assert error.message == "This voucher ended on 2026-09-21."


def test_S32_a_clock_set_back_gives_a_voucher_no_second_life(
    sample: SampleTill, till: Till
) -> None:
    voucher = code(till, amount=500)
    heard_ms = sample.clock.time_ms
    with till.context.store.write() as work:
        work.settings.put(Setting.TRUSTED_MS, heard_ms)
        work.settings.put(Setting.TRUSTED_BOOT_MS, sample.clock.running_ms)
        work.commit()
    sample.clock.running_ms += DAY_MS
    assert sample.clock.time_ms == heard_ms, "the clock says that it is still the last day"

    used = refused(lambda: till.record_sale(RecordSale(total=900, voucher=voucher)))

    assert used.code is Code.VOUCHER_OVER


def test_A01_a_voucher_of_somebody_else_is_refused(till: Till, sample: SampleTill) -> None:
    stranger = SampleTill(sample.data.parent / "stranger", seed=2)
    with stranger.open() as other:
        foreign = code(other, amount=99_999)
        error = refused(lambda: till.read_voucher(ReadVoucher(foreign)))
        assert error.code is Code.VOUCHER_FOREIGN

        with other.context.store.write() as work:
            merchant = till.context.identity.merchant
            work.connection.execute(
                "UPDATE setting SET value = ? WHERE name = 'merchant'", (merchant,)
            )
            work.commit()
        other.context.refresh()
        forged = code(other, amount=99_999)

    error = refused(lambda: till.record_sale(RecordSale(total=900, voucher=forged)))
    assert error.code is Code.VOUCHER_FORGED
    assert isinstance(error, CardError)
    assert events(till) == []


def test_a_voucher_of_nothing_is_refused_even_with_a_good_signature(till: Till) -> None:
    (made,) = issue(till, amount=500)
    context = till.context
    key = TillKey.from_text(Joining(context.store, context.clock, context.ids).private_key())
    nothing = replace(made.voucher, much=0)
    merchant = context.identity.merchant
    signature = base64.b64decode(key.sign(voucher_to_sign(merchant, nothing)))
    letters = format_voucher(merchant, nothing, signature)

    assert refused(lambda: till.read_voucher(ReadVoucher(letters))).code is Code.VOUCHER_FORGED


@pytest.mark.parametrize("gives", list(VoucherGives))
@pytest.mark.parametrize(
    ("count", "much", "until"),
    [
        (0, 5, TODAY),
        (10_001, 5, TODAY),
        (1, 0, TODAY),
        (1, 10**9, TODAY),
        (1, 5, TODAY - dt.timedelta(days=1)),
        (1, 5, LAST_DAY_MAX + dt.timedelta(days=1)),
    ],
)
def test_vouchers_that_cannot_be_are_not_made(
    till: Till, gives: VoucherGives, count: int, much: int, until: dt.date
) -> None:
    command = IssueVouchers(count=count, gives=gives, much=much, until=until)

    error = refused(lambda: till.issue_vouchers(command))

    assert isinstance(error, CommandRefused)
    assert error.code is Code.VOUCHER_MAKE
