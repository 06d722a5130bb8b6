"""Goods that came back.

The till that knows a sale states what a refund does, and its word holds where it fits. A claim
states only goods and money; the server computes the points. Whatever comes from wherever, all
refunds of a sale together never exceed it: what is above goes on the owner's list. A refund of
a sale that the books do not hold waits for it.
"""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    SaleRecorded,
    SaleRefunded,
    StampsGiven,
)
from pos_loyalty.domain.ids import EventId, MemberId, StreamId
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.money import currency_of, plain_amount
from pos_loyalty.domain.program import AlreadySpent, LoyaltyProgram, RefundRules
from pos_loyalty.domain.receipt_code import SHORT_LETTERS
from pos_loyalty.domain.refund import (
    RefundEffect,
    Returned,
    nothing_returned,
    refund_effect,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.tally import tally_left
from pos_loyalty.server.books import Books, Fact
from pos_loyalty.server.event_problems import is_short_name
from pos_loyalty.server.fold_place import Judgement, Place, count_rights, owner_of, post
from pos_loyalty.server.fold_referral import take_referral_back
from pos_loyalty.server.inbox_state import Item, Settled, item_id
from pos_loyalty.server.keeping import count, program_of, state_of, uncount
from pos_loyalty.server.keeping_state import Waiting
from pos_loyalty.server.reading import read_event
from pos_loyalty.wire.verdicts import Verdict

REFUND_ABOVE = "refund_above"
"""Kind of an item: more came back than was left of the sale."""
REFUND_WAITS = "refund_waits"
"""Kind of an item: a refund of a sale that the books do not hold."""
REFUND_DIFFERS = "refund_differs"
"""Kind of an item: a till took back other points or stamps than the books do."""
POINTS_FORGIVEN = "points_forgiven"
"""Kind of an item: points that were spent already were forgiven, as the program says."""
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
    _tell_forgiven(books, counted, held, owner, (place.stream.stream, place.incoming.seq))
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
        before = counts_left(books, held)
        after = counts_left(books, Held(sale=sale, returned=effect.after, program=held.program))
        uncount(books, member, before, tz_minutes=sale.tz_minutes)
        count(books, member, after, tz_minutes=sale.tz_minutes)
        books.touch_member(member)


def _tell_forgiven(
    books: Books,
    counted: SaleRefunded,
    held: Held,
    owner: MemberId | None,
    where: tuple[StreamId, int],
) -> None:
    """Tell of points that stay with a member though they were earned by goods that came back.

    Only where the program forgives them for nothing: taken off the cash they are paid for.
    """
    rules = held.program.refunds
    if counted.forgiven and rules.already_spent is AlreadySpent.CLAMP:
        detail = f"sale={counted.sale_id}"
        books.notice(POINTS_FORGIVEN, *where, detail, member=owner, points=counted.forgiven)


def counts_left(books: Books, held: Held) -> dict[str, int]:
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
        counts, member = counts_left(books, held), books.member(owner)
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
        counted = _counted(claim, effect)
        _book(place, counted, held, effect, owner)
        _tell_forgiven(books, counted, held, owner, (waiting.stream, waiting.seq))
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
