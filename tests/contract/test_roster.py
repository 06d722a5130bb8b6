"""The list of tills: restored books wait for it, lost tills stay reserved until released."""

from datetime import UTC, datetime

import pytest

from pos_loyalty.cli import main
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    Refused,
    SimpleTill,
    enrollment,
    new_member,
    rights_return,
    sale,
)
from tests.contract.test_forks_and_restores import joined_again, rescue_of


def entry_of(server: RunningServer, till: SimpleTill) -> dict[str, object]:
    assert till.joined is not None
    own = till.joined.till
    return next(entry for entry in server.owner("tills")["tills"] if entry["till"] == own)


def name_of(till: SimpleTill) -> str:
    assert till.joined is not None
    return f"{till.joined.shop_name}/{till.joined.till_name}"


def refused(server: RunningServer, action: str, *words: str) -> bool:
    return main(["server", action, "--database", server.database, *words]) == 1


def report(till: SimpleTill) -> None:
    till.take(till.send(till.request()))
    till.exchange(granted_seen=(), granted_complete=True)


def test_the_list_tells_contact_events_and_points_of_every_till(own_server: RunningServer) -> None:
    till, idle, member = own_server.joined_till(), own_server.joined_till("Harbor"), new_member()
    till.exchange(sale(member, total=3_000))

    shown, other = entry_of(own_server, till), entry_of(own_server, idle)

    assert (shown["name"], shown["events"], shown["rights_points"]) == ("Main street/Till 1", 1, 30)
    assert (other["name"], other["events"], other["rights_points"]) == ("Harbor/Till 1", 0, 0)
    assert not shown["frozen"]


def test_S09_announced_restore_freezes_grants_until_reports_and_the_owner(
    own_server: RunningServer,
) -> None:
    first, second, member = own_server.joined_till(), own_server.joined_till(), new_member()
    first.exchange(enrollment(member))

    epoch = own_server.owner("restored")["epoch"]

    assert epoch > first.epoch
    assert refused(own_server, "tills", "--confirm"), "two tills have not reported"
    report(first)
    first.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in first.rows
    assert entry_of(own_server, second)["frozen"]
    report(second)
    assert own_server.owner("tills")["waits_for_owner"]
    first.exchange(want_rights=((member, 50),))
    assert ("rights", member) not in first.rows, "a till that joined since may be missing here"
    assert not own_server.owner("tills", "--confirm")["waits_for_owner"]
    first.exchange(want_rights=((member, 50),))
    assert first.rights(member).granted == 50


def test_S09_a_till_that_will_not_report_is_declared_lost(own_server: RunningServer) -> None:
    first, gone, member = own_server.joined_till(), own_server.joined_till(), new_member()
    first.exchange(enrollment(member))
    own_server.owner("restored")
    report(first)

    own_server.owner("till-lost", name_of(gone))
    own_server.owner("tills", "--confirm")

    first.exchange(want_rights=((member, 50),))
    assert first.rights(member).granted == 50
    assert entry_of(own_server, gone)["lost"]


def test_S09_a_restore_that_nobody_announced_waits_for_the_owner_too(
    own_server: RunningServer,
) -> None:
    till = own_server.joined_till()
    till.exchange(sale(new_member()))
    till.take(till.send(till.request(lost_ack=9)))

    assert own_server.owner("tills")["waits_for_owner"]


def test_S50_rights_of_a_lost_till_stay_reserved_until_released(
    own_server: RunningServer,
) -> None:
    till, lost, member = own_server.joined_till(), own_server.joined_till(), new_member()
    lost.exchange(sale(member, total=30_000))

    own_server.owner("till-lost", name_of(lost))
    till.exchange(want_rights=((member, 100),))
    assert ("rights", member) not in till.rows
    freed = own_server.owner("till-lost", name_of(lost), "--release")

    assert (freed["released_points"], freed["members"]) == (300, 1)
    till.exchange(want_rights=((member, 300),))
    assert till.rights(member).granted == 300
    assert own_server.owner("allowance")["released_points"] == 300
    assert own_server.verified().faults == []
    items = own_server.fetch("SELECT points FROM attention WHERE kind = 'rights_released'")
    assert [row[0] for row in items] == [300]
    assert own_server.owner("allowance", "--settle")["released_points"] == 0
    assert own_server.verified().faults == []


def test_F30_the_owner_is_told_from_which_event_on_a_lost_till_s_sales_are_missing(
    own_server: RunningServer,
) -> None:
    till, lost, member = own_server.joined_till(), own_server.joined_till(), new_member()
    till.proto = 2
    lost.exchange(sale(member), sale(member))
    lost.append(*(sale(member) for _ in range(3)))  # on a disk that nobody can read any more
    heard_ms = entry_of(own_server, lost)["last_events_ms"]

    told = own_server.owner("till-lost", name_of(lost))
    again = own_server.owner("till-lost", name_of(lost))
    till.exchange()

    assert told["missing"] == [
        {"stream": lost.stream, "first_event": 3, "last_events_ms": heard_ms}
    ]
    assert again["missing"] == [], "told once"
    (item,) = till.items("till_lost")
    heard = datetime.fromtimestamp(int(str(heard_ms)) // 1000, UTC)
    assert item.detail == f"last=2 first=3 heard={heard:%Y-%m-%dT%H:%MZ}"
    assert (item.till_name, item.choices) == ("Till 2", ("seen",))
    assert own_server.verified().faults == []


def test_F30_a_till_that_never_sold_misses_everything(own_server: RunningServer) -> None:
    lost = own_server.joined_till()

    told = own_server.owner("till-lost", name_of(lost))

    assert [one["first_event"] for one in told["missing"]] == [1]
    (detail,) = own_server.fetch("SELECT detail FROM attention WHERE kind = 'till_lost'")
    assert detail[0].startswith("last=0 first=1 heard=2"), "when it joined"


def test_F30_a_till_of_before_times_were_kept_is_told_of_without_one(
    own_server: RunningServer,
) -> None:
    lost = own_server.joined_till()
    own_server.write("UPDATE stream SET seen_ms = 0")

    own_server.owner("till-lost", name_of(lost))

    (detail,) = own_server.fetch("SELECT detail FROM attention WHERE kind = 'till_lost'")
    assert detail == ("last=0 first=1 heard=never",)


def test_S46_nothing_but_the_owner_frees_the_rights_of_a_silent_till(
    own_server: RunningServer,
) -> None:
    till, silent, member = own_server.joined_till(), own_server.joined_till(), new_member()
    silent.exchange(sale(member, total=10_000))
    own_server.owner("rights-days", "1")
    year_ms = 365 * 24 * 3_600_000
    own_server.write(
        "UPDATE stream SET seen_ms = seen_ms - ? WHERE stream = ?", year_ms, silent.stream
    )

    till.exchange(want_rights=((member, 100),))

    assert ("rights", member) not in till.rows
    assert silent.exchange(sale(member, total=100, redeem=100)).verdicts == (), "it was its own"


def test_a_lost_till_that_comes_back_joins_again_and_loses_no_sale(
    own_server: RunningServer,
) -> None:
    lost, member = own_server.joined_till(), new_member()
    lost.exchange(sale(member, total=1_000))
    lost.append(sale(member, total=2_000))
    own_server.owner("till-lost", name_of(lost))

    assert lost.send(lost.request()).status is Status.CLOSED
    again = joined_again(lost)
    again.exchange(rescue_of(lost, 2))
    again.exchange()

    assert again.member(member).balance == 30
    shown = entry_of(own_server, again)
    assert (shown["lost"], shown["stranded_points"]) == (False, 10)


def test_rights_of_a_journal_that_was_left_are_released_the_same_way(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(sale(member, total=10_000))
    again = joined_again(till)
    assert refused(own_server, "till-lost", "Main street/Till 9", "--release")

    freed = own_server.owner("till-lost", name_of(till), "--release")
    again.exchange(want_rights=((member, 100),))

    assert freed["released_points"] == 100
    assert again.rights(member).granted == 100
    assert again.exchange(rights_return(member, 100)).verdicts == ()
    assert own_server.verified().faults == []


def test_rights_of_a_till_in_use_cannot_be_released(own_server: RunningServer) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(sale(member, total=10_000))

    assert refused(own_server, "till-lost", name_of(till), "--release")
    assert entry_of(own_server, till)["rights_points"] == 100


def test_a_till_that_is_switched_off_is_refused_and_may_come_back(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(sale(member, total=1_000))
    till.append(sale(member, total=2_000))

    own_server.owner("till-off", name_of(till))
    with pytest.raises(Refused) as refusal:
        till.send(till.request())
    assert refusal.value.code == "E-TILL-REVOKED"

    own_server.owner("till-off", name_of(till), "--undo")
    assert till.send(till.request()).status is Status.CLOSED
    again = joined_again(till)
    again.exchange(rescue_of(till, 2))
    again.exchange()
    assert again.member(member).balance == 30


def test_till_learns_until_when_its_rights_may_be_spent(own_server: RunningServer) -> None:
    till = own_server.joined_till()
    own_server.owner("rights-days", "30")

    newer = till.send(till.request(proto=2))
    own_server.owner("rights-days", "0")

    assert newer.spend_until_ms == newer.server_now + 30 * 24 * 3_600_000
    assert till.send(till.request(proto=2)).spend_until_ms == 0
