"""A random mark for each version of the books.

Two copies of the books that were one once, and have both gone on, have the same
version numbers with different marks. So a till that has seen one copy notices that it
talks to the other.
"""

import secrets
from collections.abc import Iterable

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Session

MARKS_KEPT = 2_000_000
"""Versions whose marks are kept: years of a shop. An older mark proves nothing any more."""
_CLEARED_EVERY = 4_096


def new_mark() -> str:
    """Return 64 random bits in hex."""
    return secrets.token_hex(8)


def keep_mark(session: Session, merchant: MerchantId, v: int, mark: str) -> None:
    """Write the mark of a version down; clear very old ones away now and then."""
    session.put(tables.VERSION_MARK, [(merchant, v, mark)])
    if v % _CLEARED_EVERY == 0:
        session.execute(
            "DELETE FROM version_mark WHERE merchant = ? AND v < ?", merchant, v - MARKS_KEPT
        )


def current_mark(session: Session, merchant: MerchantId) -> str:
    """Return the mark of the newest version; empty where it got none."""
    return str(session.fetch("SELECT mark FROM clock WHERE merchant = ?", merchant)[0][0])


def load_marks(session: Session, merchant: MerchantId, versions: Iterable[int]) -> dict[int, str]:
    """Return the marks of these versions, as far as they are kept."""
    wanted = sorted(set(versions) - {0})
    if not wanted:
        return {}
    places = ", ".join("?" for _ in wanted)
    rows = session.fetch(
        f"SELECT v, mark FROM version_mark WHERE merchant = ? AND v IN ({places})",  # noqa: S608 - only question marks
        merchant,
        *wanted,
    )
    return {int(v): str(mark) for v, mark in rows}
