"""Merging is a pointer: whoever is taken apart before anything new happened is as before.

A long run: POS_EXAMPLES=100000 (docs/testing.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from hypothesis import given
from hypothesis import strategies as some

from pos_loyalty.domain.earning_rule import ActivityRule, Caps, EarningRule, StampCard, Stamps
from pos_loyalty.domain.event import Event, SaleRecorded, encode_event
from pos_loyalty.domain.expiration import AfterEarning, ExpirationRules
from pos_loyalty.domain.ids import EventId, MemberId, RewardId
from pos_loyalty.domain.lot import EMPTY_BOOK
from pos_loyalty.domain.lot import balance as balance_of
from pos_loyalty.domain.refund import Returned
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.server import aliases
from pos_loyalty.server.books import Books, MemberState, Merchant
from pos_loyalty.server.ingest import fold_group
from pos_loyalty.server.member_sheet import sheet_of
from tests.contract import ruled_books as till
from tests.contract.simple_till import MONDAY_MS, PROGRAM, enrollment
from tests.unit.server.test_fold import OTHER, STREAM, batch_of, fresh_books

RULED = msgspec.structs.replace(
    PROGRAM,
    rules=(
        EarningRule(id="stamps", name="Stamps", give=Stamps(card="coffee"), caps=Caps(month=4)),
    ),
    stamp_cards=(StampCard(id="coffee", name="Coffee card", stamps=10, item="a coffee"),),
    activities=(ActivityRule(id="review", name="Review", points=30, caps=Caps(month=60)),),
    expiration=ExpirationRules(model=AfterEarning(months=2)),
    pending_days=3,
)
"""Lots, counts, stamps and pending points: whatever is kept of a member is kept."""
MEMBERS = tuple(MemberId(f"{number:032x}") for number in (1, 2, 3))
DAY_MS = 24 * 3_600_000

Pair = tuple[int, int]


@dataclass(frozen=True)
class Deed:
    """One thing that happens to a member; ``which`` names an earlier sale."""

    kind: str
    who: int
    amount: int
    days: int
    which: int = 0
    at_other_till: bool = False


@dataclass
class Shop:
    """Books of three members and two tills, fed in memory."""

    books: Books
    at_ms: int = MONDAY_MS - 90 * DAY_MS
    count: int = 0
    sales: list[tuple[SaleRecorded, Returned | None]] = field(
        default_factory=list[tuple[SaleRecorded, Returned | None]]
    )

    def do(self, deed: Deed) -> None:
        """Let a deed happen and reach the server."""
        self.at_ms += deed.days * DAY_MS
        self.count += 1
        event = self.event_of(deed, MEMBERS[deed.who])
        named = msgspec.structs.replace(
            event, id=EventId(f"{self.count:032x}"), at_ms=self.at_ms, cashier="ana"
        )
        if isinstance(named, SaleRecorded):
            self.sales.append((named, None))
        stream = OTHER if deed.at_other_till else STREAM
        fold_group(self.books, [batch_of(self.books, stream, encode_event(named))], tokens=["t"])

    def event_of(self, deed: Deed, member: MemberId) -> Event:
        match deed.kind:
            case "redeem":
                taken = RewardTaken(reward=RewardId("coffee"), points=deed.amount, discount=0)
                return till.sell(RULED, member, 900, rewards=(taken,), at_ms=self.at_ms)
            case "refund" if self.sales:
                which = deed.which % len(self.sales)
                sale, before = self.sales[which]
                event, after = till.refund(RULED, sale, min(deed.amount, sale.sale.total), before)
                self.sales[which] = (sale, after)
                return event
            case "activity":
                return till.activity(RULED, member, "review", 30)
            case "adjustment":
                return till.adjustment(RULED, member, deed.amount - 40)
            case _:
                return till.sell(RULED, member, deed.amount * 10, at_ms=self.at_ms)


DEEDS = some.builds(
    Deed,
    kind=some.sampled_from(["sale", "sale", "sale", "redeem", "refund", "activity", "adjustment"]),
    who=some.integers(0, 2),
    amount=some.integers(0, 300),
    days=some.sampled_from([0, 0, 1, 4, 20]),
    which=some.integers(0, 5),
    at_other_till=some.booleans(),
)
PAIRS = some.sampled_from([(0, 1), (1, 0), (0, 2), (2, 0), (1, 2), (2, 1)])


def shop_after(deeds: Sequence[Deed]) -> Shop:
    books = fresh_books()
    books.merchant = Merchant(
        merchant=books.merchant.merchant,
        name=books.merchant.name,
        currency="EUR",
        country="DE",
        programs={PROGRAM.version: PROGRAM, RULED.version: RULED},
    )
    shop = Shop(books)
    for member in MEMBERS:
        fold_group(books, [batch_of(books, STREAM, encode_event(enrollment(member)))], tokens=["t"])
    for deed in deeds:
        shop.do(deed)
    return shop


def states(books: Books) -> Sequence[MemberState]:
    return [books.member(member) for member in MEMBERS]


def written(books: Books) -> object:
    """Return a copy of everything that the books hold of members, sales and pointers."""
    kept = (states(books), books.keeping.sales, sorted(books.reversed_sales))
    below = {older: sorted(merged) for older, merged in books.inbox.merged_into.items() if merged}
    return msgspec.to_builtins((kept, below))


def now_ms(shop: Shop) -> int:
    return shop.at_ms + DAY_MS


@given(deeds=some.lists(DEEDS, max_size=8), merges=some.lists(PAIRS, min_size=1, max_size=3))
def test_taking_apart_before_anything_new_brings_everything_back(
    deeds: Sequence[Deed], merges: Sequence[Pair]
) -> None:
    shop = shop_after(deeds)
    books, before = shop.books, written(shop.books)
    sheets = [sheet_of([state], now_ms(shop)) for state in states(books)]

    for one, other in merges:
        aliases.merge(books, MEMBERS[one], MEMBERS[other], who="owner")
    assert written(books) != before, "three accounts always have two that can be one"
    for member in MEMBERS:
        aliases.unmerge(books, member, who="owner")

    assert written(books) == before
    assert [sheet_of([state], now_ms(shop)) for state in states(books)] == sheets


@given(deeds=some.lists(DEEDS, max_size=8), pair=PAIRS)
def test_one_person_has_the_sum_of_both_accounts(deeds: Sequence[Deed], pair: Pair) -> None:
    shop = shop_after(deeds)
    books, (one, other) = shop.books, (MEMBERS[pair[0]], MEMBERS[pair[1]])
    pools = books.pool_of(one) + books.pool_of(other)
    apart = [sheet_of([books.member(member)], now_ms(shop)) for member in (one, other)]

    aliases.merge(books, one, other, who="owner")

    together = sheet_of(books.class_of(one), now_ms(shop))
    assert books.pool_of(one) == books.pool_of(other) == pools
    assert together.pending == sum(sheet.pending for sheet in apart)
    assert together.last_visit_ms == max(sheet.last_visit_ms for sheet in apart)
    names = set(apart[0].tally) | set(apart[1].tally)
    summed = {name: sum(sheet.tally.get(name, 0) for sheet in apart) for name in names}
    assert {name: count for name, count in together.tally.items() if count} == {
        name: count for name, count in summed.items() if count
    }


@given(deeds=some.lists(DEEDS, max_size=8))
def test_a_balance_is_the_points_of_the_lots_less_the_debt(deeds: Sequence[Deed]) -> None:
    for state in states(shop_after(deeds).books):
        book = EMPTY_BOOK if state.kept is None else state.kept.book
        assert state.balance == balance_of(book)
