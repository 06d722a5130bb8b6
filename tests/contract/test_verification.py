"""A53, A54: whoever changes the books behind the tills' backs is named."""

from contextlib import closing

import pytest

from pos_loyalty.domain.ids import CardKey
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import (
    cards_issued,
    enrollment,
    new_id,
    new_member,
    reversal,
    rights_return,
    sale,
)


@pytest.fixture
def kept(own_server: RunningServer) -> RunningServer:
    """Books with a bit of everything in them."""
    first, second = own_server.joined_till(), own_server.joined_till()
    member, card = new_member(), CardKey(new_id())
    bought = sale(member)
    first.exchange(cards_issued(card), enrollment(member), bought, sale(card_key=card))
    first.exchange(reversal(bought, 3), sale(member, redeem=40), sale(member, earned=77))
    first.append_bytes(b'{"kind":"nonsense","v":1}')
    first.exchange()
    second.exchange(sale(member, total=5_000), want_rights=((member, 60),))
    second.exchange(rights_return(member, 5))
    assert own_server.verified().faults == []
    return own_server


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("UPDATE event SET data = '{}' WHERE seq = 2", "event 2 was altered"),
        ("DELETE FROM event WHERE seq = 4", "event 4 is missing"),
        ("DELETE FROM event WHERE seq = 8", "after event 7"),
        ("UPDATE event SET verdict = 'quarantined' WHERE seq = 3", "event 3 is quarantined"),
        ("UPDATE member SET balance = balance + 1", "the events give"),
        ("UPDATE member SET outstanding = outstanding + 1", "the sum of spend rights is not"),
        ("UPDATE rights SET used = used + 1", "do not fit its events"),
        ("DELETE FROM entry WHERE kind = 'welcome'", "the entries do not give"),
        ("UPDATE card SET held = held + 1", "its points or its member"),
        ("DELETE FROM member", "balance 0, the events give"),
    ],
)
def test_A54_a_change_behind_the_back_is_named(
    kept: RunningServer, change: str, named: str
) -> None:
    with closing(kept.open()) as database, database.write() as session:
        if "data = '{}'" in change:
            change = change.replace("'{}'", "?")
            session.execute(change, b"{}")
        else:
            session.execute(change)

    report = kept.verified()

    assert named in report.sentence
    assert report.as_json()["ok"] is False


def test_A53_an_event_that_a_till_never_signed_is_named(kept: RunningServer) -> None:
    with closing(kept.open()) as database, database.write() as session:
        session.execute("UPDATE batch_signature SET signature = 'AAAA' WHERE last_seq = 4")
        session.execute("UPDATE batch_signature SET hash = ? WHERE last_seq = 7", bytes(32))

    faults = kept.verified().faults

    assert any("the signature at event 4 is not its till's" in fault for fault in faults)
    assert any("event 7 is not what its till signed" in fault for fault in faults)


def test_right_books_are_called_right(kept: RunningServer) -> None:
    report = kept.verified()

    assert report.sentence == "The books are right: 10 events of 2 streams, 1 member."
    assert report.as_json() == {
        "ok": True,
        "events": 10,
        "streams": 2,
        "members": 1,
        "faults": [],
    }
