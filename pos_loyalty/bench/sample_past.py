"""A till with a long past: sales written straight into its journal, as it would have them.

A million of them come in a minute instead of hours. They are chained as the till chains its
own; the balances beside the journal are left as they were, because only the journal is read.
"""

import random
from array import array
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Progress
from pos_loyalty.bench.own_process import in_own_process
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import SampleFolder, sample_folder
from pos_loyalty.domain.accrual import SaleFacts, earned_points
from pos_loyalty.domain.default_program import default_program
from pos_loyalty.domain.event import Basket, SaleRecorded, chain_hash, encode_event
from pos_loyalty.domain.ids import EventId
from pos_loyalty.store.database import connect_writer

_BEGIN_MS: Final = 1_700_000_000_000
_BETWEEN_MS: Final = 61_000
_AT_ONCE: Final = 20_000
_TZ_MINUTES: Final = 60
_TOTALS: Final = range(150, 9_000)
_EVENT: Final = (
    "INSERT INTO event(stream_no, seq, id, kind, at_ms, bytes, hash) VALUES (?, ?, ?, 'sale', ?,"
    " ?, ?)"
)
_Row = tuple[int, int, str, int, bytes, bytes]


@contextmanager
def past_shop(members: SampleMembers, sales: int, progress: Progress) -> Generator[SampleFolder]:
    """Make a till that knows the members and sold to them; removed at the end."""
    with sample_folder(members, progress) as sample:
        in_own_process(_write, sample.folder.database, sample.key, members, sales, progress)
        yield sample


def _write(path: Path, key: bytes, members: SampleMembers, sales: int, progress: Progress) -> None:
    with closing(connect_writer(path, key)) as connection:
        execute = connection.execute
        stream_no, last_seq, last_hash = execute(
            "SELECT stream_no, last_seq, last_hash FROM stream WHERE is_open = 1"
        ).fetchone()
        rows, done = _rows(members, sales, stream_no, last_seq, last_hash), 0
        execute("BEGIN IMMEDIATE")
        while part := list(islice(rows, _AT_ONCE)):
            connection.executemany(_EVENT, part)
            done += len(part)
            progress("sales", done, sales)
            _, last_seq, _, _, _, last_hash = part[-1]
        execute(
            "UPDATE stream SET last_seq = ?, last_hash = ? WHERE stream_no = ?",
            (last_seq, last_hash, stream_no),
        )
        execute("COMMIT")


def _rows(
    members: SampleMembers, sales: int, stream_no: int, last_seq: int, last_hash: bytes
) -> Iterator[_Row]:
    """Yield sales in the order of time, of members who come by chance, some far more often."""
    chance, program = random.Random(23), default_program("EUR")
    often = array("I", (int(members.count * chance.random() ** 2) for _ in range(sales)))
    for number in range(sales):
        total = chance.choice(_TOTALS)
        at_ms = _BEGIN_MS + number * _BETWEEN_MS
        facts = SaleFacts(total=total, tier="bronze", at_ms=at_ms, offset_minutes=_TZ_MINUTES)
        event = SaleRecorded(
            v=1,
            id=EventId(f"{at_ms:012x}7{number:019x}"),
            at_ms=at_ms,
            boot_ms=number,
            tz_minutes=_TZ_MINUTES,
            program=program.version,
            sale=Basket(total=total, currency=program.currency),
            member=members.member(often[number]),
            found_by="card",
            tier=program.tiers[0].id,
            earned=earned_points(program, facts),
        )
        data = encode_event(event)
        last_hash = chain_hash(last_hash, data)
        yield stream_no, last_seq + number + 1, event.id, at_ms, data, last_hash
