"""Settling an item of the owner's list: the first choice counts, and it does something real.

A choice comes from a till, however late, or from the server's own command. What it
does is done in the same transaction as it is written down. Nothing here takes points
from a member.
"""

from collections.abc import Callable, Sequence

from pos_loyalty.domain.attention_catalog import choices_of, till_choices_of
from pos_loyalty.domain.card import CardStatus, join_status
from pos_loyalty.domain.ids import CardKey, MemberId, is_id
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.server import aliases, profiles
from pos_loyalty.server.books import UNKNOWN_CARD, Books, Changed
from pos_loyalty.server.card_window import note_status
from pos_loyalty.server.deeds import give_points
from pos_loyalty.server.inbox_state import CARD_GIVEN, Decision, Item, Settled
from pos_loyalty.wire.messages import Settlement

BY_COMMAND = "server"


def take_settlements(books: Books, settlements: Sequence[Settlement], *, till: str) -> None:
    """Settle what a till's people chose.

    Where it cannot be done any more, as when one of two accounts was erased meanwhile, the
    safe choice holds: else the till would send the other one for ever.
    """
    for each in settlements:
        item = books.inbox.items.get(each.item)
        may_choose = item is not None and each.choice in till_choices_of(item.kind)
        if item is None or not (is_id(each.settlement) and may_choose):
            continue
        for choice in (each.choice, choices_of(item.kind)[0]):
            if settle(books, each.item, choice, settlement=each.settlement, who=till):
                break


def settle(books: Books, item_id: str, choice: str, *, settlement: str, who: str) -> bool:
    """Settle a loaded item; False where it is settled already, not there, or cannot be done."""
    item = books.inbox.items.get(item_id)
    if item is None or item.settled or item_id in books.inbox.settled:
        return False
    if choice not in choices_of(item.kind):
        return False
    act = _ACTS.get((item.kind, choice))
    if act is not None and not act(books, item, who):
        return False
    books.inbox.settled[item_id] = Settled(item=item, choice=choice, settlement=settlement, who=who)
    books.changed.add(Changed("attention", "", item_id))
    return True


def is_done_with(item: Item | None, choice: str) -> bool:
    """Tell whether a till may forget a choice: made, lost to another, or no till's."""
    return item is None or bool(item.settled) or choice not in till_choices_of(item.kind)


def members_of(item: Item) -> set[MemberId]:
    """Return the members whom settling an item may touch."""
    named = {item.member} | {MemberId(item.facts.get(name, "")) for name in ("older", "younger")}
    return {member for member in named if member and is_id(member)}


def cards_of(item: Item) -> set[CardKey]:
    """Return the cards that settling an item may touch."""
    card = item.facts.get("card", "")
    return {CardKey(card)} if is_id(card) else set()


def _give_card(books: Books, item: Item, who: str) -> bool:
    """Give the card to the member who was refused it; from now on it earns for that one."""
    cards = cards_of(item)
    if item.member is None or not cards:
        return False
    card = books.card(cards.pop())
    card.member = item.member
    known = CardStatus.BLANK if card.status == UNKNOWN_CARD else CardStatus(card.status)
    card.status = join_status(known, CardStatus.ACTIVE)
    books.touch_card(card)
    note_status(books, card)
    books.inbox.decisions.append(
        Decision(kind=CARD_GIVEN, subject=card.card_key, object=item.member, who=who)
    )
    return True


def _merge(books: Books, item: Item, who: str) -> bool:
    """Make two accounts one. Where a till did it, the owner reads of it and can undo it."""
    older, younger = MemberId(item.facts["older"]), MemberId(item.facts["younger"])
    if _is_merged(books, item):
        return True
    if aliases.ERASED in {books.class_of(member)[0].status for member in (older, younger)}:
        return False
    if who != BY_COMMAND:
        aliases.tell_of_twins(books, "merged", older=older, younger=younger)
    return aliases.merge(books, older, younger, who=who)


def _is_merged(books: Books, item: Item) -> bool:
    older, younger = (books.class_of(MemberId(item.facts[name])) for name in ("older", "younger"))
    return older[0] is younger[0]


def _unmerge(books: Books, item: Item, who: str) -> bool:
    younger = MemberId(item.facts["younger"])
    return aliases.unmerge(books, younger, who=who) or not _is_merged(books, item)


def _take_other(books: Books, item: Item, who: str) -> bool:
    del who
    return profiles.take_other(books, item)


def _release(books: Books, item: Item, who: str) -> bool:
    del who
    books.inbox.released.append(item.stream)
    return True


def _keep(books: Books, item: Item, who: str) -> bool:
    del who
    return profiles.forget_lost(books, item)


def _give_activity(books: Books, item: Item, who: str) -> bool:
    """Give the points of an activity that the rules did not count."""
    if item.member is None or item.points <= 0:
        return False
    member = books.class_of(item.member)[0]
    if member.status == aliases.ERASED:
        return False
    give_points(books, member, item.points, kind=EntryKind.ACTIVITY, who=who)
    return True


Act = Callable[[Books, Item, str], bool]
_ACTS: dict[tuple[str, str], Act] = {
    ("card_taken", "give"): _give_card,
    ("same_phone", "merge"): _merge,
    ("merged", "unmerge"): _unmerge,
    ("rights_left", "release"): _release,
    ("field_conflict", "keep"): _keep,
    ("field_conflict", "other"): _take_other,
    ("activity_above", "give"): _give_activity,
}
"""What a choice does beside being written down; the others change nothing in the books."""
