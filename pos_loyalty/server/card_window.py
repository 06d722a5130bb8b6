"""Cards that were used after they were blocked, by tills that had not heard of it.

Such a sale counts, as every fact does; the most that can be used so is what the till held
or was allowed. The owner is told of each. Whether a member's cards are all blocked stands
in the member's row, so that a sale costs nothing more.
"""

from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.event import SaleRecorded
from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.books import UNKNOWN_CARD, Books, CardState

BY_CARD = "card"
_STILL_GOOD = frozenset({CardStatus.ACTIVE.value, CardStatus.BLANK.value})


def note_status(books: Books, card: CardState) -> None:
    """Remember whether a member still has a card that may be used; all of them are loaded."""
    if card.member is None:
        return
    member = books.member(card.member)
    has_one = any(
        other.status in _STILL_GOOD for other in books.cards.values() if other.member == card.member
    )
    is_blocked = not has_one and card.status != UNKNOWN_CARD
    if member.cards_blocked != is_blocked:
        member.cards_blocked = is_blocked
        books.dirty_members.add(member.member)


def note_use(
    books: Books, event: SaleRecorded, *, stream: StreamId, seq: int, owner: MemberId | None
) -> None:
    """Tell the owner of a sale on a card that was blocked by then."""
    if owner is None or event.found_by != BY_CARD or not books.member(owner).cards_blocked:
        return
    words = f"earned={event.earned} redeemed={event.redeemed}"
    books.notice("card_window", stream, seq, words, member=owner, points=event.redeemed)
