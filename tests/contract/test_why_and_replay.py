"""Why and replay at the books of a server with several tills, on both databases."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pos_loyalty.cli import main
from pos_loyalty.domain.event import SaleMoved, SaleRefunded
from pos_loyalty.domain.ids import EventId, MemberId
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    SimpleTill,
    enrollment,
    new_id,
    new_member,
    reversal,
    sale,
)

ROOT = Path(__file__).resolve().parents[2]
TEMPLATE = ROOT / "assets" / "programs" / "bookshop.toml"


def answer_of(*words: object) -> Any:  # noqa: ANN401 - one JSON object
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        assert main([str(word) for word in (*words, "--json")]) == 0
    return json.loads(said.getvalue())


def why(server: RunningServer, subject: str) -> Any:  # noqa: ANN401 - one JSON object
    return answer_of("why", subject, "--database", server.database)


def replayed(server: RunningServer, file: Path = TEMPLATE) -> Any:  # noqa: ANN401 - one JSON object
    return answer_of(
        "program", "replay", file, "--since", "2020-01-01", "--database", server.database
    )


def refund(of: str, amount: int, **fields: object) -> SaleRefunded:
    event = SaleRefunded(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS + 5000,
        boot_ms=3,
        tz_minutes=0,
        program=PROGRAM.version,
        sale_id=EventId(of),
        amount=amount,
        cash=amount,
    )
    return msgspec.structs.replace(event, **fields)


def busy_shop(server: RunningServer) -> tuple[SimpleTill, MemberId, MemberId, dict[str, EventId]]:
    """Two tills; one refunds a sale that it does not know, and a sale is undone."""
    here, there = server.joined_till(), server.joined_till("Second street")
    ayse, omar = new_member(), new_member()
    first, second, undone = sale(ayse), sale(ayse, total=5000), sale(omar, total=900)
    here.exchange(enrollment(ayse), enrollment(omar), first, second, undone)
    here.exchange(reversal(undone, 5))
    part = refund(first.id, 700, member=ayse, earned_taken=7, rights_used=7)
    here.exchange(part)
    claim = refund(second.id, 1000, claim=True)
    there.exchange(claim, sale(omar, total=3300))
    here.exchange()
    ids = {"first": first.id, "part": part.id, "claim": claim.id, "undone": undone.id}
    return here, ayse, omar, ids


def test_every_point_of_a_member_is_explained_from_the_books(own_server: RunningServer) -> None:
    till, ayse, _, ids = busy_shop(own_server)

    found = why(own_server, ayse)

    assert found["balance"] == till.member(ayse).balance == 50 + 21 + 50 - 7 - 10
    assert sum(entry["points"] for entry in found["entries"]) == found["balance"]
    by_event = {entry["event"]: entry for entry in found["entries"]}
    assert by_event[ids["first"]]["explanation"]["agrees"] is True
    assert by_event[ids["part"]]["explanation"]["agrees"] is True
    claimed = by_event[ids["claim"]]
    assert claimed["points"] == -10
    assert claimed["explanation"]["computed"] == -10
    assert claimed["explanation"]["agrees"] is None


def test_an_event_is_explained_with_the_entries_that_the_books_made_of_it(
    own_server: RunningServer,
) -> None:
    _, ayse, omar, ids = busy_shop(own_server)

    claimed, undone = why(own_server, ids["claim"]), why(own_server, ids["undone"])

    assert claimed["entries"] == [{"kind": "accrual_reversed", "points": -10, "member": ayse}]
    assert undone["what"] == "Sale of EUR 9.00: 9 points earned."
    assert undone["entries"] == [{"kind": "accrual", "points": 9, "member": omar}]
    assert [each["kind"] for each in undone["later"]] == ["reversal"]
    assert [each["event"] for each in why(own_server, ids["first"])["later"]] == [ids["part"]]


def test_a_sale_that_differs_is_an_exit_code_and_says_so(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    till, member = own_server.joined_till(), new_member()
    wrong = sale(member, earned=500)
    till.exchange(wrong)

    code = main(["why", wrong.id, "--database", own_server.database])
    printed = capsys.readouterr()

    assert code == 1
    assert "NOT as computed: stored 500, the rules give 21" in printed.out


def test_what_the_books_do_not_have_is_said(
    own_server: RunningServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["why", "nobody", "--database", own_server.database])

    assert code == 1
    assert "E-WHY-ABSENT" in capsys.readouterr().err


def test_a_merged_account_is_explained_as_one(own_server: RunningServer) -> None:
    till, ayse, omar, _ = busy_shop(own_server)
    kept = own_server.owner("merge", ayse, omar)["member"]
    till.exchange()

    found = why(own_server, kept)
    tried = replayed(own_server)

    assert found["balance"] == sum(entry["points"] for entry in found["entries"])
    assert found["balance"] == 50 + 21 + 50 - 7 - 10 + 50 + 33
    assert tried["members"] == 1


def test_replaying_the_version_in_force_comes_to_the_books(
    own_server: RunningServer, tmp_path: Path
) -> None:
    _, ayse, omar, _ = busy_shop(own_server)

    found = replayed(own_server)

    rows = own_server.fetch("SELECT member, balance FROM member")
    balances = {row[0]: row[1] for row in rows}
    assert found["in_force"]["open_points"] == sum(balances.values())
    assert found["in_force"]["version"] == PROGRAM.version
    assert found["in_force"]["earned"] == 21 + 50 - 7 - 10 + 33
    assert found["members"] == len({ayse, omar})
    assert found["draft"]["worth_of_points"]
    assert own_server.verified().faults == []
    page = tmp_path / "replay.html"
    code = main(
        [
            *("program", "replay", str(TEMPLATE), "--since", "2020-01-01"),
            *("--database", own_server.database, "--chart", str(page)),
        ]
    )
    assert code == 0
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")


def test_a_moved_sale_is_explained_and_replayed_for_the_right_member(
    own_server: RunningServer,
) -> None:
    till, ayse, omar = own_server.joined_till(), new_member(), new_member()
    first = sale(ayse)
    move = SaleMoved(
        v=1,
        id=EventId(new_id()),
        at_ms=MONDAY_MS + 9000,
        boot_ms=4,
        tz_minutes=0,
        program=PROGRAM.version,
        sale_id=first.id,
        sale_seq=3,
        from_member=ayse,
        to_member=omar,
        earned_taken=21,
        earned_given=21,
        rights_used=21,
    )
    till.exchange(enrollment(ayse), enrollment(omar), first, move)

    explained = why(own_server, move.id)
    found = replayed(own_server)

    assert explained["agrees"] is True
    assert {entry["member"]: entry["points"] for entry in explained["entries"]} == {
        ayse: -21,
        omar: 21,
    }
    changes = {change["member"]: change for change in found["top_winners"] + found["top_losers"]}
    points = {member: changes[member]["points_in_force"] for member in changes}
    assert points.get(omar) == 71
