"""Rewards on a sale: which may be chosen, which key each has, and how many points each takes."""

from collections.abc import Sequence
from typing import Final

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward import PointsForMoney, Reward, sensible_points, take
from pos_loyalty.services.member_view import MemberView, RewardOffer
from pos_loyalty.ui.presenters.counter_state import SaleDraft

POSITIONS_MAX: Final = 9
"""A reward's key is one digit."""
_BAR_LEADS_THERE: Final = frozenset({Code.POINTS_SHORT, Code.STAMPS_SHORT})


def shown_offers(member: MemberView) -> tuple[RewardOffer, ...]:
    """Return the rewards under "Ready to use", in the order of their keys.

    A reward that costs more points or stamps than there are is not shown: a bar leads to it. One
    that may not be used here and now stays in its place, disabled.
    """
    shown = [offer for offer in member.rewards if offer.why_not not in _BAR_LEADS_THERE]
    # Those that can be used come first; within each half the program's order stays.
    shown.sort(key=lambda offer: not offer.available)
    return tuple(shown[:POSITIONS_MAX])


def offer_at(member: MemberView, position: int) -> RewardOffer | None:
    """Return the reward with this key, counted from 1."""
    offers = shown_offers(member)
    return offers[position - 1] if 1 <= position <= len(offers) else None


def choices(draft: SaleDraft, program: LoyaltyProgram | None) -> tuple[RewardChoice, ...]:
    """Return the chosen rewards as the sale names them.

    Fixed rewards come first, so that a points-for-money reward takes its part of what they leave.
    """
    member = draft.member
    if member is None or program is None:
        return ()
    spendable, total = member.spendable_points, draft.total
    chosen: list[RewardChoice] = []
    balance = member.balance_points
    for reward in _fixed_first(draft, program):
        cost = cost_now(member, reward)
        points = draft.rewards.get(reward.id)
        if points is None:
            points = sensible_points(
                reward, total=total, spendable_points=spendable, cost=cost, balance_points=balance
            )
        part = points if _is_divisible(reward) else None
        chosen.append(RewardChoice(reward.id, part, item_chosen(draft, reward.id)))
        spendable -= points
        balance -= points
        total -= _discount(reward, total=total, points=points, cost=cost)
    return tuple(chosen)


def item_chosen(draft: SaleDraft, reward_id: RewardId) -> str:
    """Return which of several things is chosen for a reward; empty where there is one thing."""
    offers = draft.member.rewards if draft.member else ()
    things = next((offer.choices for offer in offers if offer.id == reward_id), ())
    return draft.items.get(reward_id, things[0]) if things else ""


def name_on_sale(draft: SaleDraft, offer: RewardOffer) -> str:
    """Return what a reward on the sale is called, with the thing that was chosen."""
    item = item_chosen(draft, offer.id) if offer.id in draft.rewards else ""
    return f"{offer.name}: {item}" if item else offer.name


def cost_now(member: MemberView | None, reward: Reward) -> int:
    """Return what a reward, or a step of it, costs this member now, as the list says."""
    offers = () if member is None else member.rewards
    return next((one.cost_points for one in offers if one.id == reward.id), reward.cost_points)


def points_taken(draft: SaleDraft, program: LoyaltyProgram | None, reward_id: RewardId) -> int:
    """Return what a chosen reward takes on this sale as it stands; 0 if it is not chosen."""
    reward = program.reward(reward_id) if program else None
    if reward is None or reward_id not in draft.rewards:
        return 0
    choice = next((one for one in choices(draft, program) if one.id == reward_id), None)
    points = choice.points if choice else None
    return cost_now(draft.member, reward) if points is None else points


def has_empty_part(draft: SaleDraft, program: LoyaltyProgram | None) -> bool:
    """Return whether a chosen part-payment could take no points off this sale."""
    return any(choice.points == 0 for choice in choices(draft, program))


def without_empty_parts(chosen: Sequence[RewardChoice]) -> tuple[RewardChoice, ...]:
    """Leave out parts of 0 points: the sale is too small for them yet."""
    return tuple(choice for choice in chosen if choice.points != 0)


def _fixed_first(draft: SaleDraft, program: LoyaltyProgram) -> list[Reward]:
    rewards = [reward for reward in program.rewards if reward.id in draft.rewards]
    return sorted(rewards, key=_is_divisible)


def _is_divisible(reward: Reward) -> bool:
    return isinstance(reward, PointsForMoney)


def _discount(reward: Reward, *, total: int, points: int, cost: int) -> int:
    try:
        return take(reward, total=total, points=points, cost=cost).discount
    except RuleViolation:
        # The sale itself will refuse it, in words; here it takes nothing off.
        return 0
