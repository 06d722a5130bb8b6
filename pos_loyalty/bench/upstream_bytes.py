"""How many bytes a sale costs on its way up: whole bodies, compressed, divided by their events."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from pos_loyalty.bench.acknowledgement import acknowledgement
from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.measuring import forget_peak, peak_mb
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import DayClock, SampleFolder, sample_folder
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.services.record_sale import RecordSale, RecordSaleHandler
from pos_loyalty.services.system_sources import SystemIds
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.joining import Joining
from pos_loyalty.store.sync_state import SyncState
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.sync.credentials import TillKey
from pos_loyalty.sync.exchange import Exchange, Step
from pos_loyalty.wire.codec import pack

MEMBERS: Final = 2_000
BODIES, BODIES_QUICK = 40, 3
SMALL_BATCH: Final = 20
"""The smallest batch for which the limit holds: what is sent with it weighs most here."""
LARGE_BATCH: Final = 500
_PLAIN_MAX: Final = 80
_WITH_LINES_MAX: Final = 130
_LINES: Final = 4
_TOTALS: Final = range(150, 9_000)
_ARTICLES: Final = 300
_ARTICLE_NUMBERS: Final = range(4_000_000_000_000, 4_400_000_000_000)
_CATEGORIES: Final = ("bread", "coffee", "cake", "drinks", "deli", "gifts")

SaleMaker = Callable[[random.Random, RecordSale], RecordSale]


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure both kinds of sale; the bodies are made by the till's own exchange."""
    members = SampleMembers(MEMBERS)
    bodies = BODIES_QUICK if quick else BODIES
    with sample_folder(members, progress) as sample:
        small = SMALL_BATCH, bodies
        large = LARGE_BATCH, max(1, bodies * SMALL_BATCH // LARGE_BATCH)
        forget_peak()
        plain = bytes_per_event(sample.copy("plain"), members, *small, _plain)
        plain_large = bytes_per_event(sample.copy("plain-large"), members, *large, _plain)
        lines = bytes_per_event(sample.copy("lines"), members, *small, _with_lines)
        lines_large = bytes_per_event(sample.copy("lines-large"), members, *large, _with_lines)
        articles = bytes_per_event(sample.copy("articles"), members, *small, _with_articles)
        progress("bytes", 1, 1)
        return [
            _figure("amount-only sale", plain, _PLAIN_MAX, f"at {LARGE_BATCH}: {plain_large:.1f}"),
            _figure(
                f"sale with {_LINES} lines",
                lines,
                _WITH_LINES_MAX,
                f"at {LARGE_BATCH}: {lines_large:.1f};"
                f" with article numbers and categories: {articles:.1f}",
            ),
        ]


def bytes_per_event(
    sample: SampleFolder, members: SampleMembers, batch: int, bodies: int, make: SaleMaker
) -> float:
    """Sell, build requests and acknowledge each as a server does; return bytes per event."""
    clock, chance = DayClock(), random.Random(17)
    ids = SystemIds(clock)
    size = 0
    with Store(sample.folder.database, sample.key, None) as store:
        handler = RecordSaleHandler(TillContext(store, clock, ids))
        state = SyncState(store, clock, ids)
        key = TillKey.from_text(Joining(store, clock, ids).private_key())
        exchange = Exchange(storage=state, signer=key, clock=clock, ids=ids)
        for _ in range(bodies):
            for _ in range(batch):
                clock.next_sale()
                member = members.member(chance.randrange(members.count))
                total = chance.choice(_TOTALS)
                handler(make(chance, RecordSale(total=total, member_id=member, found_by="card")))
            request = exchange.next_request()
            assert len(request.events) == batch
            size += len(pack(request))
            assert exchange.take(acknowledgement(request, state)).step is Step.DONE
    return size / (batch * bodies)


def _plain(_chance: random.Random, sale: RecordSale) -> RecordSale:
    return sale


def _with_lines(chance: random.Random, sale: RecordSale) -> RecordSale:
    """Split the total into lines, as the counter does with amounts typed one by one."""
    cuts = sorted(chance.sample(range(1, sale.total), _LINES - 1))
    amounts = [
        after - before for before, after in zip([0, *cuts], [*cuts, sale.total], strict=True)
    ]
    return replace(sale, lines=tuple(SaleLine(amount=amount) for amount in amounts))


def _with_articles(chance: random.Random, sale: RecordSale) -> RecordSale:
    """Give each line an article of a small shop's range, as a cash register's export has it."""
    articles = [
        SaleLine(
            amount=line.amount,
            sku=str(_ARTICLE_NUMBERS[chance.randrange(_ARTICLES) * 1_234_567]),
            category=chance.choice(_CATEGORIES),
        )
        for line in _with_lines(chance, sale).lines
    ]
    return replace(sale, lines=tuple(articles))


def _figure(name: str, value: float, limit: float, detail: str) -> Figure:
    return Figure(
        name=f"bytes upstream: {name}",
        value=round(value, 1),
        rule=Rule.AT_MOST,
        limit=limit,
        unit="bytes an event",
        against=f"the limit itself; whole compressed bodies of {SMALL_BATCH} events",
        peak_mb=peak_mb(),
        detail=detail,
    )
