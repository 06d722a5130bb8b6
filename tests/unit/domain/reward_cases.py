"""Short ways to make programs with rewards, and sales on which they are tried."""

from collections.abc import Mapping, Sequence

import msgspec
import pytest

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.earning_rule import StampCard
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleLine
from pos_loyalty.domain.ids import RewardId, TierId
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.offer import Offer
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice, RewardHand, take_rewards
from pos_loyalty.domain.reward import Reward, RewardTaken
from tests.builders import STANDARD, WEDNESDAY_MS

COFFEE = StampCard(id="coffee", name="Coffee card", stamps=10)
GOLD = TierId("gold")
R = RewardId("r")


def with_rewards(*rewards: Reward, offers: Sequence[Offer] = ()) -> LoyaltyProgram:
    """Return the standard program with these rewards alone, and a coffee card."""
    return msgspec.structs.replace(
        STANDARD, rewards=rewards, offers=tuple(offers), stamp_cards=(COFFEE,)
    )


def line(amount: int, quantity: int = 1, *, category: str = "", sku: str = "") -> SaleLine:
    return SaleLine(amount=amount, quantity=quantity, category=category, sku=sku)


def bought(
    *lines: SaleLine,
    total: int = 0,
    tier: str = "bronze",
    known: MemberFacts = NO_FACTS,
    at_ms: int = WEDNESDAY_MS,
) -> SaleFacts:
    """Return a sale of these lines, at Wednesday noon of the shop's clock."""
    return SaleFacts(
        total=total or sum(one.amount for one in lines),
        tier=tier,
        at_ms=at_ms,
        offset_minutes=60,
        lines=lines,
        known=known,
    )


def taken(
    program: LoyaltyProgram,
    facts: SaleFacts,
    *choices: RewardChoice | str,
    tally: Mapping[str, int] | None = None,
    balance: int | None = None,
    left_here: Mapping[RewardId, int] | None = None,
) -> tuple[RewardTaken, ...]:
    """Put rewards on a sale; a bare id is chosen whole."""
    hand = RewardHand(
        facts=facts, tally=tally or {}, balance_points=balance, left_here=left_here or {}
    )
    chosen = [RewardChoice(RewardId(one)) if isinstance(one, str) else one for one in choices]
    return take_rewards(program, total=facts.total, choices=chosen, hand=hand)


def refusal_of(
    program: LoyaltyProgram,
    facts: SaleFacts,
    *choices: RewardChoice | str,
    tally: Mapping[str, int] | None = None,
    balance: int | None = None,
    left_here: Mapping[RewardId, int] | None = None,
) -> RuleViolation:
    """Return the refusal of rewards that do not go on a sale."""
    with pytest.raises(RuleViolation) as refused:
        taken(program, facts, *choices, tally=tally, balance=balance, left_here=left_here)
    assert not refused.value.saved
    return refused.value
