"""What the server does for a shop's hub: its pin for the shop's tills, lent rights in any order."""

from contextlib import closing

import msgspec
import pytest

from pos_loyalty.domain.event import LENT_RIGHTS, RightsReturned, SaleRecorded
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.lendings import PATIENCE_MS, note_missing_lendings
from pos_loyalty.server.setup import read_merchant
from pos_loyalty.wire.messages import MerchantRow
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    MONDAY_MS,
    SimpleTill,
    new_member,
    reversal,
    rights_return,
    sale,
)

PIN, NEWER = "ab" * 32, "cd" * 32


def a_hub(server: RunningServer, pin: str, shop: str = "Main street") -> SimpleTill:
    hub = SimpleTill(server.url)
    hub.join(server.till_code(shop), hub_pin=pin)
    return hub


def pin_at(till: SimpleTill) -> str:
    till.exchange()
    row = next(row for row in till.rows.values() if isinstance(row, MerchantRow))
    return row.hub_pin


def lending(member: MemberId, points: int, to: SimpleTill) -> RightsReturned:
    return msgspec.structs.replace(rights_return(member, points), to_stream=to.stream)


def lent_sale(member: MemberId, points: int) -> SaleRecorded:
    sold = sale(member, redeem=points, rights_used=points)
    return msgspec.structs.replace(sold, rights_source=LENT_RIGHTS)


def counters(server: RunningServer, member: MemberId, till: SimpleTill) -> tuple[int, ...]:
    query = (
        "SELECT granted, lent, earned, used, returned FROM rights WHERE member = ? AND stream = ?"
    )
    rows = server.fetch(query, member, till.stream)
    return tuple(int(value) for value in rows[0])


def test_a_hub_has_no_share_of_the_allowance(own_server: RunningServer) -> None:
    """It redeems nothing; its share would be missing at a till."""
    hub = a_hub(own_server, PIN)
    tills = [own_server.joined_till() for _ in range(2)]
    assert own_server.owner("allowance", "--total", "200")["per_till_points"] == 100

    totals = [each.exchange(sale(new_member())).risk_total for each in (hub, *tills)]

    assert totals == [0, 100, 100]
    named = [share["name"] for share in own_server.owner("allowance")["tills"]]
    assert named == ["Main street/Till 2", "Main street/Till 3"]


def test_only_the_tills_of_a_shop_hear_of_its_hub(server: RunningServer) -> None:
    near, far = server.joined_till("Harbor"), server.joined_till("Station")
    assert pin_at(near) == pin_at(far) == ""

    a_hub(server, PIN, "Harbor")

    assert pin_at(near) == PIN
    assert pin_at(far) == ""


def test_the_newest_hub_counts_until_it_is_switched_off(server: RunningServer) -> None:
    till = server.joined_till("Castle")
    a_hub(server, PIN, "Castle")
    newest = a_hub(server, NEWER, "Castle")
    assert pin_at(till) == NEWER
    assert newest.joined is not None

    server.owner("till-off", newest.joined.till)

    assert pin_at(till) == PIN


def test_a_hub_is_named_so_and_all_tills_hear_its_key(server: RunningServer) -> None:
    hub = a_hub(server, PIN, "Bridge")
    hub.proto = 2
    till = server.joined_till("Bridge")
    assert hub.joined is not None
    assert hub.joined.till_name == "Hub 1"

    hub.exchange()

    assert till.joined is not None
    assert ("till", till.joined.till) in hub.rows
    assert ("till", hub.joined.till) in hub.rows


@pytest.mark.parametrize("first", ["lending", "sale"])
def test_S42_lent_rights_count_right_in_either_order(server: RunningServer, first: str) -> None:
    lender, till, member = server.joined_till(), server.joined_till(), new_member()
    lender.exchange(sale(member, total=30_000))
    steps = [
        lambda: till.exchange(lent_sale(member, 100)),
        lambda: lender.exchange(lending(member, 100, till)),
    ]
    if first == "lending":
        steps.reverse()

    for step in steps:
        assert step().verdicts == ()

    earned = counters(server, member, till)[2]
    assert counters(server, member, till) == (0, 100, earned, 100, 0)
    assert counters(server, member, lender)[4] == 100
    till.exchange()
    assert till.rights(member).lent == ((lender.stream, 100),)
    assert told_of(server, member) == []
    assert not server.verified().faults


def test_lent_rights_that_are_taken_back_or_passed_on_accuse_nobody(server: RunningServer) -> None:
    till, other, member = server.joined_till(), server.joined_till(), new_member()
    passed_on = msgspec.structs.replace(lending(member, 50, other), rights_source=LENT_RIGHTS)
    assert till.exchange(passed_on).verdicts == ()
    bought = sale(member, total=10_000)
    till.exchange(bought)
    undone = msgspec.structs.replace(
        reversal(bought, 2), rights_used=bought.earned, rights_source=LENT_RIGHTS
    )

    assert till.exchange(undone).verdicts == ()


def test_rights_that_nobody_lent_are_an_overdraft(server: RunningServer) -> None:
    lender, till, member = server.joined_till(), server.joined_till(), new_member()
    lender.exchange(sale(member, total=30_000))

    reply = till.exchange(sale(member, redeem=100, rights_used=100))

    assert reply.verdicts == ((1, "overdraft"),)


def look(server: RunningServer, now_ms: int) -> int:
    with closing(server.open()) as database:
        return note_missing_lendings(database, read_merchant(database), now_ms=now_ms)


def told_of(server: RunningServer, member: MemberId) -> list[tuple[str, str, int]]:
    rows = server.fetch("SELECT kind, stream, points FROM attention WHERE member = ?", member)
    return [(str(kind), str(stream), int(points)) for kind, stream, points in rows]


def test_a_lending_that_never_comes_is_told_once_after_a_week(server: RunningServer) -> None:
    lender, till, member = server.joined_till(), server.joined_till(), new_member()
    lender.exchange(sale(member, total=30_000))
    till.exchange(lent_sale(member, 100))
    missing = 100 - counters(server, member, till)[2]

    look(server, MONDAY_MS + PATIENCE_MS)
    assert told_of(server, member) == []
    assert look(server, MONDAY_MS + PATIENCE_MS + 1) >= 1
    assert look(server, MONDAY_MS + PATIENCE_MS + 2) == 0

    assert told_of(server, member) == [("lending_missing", till.stream, missing)]


def test_a_lending_that_came_is_told_nobody(server: RunningServer) -> None:
    lender, till, member = server.joined_till(), server.joined_till(), new_member()
    lender.exchange(sale(member, total=30_000))
    till.exchange(lent_sale(member, 100))
    lender.exchange(lending(member, 100, till))

    look(server, MONDAY_MS + 2 * PATIENCE_MS)

    assert told_of(server, member) == []


def test_an_overdraft_is_not_told_a_second_time(server: RunningServer) -> None:
    lender, till, member = server.joined_till(), server.joined_till(), new_member()
    lender.exchange(sale(member, total=30_000))
    till.exchange(sale(member, redeem=100, rights_used=100))

    look(server, MONDAY_MS + 2 * PATIENCE_MS)

    assert [kind for kind, _, _ in told_of(server, member)] == ["overdraft"]
