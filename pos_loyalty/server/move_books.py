"""Moves a merchant's books to another database, as from one SQLite file to PostgreSQL.

Every row goes along as it is: events keep their bytes, changes their numbers, and the
epoch stays. So tills notice nothing but that the server was away for a while.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import CommandRefused, StoreUnavailable
from pos_loyalty.server.database import statements, tables
from pos_loyalty.server.database.repository import Database, Found, RowRefused, Session, Table
from pos_loyalty.server.group_write import transact
from pos_loyalty.server.settings import SQLITE_PREFIX

_PAGE = 5_000

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Moved:
    """What went along: rows by table."""

    rows: dict[str, int]

    @property
    def total(self) -> int:
        """All rows."""
        return sum(self.rows.values())


def move_books(source: Database, target: Database, *, progress: Progress) -> Moved:
    """Copy all books in one transaction; no server may run on either database.

    Raises:
        CommandRefused: the source has no books, or the target has some already.
        StoreUnavailable: a database does not answer, or the target refused a row. Nothing
            of the target was changed.
    """
    with source.read() as session:
        if statements.load_merchant(session) is None:
            raise CommandRefused(Code.MERCHANT_ABSENT)
        rows: dict[str, int] = {}
        try:
            transact(
                target,
                lambda into: _copy_all(session, into, rows, progress, is_planned=target.is_shared),
            )
        except RowRefused as error:
            raise StoreUnavailable(Code.MOVE_REFUSED, table=next(reversed(rows))) from error
    return Moved(rows)


def _copy_all(
    session: Session,
    into: Session,
    rows: dict[str, int],
    progress: Progress,
    *,
    is_planned: bool,
) -> None:
    known = statements.load_merchant(into)
    if known is not None:
        raise CommandRefused(Code.MERCHANT_EXISTS, merchant=known.name)
    rows.clear()
    for table in tables.ALL:
        total = _count(session, table)
        rows[table.name] = 0
        for page in _pages(session, table):
            into.add(table, page)
            rows[table.name] += len(page)
            progress(table.name, rows[table.name], total)
        if (rows[table.name], _count(into, table)) != (total, total):
            raise StoreUnavailable(Code.MOVE_REFUSED, table=table.name)
    if is_planned:
        # PostgreSQL chooses its ways by what it has counted, and so far it has counted nothing.
        into.execute("ANALYZE")


def _count(session: Session, table: Table) -> int:
    return int(session.fetch(f"SELECT count(*) FROM {table.name}")[0][0])  # noqa: S608 - names of our own tables


def _pages(session: Session, table: Table) -> Iterator[list[Found]]:
    """Read a table in the order of its key, a part at a time."""
    names = ", ".join(table.names)
    key = ", ".join(table.names[: table.key_length])
    marks = ", ".join("?" for _ in range(table.key_length))
    begin = f"SELECT {names} FROM {table.name} ORDER BY {key} LIMIT {_PAGE}"  # noqa: S608 - names of our own tables
    later = (
        f"SELECT {names} FROM {table.name} WHERE ({key}) > ({marks})"  # noqa: S608 - names of our own tables
        f" ORDER BY {key} LIMIT {_PAGE}"
    )
    page = session.fetch(begin)
    while page:
        yield page
        page = session.fetch(later, *page[-1][: table.key_length])


def set_aside(database: str) -> Path | None:
    """Rename a SQLite file whose books have moved, so that no server starts on it again.

    Two servers with the same books would each take half of the sales. Returns the new
    name; None where the books were in PostgreSQL, whose owner has to see to it.
    """
    if not database.startswith(SQLITE_PREFIX):
        return None
    path = Path(database.removeprefix(SQLITE_PREFIX))
    aside = path.with_name(path.name + ".moved")
    path.rename(aside)
    return aside
