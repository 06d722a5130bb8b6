"""S21: an event that nobody can read, or that the database refuses, blocks nothing."""

import logging
import random
from contextlib import closing

import msgspec
import pytest

from pos_loyalty.domain.event import EVENT_BYTES_MAX, encode_event
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.contract.simple_till import enrollment, new_id, new_member, sale


@pytest.mark.parametrize(
    ("poison", "verdict"),
    [
        (b'{"kind":"sale"}', "quarantined"),
        (b'"text"', "quarantined"),
        (b"null", "quarantined"),
        (b'{"kind":"hologram","v":1,"id":"x"}', "later"),
        (b'{"kind":"sale","v":99}', "later"),
        (b'{"kind":"sale","v":1,"id":"' + b"a" * EVENT_BYTES_MAX + b'"}', "quarantined"),
    ],
)
def test_S21_poison_at_any_place_is_set_aside_and_the_rest_goes_on(
    server: RunningServer, poison: bytes, verdict: str
) -> None:
    for place in range(3):
        till, member = server.joined_till(), new_member()
        for at in range(3):
            if at == place:
                till.append_bytes(poison)
            else:
                till.append(sale(member))

        reply = till.exchange()

        assert (reply.have, reply.verdicts) == (3, ((place + 1, verdict),))
        assert till.member(member).balance == 42
        rows = server.fetch(
            "SELECT seq, data, verdict FROM event WHERE stream = ? AND verdict <> 'applied'",
            till.stream,
        )
        assert [(seq, bytes(data), word) for seq, data, word in rows] == [
            (place + 1, poison, verdict)
        ]
        noticed = server.fetch("SELECT seq FROM attention WHERE stream = ?", till.stream)
        assert [tuple(row) for row in noticed] == [(place + 1,)]


def test_S21_facts_that_no_honest_till_states_are_set_aside(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    honest = encode_event(sale(member))

    for before, after in (
        (b'"earned":21', b'"earned":-21'),
        (b'"earned":21', b'"earned":99999999999'),
        (b'"total":2100', b'"total":-1'),
        (b'"total":2100', b'"total":1e99'),
        (b'"at_ms":17', b'"at_ms":-17'),
        (b'"at_ms":17', b'"at_ms":170000000000000000017'),
        (b'"currency":"EUR"', b'"currency":"USD"'),
        (b'"v":1', b'"v":0'),
        (member.encode(), b"<script>"),
        (member.encode(), b"\\u0000" * 8),
        (b'"kind":"sale"', b'"kind":"sale","redeemed":5,"rights_used":-5'),
    ):
        assert before in honest
        till.append_bytes(honest.replace(before, after).replace(b'"id":"0', b'"id":"1', 1))

    reply = till.exchange(sale(member))

    assert reply.have == 12
    assert {code for _, code in reply.verdicts} == {"quarantined"}
    assert len(reply.verdicts) == 11
    assert till.member(member).balance == 21


@pytest.mark.expects_log_records
@pytest.mark.parametrize("sends", [1, 2])
def test_F48_what_the_database_refuses_is_set_aside_with_its_bytes(
    database_url: str, caplog: pytest.LogCaptureFixture, sends: int
) -> None:
    make_books(database_url)
    with running_server(database_url) as server:
        _refuse_entries_of_666_points(server)
        till, other = server.joined_till(), server.joined_till()
        member = new_member()
        poison = sale(member, total=66_600)
        till.append(enrollment(member), sale(member), poison, sale(member, total=100))
        other.append(sale(member, total=200))

        with caplog.at_level(logging.WARNING):
            replies = [till.send(till.request()) for _ in range(sends)]
        other.exchange()
        till.exchange()

        assert {(reply.have, reply.verdicts) for reply in replies} == {(4, ((3, "quarantined"),))}
        assert till.member(member).balance == 50 + 21 + 1 + 2
        rows = server.fetch("SELECT data FROM event WHERE verdict = 'quarantined'")
        assert [bytes(row[0]) for row in rows] == [encode_event(poison)]
        assert member not in caplog.text
        assert server.verified().faults == []


def _refuse_entries_of_666_points(server: RunningServer) -> None:
    """Make the database refuse an innocent row, as a fault of our own would."""
    with closing(server.open()) as database, database.write() as session:
        if server.database.startswith("sqlite"):
            session.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON entry WHEN NEW.points = 666"
                " BEGIN SELECT RAISE(ABORT, 'refused by the test'); END"
            )
        else:
            session.execute("ALTER TABLE entry ADD CHECK (points <> 666)")


def test_any_bytes_get_a_verdict(server: RunningServer) -> None:
    rng = random.Random(21)
    till, member = server.joined_till(), new_member()
    honest = encode_event(sale(member, event_id=new_id()))
    sent = 0
    while sent < 200:
        data = bytearray(honest)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data))] = rng.randrange(32, 127)
        try:
            msgspec.json.decode(bytes(data))
        except msgspec.DecodeError:
            continue  # not even JSON: the message as a whole would not be readable
        till.append_bytes(bytes(data))
        sent += 1

    reply = till.exchange()

    assert reply.have == 200
