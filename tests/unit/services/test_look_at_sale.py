"""A past sale as it stands: what is left of each line, and what chosen lines bring back."""

import pytest

from pos_loyalty.domain.event import RefundLine, SaleLine
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.services.look_at_sale import LookAtSale, SaleLookedAt
from pos_loyalty.services.record_sale import RecordSale
from pos_loyalty.services.refund_sale import RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.till import Till
from tests.sample_till import enroll, sell

BREAD = SaleLine(amount=600, sku="bread", category="bakery", quantity=3, unit_price=200)
MILK = SaleLine(amount=1500, sku="milk", category="dairy")
GIFT = SaleLine(amount=0, sku="bag")
COUPON = SaleLine(amount=-300, category="discount")


@pytest.fixture
def ann(till: Till) -> MemberId:
    return enroll(till)


def sell_lines(till: Till, member: MemberId | None, *lines: SaleLine) -> SaleId:
    total = sum(line.amount for line in lines)
    order = RecordSale(total=total, member_id=member, lines=lines, found_by="card")
    return till.record_sale(order).sale_id


def look(till: Till, sale_id: SaleId) -> SaleLookedAt:
    return till.look_at_sale(LookAtSale(sale_id))


def lefts(looked: SaleLookedAt) -> list[int]:
    return [line.left_amount for line in looked.lines]


def test_every_line_says_what_it_is_and_what_is_left_of_it(till: Till, ann: MemberId) -> None:
    sale_id = sell_lines(till, ann, BREAD, MILK)
    till.refund_sale(RefundSale(sale_id, lines=(RefundLine(line=0, amount=250),)))

    bread, milk = look(till, sale_id).lines

    assert (bread.number, bread.sku, bread.category) == (0, "bread", "bakery")
    assert (bread.quantity, bread.amount, bread.left_amount) == (3, 600, 350)
    assert (milk.number, milk.amount, milk.left_amount) == (1, 1500, 1500)


def test_lines_can_be_chosen_where_two_have_something_left(till: Till, ann: MemberId) -> None:
    sale_id = sell_lines(till, ann, BREAD, GIFT, MILK)
    before = look(till, sale_id)
    assert [line.number for line in before.open_lines] == [0, 2]
    assert before.has_choice

    till.refund_sale(RefundSale(sale_id, lines=(RefundLine(line=0, amount=0),)))

    after = look(till, sale_id)
    assert [line.number for line in after.open_lines] == [2]
    assert not after.has_choice


def test_a_sale_without_lines_is_one_line_without_a_choice(till: Till, ann: MemberId) -> None:
    sale_id = sell(till, ann, 2100).sale_id

    looked = look(till, sale_id)

    assert lefts(looked) == [2100]
    assert not looked.has_choice


def test_nothing_is_chosen_of_a_sale_that_was_undone(till: Till, ann: MemberId) -> None:
    sale_id = sell_lines(till, ann, BREAD, MILK)
    till.undo_sale(UndoSale(sale_id))

    assert not look(till, sale_id).has_choice


def test_chosen_lines_come_back_with_all_that_is_left_of_them(till: Till, ann: MemberId) -> None:
    sale_id = sell_lines(till, ann, BREAD, MILK, GIFT)
    till.refund_sale(RefundSale(sale_id, lines=(RefundLine(line=0, amount=250),)))

    looked = look(till, sale_id)

    assert looked.coming_back([0]) == (RefundLine(line=0, amount=350),)
    assert looked.coming_back([1, 0]) == (
        RefundLine(line=0, amount=350),
        RefundLine(line=1, amount=1500),
    )
    assert looked.coming_back([2, 7]) == ()


def test_lines_beside_a_discount_line_never_bring_back_more_than_the_sale(
    till: Till, ann: MemberId
) -> None:
    """A discount rung up as a line makes the others more than the sale."""
    sale_id = sell_lines(till, ann, BREAD, MILK, COUPON)
    looked = look(till, sale_id)
    assert lefts(looked) == [600, 1500, 0]

    both = looked.coming_back([0, 1])

    assert sum(line.amount for line in both) == 1800 == looked.left_amount
    done = till.refund_sale(RefundSale(sale_id, lines=both))
    assert (done.amount, done.left_amount) == (1800, 0)
    assert lefts(look(till, sale_id)) == [0, 0, 0]


def test_a_line_alone_brings_back_no_more_than_is_left_of_the_sale(
    till: Till, ann: MemberId
) -> None:
    sale_id = sell_lines(till, ann, BREAD, MILK, COUPON)
    till.refund_sale(RefundSale(sale_id, lines=(RefundLine(line=1, amount=0),)))

    looked = look(till, sale_id)

    assert looked.left_amount == 300
    assert lefts(looked) == [600, 0, 0]
    assert looked.coming_back([0]) == (RefundLine(line=0, amount=300),)


def test_a_share_of_nothing_is_not_named(till: Till) -> None:
    """A named line with an amount of 0 would be all that is left of it."""
    one = SaleLine(amount=1)
    most = SaleLine(amount=1000)
    sale_id = sell_lines(till, None, one, most, SaleLine(amount=-999))

    back = look(till, sale_id).coming_back([0, 1])

    assert [line.amount for line in back] == [2]
    assert till.refund_sale(RefundSale(sale_id, lines=back)).amount == 2
