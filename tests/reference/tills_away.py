"""Tills that sell without each other: what each knows of itself, and the events it writes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.event import Basket, Event, SaleRecorded, StampsGiven
from pos_loyalty.domain.ids import EventId, MemberId, StreamId, TierId
from pos_loyalty.domain.reward import Reward
from tests.reference.account import Sale
from tests.reference.vouchers import Voucher

Deed = Callable[[], list[tuple[Event, str]]]
"""Done by the reference when its till is heard: the events, and the verdict on each, or ""."""


@dataclass
class OwnSale:
    """What a till knows of its sale."""

    event: EventId
    place: int
    facts: SaleFacts
    voucher: Voucher | None
    back: int = 0
    undone: bool = False


@dataclass
class TillAway:
    """A till with what it did since it was heard."""

    stream: StreamId
    outbox: list[Deed] = field(default_factory=list[Deed])
    written: int = 0
    sales: list[OwnSale] = field(default_factory=list[OwnSale])
    share: dict[str, int] = field(default_factory=dict[str, int])
    has_activity: bool = False
    """Whether the server has not heard of an activity yet."""

    def has(self, reward: Reward) -> bool:
        """Whether it may give one away: its share, less what its own sales took."""
        if reward.stock.in_all is None:
            return True
        return self.taken(reward.id) < self.share.get(reward.id, 0)

    def taken(self, reward: str) -> int:
        """How many its own sales took that were not undone."""
        return sum(
            one.reward == reward
            for sale in self.sales
            if not sale.undone
            for one in sale.facts.rewards
        )


def redeemed_on(sold: Sale) -> int:
    """The points that a sale's rewards cost."""
    return sum(one.points for one in sold.facts.rewards)


def stamps_given(stamps: dict[str, int]) -> tuple[StampsGiven, ...]:
    """Name stamps by card, as an event does."""
    return tuple(StampsGiven(card=card, count=count) for card, count in stamps.items())


def sale_event(base: dict[str, Any], member: MemberId | None, sold: Sale) -> SaleRecorded:
    """Return what an honest till writes of a sale."""
    facts = sold.facts
    redeemed = redeemed_on(sold)
    return SaleRecorded(
        **base,
        sale=Basket(
            total=facts.total,
            currency="EUR",
            lines=tuple(facts.lines),
            payments=tuple(facts.payments),
            tax=facts.tax,
        ),
        member=member,
        tier=TierId(facts.tier if member else ""),
        earned=sold.earned.points,
        rewards=tuple(facts.rewards),
        redeemed=redeemed,
        rights_used=redeemed,
        known=facts.known,
        stamps=stamps_given(sold.earned.stamps),
    )
