"""What comes out of a replay: what two versions give and cost, and who fares how."""

import heapq
from collections import Counter

import msgspec

from pos_loyalty.domain.replay_side import Side
from pos_loyalty.domain.replay_tried import Tried
from pos_loyalty.domain.rounding import part_of
from pos_loyalty.domain.tally_key import stamps_name
from pos_loyalty.domain.tier import rank_of

TOP = 20
"""So many winners and losers are named."""
_SHARES = 10_000


class VersionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What one version gives and costs. Money in minor units.

    ``earned`` is net of refunds, ``other`` what welcome, activities and invitations gave.
    ``cost`` is what all of them and the stamps are worth; ``cost_share`` hundredths of a percent
    of the members' sales. ``open_points`` are all that can still be used at the end,
    ``liability`` what they and the stamps on all cards are worth.
    """

    version: str
    name: str
    earned: int
    other: int
    redeemed: int
    expired: int
    stamps: int
    cost: int
    cost_share: int
    open_points: int
    liability: int
    worth_of_points: str
    worth_of_stamps: tuple[str, ...] = ()
    members_by_tier: dict[str, int] = {}


class TierMove(msgspec.Struct, frozen=True, kw_only=True):
    """How many members would hold another tier than now."""

    in_force: str
    draft: str
    members: int


class MemberChange(msgspec.Struct, frozen=True, kw_only=True):
    """What one member would have got less what the member got, in points and in money."""

    member: str
    points_in_force: int
    points_draft: int
    worth_in_force: int
    worth_draft: int

    @property
    def difference(self) -> int:
        """Minor units more (or less) under the draft."""
        return self.worth_draft - self.worth_in_force


class MonthFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One month: the members' sales and what both versions cost, in minor units."""

    month: str
    member_sales: int
    cost_in_force: int
    cost_draft: int


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What came out. ``sales`` counts sales, ``sales_amount`` is their money before rewards.

    ``tried`` says what of the draft the past could not try.
    """

    since: str
    currency: str
    sales: int
    sales_amount: int
    member_sales: int
    member_sales_amount: int
    members: int
    in_force: VersionFigures
    draft: VersionFigures
    months: tuple[MonthFigures, ...]
    tiers_moved: tuple[TierMove, ...]
    up: int
    down: int
    winners: int
    losers: int
    top_winners: tuple[MemberChange, ...]
    top_losers: tuple[MemberChange, ...]
    tried: Tried = Tried()


def figures_of(side: Side, member_amount: int) -> VersionFigures:
    """Return what one version gave and cost, beside the money of the members' sales."""
    rules, totals = side.rules, side.totals
    currency = rules.program.currency
    open_points = sum(max(0, account.points(rules)) for account in side.accounts.values())
    cost = side.cost()
    liability = rules.worth.of(open_points) + _open_stamps_worth(side)
    tiers = Counter(
        rules.program.tiers[rank_of(rules.program.tiers, account.standing.tier)].name
        for account in side.accounts.values()
    )
    return VersionFigures(
        version=rules.program.version,
        name=rules.program.name,
        earned=totals.earned,
        other=totals.other,
        redeemed=totals.redeemed,
        expired=totals.expired,
        stamps=sum(sum(month.stamps.values()) for month in totals.months.values()),
        cost=cost,
        cost_share=part_of(_SHARES, max(0, cost), member_amount),
        open_points=open_points,
        liability=liability,
        worth_of_points=rules.worth.text(currency),
        worth_of_stamps=tuple(
            f"{card}: {worth.text(currency, 'stamps')}" for card, worth in rules.stamp_worth.items()
        ),
        members_by_tier={
            tier.name: tiers[tier.name] for tier in rules.program.tiers if tiers[tier.name]
        },
    )


def _open_stamps_worth(side: Side) -> int:
    """Return what the stamps on all cards are worth."""
    return sum(
        worth.of(
            sum(
                max(0, account.tally.get(stamps_name(card), 0))
                for account in side.accounts.values()
            )
        )
        for card, worth in side.rules.stamp_worth.items()
    )


class Changes:
    """How members fare under the draft: tiers and worth, one pass over all of them."""

    def __init__(self, in_force: Side, draft: Side) -> None:
        self._sides = in_force, draft
        self.up = self.down = self.winners = self.losers = 0
        self._moves: Counter[tuple[str, str]] = Counter()
        self._gains: list[tuple[int, str]] = []
        self._losses: list[tuple[int, str]] = []
        for who in draft.accounts:
            self._rank(who)
            self._worth(who)

    def moves(self) -> tuple[TierMove, ...]:
        """Return the tiers between which members would move, the most members first."""
        return tuple(
            TierMove(in_force=old, draft=new, members=members)
            for (old, new), members in self._moves.most_common()
        )

    def top(self, *, most: bool) -> tuple[MemberChange, ...]:
        """Return who would gain most, or lose most; of equals the first in the alphabet."""
        heap = self._gains if most else self._losses
        return tuple(self._change(who) for _, who in sorted(heap, key=_place))

    def _rank(self, who: str) -> None:
        (old, old_name), (new, new_name) = (_rank(side, who) for side in self._sides)
        self.up += new > old
        self.down += new < old
        if old_name != new_name:
            self._moves[old_name, new_name] += 1

    def _worth(self, who: str) -> None:
        difference = self._change(who).difference
        self.winners += difference > 0
        self.losers += difference < 0
        heap = self._gains if difference > 0 else self._losses
        if difference:
            _keep(heap, (abs(difference), who))

    def _change(self, who: str) -> MemberChange:
        old, new = self._sides
        return MemberChange(
            member=who,
            points_in_force=old.accounts[who].earned,
            points_draft=new.accounts[who].earned,
            worth_in_force=old.worth_for(who),
            worth_draft=new.worth_for(who),
        )


def _rank(side: Side, who: str) -> tuple[int, str]:
    tiers = side.rules.program.tiers
    rank = rank_of(tiers, side.accounts[who].standing.tier)
    return rank, tiers[rank].name


def _place(entry: tuple[int, str]) -> tuple[int, str]:
    return -entry[0], entry[1]


def _keep(heap: list[tuple[int, str]], entry: tuple[int, str]) -> None:
    """Keep the largest ones."""
    if len(heap) < TOP:
        heapq.heappush(heap, entry)
    else:
        heapq.heappushpop(heap, entry)
