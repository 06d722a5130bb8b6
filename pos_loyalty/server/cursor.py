"""A till's place in the feed of changes.

A cursor is opaque to tills; inside it is ``epoch.v.type.id``. It names the last
entity that was handed out, because more entities may share a version than fit a
page. At the end of the feed it names the place before the next version.
``epoch-s.v.type.id`` says that members, cards and programs up to version ``s`` came in
a snapshot file: they are passed over, everything else is not.
"""

import re
from dataclasses import dataclass

_CURSOR = re.compile(
    r"(?P<epoch>[0-9]{1,18})(?:-(?P<skip>[0-9]{1,18}))?\.(?P<v>[0-9]{1,18})\.(?P<type>[a-z]{0,20})\.(?P<id>[ -~]{0,200})"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed: everything up to and including it has been handed out."""

    epoch: int
    v: int = 0
    type: str = ""
    id: str = ""
    skip_v: int = 0

    def __str__(self) -> str:
        skipped = f"-{self.skip_v}" if self.skip_v else ""
        return f"{self.epoch}{skipped}.{self.v}.{self.type}.{self.id}"


def read_cursor(text: str, epoch: int) -> Cursor:
    """Read a till's cursor; one of another epoch, or none of ours, begins again."""
    found = _CURSOR.fullmatch(text)
    if found is None or int(found["epoch"]) != epoch:
        return Cursor(epoch)
    skip_v = int(found["skip"] or 0)
    return Cursor(epoch, int(found["v"]), found["type"], found["id"], skip_v)


def is_ahead(text: str, epoch: int, *, next_v: int) -> bool:
    """Tell whether a cursor names what these books have not come to yet.

    No books hand such a cursor out: they were restored from a backup, and nobody said so.
    """
    cursor = read_cursor(text, epoch)
    return max(cursor.v, cursor.skip_v) > next_v
