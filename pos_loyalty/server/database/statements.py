"""What is read from the books and written to them, in the SQL that both databases speak."""

from collections.abc import Iterable, Sequence

import msgspec

from pos_loyalty.domain.ids import (
    CardKey,
    EventId,
    MemberId,
    MerchantId,
    StreamId,
    TillId,
)
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.server.books import (
    Books,
    CardState,
    Fact,
    Merchant,
    Programs,
    RightsState,
    StreamState,
)
from pos_loyalty.server.database import member_statements, tables, version_marks
from pos_loyalty.server.database.inbox_statements import save_inbox
from pos_loyalty.server.database.keeping_statements import save_keeping
from pos_loyalty.server.database.repository import Found, Session

_STREAM = (
    "stream, till, join_nonce, last, last_hash, closed, frozen, token, token_previous, seen_ms,"
    " durable, lost, risk_granted, risk_used"
)
_OF_TILL = "FROM till WHERE till.merchant = stream.merchant AND till.till = stream.till"
_SHOP = f"(SELECT shop {_OF_TILL})"
_JOINED = f"(SELECT joined_ms {_OF_TILL})"
_PROGRAM: msgspec.json.Decoder[LoyaltyProgram] = msgspec.json.Decoder(LoyaltyProgram)


def take_version(session: Session, merchant: MerchantId) -> tuple[int, int]:
    """Take the next change number and return it with the epoch.

    The lock on this row is held until commit: a number is seen only when all
    smaller ones are, so no reader can skip one. The number gets a random mark, by which
    books that were restored and went on are told from those that a till has seen.
    """
    mark = version_marks.new_mark()
    session.execute("UPDATE clock SET v = v + 1, mark = ? WHERE merchant = ?", mark, merchant)
    v, epoch = current_version(session, merchant)
    version_marks.keep_mark(session, merchant, v, mark)
    return v, epoch


def current_version(session: Session, merchant: MerchantId) -> tuple[int, int]:
    """Return the newest change number and the epoch of this snapshot."""
    row = session.fetch("SELECT v, epoch FROM clock WHERE merchant = ?", merchant)[0]
    return int(row[0]), int(row[1])


def load_merchant(session: Session) -> Merchant | None:
    """Return the merchant of this database with its programs, or None."""
    rows = session.fetch("SELECT merchant, name, currency, country FROM merchant")
    if not rows:
        return None
    merchant, name, currency, country = rows[0]
    return Merchant(
        merchant=MerchantId(merchant),
        name=name,
        currency=currency,
        country=country,
        programs=Programs(
            (program.version, program) for _, program in load_programs(session, merchant)
        ),
        rules_0_3_until=_rules_0_3_until(session, merchant),
    )


def _rules_0_3_until(session: Session, merchant: str) -> int:
    """Return the last version that 0.3.0 wrote, as the schema's fourth step noted it."""
    rows = session.fetch(
        "SELECT value FROM policy WHERE merchant = ? AND name = 'rules_0_3_until'", merchant
    )
    return int(rows[0][0]) if rows else 0


def load_programs(session: Session, merchant: str) -> list[tuple[int, LoyaltyProgram]]:
    """Return every published program with the version at which it was published."""
    rows = session.fetch("SELECT v, body FROM program WHERE merchant = ?", merchant)
    return [(int(v), _PROGRAM.decode(body)) for v, body in rows]


def load_streams(
    session: Session, merchant: MerchantId, streams: Iterable[str]
) -> dict[StreamId, StreamState]:
    """Return the streams with these ids."""
    rows = session.fetch_among(
        f"SELECT {_STREAM}, {_SHOP}, {_JOINED} FROM stream WHERE merchant = ? AND stream {{among}}",  # noqa: S608 - constants
        merchant,
        sorted(set(streams)),
    )
    states = [_stream_of(row) for row in rows]
    return {state.stream: state for state in states}


def _stream_of(row: Found) -> StreamState:
    return StreamState(
        stream=StreamId(row[0]),
        till=TillId(row[1]),
        join_nonce=row[2],
        last=row[3],
        last_hash=bytes(row[4]),
        closed=bool(row[5]),
        frozen=bool(row[6]),
        token=row[7],
        token_previous=row[8],
        seen_ms=row[9],
        durable=row[10],
        lost=bool(row[11]),
        risk_granted=row[12],
        risk_used=row[13],
        shop=row[14] or "",
        joined_ms=row[15] or 0,
    )


def is_any_frozen(session: Session, merchant: MerchantId) -> bool:
    """Tell whether restored books wait for an open stream's report, or for their owner."""
    sql = (
        "SELECT 1 FROM stream WHERE merchant = ? AND closed = 0 AND frozen = 1"
        " UNION ALL SELECT 1 FROM clock WHERE merchant = ? AND roster_open = 1 LIMIT 1"
    )
    return bool(session.fetch(sql, merchant, merchant))


load_members = member_statements.load_members


def load_rights(
    session: Session, merchant: MerchantId, members: Iterable[MemberId]
) -> dict[MemberId, dict[StreamId, RightsState]]:
    """Return the counters of these members in all streams."""
    rows = session.fetch_among(
        "SELECT member, stream, granted, earned, used, returned, keep, lent FROM rights"
        " WHERE merchant = ? AND member {among}",
        merchant,
        sorted(set(members)),
    )
    found: dict[MemberId, dict[StreamId, RightsState]] = {}
    for member, stream, granted, earned, used, returned, keep, lent in rows:
        found.setdefault(MemberId(member), {})[StreamId(stream)] = RightsState(
            member=MemberId(member),
            stream=StreamId(stream),
            granted=granted,
            earned=earned,
            used=used,
            returned=returned,
            keep=keep,
            lent=lent,
        )
    return found


def load_lent(
    session: Session, merchant: MerchantId, stream: StreamId, members: Sequence[MemberId]
) -> dict[MemberId, tuple[tuple[StreamId, int], ...]]:
    """Return what each lender gave a stream, for these members.

    What a lender had no right to give is told to nobody: a stolen till could else have others
    spend it. Where only its proof is on the way, the hub has told the receiver itself.
    """
    rows = session.fetch_among(
        "SELECT lent.member, lent.stream, lent.lender, lent.points FROM rights_lent AS lent"
        " JOIN rights AS had ON had.merchant = lent.merchant AND had.member = lent.member"
        " AND had.stream = lent.lender"
        " AND had.granted + had.lent + had.earned >= had.used + had.returned"
        " WHERE lent.merchant = ? AND lent.member {among} ORDER BY lent.member, lent.lender",
        merchant,
        sorted(set(members)),
    )
    found: dict[MemberId, tuple[tuple[StreamId, int], ...]] = {}
    for member, receiver, lender, points in rows:
        if receiver == stream:
            before = found.get(MemberId(member), ())
            found[MemberId(member)] = (*before, (StreamId(lender), int(points)))
    return found


def load_cards(
    session: Session, merchant: MerchantId, cards: Iterable[CardKey]
) -> dict[CardKey, CardState]:
    """Return the cards with these keys."""
    rows = session.fetch_among(
        "SELECT card_key, number, member, status, batch, held FROM card"
        " WHERE merchant = ? AND card_key {among}",
        merchant,
        sorted(set(cards)),
    )
    return {
        CardKey(key): CardState(
            card_key=CardKey(key),
            number=number,
            member=MemberId(member) if member else None,
            status=status,
            batch=batch,
            held=held,
        )
        for key, number, member, status, batch, held in rows
    }


def load_facts(
    session: Session, merchant: MerchantId, events: Iterable[EventId]
) -> dict[EventId, Fact]:
    """Return the events that count under these ids."""
    rows = session.fetch_among(
        "SELECT event, stream, seq, data, member FROM event{by_event}"
        " WHERE merchant = ? AND event IS NOT NULL AND event {among}",
        merchant,
        sorted(set(events)),
    )
    return {
        EventId(event): Fact(
            event=EventId(event),
            stream=StreamId(stream),
            seq=seq,
            data=bytes(data),
            member=MemberId(member) if member else None,
        )
        for event, stream, seq, data, member in rows
    }


def load_hashes(
    session: Session, merchant: MerchantId, stream: StreamId, *, first: int, last: int
) -> dict[tuple[StreamId, int], bytes]:
    """Return the hashes held of a stream from one place to another."""
    rows = session.fetch(
        "SELECT seq, hash FROM event WHERE merchant = ? AND stream = ? AND seq BETWEEN ? AND ?"
        " ORDER BY seq",
        merchant,
        stream,
        first,
        last,
    )
    return {(stream, int(seq)): bytes(value) for seq, value in rows}


def load_keys(
    session: Session, merchant: MerchantId, *, table: str, column: str, keys: Iterable[str]
) -> set[str]:
    """Return which of these keys a table has."""
    rows = session.fetch_among(
        f"SELECT {column} FROM {table} WHERE merchant = ? AND {column} {{among}}",  # noqa: S608 - constants of the caller
        merchant,
        sorted(set(keys)),
    )
    return {row[0] for row in rows}


def load_rescued(
    session: Session, merchant: MerchantId, hashes: Iterable[str]
) -> set[tuple[TillId, str]]:
    """Return which of these hashes were carried over, each with the till that did it."""
    rows = session.fetch_among(
        "SELECT stream.till, rescued.hash FROM rescued_event AS rescued JOIN stream"
        " ON stream.merchant = rescued.merchant AND stream.stream = rescued.stream"
        " WHERE rescued.merchant = ? AND rescued.hash {among}",
        merchant,
        sorted(set(hashes)),
    )
    return {(TillId(row[0]), row[1]) for row in rows}


def save(session: Session, books: Books) -> None:
    """Write everything that changed in the books, in bulk."""
    merchant, v, now_ms = books.merchant.merchant, books.v, books.now_ms
    if books.epoch_raised:
        session.execute(
            "UPDATE clock SET epoch = ?, roster_open = 1 WHERE merchant = ?", books.epoch, merchant
        )
        session.execute("UPDATE stream SET frozen = 1 WHERE merchant = ? AND closed = 0", merchant)
    session.put(tables.STREAM, _stream_rows(books))
    _save_lendings(session, books)
    session.add(
        tables.EVENT,
        [
            (
                merchant,
                row.stream,
                row.seq,
                row.hash,
                row.data,
                row.verdict.value,
                row.reason,
                row.event,
                row.kind,
                row.member,
                v,
                now_ms,
            )
            for row in books.events
        ],
    )
    session.add(
        tables.ENTRY,
        [
            (
                merchant,
                row.member,
                v,
                row.stream,
                row.seq,
                row.position,
                row.event,
                row.kind,
                row.points,
                row.at_ms,
            )
            for row in books.entries
        ],
    )
    _save_states(session, books)
    _save_marks(session, books)
    save_keeping(session, books)
    save_inbox(session, books)
    session.put(
        tables.CHANGE,
        sorted((merchant, change.type, change.id, change.scope, v) for change in books.changed),
    )


def _save_lendings(session: Session, books: Books) -> None:
    for (member, stream, lender), points in sorted(books.new_lendings.items()):
        session.execute(
            "INSERT INTO rights_lent (merchant, member, stream, lender, points)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (merchant, member, stream, lender)"
            " DO UPDATE SET points = rights_lent.points + excluded.points",
            books.merchant.merchant,
            member,
            stream,
            lender,
            points,
        )


def _stream_rows(books: Books) -> list[tuple[str | int | bytes, ...]]:
    return [
        (
            books.merchant.merchant,
            state.stream,
            state.till,
            state.join_nonce,
            state.last,
            state.last_hash,
            int(state.closed),
            int(state.frozen),
            state.token,
            state.token_previous,
            state.seen_ms,
            state.durable,
            int(state.lost),
            state.risk_granted,
            state.risk_used,
        )
        for state in (books.streams[stream] for stream in sorted(books.dirty_streams))
    ]


def _save_states(session: Session, books: Books) -> None:
    merchant = books.merchant.merchant
    session.put(
        tables.MEMBER,
        [
            member_statements.member_row(merchant, books.members[member])
            for member in sorted(books.dirty_members)
        ],
    )
    rights = [books.rights[member][stream] for member, stream in sorted(books.dirty_rights)]
    session.put(
        tables.RIGHTS,
        [
            (
                merchant,
                state.member,
                state.stream,
                state.granted,
                state.earned,
                state.used,
                state.returned,
                state.keep,
                state.lent,
            )
            for state in rights
        ],
    )
    cards = [books.cards[card] for card in sorted(books.dirty_cards)]
    session.put(
        tables.CARD,
        [
            (
                merchant,
                state.card_key,
                state.number,
                state.member,
                state.status,
                state.batch,
                state.held,
            )
            for state in cards
        ],
    )


def _save_marks(session: Session, books: Books) -> None:
    merchant, v, now_ms = books.merchant.merchant, books.v, books.now_ms
    session.add(
        tables.REVERSED,
        [(merchant, sale, *place) for sale, place in books.new_reversals.items()],
    )
    session.put(
        tables.RESCUED, [(merchant, key, *place) for key, place in books.new_rescues.items()]
    )
    session.add(
        tables.PROFILE_CHANGE,
        [(merchant, change, member, v) for change, member in books.new_changes.items()],
    )
    session.put(
        tables.SIGNATURE,
        [
            (merchant, stream, seq, value, signature, now_ms)
            for (stream, seq), (value, signature) in books.signatures.items()
        ],
    )
    notices = {
        (item.kind, item.stream, item.seq): (
            merchant,
            item.kind,
            item.stream,
            item.seq,
            item.detail,
            now_ms,
            item.member,
            item.points,
        )
        for item in books.attention
    }
    session.put(tables.NOTICE, [notices[key] for key in sorted(notices)])


def stored_verdicts(
    session: Session, merchant: MerchantId, stream: StreamId, *, first: int, last: int
) -> Sequence[tuple[int, str]]:
    """Return seq and verdict of the events in a range that were not simply applied."""
    rows = session.fetch(
        "SELECT seq, verdict FROM event WHERE merchant = ? AND stream = ?"
        " AND seq BETWEEN ? AND ? AND verdict <> 'applied' ORDER BY seq",
        merchant,
        stream,
        first,
        last,
    )
    return [(int(seq), str(verdict)) for seq, verdict in rows]
