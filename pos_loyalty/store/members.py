"""Members, and the words by which they are found."""

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from pos_loyalty.domain.ids import MemberId, TierId
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet
from pos_loyalty.domain.search_text import fold, member_words, query_phrase, query_words
from pos_loyalty.domain.spend_rights import Rights
from pos_loyalty.store.database import Connection

_SHEET: msgspec.json.Decoder[MemberSheet] = msgspec.json.Decoder(MemberSheet)
_CANDIDATES_MAX = 200
_LAST_CODE_POINT = "\U0010ffff"

ERASED = "erased"
"""Status of a member of whom nothing but the id is left."""

_MERGED = "FROM member d JOIN points q ON q.member = d.member WHERE d.alias_of = m.member"
"""Accounts that were merged into ``m``: what they have unsent shows there."""
_RECORD = (
    "SELECT m.member, m.name, m.phone, m.tier, m.status,"
    " COALESCE(p.snapshot_points + p.overlay_points + p.peer_points, 0)"
    " + COALESCE((SELECT SUM(q.overlay_points + q.peer_points) {merged}), 0),"
    " COALESCE(p.snapshot_earned + p.overlay_earned, 0)"
    " + COALESCE((SELECT SUM(q.overlay_earned) {merged}), 0),"
    " COALESCE(p.granted, 0), COALESCE(p.earned, 0),"
    " COALESCE(p.used, 0), COALESCE(p.returned, 0), COALESCE(p.lent, 0), {card},"
    " m.sheet, m.enrolled_ms"
    " FROM {tables} LEFT JOIN points p ON p.member = m.member WHERE {where}"
)
_BY_ID = _RECORD.format(
    merged=_MERGED,
    card=(
        "(SELECT number FROM card WHERE member = m.member AND status = 'active'"
        " ORDER BY v DESC, card_key LIMIT 1), ''"
    ),
    tables="member m",
    where="m.member = COALESCE((SELECT alias_of FROM member WHERE member = ?1), ?1)",
)
_BY_CARD = _RECORD.format(
    merged=_MERGED,
    card="c.number, c.status",
    tables=(
        "card c JOIN member o ON o.member = c.member"
        " JOIN member m ON m.member = COALESCE(o.alias_of, o.member)"
    ),
    where="c.card_key = ?",
)


class MemberRecord(msgspec.Struct, frozen=True):
    """A member with balance and rights, read in one go. Points are integers.

    ``sheet`` is the server's; what this till did since is not in it.
    """

    member: MemberId
    name: str
    phone: str
    tier: str
    status: str
    balance_points: int
    earned_points: int
    rights: Rights
    card_number: str
    card_status: str
    sheet: MemberSheet = NO_SHEET
    enrolled_ms: int = 0


@dataclass(frozen=True)
class MemberMatch:
    """A search result; ``matched`` is the beginning of a word or phrase that found it."""

    member: MemberId
    name: str
    phone: str
    tier: str
    matched: str


class MemberRepository:
    """Reads and writes members over one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, member: MemberId) -> MemberRecord | None:
        """Return a member with balance and rights; of a merged account the one that stayed."""
        return self._record(_BY_ID, member)

    def name(self, member: MemberId) -> str | None:
        """Return the name of this very account."""
        row = self._connection.execute(
            "SELECT name FROM member WHERE member = ?", (member,)
        ).fetchone()
        return None if row is None else str(row[0])

    def survivor(self, member: MemberId) -> MemberId:
        """Return the account into which this one was merged, or itself."""
        row = self._connection.execute(
            "SELECT alias_of FROM member WHERE member = ? AND alias_of IS NOT NULL", (member,)
        ).fetchone()
        return member if row is None else MemberId(row[0])

    def accounts(self, member: MemberId) -> tuple[MemberId, ...]:
        """Return an account and those that were merged into it."""
        rows = self._connection.execute("SELECT member FROM member WHERE alias_of = ?", (member,))
        return (member, *(MemberId(row[0]) for row in rows))

    def record_by_card(self, card_key: str) -> MemberRecord | None:
        """Return the member of a card, in one query, with the card's number and status."""
        return self._record(_BY_CARD, card_key)

    def by_phone(self, phone: str) -> MemberId | None:
        """Return the member with this phone number (E.164), the oldest where several have it."""
        row = self._connection.execute(
            "SELECT COALESCE(alias_of, member) FROM member WHERE phone = ? AND phone <> ''"
            " ORDER BY 1 LIMIT 1",
            (phone,),
        ).fetchone()
        return None if row is None else MemberId(row[0])

    def put(
        self,
        member: MemberId,
        *,
        name: str,
        phone: str,
        tier: str,
        status: str = "active",
        enrolled_ms: int = 0,
        alias_of: MemberId | None = None,
        epoch: int = 0,
        v: int = 0,
        sheet: MemberSheet = NO_SHEET,
    ) -> None:
        """Add a member or give one new fields, with the words that find it."""
        before = self._connection.execute(
            "SELECT name, phone FROM member WHERE member = ?", (member,)
        ).fetchone()
        self._connection.execute(
            "INSERT INTO member"
            "(member, name, phone, tier, status, enrolled_ms, alias_of, epoch, v, sheet)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(member) DO UPDATE SET"
            " name = excluded.name, phone = excluded.phone, tier = excluded.tier,"
            " status = excluded.status, enrolled_ms = excluded.enrolled_ms,"
            " alias_of = excluded.alias_of, epoch = excluded.epoch, v = excluded.v,"
            " sheet = excluded.sheet",
            (
                member,
                name,
                phone,
                tier,
                status,
                enrolled_ms,
                alias_of,
                epoch,
                v,
                sheet_text(sheet),
            ),
        )
        if before is None:
            self._add_words(member, member_words(name=name, phone=phone))
        elif tuple(before) != (name, phone):
            old = set(member_words(name=before[0], phone=before[1]))
            new = set(member_words(name=name, phone=phone))
            self._connection.executemany(
                "DELETE FROM member_word WHERE word = ? AND member = ?",
                [(word, member) for word in old - new],
            )
            self._add_words(member, new - old)

    def shown_after(self, member: MemberId) -> tuple[tuple[MemberId, int], ...]:
        """Return an account and those merged into it, each with the last event its row holds.

        What this till did after it is not in the account's sheet.
        """
        rows = self._connection.execute(
            "SELECT m.member, COALESCE(p.overlay_after_seq, 0) FROM member m"
            " LEFT JOIN points p ON p.member = m.member WHERE m.member = ?1 OR m.alias_of = ?1",
            (member,),
        )
        return tuple((MemberId(row[0]), int(row[1])) for row in rows)

    def grant(self, member: MemberId, tier: TierId, until_ms: int) -> None:
        """Let a granted tier hold here at once; the server's row says the same later."""
        row = self._connection.execute(
            "SELECT sheet FROM member WHERE member = ?", (member,)
        ).fetchone()
        sheet = msgspec.structs.replace(read_sheet(row[0]), tier_until_ms=until_ms)
        self._connection.execute(
            "UPDATE member SET tier = ?, sheet = ? WHERE member = ?",
            (tier, sheet_text(sheet), member),
        )

    def version(self, member: MemberId) -> tuple[int, int]:
        """Return (epoch, v) of the row held, (0, 0) where the server never sent one."""
        row = self._connection.execute(
            "SELECT epoch, v FROM member WHERE member = ?", (member,)
        ).fetchone()
        return (0, 0) if row is None else (row[0], row[1])

    def find(self, text: str, limit: int) -> tuple[MemberMatch, ...]:
        """Return members that match every word of the text, as one types.

        Several words are looked up as they stand, as the beginning of a name. Only where
        nobody is called that does the longest word narrow by itself, and the others
        filter what it found.
        """
        words = query_words(text)
        if not words:
            return ()
        matches = self._beginning(query_phrase(words), limit)
        if not matches and len(words) > 1:
            longest, *others = sorted(words, key=len, reverse=True)
            matches = [
                match
                for match in self._beginning(longest, _CANDIDATES_MAX)
                if all(_has_word(match.name, match.phone, word) for word in others)
            ]
        return tuple(sorted(matches, key=lambda match: (fold(match.name), match.member))[:limit])

    def queue_profile(self, change: str, member: MemberId, body: bytes) -> None:
        """Keep personal fields for the server until it says that it has them."""
        self._connection.execute(
            "INSERT INTO profile_change(change, member, body) VALUES (?, ?, ?)",
            (change, member, body),
        )

    def _beginning(self, start: str, limit: int) -> list[MemberMatch]:
        """Return members of whom a word or phrase begins so."""
        rows = self._connection.execute(
            "SELECT DISTINCT m.member, m.name, m.phone, m.tier FROM"
            " (SELECT DISTINCT member FROM member_word WHERE word >= ? AND word < ? LIMIT ?) w"
            " JOIN member d ON d.member = w.member"
            " JOIN member m ON m.member = COALESCE(d.alias_of, d.member)",
            (start, start + _LAST_CODE_POINT, limit),
        )
        return [MemberMatch(MemberId(row[0]), row[1], row[2], row[3], start) for row in rows]

    def _record(self, sql: str, value: str) -> MemberRecord | None:
        row = self._connection.execute(sql, (value,)).fetchone()
        if row is None:
            return None
        return MemberRecord(
            member=row[0],
            name=row[1],
            phone=row[2],
            tier=row[3],
            status=row[4],
            balance_points=row[5],
            earned_points=row[6],
            rights=Rights(
                granted=row[7], earned=row[8], used=row[9], returned=row[10], lent=row[11]
            ),
            card_number=row[12] or "",
            card_status=row[13],
            sheet=read_sheet(row[14]),
            enrolled_ms=row[15],
        )

    def _add_words(self, member: MemberId, words: Iterable[str]) -> None:
        self._connection.executemany(
            "INSERT INTO member_word(word, member) VALUES (?, ?) ON CONFLICT DO NOTHING",
            [(word, member) for word in words],
        )


def read_sheet(text: str) -> MemberSheet:
    """Return a sheet from its column; most are empty."""
    return _SHEET.decode(text) if text else NO_SHEET


def sheet_text(sheet: MemberSheet) -> str:
    """Return what the column holds of a sheet."""
    return "" if sheet == NO_SHEET else msgspec.json.encode(sheet).decode()


def _has_word(name: str, phone: str, start: str) -> bool:
    return any(word.startswith(start) for word in member_words(name=name, phone=phone))
