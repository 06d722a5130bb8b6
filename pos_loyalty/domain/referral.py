"""What an invitation pays, once the paying event is in the books."""

import msgspec

from pos_loyalty.domain.earning_rule import ReferralEvent, ReferralRule


class ReferralPayments(msgspec.Struct, frozen=True):
    """Points for the one who invited and for the one who came; ``is_above_limit`` tells why not."""

    referrer: int = 0
    referred: int = 0
    is_above_limit: bool = False


NO_PAYMENTS = ReferralPayments()


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
