"""A year of visits in twenty shops with outages: how many redemptions succeed, and where not.

The people are made up; the rules are the product's own: the fold of events, placing,
granting, recalling, the allowance, and what a till covers. Only lines and disks are left
out: while a shop's line is up everything arrives at once, while it is down nothing does.
"""

import heapq
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.measuring import peak_mb
from pos_loyalty.bench.year_of_shops import COST, Shops, Tally

SHOPS: Final = 20
MEMBERS, MEMBERS_QUICK = 10_000, 300
_VISITS_A_YEAR: Final = 26
_YEAR_MS: Final = 365 * 24 * 3_600_000
_HOUR_MS: Final = 3_600_000
_START_MS: Final = 1_767_225_600_000
_HOME_BETA: Final = (6.0, 1.5)
"""Share of a member's visits that are at one shop: four in five on average."""
_WANTS_REWARD: Final = 0.5
_OUTAGE_HOURS: Final = 4.0
_OUTAGE_SHARE: Final = 0.02
_TOTALS: Final = range(300, 1_700)
"""Minor units: a reward is reached after about ten visits."""
_REWARDS_ALLOWED: Final = 3
_OFFLINE_MIN, _OFFLINE_WITH_ALLOWANCE_MIN = 75, 95
_REFUSED_MAX: Final = 1
_PERCENT: Final = 100
_PROGRESS_EVERY: Final = 2_000


@dataclass(frozen=True, order=True)
class _Visit:
    at_ms: int
    member: int
    shop: int


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Live through the year without risk, and again with an allowance."""
    members = MEMBERS_QUICK if quick else MEMBERS
    none = _live(members, 0, progress)
    some = _live(members, _REWARDS_ALLOWED * COST, progress)
    return [
        _offline("without risk", none, members, _OFFLINE_MIN),
        _offline("with an allowance", some, members, _OFFLINE_WITH_ALLOWANCE_MIN),
        Figure(
            name="redemptions online: refused",
            value=_share(none.online_refused, none.online),
            rule=Rule.AT_MOST,
            limit=_REFUSED_MAX,
            unit="%",
            against="the limit itself; the points were parked at a shop without a line",
            peak_mb=peak_mb(),
            detail=f"{none.online_refused:,} of {none.online:,} without risk,"
            f" {some.online_refused:,} of {some.online:,} with an allowance",
        ),
    ]


def _live(members: int, allowance: int, progress: Progress) -> Tally:
    """Let a year pass; the same people, visits and outages each time."""
    chance = random.Random(2026)
    visits = sorted(_visits(chance, members))
    toggles = heapq.merge(*(_toggles(random.Random(shop), shop) for shop in range(SHOPS)))
    wishes = random.Random(7)
    shops = Shops(SHOPS, members, allowance=allowance, start_ms=_START_MS)
    toggle = next(toggles)
    for place, visit in enumerate(visits):
        while toggle[0] <= visit.at_ms:
            shops.turn(shop=toggle[1], at_ms=toggle[0])
            toggle = next(toggles)
        wants = wishes.random() < _WANTS_REWARD
        total = wishes.choice(_TOTALS)
        shops.visit(
            member=visit.member, shop=visit.shop, at_ms=visit.at_ms, total=total, wants=wants
        )
        if place % _PROGRESS_EVERY == 0:
            progress("visits", place, len(visits))
    return shops.end()


def _visits(chance: random.Random, members: int) -> Iterator[_Visit]:
    for member in range(members):
        home, share = chance.randrange(SHOPS), chance.betavariate(*_HOME_BETA)
        for _ in range(chance.randrange(2 * _VISITS_A_YEAR)):
            shop = home if chance.random() < share else chance.randrange(SHOPS)
            yield _Visit(_START_MS + chance.randrange(_YEAR_MS), member, shop)


def _toggles(chance: random.Random, shop: int) -> Iterator[tuple[int, int]]:
    """Yield when a shop's line goes down, up, down … for ever."""
    at_ms = float(_START_MS)
    up_hours = _OUTAGE_HOURS * (1 - _OUTAGE_SHARE) / _OUTAGE_SHARE
    while True:
        for hours in (up_hours, _OUTAGE_HOURS):
            at_ms += chance.expovariate(1 / hours) * _HOUR_MS
            yield int(at_ms), shop


def _share(part: int, whole: int) -> float:
    return round(_PERCENT * part / max(1, whole), 2)


def _offline(name: str, tally: Tally, members: int, limit: float) -> Figure:
    return Figure(
        name=f"redemptions offline: {name}",
        value=_share(tally.offline_done, tally.offline),
        rule=Rule.AT_LEAST,
        limit=limit,
        unit="% succeed",
        against="the limit itself; made-up people, the product's own rules",
        peak_mb=peak_mb(),
        detail=f"{tally.offline_done:,} of {tally.offline:,} in {tally.outages:,} outages;"
        f" {members:,} members, {tally.visits:,} visits, {SHOPS} shops; placed ahead"
        f" {tally.grants / max(1, tally.visits):.2f} times a visit; {tally.risk_used:,} points"
        f" of the allowance used, {tally.overdraft:,} of them never earned",
    )
