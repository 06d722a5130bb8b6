"""`counter`: a misspelt field is refused where it changes what was, and named everywhere else."""

import contextlib
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.cli import main
from pos_loyalty.counter import CounterSession
from pos_loyalty.counter.known_fields import KNOWN_FIELDS
from pos_loyalty.domain.errors import LoyaltyError
from pos_loyalty.till import Till
from tests.sample_till import SampleTill
from tests.unit.services.issued_cards import issue

SALE_ID = "0a" * 16
NO_ID = "0c" * 16
LINES = [
    {"sku": "42", "category": "bread", "quantity": 3, "unit_price": "2.00"},
    {"sku": "7", "category": "dairy", "amount": "15.00", "tax": "1.05"},
]


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
        yield Counter(till)


@pytest.fixture
def ann(counter: Counter) -> str:
    return counter("enroll", card=None, name="Ann")["member"]["id"]


@pytest.mark.parametrize(
    ("do", "fields", "named"),
    [
        ("refund", {"sale_id": SALE_ID, "amout": "1.00"}, ("amout", "amount")),
        ("refund", {"sale_id": SALE_ID, "line": [{"line": 0}]}, ("line", "lines")),
        ("refund", {"sale_id": SALE_ID, "LINES": [{"line": 0}]}, ("LINES", "lines")),
        ("refund", {"sale_id": SALE_ID, "x" * 5000: 1}, ("x" * 32, None)),
        (
            "refund",
            {"sale_id": SALE_ID, "lines": [{"line": 0}, {"line": 1, "amout": "1.00"}]},
            ("lines[1].amout", "lines[1].amount"),
        ),
        ("move", {"sale_id": SALE_ID, "to_member": NO_ID}, ("to_member", "member")),
        ("adjust", {"point": 5}, ("point", "points")),
        ("activity", {"activty_id": NO_ID}, ("activty_id", "activity_id")),
        ("tier", {"tier": "gold", "untill": "2027-12-31"}, ("untill", "until")),
        ("undo", {"sale": SALE_ID}, ("sale", "sale_id")),
        ("undo", {"id": SALE_ID}, ("id", None)),
        ("settle", {"item": "1", "choise": "keep"}, ("choise", "choice")),
    ],
)
def test_what_changes_a_past_sale_refuses_a_field_that_it_does_not_know(
    counter: Counter, ann: str, do: str, fields: dict[str, Any], named: tuple[str, str | None]
) -> None:
    field, known = named
    counter("sale", member=ann, lines=LINES, sale_id=SALE_ID)
    before = counter("status")["pending"]

    answer = counter(do, **fields)

    hint = "" if known is None else f" Did you mean {known}?"
    code = "E-FIELD-UNKNOWN" if known is None else "E-FIELD-SPELLING"
    assert (answer["ok"], answer["code"], answer["saved"]) == (False, code, False)
    assert answer["message"] == f"The field {field} is not known.{hint}"
    assert len(answer["message"]) <= 90
    assert (answer["facts"]["field"], answer["facts"].get("known")) == (field, known)
    assert counter("status")["pending"] == before


def test_a_sale_and_an_enrollment_go_on_and_name_what_they_passed_over(counter: Counter) -> None:
    ann = counter("enroll", card=None, name="Ann", nickname="A")
    sale = counter(
        "sale",
        member=ann["member"]["id"],
        lines=[{"sku": "1", "amount": "5.00", "categorie": "bread"}],
        payments=[{"kind": "card", "amount": "5.00", "terminal": 7}],
        rewards=[],
        table="12",
    )

    assert (ann["ok"], ann["unknown_fields"]) == (True, ["nickname"])
    assert (sale["ok"], sale["to_pay"]) == (True, 500)
    assert sale["unknown_fields"] == ["table", "lines[0].categorie", "payments[0].terminal"]


def test_a_refusal_names_what_was_passed_over_and_a_clean_command_has_no_such_key(
    counter: Counter,
) -> None:
    refused = counter("sale", member=None, totl="5.00")
    clean = counter("sale", member=None, total="5.00")
    many = counter("status", **{f"field_{number}": 1 for number in range(500)})

    assert (refused["code"], refused["unknown_fields"]) == ("E-COMMAND-FIELD", ["totl"])
    assert "unknown_fields" not in clean
    assert len(many["unknown_fields"]) == 20


def test_who_stands_at_the_till_may_be_said_with_every_command(counter: Counter, ann: str) -> None:
    counter("sale", member=ann, total="5.00", cashier="Eve")

    undone = counter("undo", cashier="Eve")

    assert (undone["ok"], undone["unknown_fields"]) == (True, ["cashier"])


class Noted(Mapping[str, object]):
    """A command that notes which of its fields were read."""

    def __init__(self, fields: dict[str, object]) -> None:
        self.fields = fields
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> object:
        self.read.add(name)
        return self.fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)

    def __len__(self) -> int:
        return len(self.fields)


def test_each_command_knows_the_fields_that_it_reads(counter: Counter, ann: str) -> None:
    counter("sale", member=ann, lines=LINES, sale_id=SALE_ID)
    card = issue(counter.till)[0].payload
    whole: dict[str, dict[str, object]] = {
        "refund": {"sale_id": SALE_ID, "amount": "1.00", "member": ann},
        "move": {"sale_id": SALE_ID, "member": ann},
        "adjust": {"member": ann, "points": 1, "reason": "Why", "approved_by": "Mo"},
        "activity": {"member": ann, "activity": "review"},
        "tier": {"member": ann, "tier": "gold", "reason": "Why", "approved_by": "Mo"},
        "settle": {"item": "x", "choice": "y"},
        "sale": {"total": "5.00", "card": card},
        "scan": {"text": card},
        "voucher": {"code": "V"},
        "history": {"member": ann},
    }

    assert counter.session.handlers.keys() == KNOWN_FIELDS.keys()
    for do, handler in counter.session.handlers.items():
        read: set[str] = set()
        # What is there may hide what is asked for next, so each is read without, too.
        for fields in (whole.get(do, {}), {**whole.get(do, {}), "member": None}, {}):
            command = Noted(fields)
            with contextlib.suppress(LoyaltyError):
                handler(command)
            read |= command.read
        assert read <= KNOWN_FIELDS[do]


def test_the_help_and_the_manual_name_every_command_and_each_of_its_fields(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["counter", "--help"])
    shown = capsys.readouterr().out
    manual = (Path(__file__).parents[2] / "docs" / "counter.md").read_text(encoding="utf-8")
    commands = manual.partition("## Commands")[2].partition("## Answers")[0]
    rows = {
        line.split("|")[1].strip(" `"): line
        for line in commands.splitlines()
        if line.startswith("| `")
    }

    for command, fields in KNOWN_FIELDS.items():
        assert f'"do":"{command}"' in shown
        for field in fields - {"do"}:
            assert f'"{field}"' in shown, (command, field)
            assert f"`{field}`" in rows[command], (command, field)
