"""What the books keep beside points and entries, because a program's rules ask for it.

A plain program asks for nothing: then none of this is loaded, computed or written.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.earning_rule import PerVisit
from pos_loyalty.domain.event import SaleMoved
from pos_loyalty.domain.expiration import Inactivity, Never
from pos_loyalty.domain.ids import EventId, MemberId, RewardId, StreamId
from pos_loyalty.domain.lot import EMPTY_BOOK, Allocation, LotBook
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.per_program import PerProgram
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.referral import PaidByPurchase
from pos_loyalty.domain.refund import Returned
from pos_loyalty.domain.tally import months_kept, needed_by
from pos_loyalty.domain.tier_standing import NO_STANDING, TierStanding


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What the published versions ask the books to keep, all of them together.

    An older version counts, too: tills that did not hear of the newer one sell by it.
    ``months`` is how many months before the running one are kept in a tally.
    """

    tally: frozenset[str] = frozenset()
    months: int = 0
    has_lots: bool = False
    has_last_visit: bool = False
    has_referral: bool = False
    stock: frozenset[RewardId] = frozenset()
    """Rewards of which there are only so many in all."""

    @property
    def is_any(self) -> bool:
        """Whether anything is kept."""
        return bool(self.tally or self.has_lots or self.has_last_visit or self.has_referral)


NO_NEEDS = Needs()


def needs_of(programs: Iterable[LoyaltyProgram]) -> Needs:
    """Return what these versions ask for together."""
    each = [_NEEDS(program) for program in programs]
    if len(each) == 1:
        return each[0]
    return Needs(
        tally=frozenset[str]().union(*(needs.tally for needs in each)),
        months=max((needs.months for needs in each), default=0),
        has_lots=any(needs.has_lots for needs in each),
        has_last_visit=any(needs.has_last_visit for needs in each),
        has_referral=any(needs.has_referral for needs in each),
        stock=frozenset[RewardId]().union(*(needs.stock for needs in each)),
    )


def _needs(program: LoyaltyProgram) -> Needs:
    model = program.expiration.model
    return Needs(
        tally=needed_by(program),
        months=months_kept(program),
        has_lots=bool(program.pending_days) or not isinstance(model, Never),
        has_last_visit=isinstance(model, Inactivity)
        or any(
            isinstance(rule.give, PerVisit) and rule.give.hours_between > 0
            for rule in program.rules
        ),
        has_referral=program.referral is not None,
        stock=frozenset(reward.id for reward in program.rewards if reward.stock.in_all is not None),
    )


_NEEDS = PerProgram(_needs)


class Kept(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What is kept of one member. Times in milliseconds since 1970; 0 is never.

    ``active_ms`` is the last sale, activity or enrollment, ``visit_ms`` the last sale.
    ``invited_by`` invited this member, whose events paid for it ``paid`` times.
    ``standing`` says why the tier is held, where the months of points do not say it.
    ``birthday_year`` is the last one in which a birthday paid, ``ended_ms`` the moment at
    which all points ended last, and ``tier_until_ms`` when the tier ends.
    ``tz_minutes`` is the offset of the shop that the member was in last.
    """

    tally: Tally = {}
    book: LotBook = EMPTY_BOOK
    active_ms: int = 0
    visit_ms: int = 0
    tz_minutes: int = 0
    invited_by: MemberId = MemberId("")
    paid: int = 0
    standing: TierStanding = NO_STANDING
    birthday_year: int = 0
    ended_ms: int = 0
    tier_until_ms: int = 0


class SaleState(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What became of a sale since it was recorded.

    ``returned`` is what came back of it, and ``rights`` the spend rights that came back with
    it. ``allocation`` is what of its redemption has not come back to the lots. A sale that
    was moved has the ``move`` that says whose it is and what it was computed with.
    ``voucher`` was claimed with it and gave ``voucher_points``.
    """

    returned: Returned | None = None
    rights: int = 0
    allocation: Allocation | None = None
    move: SaleMoved | None = None
    moved_after: Returned | None = None
    """What had come back before it was moved."""
    voucher: str = ""
    voucher_points: int = 0
    referrals: tuple[PaidByPurchase, ...] = ()
    """What it paid for invitations, each time it got to an invited member."""


class Waiting(msgspec.Struct, frozen=True):
    """A refund of a sale that has not come yet."""

    sale: EventId
    event: EventId
    stream: StreamId
    seq: int


@dataclass(slots=True, kw_only=True)
class Share:
    """How many of a reward a stream was given in all, and how many it gave away."""

    granted: int = 0
    used: int = 0


@dataclass(slots=True)
class Keeping:
    """The loaded part of what is kept beside members, and what changed in it."""

    sales: dict[EventId, SaleState] = field(default_factory=dict[EventId, SaleState])
    dirty_sales: set[EventId] = field(default_factory=set[EventId])
    waiting: dict[EventId, list[Waiting]] = field(default_factory=dict[EventId, list[Waiting]])
    new_waiting: list[Waiting] = field(default_factory=list[Waiting])
    arrived: list[Waiting] = field(default_factory=list[Waiting])
    claimed: set[str] = field(default_factory=set[str])
    new_claims: dict[str, tuple[StreamId, int]] = field(
        default_factory=dict[str, tuple[StreamId, int]]
    )
    freed: set[str] = field(default_factory=set[str])
    """Vouchers that can be used again, since their sale was undone."""
    shares: dict[tuple[StreamId, RewardId], Share] = field(
        default_factory=dict[tuple[StreamId, RewardId], Share]
    )
    dirty_shares: set[tuple[StreamId, RewardId]] = field(
        default_factory=set[tuple[StreamId, RewardId]]
    )
    closed: set[StreamId] = field(default_factory=set[StreamId])
    """Journals that nobody writes any more, of those with a share."""
    open_streams: int = 0
    """How many tills shares are handed out to."""

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(
            self.dirty_sales
            or self.new_waiting
            or self.arrived
            or self.new_claims
            or self.freed
            or self.dirty_shares
        )
