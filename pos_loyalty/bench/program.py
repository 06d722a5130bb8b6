"""What rules cost: earning, a member's tiers, lots and refunds, and trying a draft."""

import datetime as dt
import random
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from pos_loyalty.assets import assets_folder
from pos_loyalty.bench.figure import Figure, Progress, Result, Rule
from pos_loyalty.bench.measuring import (
    Samples,
    forget_peak,
    median,
    no_garbage_rounds,
    peak_mb,
    quantile,
)
from pos_loyalty.bench.sample_members import SampleMembers
from pos_loyalty.bench.sample_past import past_shop
from pos_loyalty.bench.sample_rules import forty_rules
from pos_loyalty.domain.accrual import SaleFacts, earn
from pos_loyalty.domain.event import Basket, SaleLine, SaleRecorded
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import EventId, TierId
from pos_loyalty.domain.lot import EMPTY_BOOK, accrue, expire, next_end, redeem, take_back
from pos_loyalty.domain.lot_end import ends_at
from pos_loyalty.domain.member_known import known_for
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.refund import RefundRequest, nothing_returned, refund_effect
from pos_loyalty.domain.replay import try_draft
from pos_loyalty.domain.tally import needed_by, plus, tally_of
from pos_loyalty.domain.tier import measures_of
from pos_loyalty.domain.tier_standing import NO_STANDING, TierClock, tier_after
from pos_loyalty.services.past_sales import past_sales
from pos_loyalty.store.unit_of_work import Store
from pos_loyalty.wire.program_document import read_document

DECISIONS, DECISIONS_QUICK = 20_000, 200
MEMBERS_TURNS, MEMBERS_TURNS_QUICK = 200, 5
SALES, SALES_QUICK = 1_000_000, 2_000
MEMBERS, MEMBERS_QUICK = 50_000, 500
LINES: Final = 12
ENTRIES: Final = 1_000
_P99: Final = 0.99
_AMOUNT_ONLY_MS_MAX: Final = 0.15
_LINES_MS_MAX: Final = 1
_MEMBER_MS_MAX: Final = 5
_REPLAY_MIN: Final = 3_000
_REPLAY_MB_MAX: Final = 300
_BEGIN_MS: Final = 1_760_000_000_000
_MS_PER_DAY: Final = 24 * 60 * 60 * 1000
_TZ_MINUTES: Final = 60
_CATEGORIES: Final = ("bread", "coffee", "cake", "drinks", "deli", "gifts")


def measure(*, quick: bool, progress: Progress) -> list[Result]:
    """Measure the rules as pure computation, then a replay of a till's whole journal."""
    templates = _templates()
    return [
        _amount_only(templates, DECISIONS_QUICK if quick else DECISIONS, progress),
        _with_lines(DECISIONS_QUICK if quick else DECISIONS, progress),
        _member(MEMBERS_TURNS_QUICK if quick else MEMBERS_TURNS, progress),
        *_replay(
            templates,
            SALES_QUICK if quick else SALES,
            MEMBERS_QUICK if quick else MEMBERS,
            progress,
        ),
    ]


def _templates() -> dict[str, LoyaltyProgram]:
    folder = assets_folder() / "programs"
    return {file.stem: read_document(file.read_bytes()) for file in sorted(folder.glob("*.toml"))}


def _decide(program: LoyaltyProgram, tier: str, sale: tuple[int, int, Sequence[SaleLine]]) -> None:
    """Compute a sale as a till does: what is known of the member, then the points and words."""
    total, at_ms, lines = sale
    known = known_for(
        program,
        sheet_tally={"visits": 3, "points": 120},
        segments=("regular",),
        birthday="05-17",
        last_visit_ms=at_ms - _MS_PER_DAY,
        shop="Main street",
        at_ms=at_ms,
        tz_minutes=_TZ_MINUTES,
    )
    facts = SaleFacts(
        total=total, tier=tier, at_ms=at_ms, offset_minutes=_TZ_MINUTES, lines=lines, known=known
    )
    earn(program, facts)


def _sales(count: int, *, lines: int) -> list[tuple[int, int, Sequence[SaleLine]]]:
    """Return amounts and moments by chance, each with so many lines."""
    chance = random.Random(19)
    sales: list[tuple[int, int, Sequence[SaleLine]]] = []
    for number in range(count):
        made = tuple(
            SaleLine(
                amount=chance.randrange(90, 2_500),
                sku=str(4_000_000 + chance.randrange(300)),
                category=chance.choice(_CATEGORIES),
                quantity=chance.randrange(1, 4),
            )
            for _ in range(lines)
        )
        total = sum(line.amount for line in made) or chance.randrange(150, 9_000)
        sales.append((total, _BEGIN_MS + number * 977_000, made))
    return sales


def _timed(work: Sequence[Callable[[], object]], progress: Progress, stage: str) -> Samples:
    samples = Samples()
    # What is worked out once for a program is no part of a sale.
    work[0]()
    with no_garbage_rounds():
        for place, each in enumerate(work, start=1):
            samples.take(each)
            if place % 1_000 == 0:
                progress(stage, place, len(work))
    return samples


def _amount_only(
    templates: dict[str, LoyaltyProgram], decisions: int, progress: Progress
) -> Figure:
    """Decide amount-only sales under every template; the slowest template counts."""
    sales = _sales(decisions // len(templates) + 1, lines=0)
    forget_peak()
    worst: dict[str, float] = {}
    middle: dict[str, float] = {}
    for name, program in templates.items():
        tier = program.tiers[-1].id
        taken = _timed([partial(_decide, program, tier, sale) for sale in sales], progress, name)
        worst[name] = quantile(taken.cpu_ms, _P99)
        middle[name] = median(taken.cpu_ms)
    slowest = max(worst, key=lambda name: worst[name])
    return Figure(
        name="earn: amount only, a template",
        value=round(worst[slowest], 3),
        rule=Rule.AT_MOST,
        limit=_AMOUNT_ONLY_MS_MAX,
        unit="ms of CPU, p99",
        against=f"the limit itself; the slowest of {len(templates)} templates ({slowest})",
        peak_mb=peak_mb(),
        detail=f"{len(sales):,} sales each, with what is known of the member and all words;"
        f" p50 {min(middle.values()):.3f} to {max(middle.values()):.3f}",
    )


def _with_lines(decisions: int, progress: Progress) -> Figure:
    program = forty_rules(_CATEGORIES)
    sales = _sales(decisions // 4, lines=LINES)
    forget_peak()
    taken = _timed([partial(_decide, program, "gold", sale) for sale in sales], progress, "lines")
    return Figure(
        name="earn: 12 lines, 40 rules",
        value=round(quantile(taken.cpu_ms, _P99), 3),
        rule=Rule.AT_MOST,
        limit=_LINES_MS_MAX,
        unit="ms of CPU, p99",
        against=f"the limit itself; {len(program.rules)} rules of every kind, {LINES} lines",
        peak_mb=peak_mb(),
        detail=f"{len(sales):,} sales; p50 {median(taken.cpu_ms):.3f}",
    )


def _member(turns: int, progress: Progress) -> Figure:
    """Fold the entries of a busy member from nothing, judge the tier, refund a line."""
    program = msgspec.structs.replace(
        forty_rules(_CATEGORIES),
        expiration=ExpirationRules(model=AfterEarning(months=12)),
    )
    sales = [
        _recorded(program, number, sale)
        for number, sale in enumerate(_sales(ENTRIES // 2, lines=LINES))
    ]
    tally: dict[str, int] = {}
    for sale in sales:
        tally = plus(tally, tally_of(program, sale, needed_by(program)))
    forget_peak()
    taken = _timed([partial(_whole_member, program, sales, tally)] * turns, progress, "member")
    return Figure(
        name="tier, lots, refund: 1,000 entries",
        value=round(quantile(taken.cpu_ms, _P99), 3),
        rule=Rule.AT_MOST,
        limit=_MEMBER_MS_MAX,
        unit="ms of CPU, p99",
        against=f"the limit itself; {ENTRIES:,} entries folded from nothing, then both judged",
        peak_mb=peak_mb(),
        detail=f"{turns} turns; p50 {median(taken.cpu_ms):.3f}; the refund is of {LINES} lines",
    )


def _recorded(
    program: LoyaltyProgram, number: int, sale: tuple[int, int, Sequence[SaleLine]]
) -> SaleRecorded:
    total, _, lines = sale
    at_ms = _BEGIN_MS + number * _MS_PER_DAY
    facts = SaleFacts(
        total=total, tier="gold", at_ms=at_ms, offset_minutes=_TZ_MINUTES, lines=lines
    )
    return SaleRecorded(
        v=1,
        id=EventId(f"{number:032x}"),
        at_ms=at_ms,
        boot_ms=1,
        tz_minutes=_TZ_MINUTES,
        program=program.version,
        sale=Basket(total=total, currency=program.currency, lines=tuple(lines)),
        tier=TierId("gold"),
        earned=earn(program, facts).points,
    )


def _whole_member(
    program: LoyaltyProgram, sales: Sequence[SaleRecorded], tally: dict[str, int]
) -> None:
    """Do with a member what the server does with one: lots, tier, refund."""
    rules, book = program.expiration, EMPTY_BOOK
    ends_ms = None
    for sale in sales:
        ends_ms = ends_at(rules, at_ms=sale.at_ms, tz_minutes=_TZ_MINUTES)
        book = accrue(book, points=sale.earned, at_ms=sale.at_ms, ends_ms=ends_ms)
        book, _ = redeem(book, points=sale.earned // 2, at_ms=sale.at_ms)
    last = sales[-1]
    book, _ = expire(book, at_ms=last.at_ms)
    next_end(book, last.at_ms)
    clock = TierClock(at_ms=last.at_ms, tz_minutes=_TZ_MINUTES, enrolled_ms=_BEGIN_MS)
    measures = measures_of(
        tally,
        program.tier_rules,
        at_ms=last.at_ms,
        tz_minutes=_TZ_MINUTES,
        enrolled_ms=_BEGIN_MS,
    )
    tier_after(program.tiers, program.tier_rules, NO_STANDING, measures, clock)
    request = RefundRequest(amount=last.sale.total // 3)
    effect = refund_effect(program, last, nothing_returned(last), request, balance=10**6)
    take_back(book, points=effect.earned_taken, at_ms=last.at_ms, ends_ms=ends_ms)


def _replay(
    templates: dict[str, LoyaltyProgram], sales: int, members: int, progress: Progress
) -> list[Result]:
    """Replay the journal of a till under the slowest kind of template: stamps and tiers."""
    draft = templates["hair-salon"]
    with past_shop(SampleMembers(members), sales, progress) as shop:
        forget_peak()
        began = time.thread_time()
        with Store(shop.folder.database, shop.key, None) as store, store.read() as work:
            found = try_draft(
                past_sales(work),
                draft,
                since=dt.date(2000, 1, 1),
                now_ms=_BEGIN_MS,
                progress=lambda done, total: progress("replay", done, total),
            )
        seconds, peak = time.thread_time() - began, peak_mb()
        size = _megabytes(shop.folder.database)
    assert found.member_sales == sales
    detail = (
        f"{sales:,} sales of {found.members:,} members from a till's journal of {size:,} MB, under"
        f" the template {draft.name} and the version in force"
    )
    against = "the limit itself; reading, decryption and both versions included"
    return [
        Figure(
            name="replay: pace",
            value=round(sales / seconds),
            rule=Rule.AT_LEAST,
            limit=_REPLAY_MIN,
            unit="sales/s of CPU",
            against=against,
            peak_mb=peak,
            detail=detail,
        ),
        Figure(
            name="replay: memory",
            value=round(peak),
            rule=Rule.AT_MOST,
            limit=_REPLAY_MB_MAX,
            unit="MB at most",
            against=against,
            peak_mb=peak,
            detail=detail,
        ),
    ]


def _megabytes(path: Path) -> int:
    return path.stat().st_size // 10**6
