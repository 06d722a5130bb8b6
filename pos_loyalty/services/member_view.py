"""A member as the counter shows one: balance, what may be used here now, and rewards."""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.program import LoyaltyProgram, Tier
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.domain.tier import NextTier
from pos_loyalty.services.member_now import NOTHING_KNOWN, MemberNow, member_now
from pos_loyalty.services.member_tier import TierNow, next_tier_here, tier_now
from pos_loyalty.services.reward_offers import (
    OfferedTo,
    RewardOffer,
    reward_offers,
    rewards_left,
)
from pos_loyalty.services.spending import SpendLimits, spend_limits
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.members import ERASED, MemberRecord
from pos_loyalty.store.unit_of_work import Repositories

FOUND_BY_NUMBER = "number"
"""A typed card number finds the member and collects; points are used with the card itself."""

ELSEWHERE = "elsewhere"
NO_CONTACT = "no_contact"
PENDING = "pending"
ENDED = "ended"

_HINT_DIGITS = 4


@dataclass(frozen=True)
class SpendLimit:
    """Why not all points may be used here now, in plain words, and what to do about it.

    ``reason`` is for programs: :data:`ELSEWHERE`, :data:`NO_CONTACT`, :data:`PENDING` or
    :data:`ENDED`.
    """

    reason: str
    why: str
    what_to_do: str


@dataclass(frozen=True)
class MemberView:
    """What the counter may see of a member; points are integers.

    ``as_of_ms`` is the last contact with the server, None on a till that works alone
    or has never been in contact. ``limit`` says why fewer points are spendable than there
    are. ``card_hint`` is the end of the card's number. ``pending_points`` of the balance
    cannot be used before ``pending_until_ms`` (the first of them), ``ends_points`` end at
    ``ends_ms``, and ``ended_points`` have; 0 where there are none.
    """

    id: MemberId
    name: str
    tier: Tier
    next_tier: NextTier | None
    balance_points: int
    spendable_points: int
    limit: SpendLimit | None
    earned_window_points: int
    as_of_ms: int | None
    rewards: tuple[RewardOffer, ...]
    phone: str
    card_hint: str
    found_by: str
    pending_points: int = 0
    pending_until_ms: int = 0
    ends_points: int = 0
    ends_ms: int = 0
    ended_points: int = 0


class Standing(msgspec.Struct, frozen=True):
    """A member's record with what the program in force makes of it.

    ``left_here`` is how many this till may give of the rewards with a stock in all.
    """

    program: LoyaltyProgram
    record: MemberRecord
    held: TierNow
    spendable_points: int
    limits: SpendLimits
    now: MemberNow = NOTHING_KNOWN
    left_here: Mapping[RewardId, int] = {}

    @property
    def tier(self) -> Tier:
        """The tier that the member holds."""
        return self.held.tier

    @property
    def usable_points(self) -> int:
        """What of the balance could be used, wherever the rights are: not pending, not ended."""
        return max(0, self.record.balance_points - self.now.unusable_points)


def standing_of(context: TillContext, work: Repositories, record: MemberRecord) -> Standing:
    """Work out tier and spendable points of a member, inside the caller's transaction."""
    at_ms = context.clock.now_ms()
    program = context.program(at_ms)
    joined = context.identity.joined
    now = member_now(context, work, record, at_ms=at_ms)
    record = now.shown(record)
    held = tier_now(context, work, record, now, at_ms=at_ms)
    limits = spend_limits(context, work)
    spendable = spendable_points(
        balance=record.balance_points,
        rights=record.rights,
        joined=joined,
        limits=limits,
        unusable=now.unusable_points,
    )
    left_here = rewards_left(program, work)
    return Standing(program, record, held, spendable, limits, now, left_here)


def spendable_points(
    *, balance: int, rights: Rights, joined: bool, limits: SpendLimits, unusable: int = 0
) -> int:
    """Return what a member may use here now; a till that works alone knows the whole balance.

    ``unusable`` points of the balance are pending, or have ended.
    """
    whole = max(0, balance - unusable)
    if not joined:
        return whole
    if limits.is_ended:
        return 0
    return min(whole, max(0, rights.spendable) + limits.allowance_points)


def limit_of(standing: Standing) -> SpendLimit | None:
    """Return why not all points may be used here now, or None where all may."""
    if standing.spendable_points >= standing.record.balance_points:
        return None
    if standing.spendable_points >= standing.usable_points and not standing.limits.is_ended:
        return _unusable(standing.now)
    return limit_for(standing.limits)


def _unusable(now: MemberNow) -> SpendLimit:
    """Say why points wait, or that they have ended."""
    if now.ended_points:
        return SpendLimit(
            reason=ENDED,
            why=f"{now.ended_points} points have ended.",
            what_to_do="The owner may give them new life.",
        )
    return SpendLimit(
        reason=PENDING,
        why=f"{now.sheet.pending} points wait for the end of the return period.",
        what_to_do="They can be used then; no point is lost.",
    )


def limit_for(limits: SpendLimits) -> SpendLimit:
    """Say in plain words what keeps a member's other points from being used here."""
    days = limits.silent_days
    if limits.is_ended:
        return SpendLimit(
            reason=NO_CONTACT,
            why=f"No contact with the server for {days} days.",
            what_to_do="Connect this till; no point is lost.",
        )
    return SpendLimit(
        reason=ELSEWHERE,
        why="The others need the server's yes first.",
        what_to_do="When online, this till asks for it.",
    )


def view_member(context: TillContext, standing: Standing, found_by: str) -> MemberView:
    """Return what the counter shows of a member."""
    record = standing.record
    return MemberView(
        id=record.member,
        name=record.name,
        tier=standing.tier,
        next_tier=next_tier_here(standing.program, standing.held),
        balance_points=record.balance_points,
        spendable_points=standing.spendable_points,
        limit=limit_of(standing),
        earned_window_points=standing.held.earned_points,
        as_of_ms=context.last_contact_ms if context.identity.joined else None,
        rewards=reward_offers(_offered_to(context, standing, found_by)),
        phone=record.phone,
        card_hint=record.card_number[-_HINT_DIGITS:],
        found_by=found_by,
        pending_points=standing.now.sheet.pending,
        pending_until_ms=standing.now.sheet.pending_until_ms,
        ends_points=standing.now.sheet.ends_points,
        ends_ms=standing.now.sheet.ends_ms,
        ended_points=standing.now.ended_points,
    )


def _offered_to(context: TillContext, standing: Standing, found_by: str) -> OfferedTo:
    """Return what the rewards on the list depend on: the member, and this moment at this till."""
    at_ms = context.clock.now_ms()
    tz_minutes = context.clock.offset_minutes(at_ms)
    shop = context.identity.shop_name
    return OfferedTo(
        program=standing.program,
        facts=SaleFacts(
            total=0,
            tier=standing.tier.id,
            at_ms=at_ms,
            offset_minutes=tz_minutes,
            known=standing.now.facts(
                standing.program, shop=shop, at_ms=at_ms, tz_minutes=tz_minutes
            ),
        ),
        tally=standing.now.sheet.tally,
        left_here=standing.left_here,
        balance_points=standing.record.balance_points,
        usable_points=standing.usable_points,
        rights_points=max(0, standing.record.rights.spendable),
        spendable_points=standing.spendable_points,
        limits=standing.limits,
        is_alone=not context.identity.joined,
        is_by_number=found_by == FOUND_BY_NUMBER,
    )


def read_member(
    context: TillContext, work: Repositories, member: MemberId, found_by: str
) -> MemberView:
    """Read and view a member.

    Raises:
        RuleViolation: no such member here, or the account is paused.
    """
    record = work.members.record(member)
    if record is None:
        raise RuleViolation(Code.MEMBER_UNKNOWN)
    ensure_active(record)
    return view_member(context, standing_of(context, work, record), found_by)


def ensure_active(record: MemberRecord) -> None:
    """Refuse a paused account, and one that was erased: nobody is known by it.

    Raises:
        RuleViolation: the owner has paused this member, or it was erased.
    """
    if record.status == ERASED:
        raise RuleViolation(Code.MEMBER_UNKNOWN)
    if record.status != "active":
        raise RuleViolation(Code.CARD_BLOCKED)
