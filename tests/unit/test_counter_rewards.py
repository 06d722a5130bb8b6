"""Rewards and vouchers through `counter`: what each costs, why not, and using it once."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.cli import main
from pos_loyalty.counter import CounterSession
from pos_loyalty.domain.earning_rule import Conditions, StampCard
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.reward import FreeItem, Gift
from pos_loyalty.till import Till, open_till
from tests.builders import STANDARD
from tests.sample_till import SampleTill
from tests.unit.services.ruled_till import give_rules
from tests.unit.services.test_vouchers import code

CAKE = FreeItem(
    id=RewardId("cake"), name="Cake", cost_points=40, item="Cake", choices=("Plum", "Apple")
)
CAP = Gift(id=RewardId("cap"), name="Cap", cost_points=10, when=Conditions(tiers=(TierId("gold"),)))
COFFEE = FreeItem(id=RewardId("coffee"), name="Coffee", item="Coffee", stamp_card="coffee")


class Counter:
    """A session on a till with three rewards, and a member with 50 points."""

    def __init__(self, till: Till) -> None:
        card = StampCard(id="coffee", name="Coffee card", stamps=3)
        rewards = (CAKE, CAP, COFFEE)
        give_rules(till, msgspec.structs.replace(STANDARD, rewards=rewards, stamp_cards=(card,)))
        self.till = till
        self.session = CounterSession(till)
        self.ann = self("enroll", name="Ann")["member"]["id"]

    def __call__(self, do: str, **fields: object) -> dict[str, Any]:
        return self.session.answer(json.dumps({"do": do, **fields}).encode())


@pytest.fixture
def counter(tmp_path: Path) -> Iterator[Counter]:
    with SampleTill(tmp_path / "till").open() as till:
        yield Counter(till)


def test_the_list_says_cost_choices_stamps_and_why_not(counter: Counter) -> None:
    listed = counter("member", id=counter.ann)["member"]["rewards"]

    cake = {"id": "cake", "name": "Cake", "kind": "free_item", "cost_points": 40}
    assert listed[0] == cake | {
        "available": True,
        "why_not": None,
        "why_not_code": None,
        "choices": ("Plum", "Apple"),
    }
    assert (listed[1]["why_not_code"], listed[1]["why_not"]) == (
        "E-REWARD-TIER",
        "Cap is for Gold members.",
    )
    assert (listed[2]["cost_points"], listed[2]["cost_stamps"], listed[2]["stamps"]) == (0, 3, 0)


def test_a_sale_names_the_thing_that_was_chosen(counter: Counter) -> None:
    sale = {"member": counter.ann, "total": "4.00"}

    without = counter("sale", **sale, rewards=[{"id": "cake"}])
    with_plum = counter("sale", **sale, rewards=[{"id": "cake", "item": "Plum"}])

    assert without["message"] == "Choose one for Cake: Plum, Apple."
    assert (with_plum["ok"], with_plum["redeemed_points"]) == (True, 40)
    assert with_plum["trace"][0]["text"] == "Cake (Plum)"


def test_a_voucher_is_shown_used_once_and_free_again_after_undo(counter: Counter) -> None:
    letters = code(counter.till, amount=500)
    shown = counter("voucher", code=letters)
    assert shown["voucher"]["amount"] == 500
    assert shown["voucher"]["until"] == "2026-09-21"
    assert counter("scan", text=letters) == shown

    sale = counter("sale", total="20.00", voucher=letters)
    second = counter("sale", total="20.00", voucher=letters)
    undone = counter("undo", sale_id=sale["sale_id"])
    third = counter("sale", total="20.00", voucher=letters)

    assert (sale["discount"], sale["to_pay"]) == (500, 1500)
    assert (second["ok"], second["code"], second["saved"]) == (False, "E-VOUCHER-USED", False)
    assert second["message"] == "This voucher was used already, here on 2026-09-21."
    assert undone["ok"]
    assert third["to_pay"] == 1500


def test_a_voucher_of_points_is_told_beside_what_the_sale_earned(counter: Counter) -> None:
    letters = code(counter.till, points=200)

    sale = counter("sale", member=counter.ann, total="9.00", voucher=letters)

    assert (sale["earned_points"], sale["voucher_points"]) == (9, 200)
    assert sale["balance_points"] == 50 + 9 + 200


@pytest.mark.parametrize(("letters", "expected"), [("V" * 188, "E-VOUCHER-CHECK"), (5, "")])
def test_letters_that_are_no_voucher_are_refused(
    counter: Counter, letters: object, expected: str
) -> None:
    for answer in (
        counter("voucher", code=letters),
        counter("sale", total="9.00", voucher=letters),
    ):
        assert not answer["ok"]
        assert answer["code"] == (expected or "E-COMMAND-FIELD")


def test_vouchers_of_the_command_line_are_taken_by_the_counter(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "till"
    words = ["--data", str(data), "--count", "1", "--points", "5", "--until", "2099-12-31"]
    assert main(["vouchers", "issue", *words]) == 0
    letters = capsys.readouterr().out.splitlines()[1].split(",")[-1]

    with open_till(data) as till:
        counter = Counter(till)
        shown = counter("voucher", code=letters)
        sold = counter("sale", member=counter.ann, total="1.00", voucher=letters)

    assert shown["voucher"]["points"] == sold["voucher_points"] == 5
