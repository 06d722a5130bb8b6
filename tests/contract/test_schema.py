"""S12: the schema can be spread over machines by merchant: every key of it begins with one."""

from contextlib import closing

from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Database, Session
from pos_loyalty.server.setup import open_database

WITHOUT_MERCHANT = "schema_step"
"""Of the database, not of a merchant; every machine has its own."""
# Name of the index, its table, its first column.
SQLITE_INDEXES = """
SELECT i.name, t.name, c.name FROM pragma_table_list t, pragma_index_list(t.name) i,
    pragma_index_info(i.name) c WHERE c.seqno = 0 AND t.name NOT LIKE 'sqlite_%'
"""
POSTGRES_INDEXES = """
SELECT i.relname, t.relname, a.attname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
    JOIN pg_class t ON t.oid = x.indrelid
    LEFT JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]
    WHERE t.relnamespace = 'public'::regnamespace
"""
SQLITE_COLUMNS = """
SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c
    WHERE t.name NOT LIKE 'sqlite_%'
"""
POSTGRES_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
"""


def opened(url: str) -> "closing[Database]":
    return closing(open_database(url, may_create=True))


def columns(session: Session, *, is_postgres: bool) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, column in session.fetch(POSTGRES_COLUMNS if is_postgres else SQLITE_COLUMNS):
        found.setdefault(table, set()).add(column)
    found.pop(WITHOUT_MERCHANT)
    return found


def test_S12_every_key_and_every_index_begins_with_the_merchant(database_url: str) -> None:
    with opened(database_url) as database, database.read() as session:
        query = POSTGRES_INDEXES if database.is_shared else SQLITE_INDEXES
        indexes = [row for row in session.fetch(query) if row[1] != WITHOUT_MERCHANT]

    assert {first for _, _, first in indexes} == {"merchant"}, indexes
    assert {table for _, table, _ in indexes} == {table.name for table in tables.ALL}
    assert {"event_by_id", "chg_by_v"} <= {name for name, _, _ in indexes}


def test_no_table_points_into_another(database_url: str) -> None:
    """A foreign key would have to be spread along; the fold keeps the tables together."""
    with opened(database_url) as database, database.read() as session:
        if database.is_shared:
            query = "SELECT conname FROM pg_constraint WHERE contype = 'f'"
        else:
            query = "SELECT f.id FROM pragma_table_list t, pragma_foreign_key_list(t.name) f"
        assert session.fetch(query) == []


def test_bulk_writes_know_every_column_of_every_table(database_url: str) -> None:
    """So that books which move to another database take everything along."""
    with opened(database_url) as database, database.read() as session:
        held = columns(session, is_postgres=database.is_shared)

    assert held == {table.name: set(table.names) for table in tables.ALL}
