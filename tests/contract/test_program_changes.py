"""F38: the program changes while a till is away; the till's points count, and it is told."""

from contextlib import closing

import msgspec

from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import MemberId, ProgramVersion
from pos_loyalty.server.database import tables
from pos_loyalty.server.setup import open_database, read_merchant
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.contract.simple_till import MONDAY_MS, PROGRAM, new_member, sale
from tests.contract.test_inbox import new_till, own_items

DOUBLE = msgspec.structs.replace(
    PROGRAM,
    version=ProgramVersion("double-2-EUR"),
    effective_from_ms=MONDAY_MS - 3_600_000,
    earn=msgspec.structs.replace(PROGRAM.earn, points_per_step=2),
)


def publish_double(database_url: str) -> None:
    """Put a version into force that gives two points for one."""
    with closing(open_database(database_url)) as database:
        merchant = read_merchant(database).merchant
        with database.write() as session:
            row = (merchant, DOUBLE.version, msgspec.json.encode(DOUBLE), 2)
            session.add(tables.PROGRAM, [row])


def by_double(member: MemberId, *, earned: int) -> SaleRecorded:
    return msgspec.structs.replace(sale(member, earned=earned), program=DOUBLE.version)


def test_S31_F38_a_till_that_did_not_hear_of_the_new_program_is_honored_and_told_of(
    database_url: str,
) -> None:
    make_books(database_url)
    member = new_member()
    with running_server(database_url) as server:
        away, here = new_till(server), new_till(server)
        away.append(sale(member), sale(member, at_ms=DOUBLE.effective_from_ms - 1))
    publish_double(database_url)

    with running_server(database_url) as server:
        away.url = here.url = server.url
        by_old_rules = away.exchange()
        by_new_rules = here.exchange(by_double(member, earned=42))
        wrong = here.exchange(by_double(member, earned=21))

        assert by_old_rules.verdicts == ((1, "differs"),), "the second was sold before the change"
        assert by_new_rules.verdicts == ()
        assert wrong.verdicts == ((2, "differs"),)
        away.exchange()
        assert away.member(member).balance == 21 + 21 + 42 + 21, "each as its till said"
        (item,) = own_items(away, "differs")
        assert (item.points, item.member) == (21, member)
        assert item.detail == "earned 21, computed 42"
        assert server.verified().faults == []


def test_F38_a_version_that_was_never_published_here_is_honored_and_told_of(
    server: RunningServer,
) -> None:
    till, member = new_till(server), new_member()

    reply = till.exchange(by_double(member, earned=42))

    assert reply.verdicts == ((1, "differs"),)
    assert till.member(member).balance == 42
    (item,) = own_items(till, "differs")
    assert "never published" in item.detail
