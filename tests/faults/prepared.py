"""The till that the fault tests start from: a member with points, a sale, a blank card."""

from pathlib import Path
from typing import Any

from pos_loyalty.domain.ids import MemberId
from pos_loyalty.store.database import Connection
from pos_loyalty.store.keys import FileKeys
from tests.sample_till import SampleTill, blank_card, enroll, sell

CARD = "a"


def sample(root: Path, *, seed: int = 1) -> SampleTill:
    """Return the till of a folder: data in `data`, keys in `keys`, all below one root."""
    return SampleTill(root / "data", keys=FileKeys(root / "keys"), seed=seed)


def prepare(root: Path) -> MemberId:
    """Make a till with a member who has points, a sale to undo and a blank card."""
    with sample(root).open() as till:
        member = enroll(till)
        sell(till, member, 90_000)
        blank_card(till.context.store, CARD)
    return member


def tables(root: Path) -> dict[str, list[Any]]:
    """Read every table of the till, for comparing before and after."""
    connection = sample(root).reader()
    try:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
            " AND name <> '_sqlite_migrations' ORDER BY name"
        ).fetchall()
        return {name: sorted(map(repr, _rows_of(connection, name))) for (name,) in names}
    finally:
        connection.close()


def _rows_of(connection: Connection, table: str) -> list[Any]:
    return connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - from the schema


def silent(stage: str, done: int, total: int) -> None:
    """Report progress to nobody."""
