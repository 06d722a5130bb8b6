"""When the server itself is in trouble it says so, and tills lose nothing."""

import contextlib
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from pos_loyalty.domain.errors import StoreUnavailable
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.server import group_commit
from pos_loyalty.server.database.repository import Conflict, Database, Session
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.server.group_commit import GroupCommit
from pos_loyalty.server.group_write import GroupWriter, transact
from pos_loyalty.server.reading import Batch
from pos_loyalty.server.setup import open_database
from pos_loyalty.wire.messages import ProfileChange, Status
from tests.contract.running_server import RunningServer, make_books, running_server
from tests.contract.simple_till import (
    MONDAY_MS,
    PROGRAM,
    Refused,
    enrollment,
    new_id,
    new_member,
    reversal,
    sale,
)


class Contested:
    """A database in which another writer is in the way for some time."""

    is_shared = True

    def __init__(self, inner: Database, *, conflicts: int) -> None:
        self._inner = inner
        self._conflicts = conflicts
        self.read = inner.read
        self.scrub = inner.scrub
        self.close = inner.close

    @contextlib.contextmanager
    def write(self) -> Generator[Session, None, None]:
        with self._inner.write() as session:
            yield session
            if self._conflicts:
                self._conflicts -= 1
                raise Conflict


def shops_after(database_url: str, *, conflicts: int) -> list[tuple[object, ...]]:
    with closing(open_database(database_url, may_create=True)) as inner:
        contested = Contested(inner, conflicts=conflicts)
        insert = "INSERT INTO shop (merchant, shop, name) VALUES ('m', 's', 'Harbor')"
        with contextlib.suppress(StoreUnavailable):
            transact(contested, lambda session: session.execute(insert))
        with inner.read() as session:
            return session.fetch("SELECT name FROM shop")


@pytest.mark.parametrize(("conflicts", "written"), [(0, 1), (3, 1), (9, 0)])
def test_F53_a_conflict_is_tried_again_and_at_last_refused_whole(
    database_url: str, conflicts: int, written: int
) -> None:
    assert len(shops_after(database_url, conflicts=conflicts)) == written


def test_S38_a_full_queue_answers_busy_and_takes_nothing(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = own_server.joined_till()
    till.append(sale(new_member()))

    with monkeypatch.context() as patched:
        patched.setattr(group_commit, "QUEUE_REQUESTS_MAX", 0)
        reply = till.send(till.request())

    assert reply.status is Status.BUSY
    assert 500 <= reply.retry_after_ms <= 1_500
    assert till.exchange().have == 1


@pytest.mark.expects_log_records
def test_a_fault_of_our_own_is_a_503_and_nothing_is_half_written(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till, member = own_server.joined_till(), new_member()
    till.append(enrollment(member), sale(member))

    def fail(self: GroupCommit, batch: Batch) -> None:
        del self, batch
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(GroupCommit, "submit", fail)
        with pytest.raises(Refused) as refused:
            till.send(till.request())

    assert (refused.value.status, refused.value.code) == (503, "E-SERVER-TROUBLE")
    assert till.exchange().have == 2


@pytest.mark.expects_log_records
def test_a_fault_that_stays_refuses_the_request_and_not_the_server(
    own_server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    till = own_server.joined_till()
    till.append(sale(new_member()))

    def fail(self: GroupWriter, batches: Sequence[Batch], set_aside: object) -> None:
        del self, batches, set_aside
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr(GroupWriter, "_attempt", fail)
        with pytest.raises(Refused) as refused:
            till.send(till.request())

    assert (refused.value.status, refused.value.code) == (503, "E-DATABASE-UNREACHABLE")
    assert till.exchange().have == 1


def test_a_full_disk_is_said_in_words_and_healed_by_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"sqlite:///{tmp_path}/books.db"
    make_books(url)
    write = SqliteDatabase.write

    @contextlib.contextmanager
    def write_within(self: SqliteDatabase) -> Generator[Session, None, None]:
        # The file may not grow: SQLite then says what it says on a full disk.
        with write(self) as session:
            session.fetch(f"PRAGMA max_page_count = {pages[-1]}")
            yield session

    pages = [1]
    with running_server(url) as server:
        till, member = server.joined_till(), new_member()
        till.append(*(sale(member) for _ in range(500)))
        with monkeypatch.context() as patched:
            patched.setattr(SqliteDatabase, "write", write_within)
            with pytest.raises(Refused) as refused:
                till.send(till.request())
            pages.append(9_999)
            till.exchange()

        assert (refused.value.status, refused.value.code) == (503, "E-SERVER-FULL")
        assert till.have == 500
        assert server.verified().faults == []


def consent_of(server: RunningServer, member: MemberId) -> int:
    return server.fetch("SELECT consent FROM member WHERE member = ?", member)[0][0]


def change(member: MemberId, *, yes: bool, base_v: int = 0) -> ProfileChange:
    return ProfileChange(
        change=EventId(new_id()),
        member=member,
        at_ms=MONDAY_MS,
        base_v=base_v,
        offers_consent=yes,
    )


def test_a_no_to_offers_wins_over_a_yes_that_did_not_know_of_it(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    till.exchange(enrollment(member), profiles=(change(member, yes=True),))
    before = till.member(member).v
    till.exchange(profiles=(change(member, yes=False),))
    denied = till.member(member).v

    till.exchange(profiles=(change(member, yes=True, base_v=before),))
    assert consent_of(server, member) == 0

    till.exchange(profiles=(change(member, yes=True, base_v=denied),))
    assert consent_of(server, member) == 1


def test_profile_changes_without_shape_are_passed_over(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    odd = msgspec.structs.replace(change(member, yes=True), change=EventId("x"))

    reply = till.exchange(profiles=(odd,))

    assert reply.profiles_have == ()


def test_a_history_of_nobody_is_empty(server: RunningServer) -> None:
    till = server.joined_till()

    assert till.history(MemberId("' OR 1=1 --")).entries == ()


def test_a_sale_without_rights_for_what_it_took_back_is_an_overdraft(
    server: RunningServer,
) -> None:
    till, member = server.joined_till(), new_member()
    bought = sale(member, total=20_000)
    till.exchange(bought, sale(member, redeem=200))

    reply = till.exchange(reversal(bought, 1, rights_used=200))

    assert reply.verdicts == ((3, "overdraft"),)


def test_an_undo_of_a_part_is_shown(server: RunningServer) -> None:
    till, member = server.joined_till(), new_member()
    bought = sale(member)
    till.exchange(bought)

    reply = till.exchange(
        msgspec.structs.replace(reversal(bought, 1), earned_taken=20, rights_used=20)
    )

    assert reply.verdicts == ((2, "differs"),)
    assert PROGRAM.version == bought.program
