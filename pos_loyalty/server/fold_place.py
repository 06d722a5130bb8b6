"""What every rule of the fold works with: where an event stands, its entries and its rights."""

from typing import Final

import msgspec

from pos_loyalty.domain.event import Event, SaleRecorded
from pos_loyalty.domain.ids import CardKey, MemberId
from pos_loyalty.domain.ledger import LedgerEntry
from pos_loyalty.domain.program import LoyaltyProgram, holds_never
from pos_loyalty.domain.spend_rights import effects_of
from pos_loyalty.server.books import (
    UNKNOWN_CARD,
    Books,
    EntryRow,
    MemberState,
    StreamState,
    month_of,
)
from pos_loyalty.server.keeping import OwnLot, move_lots
from pos_loyalty.server.reading import Incoming
from pos_loyalty.server.tier_keeping import raise_tier
from pos_loyalty.wire.verdicts import Verdict

CLOCK_WRONG_MS_MAX: Final = 24 * 3_600_000
"""A till's clock and the server's may differ so much before it is an owner's business."""


class Judgement(msgspec.Struct, frozen=True):
    """A verdict, why, and who the event was booked to."""

    verdict: Verdict
    reason: str = ""
    member: MemberId | None = None
    points: int = 0
    """What it may have cost, for the owner's list."""
    kind: str = ""
    """Kind of the item of the owner's list, where the verdict alone does not say it."""


class Place(msgspec.Struct):
    """Where an event stands, and how many entries it has made so far."""

    books: Books
    stream: StreamState
    incoming: Incoming
    position: int = 0

    @property
    def holds_rights(self) -> bool:
        """A rescued event has no rights in the stream that carries it."""
        return not self.incoming.reading.rescues


def known_program(place: Place, event: Event) -> LoyaltyProgram | None:
    """Return the version by which an event may have been computed, None where there is none.

    A till's own version is good for what it did before it joined, and for nothing later.
    """
    program = place.books.merchant.programs.get(event.program)
    if program is None or not holds_never(program):
        return program
    return program if event.at_ms < place.stream.joined_ms + CLOCK_WRONG_MS_MAX else None


def owner_of(
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


def count_rights(place: Place, event: Event) -> int:
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


def post(
    place: Place,
    event: Event,
    entries: tuple[LedgerEntry, ...],
    owner: MemberId | None,
    origin: SaleRecorded | None = None,
) -> None:
    """Put entries into a member's books, or let them wait on the card.

    ``origin`` is the sale that they come from, for the member's lots.
    """
    for entry in entries:
        if owner is not None:
            post_to_member(place, event, entry, place.books.member(owner), origin)
        elif entry.card_key is not None:
            card = place.books.card(entry.card_key)
            card.held += entry.points
            place.books.dirty_cards.add(card.card_key)


def post_to_member(
    place: Place,
    event: Event,
    entry: LedgerEntry,
    member: MemberState,
    origin: SaleRecorded | OwnLot | None = None,
) -> None:
    """Put one entry into a member's books; a tier that is reached by it holds at once.

    ``origin`` is the sale that its points come from, or the lot they are taken back from.
    """
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
        raise_tier(books, member)
    if books.needs.has_lots:
        move_lots(books, member, entry, event, origin)
    books.touch_member(member)
