"""The checker finds what was planted in the server's books, or between them and a till's."""

import hashlib
import json
import shutil
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2

from tests.acceptance.joined_shop import JoinedShop


def _play(shop: JoinedShop) -> None:
    """Let two tills sell to two members, one after the other, until all is sent and heard."""
    shop.set_up()
    with shop.serve() as server:
        for till in ("one", "two"):
            shop.join(till, server.url)
        with shop.counter("one") as one, shop.counter("two") as two:
            ada = shop.enroll(one, "one", "Ada Sample")
            ben = shop.enroll(one, "one", "Ben Sample")
            shop.sell(one, "one", ada, 15_000)
            shop.sell(one, "one", ben, 2_340)
            undone = shop.sell(one, "one", ben, 990)
            balance = one.must(do="undo", sale_id=undone["sale_id"])["balance_points"]
            shop.note("undo", "one", sale_id=undone["sale_id"], member=ben, balance=balance)
            paid = {"rewards": [{"id": "pay-with-points", "points": 100}]}
            shop.sell(one, "one", ada, 1_780, **paid)
            one.must(do="sync")
            two.must(do="sync")
            shop.sell(two, "two", ada, 660)
            two.must(do="sync")
            one.must(do="sync")
            shop.show(one, "one", ada)


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> JoinedShop:
    shop = JoinedShop(tmp_path_factory.mktemp("played"))
    _play(shop)
    return shop


@pytest.fixture
def shop(played: JoinedShop, tmp_path: Path) -> JoinedShop:
    """Return a copy of the played shop, to spoil."""
    folder = tmp_path / "shop"
    shutil.copytree(played.folder, folder)
    return JoinedShop(folder, answers=list(played.answers), tills=list(played.tills))


@contextmanager
def _books(shop: JoinedShop) -> Generator[dbapi2.Connection]:
    """Open the server's file as somebody who does not go through the program."""
    with closing(dbapi2.connect(shop.folder / "books.db", isolation_level=None)) as connection:
        yield connection


def _rechain(connection: dbapi2.Connection, stream: str, change: Callable[[bytes], bytes]) -> None:
    """Change events of a stream and compute a new chain over them, as a clever forger would."""
    nonce = connection.execute(
        "SELECT join_nonce FROM stream WHERE stream = ?", (stream,)
    ).fetchone()[0]
    digest = hashlib.sha256(f"lp1|{stream}|{nonce}".encode()).digest()
    rows = connection.execute(
        "SELECT seq, data FROM event WHERE stream = ? ORDER BY seq", (stream,)
    ).fetchall()
    for seq, data in rows:
        changed = change(data)
        digest = hashlib.sha256(digest + changed).digest()
        connection.execute(
            "UPDATE event SET data = ?, hash = ? WHERE stream = ? AND seq = ?",
            (changed, digest, stream, seq),
        )
    last = rows[-1][0]
    connection.execute(
        "UPDATE stream SET last = ?, last_hash = ? WHERE stream = ?", (last, digest, stream)
    )


def _stream_of_till_one(connection: dbapi2.Connection) -> str:
    """Return the stream that holds the enrollments."""
    row = connection.execute("SELECT stream FROM event WHERE kind = 'enrollment'").fetchone()
    return str(row[0])


def test_true_books_of_two_tills_and_a_server_are_in_order(shop: JoinedShop) -> None:
    code, report = shop.check()

    assert (code, report["finding"]) == (0, None)
    assert (report["sales"], report["tills"], report["server_events"]) == (5, 2, report["events"])


def test_an_event_missing_on_the_server_is_found(shop: JoinedShop) -> None:
    with _books(shop) as books:
        books.execute("DELETE FROM event WHERE kind = 'sale' AND seq = 4")

    code, report = shop.check()

    assert (code, report["chain_ok"]) == (1, False)
    assert report["lost"] >= 1


def test_a_sale_forgotten_at_the_end_of_the_servers_copy_is_found(shop: JoinedShop) -> None:
    with _books(shop) as books:
        stream = _stream_of_till_one(books)
        books.execute(
            "DELETE FROM event WHERE stream = ? AND seq >="
            " (SELECT max(seq) FROM event WHERE stream = ? AND kind = 'sale')",
            (stream, stream),
        )
        _rechain(books, stream, bytes)

    code, report = shop.check()

    assert (code, report["chain_ok"]) == (1, True)
    assert report["lost"] >= 1


def test_a_sale_doubled_on_the_server_is_found(shop: JoinedShop) -> None:
    with _books(shop) as books:
        stream = _stream_of_till_one(books)
        (last,) = books.execute("SELECT last FROM stream WHERE stream = ?", (stream,)).fetchone()
        books.execute(
            "INSERT INTO event SELECT merchant, stream, ?, hash,"
            " CAST(replace(CAST(data AS TEXT), event, ?) AS BLOB), verdict, reason, ?, kind,"
            " member, v, recorded_ms FROM event WHERE stream = ? AND kind = 'sale'"
            " AND member IS NOT NULL ORDER BY seq DESC LIMIT 1",
            (last + 1, "f" * 32, "f" * 32, stream),
        )
        _rechain(books, stream, bytes)

    code, report = shop.check()

    assert (code, report["doubled"], report["balances_equal"]) == (1, 1, False)


def test_a_sale_altered_on_the_server_with_a_new_chain_is_found(shop: JoinedShop) -> None:
    with _books(shop) as books:
        stream = _stream_of_till_one(books)
        _rechain(books, stream, lambda data: data.replace(b'"total":2340', b'"total":1340'))

    code, report = shop.check()

    assert (code, report["chain_ok"], report["altered"]) == (1, True, 1)


@pytest.mark.parametrize(
    ("statement", "what"),
    [
        ("UPDATE member SET balance = balance + 1", "balances_equal"),
        ("UPDATE entry SET points = points + 1 WHERE kind = 'welcome'", "balances_equal"),
        ("UPDATE rights SET used = used + 1 WHERE used > 0", "rights_ok"),
        ("UPDATE rights SET granted = granted + 1000", "rights_ok"),
        ("UPDATE member SET outstanding = outstanding - 1", "rights_ok"),
        ("UPDATE event SET verdict = 'overdraft' WHERE kind = 'sale'", "rights_ok"),
        ("UPDATE stream SET last = last + 1", "chain_ok"),
    ],
)
def test_a_wrong_figure_of_the_server_is_found(shop: JoinedShop, statement: str, what: str) -> None:
    with _books(shop) as books:
        books.execute(statement)

    code, report = shop.check()

    assert (code, report[what]) == (1, False)


def test_a_sale_set_aside_by_the_server_is_found(shop: JoinedShop) -> None:
    with _books(shop) as books:
        books.execute("UPDATE event SET verdict = 'quarantined' WHERE seq = 4")

    code, report = shop.check()

    assert code == 1
    assert any("set aside" in finding for finding in report["findings"])
    assert report["lost"] >= 1


def test_what_was_not_sent_yet_is_said(shop: JoinedShop) -> None:
    with shop.counter("one") as counter:
        member = shop.answers[0]["member"]
        shop.sell(counter, "one", member, 440)

    code, report = shop.check()

    assert code == 1
    assert any("not sent yet" in finding for finding in report["findings"])


def test_a_server_without_books_is_not_readable(shop: JoinedShop) -> None:
    shop.database = f"sqlite:///{shop.folder / 'nothing.db'}"

    code, report = shop.check()

    assert code == 2
    assert "not readable" in json.dumps(report)
