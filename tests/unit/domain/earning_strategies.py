"""Programs and sales drawn at random: every kind of rule, condition, cap and payment."""

import datetime as dt

import msgspec
from hypothesis import strategies as st

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import (
    Bonus,
    Caps,
    Conditions,
    EarnBasis,
    EarningRule,
    EarnRule,
    Exclude,
    Multiply,
    PerItem,
    PerVisit,
    Rate,
    Rounding,
    RoundingScope,
    Stamps,
    Value,
    Weekday,
    WeekdayMultiplier,
)
from pos_loyalty.domain.event import Payment, SaleLine
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_facts import MemberFacts
from pos_loyalty.domain.offer import BonusOffer, MultiplierOffer, Offer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.tally import needed_by_sales, periods_at
from pos_loyalty.domain.tier import Tier
from tests.builders import DAY_MS, WEDNESDAY_MS
from tests.unit.domain.earning_cases import program

CATEGORIES = ("", "tea", "coffee", "cake")
KINDS = ("cash", "card", "gift")
SHOPS = ("north", "south")
SEGMENTS = ("students", "staff")
TIERS = (
    Tier(id=TierId("all"), name="All"),
    Tier(id=TierId("silver"), name="Silver", percent=125),
    Tier(id=TierId("gold"), name="Gold", percent=200),
)

_some = st.lists(st.sampled_from(CATEGORIES[1:]), max_size=2, unique=True).map(tuple)
_limits = st.none() | st.integers(0, 60)
_percents = st.integers(100, 400)
_points = st.integers(0, 40)

caps = st.builds(Caps, sale=_limits, day=_limits, week=_limits, month=_limits, member=_limits)

values: st.SearchStrategy[Value] = st.one_of(
    st.builds(Rate, step=st.integers(1, 500), points=st.integers(1, 5)),
    st.just(Exclude()),
    st.builds(PerItem, points=_points),
    st.builds(PerVisit, points=_points, hours_between=st.integers(0, 5)),
    st.builds(Bonus, points=_points),
    st.builds(Multiply, percent=_percents, stackable=st.booleans()),
    st.builds(
        Stamps,
        card=st.sampled_from(["a", "b"]),
        count=st.integers(1, 3),
        per_item=st.booleans(),
    ),
)


@st.composite
def conditions(draw: st.DrawFn) -> Conditions:
    """Return conditions of which few ask: a rule with many would never hold."""
    everything: dict[str, st.SearchStrategy[object]] = {
        "basket_min": st.integers(0, 1500),
        "quantity_min": st.integers(0, 4),
        "categories": _some,
        "skus": st.just(("s1",)),
        "not_categories": _some,
        "not_skus": st.just(("s1",)),
        "weekdays": st.just((Weekday.WEDNESDAY, Weekday.THURSDAY)),
        "from_time": st.sampled_from(["08:00", "22:00"]),
        "until_time": st.sampled_from(["13:00", "02:00"]),
        "from_date": st.just(dt.date(2025, 11, 19)),
        "until_date": st.just(dt.date(2025, 11, 20)),
        "shops": st.just(("north",)),
        "tiers": st.just((TierId("silver"), TierId("gold"))),
        "segments": st.just(("students",)),
        "first_purchase": st.booleans(),
        "birthday_days": st.integers(0, 3),
        "payments_excluded": st.just(("gift",)),
    }
    named = draw(st.lists(st.sampled_from(sorted(everything)), max_size=2, unique=True))
    return Conditions(**{name: draw(everything[name]) for name in named})  # pyright: ignore[reportArgumentType] - drawn by name


@st.composite
def programs(draw: st.DrawFn) -> LoyaltyProgram:
    """Return a program of up to six rules and three offers."""
    gives = draw(st.lists(st.tuples(values, conditions(), caps | st.just(Caps())), max_size=6))
    rules = tuple(
        EarningRule(id=f"r{at}", name=f"Rule {at}", give=give, when=when, caps=limits)
        for at, (give, when, limits) in enumerate(gives)
    )
    return program(
        earn=EarnRule(
            step_minor_units=draw(st.integers(1, 300)), points_per_step=draw(st.integers(1, 3))
        ),
        tiers=TIERS,
        rules=rules,
        offers=tuple(draw(_offer(at)) for at in range(draw(st.integers(0, 3)))),
        caps=draw(caps | st.just(Caps())),
        rounding=draw(st.sampled_from(Rounding)),
        rounding_scope=draw(st.sampled_from(RoundingScope)),
        earn_basis=draw(st.sampled_from(EarnBasis)),
        paid_with_points_earns=draw(st.booleans()),
        payments_excluded=draw(st.sampled_from([(), ("gift",)])),
        sale_points_min=draw(st.sampled_from([0, 0, 7])),
        weekday_multipliers=draw(
            st.sampled_from([(), (WeekdayMultiplier(name="Wed", weekdays=(2,), percent=150),)])
        ),
    )


def _offer(at: int) -> st.SearchStrategy[Offer]:
    named = {"id": st.just(f"o{at}"), "name": st.just(f"Offer {at}"), "when": conditions()}
    return st.one_of(
        st.builds(MultiplierOffer, percent=_percents, stackable=st.booleans(), **named),
        st.builds(BonusOffer, points=_points, **named),
    )


@st.composite
def lines(draw: st.DrawFn) -> SaleLine:
    """Return a line; one in ten is a discount."""
    amount = draw(st.integers(0, 2000) | st.integers(0, 2000) | st.integers(-300, 2000))
    return SaleLine(
        amount=amount,
        category=draw(st.sampled_from(CATEGORIES)),
        sku=draw(st.sampled_from(["", "s1", "s2"])),
        quantity=draw(st.integers(0, 4)),
        tax=draw(st.integers(0, max(0, amount) // 5)),
    )


@st.composite
def sales(draw: st.DrawFn, by: LoyaltyProgram) -> SaleFacts:
    """Return a sale of which everything is known that this program asks."""
    items = tuple(draw(st.lists(lines(), max_size=6)))
    total = sum(item.amount for item in items)
    if total <= 0:
        items, total = (), draw(st.integers(1, 5000))
    at_ms = WEDNESDAY_MS + draw(st.integers(0, 3 * DAY_MS))
    offset_minutes = draw(st.sampled_from([0, 60, -300]))
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=3))
    discount = draw(st.sampled_from([0, 0, total // 3, total]))
    return SaleFacts(
        total=total,
        tier=draw(st.sampled_from(["", "all", "silver", "gold"])),
        at_ms=at_ms,
        offset_minutes=offset_minutes,
        lines=items,
        tax=draw(st.integers(0, total // 5)),
        payments=tuple(Payment(kind=kind, amount=draw(st.integers(-200, total))) for kind in kinds),
        rewards=(RewardTaken(reward=RewardId("off"), points=5, discount=discount),)
        if discount
        else (),
        known=draw(known(by, at_ms, offset_minutes)),
    )


@st.composite
def known(draw: st.DrawFn, by: LoyaltyProgram, at_ms: int, offset_minutes: int) -> MemberFacts:
    """Return what a till might know: the counts that the program asks for, at random."""
    periods = periods_at(at_ms, offset_minutes)
    tally: dict[str, int] = {}
    for needed in sorted(needed_by_sales(by)):
        name, _, period = needed.partition("@")
        tally[f"{name}@{periods[period]}" if period else name] = draw(st.integers(0, 70))
    if "visits" in tally:
        tally["visits"] = draw(st.integers(0, 1))
    keys = [*(rule.id for rule in by.rules), *(offer.id for offer in by.offers)]
    return MemberFacts(
        shop=draw(st.sampled_from(SHOPS)),
        segments=tuple(draw(st.lists(st.sampled_from(SEGMENTS), unique=True))),
        birthday_rules=tuple(key for key in keys if draw(st.booleans())),
        last_visit_ms=draw(st.sampled_from([0, at_ms - 3 * 3_600_000, at_ms + 5])),
        tally=tally,
    )


@st.composite
def programs_with_sales(draw: st.DrawFn) -> tuple[LoyaltyProgram, SaleFacts]:
    """Return a program and a sale to try it on."""
    by = draw(programs())
    return by, draw(sales(by))


@st.composite
def whole_sales(draw: st.DrawFn) -> SaleFacts:
    """Return a sale whose lines cost whole euros, without rewards: nothing is rounded."""
    items = draw(st.lists(lines(), min_size=1, max_size=6))
    whole = tuple(msgspec.structs.replace(item, amount=abs(item.amount) * 100) for item in items)
    return SaleFacts(
        total=sum(item.amount for item in whole),
        tier=draw(st.sampled_from(["all", "silver"])),
        at_ms=WEDNESDAY_MS,
        offset_minutes=60,
        lines=whole,
    )
