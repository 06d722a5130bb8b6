"""Enrollments, cards, and rights that a till gives back or lends."""

from pos_loyalty.domain.card import CardStatus, join_status
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    CardChanged,
    CardsIssued,
    Event,
    MemberEnrolled,
    RightsReturned,
)
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.domain.ledger import EntryKind, LedgerEntry, entries_of
from pos_loyalty.server.books import UNKNOWN_CARD, CardState
from pos_loyalty.server.card_window import note_status
from pos_loyalty.server.fold_place import Judgement, Place, count_rights, known_program, post
from pos_loyalty.server.fold_referral import invite, pay_enrollment
from pos_loyalty.server.placement import note_visit
from pos_loyalty.server.sale_keeping import note_active
from pos_loyalty.wire.verdicts import Verdict


def fold_enrollment(place: Place, event: MemberEnrolled) -> Judgement:
    """Book welcome points and give the member the card, once."""
    books = place.books
    member = books.member(event.member)
    if member.enrolled_ms:
        return Judgement(Verdict.DUPLICATE, "already enrolled")
    member.enrolled_ms = max(1, event.at_ms)
    books.touch_member(member)
    invite(member, event.invited_by)
    if books.needs.is_any:
        note_active(member, at_ms=event.at_ms, tz_minutes=event.tz_minutes)
    post(place, event, entries_of(event), event.member)
    if event.invited_by is not None:
        pay_enrollment(place, event, member)
    note_visit(books, place.stream, event.member, event.at_ms)
    if event.card_key is not None:
        _assign_card(place, event, books.card(event.card_key), event.member)
    program = known_program(place, event)
    if program is None or event.welcome not in {0, program.welcome_points}:
        return Judgement(Verdict.DIFFERS, "other welcome points", event.member)
    return Judgement(Verdict.APPLIED, "", event.member)


def _assign_card(place: Place, event: Event, card: CardState, member: MemberId) -> None:
    """Give a card to a member together with the points that wait on it."""
    books = place.books
    if card.member is not None:
        if card.member != member:
            books.notice(
                "card_taken",
                place.stream.stream,
                place.incoming.seq,
                f"card={card.card_key} has={card.member}",
                member=member,
            )
        return
    if card.status == UNKNOWN_CARD:
        books.notice(
            "card_not_issued",
            place.stream.stream,
            place.incoming.seq,
            f"card={card.card_key}",
            member=member,
        )
        card.status = CardStatus.BLANK
    card.member = member
    card.status = join_status(CardStatus(card.status), CardStatus.ACTIVE)
    books.touch_card(card)
    note_status(books, card)
    if card.held:
        entry = LedgerEntry(EntryKind.CARD_POINTS, card.held, member, card.card_key)
        card.held = 0
        post(place, event, (entry,), member)


def fold_rights_return(place: Place, event: RightsReturned) -> Judgement:
    """Count what a till gave back to the pool, or lent to another stream."""
    if not place.holds_rights:
        return Judgement(Verdict.DUPLICATE, "a rescued return gives nothing back")
    short = count_rights(place, event)
    if event.to_stream is not None:
        _lend(place, event, event.to_stream)
    else:
        place.books.placement_due.add(event.member)
    if short and event.rights_source != LENT_RIGHTS:
        return Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", event.member)
    return Judgement(Verdict.APPLIED, "", event.member)


def _lend(place: Place, event: RightsReturned, receiver: StreamId) -> None:
    """Give what was returned to another stream instead of the pool."""
    books = place.books
    rights = books.rights_of(event.member, receiver)
    reserved = rights.reserved
    rights.lent += event.points
    lending = (event.member, receiver, place.stream.stream)
    books.new_lendings[lending] = books.new_lendings.get(lending, 0) + event.points
    books.member(event.member).outstanding += rights.reserved - reserved
    books.announce_rights(rights)


def fold_cards(place: Place, event: CardsIssued) -> Judgement:
    """Take the cards of a batch; one of two batches stays in the first."""
    for new in event.cards:
        card = place.books.card(new.key)
        if card.batch and card.batch != event.batch:
            place.books.notice(
                "card_twice", place.stream.stream, place.incoming.seq, f"card={card.card_key}"
            )
            continue
        card.number, card.batch = new.number, event.batch
        if card.status == UNKNOWN_CARD:
            card.status = CardStatus.BLANK
        place.books.touch_card(card)
    return Judgement(Verdict.APPLIED)


def fold_card_changed(place: Place, event: CardChanged) -> Judgement:
    """Give a card another status or its member, or both."""
    books = place.books
    card = books.card(event.card_key)
    known = CardStatus.BLANK if card.status == UNKNOWN_CARD else CardStatus(card.status)
    card.status = join_status(known, CardStatus(event.status))
    books.touch_card(card)
    if event.member is not None:
        _assign_card(place, event, card, event.member)
    if event.replaces is not None:
        old = books.card(event.replaces)
        known = CardStatus.BLANK if old.status == UNKNOWN_CARD else CardStatus(old.status)
        old.status = join_status(known, CardStatus.REPLACED)
        books.touch_card(old)
        note_status(books, old)
    note_status(books, card)
    return Judgement(Verdict.APPLIED, "", event.member)
