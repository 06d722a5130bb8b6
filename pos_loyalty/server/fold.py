"""What one event does to the books, and the verdict on it.

Every rule is checked before anything changes; an event that is not applied
leaves no trace but its bytes and its verdict.
"""

import msgspec

from pos_loyalty.domain.accrual import SaleFacts, earned_points
from pos_loyalty.domain.card import CardStatus, join_status
from pos_loyalty.domain.event import (
    LENT_RIGHTS,
    CardChanged,
    CardsIssued,
    Event,
    MemberEnrolled,
    RightsReturned,
    SaleRecorded,
    SaleReversed,
)
from pos_loyalty.domain.ids import CardKey, MemberId, StreamId
from pos_loyalty.domain.ledger import EntryKind, LedgerEntry, entries_of
from pos_loyalty.domain.program import program_in_force
from pos_loyalty.domain.spend_rights import effects_of
from pos_loyalty.domain.tier import tier_held
from pos_loyalty.server.allowance import charge
from pos_loyalty.server.books import (
    UNKNOWN_CARD,
    Books,
    CardState,
    EntryRow,
    EventRow,
    Fact,
    MemberState,
    StreamState,
    earned_window,
    month_of,
)
from pos_loyalty.server.card_window import note_status, note_use
from pos_loyalty.server.placement import note_visit
from pos_loyalty.server.reading import Incoming, Reading, read_event
from pos_loyalty.wire.verdicts import Verdict

COUNTED = frozenset(
    {Verdict.APPLIED, Verdict.DIFFERS, Verdict.OVERDRAFT, Verdict.HELD, Verdict.UNKNOWN_CARD}
)
"""Verdicts of events that are in the books."""
CARRIED_OVER = "carried_over"
"""Kind of the item that tells which events a new journal brought along, for each journal one."""


class _Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and who the event was booked to."""

    verdict: Verdict
    reason: str = ""
    member: MemberId | None = None
    points: int = 0
    """What it may have cost, for the owner's list."""


class _Place(msgspec.Struct):
    """Where an event stands, and how many entries it has made so far."""

    books: Books
    stream: StreamState
    incoming: Incoming
    position: int = 0

    @property
    def holds_rights(self) -> bool:
        """A rescued event has no rights in the stream that carries it."""
        return not self.incoming.reading.rescues


def fold_event(
    books: Books, stream: StreamState, incoming: Incoming, *, set_aside: str = ""
) -> Verdict:
    """Record one event: its effects on the books, its row, its verdict.

    Args:
        books: the loaded part of the books; changed in place.
        stream: the stream that holds it.
        incoming: the event.
        set_aside: why the event must not be applied, where the database refused it.
    """
    place = _Place(books, stream, incoming)
    reading = incoming.reading
    refused = _Judgement(Verdict.QUARANTINED, set_aside)
    judgement = refused if set_aside else _judge(place)
    event = reading.event if judgement.verdict in COUNTED else None
    books.events.append(
        EventRow(
            stream=stream.stream,
            seq=incoming.seq,
            hash=incoming.hash,
            data=incoming.data,
            verdict=judgement.verdict,
            reason=judgement.reason,
            event=event.id if event else None,
            kind=reading.kind,
            member=judgement.member,
        )
    )
    if event is not None:
        _remember(place, event, judgement)
    if judgement.verdict not in {Verdict.APPLIED, Verdict.HELD, Verdict.DUPLICATE}:
        books.notice(
            judgement.verdict.value,
            stream.stream,
            incoming.seq,
            judgement.reason,
            member=judgement.member,
            points=judgement.points,
        )
    return judgement.verdict


def _remember(place: _Place, event: Event, judgement: _Judgement) -> None:
    books, stream, incoming = place.books, place.stream, place.incoming
    books.facts[event.id] = Fact(
        event=event.id,
        stream=stream.stream,
        seq=incoming.seq,
        data=incoming.data,
        member=judgement.member,
    )
    for rescue in incoming.reading.rescues:
        books.rescued.add((stream.till, rescue.hash))
        books.new_rescues[rescue.hash] = (stream.stream, incoming.seq)
    if incoming.reading.rescues:
        books.notice(CARRIED_OVER, stream.stream, 0, "")


def _judge(place: _Place) -> _Judgement:
    reading = place.incoming.reading
    unusable = _judge_rescues(place, reading)
    if unusable is not None:
        return unusable
    event = reading.event
    if event is None:
        return _Judgement(reading.verdict or Verdict.QUARANTINED, reading.reason)
    known = place.books.facts.get(event.id)
    if known is not None:
        if read_event(known.data).fact == reading.fact:
            return _Judgement(Verdict.DUPLICATE)
        return _Judgement(Verdict.QUARANTINED, "this id stands for another event")
    return _apply(place, event)


def _judge_rescues(place: _Place, reading: Reading) -> _Judgement | None:
    """Judge where a rescued event comes from; close the journal it was taken from."""
    books = place.books
    for rescue in reading.rescues:
        origin = books.streams.get(rescue.stream)
        if origin is not None and origin.till != place.stream.till:
            return _Judgement(Verdict.QUARANTINED, "rescued from another till's journal")
        if rescue.stream == place.stream.stream:
            return _Judgement(Verdict.QUARANTINED, "rescued from the journal it stands in")
        if origin is not None and not origin.closed:
            origin.closed = True
            books.inbox.closed.add(origin.stream)
            books.dirty_streams.add(origin.stream)
        held = books.hashes.get((rescue.stream, rescue.seq))
        if held is not None and held.hex() == rescue.hash:
            return _Judgement(Verdict.DUPLICATE)
        if (place.stream.till, rescue.hash) in books.rescued:
            return _Judgement(Verdict.DUPLICATE)
    return None


def _apply(place: _Place, event: Event) -> _Judgement:
    match event:
        case SaleRecorded():
            judgement = _sale(place, event)
        case SaleReversed():
            judgement = _reversal(place, event)
        case MemberEnrolled():
            judgement = _enrollment(place, event)
        case RightsReturned():
            judgement = _rights_return(place, event)
        case CardsIssued():
            judgement = _cards(place, event)
        case CardChanged():
            judgement = _card_changed(place, event)
        case _:
            judgement = _Judgement(Verdict.LATER, "no rule for this kind yet")
    return judgement


def _sale(place: _Place, event: SaleRecorded) -> _Judgement:
    books = place.books
    if event.sale.currency != books.merchant.currency:
        return _Judgement(Verdict.QUARANTINED, "another currency")
    if event.member is None and event.card_key is None:
        return _Judgement(Verdict.APPLIED)
    owner, waiting = _owner_of(books, event.member, event.card_key)
    if event.risk_used and owner is not None:
        charge(
            books,
            place.stream,
            seq=place.incoming.seq,
            member=owner,
            points=event.risk_used,
            is_carried_over=not place.holds_rights,
        )
    short = _count_rights(place, event)
    _post(place, event, entries_of(event), owner)
    if owner is not None:
        note_visit(books, place.stream, owner, event.at_ms)
    seq = place.incoming.seq
    note_use(books, event, stream=place.stream.stream, seq=seq, owner=owner)
    if waiting is not None:
        reason = "" if waiting is Verdict.HELD else "nobody issued this card"
        return _Judgement(waiting, reason, points=event.earned)
    above = 0 if event.rights_source == LENT_RIGHTS else short
    uncovered = max(above, event.redeemed - event.rights_used - event.risk_used)
    if uncovered > 0 and place.holds_rights:
        reason = f"{uncovered} points above its rights"
        return _Judgement(Verdict.OVERDRAFT, reason, owner, uncovered)
    difference, points = _difference(books, event)
    if difference:
        return _Judgement(Verdict.DIFFERS, difference, owner, points)
    return _Judgement(Verdict.APPLIED, "", owner)


def _difference(books: Books, event: SaleRecorded) -> tuple[str, int]:
    """Compute the sale's points again: by its own program version, and by the one in force then.

    Returns what differs, empty where nothing does, and by how many points.
    """
    programs = books.merchant.programs
    program = programs.get(event.program)
    if program is None:
        return "this version of the program was never published here", 0
    facts = SaleFacts(
        total=event.sale.total,
        tier=event.tier,
        at_ms=event.at_ms,
        offset_minutes=event.tz_minutes,
        rewards=event.rewards,
    )
    points = earned_points(program, facts)
    if points == event.earned and len(programs) > 1:
        # A till that was offline when the program changed counts by the rules that it knew.
        points = earned_points(program_in_force(tuple(programs.values()), event.at_ms), facts)
    if points != event.earned:
        reason = f"earned {event.earned}, computed {points}"
        return reason, abs(event.earned - points)
    if sum(reward.points for reward in event.rewards) != event.redeemed:
        return "redeemed is not the sum of its rewards", 0
    return "", 0


def _owner_of(
    books: Books, member: MemberId | None, card_key: CardKey | None
) -> tuple[MemberId | None, Verdict | None]:
    """Return who points go to, or the verdict of a card that is nobody's yet."""
    if member is not None:
        return member, None
    assert card_key is not None
    card = books.card(card_key)
    if card.member is not None:
        return card.member, None
    return None, Verdict.UNKNOWN_CARD if card.status == UNKNOWN_CARD else Verdict.HELD


def _reversal(place: _Place, event: SaleReversed) -> _Judgement:
    books = place.books
    if event.sale_id in books.reversed_sales:
        return _Judgement(Verdict.DUPLICATE, "already reversed")
    fact = books.facts.get(event.sale_id)
    sale = None if fact is None else read_event(fact.data).event
    if fact is None or not isinstance(sale, SaleRecorded):
        return _Judgement(Verdict.QUARANTINED, "no such sale in the books")
    misfit = _misfit(place, event, fact, sale)
    if misfit:
        return _Judgement(Verdict.QUARANTINED, misfit)
    books.reversed_sales.add(event.sale_id)
    books.new_reversals[event.sale_id] = (place.stream.stream, place.incoming.seq)
    owner = fact.member
    if owner is None and (event.member or event.card_key):
        owner, _ = _owner_of(books, event.member, event.card_key)
    short = _count_rights(place, event)
    _post(place, event, entries_of(event), owner)
    if short and event.rights_source != LENT_RIGHTS:
        return _Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", owner, short)
    if (event.earned_taken, event.redeemed_returned) != (sale.earned, sale.redeemed):
        return _Judgement(Verdict.DIFFERS, "not the whole sale", owner)
    return _Judgement(Verdict.APPLIED, "", owner)


def _misfit(place: _Place, event: SaleReversed, fact: Fact, sale: SaleRecorded) -> str:
    """Tell why a reversal does not fit the sale it names; empty if it does."""
    is_same_stream = fact.stream == place.stream.stream
    if not is_same_stream and (place.holds_rights or not _is_own(place, fact)):
        return "the sale is of another stream"
    is_rescued = bool(read_event(fact.data).rescues) or not place.holds_rights
    if is_same_stream and not is_rescued and fact.seq != event.sale_seq:
        return "the sale has another seq"
    rights_given = 0 if read_event(fact.data).rescues else sale.rights_used
    takes_too_much = (
        event.earned_taken > sale.earned
        or event.redeemed_returned > sale.redeemed
        or (place.holds_rights and event.rights_returned > rights_given)
        or event.member != sale.member
        or event.card_key != sale.card_key
    )
    return "more than the sale gave" if takes_too_much else ""


def _is_own(place: _Place, fact: Fact) -> bool:
    origin = place.books.streams.get(fact.stream)
    return origin is not None and origin.till == place.stream.till


def _enrollment(place: _Place, event: MemberEnrolled) -> _Judgement:
    books = place.books
    member = books.member(event.member)
    if member.enrolled_ms:
        return _Judgement(Verdict.DUPLICATE, "already enrolled")
    member.enrolled_ms = max(1, event.at_ms)
    books.touch_member(member)
    _post(place, event, entries_of(event), event.member)
    note_visit(books, place.stream, event.member, event.at_ms)
    if event.card_key is not None:
        _assign_card(place, event, books.card(event.card_key), event.member)
    program = books.merchant.programs.get(event.program)
    if program is None or event.welcome not in {0, program.welcome_points}:
        return _Judgement(Verdict.DIFFERS, "other welcome points", event.member)
    return _Judgement(Verdict.APPLIED, "", event.member)


def _assign_card(place: _Place, event: Event, card: CardState, member: MemberId) -> None:
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
        _post(place, event, (entry,), member)


def _rights_return(place: _Place, event: RightsReturned) -> _Judgement:
    if not place.holds_rights:
        return _Judgement(Verdict.DUPLICATE, "a rescued return gives nothing back")
    short = _count_rights(place, event)
    if event.to_stream is not None:
        _lend(place, event, event.to_stream)
    else:
        place.books.placement_due.add(event.member)
    if short and event.rights_source != LENT_RIGHTS:
        return _Judgement(Verdict.OVERDRAFT, f"{short} points above its rights", event.member)
    return _Judgement(Verdict.APPLIED, "", event.member)


def _lend(place: _Place, event: RightsReturned, receiver: StreamId) -> None:
    """Give what was returned to another stream instead of the pool."""
    books = place.books
    rights = books.rights_of(event.member, receiver)
    reserved = rights.reserved
    rights.lent += event.points
    lending = (event.member, receiver, place.stream.stream)
    books.new_lendings[lending] = books.new_lendings.get(lending, 0) + event.points
    books.member(event.member).outstanding += rights.reserved - reserved
    books.announce_rights(rights)


def _cards(place: _Place, event: CardsIssued) -> _Judgement:
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
    return _Judgement(Verdict.APPLIED)


def _card_changed(place: _Place, event: CardChanged) -> _Judgement:
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
    return _Judgement(Verdict.APPLIED, "", event.member)


def _count_rights(place: _Place, event: Event) -> int:
    """Move the stream's counters; return the points used above what it had.

    Where the event says that it used lent rights, the lending may only be on its way: counters
    are sums, so they are right whichever comes first, and nobody is accused.
    """
    if not place.holds_rights:
        return 0
    books, short = place.books, 0
    for effect in effects_of(event):
        rights = books.rights_of(effect.member, place.stream.stream)
        # Rewards are paid before a sale earns; a reversal gives back before it takes.
        before = 0 if isinstance(event, SaleRecorded) else effect.earned
        spendable = max(0, rights.outstanding + before)
        short += max(0, effect.used + effect.returned - spendable)
        if not (effect.earned or effect.used or effect.returned):
            continue
        reserved = rights.reserved
        rights.earned += effect.earned
        rights.used += effect.used
        rights.returned += effect.returned
        books.dirty_rights.add((effect.member, place.stream.stream))
        if rights.keep is not None and rights.outstanding <= rights.keep:
            # Returned or spent: the recall is over, and the next one is news to the till again.
            rights.keep = None
            books.announce_rights(rights)
        member = books.member(effect.member)
        member.outstanding += rights.reserved - reserved
        books.dirty_members.add(effect.member)
    return short


def _post(
    place: _Place, event: Event, entries: tuple[LedgerEntry, ...], owner: MemberId | None
) -> None:
    """Put entries into a member's books, or let them wait on the card."""
    for entry in entries:
        if owner is not None:
            _post_to_member(place, event, entry, place.books.member(owner))
        elif entry.card_key is not None:
            card = place.books.card(entry.card_key)
            card.held += entry.points
            place.books.dirty_cards.add(card.card_key)


def _post_to_member(place: _Place, event: Event, entry: LedgerEntry, member: MemberState) -> None:
    books = place.books
    books.entries.append(
        EntryRow(
            member=member.member,
            stream=place.stream.stream,
            seq=place.incoming.seq,
            position=place.position,
            event=event.id,
            kind=entry.kind.value,
            points=entry.points,
            at_ms=event.at_ms,
        )
    )
    place.position += 1
    member.balance += entry.points
    if entry.earned_points:
        month = month_of(min(event.at_ms, books.now_ms))
        member.months[month] = member.months.get(month, 0) + entry.earned_points
        tier = tier_held(
            books.program.tiers,
            recorded=member.tier,
            earned_points=earned_window(member.months, books.now_ms),
        )
        member.tier = tier.id
    books.touch_member(member)
