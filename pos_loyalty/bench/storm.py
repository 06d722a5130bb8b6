"""All tills come back at once: how soon the last one is through, and whether every sale counts."""

import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pos_loyalty.bench.figure import Figure, Missing, Progress, Result, Rule
from pos_loyalty.bench.joined_tills import Body
from pos_loyalty.bench.measuring import median, quantile
from pos_loyalty.bench.own_postgres import find_programs, let_planner_look, own_postgres
from pos_loyalty.bench.server_process import can_measure, running_server
from pos_loyalty.bench.storm_load import Load, run_storm
from pos_loyalty.bench.storm_tills import (
    StormTill,
    at_the_end_of_the_feed,
    enrollments,
    join_tills,
    sales_of_all,
)
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.setup import open_database
from pos_loyalty.server.system import SystemClock, SystemIds
from pos_loyalty.wire.messages import BATCH_EVENTS_MAX

TILLS_FULL, TILLS, TILLS_QUICK = 1_000, 200, 5
WEEK_TILLS, WEEK_TILLS_QUICK = 50, 2
SALES, WEEK_SALES, WEEK_SALES_QUICK = 20, 1_400, 60
MEMBERS, MEMBERS_QUICK = 20_000, 50
SMALL_TILLS: Final = 20
_SMALL_SYNCS: Final = 400
_EARLIER_SALES: Final = 1_000
"""Books are never empty when a storm comes; nor are they unknown to the database's planner."""
_P99: Final = 0.99
_P99_SECONDS_MAX: Final = 10
_DRAINED_SECONDS_MAX: Final = 300
_SMALL_SECONDS_MAX: Final = 3
_POSTGRES: Final = "PostgreSQL"
_NAMES: Final = ("p99", "lost", "doubled")
_SMALL_NAME: Final = "small syncs p99"
_WEEK_NAMES: Final = ("drained", _SMALL_NAME, "lost", "doubled")


@dataclass(frozen=True)
class _Size:
    tills: int
    sales: int
    members: int
    small_tills: int = 0


@dataclass(frozen=True)
class _Storm:
    """One storm that is over."""

    size: _Size
    load: Load
    lost: int
    doubled: int
    server_cpu_seconds: float
    peak_mb: float

    @property
    def detail(self) -> str:
        """What else was seen."""
        load, size = self.load, self.size
        events = size.tills * size.sales
        seconds = max(load.acknowledged_seconds)
        return (
            f"{size.tills:,} tills with {size.sales:,} sales each, no pause between them;"
            f" median {median(load.acknowledged_seconds):.1f} s, last {seconds:.1f} s"
            f" ({events / seconds:,.0f} events/s); told to wait {load.busy:,} times,"
            f" {load.failures} connections failed; CPU: server {self.server_cpu_seconds:.1f} s,"
            f" generator {load.cpu_seconds:.1f} s on the same processors; the peak is the server's"
        )


def measure(
    *, quick: bool, progress: Progress, tills: int = 0, is_full: bool = False
) -> list[Result]:
    """Let simulated tills come back on SQLite and on PostgreSQL, then with a week each."""
    if not can_measure():
        return [Missing("storm", "this system does not tell what a process has used")]
    count = tills or (TILLS_QUICK if quick else TILLS_FULL if is_full else TILLS)
    in_week = min(count, TILLS_FULL if is_full else WEEK_TILLS_QUICK if quick else WEEK_TILLS)
    members = MEMBERS_QUICK if quick else MEMBERS
    week_sales = WEEK_SALES_QUICK if quick else WEEK_SALES
    size = _Size(count, SALES, members)
    week = _Size(in_week, week_sales, members, SMALL_TILLS if not quick else 1)
    results = _figures("SQLite", _storm("", size, progress))
    programs = find_programs()
    if programs is None:
        why = "needs PostgreSQL's own programs (initdb, pg_ctl)"
        names = [f"storm on {_POSTGRES}: {name}" for name in _NAMES]
        return [*results, *(Missing(name, why) for name in [*names, *map(_week_name, _WEEK_NAMES)])]
    with own_postgres(programs) as database:
        results += _figures(_POSTGRES, _storm(database, size, progress))
    with own_postgres(programs) as database:
        results += _week_figures(_storm(database, week, progress))
    return results


def _storm(database_url: str, size: _Size, progress: Progress) -> _Storm:
    with tempfile.TemporaryDirectory(prefix="pos-bench-") as scratch, ExitStack() as stack:
        server = stack.enter_context(running_server(Path(scratch), database=database_url))
        ids = SystemIds(SystemClock())
        opening, *tills = join_tills(server.database, 1 + size.tills + size.small_tills)
        people = [MemberId(ids.next_id()) for _ in range(size.members)]
        run_storm(server.url, [enrollments(opening, people)], [])
        earlier = sales_of_all([opening], people, sales=_EARLIER_SALES, batch=BATCH_EVENTS_MAX)
        run_storm(server.url, earlier, [])
        let_planner_look(server.database)
        progress("storm: members", 1, 1)
        at_the_end_of_the_feed(server.database, tills)
        all_bodies = _prepared(tills, people, size)
        progress("storm: tills", 1, 1)
        cpu = server.cpu_seconds
        load = run_storm(server.url, all_bodies[: size.tills], all_bodies[size.tills :])
        cpu = server.cpu_seconds - cpu
        peak = server.peak_mb
        small = sum(len(bodies) for bodies in all_bodies[size.tills :])
        expected = size.tills * size.sales + len(load.small_seconds)
        assert len(load.small_seconds) <= small
        stored, distinct = _counted(server.database, opening)
    return _Storm(
        size=size,
        load=load,
        lost=max(0, expected - distinct),
        doubled=stored - distinct,
        server_cpu_seconds=cpu,
        peak_mb=peak,
    )


def _prepared(
    tills: Sequence[StormTill], people: Sequence[MemberId], size: _Size
) -> list[list[Body]]:
    big = sales_of_all(tills[: size.tills], people, sales=size.sales, batch=BATCH_EVENTS_MAX)
    if not size.small_tills:
        return big
    small = sales_of_all(tills[size.tills :], people, sales=_SMALL_SYNCS, batch=1)
    return [*big, *small]


def _counted(database_url: str, opening: StormTill) -> tuple[int, int]:
    """Return how many sales earn or would, and how many different ones there are.

    A sale that was booked twice has its entries twice, or an event under two places.
    """
    with closing(open_database(database_url)) as database, database.read() as session:
        stored, distinct = session.fetch(
            "SELECT count(*), count(DISTINCT event) FROM event WHERE stream <> ? AND kind = 'sale'"
            " AND verdict = 'applied'",
            opening.stream,
        )[0]
        entries, booked = session.fetch(
            "SELECT count(*), count(DISTINCT event) FROM entry WHERE stream <> ?", opening.stream
        )[0]
        balances = session.fetch("SELECT coalesce(sum(balance), 0) FROM member")[0][0]
        points = session.fetch("SELECT coalesce(sum(points), 0) FROM entry")[0][0]
    assert balances == points, "a balance is not the sum of its entries"
    return int(stored) + int(entries) - int(booked), int(distinct)


def _figures(database: str, storm: _Storm) -> list[Result]:
    p99 = quantile(storm.load.acknowledged_seconds, _P99)
    against = "the limit itself; real HTTP, signatures and flushes; requests made ahead of time"
    values = (round(p99, 2), storm.lost, storm.doubled)
    rules = ((Rule.AT_MOST, _P99_SECONDS_MAX), (Rule.EXACTLY, 0), (Rule.EXACTLY, 0))
    units = ("s to the answer", "sales", "sales")
    return [
        Figure(
            name=f"storm on {database}: {name}",
            value=value,
            rule=rule,
            limit=limit,
            unit=unit,
            against=against,
            peak_mb=storm.peak_mb,
            detail=storm.detail,
        )
        for name, value, (rule, limit), unit in zip(_NAMES, values, rules, units, strict=True)
    ]


def _week_name(name: str) -> str:
    return f"storm of a week on {_POSTGRES}: {name}"


def _week_figures(storm: _Storm) -> list[Result]:
    small = storm.load.small_seconds
    p99 = quantile(small, _P99) if small else 0.0
    values = (
        round(max(storm.load.acknowledged_seconds), 3),
        round(p99, 2),
        storm.lost,
        storm.doubled,
    )
    rules = (
        (Rule.AT_MOST, _DRAINED_SECONDS_MAX),
        (Rule.AT_MOST, _SMALL_SECONDS_MAX),
        (Rule.EXACTLY, 0),
        (Rule.EXACTLY, 0),
    )
    units = ("s", "s to the answer", "sales", "sales")
    figures: list[Result] = [
        Figure(
            name=_week_name(name),
            value=value,
            rule=rule,
            limit=limit,
            unit=unit,
            against="the limit itself; real HTTP, signatures and flushes;"
            f" {storm.size.small_tills} other tills sync a sale about every second meanwhile",
            peak_mb=storm.peak_mb,
            detail=f"{storm.detail}; {len(small):,} small syncs",
        )
        for name, value, (rule, limit), unit in zip(_WEEK_NAMES, values, rules, units, strict=True)
    ]
    if not small:
        place = _WEEK_NAMES.index(_SMALL_NAME)
        figures[place] = Missing(_week_name(_SMALL_NAME), "the storm was over before a small sync")
    return figures
