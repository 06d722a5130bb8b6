"""A till's place in the feed of changes.

A cursor is opaque to tills; inside it is ``epoch.v.type.id``. It names the last
entity that was handed out, because more entities may share a version than fit a
page. At the end of the feed it names the place before the next version.
``epoch-s.v.type.id`` says that members and cards up to version ``s`` came in a snapshot
file: they are passed over, everything else is not.

In front stands ``m`` and the snapshot that the page was read from: its version and
the random mark which that version got when it was written. Books that have another
mark there are not the books that handed the cursor out: they were restored from a
backup, and have gone on since. Cursors of earlier releases have no such front.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

_CURSOR = re.compile(
    r"(?:m(?P<seen>[0-9]{1,18})\.(?P<mark>[0-9a-f]{1,32})\.)?"
    r"(?P<epoch>[0-9]{1,18})(?:-(?P<skip>[0-9]{1,18}))?"
    r"\.(?P<v>[0-9]{1,18})\.(?P<type>[a-z]{0,20})\.(?P<id>[ -~]{0,200})"
)


@dataclass(frozen=True, slots=True)
class Cursor:
    """A place in the feed: everything up to and including it has been handed out.

    ``seen_v`` is the version of the snapshot that it was read from, ``mark`` that
    version's mark; empty where nobody knows.
    """

    epoch: int
    v: int = 0
    type: str = ""
    id: str = ""
    skip_v: int = 0
    seen_v: int = 0
    mark: str = ""

    def __str__(self) -> str:
        front = f"m{self.seen_v}.{self.mark}." if self.mark else ""
        skipped = f"-{self.skip_v}" if self.skip_v else ""
        return f"{front}{self.epoch}{skipped}.{self.v}.{self.type}.{self.id}"

    def read_from(self, v: int, mark: str) -> "Cursor":
        """Return the same place with the snapshot in which it was found."""
        return replace(self, seen_v=v, mark=mark)


def read_cursor(text: str, epoch: int) -> Cursor:
    """Read a till's cursor; one of another epoch, or none of ours, begins again."""
    found = _CURSOR.fullmatch(text)
    if found is None or int(found["epoch"]) != epoch:
        return Cursor(epoch)
    return Cursor(
        epoch,
        int(found["v"]),
        found["type"],
        found["id"],
        int(found["skip"] or 0),
        int(found["seen"] or 0),
        found["mark"] or "",
    )


def is_of_other_books(text: str, epoch: int, *, next_v: int, marks: Mapping[int, str]) -> bool:
    """Tell whether a cursor cannot have been handed out by these books.

    It names what they have not come to yet, or a version that got another mark: they
    were restored from a backup, and nobody said so.

    Args:
        text: the cursor as the till sent it.
        epoch: the epoch of the books.
        next_v: the version after the newest one.
        marks: the marks of versions, at least of the one that the cursor names; a version
            without a mark is too old to tell.
    """
    cursor = read_cursor(text, epoch)
    if max(cursor.v, cursor.skip_v) > next_v or cursor.seen_v >= next_v:
        return True
    return bool(cursor.mark) and marks.get(cursor.seen_v, cursor.mark) != cursor.mark
