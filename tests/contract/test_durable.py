"""S20: what a backup elsewhere holds is proven by its bytes, recorded, and told to the tills."""

import contextlib
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.server.database.sqlite import SqliteDatabase
from pos_loyalty.server.durability import Durability, record_durable, write_copy
from pos_loyalty.server.move_books import move_books
from pos_loyalty.server.setup import open_database
from tests.contract.running_server import (
    RunningServer,
    create_database,
    make_books,
    running_server,
)
from tests.contract.simple_till import SimpleTill, new_member, sale


@pytest.fixture
def books(tmp_path: Path) -> Iterator[RunningServer]:
    url = f"sqlite:///{tmp_path}/books.db"
    make_books(url)
    with running_server(url) as server:
        yield server


def back_up(server: RunningServer, target: Path) -> str:
    with contextlib.closing(server.open()) as database:
        assert write_copy(database, target).faults == []
    return f"sqlite:///{target}"


def look_into(server: RunningServer, backup_url: str) -> Durability:
    with contextlib.closing(server.open()) as database:
        return record_durable(database, url=server.database, backup_url=backup_url)


def damage_copy(path: Path, statement: str) -> None:
    with (
        contextlib.closing(SqliteDatabase(path, may_create=False)) as database,
        database.write() as session,
    ):
        session.execute(statement)


def say_nothing(_stage: str, _done: int, _total: int) -> None:
    """Stand in for a person who watches."""


def sell(till: SimpleTill, count: int) -> None:
    till.exchange(*(sale(new_member()) for _ in range(count)))


def test_S20_a_till_hears_how_far_a_backup_holds_its_journal(
    books: RunningServer, tmp_path: Path
) -> None:
    till = books.joined_till()
    sell(till, 3)
    assert till.exchange().durable == 0
    copy = back_up(books, tmp_path / "copy.db")
    sell(till, 2)

    found = look_into(books, copy)

    assert (found.streams, found.events, found.faults) == (1, 3, [])
    assert till.exchange().durable == 3


def test_S20_the_mark_never_sinks_and_never_passes_the_journal(
    books: RunningServer, tmp_path: Path
) -> None:
    till = books.joined_till()
    sell(till, 2)
    older = back_up(books, tmp_path / "older.db")
    sell(till, 2)
    newer = back_up(books, tmp_path / "newer.db")

    assert look_into(books, newer).faults == []
    found = look_into(books, older)

    assert "ends at event 2 there, but 4 were held" in found.faults[0]
    assert till.exchange().durable == 4
    books.write("UPDATE stream SET durable = 99")
    assert till.exchange().durable == 4


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE event SET data = CAST('{}' AS BLOB) WHERE seq = 3",
        "DELETE FROM event WHERE seq = 3",
        "DELETE FROM event WHERE seq = 4",
        "UPDATE stream SET last = 9",
    ],
)
def test_S20_a_backup_that_was_altered_is_not_believed(
    books: RunningServer, tmp_path: Path, damage: str
) -> None:
    till = books.joined_till()
    sell(till, 2)
    look_into(books, back_up(books, tmp_path / "good.db"))
    sell(till, 2)
    bad = back_up(books, tmp_path / "bad.db")
    damage_copy(tmp_path / "bad.db", damage)

    found = look_into(books, bad)

    whole_anyway = damage.endswith("last = 9")
    assert till.exchange().durable == (4 if whole_anyway else 2)
    assert bool(found.faults) is not whole_anyway


def test_another_event_where_the_mark_stands_is_found(books: RunningServer, tmp_path: Path) -> None:
    till = books.joined_till()
    sell(till, 2)
    look_into(books, back_up(books, tmp_path / "good.db"))
    sell(till, 1)
    odd = back_up(books, tmp_path / "odd.db")
    damage_copy(tmp_path / "odd.db", "UPDATE event SET hash = zeroblob(32) WHERE seq = 2")

    found = look_into(books, odd)

    assert "event 2 is another one there" in found.faults[0]
    assert till.exchange().durable == 2


def test_the_books_themselves_are_no_backup(books: RunningServer, tmp_path: Path) -> None:
    for url in (books.database, f"sqlite:///{tmp_path}/./books.db"):
        with pytest.raises(CommandRefused) as refused:
            look_into(books, url)
        assert refused.value.code is Code.OPTION_SHAPE


def test_a_strangers_books_and_no_books_are_refused(books: RunningServer, tmp_path: Path) -> None:
    make_books(f"sqlite:///{tmp_path}/other.db", name="Somebody else")

    with pytest.raises(CommandRefused) as refused:
        look_into(books, f"sqlite:///{tmp_path}/other.db")
    with pytest.raises(StoreUnavailable):
        look_into(books, f"sqlite:///{tmp_path}/absent.db")

    assert refused.value.code is Code.SERVER_OTHER_MERCHANT


def test_a_copy_is_verified_before_it_gets_its_name(books: RunningServer, tmp_path: Path) -> None:
    till = books.joined_till()
    sell(till, 2)
    books.write("UPDATE member SET balance = balance + 1")
    target = tmp_path / "copy.db"

    with contextlib.closing(books.open()) as database:
        report = write_copy(database, target)

    assert report.faults
    assert not list(tmp_path.glob("copy.db*"))


def test_a_copy_replaces_nothing(books: RunningServer, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    target.write_text("something else")

    with contextlib.closing(books.open()) as database, pytest.raises(CommandRefused) as refused:
        write_copy(database, target)

    assert refused.value.code is Code.FILE_EXISTS
    assert target.read_text() == "something else"


def test_the_commands_of_an_owner(
    books: RunningServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sell(books.joined_till(), 2)
    target = tmp_path / "copy.db"

    assert main(["server", "backup", "--database", books.database, str(target)]) == 0
    assert "2 events" in capsys.readouterr().out
    words = ["server", "durable", "--database", books.database, "--backup", str(target)]
    assert main(words) == 0
    assert "2 events of 1 journal are held there, too" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    assert '"ok": true' in capsys.readouterr().out


def test_S20_a_twin_in_another_database_counts_and_the_same_one_does_not(
    own_server: RunningServer, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The twin is of the same kind as the books: a file beside a file, PostgreSQL twice."""
    till = own_server.joined_till()
    sell(till, 2)
    twin = f"sqlite:///{tmp_path}/twin.db"
    if not own_server.database.startswith("sqlite"):
        name = f"twin_{uuid.uuid4().hex[:8]}"
        twin = create_database(request.getfixturevalue("postgres_url"), name)
    with (
        contextlib.closing(own_server.open()) as source,
        contextlib.closing(open_database(twin, may_create=True)) as target,
    ):
        move_books(source, target, progress=say_nothing)

    assert look_into(own_server, twin).events == 2
    assert till.exchange().durable == 2
    same = own_server.database.replace("books.db", "./books.db")
    if same == own_server.database:
        same += "&application_name=another"
    with pytest.raises(CommandRefused):
        look_into(own_server, same)
