"""What an event gave or took for an invitation, in words: only the server's books know it."""

from collections.abc import Container, Sequence

import msgspec

from pos_loyalty.domain.explanation import ExplainedEntry, Explanation
from pos_loyalty.domain.ids import MemberId
from pos_loyalty.domain.ledger import EntryKind
from pos_loyalty.domain.trace import points_text


def with_invitation(
    explanation: Explanation, booked: Sequence[ExplainedEntry], *, referrers: Container[MemberId]
) -> Explanation:
    """Add to an explanation what the event paid for an invitation, and what it took back.

    Args:
        explanation: of the event.
        booked: the entries that the books made of it, for everybody.
        referrers: who of them had invited; the others were invited.
    """
    moved = [entry for entry in booked if entry.kind == EntryKind.REFERRAL]
    back = _listed([entry for entry in moved if entry.points < 0], "from", referrers)
    paid = _listed([entry for entry in moved if entry.points > 0], "to", referrers)
    words = [explanation.what]
    words += [f"Taken back for an invitation: {back}."] if back else []
    words += [f"Paid for an invitation: {paid}."] if paid else []
    return msgspec.structs.replace(explanation, what=" ".join(words))


def _listed(
    entries: Sequence[ExplainedEntry], preposition: str, referrers: Container[MemberId]
) -> str:
    told = [(_who(entry, referrers), points_text(abs(entry.points))) for entry in entries]
    return ", ".join(f"{points} {preposition} {who}" for who, points in sorted(told))


def _who(entry: ExplainedEntry, referrers: Container[MemberId]) -> str:
    is_referrer = entry.member is not None and entry.member in referrers
    return "who invited" if is_referrer else "who was invited"
