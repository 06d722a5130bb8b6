"""The feed of changes: a page of rows after a cursor, read in one snapshot."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.card import CardStatus
from pos_loyalty.domain.ids import BatchId, CardKey, MemberId, MerchantId, StreamId, TillId
from pos_loyalty.domain.member_facts import NO_SHEET
from pos_loyalty.domain.program import is_plain
from pos_loyalty.server.attention_rows import attention_rows
from pos_loyalty.server.books import Merchant
from pos_loyalty.server.cursor import Cursor
from pos_loyalty.server.database import statements
from pos_loyalty.server.database.repository import Found, Session
from pos_loyalty.server.member_rows import member_rows
from pos_loyalty.server.packet_key import public_text
from pos_loyalty.wire.messages import (
    ROW_TYPES_OF_PROTOCOL_1,
    CardRow,
    MemberRow,
    MerchantRow,
    ProgramRow,
    RightsRow,
    Row,
    TillRow,
)
from pos_loyalty.wire.version import PROTOCOL_2, PROTOCOL_3, PROTOCOL_NEWEST

_IN_SNAPSHOTS = " AND (v > ? OR type NOT IN ('member', 'card'))"
_TYPES_OF_PROTOCOL_1 = ", ".join(f"'{type_}'" for type_ in sorted(ROW_TYPES_OF_PROTOCOL_1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows of the feed, the place after them, and whether further rows wait."""

    rows: tuple[Row, ...]
    cursor: Cursor
    more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Who reads the feed, when, and with which protocol; ``version`` where it is known already."""

    merchant: Merchant
    stream: StreamId
    now_ms: int
    protocol: int = PROTOCOL_NEWEST
    version: int | None = None


def read_page(session: Session, asking: Asking, *, after: Cursor, limit: int) -> Page:
    """Return the next page for a stream. Scope and type are filtered before the limit."""
    merchant = asking.merchant.merchant
    version = asking.version
    if version is None:
        version, _ = statements.current_version(session, merchant)
    changes = _changes(session, asking, after, limit + 1)
    page = changes[:limit]
    more = len(changes) > limit
    if more:
        v, type_, id_ = page[-1]
        skip_v = after.skip_v if int(v) < after.skip_v else 0
        cursor = Cursor(after.epoch, int(v), str(type_), str(id_), skip_v)
    else:
        cursor = Cursor(after.epoch, max(version + 1, after.v))
    by_type: dict[str, dict[str, int]] = {}
    for v, type_, id_ in page:
        by_type.setdefault(type_, {})[id_] = int(v)
    rows = [
        row
        for type_, versions in by_type.items()
        for row in _READERS[type_](session, asking, versions)
    ]
    rows.sort(key=lambda row: row.v)
    return Page(rows=_survivors_first(rows), cursor=cursor, more=more)


def _survivors_first(rows: Sequence[Row]) -> tuple[Row, ...]:
    """Put the account that stayed directly before one that was merged into it."""
    merged = {row.alias_of for row in rows if isinstance(row, MemberRow) and row.alias_of}
    if not merged:
        return tuple(rows)
    stayed = {row.member: row for row in rows if isinstance(row, MemberRow)}
    ordered: dict[tuple[str, str], Row] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, MemberRow):
            ordered["", str(place)] = row
            continue
        if row.alias_of is not None and row.alias_of in stayed:
            ordered.setdefault(("member", row.alias_of), stayed[row.alias_of])
        ordered.setdefault(("member", row.member), row)
    return tuple(ordered.values())


Versions = dict[str, int]


def _changes(session: Session, asking: Asking, after: Cursor, limit: int) -> list[Found]:
    """Return (version, type, id) of what a till may hear after a place in the feed.

    An older till cannot read rows that came later; it goes past them, and asks for all rows
    again after its update.
    """
    can_read_all = asking.protocol >= PROTOCOL_2
    types = "" if can_read_all else f" AND type IN ({_TYPES_OF_PROTOCOL_1})"
    if after.skip_v:
        types += _IN_SNAPSHOTS
    skipped = (after.skip_v,) if after.skip_v else ()
    return session.fetch(
        "SELECT v, type, id FROM chg WHERE merchant = ? AND (v, type, id) > (?, ?, ?)"  # noqa: S608 - constants
        # Not IN: PostgreSQL would look both up in the index and sort all that was found.
        f" AND (scope = '' OR scope = ?){types} ORDER BY v, type, id LIMIT ?",
        asking.merchant.merchant,
        after.v,
        after.type,
        after.id,
        asking.stream,
        *skipped,
        limit,
    )


def rows_of(session: Session, asking: Asking, type_: str, versions: Versions) -> Sequence[Row]:
    """Return the rows of one type with these ids, each at its version."""
    return _READERS[type_](session, asking, versions)


def _members(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    rows = member_rows(session, asking.merchant.merchant, versions, now_ms=asking.now_ms)
    if asking.protocol >= PROTOCOL_3:
        return rows
    # An older till has no use for what is known of a person; after its update all rows come again.
    return [msgspec.structs.replace(row, sheet=NO_SHEET) for row in rows]


def _cards(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    merchant = asking.merchant.merchant
    states = statements.load_cards(session, merchant, [CardKey(key) for key in versions])
    return [
        CardRow(
            v=versions[state.card_key],
            card_key=state.card_key,
            number=state.number,
            member=state.member,
            status=CardStatus(state.status).value,
            batch=BatchId(state.batch),
        )
        for state in states.values()
    ]


def _programs(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    programs = statements.load_programs(session, asking.merchant.merchant)
    return [
        ProgramRow(v=versions[program.version], program=program)
        for _, program in programs
        if program.version in versions
        # An older till cannot read the others, or would pass over rules that move points.
        if asking.protocol >= PROTOCOL_3 or is_plain(program)
    ]


def _rights(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    merchant = asking.merchant.merchant
    found = statements.load_rights(session, merchant, [MemberId(key) for key in versions])
    held = [streams[asking.stream] for streams in found.values() if asking.stream in streams]
    lent = statements.load_lent(
        session, merchant, asking.stream, [state.member for state in held if state.lent]
    )
    return [
        RightsRow(
            v=versions[state.member],
            member=state.member,
            granted=state.granted,
            keep=state.keep,
            lent=lent.get(state.member, ()),
        )
        for state in held
    ]


def _merchant(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    merchant = asking.merchant
    accepted = session.fetch(
        "SELECT accepted FROM accepted_merchant WHERE merchant = ? ORDER BY accepted",
        merchant.merchant,
    )
    names = session.fetch(
        "SELECT shop.name, till.name, shop.shop FROM stream"
        " JOIN till ON till.merchant = stream.merchant AND till.till = stream.till"
        " JOIN shop ON shop.merchant = till.merchant AND shop.shop = till.shop"
        " WHERE stream.merchant = ? AND stream.stream = ?",
        merchant.merchant,
        asking.stream,
    )
    shop_name, till_name, shop = names[0] if names else ("", "", "")
    return [
        MerchantRow(
            v=versions[merchant.merchant],
            merchant=merchant.merchant,
            name=merchant.name,
            currency=merchant.currency,
            country=merchant.country,
            accepted=tuple(MerchantId(row[0]) for row in accepted),
            shop_name=shop_name,
            till_name=till_name,
            packet_key=public_text(session, merchant.merchant),
            hub_pin=_hub_pin(session, merchant.merchant, shop),
        )
    ]


def _hub_pin(session: Session, merchant: MerchantId, shop: str) -> str:
    """Return the certificate of a shop's newest hub that is not switched off."""
    rows = session.fetch(
        "SELECT hub_pin FROM till WHERE merchant = ? AND shop = ? AND hub_pin <> ''"
        " AND revoked_ms = 0 ORDER BY joined_ms DESC, till DESC LIMIT 1",
        merchant,
        shop,
    )
    return str(rows[0][0]) if rows else ""


def _tills(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    rows = session.fetch_among(
        "SELECT till.till, till.name, shop.name, till.public_key, till.revoked_ms FROM till"
        " JOIN shop ON shop.merchant = till.merchant AND shop.shop = till.shop"
        " WHERE till.merchant = ? AND till.till {among}",
        asking.merchant.merchant,
        sorted(versions),
    )
    return [
        TillRow(
            v=versions[till],
            till=TillId(till),
            name=name,
            shop_name=shop_name,
            public_key=public_key,
            status="revoked" if revoked_ms else "active",
        )
        for till, name, shop_name, public_key, revoked_ms in rows
    ]


def _attention(session: Session, asking: Asking, versions: Versions) -> Sequence[Row]:
    return attention_rows(session, asking.merchant.merchant, versions)


_READERS: dict[str, Callable[[Session, Asking, Versions], Sequence[Row]]] = {
    "member": _members,
    "card": _cards,
    "program": _programs,
    "rights": _rights,
    "merchant": _merchant,
    "till": _tills,
    "attention": _attention,
}
