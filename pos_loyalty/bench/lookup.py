"""From the scanner's text to the member among a million, and the search as one types."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from typing import Final

from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.measuring import (
    Samples,
    forget_peak,
    median,
    no_garbage_rounds,
    peak_mb,
    quantile,
)
from pos_loyalty.bench.recorded_store import RecordedStore, Statement
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_shop import MERCHANT, SampleFolder, sample_folder
from pos_loyalty.domain.card_payload import parse_payload
from pos_loyalty.services.look_up_card import CardKind, LookUpCard, LookUpCardHandler
from pos_loyalty.services.look_up_member import FindMembers, FindMembersHandler
from pos_loyalty.services.system_sources import SystemClock, SystemIds
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.database import Connection, connect_reader
from pos_loyalty.store.unit_of_work import Store

MEMBERS, MEMBERS_QUICK = 1_000_000, 50_000
SCANS, SCANS_QUICK = 4_000, 200
SEARCHED, SEARCHED_QUICK = 200, 10
"""Members whose names and numbers are typed; each gives a handful of keystrokes a way."""
WARM_UP: Final = 50
_RATIO_MAX: Final = 2
_SEARCH_MS_MAX: Final = 2
_P99: Final = 0.99
_FEWEST_LETTERS: Final = 3
_LAST_DIGITS: Final = 4


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure on one membership; scans first, then searches."""
    members = SampleMembers(MEMBERS_QUICK if quick else MEMBERS)
    with sample_folder(members, progress) as sample:
        return [
            _scan(sample, members, SCANS_QUICK if quick else SCANS, progress),
            _search(sample, members, SEARCHED_QUICK if quick else SEARCHED, progress),
        ]


def typed_texts(members: SampleMembers, number: int) -> dict[str, str]:
    """Return what a cashier may type to find a member, by the name of the way."""
    first, last = members.first_name(number), members.surname(number)
    national = "0" + members.phone(number)[3:]
    return {
        "surname": last,
        "first name": first,
        "phone": national,
        "last four": national[-_LAST_DIGITS:],
        "two words": f"{first} {last}",
    }


def keystrokes(text: str) -> Iterator[str]:
    """Yield what stands in the field after each key, from the third letter on."""
    for length in range(_FEWEST_LETTERS, len(text) + 1):
        yield text[:length]


def _context(store: Store) -> TillContext:
    """Return a till that knows already who it is."""
    clock = SystemClock()
    context = TillContext(store, clock, SystemIds(clock))
    context.program()
    return context


def _scan(sample: SampleFolder, members: SampleMembers, scans: int, progress: Progress) -> Figure:
    """Look cards up by chance, in turns with the bare query that finds the same row."""
    path, key = sample.folder.database, sample.key
    texts = _card_texts(members, scans + WARM_UP)
    query = _query_of_scan(sample, texts[0])
    handled, raw = Samples(), Samples()
    forget_peak()
    with (
        Store(path, key, None) as store,
        closing(connect_reader(path, key)) as connection,
        no_garbage_rounds(),
    ):
        handler = LookUpCardHandler(_context(store))
        for place, text in enumerate(texts):
            card_key = parse_payload(text, (MERCHANT,)).key
            pair = [
                partial(handled.take, partial(_ensure_found, handler, text)),
                partial(raw.take, partial(_select, connection, query, card_key)),
            ]
            for turn in pair if place % 2 else reversed(pair):
                turn()
            progress("scans", place + 1, len(texts))
        peak = peak_mb()
    ours, bare = handled.cpu_ms[WARM_UP:], raw.cpu_ms[WARM_UP:]
    return Figure(
        name="scan to member: time",
        value=round(median(ours) / median(bare), 2),
        rule=Rule.AT_MOST,
        limit=_RATIO_MAX,
        unit="× raw, p50 of CPU",
        against="the same join on a bare sqlcipher3 connection",
        peak_mb=peak,
        detail=f"{members.count:,} members, {scans:,} cards by chance in turns;"
        f" {median(ours):.3f} against {median(bare):.3f} ms",
    )


def _card_texts(members: SampleMembers, count: int) -> list[str]:
    chance = random.Random(11)
    return [members.card_text(chance.randrange(members.count), MERCHANT) for _ in range(count)]


def _query_of_scan(sample: SampleFolder, text: str) -> str:
    """Return the SQL with which the product finds a card's member."""
    with RecordedStore(sample.folder.database, sample.key) as store:
        handler = LookUpCardHandler(_context(store))
        store.take()
        _ensure_found(handler, text)
        statements: Sequence[Statement] = store.take()
    return next(statement.sql for statement in statements if "card_key" in statement.sql)


def _ensure_found(handler: LookUpCardHandler, text: str) -> None:
    assert handler(LookUpCard(text)).kind is CardKind.MEMBER


def _select(connection: Connection, query: str, card_key: str) -> None:
    assert connection.execute(query, (card_key,)).fetchone() is not None


def _search(
    sample: SampleFolder, members: SampleMembers, searched: int, progress: Progress
) -> Figure:
    """Type names and numbers key by key; every key is one search."""
    chance = random.Random(13)
    samples: dict[str, Samples] = {}
    forget_peak()
    with (
        Store(sample.folder.database, sample.key, None) as store,
        no_garbage_rounds(),
    ):
        find = FindMembersHandler(_context(store))
        for place in range(searched):
            ways = typed_texts(members, chance.randrange(members.count))
            for way, text in ways.items():
                taken = samples.setdefault(way, Samples())
                for typed in keystrokes(text):
                    taken.take(partial(find, FindMembers(typed)))
            progress("searches", place + 1, searched)
        peak = peak_mb()
    worst = {way: quantile(taken.cpu_ms, _P99) for way, taken in samples.items()}
    everything = [cpu_ms for taken in samples.values() for cpu_ms in taken.cpu_ms]
    return Figure(
        name="search as one types",
        value=round(max(worst.values()), 2),
        rule=Rule.AT_MOST,
        limit=_SEARCH_MS_MAX,
        unit="ms of CPU, p99",
        against=f"the limit itself; the slowest of {len(worst)} ways to type",
        peak_mb=peak,
        detail=f"{len(everything):,} keystrokes among {members.count:,} members; p99 by way: "
        + ", ".join(f"{way} {cpu_ms:.2f}" for way, cpu_ms in worst.items()),
    )
