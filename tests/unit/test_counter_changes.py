"""`counter`: lines, refunds, moves, activities, adjustments, tiers, new rules, from its lines."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.earning_rule import (
    ActivityRule,
    Approval,
    Caps,
    Conditions,
    EarnBasis,
    EarningRule,
    PerItem,
    ReferralEvent,
    ReferralRule,
)
from pos_loyalty.domain.error_catalog import CATALOG, Code
from pos_loyalty.domain.tier import PaidMembership
from pos_loyalty.till import Till
from tests.builders import STANDARD
from tests.sample_till import SampleTill
from tests.unit.services.ruled_till import give_rules

SALE_ID = "0a" * 16
OTHER_ID = "0b" * 16
LINES = [
    {"sku": "42", "category": "bread", "quantity": 3, "unit_price": "2.00"},
    {"sku": "7", "category": "dairy", "amount": "15.00", "tax": "1.05"},
]
RULES = msgspec.structs.replace(
    STANDARD,
    rules=(
        EarningRule(
            id="bread",
            name="Bread",
            give=PerItem(points=5),
            when=Conditions(categories=("bread",)),
        ),
    ),
    activities=(
        ActivityRule(id="review", name="Review", points=30, caps=Caps(day=30)),
        ActivityRule(id="event", name="Evening", points=50, approval=Approval.OWNER),
    ),
    tiers=(
        *STANDARD.tiers[:2],
        msgspec.structs.replace(STANDARD.tiers[2], paid=PaidMembership(price=2500, months=6)),
    ),
    referral=ReferralRule(pays_on=ReferralEvent.ENROLLMENT, referrer_points=10),
)


class Counter:
    """A session on a fresh till, spoken to in Python."""

    def __init__(self, till: Till) -> None:
        self.till = till
        self.session = CounterSession(till)

    def __call__(self, do: str, **fields: object) -> dict[str, Any]:
        line = json.dumps({"do": do, **fields}).encode()
        return json.loads(msgspec.json.encode(self.session.answer(line)))


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with SampleTill(tmp_path / "till").open() as till:
        give_rules(till, RULES)
        yield Counter(till)


@pytest.fixture
def ann(counter: Counter) -> str:
    return counter("enroll", card=None, name="Ann")["member"]["id"]


def test_a_sale_with_lines_earns_by_them_and_sums_them_itself(counter: Counter, ann: str) -> None:
    answer = counter(
        "sale",
        member=ann,
        lines=LINES,
        payments=[{"kind": "card", "amount": "25.00"}, {"kind": "card", "amount": "-4.00"}],
    )

    assert (answer["ok"], answer["to_pay"], answer["earned_points"]) == (True, 2100, 21 + 15)
    assert "Bread" in json.dumps(answer["trace"])


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lines": LINES, "total": "20.00"}, Code.SALE_LINES),
        ({"lines": [{"sku": "1"}]}, Code.COMMAND_FIELD),
        ({"lines": "bread"}, Code.COMMAND_FIELD),
        ({"lines": [{"amount": "1.00", "quantity": 0}]}, Code.SALE_LINE),
        ({"lines": [{"amount": "1.00", "tax": "1.01"}]}, Code.SALE_LINE),
        ({"lines": [{"amount": "1.00", "sku": "x" * 81}]}, Code.COMMAND_FIELD),
        ({"lines": [{"amount": "1.00"}] * 501}, Code.COMMAND_FIELD),
        ({"lines": [{"amount": "1.00"}, {"amount": "-1.00"}]}, Code.AMOUNT_ZERO),
        ({"lines": [{"amount": 100}]}, Code.COMMAND_FIELD),
        ({"lines": [{"amount": "a lot"}]}, Code.AMOUNT_SHAPE),
        ({"total": "5.00", "tax": "5.01"}, Code.SALE_TAX),
        ({"lines": LINES, "tax": "1.00"}, Code.SALE_TAX),
        ({"total": "5.00", "tax": "-1"}, Code.SALE_TAX),
        ({"total": "5.00", "payments": [{"kind": "card", "amount": "5.01"}]}, Code.SALE_PAYMENTS),
        ({"total": "5.00", "payments": [{"kind": "", "amount": "5.00"}]}, Code.COMMAND_FIELD),
        ({"total": "5.00", "payments": [{"amount": "5.00"}]}, Code.COMMAND_FIELD),
        ({"total": "9" * 5000}, Code.AMOUNT_LONG),
        ({"total": "0" * 5000}, Code.AMOUNT_ZERO),
        ({"total": "5.00", "tax": "-" * 5000 + "1"}, Code.AMOUNT_NEGATIVE),
        ({"lines": [{"amount": "--5.00"}]}, Code.AMOUNT_NEGATIVE),
        ({"lines": [{"amount": "-"}]}, Code.AMOUNT_SHAPE),
    ],
)
def test_lines_that_do_not_add_up_are_refused(
    counter: Counter, ann: str, fields: dict[str, Any], code: Code
) -> None:
    before = counter("status")["pending"]

    answer = counter("sale", member=ann, **fields)

    assert (answer["ok"], answer["code"], answer["saved"]) == (False, code.value, False)
    assert CATALOG[code].template.split("{")[0] in answer["message"]
    assert counter("status")["pending"] == before


def test_tax_does_not_earn_where_the_program_says_so(counter: Counter, ann: str) -> None:
    give_rules(
        counter.till,
        msgspec.structs.replace(STANDARD, earn_basis=EarnBasis.PRE_TAX),
        version="rules-pre-tax",
    )

    whole = counter("sale", member=ann, total="11.90", tax="1.90")
    lines = counter("sale", member=ann, lines=[{"amount": "11.90", "tax": "1.90"}])

    assert whole["earned_points"] == lines["earned_points"] == 10


def test_a_refund_takes_a_line_an_amount_or_the_rest(counter: Counter, ann: str) -> None:
    counter("sale", member=ann, lines=LINES, sale_id=SALE_ID)

    line = counter("refund", sale_id=SALE_ID, lines=[{"line": 0, "quantity": 1}])
    amount = counter("refund", sale_id=SALE_ID, amount="1.00", cashier="Eve")
    rest = counter("refund", sale_id=SALE_ID, refund_id=OTHER_ID)
    again = counter("refund", sale_id=SALE_ID, refund_id=OTHER_ID)

    assert [each["amount"] for each in (line, amount, rest)] == [200, 100, 1800]
    assert (rest["balance_points"], rest["left_amount"], rest["already"]) == (50, 0, False)
    assert again == rest | {"already": True}


def test_a_refund_by_receipt_finds_its_sale(counter: Counter, ann: str) -> None:
    sale = counter("sale", member=ann, total="21.00")

    done = counter("refund", receipt=sale["receipt_code"], amount="1.00")

    assert (done["sale_id"], done["member_id"], done["claim"]) == (sale["sale_id"], ann, False)
    assert counter("refund", receipt="R" + "B" * 217)["ok"] is False


def test_a_refund_of_another_till_s_sale_is_a_claim(counter: Counter, ann: str) -> None:
    done = counter("refund", sale_id=OTHER_ID, amount="4.00", member=ann)

    assert (done["claim"], done["amount"], done["earned_points_taken"]) == (True, 400, 0)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({}, Code.REFUND_WHICH),
        ({"sale_id": 5}, Code.COMMAND_FIELD),
        ({"sale_id": SALE_ID, "amount": "21.01"}, Code.REFUND_TOO_MUCH),
        ({"sale_id": SALE_ID, "amount": "-1"}, Code.REFUND_NEGATIVE),
        ({"sale_id": SALE_ID, "lines": [{"line": 9}]}, Code.REFUND_LINE),
        ({"sale_id": SALE_ID, "lines": [{"amount": "1"}]}, Code.COMMAND_FIELD),
        ({"sale_id": SALE_ID, "lines": []}, Code.COMMAND_FIELD),
        ({"sale_id": SALE_ID, "lines": [{"line": 0}], "amount": "1.00"}, Code.REFUND_EITHER),
        ({"sale_id": SALE_ID, "member": OTHER_ID}, Code.REFUND_MEMBER),
        ({"sale_id": SALE_ID, "refund_id": "x"}, Code.CHANGE_ID_SHAPE),
        ({"sale_id": OTHER_ID}, Code.REFUND_CLAIM),
        ({"sale_id": "x", "amount": "1"}, Code.SALE_ID),
    ],
)
def test_a_refund_that_cannot_be_gets_a_clear_answer(
    counter: Counter, ann: str, fields: dict[str, Any], code: Code
) -> None:
    counter("sale", member=ann, lines=LINES, sale_id=SALE_ID)

    answer = counter("refund", **fields)

    assert (answer["ok"], answer["code"]) == (False, code.value)
    assert counter("member", id=ann)["member"]["balance_points"] == 86


def test_a_sale_moves_and_a_forgotten_card_is_added(counter: Counter, ann: str) -> None:
    bo = counter("enroll", card=None, name="Bo")["member"]["id"]
    counter("sale", member=ann, total="21.00", sale_id=SALE_ID)
    counter("sale", member=None, total="10.00", sale_id=OTHER_ID)

    moved = counter("move", sale_id=SALE_ID, member=bo, approved_by="Mo")
    added = counter("move", sale_id=OTHER_ID, member=bo)
    same = counter("move", sale_id=OTHER_ID, member=bo)

    assert (moved["from_balance_points"], moved["balance_points"]) == (50, 71)
    assert (added["from_member"], added["balance_points"]) == (None, 81)
    assert same["code"] == "E-MOVE-SAME"


def test_activities_adjustments_and_tiers(counter: Counter, ann: str) -> None:
    review = counter("activity", member=ann, activity="review", activity_id=SALE_ID)
    above = counter("activity", member=ann, activity="review")
    alone = counter("activity", member=ann, activity="event", cashier="Eve", approved_by="Eve")
    adjusted = counter(
        "adjust", member=ann, points=-20, reason="Wrong card", approved_by="Mo", cashier="Eve"
    )
    below = counter("adjust", member=ann, points=-61, reason="All", approved_by="Mo")
    bought = counter("tier", member=ann, tier="gold", bought=True)
    granted = counter(
        "tier", member=ann, tier="silver", until="1999-01-01", reason="Why", approved_by="Mo"
    )

    assert (review["points"], review["balance_points"]) == (30, 80)
    assert (above["code"], alone["code"]) == ("E-ACTIVITY-CAP", "E-SECOND-NAME")
    assert "30 are given already" in above["message"]
    assert (adjusted["points"], adjusted["balance_points"]) == (-20, 60)
    assert (below["code"], below["facts"]["balance_points"]) == ("E-ADJUST-BELOW", 60)
    assert (bought["tier_name"], bought["price"]) == ("Gold", 2500)
    assert granted["code"] == "E-TIER-UNTIL"
    assert counter("member", id=ann)["member"]["tier"] == "Gold"


@pytest.mark.parametrize(
    ("do", "fields"),
    [
        ("adjust", {"points": "20", "reason": "Why", "approved_by": "Mo"}),
        ("adjust", {"points": True, "reason": "Why", "approved_by": "Mo"}),
        ("adjust", {"points": 1, "reason": "x" * 201, "approved_by": "Mo"}),
        ("activity", {}),
        ("activity", {"activity": "review", "reference": "x" * 201}),
        ("tier", {"tier": "gold", "until": "soon"}),
        ("tier", {"tier": "gold", "bought": "yes"}),
        ("move", {"sale_id": 5}),
    ],
)
def test_a_field_that_is_none_is_named(
    counter: Counter, ann: str, do: str, fields: dict[str, Any]
) -> None:
    answer = counter(do, member=ann, **fields)

    assert (answer["code"], answer["saved"]) == ("E-COMMAND-FIELD", False)
    assert answer["facts"]["field"] in fields.keys() | {"activity"}


def test_enrolling_by_invitation_names_who_invited(counter: Counter, ann: str) -> None:
    letters = counter("member", id=ann)["member"]["invitation"]

    by_letters = counter("enroll", card=None, invitation=letters, birthday="05-31")
    by_id = counter("enroll", card=None, invited_by=ann)
    bad = counter("enroll", card=None, birthday="31 May")

    assert by_letters["invited_by"] == by_id["invited_by"] == ann
    assert bad["code"] == "E-BIRTHDAY-SHAPE"


def test_pending_points_and_the_next_end_are_told(counter: Counter, ann: str) -> None:
    give_rules(counter.till, msgspec.structs.replace(STANDARD, pending_days=7), version="pending-2")
    counter("sale", member=ann, total="10.00")

    member = counter("member", id=ann)["member"]

    assert (member["balance_points"], member["spendable_points"]) == (60, 50)
    assert member["pending_points"] == 10
    assert member["pending_until"] > 0
    assert (member["ends_points"], member["ends"], member["ended_points"]) == (0, None, 0)
    assert member["spend_limit"]["reason"] == "pending"


def test_new_rules_are_told_until_somebody_asked_for_them(tmp_path: Path) -> None:
    sample = SampleTill(tmp_path / "till")
    with sample.open() as till:
        counter = Counter(till)
        before = counter("status")["new_rules"]
        give_rules(till, RULES)
        told = counter("status")["new_rules"]
        twice = counter("status")["new_rules"]
        shown = counter("program")["program"]
        after = counter("status")["new_rules"]
    with sample.open() as till:
        later = Counter(till)("status")["new_rules"]

    assert before is None
    assert told == twice
    assert told["version"] == shown["version"] == "rules-1"
    assert (after, later) == (None, None)
