"""Every point of a member: each entry with why it is there, and what of it ends next."""

from collections.abc import Callable, Sequence

import msgspec

from pos_loyalty.domain.explanation import Explanation
from pos_loyalty.domain.ids import EventId, MemberId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.member_facts import NO_SHEET, MemberSheet

ELSEWHERE = "elsewhere"
"""The kind of the line that stands for entries which are not here."""

_WORDS: dict[str, str] = {
    EntryKind.ACCRUAL: "earned by a sale",
    EntryKind.REDEMPTION: "used for rewards of a sale",
    EntryKind.ACCRUAL_REVERSED: "taken back: a sale was undone, or goods came back",
    EntryKind.REDEMPTION_REVERSED: "given back: a sale was undone, or goods came back",
    EntryKind.WELCOME: "welcome to the program",
    EntryKind.ADJUSTMENT: "changed by hand",
    EntryKind.ACTIVITY: "for an activity",
    EntryKind.VOUCHER: "by a voucher",
    EntryKind.CARD_POINTS: "waited on the card before it had a member",
    EntryKind.REFERRAL: "for an invitation that was followed",
    EntryKind.EXPIRATION: "ended, as the program says",
    EntryKind.REINSTATEMENT: "given new life by the owner after they had ended",
    ELSEWHERE: "at other tills and at the server, whose books say more",
}
_REFERRAL_BACK = "taken back: what had paid for an invitation was undone, moved, or came back"


class PointsMoved(msgspec.Struct, frozen=True):
    """An entry as the books have it; ``event`` is empty where nothing else is known of it."""

    event: str
    at_ms: int
    kind: str
    points: int


class EntryExplained(msgspec.Struct, frozen=True, kw_only=True):
    """One entry in words; ``balance`` is the balance after it.

    ``explanation`` is None where the event is not here; ``what`` says what can be said.
    """

    event: EventId
    at_ms: int
    kind: str
    points: int
    balance: int
    what: str
    explanation: Explanation | None = None


class MemberExplained(msgspec.Struct, frozen=True, kw_only=True):
    """A member's points, entry by entry, oldest first.

    ``pending`` of them cannot be used before ``pending_until_ms`` (the first of them), and
    ``ends_points`` end next, at ``ends_ms``; 0 is never.
    """

    member: MemberId
    balance: int
    entries: tuple[EntryExplained, ...]
    pending: int = 0
    pending_until_ms: int = 0
    ends_points: int = 0
    ends_ms: int = 0


def explained_member(
    member: MemberId,
    *,
    balance: int,
    moved: Sequence[PointsMoved],
    explain: Callable[[str], Explanation | None],
    sheet: MemberSheet = NO_SHEET,
) -> MemberExplained:
    """Put a member's newest entries (oldest first) into words; they add up to the balance.

    What came before them, or is not here, is one line at the start.
    """
    missing = balance - sum(entry.points for entry in moved)
    before = [PointsMoved("", moved[0].at_ms if moved else 0, ELSEWHERE, missing)]
    entries: list[EntryExplained] = []
    running = 0
    for entry in [*(before if missing else ()), *moved]:
        running += entry.points
        entries.append(
            EntryExplained(
                event=EventId(entry.event),
                at_ms=entry.at_ms,
                kind=entry.kind,
                points=entry.points,
                balance=running,
                what=_words_of(entry),
                explanation=explain(entry.event) if entry.event else None,
            )
        )
    return MemberExplained(
        member=member,
        balance=balance,
        entries=tuple(entries),
        pending=sheet.pending,
        pending_until_ms=sheet.pending_until_ms,
        ends_points=sheet.ends_points,
        ends_ms=sheet.ends_ms,
    )


def _words_of(entry: PointsMoved) -> str:
    if entry.kind == EntryKind.REFERRAL and entry.points < 0:
        return _REFERRAL_BACK
    return _WORDS.get(entry.kind, entry.kind)
