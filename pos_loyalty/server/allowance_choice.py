"""The owner chooses an allowance, after reading the most that it can cost."""

from dataclasses import dataclass

from pos_loyalty.domain.ids import MerchantId
from pos_loyalty.domain.program import LoyaltyProgram, program_in_force
from pos_loyalty.domain.reward import lowest_cost, worth_of
from pos_loyalty.domain.rounding import steps_begun, whole_steps
from pos_loyalty.server.allowance import (
    ACCEPTED,
    NOT_COVERED,
    RELEASED,
    STILL_OPEN,
    open_items,
    settle_item,
)
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.policy_statements import choose, load_policy
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.policy import Policy, PolicyName
from pos_loyalty.server.roster import TillEntry, announce_item, read_roster, write_off


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyRate:
    """The reward that gives the most money for a point: the worst case of every loss."""

    reward: str
    amount: int
    cost_points: int

    def money(self, points: int) -> int:
        """Return the most money (minor units) that these points can buy, rounded up."""
        return steps_begun(points * self.amount, self.cost_points)


@dataclass(frozen=True, slots=True, kw_only=True)
class TillShare:
    """What one till may take above its rights, and what journals it left behind still may."""

    till: TillEntry
    now_points: int
    left_points: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceReport:
    """What the owner reads: the choice, the most it can cost, where it stands now. Points."""

    policy: Policy
    rate: MoneyRate | None
    shares: tuple[TillShare, ...]
    not_covered: int
    released: int

    @property
    def on_tills(self) -> int:
        """What tills may still take, journals that were left included."""
        return sum(share.now_points + share.left_points for share in self.shares)

    @property
    def counted(self) -> int:
        """What of the total is given away."""
        return self.on_tills + self.not_covered + self.released

    @property
    def largest_loss(self) -> int:
        """The most that can be lost from now on: the total, or more where it was lowered."""
        return max(self.policy.allowance_total, self.counted)

    @property
    def largest_till_loss(self) -> int:
        """The most that can be lost at one till."""
        shares = [share.now_points for share in self.shares]
        return max([min(self.policy.allowance_per_till, self.policy.allowance_total), *shares])

    def money(self, points: int) -> int:
        """Return the most money (minor units) that these points can buy."""
        return self.rate.money(points) if self.rate else 0


def dearest_rate(program: LoyaltyProgram) -> MoneyRate | None:
    """Return the reward that gives the most money for a point, or None without rewards."""
    costs = [(reward, lowest_cost(reward)) for reward in program.rewards]
    rates = [
        MoneyRate(reward=reward.name, amount=worth_of(reward), cost_points=cost)
        for reward, cost in costs
        if cost > 0
    ]
    # Compared for a million points each, so that no rate is rounded away.
    return max(rates, key=lambda rate: rate.money(1_000_000), default=None)


def read_allowance(session: Session, merchant: Merchant, *, now_ms: int) -> AllowanceReport:
    """Return the allowance as it is, and the most that it can cost."""
    key = merchant.merchant
    items = open_items(session, key)
    shares = tuple(
        TillShare(
            till=till,
            now_points=sum(one.risk_points for one in till.journals if not one.is_closed),
            left_points=sum(one.risk_points for one in till.journals if one.is_closed),
        )
        for till in read_roster(session, key).tills
        if not (till.is_off or till.is_hub) or any(one.risk_points for one in till.journals)
    )
    return AllowanceReport(
        policy=load_policy(session, key),
        rate=dearest_rate(program_in_force(tuple(merchant.programs.values()), now_ms)),
        shares=shares,
        not_covered=items.get(NOT_COVERED, 0),
        released=items.get(RELEASED, 0),
    )


def choose_allowance(
    session: Session, merchant: MerchantId, *, total: int | None, per_till: int | None
) -> None:
    """Set the total and each till's share; one of them alone gives the other.

    A share alone is multiplied by the tills in use, a total alone is divided among them.
    """
    tills = max(1, count_in_use(session, merchant))
    if total is None and per_till is not None:
        total = per_till * tills
    if per_till is None and total is not None:
        per_till = whole_steps(total, tills)
    assert total is not None
    assert per_till is not None
    statements.take_version(session, merchant)
    choose(
        session,
        merchant,
        {PolicyName.ALLOWANCE_TOTAL: total, PolicyName.ALLOWANCE_PER_TILL: per_till},
    )


def count_in_use(session: Session, merchant: MerchantId) -> int:
    """Return how many tills have an open journal; a hub redeems nothing and is not counted."""
    rows = session.fetch(
        "SELECT count(DISTINCT stream.till) FROM stream JOIN till"
        " ON till.merchant = stream.merchant AND till.till = stream.till"
        " WHERE stream.merchant = ? AND stream.closed = 0 AND till.hub_pin = ''",
        merchant,
    )
    return int(rows[0][0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What the owner accepted: points not covered, points of released rights, of old journals."""

    not_covered: int
    released: int
    left_behind: int


def settle_all(session: Session, merchant: MerchantId, *, now_ms: int) -> Settled:
    """Accept every loss so far, so that the whole total is there again.

    What closed journals may still have spent is counted no more either.
    """
    v, _ = statements.take_version(session, merchant)
    items = open_items(session, merchant)
    for kind, stream, seq in session.fetch(
        "SELECT kind, stream, seq FROM attention WHERE merchant = ? AND kind IN (?, ?)"
        " AND settled IN (?, ?)",
        merchant,
        NOT_COVERED,
        RELEASED,
        *STILL_OPEN,
    ):
        settle_item(session, (merchant, kind, stream, seq), how=ACCEPTED, now_ms=now_ms)
        announce_item(session, (merchant, kind, stream, seq), v=v)
    left = [
        journal
        for till in read_roster(session, merchant).tills
        for journal in till.journals
        if journal.is_closed and journal.risk_points
    ]
    for journal in left:
        write_off(session, merchant, journal, v=v, now_ms=now_ms)
    return Settled(
        not_covered=items.get(NOT_COVERED, 0),
        released=items.get(RELEASED, 0),
        left_behind=sum(journal.risk_points for journal in left),
    )
