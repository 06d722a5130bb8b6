"""A till's place in the feed of changes.

A cursor is opaque to tills; inside it is ``epoch.v.type.id``. It names the last
entity that was handed out, because more entities may share a version than fit a
page. At the end of the feed it names the place before the next version.
"""

import re
from dataclasses import dataclass

_CURSOR = re.compile(
    r"(?P<epoch>[0-9]{1,18})\.(?P<v>[0-9]{1,18})\.(?P<type>[a-z]{0,20})\.(?P<id>[ -~]{0,200})"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed: everything up to and including it has been handed out."""

    epoch: int
    v: int = 0
    type: str = ""
    id: str = ""

    def __str__(self) -> str:
        return f"{self.epoch}.{self.v}.{self.type}.{self.id}"


def read_cursor(text: str, epoch: int) -> Cursor:
    """Read a till's cursor; one of another epoch, or none of ours, begins again."""
    found = _CURSOR.fullmatch(text)
    if found is None or int(found["epoch"]) != epoch:
        return Cursor(epoch)
    return Cursor(epoch, int(found["v"]), found["type"], found["id"])


def is_ahead(text: str, epoch: int, *, next_v: int) -> bool:
    """Tell whether a cursor names what these books have not come to yet.

    No books hand such a cursor out: they were restored from a backup, and nobody said so.
    """
    return read_cursor(text, epoch).v > next_v
