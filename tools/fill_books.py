"""Fill a server's SQLite books with a large membership, for measuring and trying.

    python tools/fill_books.py server.db 1000000

What is written is what a million enrollments would have left in the members, the cards
and the feed of changes; no events.
"""

import hashlib
import random
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.domain.card_payload import card_key, make_card_number
from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Database, SqlValue
from pos_loyalty.server.setup import open_database, read_merchant

_ROWS_AT_ONCE = 20_000
_POINTS_MAX = 2_000
_ENROLLED_MS = 1_700_000_000_000
_MS_BETWEEN = 61_007


def fill_books(database: Database, members: SampleMembers) -> None:
    """Write members, their cards and their places in the feed, each at a version of its own."""
    merchant = read_merchant(database).merchant
    versions = list(range(2, members.count + 2))
    random.Random(members.count).shuffle(versions)
    for start in range(0, members.count, _ROWS_AT_ONCE):
        numbers = range(start, min(members.count, start + _ROWS_AT_ONCE))
        with database.write() as session:
            session.add(tables.MEMBER, [_member(merchant, members, each) for each in numbers])
            session.add(tables.CARD, [_card(merchant, members, each) for each in numbers])
            session.add(tables.CHANGE, list(_changes(merchant, members, numbers, versions)))
    with database.write() as session:
        session.execute("UPDATE clock SET v = ? WHERE merchant = ?", members.count + 2, merchant)


def _member(merchant: MerchantId, members: SampleMembers, number: int) -> tuple[SqlValue, ...]:
    points = number * 7919 % _POINTS_MAX
    enrolled_ms = _ENROLLED_MS + number * _MS_BETWEEN
    row = (merchant, members.member(number), points, 0, "", "{}", members.name(number))
    return (*row, members.phone(number), -1, 0, "active", enrolled_ms, "{}", None, 0, "", 0)


def _key(merchant: MerchantId, members: SampleMembers, number: int) -> str:
    return card_key(merchant, members.card_letters(number))


def _card(merchant: MerchantId, members: SampleMembers, number: int) -> tuple[SqlValue, ...]:
    digits = int.from_bytes(hashlib.sha256(b"number|%d" % number).digest()[:6], "big") % 10**7
    printed = make_card_number(f"{number % 10_000:04d}{digits:07d}")
    key = _key(merchant, members, number)
    return (merchant, key, printed, members.member(number), "active", "", 0)


def _changes(
    merchant: MerchantId, members: SampleMembers, numbers: range, versions: list[int]
) -> Iterator[tuple[SqlValue, ...]]:
    for number in numbers:
        yield (merchant, "member", members.member(number), "", versions[number])
        yield (merchant, "card", _key(merchant, members, number), "", versions[number])


def main() -> int:
    """Fill the books that the command line names."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    with closing(open_database(f"sqlite:///{path}")) as database:
        fill_books(database, SampleMembers(count))
    return 0


if __name__ == "__main__":
    sys.exit(main())
