"""The rule by which till and server sum their rows up, so that a wrong row is found.

Members and cards fall into buckets by the last letters of their ids. A row is a line of
text, made by the database; its CRC is added to its bucket. The sums of a till and of its
server are equal exactly when their rows are, in whatever order these came.
"""

from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

from pos_loyalty.wire.messages import DIGEST_BUCKETS, CardRow, MemberRow

FIELD_END = "\x1f"
"""Between the fields of a line; no name that a person types holds it."""
LINE_END = "\x1e"
ID_LENGTH = 32
SUFFIX_LENGTH = 3
"""So many hexadecimal letters at an id's end name its bucket."""


def bucket_of(identifier: str) -> int:
    """Return the bucket of a member's id or a card's key."""
    return int(identifier[-SUFFIX_LENGTH:], 16)


def suffix_of(bucket: int) -> str:
    """Return how the ids in a bucket end."""
    return f"{bucket:0{SUFFIX_LENGTH}x}"


def member_line(row: MemberRow) -> str:
    """Return the line of a member; what changes with time alone is not in it."""
    fields = (
        row.member,
        "m",
        row.balance,
        row.tier,
        row.name,
        row.phone,
        row.status,
        row.enrolled_ms,
        row.alias_of or "",
    )
    return FIELD_END.join(str(field) for field in fields)


def card_line(row: CardRow) -> str:
    """Return the line of a card."""
    fields = (row.card_key, "c", row.number, row.member or "", row.status, row.batch)
    return FIELD_END.join(fields)


class Sums:
    """One sum for each bucket, filled with lines."""

    def __init__(self) -> None:
        self._by_suffix: dict[bytes, int] = defaultdict(int)

    def add(self, lines: str, *, times: int = 1) -> str:
        """Add lines, or take them out with -1; return the id of the last one."""
        parts = lines.encode().split(LINE_END.encode())
        by_suffix, begin, end = self._by_suffix, ID_LENGTH - SUFFIX_LENGTH, ID_LENGTH
        for part, value in zip(parts, map(crc32, parts), strict=True):
            by_suffix[part[begin:end]] += times * value
        return parts[-1][:ID_LENGTH].decode()

    def add_each(self, lines: Iterable[str]) -> None:
        """Add lines that come one by one."""
        for line in lines:
            self.add(line)

    def result(self) -> tuple[int, ...]:
        """Return the sums in the order of the buckets."""
        return tuple(
            self._by_suffix[suffix_of(bucket).encode()] for bucket in range(DIGEST_BUCKETS)
        )
