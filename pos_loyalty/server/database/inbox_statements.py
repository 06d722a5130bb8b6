"""The owner's list, merged accounts and older field values: what is read and written."""

from collections.abc import Iterable, Sequence

from pos_loyalty.domain.ids import CardKey, EventId, MemberId, MerchantId, StreamId
from pos_loyalty.server.books import Books
from pos_loyalty.server.database import tables
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.database.rights_left import tell_left
from pos_loyalty.server.inbox_state import ERASED, FieldValue, Item, item_place

_LAST_V = (1 << 63) - 1
ITEM_COLUMNS = "kind, stream, seq, detail, member, points, settled"


def load_items(session: Session, merchant: MerchantId, items: Iterable[str]) -> dict[str, Item]:
    """Return the items with these ids."""
    wanted = {item for item in items if item_place(item) is not None}
    streams = {place[1] for place in map(item_place, wanted) if place is not None}
    rows = session.fetch_among(
        f"SELECT {ITEM_COLUMNS} FROM attention WHERE merchant = ? AND stream {{among}}",  # noqa: S608 - a constant
        merchant,
        sorted(streams),
    )
    found = [item_of(row) for row in rows]
    return {item.id: item for item in found if item.id in wanted}


def item_of(row: Found) -> Item:
    """Build an item from its columns in the order of :data:`ITEM_COLUMNS`."""
    return Item(
        kind=row[0],
        stream=StreamId(row[1]),
        seq=int(row[2]),
        detail=row[3],
        member=MemberId(row[4]) if row[4] else None,
        points=int(row[5]),
        settled=row[6],
    )


def children_of(
    session: Session, merchant: MerchantId, members: Iterable[MemberId]
) -> list[tuple[MemberId, MemberId]]:
    """Return (merged account, account it was merged into) for these as the latter."""
    rows = session.fetch_among(
        "SELECT member, alias_of FROM member"
        " WHERE merchant = ? AND alias_of IS NOT NULL AND alias_of {among}",
        merchant,
        sorted(set(members)),
    )
    return [(MemberId(member), MemberId(older)) for member, older in rows]


def members_with_phones(
    session: Session, merchant: MerchantId, phones: Iterable[str]
) -> set[MemberId]:
    """Return the members who have one of these phone numbers."""
    rows = session.fetch_among(
        "SELECT member FROM member WHERE merchant = ? AND phone <> '' AND phone {among}",
        merchant,
        sorted(set(phones) - {""}),
    )
    return {MemberId(row[0]) for row in rows}


def cards_of(session: Session, merchant: MerchantId, members: Iterable[MemberId]) -> list[CardKey]:
    """Return the cards of these members."""
    rows = session.fetch_among(
        "SELECT card_key FROM card WHERE merchant = ? AND member {among}",
        merchant,
        sorted(set(members)),
    )
    return [CardKey(row[0]) for row in rows]


def load_values(
    session: Session, merchant: MerchantId, members: Iterable[MemberId]
) -> dict[tuple[MemberId, str], list[FieldValue]]:
    """Return what the personal fields of these members were given, oldest first."""
    rows = session.fetch_among(
        "SELECT member, field, v, change, value, till FROM profile_history"
        " WHERE merchant = ? AND member {among} ORDER BY member, field, v, change",
        merchant,
        sorted(set(members)),
    )
    found: dict[tuple[MemberId, str], list[FieldValue]] = {}
    for member, field, v, change, value, till in rows:
        found.setdefault((MemberId(member), field), []).append(
            FieldValue(
                member=MemberId(member),
                field=field,
                v=v,
                change=EventId(change),
                value=value,
                till=till,
            )
        )
    return found


def save_inbox(session: Session, books: Books) -> None:
    """Write what was settled and decided, and what became of personal fields."""
    merchant, inbox = books.merchant.merchant, books.inbox
    for done in inbox.settled.values():
        session.execute(
            "UPDATE attention SET settled = ?, settled_ms = ?, settlement = ?, settled_by = ?"
            " WHERE merchant = ? AND kind = ? AND stream = ? AND seq = ? AND settled = ''",
            done.choice,
            books.now_ms,
            done.settlement,
            done.who,
            merchant,
            done.item.kind,
            done.item.stream,
            done.item.seq,
        )
    session.add(
        tables.DECISION,
        [
            (merchant, books.v, no, each.kind, each.subject, each.object, each.who, books.now_ms)
            for no, each in enumerate(inbox.decisions)
        ],
    )
    _save_values(session, books)
    tell_left(session, merchant, inbox.closed, v=books.v, now_ms=books.now_ms)


def _save_values(session: Session, books: Books) -> None:
    merchant, inbox = books.merchant.merchant, books.inbox
    dropped = {(one.member, one.field, one.v, one.change) for one in inbox.dropped_values}
    for member, field, v, change in sorted(dropped):
        session.execute(
            "DELETE FROM profile_history"
            " WHERE merchant = ? AND member = ? AND field = ? AND v = ? AND change = ?",
            *(merchant, member, field, v, change),
        )
    session.put(
        tables.PROFILE_HISTORY,
        [
            (merchant, one.member, one.field, one.v, one.change, one.value, one.till)
            for one in inbox.new_values
            if (one.member, one.field, one.v, one.change) not in dropped
            and one.member not in inbox.erased
        ],
    )
    for member in sorted(inbox.erased):
        session.execute(
            "DELETE FROM profile_history WHERE merchant = ? AND member = ?", merchant, member
        )


def last_erasure(session: Session, merchant: MerchantId) -> int:
    """Return the version of the books at which somebody was erased last; 0 for never."""
    rows = session.fetch(
        "SELECT max(v) FROM decision WHERE merchant = ? AND kind = ?", merchant, ERASED
    )
    return int(rows[0][0] or 0)


def decisions(
    session: Session, merchant: MerchantId, *, from_v: int = 0, until_v: int = _LAST_V
) -> Sequence[Found]:
    """Return (version, kind, subject, object, time) of what was decided, in order.

    ``from_v`` is the first version that counts, ``until_v`` the first that does not any more.
    """
    return session.fetch(
        "SELECT v, kind, subject, object, at_ms FROM decision"
        " WHERE merchant = ? AND v >= ? AND v < ? ORDER BY v, no",
        merchant,
        from_v,
        until_v,
    )
