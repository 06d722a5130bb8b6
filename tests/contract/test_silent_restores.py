"""Books that were restored without a word: the mark of a version gives them away."""

import re

import pytest

from pos_loyalty.server.database import version_marks
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import SimpleTill, enrollment, new_member, sale


def seen_version(till: SimpleTill) -> int:
    found = re.match(r"m([0-9]+)\.[0-9a-f]+\.", till.cursor)
    assert found is not None, till.cursor
    return int(found[1])


def go_on_differently(server: RunningServer, version: int) -> None:
    """Make the books such as were restored to before a version and have come past it again."""
    server.write("UPDATE version_mark SET mark = '0123456789abcdef' WHERE v = ?", version)


@pytest.mark.parametrize("brings_events", [False, True])
def test_S09_F27_books_that_went_on_after_a_restore_are_found_by_the_mark(
    own_server: RunningServer, *, brings_events: bool
) -> None:
    first, second, member = own_server.joined_till(), own_server.joined_till(), new_member()
    first.exchange(enrollment(member))
    second.exchange()
    # Only what was granted is lost: no event, and the books are longer than any cursor.
    first.exchange(want_rights=((member, 30),))
    lost = seen_version(first)
    second.exchange(sale(member))
    go_on_differently(own_server, lost)

    if brings_events:
        first.append(sale(member))
    found = first.take(first.send(first.request(want_rights=((member, 5),))))

    assert (found.status, found.epoch) == (Status.REPORT, 2)
    assert own_server.fetch("SELECT roster_open FROM clock") == [(1,)]
    assert own_server.fetch("SELECT kind FROM attention") == [("restored",)]
    assert first.exchange(granted_seen=((member, 30),), granted_complete=True).have == len(
        first.journal
    )


def test_a_cursor_of_the_first_release_still_reads_on(own_server: RunningServer) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(enrollment(member))
    till.cursor = re.sub(r"^m[0-9]+\.[0-9a-f]+\.", "", till.cursor)

    reply = till.exchange(sale(member))

    assert reply.status is Status.OK
    assert [getattr(row, "member", "") for row in reply.rows] == [member]


def test_a_version_without_a_mark_proves_nothing(own_server: RunningServer) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(enrollment(member))
    own_server.write("DELETE FROM version_mark")

    assert till.exchange(sale(member)).status is Status.OK


def test_a_cursor_read_from_a_snapshot_that_the_books_have_not_come_to_is_a_proof(
    own_server: RunningServer,
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.exchange(enrollment(member))

    # As in the middle of a long page: the place is an old one, the snapshot is not.
    reply = till.send(till.request(cursor="m90.00ff.1.1.member.0"))

    assert (reply.status, reply.epoch) == (Status.REPORT, 2)


def test_marks_of_long_ago_are_cleared_away(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(version_marks, "MARKS_KEPT", 2)
    monkeypatch.setattr(version_marks, "_CLEARED_EVERY", 1)
    till, member = own_server.joined_till(), new_member()

    for _ in range(4):
        till.exchange(sale(member))

    assert len(own_server.fetch("SELECT v FROM version_mark")) <= 3
