"""What an invitation pays, once the paying event is in the books, and when it goes back."""

from collections.abc import Iterator

import msgspec

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.money import MinorUnits


class ReferralPayments(msgspec.Struct, frozen=True):
    """Points for the one who invited and for the one who came; ``is_above_limit`` tells why not."""

    referrer: int = 0
    referred: int = 0
    is_above_limit: bool = False


NO_PAYMENTS = ReferralPayments()


class PaidByPurchase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a purchase paid for an invitation: it goes with the purchase.

    ``minimum`` (minor units) is what has to be left of the sale. ``referrer_ends_ms`` and
    ``referred_ends_ms`` say when the lots end that the points came into; None is never.
    ``is_back`` tells that it was taken back: remembered, as the sale does not pay it again.
    """

    referrer: MemberId
    referred: MemberId
    referrer_points: int = 0
    referred_points: int = 0
    minimum: MinorUnits = 0
    referrer_ends_ms: int | None = None
    referred_ends_ms: int | None = None
    is_back: bool = False

    @property
    def parts(self) -> Iterator[tuple[MemberId, int, int | None]]:
        """Who got how many points, and the end of the lot that they came into."""
        if self.referrer_points:
            yield self.referrer, self.referrer_points, self.referrer_ends_ms
        if self.referred_points:
            yield self.referred, self.referred_points, self.referred_ends_ms


def referral_payments(
    rule: ReferralRule,
    event: ReferralEvent,
    *,
    total: int,
    paid_for_referred: int,
    paid_to_referrer: int,
) -> ReferralPayments:
    """Return what one event of an invited member pays.

    Args:
        rule: the program's rule.
        event: ENROLLMENT, or a purchase (either of the other two says so).
        total: minor units of the sale before rewards; an enrollment has none.
        paid_for_referred: how many events of this invited member paid already.
        paid_to_referrer: how many payments the referrer had (tally "referrals").
    """
    is_enrollment = event is ReferralEvent.ENROLLMENT
    if is_enrollment != (rule.pays_on is ReferralEvent.ENROLLMENT):
        return NO_PAYMENTS
    if not is_enrollment and total < rule.minimum:
        return NO_PAYMENTS
    if rule.pays_on is not ReferralEvent.EVERY_PURCHASE and paid_for_referred > 0:
        return NO_PAYMENTS
    is_above = rule.limit is not None and paid_to_referrer >= rule.limit
    return ReferralPayments(
        referrer=0 if is_above else max(0, rule.referrer_points),
        referred=max(0, rule.referred_points),
        is_above_limit=is_above,
    )


def purchase_pays(
    rule: ReferralRule,
    before: tuple[PaidByPurchase, ...],
    *,
    referrer: MemberId,
    referred: MemberId,
    total: int,
    left: int,
    paid_for_referred: int,
    paid_to_referrer: int,
) -> PaidByPurchase | None:
    """Return what a sale pays that is recorded for an invited member, or moves to one.

    Args:
        rule: the program's rule.
        before: what the same sale paid until now; for each member it pays once.
        referrer: who invited.
        referred: who was invited, and has the sale now.
        total: minor units of the sale before rewards.
        left: what of them did not come back.
        paid_for_referred: how many events of this invited member paid, less those taken back.
        paid_to_referrer: how many payments the referrer had (tally "referrals").
    """
    if _is_nothing(total=total, left=left) or any(each.referred == referred for each in before):
        return None
    payments = referral_payments(
        rule,
        ReferralEvent.EVERY_PURCHASE,
        total=left,
        paid_for_referred=paid_for_referred,
        paid_to_referrer=paid_to_referrer,
    )
    if payments == NO_PAYMENTS:
        return None
    return PaidByPurchase(
        referrer=referrer,
        referred=referred,
        referrer_points=payments.referrer,
        referred_points=payments.referred,
        minimum=rule.minimum,
    )


def standing(paid: tuple[PaidByPurchase, ...]) -> PaidByPurchase | None:
    """Return what a sale paid and was not taken back; of one sale that is one payment at most."""
    return next((each for each in paid if not each.is_back), None)


def goes_back(paid: PaidByPurchase, *, total: int, left: int) -> bool:
    """Tell whether too little is left of a sale (minor units) for what it paid to stay."""
    return left < paid.minimum or _is_nothing(total=total, left=left)


def taken_back(paid: tuple[PaidByPurchase, ...]) -> tuple[PaidByPurchase, ...]:
    """Return what a sale paid, with everything taken back."""
    return tuple(msgspec.structs.replace(each, is_back=True) for each in paid)


def _is_nothing(*, total: int, left: int) -> bool:
    """Tell whether a sale came back whole; a sale for nothing never comes back."""
    return left <= 0 < total
