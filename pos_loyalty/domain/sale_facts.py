"""What a sale's points depend on, and how its rules see it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from pos_loyalty.domain.earning_rule import EarnBasis
from pos_loyalty.domain.event import Payment, SaleLine, SaleRecorded
from pos_loyalty.domain.member_facts import NO_FACTS, MemberFacts
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.reward import RewardTaken
from pos_loyalty.domain.rounding import MINUTES_PER_DAY, local_minutes, local_weekday, spread
from pos_loyalty.domain.tally_key import EPOCH_ORDINAL, periods_at
from pos_loyalty.domain.tier import Tier


class SaleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that earning depends on. Amounts in minor units.

    ``tier`` is the one that the member held before the sale, as the till saw it.
    """

    total: int
    tier: str
    at_ms: int
    offset_minutes: int
    rewards: Sequence[RewardTaken] = ()
    tax: int = 0
    lines: Sequence[SaleLine] = ()
    payments: Sequence[Payment] = ()
    known: MemberFacts = NO_FACTS


def facts_of(sale: SaleRecorded) -> SaleFacts:
    """Return the facts that a recorded sale stores."""
    return SaleFacts(
        total=sale.sale.total,
        tier=sale.tier,
        at_ms=sale.at_ms,
        offset_minutes=sale.tz_minutes,
        rewards=sale.rewards,
        tax=sale.sale.tax,
        lines=sale.sale.lines,
        payments=sale.sale.payments,
        known=sale.known,
    )


def lines_of(facts: SaleFacts) -> Sequence[SaleLine]:
    """Return the sale's lines; one that is the whole sale where there are none that add up."""
    if facts.lines and sum(line.amount for line in facts.lines) == facts.total:
        return facts.lines
    return (SaleLine(amount=facts.total, tax=facts.tax),)


def tier_in(program: LoyaltyProgram, tier_id: str) -> Tier:
    """Return the tier with this id; one that the program does not have counts as the first."""
    return next((tier for tier in program.tiers if tier.id == tier_id), program.tiers[0])


class NotEarning(msgspec.Struct, frozen=True):
    """Money of a sale that earns nothing, by its reason, before it is limited to the sale."""

    tax: int
    discount_lines: int
    rewards: int
    payments: int


@dataclass(slots=True)
class SaleView:
    """A sale as rules see it: its lines, the money of each that earns, and its moment."""

    lines: Sequence[SaleLine]
    money: list[int]
    not_earning: NotEarning
    tier: Tier
    known: MemberFacts
    payments: Sequence[Payment]
    payments_excluded: tuple[str, ...]
    at_ms: int
    offset_minutes: int
    minute: int
    weekday: int
    day: int
    money_sum: int
    _seen: dict[tuple[str, ...], list[int]] = field(
        default_factory=dict[tuple[str, ...], list[int]]
    )

    @property
    def periods(self) -> Mapping[str, str]:
        """The sale's day, week, month and year on the shop's clock."""
        return periods_at(self.at_ms, self.offset_minutes)

    def money_without(self, kinds: tuple[str, ...]) -> list[int]:
        """Return the money of each line less its share of the payments of these kinds."""
        seen = self._seen.get(kinds)
        if seen is None:
            others = [kind for kind in kinds if kind not in self.payments_excluded]
            paid = min(paid_by(self.payments, others), self.money_sum)
            seen = _less(self.money, spread(paid, self.money))
            self._seen[kinds] = seen
        return seen


def view_of(program: LoyaltyProgram, facts: SaleFacts) -> SaleView:
    """Return the sale as the rules of a program see it."""
    lines = lines_of(facts)
    is_pre_tax = program.earn_basis is EarnBasis.PRE_TAX
    before = [line.amount - line.tax if is_pre_tax else line.amount for line in lines]
    money = [max(0, amount) for amount in before]
    not_earning = NotEarning(
        tax=sum(line.tax for line in lines) if is_pre_tax else 0,
        discount_lines=sum(money) - sum(before),
        rewards=0
        if program.paid_with_points_earns
        else sum(reward.discount for reward in facts.rewards),
        payments=paid_by(facts.payments, program.payments_excluded),
    )
    off = not_earning.discount_lines + not_earning.rewards + not_earning.payments
    if off:
        money = _less(money, spread(min(off, sum(money)), money))
    minutes = local_minutes(facts.at_ms, facts.offset_minutes)
    return SaleView(
        lines=lines,
        money=money,
        not_earning=not_earning,
        tier=tier_in(program, facts.tier),
        known=facts.known,
        payments=facts.payments,
        payments_excluded=program.payments_excluded,
        at_ms=facts.at_ms,
        offset_minutes=facts.offset_minutes,
        minute=minutes % MINUTES_PER_DAY,
        weekday=local_weekday(facts.at_ms, facts.offset_minutes),
        day=minutes // MINUTES_PER_DAY + EPOCH_ORDINAL,
        money_sum=sum(money),
    )


def paid_by(payments: Sequence[Payment], kinds: Sequence[str]) -> int:
    """Return how much was paid in these ways; money given back in one of them counts off."""
    if not kinds or not payments:
        return 0
    return max(0, sum(payment.amount for payment in payments if payment.kind in kinds))


def _less(parts: Sequence[int], off: Sequence[int]) -> list[int]:
    return [part - share for part, share in zip(parts, off, strict=True)]
