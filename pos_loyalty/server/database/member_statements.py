"""A member's row: read, and written with what is kept of the member."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.ids import MemberId, MerchantId
from pos_loyalty.server.books import MemberState
from pos_loyalty.server.database.repository import Found, Session, SqlValue
from pos_loyalty.server.keeping_state import Kept

_MEMBER = (
    "member, balance, outstanding, tier, months, name, phone, consent, consent_v, status,"
    " enrolled_ms, visits, alias_of, cards_blocked, sheet, due_ms"
)
_MONTHS: msgspec.json.Decoder[dict[int, int]] = msgspec.json.Decoder(dict[int, int])
_JSON = msgspec.json.Encoder()


def load_members(
    session: Session, merchant: MerchantId, members: Iterable[MemberId]
) -> dict[MemberId, MemberState]:
    """Return the members with these ids."""
    rows = session.fetch_among(
        f"SELECT {_MEMBER} FROM member WHERE merchant = ? AND member {{among}}",  # noqa: S608 - a constant
        merchant,
        sorted(set(members)),
    )
    return {MemberId(row[0]): member_of(row) for row in rows}


def member_of(row: Found) -> MemberState:
    """Build a member from its columns in the order of the table."""
    state = MemberState(
        member=MemberId(row[0]),
        balance=row[1],
        outstanding=row[2],
        tier=row[3],
        months=_MONTHS.decode(row[4]),
        name=row[5],
        phone=row[6],
        consent=row[7],
        consent_v=row[8],
        status=row[9],
        enrolled_ms=row[10],
        visits=row[11],
        alias_of=MemberId(row[12]) if row[12] else None,
        cards_blocked=bool(row[13]),
        due_ms=row[15],
    )
    if row[14]:
        sheet = _SHEET.decode(row[14])
        state.segments, state.birthday, state.kept = sheet.segments, sheet.birthday, sheet.kept
    return state


class _Sheet(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the column ``sheet`` holds; it is empty for most members of a plain program."""

    segments: tuple[str, ...] = ()
    birthday: str = ""
    kept: Kept | None = None


_SHEET: msgspec.json.Decoder[_Sheet] = msgspec.json.Decoder(_Sheet)


def _sheet_text(state: MemberState) -> str:
    if state.kept is None and not state.segments and not state.birthday:
        return ""
    return _JSON.encode(_Sheet(state.segments, state.birthday, state.kept)).decode()


def member_row(merchant: MerchantId, state: MemberState) -> tuple[SqlValue, ...]:
    """Return a member's columns in the order of the table."""
    return (
        merchant,
        state.member,
        state.balance,
        state.outstanding,
        state.tier,
        _JSON.encode(state.months).decode(),
        state.name,
        state.phone,
        state.consent,
        state.consent_v,
        state.status,
        state.enrolled_ms,
        state.visits,
        state.alias_of,
        int(state.cards_blocked),
        _sheet_text(state),
        state.due_ms,
    )
