"""What the shop's hub tells a till while the server is away: shown, lent and recalled.

Nothing here overrides a row of the server. Members and cards that were new at another till of the
shop are learned without a version, so that the server's own row replaces them; points of other
tills are shown beside the balance and never make spend rights; rights come only as totals of
what the hub lent by an event of its own.
"""

from collections.abc import Sequence

from pos_loyalty.domain.card import CardStatus, join_status
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.store.rights_return import Recall
from pos_loyalty.store.row_writer import card_status, write_lent
from pos_loyalty.store.unit_of_work import UnitOfWork
from pos_loyalty.wire.messages import CardRow, MemberRow, PeerRow, RightsRow, Row

_NEVER_SENT = (0, 0)


def write_hub_rows(work: UnitOfWork, rows: Sequence[Row]) -> dict[MemberId, Recall]:
    """Store rows of the hub; return the rights that it asks for."""
    recalls: dict[MemberId, Recall] = {}
    for row in rows:
        match row:
            case PeerRow():
                _peer(work, row)
            case MemberRow():
                _member(work, row)
            case CardRow():
                _card(work, row)
            case RightsRow():
                write_lent(work, row.member, row.lent)
                if row.keep is not None and row.keep_for is not None:
                    recalls[row.member] = Recall(row.keep, row.keep_for)
            case _:
                # Only the server speaks of programs, tills and the merchant.
                continue
    return recalls


def _peer(work: UnitOfWork, row: PeerRow) -> None:
    work.connection.execute(
        "INSERT INTO points(member, peer_points) VALUES (?, ?)"
        " ON CONFLICT(member) DO UPDATE SET peer_points = excluded.peer_points",
        (row.member, row.points),
    )


def _member(work: UnitOfWork, row: MemberRow) -> None:
    if work.members.version(row.member) != _NEVER_SENT:
        return
    work.members.put(
        row.member, name=row.name, phone=row.phone, tier=row.tier, enrolled_ms=row.enrolled_ms
    )


def _card(work: UnitOfWork, row: CardRow) -> None:
    """Learn a card; one that is known gets a member only while blank, and no milder status."""
    card = work.cards.get(row.card_key)
    member = row.member
    status = card_status(row.status)
    if card is not None:
        status = join_status(card.status, status)
        member = card.member_id or member
    if member is not None:
        status = join_status(status, CardStatus.ACTIVE)
    work.connection.execute(
        "INSERT INTO card(card_key, number, member, status, batch) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT(card_key) DO UPDATE SET member = excluded.member,"
        " status = excluded.status",
        (row.card_key, row.number, member, status.value, row.batch),
    )
