"""Preview a sale: what it would earn, take off and leave. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from pos_loyalty.domain.accrual import TraceStep
from pos_loyalty.domain.event import Payment, SaleLine, StampsGiven
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.redemption import RewardChoice
from pos_loyalty.domain.reward_condition import cost_of
from pos_loyalty.domain.sale_facts import SaleFacts
from pos_loyalty.services.price_sale import SaleInHand, price_sale
from pos_loyalty.services.till_context import TillContext


@dataclass(frozen=True)
class QuoteSale:
    """A sale in hand; ``total`` in minor units, ``voucher`` the letters of one, or empty."""

    member_id: MemberId | None
    total: int
    rewards: Sequence[RewardChoice] = ()
    found_by: str = ""
    card_key: CardKey | None = None
    lines: tuple[SaleLine, ...] = ()
    payments: tuple[Payment, ...] = ()
    tax: int | None = None
    voucher: str = ""


@dataclass(frozen=True)
class SaleQuote:
    """What the sale would do; points and minor units are integers."""

    earned_points: int
    redeemed_points: int
    discount: int
    to_pay: int
    multiplier_name: str
    multiplier_percent: int
    balance_after_points: int
    next_reward_name: str
    next_reward_missing_points: int
    trace: tuple[TraceStep, ...]
    voucher_points: int = 0
    stamps: tuple[StampsGiven, ...] = ()


class QuoteSaleHandler:
    """Computes with what the till knows now."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: QuoteSale) -> SaleQuote:
        """Preview a sale.

        Raises:
            RuleViolation: what the sale itself would be refused for.
        """
        at_ms = self._context.clock.now_ms()
        sale = SaleInHand(
            member_id=command.member_id,
            card_key=command.card_key,
            total=command.total,
            rewards=command.rewards,
            found_by=command.found_by,
            lines=command.lines,
            payments=command.payments,
            tax=command.tax,
            voucher=command.voucher,
        )
        with self._context.store.read() as work:
            priced = price_sale(
                self._context,
                work,
                sale,
                at_ms=at_ms,
                tz_minutes=self._context.clock.offset_minutes(at_ms),
            )
        before = 0 if priced.standing is None else priced.standing.record.balance_points
        voucher_points = 0 if priced.voucher is None else priced.voucher.points
        after = before - priced.redeemed + priced.accrual.points + voucher_points
        name, missing = next_reward(priced.program, priced.facts, after)
        return SaleQuote(
            earned_points=priced.accrual.points,
            redeemed_points=priced.redeemed,
            discount=priced.discount,
            to_pay=command.total - priced.discount,
            multiplier_name=priced.accrual.multiplier_name,
            multiplier_percent=priced.accrual.multiplier_percent,
            balance_after_points=after,
            next_reward_name=name,
            next_reward_missing_points=missing,
            trace=priced.trace,
            voucher_points=voucher_points,
            stamps=priced.accrual.stamps,
        )


def next_reward(program: LoyaltyProgram, facts: SaleFacts, balance_points: int) -> tuple[str, int]:
    """Return the cheapest reward not reached yet and how far it is; ("", 0) when none is left."""
    costs = [(cost_of(program, reward, facts), reward.name) for reward in program.rewards]
    above = [(cost, name) for cost, name in costs if cost > max(0, balance_points)]
    if not above:
        return "", 0
    cost, name = min(above, key=lambda priced: priced[0])
    return name, cost - balance_points
