"""What events do to points: the one fold that till and server share.

A balance is the sum of entries and is never stored as truth; what is stored as a
cache can be re-summed by :func:`balance_points`.
"""

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from pos_loyalty.domain.event import (
    ActivityRecorded,
    Event,
    MemberEnrolled,
    PointsAdjusted,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    VoucherClaimed,
)
from pos_loyalty.domain.ids import CardKey, MemberId


class EntryKind(StrEnum):
    """Why points changed."""

    ACCRUAL = "accrual"
    REDEMPTION = "redemption"
    ACCRUAL_REVERSED = "accrual_reversed"
    REDEMPTION_REVERSED = "redemption_reversed"
    WELCOME = "welcome"
    ADJUSTMENT = "adjustment"
    ACTIVITY = "activity"
    VOUCHER = "voucher"
    CARD_POINTS = "card_points"
    REFERRAL = "referral"
    EXPIRATION = "expiration"
    REINSTATEMENT = "reinstatement"


EARNING_KINDS = frozenset({EntryKind.ACCRUAL, EntryKind.ACCRUAL_REVERSED, EntryKind.CARD_POINTS})
"""The kinds that count toward a tier: points earned by purchases, net of what came back."""


class LedgerEntry(msgspec.Struct, frozen=True):
    """One immutable change of a member's points; ``member`` is None on a card not known yet."""

    kind: EntryKind
    points: int
    member: MemberId | None
    card_key: CardKey | None = None

    @property
    def earned_points(self) -> int:
        """How much this entry counts toward the tier."""
        return self.points if self.kind in EARNING_KINDS else 0


def entries_of(event: Event) -> tuple[LedgerEntry, ...]:
    """Return what an event does to points, in the order in which it does it.

    Rewards are paid before the sale earns; a reversal gives back before it takes.
    """
    return tuple(entry for entry in _all_entries(event) if entry.points)


def _all_entries(event: Event) -> Iterable[LedgerEntry]:
    match event:
        case SaleRecorded():
            yield _entry(EntryKind.REDEMPTION, -event.redeemed, event)
            yield _entry(EntryKind.ACCRUAL, event.earned, event)
        case SaleReversed() | SaleRefunded():
            yield _entry(EntryKind.REDEMPTION_REVERSED, event.redeemed_returned, event)
            yield _entry(EntryKind.ACCRUAL_REVERSED, -event.earned_taken, event)
            if isinstance(event, SaleReversed):
                yield _entry(EntryKind.VOUCHER, -event.voucher_points_taken, event)
        case MemberEnrolled():
            yield LedgerEntry(EntryKind.WELCOME, event.welcome, event.member)
        case PointsAdjusted() | ActivityRecorded() | VoucherClaimed():
            yield LedgerEntry(_SINGLE_KINDS[type(event)], event.points, event.member)
        case SaleMoved():
            yield from _moved(event)
        case _:
            return


_SINGLE_KINDS = {
    PointsAdjusted: EntryKind.ADJUSTMENT,
    ActivityRecorded: EntryKind.ACTIVITY,
    VoucherClaimed: EntryKind.VOUCHER,
}


def _moved(event: SaleMoved) -> Iterable[LedgerEntry]:
    if event.from_member is not None:
        yield LedgerEntry(EntryKind.ACCRUAL_REVERSED, -event.earned_taken, event.from_member)
    yield LedgerEntry(EntryKind.ACCRUAL, event.earned_given, event.to_member)


def _entry(
    kind: EntryKind, points: int, event: SaleRecorded | SaleReversed | SaleRefunded
) -> LedgerEntry:
    is_known = event.member or event.card_key
    return LedgerEntry(kind, points if is_known else 0, event.member, event.card_key)


def balance_points(entries: Iterable[LedgerEntry]) -> int:
    """Return the sum of entries."""
    return sum(entry.points for entry in entries)
