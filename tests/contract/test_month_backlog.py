"""F47: a month of sales that waited on a till comes in pages, and costs the server no memory."""

from pathlib import Path

import pytest

from pos_loyalty.wire.messages import BATCH_EVENTS_MAX, Status
from tests.contract.running_server import RunningServer
from tests.contract.simple_till import Refused, SimpleTill, new_member, sale

PAGES = 72
"""36,000 sales: a busy till in a month."""
WARM_PAGES = 8
GROWTH_KILOBYTES_MAX = 6_000
SQLITE_CACHE_KILOBYTES = 65_536
MEMBERS = 200


def memory_kilobytes(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise AssertionError("no such process")


def cached_kilobytes(server: RunningServer) -> int:
    """What SQLite may keep of the books' pages: never more than is there, and than its limit."""
    if not server.database.startswith("sqlite"):
        return 0
    books = Path(server.database.removeprefix("sqlite:///"))
    return min(books.stat().st_size // 1024, SQLITE_CACHE_KILOBYTES)


def month_of_sales(till: SimpleTill) -> int:
    """Fill the journal; returns the points that all of it earned."""
    members = [new_member() for _ in range(MEMBERS)]
    for number in range(PAGES * BATCH_EVENTS_MAX):
        till.append(sale(members[number % MEMBERS], total=1_000))
    return PAGES * BATCH_EVENTS_MAX * 10


def test_F47_a_month_s_backlog_comes_in_pages_and_takes_no_more_memory_at_its_end(
    server: RunningServer,
) -> None:
    till = server.joined_till()
    earned = month_of_sales(till)
    memory: list[int] = []

    while till.have < len(till.journal):
        page = till.request(count=BATCH_EVENTS_MAX, want_rows=10)
        reply = till.send(page)
        assert reply.status is Status.OK
        assert reply.have == till.have + BATCH_EVENTS_MAX, "every page is progress"
        memory.append(memory_kilobytes(server.pid))
        if len(memory) % 5 == 0:
            # The answer is lost and the till starts anew: what is held is held.
            assert till.send(page).have == reply.have
            till.have = till.send(till.request(from_seq=1, count=0)).have
        else:
            till.take(reply)

    assert len(memory) == PAGES
    grown = memory[-1] - memory[WARM_PAGES - 1]
    assert grown - cached_kilobytes(server) < GROWTH_KILOBYTES_MAX, memory
    held = server.fetch("SELECT sum(points) FROM entry WHERE stream = ?", till.stream)
    assert held == [(earned,)]


def test_F47_a_page_of_more_events_is_refused_before_it_is_read(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    for _ in range(BATCH_EVENTS_MAX + 1):
        till.append(sale(member))

    with pytest.raises(Refused) as refused:
        till.send(till.request())

    assert refused.value.code == "E-BODY-SHAPE"
    assert till.exchange(count=BATCH_EVENTS_MAX).have == BATCH_EVENTS_MAX
