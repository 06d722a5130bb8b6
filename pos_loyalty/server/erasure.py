"""Erasing a person: every personal field goes, the ledger stays without a name.

The erased row stays as an empty row with the status ``erased``: whatever till comes
back after however long a time hears it, and nothing that it still has can bring a field
back. Balances and sums stay as they are; nobody can use the points any more.
"""

from pos_loyalty.domain.card import CardStatus, join_status
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.server.aliases import ERASED
from pos_loyalty.server.books import CONSENT_DENIED, UNKNOWN_CARD, Books, MemberState
from pos_loyalty.server.inbox_state import ERASED as ERASED_DECISION
from pos_loyalty.server.inbox_state import Decision


def erase(books: Books, member: MemberId, *, who: str) -> list[MemberId]:
    """Erase a member with every account that was merged with it; returns which those are.

    The caller has loaded all of them, their rights and their cards.
    """
    everyone = books.class_of(member)
    for state in everyone:
        _erase_one(books, state)
        books.inbox.decisions.append(
            Decision(kind=ERASED_DECISION, subject=state.member, object="", who=who)
        )
    ids = {state.member for state in everyone}
    for card in books.cards.values():
        if card.member in ids and card.status != UNKNOWN_CARD:
            card.status = join_status(CardStatus(card.status), CardStatus.BLOCKED)
            books.touch_card(card)
    return sorted(ids)


def _erase_one(books: Books, state: MemberState) -> None:
    state.name = state.phone = state.birthday = ""
    state.segments = ()
    state.consent, state.consent_v = CONSENT_DENIED, books.v
    state.visits = "{}"
    state.status = ERASED
    books.touch_member(state)
    books.inbox.erased.add(state.member)
    for rights in books.rights.get(state.member, {}).values():
        if rights.outstanding > 0 and rights.keep != 0:
            rights.keep = 0
            books.announce_rights(rights)
