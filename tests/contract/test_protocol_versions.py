"""Rows that came with a protocol go only to tills that speak it."""

from contextlib import closing

from pos_loyalty.server.database import tables
from pos_loyalty.wire.version import PROTOCOL_2
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import SimpleTill, enrollment, new_member

NEW_ROWS = 7


def test_S29_rows_of_protocol_2_are_passed_over_before_the_limit(own_server: RunningServer) -> None:
    old, new = own_server.joined_till(), own_server.joined_till()
    old.exchange()
    new.exchange(proto=PROTOCOL_2)
    _add_items(own_server, old)
    member = new_member()

    old.append(enrollment(member))
    to_old = old.send(old.request(want_rows=1))
    to_new = new.send(new.request(proto=PROTOCOL_2, want_rows=NEW_ROWS - 1))

    assert [str(row.__struct_config__.tag) for row in to_old.rows] == ["member"]
    assert not to_old.more
    assert {str(row.__struct_config__.tag) for row in to_new.rows} == {"attention"}
    assert to_new.more


def _add_items(server: RunningServer, till: SimpleTill) -> None:
    """Put items on the owner's list, as the fold does."""
    with closing(server.open()) as database, database.write() as session:
        session.execute("UPDATE clock SET v = v + 1 WHERE merchant = ?", till.merchant)
        v = session.fetch("SELECT v FROM clock WHERE merchant = ?", till.merchant)[0][0]
        for seq in range(1, NEW_ROWS + 1):
            row = (till.merchant, "quarantined", till.stream, seq, "unreadable", 1, None, 0)
            session.put(tables.NOTICE, [row])
            item = f"quarantined.{till.stream}.{seq}"
            session.put(tables.CHANGE, [(till.merchant, "attention", item, "", v)])
