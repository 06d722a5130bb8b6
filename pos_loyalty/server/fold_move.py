"""Sales that go to the right member: what is left of them, by that member's rules."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.accrual import SaleFacts, facts_of
from pos_loyalty.domain.event import LENT_RIGHTS, SaleMoved, SaleRecorded, StampsGiven
from pos_loyalty.domain.ledger import LedgerEntry, entries_of
from pos_loyalty.domain.refund import move_effect, sale_after_move
from pos_loyalty.domain.refund_remains import stamps_now
from pos_loyalty.server.books import Books, Fact
from pos_loyalty.server.fold_place import Judgement, Place, count_rights, post
from pos_loyalty.server.fold_referral import pay_moved
from pos_loyalty.server.fold_refund import (
    Held,
    counts_left,
    held_sale,
    owner_of_sale,
    uncount_sale,
)
from pos_loyalty.server.keeping import count, state_of
from pos_loyalty.server.keeping_state import SaleState
from pos_loyalty.server.reading import read_event
from pos_loyalty.server.tier_keeping import raise_tier
from pos_loyalty.wire.verdicts import Verdict

MOVE_LEFT_DEBT = "move_left_debt"
"""Kind of an item: a sale moved away from a member who had used its points."""


def fold_move(place: Place, event: SaleMoved) -> Judgement:
    """Give what is left of a sale to the right member."""
    books = place.books
    fact = books.facts.get(event.sale_id)
    sale = None if fact is None else read_event(fact.data).event
    if fact is None or not isinstance(sale, SaleRecorded):
        return Judgement(Verdict.QUARANTINED, "no such sale in the books")
    held = held_sale(books, sale)
    misfit = _unmovable(books, event, fact, held)
    if misfit:
        return Judgement(Verdict.QUARANTINED, misfit, event.to_member, event.earned_given)
    short = count_rights(place, event)
    facts = msgspec.structs.replace(facts_of(sale), tier=event.tier, known=event.known)
    taken, given = move_effect(held.program, held.sale, held.returned, facts)
    counted = msgspec.structs.replace(event, earned_taken=taken)
    if held.returned.amount and not books.has_rules_of_0_3:
        counted = _with_what_is_left(counted, held, facts, given)
    _hand_over(place, counted, held, state_of(books, sale.id))
    _tell_debt(place, counted)
    if short and event.rights_source != LENT_RIGHTS:
        reason = f"{short} points above its rights"
        return Judgement(Verdict.OVERDRAFT, reason, event.to_member, short)
    if (taken, given) != (event.earned_taken, event.earned_given):
        reason = f"moved {event.earned_given}, computed {given}"
        cost = abs(event.earned_given - given)
        return Judgement(Verdict.DIFFERS, reason, event.to_member, cost)
    return Judgement(Verdict.APPLIED, "", event.to_member)


def _with_what_is_left(event: SaleMoved, held: Held, facts: SaleFacts, given: int) -> SaleMoved:
    """Return a move that gives no more than is left: its till does not hear of claims elsewhere."""
    left = stamps_now(held.program, facts, held.returned.lines)
    stamps = (
        StampsGiven(card=entry.card, count=min(entry.count, left.get(entry.card, 0)))
        for entry in event.stamps
    )
    return msgspec.structs.replace(
        event,
        earned_given=min(event.earned_given, given),
        stamps=tuple(entry for entry in stamps if entry.count),
    )


def _unmovable(books: Books, event: SaleMoved, fact: Fact, held: Held) -> str:
    if event.sale_id in books.reversed_sales:
        return "the sale was undone"
    if held.sale.rewards:
        return "a sale with rewards is not moved"
    if owner_of_sale(books, fact, held.sale) != event.from_member:
        return "another member has the sale"
    if event.from_member is None and held.sale.card_key is not None:
        return "the sale is on a card"
    return ""


def _hand_over(place: Place, event: SaleMoved, held: Held, state: SaleState) -> None:
    books = place.books
    taken, given = _entries_of_move(event)
    if event.from_member is not None:
        post(place, event, taken, event.from_member, origin=held.sale)
        uncount_sale(books, event.from_member, held)
    state.move, state.moved_after = event, held.returned
    moved = sale_after_move(held.sale, event, held.returned)
    post(place, event, given, event.to_member, origin=moved)
    pay_moved(place, event, moved, left=moved.sale.total - held.returned.amount)
    if books.needs.tally:
        after = Held(sale=moved, returned=held.returned, program=held.program)
        member = books.member(event.to_member)
        count(books, member, counts_left(books, after), tz_minutes=moved.tz_minutes)
        raise_tier(books, member)
        books.touch_member(member)


def _tell_debt(place: Place, event: SaleMoved) -> None:
    """Tell of points that are used by one member and moved to another: who gains by it knows."""
    if event.from_member is None or not event.earned_taken:
        return
    books = place.books
    debt = -sum(state.balance for state in books.class_of(event.from_member))
    if debt > 0:
        books.notice(
            MOVE_LEFT_DEBT,
            place.stream.stream,
            place.incoming.seq,
            f"sale={event.sale_id} moved={event.earned_taken}",
            member=event.from_member,
            points=min(debt, event.earned_taken),
        )


def _entries_of_move(
    event: SaleMoved,
) -> tuple[tuple[LedgerEntry, ...], tuple[LedgerEntry, ...]]:
    entries: Sequence[LedgerEntry] = entries_of(event)
    return (
        tuple(entry for entry in entries if entry.member == event.from_member),
        tuple(entry for entry in entries if entry.member == event.to_member),
    )
