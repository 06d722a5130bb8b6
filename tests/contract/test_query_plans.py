"""No statement of an exchange reads a table that grows with members or sales from end to end.

SQLite plans without statistics; left to itself it takes the books of one merchant for few rows.
"""

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from pos_loyalty.domain.ids import CardKey
from pos_loyalty.server.database.repository import Found, SqlValue
from pos_loyalty.server.database.sqlite import SqliteDatabase, SqliteSession, spoken
from tests.contract.running_server import make_books, running_server
from tests.contract.simple_till import (
    cards_issued,
    enrollment,
    new_id,
    new_member,
    reversal,
    sale,
)

GROWING = {
    "batch_signature",
    "card",
    "claimed_voucher",
    "chg",
    "entry",
    "event",
    "member",
    "profile_change",
    "profile_history",
    "rescued_event",
    "reversed_sale",
    "rights",
    "rights_lent",
    "sale_state",
    "version_mark",
}
_WHOLE = re.compile(
    r"SCAN (\w+)|SEARCH (\w+) USING (?:PRIMARY KEY|(?:COVERING )?INDEX \w+) \(merchant=\?\)$"
)


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Every query of the server in this process, as SQLite gets it."""
    seen: set[str] = set()
    fetch, fetch_among = SqliteSession.fetch, SqliteSession.fetch_among

    def noted(self: SqliteSession, statement: str, *values: SqlValue) -> list[Found]:
        seen.add(statement)
        return fetch(self, statement, *values)

    def noted_among(
        self: SqliteSession, statement: str, merchant: str, keys: Sequence[str]
    ) -> list[Found]:
        if keys:
            seen.add(spoken(statement))
        return fetch_among(self, statement, merchant, keys)

    monkeypatch.setattr(SqliteSession, "fetch", noted)
    monkeypatch.setattr(SqliteSession, "fetch_among", noted_among)
    return seen


def read_whole(database: SqliteDatabase, statement: str) -> list[str]:
    """Return the growing tables that a statement reads from end to end of a merchant."""
    with database.read() as session:
        values = [None] * statement.count("?")
        plan = session.fetch(f"EXPLAIN QUERY PLAN {statement}", *values)
    found = [_WHOLE.search(str(step[3])) for step in plan]
    tables = {name for match in found if match for name in match.groups() if name}
    return sorted(tables & GROWING)


def test_no_query_of_an_exchange_reads_a_growing_table_whole(
    tmp_path: Path, statements: set[str]
) -> None:
    url = f"sqlite:///{tmp_path}/books.db"
    make_books(url)
    with running_server(url) as server:
        first, second = server.joined_till(), server.joined_till()
        member, card = new_member(), CardKey(new_id())
        statements.clear()
        bought = sale(member, total=90_000)
        first.append(enrollment(member), cards_issued(card), bought, sale(card_key=card))
        first.exchange()
        first.append(reversal(bought, 3), sale(member, total=90_000))
        first.exchange()
        second.exchange(want_rights=((member, 50),))
        second.exchange(granted_seen=((member, 50),), granted_complete=True)

    assert len(statements) > 15
    with closing(SqliteDatabase(tmp_path / "books.db", may_create=False)) as database:
        whole = {statement: read_whole(database, statement) for statement in tuple(statements)}
    assert {statement: tables for statement, tables in whole.items() if tables} == {}
