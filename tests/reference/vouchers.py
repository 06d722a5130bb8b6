"""Rules 5: what a voucher does on a sale, and which of its claims counts."""

import datetime as dt
from dataclasses import dataclass, field

from pos_loyalty.domain.accrual import SaleFacts
from pos_loyalty.domain.ids import RewardId
from pos_loyalty.domain.reward import RewardTaken
from tests.reference import money, rewards

PREFIX = "voucher:"


@dataclass(frozen=True)
class Voucher:
    """What the paper says: minor units off or points, and the last day on which it counts.

    One that is not ``is_signed`` says something else than a till of the merchant signed.
    """

    id: str
    until: dt.date
    amount: int = 0
    points: int = 0
    is_signed: bool = True


def is_over(voucher: Voucher, at_ms: int, tz_minutes: int) -> bool:
    """Whether its last day has ended on the shop's clock."""
    return money.clock(at_ms, tz_minutes).date() > voucher.until


def put_on(facts: SaleFacts, voucher: Voucher) -> RewardTaken | None:
    """Put it on a sale after the rewards; one that takes money off needs something to pay."""
    left = rewards.left_to_pay(facts)
    if voucher.amount and left <= 0:
        return None
    name = RewardId(PREFIX + voucher.id)
    return RewardTaken(reward=name, points=0, discount=min(voucher.amount, max(0, left)))


@dataclass
class Claims:
    """For which sale each voucher counts, and how many points it gave there."""

    counting: dict[str, tuple[str, int]] = field(default_factory=dict[str, tuple[str, int]])

    def claim(self, voucher: str, sale: str, points: int) -> bool:
        """The first claim counts until its sale is undone; tell whether this is it."""
        if voucher in self.counting:
            return False
        self.counting[voucher] = (sale, points)
        return True

    def free(self, sale: str) -> int:
        """The sale is undone: its vouchers can be used again; return the points they gave."""
        mine = {name: points for name, (of, points) in self.counting.items() if of == sale}
        for name in mine:
            del self.counting[name]
        return sum(mine.values())
