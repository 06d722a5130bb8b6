"""Spend rights on demand: grant from the pool, or ask other tills for theirs.

Nothing here can break the promise of :mod:`pos_loyalty.domain.spend_rights`: only
the pool is granted, and the pool is the balance less all rights outstanding.
"""

from collections.abc import Sequence
from enum import IntEnum

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.aliases import ERASED
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.server.event_problems import POINTS_MAX

WANTS_MAX = 50
"""A till asks for the members at its counter, not for all."""


class Shortage(IntEnum):
    """Whether points are still missing after granting."""

    NONE = 0
    FINAL = 1
    """Nobody else holds any: waiting helps nothing."""
    RECALLED = 2
    """Other tills were asked to return theirs."""


def grant(books: Books, stream: StreamState, wants: Sequence[tuple[MemberId, int]]) -> Shortage:
    """Grant what is asked for as far as the pool allows; recall what other tills hold."""
    if not wants:
        return Shortage.NONE
    if books.is_granting_frozen or stream.frozen:
        return Shortage.FINAL
    return max(
        (_grant_one(books, stream, member, points) for member, points in wants[:WANTS_MAX]),
        default=Shortage.NONE,
    )


def _grant_one(books: Books, stream: StreamState, member_id: MemberId, points: int) -> Shortage:
    member = books.members.get(member_id)
    if member is None or member.status == ERASED or not 0 < points <= POINTS_MAX:
        return Shortage.FINAL
    rights = books.rights_of(member_id, stream.stream)
    missing = points - rights.outstanding
    pool = books.pool_of(member_id)
    given = min(missing, pool)
    if given > 0:
        reserved = rights.reserved
        rights.granted += given
        member.outstanding += rights.reserved - reserved
        books.dirty_members.add(member_id)
        missing -= given
    if given > 0 or (rights.keep is not None and pool >= 0):
        rights.keep = None
        books.announce_rights(rights)
    if missing <= 0:
        return Shortage.NONE
    return _recall(books, stream.stream, member_id)


def _recall(books: Books, asking: StreamId, member: MemberId) -> Shortage:
    """Ask every other open stream that holds rights of the member to return them."""
    shortage = Shortage.FINAL
    held = [
        (other, rights)
        for each in books.class_of(member)
        for other, rights in books.rights.get(each.member, {}).items()
        if other != asking or each.member != member
    ]
    for other, rights in held:
        holder = books.streams.get(other)
        if rights.outstanding <= 0 or holder is None or holder.closed:
            continue
        shortage = Shortage.RECALLED
        books.demanded.add(member)
        if rights.keep != 0:
            rights.keep = 0
            books.announce_rights(rights)
    return shortage


def members_in_debt(books: Books) -> set[MemberId]:
    """Return the changed members who are below what tills may still spend of theirs."""
    return {
        member
        for member in books.dirty_members
        if (state := books.members[member]).balance < state.outstanding
    }


def recall_debts(books: Books, members: set[MemberId]) -> None:
    """Ask everything back of members whose pool is below zero; what they earn repays first.

    A closed journal never reads that it is asked; its rights stay counted.
    """
    for member in sorted(members):
        if books.pool_of(member) >= 0:
            continue
        for stream, rights in books.rights.get(member, {}).items():
            holder = books.streams.get(stream)
            is_closed = holder is not None and holder.closed
            if rights.outstanding > 0 and rights.keep != 0 and not is_closed:
                rights.keep = 0
                books.announce_rights(rights)
