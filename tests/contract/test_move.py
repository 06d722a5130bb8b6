"""`server move`: the books go to another database, and no till notices."""

import random
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.cli import main
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server import move_books
from pos_loyalty.server.database import tables
from pos_loyalty.server.setup import open_database
from pos_loyalty.wire.messages import Status
from tests.contract.running_server import create_database, make_books, running_server
from tests.contract.simple_till import SimpleTill, enrollment, new_member, sale


@pytest.fixture
def file_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/books.db"


@pytest.fixture
def empty_url(postgres_url: str) -> str:
    return create_database(postgres_url, f"moved_{random.randrange(2**40)}")


@pytest.fixture
def move(capsys: pytest.CaptureFixture[str]) -> Callable[[str, str], tuple[int, str]]:
    def run(source: str, target: str) -> tuple[int, str]:
        code = main(["server", "move", "--from", source, "--to", target])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def play(url: str) -> tuple[SimpleTill, SimpleTill]:
    """Make books and let two tills sell; the second has not heard the last of it."""
    make_books(url)
    with running_server(url) as server:
        first, second = server.joined_till(), server.joined_till("Harbor")
        members = [new_member() for _ in range(4)]
        first.exchange(*(enrollment(member) for member in members))
        second.exchange()
        first.exchange(*(sale(member, total=1000, redeem=0) for member in members * 2))
    return first, second


def test_tills_go_on_where_they_were(
    file_url: str, empty_url: str, move: Callable[[str, str], tuple[int, str]], tmp_path: Path
) -> None:
    first, second = play(file_url)
    heard, epoch = len(second.rows), second.epoch
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(move_books, "_PAGE", 3)
        code, said = move(file_url, empty_url)

    assert code == 0, said
    assert "The books are right: 12 events of 2 streams, 4 members" in said
    beside = {"books.db.server-lock", "books.db.snapshots"}
    left = {path.name for path in tmp_path.glob("books.db*")} - beside
    assert left == {"books.db.moved"}
    with closing(open_database(empty_url)) as database, database.read() as session:
        query = "SELECT count(*) FROM pg_statistic s JOIN pg_class c ON c.oid = s.starelid"
        assert session.fetch(f"{query} WHERE c.relname = 'member'")[0][0] > 0
    with running_server(empty_url) as server:
        first.url = second.url = server.url
        reply = second.exchange(sale(known_member(second), total=1000))
        assert (reply.status, second.epoch) == (Status.OK, epoch)
        assert {row.v for row in reply.rows if row.v <= 3} == set()
        first.exchange()
        assert len(second.rows) >= heard
        assert server.verified().faults == []
        assert server.fetch("SELECT count(*) FROM event") == [(13,)]


def known_member(till: SimpleTill) -> MemberId:
    return next(MemberId(key) for kind, key in till.rows if kind == "member")


def test_books_can_go_back_to_a_file(
    file_url: str, empty_url: str, move: Callable[[str, str], tuple[int, str]]
) -> None:
    play(empty_url)

    code, said = move(empty_url, file_url)

    assert code == 0, said
    with closing(open_database(file_url)) as here, closing(open_database(empty_url)) as there:
        for table in tables.ALL:
            query = f"SELECT {', '.join(table.names)} FROM {table.name}"  # noqa: S608 - names of our own tables
            with here.read() as mine, there.read() as theirs:
                assert sorted(mine.fetch(query), key=repr) == sorted(theirs.fetch(query), key=repr)


def test_a_database_that_has_books_is_left_alone(
    file_url: str, empty_url: str, move: Callable[[str, str], tuple[int, str]], tmp_path: Path
) -> None:
    play(file_url)
    make_books(empty_url, name="Other")

    assert move(file_url, empty_url) == (
        1,
        "This database already belongs to Other. (E-MERCHANT-EXISTS)\n",
    )
    assert (tmp_path / "books.db").exists()


def test_books_of_a_running_server_stay(
    file_url: str, empty_url: str, move: Callable[[str, str], tuple[int, str]]
) -> None:
    make_books(file_url)
    with running_server(file_url):
        code, said = move(file_url, empty_url)

    assert (code, "E-SERVER-RUNNING" in said) == (1, True)


def test_a_row_that_does_not_fit_moves_nothing(
    file_url: str, empty_url: str, move: Callable[[str, str], tuple[int, str]]
) -> None:
    """A zero character is text for SQLite, and none for PostgreSQL."""
    make_books(file_url)
    with closing(open_database(file_url)) as database, database.write() as session:
        session.execute("UPDATE merchant SET country = 'D' || char(0)")
    with closing(open_database(file_url)) as database, database.read() as session:
        assert len(session.fetch("SELECT country FROM merchant")[0][0]) == 2

    code, said = move(file_url, empty_url)

    assert (code, "E-MOVE-REFUSED" in said) == (1, True)
    with closing(open_database(empty_url)) as database, database.read() as session:
        assert session.fetch("SELECT * FROM merchant") == []


def test_a_file_without_books_is_said_in_words(
    empty_url: str, move: Callable[[str, str], tuple[int, str]], tmp_path: Path
) -> None:
    code, said = move(f"sqlite:///{tmp_path}/none.db", empty_url)

    assert (code, "E-BOOKS-ABSENT" in said) == (1, True)
