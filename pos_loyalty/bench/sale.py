"""One sale: its flushes, its frames in the write-ahead log, its time against bare SQL."""

import random
from collections.abc import Sequence
from contextlib import closing
from functools import partial
from itertools import pairwise
from pathlib import Path

from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.flush_counter import count_flushes
from pos_loyalty.bench.measuring import Samples, forget_peak, median, no_garbage_rounds, peak_mb
from pos_loyalty.bench.recorded_store import RecordedStore, Statement
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import SampleFolder, sample_folder
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.services.record_sale import RecordSale, RecordSaleHandler
from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.database import Connection, connect_writer
from pos_loyalty.store.unit_of_work import Store

MEMBERS, MEMBERS_QUICK = 100_000, 2_000
SALES, SALES_QUICK = 1_000, 40
COUNTED = 100
"""Sales between two counts: few enough that no checkpoint falls into them."""
_FEW = 10
_FRAMES_MAX = 8
_RATIO_MAX = 1.2
_WAL_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure a till with a large membership, on the disk of temporary files."""
    members = SampleMembers(MEMBERS_QUICK if quick else MEMBERS)
    with sample_folder(members, progress) as sample:
        sales = some_sales(members, SALES_QUICK if quick else SALES)
        return [
            _flushes(sample, members.count, progress),
            _frames(sample.copy("frames"), sales[:COUNTED]),
            _against_raw(sample, sales, progress),
        ]


def some_sales(members: SampleMembers, count: int, seed: int = 7) -> list[RecordSale]:
    """Return sales of members who come by chance, each with an id of its own."""
    chance, ids = random.Random(seed), SystemIds(SystemClock())
    return [
        RecordSale(
            total=chance.randrange(150, 9_000),
            member_id=members.member(chance.randrange(members.count)),
            found_by="card",
            sale_id=SaleId(ids.next_id()),
        )
        for _ in range(count)
    ]


def sell(path: Path, key: bytes, sales: Sequence[RecordSale]) -> None:
    """Open a till's database and record sales, as a process of its own does."""
    with Store(path, key, None) as store:
        handler = _handler(store)
        for sale in sales:
            handler(sale)


def _handler(store: Store) -> RecordSaleHandler:
    """Return the use case of a till that knows already who it is."""
    clock = SystemClock()
    context = TillContext(store, clock, SystemIds(clock))
    context.program()
    return RecordSaleHandler(context)


def _flushes(sample: SampleFolder, members: int, progress: Progress) -> Result:
    """Count twice, with few and with more sales: what the difference flushed, sales flushed."""
    progress("flushes", 0, 2)
    few = count_flushes(sample.copy("few"), members=members, sales=_FEW)
    progress("flushes", 1, 2)
    more = count_flushes(sample.copy("more"), members=members, sales=_FEW + COUNTED)
    progress("flushes", 2, 2)
    if isinstance(few, Missing):
        return few
    if isinstance(more, Missing):
        return more
    return Figure(
        name="one sale: flushes",
        value=(more.flushes - few.flushes) / COUNTED,
        rule=Rule.EXACTLY,
        limit=1,
        unit="flushes",
        against=f"fsync and fdatasync, counted by {more.by}",
        peak_mb=more.peak_mb,
        detail=f"{COUNTED} sales, no checkpoint among them",
    )


def _frames(sample: SampleFolder, sales: Sequence[RecordSale]) -> Figure:
    """Let the write-ahead log grow from nothing and divide its length by a frame's."""
    path, key = sample.folder.database, sample.key
    forget_peak()
    with Store(path, key, None) as store, closing(connect_writer(path, key)) as other:
        handler = _handler(store)
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        page_bytes = int(other.execute("PRAGMA page_size").fetchone()[0])
        log = path.with_name(path.name + "-wal")
        frames = [0]
        for sale in sales:
            handler(sale)
            grown = log.stat().st_size - _WAL_HEADER_BYTES
            frames.append(grown // (page_bytes + _FRAME_HEADER_BYTES))
    each = [after - before for before, after in pairwise(frames)]
    return Figure(
        name="one sale: frames in the log",
        value=round(frames[-1] / len(sales), 2),
        rule=Rule.AT_MOST,
        limit=_FRAMES_MAX,
        unit="frames",
        against=f"the growth of the log in pages of {page_bytes} bytes",
        peak_mb=peak_mb(),
        detail=f"mean of {len(sales)} sales; the largest took {max(each)}",
    )


def _against_raw(sample: SampleFolder, sales: Sequence[RecordSale], progress: Progress) -> Figure:
    """Sell on one copy and run the very same statements with the same values on another one."""
    scripts = _recorded(sample.copy("recorded"), sales)
    ours, bare = sample.copy("ours"), sample.copy("bare")
    handled, raw = Samples(), Samples()
    forget_peak()
    with (
        Store(ours.folder.database, ours.key, None) as store,
        closing(connect_writer(bare.folder.database, bare.key)) as connection,
        no_garbage_rounds(),
    ):
        handler = _handler(store)
        for place, (sale, script) in enumerate(zip(sales, scripts, strict=True)):
            pair = [
                partial(handled.take, partial(handler, sale)),
                partial(raw.take, partial(_replay, connection, script)),
            ]
            for turn in pair if place % 2 else reversed(pair):
                turn()
            progress("sales", place + 1, len(sales))
    ratio = median(handled.wall_ms) / median(raw.wall_ms)
    cpu = median(handled.cpu_ms) / median(raw.cpu_ms)
    return Figure(
        name="one sale: time",
        value=round(ratio, 2),
        rule=Rule.AT_MOST,
        limit=_RATIO_MAX,
        unit="× raw, p50",
        against=f"the {len(scripts[0])} statements of a sale on a bare sqlcipher3 connection",
        peak_mb=peak_mb(),
        detail=f"{len(sales)} sales in turns; CPU × {cpu:.2f}"
        f" ({median(handled.cpu_ms):.3f} against {median(raw.cpu_ms):.3f} ms)",
    )


def _recorded(sample: SampleFolder, sales: Sequence[RecordSale]) -> list[list[Statement]]:
    scripts: list[list[Statement]] = []
    with RecordedStore(sample.folder.database, sample.key) as store:
        handler = _handler(store)
        store.take()
        for sale in sales:
            handler(sale)
            scripts.append(store.take())
    return scripts


def _replay(connection: Connection, script: Sequence[Statement]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for statement in script:
        statement.run(connection)
    connection.execute("COMMIT")
