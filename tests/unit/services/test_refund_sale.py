"""Goods come back: whole, by line, by amount, as a claim; and what can be no refund."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from pos_loyalty.domain.earning_rule import Conditions, EarningRule, PerItem, StampCard, Stamps
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, RuleViolation, StoreUnavailable
from pos_loyalty.domain.event import RefundLine, SaleLine, SaleRefunded, StampsGiven, decode_event
from pos_loyalty.domain.ids import CardKey, EventId, MemberId, RewardId, SaleId, StreamId
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.services.look_up_member import LookUpMember
from pos_loyalty.services.record_sale import RecordSale, SaleDone
from pos_loyalty.services.refund_sale import RefundDone, RefundSale
from pos_loyalty.services.undo_sale import UndoSale
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.sample_till import SampleTill, enroll, sell
from tests.unit.services.ruled_till import give_rules, pretend_joined

REFUND_ID = EventId("0f" * 16)
BREAD = SaleLine(amount=600, sku="bread", category="bread", quantity=3, unit_price=200)
MILK = SaleLine(amount=1500, sku="milk", category="dairy", quantity=1, unit_price=1500)


def rules(**fields: Any) -> LoyaltyProgram:  # noqa: ANN401 - fields vary by case
    return msgspec.structs.replace(STANDARD, **fields)


def sell_lines(till: Till, member: MemberId | None, *lines: SaleLine) -> SaleDone:
    total = sum(line.amount for line in lines)
    return till.record_sale(RecordSale(total=total, member_id=member, lines=lines, found_by="card"))


def balance(till: Till, member: MemberId) -> int:
    return till.look_up_member(LookUpMember(id=member)).balance_points


def events(till: Till) -> int:
    with till.context.store.read() as work:
        return work.journal.stream().last_seq


def stored(till: Till, refund: RefundDone) -> SaleRefunded:
    with till.context.store.read() as work:
        found = work.journal.get(refund.refund_id)
    assert found is not None
    event = decode_event(found.data)
    assert isinstance(event, SaleRefunded)
    return event


def refused(till: Till, command: RefundSale) -> LoyaltyError:
    before = events(till)
    with pytest.raises(LoyaltyError) as refusal:
        till.refund_sale(command)
    assert events(till) == before, "a refused refund writes nothing"
    return refusal.value


def test_a_whole_refund_brings_everything_back_to_before_the_sale(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)
    before = till.look_up_member(LookUpMember(id=ann))
    sale = till.record_sale(
        RecordSale(
            total=2100,
            member_id=ann,
            rewards=(RewardChoice(RewardId("pay-with-points"), 300),),
            found_by="card",
        )
    )

    done = till.refund_sale(RefundSale(sale.sale_id))

    after = till.look_up_member(LookUpMember(id=ann))
    assert (done.amount, done.cash, done.redeemed_points_returned) == (2100, 1950, 300)
    assert done.earned_points_taken == sale.earned_points
    assert (after.balance_points, after.spendable_points) == (
        before.balance_points,
        before.spendable_points,
    )
    assert done.left_amount == 0


def test_lines_come_back_one_by_one(till: Till) -> None:
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)

    first = till.refund_sale(
        RefundSale(sale.sale_id, lines=(RefundLine(line=0, amount=200, quantity=1),))
    )
    second = till.refund_sale(RefundSale(sale.sale_id, lines=(RefundLine(line=1, amount=1500),)))
    third = till.refund_sale(RefundSale(sale.sale_id))

    assert [refund.amount for refund in (first, second, third)] == [200, 1500, 400]
    assert [refund.left_amount for refund in (first, second, third)] == [1900, 400, 0]
    assert balance(till, ann) == 50
    assert stored(till, third).lines == (RefundLine(line=0, amount=400),)


def test_a_line_without_an_amount_is_its_items_or_all_that_is_left_of_it(till: Till) -> None:
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)

    two = till.refund_sale(
        RefundSale(sale.sale_id, lines=(RefundLine(line=0, amount=0, quantity=2),))
    )
    rest = till.refund_sale(RefundSale(sale.sale_id, lines=(RefundLine(line=0, amount=0),)))

    assert (two.amount, rest.amount) == (400, 200)


def test_A10_the_same_refund_twice_is_one_refund(till: Till) -> None:
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)
    command = RefundSale(
        sale.sale_id, lines=(RefundLine(line=0, amount=0, quantity=1),), refund_id=REFUND_ID
    )

    first = till.refund_sale(command)
    count = events(till)
    second = till.refund_sale(command)

    assert events(till) == count
    assert second == msgspec.structs.replace(first, already=True)


@pytest.mark.parametrize(
    "other", [{"amount": 300, "lines": ()}, {"lines": (RefundLine(line=1, amount=1),)}]
)
def test_a_refund_id_with_another_content_is_refused(till: Till, other: dict[str, Any]) -> None:
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)
    command = RefundSale(sale.sale_id, lines=(RefundLine(line=0, amount=200),), refund_id=REFUND_ID)
    till.refund_sale(command)

    refusal = refused(till, replace(command, **other))

    assert (refusal.code, refusal.saved) == (Code.CHANGE_ID, True)


def test_a_refund_that_takes_a_sale_s_id_is_refused(till: Till) -> None:
    ann = enroll(till)
    sale = sell(till, ann)

    refusal = refused(till, RefundSale(sale.sale_id, refund_id=EventId(sale.sale_id)))

    assert (refusal.code, refusal.saved) == (Code.CHANGE_ID, False)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ({"amount": 2101}, Code.REFUND_TOO_MUCH),
        ({"amount": -5}, Code.REFUND_NEGATIVE),
        ({"amount": 0}, Code.REFUND_ZERO),
        ({"lines": (RefundLine(line=2, amount=1),)}, Code.REFUND_LINE),
        ({"lines": (RefundLine(line=0, amount=601),)}, Code.REFUND_LINE_LEFT),
        ({"lines": (RefundLine(line=-1, amount=0),)}, Code.REFUND_LINE),
        ({"lines": (RefundLine(line=0, amount=300, quantity=-1),)}, Code.SALE_LINE),
        ({"lines": (RefundLine(line=0, amount=300, quantity=10**15),)}, Code.SALE_LINE),
        ({"lines": (RefundLine(line=0, amount=1),) * 501}, Code.COMMAND_FIELD),
        ({"member_id": MemberId("9" * 32)}, Code.REFUND_MEMBER),
        ({"refund_id": EventId("mine")}, Code.CHANGE_ID_SHAPE),
    ],
)
def test_what_can_be_no_refund_says_why(till: Till, command: dict[str, Any], code: Code) -> None:
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)

    assert refused(till, replace(RefundSale(sale.sale_id), **command)).code is code


def test_more_than_is_left_names_what_is_left(till: Till) -> None:
    ann = enroll(till)
    sale = sell(till, ann)
    till.refund_sale(RefundSale(sale.sale_id, amount=2000))

    refusal = refused(till, RefundSale(sale.sale_id, amount=101))

    assert refusal.message == "Only 1.00 of this sale is left to refund."


def test_a_sale_that_came_back_whole_has_nothing_left(till: Till) -> None:
    ann = enroll(till)
    sale = sell(till, ann)
    till.refund_sale(RefundSale(sale.sale_id))

    assert refused(till, RefundSale(sale.sale_id)).code is Code.REFUND_NOTHING


def test_a_refund_is_not_refunded_and_neither_is_a_sale_that_was_undone(till: Till) -> None:
    ann = enroll(till)
    sale = sell(till, ann)
    refund = till.refund_sale(RefundSale(sale.sale_id, amount=100))
    other = sell(till, ann)
    till.undo_sale(UndoSale(other.sale_id))

    assert refused(till, RefundSale(SaleId(refund.refund_id))).code is Code.REFUND_NO_SALE
    assert refused(till, RefundSale(other.sale_id)).code is Code.REFUND_REVERSED


def test_a_sale_that_was_refunded_in_part_is_no_longer_undone(till: Till) -> None:
    ann = enroll(till)
    sale = sell(till, ann)
    till.refund_sale(RefundSale(sale.sale_id, amount=100))

    with pytest.raises(RuleViolation) as refusal:
        till.undo_sale(UndoSale(sale.sale_id))

    assert refusal.value.code is Code.UNDO_CHANGED


def test_the_member_may_be_named_and_must_be_the_right_one(till: Till) -> None:
    ann, bo = enroll(till), enroll(till, "Bo Example")
    sale = sell(till, ann)

    assert refused(till, RefundSale(sale.sale_id, member_id=bo)).code is Code.REFUND_MEMBER
    assert till.refund_sale(RefundSale(sale.sale_id, member_id=ann)).amount == 2100


def test_an_unknown_sale_is_a_claim_that_states_no_points(till: Till) -> None:
    ann = enroll(till)
    unknown = SaleId("cd" * 16)

    done = till.refund_sale(RefundSale(unknown, amount=700, member_id=ann))

    event = stored(till, done)
    assert (done.claim, done.amount, done.cash, done.balance_points) == (True, 700, 0, 50)
    assert (event.claim, event.sale_id, event.member) == (True, unknown, ann)
    assert (event.earned_taken, event.redeemed_returned) == (0, 0)


def test_a_claim_may_name_lines_and_a_receipt_s_short_name(till: Till) -> None:
    lines = (RefundLine(line=3, amount=250, quantity=1),)

    done = till.refund_sale(RefundSale(SaleId("12345678"), lines=lines, member_id=enroll(till)))

    assert (stored(till, done).lines[0].line, done.amount) == (3, 250)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (RefundSale(SaleId("cd" * 16)), Code.REFUND_CLAIM),
        (RefundSale(SaleId("cd" * 16), amount=0), Code.REFUND_ZERO),
        (RefundSale(SaleId("cd" * 16), amount=-1), Code.REFUND_NEGATIVE),
        (RefundSale(SaleId("cd" * 16), amount=10**12), Code.AMOUNT_LONG),
        (
            RefundSale(SaleId("cd" * 16), lines=(RefundLine(line=0, amount=-1),)),
            Code.REFUND_NEGATIVE,
        ),
        (
            RefundSale(SaleId("cd" * 16), lines=(RefundLine(line=500, amount=1),)),
            Code.REFUND_LINE,
        ),
        (
            RefundSale(SaleId("cd" * 16), lines=(RefundLine(line=0, amount=1, quantity=-1),)),
            Code.SALE_LINE,
        ),
        (RefundSale(SaleId("12345678"), amount=5), Code.SALE_ID),
        (
            RefundSale(SaleId("cd" * 16), amount=5, member_id=MemberId("9" * 32)),
            Code.MEMBER_UNKNOWN,
        ),
        (RefundSale(SaleId("my sale"), amount=5), Code.SALE_ID),
        (RefundSale(SaleId("ABCDEFGH"), amount=5), Code.SALE_ID),
    ],
)
def test_a_claim_that_says_too_little_is_refused(
    till: Till, command: RefundSale, code: Code
) -> None:
    assert refused(till, command).code is code


def test_a_claim_is_repeated_without_a_second_one(till: Till) -> None:
    command = RefundSale(SaleId("cd" * 16), amount=700, refund_id=REFUND_ID)
    first = till.refund_sale(command)

    assert till.refund_sale(command) == msgspec.structs.replace(first, already=True)


def test_a_sale_without_a_member_is_refunded_in_money_alone(till: Till) -> None:
    sale = sell(till, None)

    done = till.refund_sale(RefundSale(sale.sale_id, amount=500))

    assert (done.cash, done.earned_points_taken, done.left_amount) == (500, 0, 1600)


def test_a_sale_on_an_unknown_card_takes_back_what_waits_there(till: Till) -> None:
    give_rules(till, rules(refunds=RefundRules(already_spent=AlreadySpent.CLAMP)))
    key = CardKey("7" * 32)
    pretend_joined(till)
    sale = till.record_sale(RecordSale(total=2100, card_key=key))

    done = till.refund_sale(RefundSale(sale.sale_id))

    event = stored(till, done)
    assert (event.card_key, event.member, event.earned_taken) == (key, None, 21)


def test_A09_points_spent_already_are_a_debt_that_the_next_points_repay(till: Till) -> None:
    ann = enroll(till)
    big = sell(till, ann, 80_000)
    till.record_sale(
        RecordSale(
            total=100,
            member_id=ann,
            rewards=(RewardChoice(RewardId("free-pastry")),),
            found_by="card",
        )
    )

    done = till.refund_sale(RefundSale(big.sale_id))

    assert done.balance_points == 50 + 1 - 800
    assert sell(till, ann, 1000).balance_points == 50 + 1 - 800 + 10


@pytest.mark.parametrize(
    ("policy", "cash"), [(AlreadySpent.CLAMP, 80_000), (AlreadySpent.TAKE_OFF_CASH, 79_625)]
)
def test_the_program_may_forgive_what_was_spent_or_take_it_off_the_cash(
    till: Till, policy: AlreadySpent, cash: int
) -> None:
    terms = RefundRules(already_spent=policy, point_worth=1, point_worth_points=2)
    give_rules(till, rules(refunds=terms))
    ann = enroll(till)
    big = sell(till, ann, 80_000)
    till.record_sale(
        RecordSale(
            total=100,
            member_id=ann,
            rewards=(RewardChoice(RewardId("free-pastry")),),
            found_by="card",
        )
    )

    done = till.refund_sale(RefundSale(big.sale_id))

    assert (done.balance_points, done.forgiven_points, done.cash) == (0, 749, cash)


def test_stamps_of_a_line_go_with_it(till: Till) -> None:
    stamps = EarningRule(
        id="stamps",
        name="Stamps",
        give=Stamps(card="coffee", per_item=True),
        when=Conditions(categories=("bread",)),
    )
    card = StampCard(id="coffee", name="Coffee card", stamps=10)
    give_rules(till, rules(rules=(stamps,), stamp_cards=(card,)))
    ann = enroll(till)
    sale = sell_lines(till, ann, BREAD, MILK)

    done = till.refund_sale(RefundSale(sale.sale_id, lines=(RefundLine(line=0, amount=400),)))

    assert done.stamps_taken == (StampsGiven(card="coffee", count=2),)


def test_rights_of_a_joined_till_come_back_and_are_taken_as_far_as_there_are_any(
    till: Till,
) -> None:
    ann = enroll(till)
    pretend_joined(till)
    sale = sell(till, ann)

    event = stored(till, till.refund_sale(RefundSale(sale.sale_id)))

    assert (event.earned_taken, event.rights_used, event.rights_returned) == (21, 21, 0)


def test_a_refund_of_an_earlier_journal_gives_no_rights_back(till: Till) -> None:
    ann = enroll(till)
    sell(till, ann, 90_000)
    sale = till.record_sale(
        RecordSale(
            total=2100,
            member_id=ann,
            rewards=(RewardChoice(RewardId("pay-with-points"), 300),),
            found_by="card",
        )
    )
    with till.context.store.write() as work:
        work.journal.open_stream(StreamId("e" * 32), "f" * 32)
        work.commit()

    event = stored(till, till.refund_sale(RefundSale(sale.sale_id)))

    assert (event.redeemed_returned, event.rights_returned, event.rights_used) == (300, 0, 0)


def test_F06_a_refund_whose_commit_did_not_return_is_looked_up(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = enroll(till)
    sale = sell(till, ann)
    commit = UnitOfWork.commit

    def commit_then_fail(work: UnitOfWork) -> None:
        commit(work)
        raise StoreUnavailable(Code.DISK_TROUBLE, owner="the owner")

    monkeypatch.setattr(UnitOfWork, "commit", commit_then_fail)
    done = till.refund_sale(RefundSale(sale.sale_id, refund_id=REFUND_ID))
    monkeypatch.undo()

    assert not done.already
    assert till.refund_sale(RefundSale(sale.sale_id, refund_id=REFUND_ID)).already


@given(
    cuts=some.lists(some.integers(min_value=1, max_value=900), max_size=6),
    amounts=some.lists(some.integers(min_value=1, max_value=4000), min_size=1, max_size=4),
)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_A09_any_division_of_a_sale_into_refunds_ends_where_it_began(
    till: Till, cuts: list[int], amounts: list[int]
) -> None:
    bonus = EarningRule(id="item", name="Item", give=PerItem(points=3))
    give_rules(till, rules(rules=(bonus,)))
    ann = enroll(till)
    before = balance(till, ann)
    sale = sell_lines(till, ann, *(SaleLine(amount=amount, quantity=2) for amount in amounts))

    left = sum(amounts)
    cash = 0
    for cut in cuts:
        if cut < left:
            cash += till.refund_sale(RefundSale(sale.sale_id, amount=cut)).cash
            left -= cut
    cash += till.refund_sale(RefundSale(sale.sale_id)).cash

    assert balance(till, ann) == before
    assert cash == sum(amounts)


def test_a_refund_is_in_the_verified_books(sample: SampleTill) -> None:
    with sample.open() as till:
        ann = enroll(till)
        sale = sell(till, ann)
        till.refund_sale(RefundSale(sale.sale_id, amount=700))

    assert sample.finding() is None
    tool = sample.tool()
    tool.execute("DELETE FROM event_reference")
    tool.close()
    finding = sample.finding()
    assert finding is not None
    assert finding.what == "it is not noted what it refers to"


def test_a_command_refused_for_its_id_is_no_rule(till: Till) -> None:
    with pytest.raises(CommandRefused):
        till.refund_sale(RefundSale(SaleId("x"), amount=1))
