"""What the fold works on: the loaded part of the books, and what is to be written.

Nothing here touches a database. A group of requests loads what it can touch,
the fold changes it, and what became dirty is written in bulk.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import msgspec

from pos_loyalty.domain.ids import (
    CardKey,
    EventId,
    MemberId,
    MerchantId,
    StreamId,
    TillId,
)
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.server.inbox_state import InboxState, item_id
from pos_loyalty.server.keeping_state import Keeping, Kept, Needs, needs_of
from pos_loyalty.server.policy import Budget, Policy
from pos_loyalty.wire.verdicts import Verdict

UNKNOWN_CARD = "unknown"
"""Status of a card that a till met and nobody issued; no till is ever told of it."""
WINDOW_BUCKETS = 13
"""Months that count toward a tier: the running one and the twelve before it."""
CONSENT_UNKNOWN, CONSENT_DENIED, CONSENT_GIVEN = -1, 0, 1

_MS_PER_DAY = 24 * 60 * 60 * 1000


class Programs(dict[str, LoyaltyProgram]):
    """Every published version by its name; a running server adds those that it hears of.

    ``seen_v`` is the version of the books up to which it has heard.
    """

    seen_v = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Merchant:
    """The business whose books these are, with every published version of its program.

    ``rules_0_3_until`` is the version of the books up to which a server of 0.3.0 folded them
    (:attr:`Books.has_rules_of_0_3`); 0 is none of them.
    """

    merchant: MerchantId
    name: str
    currency: str
    country: str
    programs: Mapping[str, LoyaltyProgram]
    rules_0_3_until: int = 0


@dataclass(slots=True, kw_only=True)
class StreamState:
    """A till's journal as far as the server holds it.

    ``seen_ms`` is when events last came; ``durable`` how far a backup elsewhere holds it;
    ``lost`` that its owner declared it lost. ``risk_granted`` is the till's allowance as
    an absolute total, ``risk_used`` what its events used of it. ``shop`` is its till's, and
    ``joined_ms`` when its till joined.
    """

    stream: StreamId
    till: TillId
    join_nonce: str
    last: int
    last_hash: bytes
    closed: bool = False
    frozen: bool = False
    token: str = ""
    token_previous: str = ""
    seen_ms: int = 0
    durable: int = 0
    lost: bool = False
    risk_granted: int = 0
    risk_used: int = 0
    shop: str = ""
    joined_ms: int = 0


class MemberState(msgspec.Struct, kw_only=True):
    """A member's row; ``outstanding`` is what the pool leaves out for all streams.

    ``months`` holds the points earned in each month, ``consent_v`` the version at
    which consent was last denied. ``visits`` has for each shop a weight that decays,
    and the day of the last visit (JSON, read where rights are placed). ``alias_of``
    names the account into which this one was merged.
    """

    member: MemberId
    balance: int = 0
    outstanding: int = 0
    tier: str = ""
    months: dict[int, int] = {}
    name: str = ""
    phone: str = ""
    consent: int = CONSENT_UNKNOWN
    consent_v: int = 0
    status: str = "active"
    enrolled_ms: int = 0
    visits: str = "{}"
    alias_of: MemberId | None = None
    cards_blocked: bool = False
    """Whether every card of the member is paused, replaced or blocked."""
    segments: tuple[str, ...] = ()
    birthday: str = ""
    """"MM-DD", or empty."""
    kept: Kept | None = None
    """What the program's rules ask for; None where they ask for nothing."""
    due_ms: int = 0
    """When something may be due by time alone; 0 is never."""
    withheld: int = 0
    """Points of the balance that cannot be used now: pending ones, and lots that ended."""

    @property
    def pool(self) -> int:
        """Points that no till may spend without asking: what can be granted."""
        return self.balance - self.outstanding - self.withheld


class RightsState(msgspec.Struct, kw_only=True):
    """The counters of a member in a stream, and what the till is asked to keep.

    ``lent`` is the sum of what other streams gave this one.
    """

    member: MemberId
    stream: StreamId
    granted: int = 0
    earned: int = 0
    used: int = 0
    returned: int = 0
    keep: int | None = None
    lent: int = 0

    @property
    def outstanding(self) -> int:
        """What the till may still spend, as far as the server knows."""
        return self.granted + self.lent + self.earned - self.used - self.returned

    @property
    def reserved(self) -> int:
        """What the pool leaves out for the till.

        Never below zero: one that gave back or used more than it had makes no points for
        others.
        """
        return max(0, self.outstanding)


@dataclass(slots=True, kw_only=True)
class CardState:
    """A card; ``held`` are points of sales on it that wait for its member."""

    card_key: CardKey
    number: str = ""
    member: MemberId | None = None
    status: str = UNKNOWN_CARD
    batch: str = ""
    held: int = 0


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """An event that counts, found again by its id; ``member`` is who it was booked to."""

    event: EventId
    stream: StreamId
    seq: int
    data: bytes
    member: MemberId | None


class EventRow(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is stored. ``event`` is None where the event does not count."""

    stream: StreamId
    seq: int
    hash: bytes
    data: bytes
    verdict: Verdict
    reason: str
    event: EventId | None
    kind: str
    member: MemberId | None


class EntryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A ledger entry of a known member; its place orders a member's history."""

    member: MemberId
    stream: StreamId
    seq: int
    position: int
    event: EventId
    kind: str
    points: int
    at_ms: int


class Attention(msgspec.Struct, frozen=True, kw_only=True):
    """Something for the owner to look at; one per kind, stream and seq.

    ``points`` is what it cost or may cost.
    """

    kind: str
    stream: StreamId
    seq: int
    detail: str
    member: MemberId | None = None
    points: int = 0


class Changed(msgspec.Struct, frozen=True):
    """An entity that tills must hear of; ``scope`` is a stream, or empty for all."""

    type: str
    scope: str
    id: str


def _position_map() -> "dict[tuple[StreamId, int], bytes]":
    return {}


@dataclass(slots=True, kw_only=True)
class Books:
    """The loaded part of the books at version ``v``, and everything that changed in it."""

    merchant: Merchant
    v: int
    epoch: int
    now_ms: int
    streams: dict[StreamId, StreamState] = field(default_factory=dict[StreamId, StreamState])
    members: dict[MemberId, MemberState] = field(default_factory=dict[MemberId, MemberState])
    rights: dict[MemberId, dict[StreamId, RightsState]] = field(
        default_factory=dict[MemberId, dict[StreamId, RightsState]]
    )
    cards: dict[CardKey, CardState] = field(default_factory=dict[CardKey, CardState])
    facts: dict[EventId, Fact] = field(default_factory=dict[EventId, Fact])
    reversed_sales: set[EventId] = field(default_factory=set[EventId])
    rescued: set[tuple[TillId, str]] = field(default_factory=set[tuple[TillId, str]])
    """Hashes of events that a till carried over: its own word, and no other's."""
    hashes: dict[tuple[StreamId, int], bytes] = field(default_factory=_position_map)
    changes_taken: set[EventId] = field(default_factory=set[EventId])
    any_frozen: bool = False
    """Whether books that were restored wait for a till's report, or for their owner."""
    policy: Policy = field(default_factory=Policy)
    budget: Budget = field(default_factory=Budget)
    in_debt: set[MemberId] = field(default_factory=set[MemberId])
    """Members whose pool was below zero when they were loaded."""
    placement_due: set[MemberId] = field(default_factory=set[MemberId])
    """Members whose points may have to lie elsewhere after this group."""
    demanded: set[MemberId] = field(default_factory=set[MemberId])
    """Members whose points a till waits for: what comes back is not placed meanwhile."""
    doubted: set[TillId] = field(default_factory=set[TillId])
    """Tills that said a moment ago that the books were restored: not believed again so soon."""
    raised_by: set[TillId] = field(default_factory=set[TillId])
    """Tills that began a new epoch in this group."""
    marks: dict[int, str] = field(default_factory=dict[int, str])
    """Marks of the versions that the tills of this group have seen."""

    events: list[EventRow] = field(default_factory=list[EventRow])
    entries: list[EntryRow] = field(default_factory=list[EntryRow])
    attention: list[Attention] = field(default_factory=list[Attention])
    changed: set[Changed] = field(default_factory=set[Changed])
    dirty_streams: set[StreamId] = field(default_factory=set[StreamId])
    dirty_rights: set[tuple[MemberId, StreamId]] = field(
        default_factory=set[tuple[MemberId, StreamId]]
    )
    new_lendings: dict[tuple[MemberId, StreamId, StreamId], int] = field(
        default_factory=dict[tuple[MemberId, StreamId, StreamId], int]
    )
    """Points lent in this group: of a member, to a stream, by a stream."""
    new_reversals: dict[EventId, tuple[StreamId, int]] = field(
        default_factory=dict[EventId, tuple[StreamId, int]]
    )
    new_rescues: dict[str, tuple[StreamId, int]] = field(
        default_factory=dict[str, tuple[StreamId, int]]
    )
    new_changes: dict[EventId, MemberId] = field(default_factory=dict[EventId, MemberId])
    signatures: dict[tuple[StreamId, int], tuple[bytes, str]] = field(
        default_factory=dict[tuple[StreamId, int], tuple[bytes, str]]
    )
    dirty_cards: set[CardKey] = field(default_factory=set[CardKey])
    dirty_members: set[MemberId] = field(default_factory=set[MemberId])
    epoch_raised: bool = False
    inbox: InboxState = field(default_factory=InboxState)
    keeping: Keeping = field(default_factory=Keeping)
    _needs: Needs | None = None
    _program: LoyaltyProgram | None = None
    _reward_cost: int | None = None

    @property
    def is_changed(self) -> bool:
        """Tell whether there is anything to write."""
        return bool(
            self.events
            or self.changed
            or self.dirty_streams
            or self.dirty_rights
            or self.attention
            or self.new_changes
            or self.epoch_raised
            or self.inbox.is_changed
            or self.keeping.is_changed
        )

    @property
    def program(self) -> LoyaltyProgram:
        """The version of the program that is in force by the server's clock."""
        if self._program is None:
            self._program = program_in_force(tuple(self.merchant.programs.values()), self.now_ms)
        return self._program

    @property
    def needs(self) -> Needs:
        """What the published versions of the program ask the books to keep."""
        if self._needs is None:
            self._needs = needs_of(self.merchant.programs.values())
        return self._needs

    @property
    def reward_cost(self) -> int:
        """Points that the cheapest reward costs; 0 where there is none."""
        if self._reward_cost is None:
            costs = [each.cost_points for each in self.program.rewards if each.cost_points]
            self._reward_cost = min(costs, default=0)
        return self._reward_cost

    @property
    def is_granting_frozen(self) -> bool:
        """Whether the pool may be larger here than it is: books were restored."""
        return self.any_frozen or self.epoch_raised

    @property
    def has_rules_of_0_3(self) -> bool:
        """Whether a server of 0.3.0 folded this version: what it counted stays counted so.

        By its rules a purchase keeps what it paid for an invitation, whatever becomes of it; a
        debt that comes back ends with the points of its sale; and a sale of which goods came
        back elsewhere moves with the points that its till knows.
        """
        return self.v <= self.merchant.rules_0_3_until

    def begin_version(self, v: int, *, now_ms: int) -> None:
        """Go on to another version, as when the books are folded again from the start."""
        if self.now_ms != now_ms:
            self._program = self._reward_cost = None
        self.v, self.now_ms = v, now_ms

    def member(self, member: MemberId) -> MemberState:
        """Return a member's state; one never heard of begins at nothing."""
        state = self.members.get(member)
        if state is None:
            state = self.members[member] = MemberState(member=member)
        return state

    def class_of(self, member: MemberId) -> list[MemberState]:
        """Return the accounts that are one person's, the oldest first; one alone is its own."""
        state = self.member(member)
        while state.alias_of is not None:
            state = self.member(state.alias_of)
        found, place = [state], 0
        while place < len(found):
            merged = self.inbox.merged_into.get(found[place].member, ())
            found += [self.member(other) for other in sorted(merged)]
            place += 1
        return found

    def pool_of(self, member: MemberId) -> int:
        """Return the points of a person that no till may spend without asking."""
        return sum(state.pool for state in self.class_of(member))

    def card(self, card_key: CardKey) -> CardState:
        """Return a card's state; one never heard of is unknown."""
        state = self.cards.get(card_key)
        if state is None:
            state = self.cards[card_key] = CardState(card_key=card_key)
        return state

    def rights_of(self, member: MemberId, stream: StreamId) -> RightsState:
        """Return the counters of a member in a stream."""
        streams = self.rights.setdefault(member, {})
        state = streams.get(stream)
        if state is None:
            state = streams[stream] = RightsState(member=member, stream=stream)
        return state

    def touch_member(self, state: MemberState) -> None:
        """Mark a member as changed: written, and sent to every till.

        An account that was merged into another shows there.
        """
        self.dirty_members.add(state.member)
        self.changed.add(Changed("member", "", state.member))
        while state.alias_of is not None:
            self.changed.add(Changed("member", "", state.alias_of))
            state = self.member(state.alias_of)

    def touch_card(self, state: CardState) -> None:
        """Mark a card as changed; unknown cards are nobody's news."""
        self.dirty_cards.add(state.card_key)
        if state.status != UNKNOWN_CARD:
            self.changed.add(Changed("card", "", state.card_key))

    def announce_rights(self, state: RightsState) -> None:
        """Mark granted rights as changed: sent to the stream that holds them."""
        self.dirty_rights.add((state.member, state.stream))
        self.changed.add(Changed("rights", state.stream, state.member))
        # What this stream lent is told to nobody before there is proof that it had it: now, maybe.
        for other in self.rights.get(state.member, {}).values():
            if other.lent and other is not state:
                self.changed.add(Changed("rights", other.stream, other.member))

    def notice(
        self,
        kind: str,
        stream: StreamId,
        seq: int,
        detail: str,
        *,
        member: MemberId | None = None,
        points: int = 0,
    ) -> None:
        """Put something before the owner. No personal data."""
        self.attention.append(
            Attention(
                kind=kind,
                stream=stream,
                seq=seq,
                detail=detail[:500],
                member=member,
                points=points,
            )
        )
        self.announce_item(kind, stream, seq)

    def announce_item(self, kind: str, stream: StreamId, seq: int) -> None:
        """Mark an item of the owner's list as changed: tills hear of it."""
        self.changed.add(Changed("attention", "", item_id(kind, stream, seq)))


@lru_cache(maxsize=1024)
def _month_of_day(day: int) -> int:
    date = datetime.fromtimestamp(day * _MS_PER_DAY // 1000, UTC)
    return date.year * 12 + date.month - 1


def month_of(at_ms: int) -> int:
    """Return a running number of the month in UTC."""
    return _month_of_day(at_ms // _MS_PER_DAY)


def earned_window(months: Mapping[int, int], now_ms: int) -> int:
    """Return the points earned in the running month and the twelve before it."""
    first = month_of(now_ms) - WINDOW_BUCKETS + 1
    total = 0
    for month, points in months.items():  # every sale of every till comes by here
        if month >= first:
            total += points
    return total
