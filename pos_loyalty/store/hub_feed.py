"""The feed of a shop's hub: what one till has not heard of the others, as absolute rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.ids import MemberId, StreamId, TillId
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork
from pos_loyalty.wire.messages import CardRow, MemberRow, PeerRow, ProfileChange, RightsRow, Row


@dataclass(frozen=True, kw_only=True)
class FeedPage:
    """Rows, the place after them, and whether further rows wait."""

    rows: tuple[Row, ...]
    cursor: int
    more: bool


def mark(work: UnitOfWork, kind: str, entity: str, *, scope: str = "") -> int:
    """Put an entity at the feed's end; return its place. One row each, however often it changes."""
    row = work.connection.execute("SELECT COALESCE(MAX(v), 0) + 1 FROM hub_change").fetchone()
    work.connection.execute(
        "INSERT INTO hub_change(kind, id, scope, v) VALUES (?, ?, ?, ?)"
        " ON CONFLICT(kind, id, scope) DO UPDATE SET v = excluded.v",
        (kind, entity, scope, row[0]),
    )
    return int(row[0])


def read_feed(
    read: Repositories,
    stream: StreamId,
    till: TillId,
    *,
    after: int,
    limit: int,
    recalled: Mapping[MemberId, int],
) -> FeedPage:
    """Return the next page for a till; its own events and journals tell it nothing new."""
    end = read.connection.execute("SELECT COALESCE(MAX(v), 0) FROM hub_change").fetchone()
    if after > end[0]:
        after = 0  # a hub restored from a backup begins again
    found = read.connection.execute(
        "SELECT kind, id, v FROM hub_change WHERE v > ? AND scope IN ('', ?) ORDER BY v LIMIT ?",
        (after, stream, limit + 1),
    ).fetchall()
    page, more = found[:limit], len(found) > limit
    rows: list[Row] = []
    for kind, entity, v in page:
        match kind:
            case "peer":
                rows.append(_peer(read, MemberId(entity), till, int(v)))
            case "rights":
                rows.append(_rights(read, stream, MemberId(entity), int(v), recalled))
            case _:
                rows.extend(_newcomer(read, entity, till))
    cursor = int(page[-1][2]) if more else int(end[0])
    return FeedPage(rows=tuple(rows), cursor=cursor, more=more)


def _peer(read: Repositories, member: MemberId, till: TillId, v: int) -> PeerRow:
    """Sum what other tills' events did to a member's points that the server has not heard of."""
    row = read.connection.execute(
        "SELECT COALESCE(SUM(points), 0) FROM hub_entry JOIN hub_stream USING (stream)"
        " WHERE member = ? AND till <> ? AND is_closed = 0",
        (member, till),
    ).fetchone()
    return PeerRow(v=v, member=member, points=int(row[0]))


def _rights(
    read: Repositories,
    stream: StreamId,
    member: MemberId,
    v: int,
    recalled: Mapping[MemberId, int],
) -> RightsRow:
    lent = read.connection.execute(
        "SELECT lender, points FROM hub_lent WHERE member = ? AND stream = ? ORDER BY lender",
        (member, stream),
    ).fetchall()
    is_recalled = member in recalled
    return RightsRow(
        v=v,
        member=member,
        granted=0,
        keep=recalled[member] if is_recalled else None,
        keep_for=read.journal.stream().stream if is_recalled else None,
        lent=tuple((StreamId(lender), int(points)) for lender, points in lent),
    )


def _newcomer(read: Repositories, entity: str, till: TillId) -> Sequence[MemberRow | CardRow]:
    """Return who or what is new by another till's event; nothing once the server knows."""
    row = read.connection.execute(
        "SELECT n.body FROM hub_newcomer n JOIN hub_stream s USING (stream)"
        " WHERE n.id = ? AND s.till <> ?",
        (entity, till),
    ).fetchone()
    if row is None:
        return ()
    found = msgspec.json.decode(row[0], type=MemberRow | CardRow)
    return (_with_profile(read, found) if isinstance(found, MemberRow) else found,)


def _with_profile(read: Repositories, row: MemberRow) -> MemberRow:
    """Add name and phone as they were typed at the other till, newest last."""
    name, phone = row.name, row.phone
    changes = read.connection.execute(
        "SELECT body FROM hub_profile WHERE member = ? ORDER BY change", (row.member,)
    )
    for (body,) in changes:
        change = msgspec.json.decode(body, type=ProfileChange)
        name = name if change.name is None else change.name
        phone = phone if change.phone is None else change.phone
    return msgspec.structs.replace(row, name=name, phone=phone)
