"""`counter` from its lines: every command, and every kind of bad line."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pos_loyalty.counter import LINE_BYTES_MAX, CounterSession
from pos_loyalty.domain.error_catalog import CATALOG, Code
from tests.sample_till import SampleTill
from tests.unit.services.issued_cards import issue


class Counter:
    """A session on a fresh till, spoken to in Python."""

    def __init__(self, session: CounterSession) -> None:
        self.session = session

    def __call__(self, do: str, **fields: object) -> dict[str, Any]:
        return self.session.answer(json.dumps({"do": do, **fields}).encode())


@pytest.fixture
def sample(tmp_path: Path) -> SampleTill:
    return SampleTill(tmp_path / "till")


@pytest.fixture
def counter(sample: SampleTill) -> Iterator[Counter]:
    with sample.open() as till:
        yield Counter(CounterSession(till))


def test_a_till_on_its_own_does_the_whole_job(sample: SampleTill) -> None:
    with sample.open() as till:
        cards = issue(till)
        counter = Counter(CounterSession(till))

        blank = counter("scan", text=cards[0].payload)
        ann = counter("enroll", card=cards[0].payload, phone="0151 23456789", name="Ann")
        scanned = counter("scan", text=cards[0].payload)
        sale = counter("sale", member=ann["member"]["id"], total="900.00")
        redeemed = counter(
            "sale",
            member=ann["member"]["id"],
            total="21.00",
            rewards=[{"id": "pay-with-points", "points": 300}],
        )
        undone = counter("undo", sale_id=redeemed["sale_id"])
        history = counter("history", member=ann["member"]["id"])

    assert (blank["ok"], blank["code"]) == (False, "E-CARD-BLANK")
    assert scanned["member"]["id"] == ann["member"]["id"]
    assert scanned["member"]["balance_points"] == ann["welcome_points"] == 50
    assert (sale["earned_points"], sale["balance_points"]) == (900, 950)
    assert (redeemed["redeemed_points"], redeemed["discount"]) == (300, 150)
    assert undone["balance_points"] == 950
    assert sum(line["points"] for line in history["history"]) == 950
    assert {"sale_id", "at", "kind", "points", "balance_points"} <= history["history"][0].keys()
    events = [line["event_id"] for line in history["history"]]
    assert events == [line["sale_id"] for line in history["history"]]
    assert events[1] == sale["sale_id"]
    assert events[0] not in {sale["sale_id"], redeemed["sale_id"], undone["sale_id"]}


def test_a_member_is_found_by_id_card_number_and_phone(sample: SampleTill) -> None:
    with sample.open() as till:
        cards = issue(till)
        counter = Counter(CounterSession(till))
        ann = counter("enroll", card=cards[0].number, phone="0151 23456789", name=None)

        ways = (
            counter("member", id=ann["member"]["id"]),
            counter("member", card=cards[0].payload),
            counter("member", card=cards[0].number),
            counter("member", phone="0151 23456789"),
        )
        taken = counter("enroll", card=cards[0].number)
        known = counter("enroll", card=None, phone="0151 23456789")

    assert {way["member"]["id"] for way in ways} == {ann["member"]["id"]}
    assert taken["code"] == "E-CARD-USED"
    assert (known["code"], known["facts"]["member_id"]) == (
        "E-PHONE-KNOWN",
        ann["member"]["id"],
    )


def test_the_same_sale_id_twice_is_one_sale(counter: Counter) -> None:
    ann = counter("enroll", card=None)["member"]["id"]
    first = counter("sale", member=ann, total="21.00", sale_id="0" * 32)

    second = counter("sale", member=ann, total="21,00", sale_id="0" * 32)

    assert first["balance_points"] == second["balance_points"] == 71
    assert second["already"]
    assert counter("status")["pending"] == 2


def test_the_program_is_shown_as_it_is(counter: Counter) -> None:
    program = counter("program")["program"]

    assert program["welcome_points"] == 50
    assert {reward["kind"] for reward in program["rewards"]} == {
        "amount_off",
        "percent_off",
        "free_item",
        "points_for_money",
    }


def test_status_and_sync_of_a_till_alone_tell_the_truth(counter: Counter) -> None:
    counter("sale", member=None, total="5")

    status = counter("status")
    synced = counter("sync")

    assert (status["pending"], status["online"], status["last_contact"]) == (1, False, None)
    assert (synced["ok"], synced["code"], synced["saved"]) == (False, "E-NOT-JOINED", True)
    assert synced["pending"] == 1


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"", Code.COMMAND_SHAPE),
        (b"hello", Code.COMMAND_SHAPE),
        (b"[]", Code.COMMAND_SHAPE),
        (b"null", Code.COMMAND_SHAPE),
        (b"\xff\xfe", Code.COMMAND_SHAPE),
        (b'{"do":"sale"', Code.COMMAND_SHAPE),
        (b'{"a":' * 100_000, Code.COMMAND_SHAPE),
        (b'{"do":"status","x":"' + b"x" * LINE_BYTES_MAX + b'"}', Code.COMMAND_SHAPE),
        (b"{}", Code.COMMAND_FIELD),
        (b'{"do":5}', Code.COMMAND_FIELD),
        (b'{"do":"fly"}', Code.COMMAND_UNKNOWN),
        (b'{"do":"scan"}', Code.COMMAND_FIELD),
        (b'{"do":"sale","total":21,"member":null}', Code.COMMAND_FIELD),
        (b'{"do":"sale","total":"21","member":7}', Code.COMMAND_FIELD),
        (b'{"do":"sale","total":"21","member":null,"rewards":[5]}', Code.COMMAND_FIELD),
        (b'{"do":"sale","total":"21","member":null,"rewards":"x"}', Code.COMMAND_FIELD),
        (b'{"do":"sale","total":"0","member":null}', Code.AMOUNT_ZERO),
        (b'{"do":"sale","total":"-3","member":null}', Code.AMOUNT_NEGATIVE),
        (b'{"do":"sale","total":"123456789012","member":null}', Code.AMOUNT_LONG),
        (b'{"do":"sale","total":"ten","member":null}', Code.AMOUNT_SHAPE),
        (b'{"do":"sale","total":"1","member":"nobody"}', Code.MEMBER_UNKNOWN),
        (b'{"do":"sale","total":"1","member":null,"sale_id":"x"}', Code.SALE_ID),
        (b'{"do":"sale","total":"1","member":null,"rewards":[{"id":"a"}]}', Code.REWARD_NO_MEMBER),
        (b'{"do":"undo","sale_id":"00000000000000000000000000000000"}', Code.SALE_UNKNOWN),
        (b'{"do":"undo"}', Code.UNDO_NOTHING),
        (b'{"do":"member","id":"nobody"}', Code.MEMBER_UNKNOWN),
        (b'{"do":"member"}', Code.COMMAND_FIELD),
        (b'{"do":"member","phone":"12"}', Code.PHONE_SHAPE),
        (b'{"do":"history","member":"nobody"}', Code.MEMBER_UNKNOWN),
        (b'{"do":"enroll","card":"4006381333931"}', Code.SCAN_PRODUCT),
        (b'{"do":"enroll","card":null,"name":5}', Code.COMMAND_FIELD),
        (b'{"do":"enroll","card":null,"different_person":"yes"}', Code.COMMAND_FIELD),
        (b'{"do":"scan","text":"4006381333931"}', Code.SCAN_PRODUCT),
        (b'{"do":"scan","text":"\\u0000\\u0007"}', Code.CARD_NOT_OURS),
    ],
)
def test_a_bad_line_gets_a_code_a_sentence_and_whether_the_sale_is_saved(
    counter: Counter, line: bytes, code: Code
) -> None:
    answer = counter.session.answer(line)

    assert (answer["ok"], answer["code"], answer["saved"]) == (False, code.value, False)
    assert answer["message"]
    assert CATALOG[code].template.split("{")[0] in str(answer["message"])
    assert counter("status")["pending"] == 0


@given(st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode()))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200)
def test_A03_any_line_gets_an_answer(counter: Counter, line: bytes) -> None:
    assert counter.session.answer(line)["ok"] in {True, False}


def test_the_process_answers_in_order_flushed_and_ends_with_the_input(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "pos_loyalty", "counter", "--data", str(tmp_path / "till")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        for total in ("1.00", "oops", "3.00"):
            process.stdin.write(b'{"do":"sale","member":null,"total":"%s"}\n' % total.encode())
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            assert answer["ok"] is (total != "oops")
        process.stdin.write(b"\n")
        process.stdin.close()
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == b""


def test_F12_a_second_instance_is_told_that_the_till_is_open(
    sample: SampleTill, tmp_path: Path
) -> None:
    with sample.open():
        second = subprocess.run(
            [sys.executable, "-m", "pos_loyalty", "counter", "--data", str(tmp_path / "till")],
            input=b"",
            capture_output=True,
            check=False,
        )

    assert second.returncode == 1
    assert b"E-TILL-OPEN" in second.stderr
    assert b"Traceback" not in second.stderr


def test_a_sale_by_a_known_card_is_told_to_name_the_member_or_enroll_one(
    sample: SampleTill,
) -> None:
    with sample.open() as till:
        blank, used = issue(till)[:2]
        counter = Counter(CounterSession(till))
        counter("enroll", card=used.payload)

        of_member = counter("sale", card=used.payload, total="5.00")
        of_nobody = counter("sale", card=blank.payload, total="5.00")

    assert of_member["message"] == "This card has a member: send its id as member."
    assert (of_member["code"], of_nobody["code"]) == ("E-COMMAND-CARD", "E-CARD-BLANK")


@pytest.mark.parametrize(
    ("field", "text"), [("cashier", "x" * 201), ("found_by", "magic"), ("found_by", '"' * 30_000)]
)
def test_a_field_that_would_make_an_event_too_large_to_carry_over_is_refused(
    counter: Counter, field: str, text: str
) -> None:
    answer = counter("sale", member=None, total="5.00", **{field: text})

    assert (answer["code"], answer["saved"]) == ("E-COMMAND-FIELD", False)
    assert answer["facts"] == {"field": field}
