"""A member as the counter shows one: balance, what may be used here now, and rewards."""

from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.error_catalog import CATALOG, Code, Fact
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import MemberId, RewardId
from pos_loyalty.domain.program import LoyaltyProgram, Tier
from pos_loyalty.domain.reward import Reward
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.domain.tier import WINDOW_MS, NextTier, next_tier, tier_held
from pos_loyalty.services.spending import SpendLimits, spend_limits
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.members import ERASED, MemberRecord
from pos_loyalty.store.unit_of_work import Repositories

FOUND_BY_NUMBER = "number"
"""A typed card number finds the member and collects; points are used with the card itself."""

ELSEWHERE = "elsewhere"
NO_CONTACT = "no_contact"

_HINT_DIGITS = 4


@dataclass(frozen=True)
class RewardOffer:
    """A reward of the program for one member. ``why_not`` is None where it is available."""

    id: RewardId
    name: str
    kind: str
    cost_points: int
    available: bool
    why_not: Code | None
    why_not_text: str


@dataclass(frozen=True)
class SpendLimit:
    """Why not all points may be used here now, in plain words, and what to do about it.

    ``reason`` is for programs: :data:`ELSEWHERE` or :data:`NO_CONTACT`.
    """

    reason: str
    why: str
    what_to_do: str


@dataclass(frozen=True)
class MemberView:
    """What the counter may see of a member; points are integers.

    ``as_of_ms`` is the last contact with the server, None on a till that works alone
    or has never been in contact. ``limit`` says why fewer points are spendable than there
    are. ``card_hint`` is the end of the card's number.
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


class Standing(msgspec.Struct, frozen=True):
    """A member's record with what the program in force makes of it."""

    program: LoyaltyProgram
    record: MemberRecord
    tier: Tier
    earned_window_points: int
    spendable_points: int
    limits: SpendLimits


def standing_of(context: TillContext, work: Repositories, record: MemberRecord) -> Standing:
    """Work out tier and spendable points of a member, inside the caller's transaction."""
    program = context.program()
    joined = context.identity.joined
    if joined:
        earned = record.earned_points
        tier = tier_held(program.tiers, recorded=record.tier, earned_points=earned)
    else:
        earned = work.journal.earned_since(record.member, context.clock.now_ms() - WINDOW_MS)
        tier = tier_held(program.tiers, recorded="", earned_points=earned)
    limits = spend_limits(context, work)
    spendable = spendable_points(
        balance=record.balance_points, rights=record.rights, joined=joined, limits=limits
    )
    return Standing(program, record, tier, earned, spendable, limits)


def spendable_points(*, balance: int, rights: Rights, joined: bool, limits: SpendLimits) -> int:
    """Return what a member may use here now; a till that works alone knows the whole balance."""
    whole = max(0, balance)
    if not joined:
        return whole
    if limits.is_ended:
        return 0
    return min(whole, max(0, rights.spendable) + limits.allowance_points)


def limit_of(standing: Standing) -> SpendLimit | None:
    """Return why not all points may be used here now, or None where all may."""
    if standing.spendable_points >= standing.record.balance_points:
        return None
    return limit_for(standing.limits)


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
        why="Another till may use the others.",
        what_to_do="When online, this till asks for them.",
    )


def view_member(context: TillContext, standing: Standing, found_by: str) -> MemberView:
    """Return what the counter shows of a member."""
    record = standing.record
    program = standing.program
    return MemberView(
        id=record.member,
        name=record.name,
        tier=standing.tier,
        next_tier=next_tier(
            program.tiers, held=standing.tier, earned_points=standing.earned_window_points
        ),
        balance_points=record.balance_points,
        spendable_points=standing.spendable_points,
        limit=limit_of(standing),
        earned_window_points=standing.earned_window_points,
        as_of_ms=context.last_contact_ms if context.identity.joined else None,
        rewards=tuple(_offer(reward, standing, found_by) for reward in program.rewards),
        phone=record.phone,
        card_hint=record.card_number[-_HINT_DIGITS:],
        found_by=found_by,
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


def _offer(reward: Reward, standing: Standing, found_by: str) -> RewardOffer:
    why_not, facts = _why_not(reward, standing, found_by)
    return RewardOffer(
        id=reward.id,
        name=reward.name,
        kind=str(reward.__struct_config__.tag),
        cost_points=reward.cost_points,
        available=why_not is None,
        why_not=why_not,
        why_not_text="" if why_not is None else CATALOG[why_not].sentence(facts),
    )


def _why_not(
    reward: Reward, standing: Standing, found_by: str
) -> tuple[Code | None, dict[str, Fact]]:
    """Return what the sale would say; a plain code, as this runs for every reward at every scan."""
    balance = standing.record.balance_points
    if reward.cost_points > balance:
        return Code.POINTS_SHORT, {
            "short_points": reward.cost_points - balance,
            "reward": reward.name,
        }
    if found_by == FOUND_BY_NUMBER:
        return Code.NUMBER_EARNS_ONLY, {}
    if standing.limits.is_ended:
        return Code.RIGHTS_ENDED, {"days": standing.limits.silent_days}
    if reward.cost_points > standing.spendable_points:
        return Code.RIGHTS_SHORT, {
            "spendable_points": standing.spendable_points,
            "balance_points": balance,
            "cost_points": reward.cost_points,
            "reward": reward.name,
        }
    return None, {}
