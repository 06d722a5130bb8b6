"""A sale and what undoes it as a whole."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.accrual import earn, earned_points, facts_of
from pos_loyalty.domain.event import LENT_RIGHTS, SaleRecorded, SaleReversed, StampsGiven
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.ledger import entries_of
from pos_loyalty.domain.program import LoyaltyProgram, holds_never, program_in_force
from pos_loyalty.domain.rounding import part_of
from pos_loyalty.server.allowance import charge
from pos_loyalty.server.books import Books, Fact
from pos_loyalty.server.card_window import note_use
from pos_loyalty.server.fold_place import (
    Judgement,
    Place,
    count_rights,
    known_program,
    owner_of,
    post,
)
from pos_loyalty.server.fold_referral import pay_purchase, take_referral_back
from pos_loyalty.server.fold_refund import Held, held_sale, owner_of_sale, uncount_sale
from pos_loyalty.server.placement import note_visit
from pos_loyalty.server.reading import read_event
from pos_loyalty.server.sale_keeping import forget_visit, keep_sale, keep_stock
from pos_loyalty.server.stock import note_back
from pos_loyalty.wire.verdicts import Verdict


def fold_sale(place: Place, event: SaleRecorded) -> Judgement:
    """Book a sale as the till computed it, and tell where the books compute otherwise."""
    books, seq = place.books, place.incoming.seq
    if event.sale.currency != books.merchant.currency:
        return Judgement(Verdict.QUARANTINED, "another currency")
    if event.rewards and books.needs.stock:
        keep_stock(books, place.stream.stream, seq, event)
    if event.member is None and event.card_key is None:
        return Judgement(Verdict.APPLIED)
    owner, waiting = owner_of(books, event.member, event.card_key)
    short = _book(place, event, owner)
    note_use(books, event, stream=place.stream.stream, seq=seq, owner=owner)
    if waiting is not None:
        reason = "" if waiting is Verdict.HELD else "nobody issued this card"
        return Judgement(waiting, reason, points=event.earned)
    above = 0 if event.rights_source == LENT_RIGHTS else short
    uncovered = max(above, event.redeemed - event.rights_used - event.risk_used)
    if uncovered > 0 and place.holds_rights:
        reason = f"{uncovered} points above its rights"
        return Judgement(Verdict.OVERDRAFT, reason, owner, uncovered)
    difference, points = _difference(place, event)
    if difference:
        return Judgement(Verdict.DIFFERS, difference, owner, points)
    return Judgement(Verdict.APPLIED, "", owner)


def _book(place: Place, event: SaleRecorded, owner: MemberId | None) -> int:
    """Move rights, counts and points; return the points used above the till's rights."""
    books, needs = place.books, place.books.needs
    if event.risk_used and owner is not None:
        charge(
            books,
            place.stream,
            seq=place.incoming.seq,
            member=owner,
            points=event.risk_used,
            is_carried_over=not place.holds_rights,
        )
    short = count_rights(place, event)
    if owner is not None and needs.is_any:
        keep_sale(place, event, owner)
    post(place, event, entries_of(event), owner, origin=event)
    if owner is not None:
        if needs.has_referral:
            pay_purchase(place, event, event, books.member(owner), left=event.sale.total)
        note_visit(books, place.stream, owner, event.at_ms)
    return short


def _difference(place: Place, event: SaleRecorded) -> tuple[str, int]:
    """Compute the sale's points again: by its own program version, and by the one in force then.

    Returns what differs, empty where nothing does, and by how many points.
    """
    programs = place.books.merchant.programs
    program = known_program(place, event)
    if program is None:
        return "this version of the program was never published here", 0
    facts = facts_of(event)
    points = earned_points(program, facts)
    if event.sale.lines and _lines_sum(event) != event.sale.total:
        return "the lines do not add up to the total", abs(event.earned - points)
    if points == event.earned and len(programs) > 1:
        # A till that was offline when the program changed counts by the rules that it knew.
        points = earned_points(_in_force(place, event, program), facts)
    if points != event.earned:
        reason = f"earned {event.earned}, computed {points}"
        return reason, abs(event.earned - points)
    if (event.rewards or event.redeemed) and _points_of(event) != event.redeemed:
        return "redeemed is not the sum of its rewards", 0
    if program.stamp_cards and _stamps(earn(program, facts).stamps) != _stamps(event.stamps):
        return "other stamps than the rules give", 0
    return "", 0


def _in_force(place: Place, event: SaleRecorded, program: LoyaltyProgram) -> LoyaltyProgram:
    """Return the version in force at a sale: a till that worked alone had its own."""
    if holds_never(program):
        return program
    return program_in_force(tuple(place.books.merchant.programs.values()), event.at_ms)


def _lines_sum(event: SaleRecorded) -> int:
    return sum(line.amount for line in event.sale.lines)


def _points_of(event: SaleRecorded) -> int:
    return sum(reward.points for reward in event.rewards)


def _stamps(given: Iterable[StampsGiven]) -> dict[str, int]:
    return {entry.card: entry.count for entry in given if entry.count}


def fold_reversal(place: Place, event: SaleReversed) -> Judgement:
    """Undo a whole sale of the same stream, once; of one that came back in part what is left."""
    books = place.books
    if event.sale_id in books.reversed_sales:
        return Judgement(Verdict.DUPLICATE, "already reversed")
    fact = books.facts.get(event.sale_id)
    sale = None if fact is None else read_event(fact.data).event
    if fact is None or not isinstance(sale, SaleRecorded):
        return Judgement(Verdict.QUARANTINED, "no such sale in the books")
    held = held_sale(books, sale)
    left = _left_of(held)
    misfit = _misfit(place, event, fact, sale, left)
    if misfit:
        return Judgement(Verdict.QUARANTINED, misfit)
    books.reversed_sales.add(event.sale_id)
    books.new_reversals[event.sale_id] = (place.stream.stream, place.incoming.seq)
    owner = owner_of_sale(books, fact, held.sale)
    if owner is None and (event.member or event.card_key):
        owner, _ = owner_of(books, event.member, event.card_key)
    short = count_rights(place, event)
    counted = msgspec.structs.replace(
        _with_voucher(books, event),
        earned_taken=min(event.earned_taken, left.earned),
        redeemed_returned=min(event.redeemed_returned, left.redeemed),
    )
    post(place, event, entries_of(counted), owner, origin=held.sale)
    take_referral_back(place, event, held.sale)
    _give_stock_back(books, fact.stream, sale)
    if owner is not None:
        uncount_sale(books, owner, held)
        forget_visit(books, owner, held.sale)
    if short and event.rights_source != LENT_RIGHTS:
        return Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", owner, short)
    if (event.earned_taken, event.redeemed_returned) != (left.earned, left.redeemed):
        return Judgement(Verdict.DIFFERS, "not the whole sale", owner)
    return Judgement(Verdict.APPLIED, "", owner)


class _Left(msgspec.Struct, frozen=True):
    """What a sale still has of the points that it earned and that its rewards cost."""

    earned: int
    redeemed: int


def _left_of(held: Held) -> _Left:
    sale, returned = held.sale, held.returned
    back = part_of(sale.redeemed, returned.amount, sale.sale.total) if returned.amount else 0
    return _Left(max(0, sale.earned - returned.earned), sale.redeemed - back)


def _with_voucher(books: Books, event: SaleReversed) -> SaleReversed:
    """Free the voucher of an undone sale; its points go as far as they were counted."""
    state = books.keeping.sales.get(event.sale_id)
    points = 0 if state is None else min(event.voucher_points_taken, state.voucher_points)
    if state is not None and state.voucher:
        books.keeping.freed.add(state.voucher)
        books.keeping.claimed.discard(state.voucher)
        books.keeping.new_claims.pop(state.voucher, None)
    if points == event.voucher_points_taken:
        return event
    return msgspec.structs.replace(event, voucher_points_taken=points)


def _give_stock_back(books: Books, stream: StreamId, sale: SaleRecorded) -> None:
    for taken in sale.rewards:
        if taken.reward in books.needs.stock:
            note_back(books, stream, taken.reward)


def _misfit(place: Place, event: SaleReversed, fact: Fact, sale: SaleRecorded, left: _Left) -> str:
    """Tell why a reversal does not fit the sale it names; empty if it does."""
    is_same_stream = fact.stream == place.stream.stream
    if not is_same_stream and (place.holds_rights or not _is_own(place, fact)):
        return "the sale is of another stream"
    is_rescued = bool(read_event(fact.data).rescues) or not place.holds_rights
    if is_same_stream and not is_rescued and fact.seq != event.sale_seq:
        return "the sale has another seq"
    state = place.books.keeping.sales.get(sale.id)
    returned = 0 if state is None else state.rights
    rights_given = 0 if read_event(fact.data).rescues else sale.rights_used - returned
    move = None if state is None else state.move
    takes_too_much = (
        # A till does not know what others took back of its sale: what is left is undone.
        event.earned_taken > max(sale.earned, left.earned)
        or event.redeemed_returned > sale.redeemed
        or (place.holds_rights and event.rights_returned > rights_given)
        or event.member not in {sale.member, sale.member if move is None else move.to_member}
        or (event.card_key != sale.card_key and move is None)
    )
    return "more than the sale gave" if takes_too_much else ""


def _is_own(place: Place, fact: Fact) -> bool:
    origin = place.books.streams.get(fact.stream)
    return origin is not None and origin.till == place.stream.till
