"""Both databases keep the same promises below the server."""

from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, LoyaltyError, StoreUnavailable
from pos_loyalty.server.database import migrations, tables
from pos_loyalty.server.database.repository import Database, RowRefused, SqlValue
from pos_loyalty.server.setup import create_till_code, open_database, read_merchant
from tests.contract.running_server import CLOCK, IDS, make_books


def opened(url: str) -> "closing[Database]":
    return closing(open_database(url, may_create=True))


def test_every_table_has_the_columns_that_bulk_writes_name(database_url: str) -> None:
    with opened(database_url) as database, database.read() as session:
        for table in tables.ALL:
            columns = ", ".join(table.names)
            assert session.fetch(f"SELECT {columns} FROM {table.name}") == []  # noqa: S608 - names of our own tables
            assert table.names[0] == "merchant"


def test_opening_again_migrates_nothing_twice(database_url: str) -> None:
    for _ in range(3):
        with opened(database_url) as database, database.read() as session:
            assert session.fetch("SELECT max(step) FROM schema_step") == [(len(migrations.STEPS),)]


def test_a_database_of_a_newer_server_is_refused_in_words(database_url: str) -> None:
    with opened(database_url) as database, database.write() as session:
        session.execute("INSERT INTO schema_step (step) VALUES (?)", 999)

    with pytest.raises(StoreUnavailable) as refused:
        open_database(database_url)

    assert refused.value.code == "E-DATA-NEWER"


def write_two_shops_under_one_key(database: Database) -> None:
    with database.write() as session:
        session.add(tables.SHOP, [("m", "s1", "Harbor")])
        session.add(tables.SHOP, [("m", "s1", "Market")])


def write_a_shop_and_fail(database: Database) -> None:
    with database.write() as session:
        session.add(tables.SHOP, [("m", "s1", "Harbor")])
        raise CommandRefused(Code.COMMAND_SHAPE)


def test_a_write_that_fails_leaves_nothing(database_url: str) -> None:
    with opened(database_url) as database:
        with pytest.raises(RowRefused):
            write_two_shops_under_one_key(database)

        with database.read() as session:
            assert session.fetch("SELECT * FROM shop") == []
        with database.write() as session:
            session.add(tables.SHOP, [("m", "s1", "Harbor")])


def test_an_error_of_our_own_rolls_back_too(database_url: str) -> None:
    with opened(database_url) as database:
        with pytest.raises(CommandRefused):
            write_a_shop_and_fail(database)

        with database.read() as session:
            assert session.fetch("SELECT * FROM shop") == []


def test_a_snapshot_does_not_see_what_is_committed_after_it(database_url: str) -> None:
    with opened(database_url) as database, database.read() as before:
        assert before.fetch("SELECT * FROM shop") == []
        with database.write() as session:
            session.add(tables.SHOP, [("m", "s1", "Harbor")])

        assert before.fetch("SELECT * FROM shop") == []
        with database.read() as after:
            assert len(after.fetch("SELECT * FROM shop")) == 1


def test_bulk_writes_replace_by_key_and_keep_every_kind_of_value(database_url: str) -> None:
    first = ("m", "s", 1, b"\x00\xff", b"{}", "applied", "", None, "sale", None, 2**40, 0)
    changed = (*first[:5], "differs", "why\u00e4", "e1", "sale", "m1", 2**52, 5)
    with opened(database_url) as database:
        with database.write() as session:
            session.put(tables.EVENT, [first])
            session.put(tables.EVENT, [changed])
            session.put(tables.EVENT, [])

        with database.read() as session:
            names = ", ".join(tables.EVENT.names)
            rows = session.fetch(f"SELECT {names} FROM event")  # noqa: S608 - names of our own tables
    assert rows == [changed]


def test_one_event_id_counts_once_by_the_database_itself(database_url: str) -> None:
    def row(seq: int) -> tuple[SqlValue, ...]:
        return ("m", "s", seq, b"h", b"{}", "applied", "", "same-id", "sale", None, 1, 0)

    with opened(database_url) as database, pytest.raises(RowRefused), database.write() as session:
        session.add(tables.EVENT, [row(1), row(2)])


def test_integers_beyond_every_range_are_refused_as_content(database_url: str) -> None:
    with opened(database_url) as database, pytest.raises(RowRefused), database.write() as session:
        session.put(tables.CLOCK, [("m", 2**70, 1, "", 0)])


def test_a_database_belongs_to_one_merchant(database_url: str) -> None:
    make_books(database_url)

    with pytest.raises(CommandRefused) as refused:
        make_books(database_url, name="Other")

    assert (refused.value.code, refused.value.facts) == (
        "E-MERCHANT-EXISTS",
        {"merchant": "Café Linde"},
    )


def test_a_database_without_a_merchant_says_what_to_do(database_url: str) -> None:
    with opened(database_url) as database, pytest.raises(CommandRefused) as refused:
        create_till_code(database, shop_name="Harbor", minutes=15, clock=CLOCK, ids=IDS)

    assert refused.value.code == "E-MERCHANT-ABSENT"


def test_an_unknown_currency_makes_no_books(database_url: str) -> None:
    with pytest.raises(CommandRefused, match="E-CURRENCY-UNKNOWN"):
        make_books(database_url, currency="XXQ")

    with opened(database_url) as database, pytest.raises(CommandRefused):
        read_merchant(database)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql://x", "E-OPTION-SHAPE"),
        ("sqlite:///", "E-OPTION-SHAPE"),
        ("sqlite:////no/such/folder/books.db", "E-BOOKS-ABSENT"),
        ("postgresql://nobody@/none?host=/no/such/folder", "E-DATABASE-UNREACHABLE"),
    ],
)
def test_a_database_that_cannot_be_opened_is_said_in_words(url: str, code: str) -> None:
    with pytest.raises(LoyaltyError) as refused:
        open_database(url)

    assert refused.value.code == code


def test_a_file_that_is_no_database_is_said_in_words(tmp_path: Path) -> None:
    path = tmp_path / "books.db"
    path.write_bytes(b"not a database" * 100)

    with pytest.raises(StoreUnavailable) as refused:
        open_database(f"sqlite:///{path}")

    assert refused.value.code == "E-DATABASE-UNREACHABLE"


def test_a_folder_that_is_absent_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable) as refused:
        open_database(f"sqlite:///{tmp_path}/none/books.db", may_create=True)

    assert refused.value.code == "E-DATABASE-UNREACHABLE"


def test_every_connection_to_a_file_flushes_every_commit(tmp_path: Path) -> None:
    with opened(f"sqlite:///{tmp_path}/books.db") as database:
        with database.write() as session:
            assert session.fetch("PRAGMA synchronous") == [(2,)]
            assert session.fetch("PRAGMA journal_mode") == [("wal",)]
        with database.read() as session:
            assert session.fetch("PRAGMA synchronous") == [(2,)]
