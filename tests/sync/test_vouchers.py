"""Vouchers between real tills and a real server: taken offline anywhere, counted once."""

import datetime as dt

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CardError, RuleViolation
from pos_loyalty.domain.voucher import VoucherGives
from pos_loyalty.services.attention import AttentionItem, ReadAttention
from pos_loyalty.services.claim_voucher import ReadVoucher
from pos_loyalty.services.issue_vouchers import IssueVouchers
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.sample_till import enroll
from tests.sync.shop import Shop, assert_sound, balance, spendable, sync

WELCOME = 50


def voucher(till: Till, *, amount: int = 0, points: int = 0) -> str:
    (made,) = till.issue_vouchers(
        IssueVouchers(
            count=1,
            gives=VoucherGives.AMOUNT if amount else VoucherGives.POINTS,
            much=amount or points,
            until=dt.datetime.now(dt.UTC).date() + dt.timedelta(days=9),
        )
    )
    return made.code


def synced(*tills: Till) -> None:
    """Let every till hear of what the others did."""
    for till in tills * 2:
        assert sync(till).trouble is None


def twice(till: Till) -> list[AttentionItem]:
    """Return what the owner's list at a till says of vouchers."""
    return [each for each in till.attention(ReadAttention()).items if each.kind == "voucher_twice"]


def test_a_voucher_of_one_till_is_taken_at_another_offline(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    synced(one, two)
    letters = voucher(one, amount=500)
    shop.proxy.cut()

    shown = two.read_voucher(ReadVoucher(letters))
    done = two.record_sale(RecordSale(total=2000, voucher=letters))

    assert (shown.amount, done.to_pay) == (500, 1500)
    assert shown.till_name == one.shop.till_name


def test_a_till_that_issued_alone_keeps_its_promise_after_it_joined(shop: Shop) -> None:
    one = shop.open_till("one")
    letters = voucher(one, amount=500)
    shop.join(one)
    two = shop.joined_till("two")
    synced(one, two)

    assert two.record_sale(RecordSale(total=2000, voucher=letters)).discount == 500


def test_points_of_a_voucher_can_be_used_when_the_server_has_them(shop: Shop) -> None:
    one = shop.joined_till("one")
    member = enroll(one)
    synced(one)
    shop.proxy.cut()
    before = spendable(one, member)
    one.record_sale(RecordSale(total=90, member_id=member, voucher=voucher(one, points=200)))
    assert balance(one, member) == WELCOME + 200
    assert spendable(one, member) == before
    shop.proxy.heal()

    synced(one)

    assert shop.balance_at_server(member) == balance(one, member) == WELCOME + 200
    assert shop.server.verified().faults == []
    assert_sound(one)


def test_A01_a_voucher_used_at_two_tills_offline_counts_once_and_is_listed(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    synced(one, two)
    letters = voucher(one, points=200)
    shop.proxy.cut()
    for till in (one, two):
        till.record_sale(RecordSale(total=90, member_id=member, voucher=letters))
        with pytest.raises(RuleViolation) as refused:
            till.record_sale(RecordSale(total=90, member_id=member, voucher=letters))
        assert refused.value.code is Code.VOUCHER_USED
    shop.proxy.heal()

    synced(one, two)

    assert shop.balance_at_server(member) == WELCOME + 200
    for till in (one, two):
        assert balance(till, member) == WELCOME + 200
        assert [(item.member, item.points) for item in twice(till)] == [(member, 200)]
        assert_sound(till)
    assert shop.server.verified().faults == []


def test_an_undone_sale_frees_its_voucher_for_another_till(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    member = enroll(one)
    synced(one, two)
    letters = voucher(one, points=200)
    done = one.record_sale(RecordSale(total=90, member_id=member, voucher=letters))
    one.undo_sale(UndoSale(done.sale_id))
    synced(one, two)
    assert shop.balance_at_server(member) == WELCOME

    two.record_sale(RecordSale(total=90, member_id=member, voucher=letters))
    synced(one, two)

    assert shop.balance_at_server(member) == balance(one, member) == WELCOME + 200
    assert twice(one) == []
    assert shop.server.verified().faults == []


def test_the_undo_of_a_sale_takes_a_vouchers_points_by_rights_and_counts(shop: Shop) -> None:
    till = shop.joined_till("one")
    member = enroll(till)
    done = till.record_sale(
        RecordSale(total=90, member_id=member, voucher=voucher(till, points=200))
    )
    synced(till)
    assert till.context.ask_rights(member, WELCOME + 200)

    till.undo_sale(UndoSale(done.sale_id))
    synced(till)

    assert shop.balance_at_server(member) == balance(till, member) == WELCOME
    assert shop.server.verified().faults == []


def test_A01_a_voucher_of_a_revoked_till_is_refused(shop: Shop) -> None:
    one, two = shop.joined_till("one"), shop.joined_till("two")
    synced(one, two)
    letters = voucher(one, amount=500)
    assert two.read_voucher(ReadVoucher(letters)).amount == 500
    with two.context.store.write() as work:
        work.connection.execute("UPDATE till SET status = 'revoked'")
        work.commit()

    with pytest.raises(CardError) as refused:
        two.read_voucher(ReadVoucher(letters))

    assert refused.value.code is Code.VOUCHER_FORGED
