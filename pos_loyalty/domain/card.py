"""A card: what identifies a member at the till. It holds no points."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from pos_loyalty.domain.ids import CardKey, MemberId


class CardStatus(StrEnum):
    """How far a card has come; see `join_status` for what wins when two tills disagree."""

    BLANK = "blank"
    """Printed, nobody's yet. May earn before anyone enrolls with it."""
    ACTIVE = "active"
    """Belongs to a member."""
    SUSPENDED = "suspended"
    """Paused: a manager can look at it."""
    REPLACED = "replaced"
    """The member has a newer card."""
    BLOCKED = "blocked"
    """Lost, stolen, or of a batch that was revoked."""


_ORDER: Final = {status: place for place, status in enumerate(CardStatus)}


def join_status(left: CardStatus, right: CardStatus) -> CardStatus:
    """Return the status that holds when two tills report different ones: the stricter.

    A lattice join: whatever the order and number of the reports, the result is the same, and a
    block always wins. Going back (the owner lifts a pause) is a decision, not a join.
    """
    return max(left, right, key=_ORDER.__getitem__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card as a till or the server knows it; the token in its QR code is not part of it."""

    card_key: CardKey
    number: str | None
    """The printed 12 digits; None for a card met at the till before its batch was synced."""
    member_id: MemberId | None
    status: CardStatus
    batch: str | None
    """The batch it was issued in, so that a stolen box of blanks can be revoked as one."""

    @property
    def may_earn(self) -> bool:
        """Whether a sale with this card counts."""
        return self.status in {CardStatus.BLANK, CardStatus.ACTIVE}

    @property
    def may_redeem(self) -> bool:
        """Whether this card may spend points: only a member's own active card."""
        return self.status is CardStatus.ACTIVE and self.member_id is not None
