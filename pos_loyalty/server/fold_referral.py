"""What an invitation pays, at an enrollment or a purchase, and what goes back with a purchase."""

import msgspec

from pos_loyalty.domain.earning_rule import ReferralEvent
from pos_loyalty.domain.event import Event, MemberEnrolled, SaleRecorded
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.ledger import EntryKind, LedgerEntry
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.referral import (
    NO_PAYMENTS,
    PaidByPurchase,
    goes_back,
    purchase_pays,
    referral_payments,
    standing,
    taken_back,
)
from pos_loyalty.domain.tally import REFERRALS, in_periods
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.fold_place import Place, post_to_member
from pos_loyalty.server.keeping import (
    OwnLot,
    count,
    ends_now,
    keep,
    program_of,
    state_of,
    tally_of_person,
    uncount,
)


def invite(member: MemberState, invited_by: MemberId | None) -> None:
    """Remember who invited a new member; nobody invites oneself."""
    if invited_by is not None and invited_by != member.member:
        keep(member).invited_by = invited_by


def pay_enrollment(place: Place, event: MemberEnrolled, member: MemberState) -> None:
    """Pay for an invitation at once, where the rule says so; that stays for good."""
    books = place.books
    rule, kept = program_of(books, event).referral, member.kept
    if rule is None or kept is None or not kept.invited_by:
        return
    payments = referral_payments(
        rule,
        ReferralEvent.ENROLLMENT,
        total=0,
        paid_for_referred=kept.paid,
        paid_to_referrer=_times_paid(books, kept.invited_by),
    )
    if payments == NO_PAYMENTS:
        return
    paid = PaidByPurchase(
        referrer=kept.invited_by,
        referred=member.member,
        referrer_points=payments.referrer,
        referred_points=payments.referred,
    )
    _pay(place, event, paid, at_ms=event.at_ms, tz_minutes=event.tz_minutes)


def pay_purchase(
    place: Place, event: Event, sale: SaleRecorded, member: MemberState, *, left: int
) -> None:
    """Pay for an invitation what a purchase of the invited member makes due.

    Args:
        place: where the event stands.
        event: the sale, or the move that made it a purchase of this member.
        sale: the sale as it stands.
        member: who has it now.
        left: what of its total did not come back, in minor units.
    """
    books = place.books
    rule, kept = program_of(books, sale).referral, member.kept
    if rule is None or kept is None or not kept.invited_by:
        return
    state = books.keeping.sales.get(sale.id)
    paid = purchase_pays(
        rule,
        () if state is None else state.referrals,
        referrer=kept.invited_by,
        referred=member.member,
        total=sale.sale.total,
        left=left,
        paid_for_referred=kept.paid,
        paid_to_referrer=_times_paid(books, kept.invited_by),
    )
    if paid is None:
        return
    paid = _with_ends(books, event, paid)
    _pay(place, event, paid, at_ms=sale.at_ms, tz_minutes=sale.tz_minutes)
    if not books.has_rules_of_0_3:
        state = state_of(books, sale.id)
        state.referrals = (*state.referrals, paid)


def pay_moved(place: Place, event: Event, sale: SaleRecorded, *, left: int) -> None:
    """Take back what a sale paid for the one it leaves; it is a purchase of the other.

    Args:
        place: where the move stands.
        event: the move.
        sale: the sale as it stands after it.
        left: what of its total did not come back, in minor units.
    """
    take_referral_back(place, event, sale)
    books = place.books
    if books.needs.has_referral and sale.member is not None and not books.has_rules_of_0_3:
        pay_purchase(place, event, sale, books.member(sale.member), left=left)


def take_referral_back(
    place: Place, event: Event, sale: SaleRecorded, *, left: int | None = None
) -> None:
    """Take back what a sale paid for an invitation, if it stands no more.

    Args:
        place: where the event stands.
        event: what undid, refunded or moved the sale.
        sale: the sale.
        left: what of its total did not come back, in minor units; None if all of it is gone
            from the member.
    """
    books = place.books
    state = books.keeping.sales.get(sale.id)
    paid = None if state is None else standing(state.referrals)
    if paid is None or state is None:
        return
    if left is not None and not goes_back(paid, total=sale.sale.total, left=left):
        return
    state_of(books, sale.id).referrals = taken_back(state.referrals)
    referred, referrer = books.member(paid.referred), books.member(paid.referrer)
    keep(referred).paid -= 1
    for member, points, ends_ms in paid.parts:
        entry = LedgerEntry(EntryKind.REFERRAL, -points, member)
        post_to_member(place, event, entry, books.member(member), OwnLot(ends_ms))
    if paid.referrer_points:
        counted = _one_payment(books, at_ms=sale.at_ms, tz_minutes=sale.tz_minutes)
        uncount(books, referrer, counted, tz_minutes=sale.tz_minutes)
    books.touch_member(referred)


def _times_paid(books: Books, referrer: MemberId) -> int:
    return tally_of_person(books, referrer).get(REFERRALS, 0)


def _with_ends(books: Books, event: Event, paid: PaidByPurchase) -> PaidByPurchase:
    """Note in which lots the points will be found again; a plain program keeps none."""
    if not books.needs.has_lots:
        return paid
    return msgspec.structs.replace(
        paid,
        referrer_ends_ms=ends_now(books, books.member(paid.referrer), event),
        referred_ends_ms=ends_now(books, books.member(paid.referred), event),
    )


def _pay(place: Place, event: Event, paid: PaidByPurchase, *, at_ms: int, tz_minutes: int) -> None:
    """Book a payment and count it, in the period of a moment of the shop's clock."""
    books = place.books
    referred, referrer = books.member(paid.referred), books.member(paid.referrer)
    keep(referred).paid += 1
    for member, points, _ in paid.parts:
        entry = LedgerEntry(EntryKind.REFERRAL, points, member)
        post_to_member(place, event, entry, books.member(member))
    if paid.referrer_points:
        counted = _one_payment(books, at_ms=at_ms, tz_minutes=tz_minutes)
        count(books, referrer, counted, tz_minutes=tz_minutes)
    books.touch_member(referred)


def _one_payment(books: Books, *, at_ms: int, tz_minutes: int) -> Tally:
    return in_periods({REFERRALS: 1}, books.needs.tally, at_ms=at_ms, tz_minutes=tz_minutes)
