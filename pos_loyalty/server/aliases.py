"""Two accounts of one person: found by their phone number, made one, taken apart again.

The ledger keeps the ids that tills wrote. An account that was merged points to the
older one (``alias_of``); what a person has is the sum over all accounts that end at the
same one. So events of tills that have not heard of it land where they belong, and taking
apart is forgetting the pointer: nothing was moved, nothing has to be moved back.
"""

from collections.abc import Iterable

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.books import Books, MemberState
from pos_loyalty.server.inbox_state import MERGED, UNMERGED, Decision

ACTIVE, ERASED = "active", "erased"
_SEQ_DIGITS = 12


def look_for_twins(books: Books, member: MemberState) -> None:
    """Compare a member whose phone number was just set with the loaded others, and ask.

    Nothing is merged without a person's word: a name and a number are known to many, and
    whoever signs up with another's would have that one's points on their own card.
    """
    if member.status != ACTIVE or not member.phone:
        return
    own = books.class_of(member.member)
    twins = [
        other
        for other in list(books.members.values())
        if other.status == ACTIVE and other.phone == member.phone and other not in own
    ]
    for twin in sorted(twins, key=lambda state: state.member):
        roots = sorted(books.class_of(each.member)[0].member for each in (member, twin))
        if roots[0] == roots[1]:
            continue
        tell_of_twins(books, "same_phone", older=roots[0], younger=roots[1])


def tell_of_twins(books: Books, kind: str, *, older: MemberId, younger: MemberId) -> None:
    """Put an item about two accounts on the owner's list; ``points`` are the younger one's."""
    books.notice(
        kind,
        StreamId(younger),
        int(older[-_SEQ_DIGITS:], 16),
        f"younger={younger} older={older}",
        member=younger,
        points=sum(state.balance for state in books.class_of(younger)),
    )


def merge(books: Books, one: MemberId, other: MemberId, *, who: str) -> bool:
    """Make two accounts one; the smallest id is the one that stays. False where it cannot be."""
    first, second = (books.class_of(member)[0] for member in (one, other))
    if first is second or ERASED in {first.status, second.status}:
        return False
    older, younger = sorted((first, second), key=lambda state: state.member)
    younger.alias_of = older.member
    books.inbox.merged_into.setdefault(older.member, set()).add(younger.member)
    for state in books.class_of(older.member):
        books.touch_member(state)
    books.inbox.decisions.append(
        Decision(kind=MERGED, subject=younger.member, object=older.member, who=who)
    )
    return True


def unmerge(books: Books, member: MemberId, *, who: str) -> bool:
    """Take an account out of the one into which it was merged. False where it is in none.

    What tills may spend of the older one was granted from both: it is asked back, so that
    each is granted its own again.
    """
    state = books.member(member)
    if state.alias_of is None:
        return False
    everyone = books.class_of(member)
    for each in everyone:
        books.touch_member(each)
    older, state.alias_of = state.alias_of, None
    books.inbox.merged_into.get(older, set()).discard(member)
    for each in everyone:
        for rights in books.rights.get(each.member, {}).values():
            if rights.outstanding > 0 and rights.keep != 0:
                rights.keep = 0
                books.announce_rights(rights)
    books.inbox.decisions.append(Decision(kind=UNMERGED, subject=member, object=older, who=who))
    return True


def living(books: Books, members: Iterable[MemberId]) -> set[MemberId]:
    """Return the accounts that stayed of these loaded ones, without the erased."""
    roots = (books.class_of(member)[0] for member in members)
    return {root.member for root in roots if root.status != ERASED}
