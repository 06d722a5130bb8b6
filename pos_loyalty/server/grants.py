"""Spend rights on demand: grant from the pool, or ask other tills for theirs.

Nothing here can break the promise of :mod:`pos_loyalty.domain.spend_rights`: only
the pool is granted, and the pool is the balance less all rights outstanding.
"""

from collections.abc import Sequence
from enum import IntEnum

from pos_loyalty.domain.ids import MemberId, StreamId
from pos_loyalty.server.aliases import ERASED
from pos_loyalty.server.books import Books, StreamState
from pos_loyalty.server.reading import POINTS_MAX

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
    if books.any_frozen or stream.frozen or books.epoch_raised:
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
    given = min(missing, books.pool_of(member_id))
    if given > 0:
        rights.granted += given
        member.outstanding += given
        books.dirty_members.add(member_id)
        missing -= given
    if given > 0 or rights.keep is not None:
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
        if rights.keep != 0:
            rights.keep = 0
            books.announce_rights(rights)
    return shortage
