"""F35: what only a newer till can say is kept byte for byte, and counts after the update."""

import json
from contextlib import closing

import pytest

from pos_loyalty.domain.event import Event, UnreadableEvent, encode_event
from pos_loyalty.server import reading
from pos_loyalty.server.refold import refold
from tests.contract.running_server import CLOCK, RunningServer
from tests.contract.simple_till import enrollment, new_member, sale
from tests.contract.test_inbox import new_till, own_items

DECODE = reading.decode_event


def decode_without_sales(data: bytes) -> Event:
    """Read events as a server did that was made before there were sales."""
    if b'"kind":"sale"' in data:
        raise UnreadableEvent("no such kind")
    return DECODE(data)


def test_F35_an_unknown_kind_is_kept_as_it_came_and_counts_after_the_update(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member = new_till(own_server), new_member()
    waiting = encode_event(sale(member))
    with monkeypatch.context() as older:
        older.setattr(reading, "decode_event", decode_without_sales)
        older.setattr(reading, "_KNOWN_KINDS", reading._KNOWN_KINDS - {"sale"})
        till.append(enrollment(member))
        till.append_bytes(waiting)
        reply = till.exchange()

    assert (reply.have, reply.verdicts) == (2, ((2, "later"),))
    assert till.member(member).balance == 50, "it moves nothing yet"
    kept = own_server.fetch("SELECT data FROM event WHERE verdict = 'later'")
    assert [bytes(row[0]) for row in kept] == [waiting]
    (item,) = own_items(till, "later")
    assert (item.item, item.settled) == (f"later.{till.stream}.2", "")

    with closing(own_server.open()) as database:
        refold(database, clock=CLOCK)
    till.exchange()

    assert till.member(member).balance == 50 + 21
    assert [item.settled for item in own_items(till, "later")] == ["judged"]
    assert own_server.verified().faults == []


def test_S30_F35_an_unknown_field_stays_in_the_bytes_and_the_rest_counts(
    server: RunningServer,
) -> None:
    till, member = new_till(server), new_member()
    fields = json.loads(encode_event(sale(member)))
    newer = json.dumps({**fields, "mood": "sunny"}).encode()

    till.append_bytes(newer)
    reply = till.exchange()

    assert reply.verdicts == ()
    assert till.member(member).balance == 21
    kept = server.fetch("SELECT data FROM event WHERE stream = ?", till.stream)
    assert [bytes(row[0]) for row in kept] == [newer]


def test_F35_what_waits_does_not_hold_up_what_follows(server: RunningServer) -> None:
    till, member = new_till(server), new_member()
    till.append_bytes(b'{"kind":"gift","v":1,"id":"0","to":"somebody"}')
    till.append_bytes(encode_event(sale(member)).replace(b'"v":1', b'"v":99'))

    reply = till.exchange(sale(member))

    assert (reply.have, reply.verdicts) == (3, ((1, "later"), (2, "later")))
    assert till.member(member).balance == 21
