"""Loads into the books what settling, personal fields and merged accounts can touch."""

from collections.abc import Collection, Sequence

from pos_loyalty.domain.event import CardChanged
from pos_loyalty.domain.ids import MemberId, is_id
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import inbox_statements, statements
from pos_loyalty.server.database.repository import Session
from pos_loyalty.server.inbox import cards_of, members_of
from pos_loyalty.server.keeping import withhold
from pos_loyalty.server.profiles import written_alike
from pos_loyalty.server.reading import Batch


def load_inbox(session: Session, books: Books, batches: Sequence[Batch]) -> None:
    """Load for a group; costs nothing where no request brings more than events."""
    items = {each.item for batch in batches for each in batch.request.settlements}
    changes = [change for batch in batches for change in batch.request.profiles]
    wanted = {
        MemberId(member)
        for batch in batches
        for member, _ in batch.request.want_rights
        if is_id(member)
    }
    whole = wanted | load_items(session, books, items)
    _load_other_cards(session, books, batches)
    if changes:
        key = books.merchant.merchant
        changed = {change.member for change in changes}
        phones = {written_alike(change.phone) for change in changes if change.phone}
        phones |= {books.members[member].phone for member in changed & books.members.keys()}
        twins = inbox_statements.members_with_phones(session, key, phones)
        books.inbox.values.update(inbox_statements.load_values(session, key, changed))
        whole |= changed | twins
    load_whole(session, books, whole)


def _load_other_cards(session: Session, books: Books, batches: Sequence[Batch]) -> None:
    """Load all cards of members of whom one changes its status: is there still a good one?"""
    changed = {
        event.card_key
        for batch in batches
        for incoming in batch.incoming
        if isinstance(event := incoming.reading.event, CardChanged)
    }
    members = {card.member for key, card in books.cards.items() if key in changed and card.member}
    if members:
        key = books.merchant.merchant
        others = set(inbox_statements.cards_of(session, key, members)) - books.cards.keys()
        books.cards.update(statements.load_cards(session, key, others))


def load_items(session: Session, books: Books, items: Collection[str]) -> set[MemberId]:
    """Load items and the cards they name; returns the members whom settling may touch."""
    if not items:
        return set()
    key = books.merchant.merchant
    found = inbox_statements.load_items(session, key, items)
    books.inbox.items.update(found)
    members = {member for item in found.values() for member in members_of(item)}
    cards = {card for item in found.values() for card in cards_of(item)} - books.cards.keys()
    books.cards.update(statements.load_cards(session, key, cards))
    members |= {card.member for card in books.cards.values() if card.member}
    if found:
        books.inbox.values.update(inbox_statements.load_values(session, key, members))
    return members


def load_whole(session: Session, books: Books, members: set[MemberId]) -> None:
    """Load members with all accounts that are theirs, and of every account the one it is in."""
    _add(session, books, members)
    while above := _not_loaded_above(books):
        _add(session, books, above)
    frontier = {books.class_of(member)[0].member for member in members}
    while frontier:
        pairs = inbox_statements.children_of(session, books.merchant.merchant, frontier)
        for member, older in pairs:
            books.inbox.merged_into.setdefault(older, set()).add(member)
        frontier = {member for member, _ in pairs}
        _add(session, books, frontier)


def _not_loaded_above(books: Books) -> set[MemberId]:
    above = {state.alias_of for state in books.members.values() if state.alias_of is not None}
    return above - books.members.keys()


def _add(session: Session, books: Books, members: set[MemberId]) -> None:
    missing = members - books.members.keys()
    if not missing:
        return
    key = books.merchant.merchant
    found = statements.load_members(session, key, missing)
    books.members.update(found)
    if books.needs.has_lots:
        withhold(books, found.values())
    books.rights.update(statements.load_rights(session, key, missing))
