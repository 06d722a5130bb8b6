"""A till below the oldest protocol: its events are facts, and rows wait for its update."""

import pytest

from pos_loyalty.wire import version
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import enrollment, new_member, sale


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version, "PROTOCOL_OLDEST", version.PROTOCOL_2)


@pytest.mark.usefixtures("raised")
def test_S29_F34_the_events_of_a_till_that_is_too_old_are_taken_without_rows(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.append(enrollment(member), sale(member), sale(member, currency="USD"))

    reply = till.send(till.request(want_rights=((member, 10),)))
    again = till.send(till.request(want_rights=((member, 10),)))

    for answer in (reply, again):
        assert (answer.status, answer.have) == (Status.UPGRADE, 3)
        assert answer.min_proto == version.PROTOCOL_2
        assert (answer.rows, answer.more, answer.cursor) == ((), False, "")
        assert answer.verdicts == ((3, "quarantined"),)
    assert own_server.fetch("SELECT granted FROM rights WHERE granted > 0") == []
    assert own_server.fetch("SELECT balance FROM member") == [(71,)]


@pytest.mark.usefixtures("raised")
def test_F34_a_newer_till_beside_it_hears_everything(own_server: RunningServer) -> None:
    old, new, member = own_server.joined_till(), own_server.joined_till(), new_member()
    old.append(enrollment(member), sale(member))
    old.send(old.request())

    new.exchange(proto=version.PROTOCOL_2)

    assert new.member(member).balance == 71


@pytest.mark.usefixtures("raised")
def test_S21_a_poison_event_of_a_till_that_is_too_old_blocks_nothing(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    first = sale(member)
    till.append(first, sale(member, event_id=first.id, total=900), sale(member))
    till.append_bytes(b'{"kind":"sale"}')

    reply = till.send(till.request())

    assert (reply.status, reply.have) == (Status.UPGRADE, 4)


def test_F34_after_its_update_the_same_till_hears_what_it_missed(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member = own_server.joined_till(), new_member()
    with monkeypatch.context() as patch:
        patch.setattr(version, "PROTOCOL_OLDEST", version.PROTOCOL_2)
        till.append(enrollment(member))
        assert till.send(till.request()).status is Status.UPGRADE

    till.exchange(proto=version.PROTOCOL_2)

    assert till.member(member).balance == 50
