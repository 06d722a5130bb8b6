"""Goods that came back, and sales that go to the right member.

The till that knows a sale states what a refund does, and its word holds where it fits. A claim
states only goods and money; the server computes the points. Whatever comes from wherever, all
refunds of a sale together never exceed it: what is above goes on the owner's list. A refund of
a sale that the books do not hold waits for it.
"""

from collections.abc import Iterable, Sequence

import msgspec

from pos_loyalty.domain.accrual import SaleFacts, facts_of
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    StampsGiven,
)
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.ledger import LedgerEntry, entries_of
from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.domain.refund import (
    RefundEffect,
    Returned,
    move_effect,
    nothing_returned,
    refund_effect,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.refund_remains import stamps_now
from pos_loyalty.domain.tally import tally_left
from pos_loyalty.server.books import Books, Fact
from pos_loyalty.server.event_problems import is_short_name
from pos_loyalty.server.fold_place import Judgement, Place, count_rights, owner_of, post
from pos_loyalty.server.fold_referral import pay_moved, take_referral_back
from pos_loyalty.server.inbox_state import Item, Settled, item_id
from pos_loyalty.server.keeping import count, program_of, state_of, uncount
from pos_loyalty.server.keeping_state import SaleState, Waiting
from pos_loyalty.server.reading import read_event
from pos_loyalty.server.tier_keeping import raise_tier
from pos_loyalty.wire.verdicts import Verdict

REFUND_ABOVE = "refund_above"
"""Kind of an item: more came back than was left of the sale."""
REFUND_WAITS = "refund_waits"
"""Kind of an item: a refund of a sale that the books do not hold."""
REFUND_DIFFERS = "refund_differs"
"""Kind of an item: a till took back other points or stamps than the books do."""
ARRIVED = "arrived"
BY_SALE = "server"
_ENOUGH = 10**15
"""A balance that is never short: what a till forgave or not, it says itself."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A sale as it stands: whose it is by now, and what came back of it."""

    sale: SaleRecorded
    returned: Returned
    program: LoyaltyProgram


def held_sale(books: Books, sale: SaleRecorded) -> Held:
    """Return a recorded sale as it stands, after a move and refunds."""
    state = books.keeping.sales.get(sale.id)
    returned = None if state is None else state.returned
    if state is not None and state.move is not None:
        before = state.moved_after or nothing_returned(sale)
        sale = sale_after_move(sale, state.move, before)
    return Held(
        sale=sale,
        returned=returned or nothing_returned(sale),
        program=program_of(books, sale),
    )


def fold_refund(place: Place, event: SaleRefunded) -> Judgement:
    """Count a refund of a sale in the books; one of any other sale waits for it."""
    books = place.books
    fact = _fact_of(books, event)
    if fact is None:
        return _wait(place, event)
    event = msgspec.structs.replace(event, sale_id=fact.event)
    sale = read_event(fact.data).event
    if not isinstance(sale, SaleRecorded) or event.sale_id in books.reversed_sales:
        why = "the sale was undone" if isinstance(sale, SaleRecorded) else "it is of no sale"
        return Judgement(Verdict.QUARANTINED, why, points=event.redeemed_returned)
    return _refund_of(place, event, fact, sale)


def _fact_of(books: Books, event: SaleRefunded) -> Fact | None:
    """Return the sale that comes back; a receipt names it by the end of its id, and the member."""
    if not is_short_name(event.sale_id):
        return books.facts.get(event.sale_id)
    found = [
        fact
        for sale_id, fact in books.facts.items()
        if sale_id.endswith(event.sale_id) and _is_on_receipt(books, event, fact)
    ]
    return min(found, key=lambda fact: fact.event, default=None)


def _is_on_receipt(books: Books, event: SaleRefunded, fact: Fact) -> bool:
    sale = read_event(fact.data).event
    has_points = isinstance(sale, SaleRecorded) and bool(sale.earned or sale.redeemed)
    return has_points and _is_same_person(books, event.member, fact.member)


def _is_same_person(books: Books, one: MemberId | None, other: MemberId | None) -> bool:
    if one is None or other is None:
        return False
    return one == other or books.class_of(one)[0] is books.class_of(other)[0]


def _refund_of(place: Place, event: SaleRefunded, fact: Fact, sale: SaleRecorded) -> Judgement:
    books = place.books
    held = held_sale(books, sale)
    owner = owner_of_sale(books, fact, held.sale)
    effect = _effect(books, held, event, owner)
    if effect.amount == 0 and event.claim:
        return Judgement(
            Verdict.QUARANTINED, _above(books, event, effect), owner, kind=REFUND_ABOVE
        )
    rights = _rights_back(place, event, fact, sale)
    short = count_rights(place, msgspec.structs.replace(event, rights_returned=rights))
    counted = _counted(event, effect)
    _book(place, counted, held, effect, owner)
    state_of(books, sale.id).rights += rights
    if effect.amount < event.amount:
        cost = event.redeemed_returned - counted.redeemed_returned
        return Judgement(
            Verdict.DIFFERS, _above(books, event, effect), owner, max(0, cost), REFUND_ABOVE
        )
    if short and event.rights_source != LENT_RIGHTS:
        return Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", owner, short)
    if counted != event and not event.claim:
        cost = abs(event.earned_taken - counted.earned_taken)
        return Judgement(Verdict.DIFFERS, _difference(event, counted), owner, cost, REFUND_DIFFERS)
    return Judgement(Verdict.APPLIED, "", owner)


def owner_of_sale(books: Books, fact: Fact, sale: SaleRecorded) -> MemberId | None:
    """Return who has the points of a sale now; None while they wait on a card, or for nobody's."""
    state = books.keeping.sales.get(sale.id)
    if state is not None and state.move is not None:
        return state.move.to_member
    if fact.member is not None or sale.card_key is None:
        return fact.member
    return owner_of(books, None, sale.card_key)[0]


def _effect(books: Books, held: Held, event: SaleRefunded, owner: MemberId | None) -> RefundEffect:
    """Compute what a refund does to what is left of the sale.

    What a claim takes back never comes off the cash: the customer has it already.
    """
    program, balance = held.program, _ENOUGH
    if event.claim and owner is not None:
        if program.refunds.already_spent is AlreadySpent.TAKE_OFF_CASH:
            program = msgspec.structs.replace(program, refunds=RefundRules())
        balance = sum(state.balance for state in books.class_of(owner))
    return refund_effect(program, held.sale, held.returned, event, balance=balance)


def _counted(event: SaleRefunded, effect: RefundEffect) -> SaleRefunded:
    """Return the refund as it counts: as its till states it, where that fits.

    Stamps are always those of the books: a till that does not know what came back elsewhere
    finds a sale large enough for a stamp that is not any more.
    """
    takes = effect.earned_taken + effect.forgiven
    if not event.claim:
        fits = (
            event.earned_taken + event.forgiven == takes
            and event.redeemed_returned == effect.redeemed_returned
            and event.amount == effect.amount
        )
        if fits and _by_card(event.stamps_taken) == _by_card(effect.stamps_taken):
            return event
        if fits:
            return msgspec.structs.replace(event, stamps_taken=effect.stamps_taken)
    forgiven = effect.forgiven if event.claim else min(event.forgiven, takes)
    return msgspec.structs.replace(
        event,
        amount=effect.amount,
        earned_taken=takes - forgiven,
        redeemed_returned=effect.redeemed_returned,
        forgiven=forgiven,
        stamps_taken=effect.stamps_taken,
    )


def _by_card(taken: Iterable[StampsGiven]) -> dict[str, int]:
    return {entry.card: entry.count for entry in taken if entry.count}


def _difference(event: SaleRefunded, counted: SaleRefunded) -> str:
    """Say what a till took back, and what counts."""
    said, counts = (sum(_by_card(each.stamps_taken).values()) for each in (event, counted))
    return (
        f"sale={event.sale_id} said_points={event.earned_taken} said_stamps={said}"
        f" counted_points={counted.earned_taken} counted_stamps={counts}"
    )


def _book(
    place: Place,
    counted: SaleRefunded,
    held: Held,
    effect: RefundEffect,
    owner: MemberId | None,
) -> None:
    """Move points, lots and counts, and remember what is left of the sale."""
    books, sale = place.books, held.sale
    entries = entries_of(msgspec.structs.replace(counted, member=owner, card_key=sale.card_key))
    post(place, counted, entries, owner, origin=sale)
    state_of(books, sale.id).returned = effect.after
    take_referral_back(place, counted, sale, left=sale.sale.total - effect.after.amount)
    if owner is not None and books.needs.tally:
        member = books.member(owner)
        before = _counts_left(books, held)
        after = _counts_left(books, Held(sale=sale, returned=effect.after, program=held.program))
        uncount(books, member, before, tz_minutes=sale.tz_minutes)
        count(books, member, after, tz_minutes=sale.tz_minutes)
        books.touch_member(member)


def _counts_left(books: Books, held: Held) -> dict[str, int]:
    """Return what of a member's counts comes from what is left of a sale."""
    left = what_is_left(held.sale, held.returned)
    return tally_left(
        held.program,
        held.sale,
        books.needs.tally,
        earned=left.earned,
        spend=left.spend,
        stamps=left.stamps,
        is_gone=left.is_gone,
    )


def uncount_sale(books: Books, owner: MemberId, held: Held) -> None:
    """Take from a member's counts what is left of a sale there."""
    if books.needs.tally:
        counts, member = _counts_left(books, held), books.member(owner)
        uncount(books, member, counts, tz_minutes=held.sale.tz_minutes)
        books.touch_member(member)  # a sale without points has no entry that would do it


def _rights_back(place: Place, event: SaleRefunded, fact: Fact, sale: SaleRecorded) -> int:
    """Return the spend rights that come back: at most what the sale used in this very stream."""
    is_here = fact.stream == place.stream.stream and not read_event(fact.data).rescues
    if not is_here or not event.rights_returned:
        return 0
    state = place.books.keeping.sales.get(sale.id)
    returned = 0 if state is None else state.rights
    return min(event.rights_returned, max(0, sale.rights_used - returned))


def _above(books: Books, event: SaleRefunded, effect: RefundEffect) -> str:
    currency = currency_of(books.merchant.currency)
    above = plain_amount(event.amount - effect.amount, currency)
    amount = plain_amount(event.amount, currency)
    return f"sale={event.sale_id} refunded={amount}{currency.code} above={above}{currency.code}"


def _wait(place: Place, event: SaleRefunded) -> Judgement:
    """Let a refund wait for its sale, as one of a till that was offline may still come."""
    books = place.books
    waiting = Waiting(event.sale_id, event.id, place.stream.stream, place.incoming.seq)
    books.keeping.waiting.setdefault(event.sale_id, []).append(waiting)
    books.keeping.new_waiting.append(waiting)
    # No rights come back: nobody knows yet whether the sale used any.
    count_rights(place, msgspec.structs.replace(event, rights_returned=0))
    currency = currency_of(books.merchant.currency)
    amount = f"{plain_amount(event.amount, currency)}{currency.code}"
    reason = f"sale={event.sale_id} refunded={amount}"
    return Judgement(Verdict.HELD, reason, event.member, event.redeemed_returned, kind=REFUND_WAITS)


def count_waiting(place: Place, sale: SaleRecorded, owner: MemberId | None) -> None:
    """Count the refunds that came before their sale; their items settle themselves."""
    books = place.books
    short_name = EventId(sale.id[-SHORT_LETTERS:])
    there = (*books.keeping.waiting.get(sale.id, ()), *_on_receipts(books, sale, owner))
    for waiting in sorted(there, key=lambda one: one.event):
        fact = books.facts.get(waiting.event)
        event = None if fact is None else read_event(fact.data).event
        if not isinstance(event, SaleRefunded):
            continue
        for name in (sale.id, short_name):
            if waiting in books.keeping.waiting.get(name, ()):
                books.keeping.waiting[name].remove(waiting)
        held = held_sale(books, sale)
        claim = msgspec.structs.replace(event, claim=True)
        effect = _effect(books, held, claim, owner)
        _book(place, _counted(claim, effect), held, effect, owner)
        books.keeping.arrived.append(waiting)
        _settle_waiting(books, waiting, owner)
        if effect.amount < event.amount:
            books.notice(
                REFUND_ABOVE,
                waiting.stream,
                waiting.seq,
                _above(books, event, effect),
                member=owner,
            )


def _on_receipts(books: Books, sale: SaleRecorded, owner: MemberId | None) -> list[Waiting]:
    """Return the waiting refunds that name this sale by the end of its id, and its member."""
    if not (sale.earned or sale.redeemed):
        return []
    found: list[Waiting] = []
    for waiting in books.keeping.waiting.get(EventId(sale.id[-SHORT_LETTERS:]), ()):
        fact = books.facts.get(waiting.event)
        event = None if fact is None else read_event(fact.data).event
        if isinstance(event, SaleRefunded) and _is_same_person(books, event.member, owner):
            found.append(waiting)
    return found


def _settle_waiting(books: Books, waiting: Waiting, owner: MemberId | None) -> None:
    item = Item(
        kind=REFUND_WAITS,
        stream=waiting.stream,
        seq=waiting.seq,
        detail="",
        member=owner,
        points=0,
    )
    books.inbox.settled[item_id(item.kind, item.stream, item.seq)] = Settled(
        item=item, choice=ARRIVED, settlement="", who=BY_SALE
    )
    books.announce_item(item.kind, item.stream, item.seq)


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
        count(books, member, _counts_left(books, after), tz_minutes=moved.tz_minutes)
        raise_tier(books, member)
        books.touch_member(member)


def _entries_of_move(
    event: SaleMoved,
) -> tuple[tuple[LedgerEntry, ...], tuple[LedgerEntry, ...]]:
    entries: Sequence[LedgerEntry] = entries_of(event)
    return (
        tuple(entry for entry in entries if entry.member == event.from_member),
        tuple(entry for entry in entries if entry.member == event.to_member),
    )
