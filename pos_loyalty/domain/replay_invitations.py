"""Who invited whom in a replay, what that paid, and what goes back with a sale."""

from collections import Counter

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.referral import (
    NO_PAYMENTS,
    PaidByPurchase,
    goes_back,
    purchase_pays,
    referral_payments,
    standing,
    taken_back,
)


class Invitations:
    """What one version paid for invitations; ``rule`` is None where it pays nothing."""

    def __init__(self, rule: ReferralRule | None) -> None:
        self._rule = rule
        self._inviters: dict[str, str] = {}
        self._paid_for: Counter[str] = Counter()
        self._paid_to: Counter[str] = Counter()
        self._by_sale: dict[str, tuple[PaidByPurchase, ...]] = {}

    def enrolled(self, who: str, inviter: str) -> PaidByPurchase | None:
        """Remember who invited a new member; return what that pays at once."""
        self._inviters[who] = inviter
        if self._rule is None:
            return None
        payments = referral_payments(
            self._rule,
            ReferralEvent.ENROLLMENT,
            total=0,
            paid_for_referred=self._paid_for[who],
            paid_to_referrer=self._paid_to[inviter],
        )
        if payments == NO_PAYMENTS:
            return None
        paid = PaidByPurchase(
            referrer=MemberId(inviter),
            referred=MemberId(who),
            referrer_points=payments.referrer,
            referred_points=payments.referred,
        )
        self._count(paid, 1)
        return paid

    def bought(self, who: str, sale: str, *, total: int, left: int) -> PaidByPurchase | None:
        """Return what a sale pays that somebody bought, or got by a move.

        Args:
            who: whose it is now.
            sale: its id.
            total: minor units of it before rewards.
            left: what of them did not come back.
        """
        inviter = self._inviters.get(who)
        if self._rule is None or inviter is None:
            return None
        paid = purchase_pays(
            self._rule,
            self._by_sale.get(sale, ()),
            referrer=MemberId(inviter),
            referred=MemberId(who),
            total=total,
            left=left,
            paid_for_referred=self._paid_for[who],
            paid_to_referrer=self._paid_to[inviter],
        )
        if paid is not None:
            self._count(paid, 1)
        return paid

    def remember(self, sale: str, paid: PaidByPurchase) -> None:
        """Remember what a sale paid to which something will happen."""
        self._by_sale[sale] = (*self._by_sale.get(sale, ()), paid)

    def taken_back(self, sale: str, *, total: int, left: int | None) -> PaidByPurchase | None:
        """Return what goes back with a sale; ``left`` is None where its member loses all of it."""
        paid = standing(self._by_sale.get(sale, ()))
        if paid is None or (left is not None and not goes_back(paid, total=total, left=left)):
            return None
        self._by_sale[sale] = taken_back(self._by_sale[sale])
        self._count(paid, -1)
        return paid

    def _count(self, paid: PaidByPurchase, sign: int) -> None:
        self._paid_for[paid.referred] += sign
        self._paid_to[paid.referrer] += sign * (paid.referrer_points > 0)
