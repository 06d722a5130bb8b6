"""Points without a sale: activities, adjustments, vouchers, and tiers by a word."""

import msgspec

from pos_loyalty.domain.activity import activity_points
from pos_loyalty.domain.earning_rule import ActivityRule, Approval
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    ActivityRecorded,
    PointsAdjusted,
    TierGranted,
    VoucherClaimed,
)
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.tally import tally_of
from pos_loyalty.server.books import Books
from pos_loyalty.server.fold_place import Judgement, Place, count_rights, post
from pos_loyalty.server.keeping import count, keep, program_of, state_of, tally_of_person
from pos_loyalty.server.tier_keeping import grant_tier
from pos_loyalty.wire.verdicts import Verdict

ACTIVITY_ABOVE = "activity_above"
"""Kind of an item: an activity above its cap, or one that the program does not give."""
ADJUSTMENT_ABOVE = "adjustment_above"
"""Kind of an item: more was to be taken away than there was."""
VOUCHER_TWICE = "voucher_twice"
"""Kind of an item: a voucher that had been claimed before."""
TIER_UNKNOWN = "tier_unknown"
"""Kind of an item: a tier was given that no version of the program has."""


def fold_activity(place: Place, event: ActivityRecorded) -> Judgement:
    """Count an activity within its caps, in the server's order; what is above is listed."""
    books = place.books
    member = books.member(event.member)
    points, why = _activity_counts(books, event)
    counted = msgspec.structs.replace(event, points=points)
    post(place, counted, entries_of(counted), event.member)
    needs = books.needs
    if needs.is_any:
        kept = keep(member)
        kept.active_ms = max(kept.active_ms, event.at_ms)
        added = tally_of(program_of(books, event), counted, needs.tally)
        count(books, member, added, tz_minutes=event.tz_minutes)
    books.touch_member(member)
    if points == event.points:
        return Judgement(Verdict.APPLIED, "", event.member)
    above = abs(event.points - points)
    reason = f"activity={event.activity} counted={points} because={why}"
    return Judgement(Verdict.DIFFERS, reason, event.member, above, ACTIVITY_ABOVE)


def _activity_counts(books: Books, event: ActivityRecorded) -> tuple[int, str]:
    """Return the points that count, and in one word why they are not those of the till."""
    program = program_of(books, event)
    rule = next((each for each in program.activities if each.id == event.activity), None)
    if rule is None:
        return 0, "unknown"
    if not _is_approved(rule, event):
        return 0, "approval"
    given = activity_points(
        rule,
        tally_of_person(books, event.member),
        at_ms=event.at_ms,
        tz_minutes=event.tz_minutes,
    ).points
    if given < event.points:
        return given, "cap" if given < rule.points else "rule"
    return event.points, ""


def _is_approved(rule: ActivityRule, event: ActivityRecorded) -> bool:
    """Tell whether somebody else than the cashier agreed, where the rule asks for it."""
    if rule.approval is not Approval.OWNER:
        return True
    return bool(event.approved_by) and event.approved_by != event.cashier


def fold_adjustment(place: Place, event: PointsAdjusted) -> Judgement:
    """Book an adjustment; taking away ends at zero, and the rest is listed."""
    books = place.books
    balance = sum(state.balance for state in books.class_of(event.member))
    points = max(event.points, -max(0, balance)) if event.points < 0 else event.points
    short = count_rights(place, event)
    counted = msgspec.structs.replace(event, points=points)
    post(place, counted, entries_of(counted), event.member)
    if short and event.rights_source != LENT_RIGHTS:
        return Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", event.member, short)
    if points == event.points:
        return Judgement(Verdict.APPLIED, "", event.member)
    reason = f"asked={-event.points} taken={-points}"
    return Judgement(Verdict.DIFFERS, reason, event.member, points - event.points, ADJUSTMENT_ABOVE)


def fold_voucher(place: Place, event: VoucherClaimed) -> Judgement:
    """Count the first claim of a voucher; a later one is set aside with what it cost."""
    books = place.books
    if event.voucher in books.keeping.claimed:
        worth = plain_amount(event.discount, currency_of(books.merchant.currency))
        spoken = f"worth={worth}{books.merchant.currency}" if event.discount else "worth=points"
        reason = f"voucher={event.voucher[:40]} {spoken} sale={event.sale_id}"
        return Judgement(Verdict.QUARANTINED, reason, event.member, event.points, VOUCHER_TWICE)
    books.keeping.claimed.add(event.voucher)
    books.keeping.freed.discard(event.voucher)
    books.keeping.new_claims[event.voucher] = (place.stream.stream, place.incoming.seq)
    state = state_of(books, event.sale_id)
    state.voucher = event.voucher
    owner = event.member
    if owner is None:
        sale = books.facts.get(event.sale_id)
        owner = None if sale is None else sale.member
    post(place, event, entries_of(event), owner)
    state.voucher_points = 0 if owner is None else event.points
    if event.points and owner is None:
        return Judgement(Verdict.DIFFERS, "points of a voucher for nobody", None, event.points)
    return Judgement(Verdict.APPLIED, "", owner)


def fold_tier(place: Place, event: TierGranted) -> Judgement:
    """Let a member hold a tier until a date, by a person's word or because it was bought."""
    books = place.books
    known = {tier.id for tier in (*program_of(books, event).tiers, *books.program.tiers)}
    if event.tier not in known:
        reason = f"tier={event.tier[:60]}"
        return Judgement(Verdict.QUARANTINED, reason, event.member, 0, TIER_UNKNOWN)
    member = books.member(event.member)
    grant_tier(books, member, event)
    books.touch_member(member)
    return Judgement(Verdict.APPLIED, "", event.member)
