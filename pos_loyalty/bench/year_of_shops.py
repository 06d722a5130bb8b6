"""Shops with one till each over one set of books in memory: the year's machinery."""

from dataclasses import dataclass, field
from typing import Final

from pos_loyalty.domain.accrual import SaleFacts, earn
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SCHEMA_VERSION, Basket, Event, RightsReturned, SaleRecorded
from pos_loyalty.domain.ids import (
    EventId,
    MemberId,
    MerchantId,
    ProgramVersion,
    RewardId,
    StreamId,
    TierId,
    TillId,
)
from pos_loyalty.domain.program import EarnRule, LoyaltyProgram, Tier
from pos_loyalty.domain.reward import AmountOff, RewardTaken
from pos_loyalty.domain.spend_rights import Cover, Rights, cover_redemption, effects_of
from pos_loyalty.server.allowance import NOT_COVERED, note_repaid, risk_total, top_up
from pos_loyalty.server.books import Books, Merchant, StreamState
from pos_loyalty.server.fold import fold_event
from pos_loyalty.server.grants import Shortage, grant, members_in_debt, recall_debts
from pos_loyalty.server.placement import ShopStream, place_rights
from pos_loyalty.server.policy import Policy
from pos_loyalty.server.reading import Incoming, Reading
from pos_loyalty.wire.messages import SyncRequest
from pos_loyalty.wire.version import PROTOCOL_NEWEST

COST: Final = 100
"""Points of the only reward."""
_WORTH: Final = 300
_CURRENCY: Final = "EUR"
_EPOCH: Final = 1
PROGRAM: Final = LoyaltyProgram(
    version=ProgramVersion("a-year"),
    name="A year",
    currency=_CURRENCY,
    effective_from_ms=0,
    earn=EarnRule(step_minor_units=100, points_per_step=1),
    welcome_points=0,
    tiers=(Tier(id=TierId("all"), name="All", threshold_points=0),),
    rewards=(AmountOff(id=RewardId("off"), name="Off", cost_points=COST, amount=_WORTH),),
)


@dataclass
class Tally:
    """What became of the redemptions that members had the points for."""

    visits: int = 0
    outages: int = 0
    grants: int = 0
    online: int = 0
    online_refused: int = 0
    offline: int = 0
    offline_done: int = 0
    risk_used: int = 0
    overdraft: int = 0


@dataclass
class _Till:
    """A shop's till: what it knows, and what it could not send yet."""

    stream: StreamState
    shop: str
    rights: dict[MemberId, Rights] = field(default_factory=dict[MemberId, Rights])
    risk_total: int = 0
    risk_used: int = 0
    is_up: bool = True
    seq: int = 0
    waiting: list[Event] = field(default_factory=list[Event])
    seen: dict[MemberId, int] = field(default_factory=dict[MemberId, int])
    """Balances as they were when the line went down, with what was sold since."""
    news: set[MemberId] = field(default_factory=set[MemberId])
    """Members whose rights here changed while the line was down."""


class Shops:
    """All shops of a merchant, with the books behind them."""

    def __init__(self, shops: int, members: int, *, allowance: int, start_ms: int) -> None:
        merchant = Merchant(
            merchant=MerchantId(f"{0:032x}"),
            name="",
            currency=_CURRENCY,
            country="",
            programs={PROGRAM.version: PROGRAM},
        )
        self._books = Books(merchant=merchant, v=1, epoch=_EPOCH, now_ms=start_ms)
        self._books.policy = Policy(
            allowance_total=allowance * shops, allowance_per_till=allowance, rights_days=0
        )
        self._books.budget.total = allowance * shops
        self._books.budget.per_till = allowance
        self._members = [MemberId(f"{number:032x}") for number in range(members)]
        self._tills = [self._till(number) for number in range(shops)]
        self._by_stream = {till.stream.stream: till for till in self._tills}
        self._uncovered: dict[MemberId, int] = {}
        self._ids = 0
        self._tally = Tally()
        for till in self._tills:
            self._contact(till)

    def turn(self, *, shop: int, at_ms: int) -> None:
        """A shop's line goes down, or comes back with everything that waited."""
        till = self._tills[shop]
        till.is_up = not till.is_up
        self._books.begin_version(self._books.v, now_ms=at_ms)
        if not till.is_up:
            self._tally.outages += 1
            till.seen = {member: state.balance for member, state in self._books.members.items()}
            return
        self._contact(till)

    def visit(self, *, member: int, shop: int, at_ms: int, total: int, wants: bool) -> None:
        """A member buys something, and perhaps takes a reward before."""
        till, who = self._tills[shop], self._members[member]
        self._tally.visits += 1
        self._books.begin_version(self._books.v, now_ms=at_ms)
        cover = None
        if wants and self._owned(who) >= COST:
            cover = (
                self._redeem_online(till, who) if till.is_up else self._redeem_offline(till, who)
            )
        self._sell(till, who, at_ms=at_ms, total=total, cover=cover)

    def end(self) -> Tally:
        """Bring every line back and count what was redeemed and never earned."""
        for till in self._tills:
            till.is_up = True
            self._contact(till)
        balances = [state.balance for state in self._books.members.values()]
        self._tally.overdraft = -sum(balance for balance in balances if balance < 0)
        assert self._tally.overdraft <= self._tally.risk_used, "only the allowance may overdraw"
        return self._tally

    def _till(self, number: int) -> _Till:
        shop = f"{number:032x}"
        stream = StreamState(
            stream=StreamId(f"{number + 1:032x}"),
            till=TillId(shop),
            join_nonce="",
            last=0,
            last_hash=b"",
            shop=shop,
        )
        self._books.streams[stream.stream] = stream
        return _Till(stream, shop)

    def _owned(self, member: MemberId) -> int:
        """Return what a member truly has, with what no server has heard of yet."""
        owned = self._books.member(member).balance
        for till in self._tills:
            if till.waiting:
                owned += sum(
                    event.earned - event.redeemed
                    for event in till.waiting
                    if isinstance(event, SaleRecorded) and event.member == member
                )
        return owned

    def _redeem_online(self, till: _Till, member: MemberId) -> Cover | None:
        """Redeem with rights, those asked for now, and at last the allowance."""
        self._tally.online += 1
        if till.rights.get(member, Rights()).spendable < COST:
            wanted = [(member, COST)]
            if grant(self._books, till.stream, wanted) is Shortage.RECALLED:
                self._deliver()
                grant(self._books, till.stream, wanted)
            self._books.demanded.clear()
            self._deliver()
        cover = self._cover(till, member, self._books.member(member).balance)
        self._tally.online_refused += cover is None
        return cover

    def _redeem_offline(self, till: _Till, member: MemberId) -> Cover | None:
        self._tally.offline += 1
        cover = self._cover(till, member, till.seen.get(member, 0))
        self._tally.offline_done += cover is not None
        return cover

    def _cover(self, till: _Till, member: MemberId, balance: int) -> Cover | None:
        try:
            return cover_redemption(
                points=COST,
                rights=till.rights.get(member, Rights()),
                allowance=till.risk_total - till.risk_used,
                balance=balance,
                alone=False,
            )
        except RuleViolation:
            return None

    def _sell(
        self, till: _Till, member: MemberId, *, at_ms: int, total: int, cover: Cover | None
    ) -> None:
        rewards: tuple[RewardTaken, ...] = ()
        if cover is not None:
            discount = min(_WORTH, total)
            rewards = (RewardTaken(reward=RewardId("off"), points=COST, discount=discount),)
        facts = SaleFacts(total=total, tier="all", at_ms=at_ms, offset_minutes=0, rewards=rewards)
        event = SaleRecorded(
            v=SCHEMA_VERSION,
            id=self._next_id(),
            at_ms=at_ms,
            boot_ms=0,
            tz_minutes=0,
            program=PROGRAM.version,
            sale=Basket(total=total, currency=_CURRENCY),
            member=member,
            tier=TierId("all"),
            earned=earn(PROGRAM, facts).points,
            rewards=rewards,
            redeemed=COST if cover else 0,
            rights_used=cover.rights_used if cover else 0,
            risk_used=cover.risk_used if cover else 0,
        )
        if cover is not None:
            till.risk_used += cover.risk_used
            self._tally.risk_used += cover.risk_used
        self._append(till, event)

    def _append(self, till: _Till, event: Event) -> None:
        """Write an event into a till's journal; it is sent at once where the line is up."""
        for effect in effects_of(event):
            known = till.rights.get(effect.member, Rights())
            till.rights[effect.member] = known.plus(effect)
        if isinstance(event, SaleRecorded) and event.member is not None and not till.is_up:
            seen = till.seen.get(event.member, 0)
            till.seen[event.member] = seen + event.earned - event.redeemed
        till.waiting.append(event)
        if till.is_up:
            self._contact(till)

    def _contact(self, till: _Till) -> None:
        """Exchange: events up, then what follows from them down, to every shop with a line."""
        books, events = self._books, till.waiting
        till.waiting = []
        touched = {effect.member for event in events for effect in effects_of(event)}
        books.in_debt = {member for member in touched if books.member(member).pool < 0}
        for event in events:
            till.seq += 1
            till.stream.last = till.seq
            reading = Reading(event=event, kind=str(event.__struct_config__.tag))
            fold_event(books, till.stream, Incoming(till.seq, b"", b"", reading))
        recall_debts(books, members_in_debt(books))
        note_repaid(books)
        self._settle()
        place_rights(books, self._shop_streams())
        top_up(books, till.stream, self._request(till))
        till.risk_total = risk_total(till.stream, books.budget.per_till)
        self._take_news(till)
        self._deliver()

    def _settle(self) -> None:
        """Keep the allowance's account: what was not covered counts until it is repaid."""
        books = self._books
        for item in books.attention:
            if item.kind == NOT_COVERED and item.member is not None:
                self._uncovered[item.member] = self._uncovered.get(item.member, 0) + item.points
        for member in books.budget.repaid:
            books.budget.counted -= self._uncovered.pop(member, 0)
        books.budget.repaid.clear()
        for done in (books.attention, books.events, books.entries):
            done.clear()
        books.facts.clear()
        books.dirty_members.clear()

    def _shop_streams(self) -> list[ShopStream]:
        now_ms = self._books.now_ms
        return [
            ShopStream(
                stream=till.stream.stream,
                shop=till.shop,
                is_hub=False,
                last=till.stream.last,
                seen_ms=now_ms,
            )
            for till in self._tills
        ]

    def _deliver(self) -> None:
        """Tell every shop with a line what changed for it; the others hear it later."""
        books = self._books
        books.placement_due.clear()
        changed, books.changed = books.changed, set()
        for change in sorted(changed, key=lambda one: (one.type, one.scope, one.id)):
            if change.type != "rights":
                continue
            till = self._by_stream[StreamId(change.scope)]
            till.news.add(MemberId(change.id))
            if till.is_up:
                self._take_news(till)

    def _take_news(self, till: _Till) -> None:
        """Take granted totals, and hand back what is asked for."""
        news, till.news = till.news, set()
        for member in sorted(news):
            row = self._books.rights_of(member, till.stream.stream)
            known = till.rights.get(member, Rights())
            self._tally.grants += row.granted > known.granted
            till.rights[member] = known = Rights(
                granted=max(known.granted, row.granted),
                earned=known.earned,
                used=known.used,
                returned=known.returned,
            )
            if row.keep is not None and known.spendable > row.keep:
                self._append(till, self._return(member, known.spendable - row.keep))

    def _return(self, member: MemberId, points: int) -> RightsReturned:
        return RightsReturned(
            v=SCHEMA_VERSION,
            id=self._next_id(),
            at_ms=self._books.now_ms,
            boot_ms=0,
            tz_minutes=0,
            program=PROGRAM.version,
            member=member,
            points=points,
        )

    def _request(self, till: _Till) -> SyncRequest:
        return SyncRequest(
            req="",
            proto=PROTOCOL_NEWEST,
            stream=till.stream.stream,
            from_seq=till.seq + 1,
            prev_hash="",
            top=till.seq,
            epoch=_EPOCH,
            now_ms=self._books.now_ms,
        )

    def _next_id(self) -> EventId:
        self._ids += 1
        return EventId(f"{self._ids:032x}")
