"""Events that waited for an update of the server: judged once, in order, and told."""

from contextlib import closing

import pytest

from pos_loyalty.domain.event import encode_event
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server import reading
from pos_loyalty.server.refold import Judged, refold
from tests.contract.running_server import CLOCK, RunningServer, make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member, reversal, sale
from tests.contract.test_inbox import new_till


@pytest.fixture
def older_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this server be one that has no rule for sales and what undoes them."""
    known = reading._KNOWN_KINDS - {"sale", "reversal"}
    monkeypatch.setattr(reading, "_KNOWN_KINDS", known)


def wait_for_update(server: RunningServer) -> tuple[SimpleTill, MemberId]:
    """Send a sale and its undo, and another sale, to a server that does not know of sales."""
    till, member = new_till(server), new_member()
    undone, kept = sale(member, total=900), sale(member)
    reply = till.exchange(enrollment(member), undone, reversal(undone, 2), kept)
    assert reply.verdicts == ((2, "later"), (3, "later"), (4, "later"))
    assert till.member(member).balance == 50
    assert {item.kind for item in till.items()} == {"later"}
    return till, member


def judge(server: RunningServer) -> list[Judged]:
    with closing(server.open()) as database:
        return refold(database, clock=CLOCK)


@pytest.mark.usefixtures("older_server")
def test_S21_S25_F35_what_waited_is_judged_in_order_once_and_told(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member = wait_for_update(own_server)
    assert judge(own_server) == [], "no rule yet: nothing changes"
    monkeypatch.undo()

    judged = judge(own_server)
    again = judge(own_server)
    till.exchange()

    assert [(each.seq, each.verdict.value) for each in judged] == [
        (2, "applied"),
        (3, "applied"),
        (4, "applied"),
    ]
    assert again == []
    assert till.member(member).balance == 50 + 21
    told = {(item.kind, item.settled) for item in till.items()}
    assert told == {("later", "judged"), ("judged", "")}
    assert sum(item.points for item in till.items("judged")) == 9 + 9 + 21
    repeated = till.send(till.request(from_seq=1))
    assert repeated.verdicts == (), "a retry gives the verdict that holds now"
    assert own_server.verified().faults == []


@pytest.mark.usefixtures("older_server")
def test_F35_what_waited_counts_against_rights_from_then_on(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member = new_till(own_server), new_member()
    till.exchange(enrollment(member))
    till.exchange(want_rights=((member, 50),))
    till.exchange(sale(member, redeem=40))
    before = own_server.fetch("SELECT outstanding FROM member WHERE member = ?", member)
    monkeypatch.undo()

    judge(own_server)

    after = own_server.fetch("SELECT outstanding, balance FROM member WHERE member = ?", member)
    assert before == [(50,)], "until then the points stay reserved"
    assert after == [(30, 30)]
    assert own_server.verified().faults == []


@pytest.mark.usefixtures("older_server")
def test_F35_an_event_seen_by_the_owner_is_judged_all_the_same_at_the_next_start(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_books(database_url)
    with running_server(database_url) as older:
        till, member = wait_for_update(older)
        with closing(older.open()) as database, database.write() as session:
            session.execute("UPDATE attention SET settled = 'seen'")
    monkeypatch.undo()

    with running_server(database_url) as newer:
        till.url = newer.url
        till.exchange()

    assert till.member(member).balance == 71


@pytest.mark.usefixtures("older_server")
def test_S21_the_same_event_sent_twice_in_two_journals_is_judged_once(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two, member = new_till(own_server), new_till(own_server), new_member()
    one.exchange(enrollment(member))
    data = encode_event(sale(member))
    one.append_bytes(data)
    two.append_bytes(data)
    one.exchange()
    two.exchange()
    monkeypatch.undo()

    judged = judge(own_server)

    assert sorted(each.verdict.value for each in judged) == ["applied", "duplicate"]
    one.exchange()
    assert one.member(member).balance == 71
    assert own_server.verified().faults == []
