"""Undo a sale of this till as a whole: a second event that cancels exactly the first."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import (
    SCHEMA_VERSION,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    SaleReversed,
    decode_event,
)
from pos_loyalty.domain.ids import EventId, MemberId, SaleId
from pos_loyalty.domain.spend_rights import RightsEffect, cover_taking_back
from pos_loyalty.domain.voucher import voucher_of
from pos_loyalty.services.claim_voucher import claims_of_sale
from pos_loyalty.services.member_now import balance_now
from pos_loyalty.services.reward_offers import count_rewards
from pos_loyalty.services.till_context import Stamp, TillContext
from pos_loyalty.store.journal import StoredEvent
from pos_loyalty.store.unit_of_work import Repositories, UnitOfWork

UNDO_MS_MAX = 5 * 60 * 1000
"""How long a cashier may undo without a manager."""


@dataclass(frozen=True)
class UndoSale:
    """Undo this sale; None means the newest sale of this till."""

    sale_id: SaleId | None = None


@dataclass(frozen=True)
class SaleUndone:
    """The sale no longer counts. ``already`` means it did not before this call either.

    ``voucher_points_taken`` are those of a voucher, which can be used again.
    """

    sale_id: SaleId
    member_id: MemberId | None
    earned_points_taken: int
    redeemed_points_returned: int
    balance_points: int
    already: bool
    voucher_points_taken: int = 0


class UndoSaleHandler:
    """Undoes sales."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: UndoSale) -> SaleUndone:
        """Undo a sale; a second time answers the same and writes nothing.

        Raises:
            RuleViolation: no such sale here, or older than five minutes.
        """
        stamp = self._context.stamp()
        with self._context.store.write() as work:
            stored, sale = _sale(work, command.sale_id)
            reversal_id = work.journal.is_reversed(stored.id)
            if reversal_id is None:
                self._ensure_recent(sale)
                _ensure_unchanged(work, stored.id)
                work.journal.append(self._reversal(work, stored, sale, stamp))
                self._count_rewards_back(work, sale)
            undone = SaleUndone(
                sale_id=SaleId(stored.id),
                member_id=sale.member,
                earned_points_taken=sale.earned,
                redeemed_points_returned=sale.redeemed,
                balance_points=balance_now(self._context, work, sale.member),
                already=reversal_id is not None,
                voucher_points_taken=_voucher_points(work, sale),
            )
            if reversal_id is None:
                work.commit()
        return undone

    def _ensure_recent(self, sale: SaleRecorded) -> None:
        """The older of two answers counts: a clock set back must not make an old sale young."""
        clock = self._context.clock
        age_ms = max(clock.now_ms() - sale.at_ms, clock.monotonic_ms() - sale.boot_ms)
        if age_ms > UNDO_MS_MAX:
            raise RuleViolation(Code.UNDO_LATE, saved=True)

    def _reversal(
        self, work: UnitOfWork, stored: StoredEvent, sale: SaleRecorded, stamp: Stamp
    ) -> SaleReversed:
        """Give back what was redeemed, then take back what was given as far as rights cover it."""
        rights_used, source = 0, ""
        voucher_points = _voucher_points(work, sale)
        if sale.member is not None:
            given_back = RightsEffect(sale.member, earned=sale.rights_used)
            rights = work.journal.rights(sale.member).plus(given_back)
            # Points that are pending still were never rights, so taking them uses none.
            earned = 0 if sale.pending_until_ms > stamp.at_ms else sale.earned
            rights_used = cover_taking_back(points=earned + voucher_points, rights=rights)
            source = rights.source_of(rights_used)
        return SaleReversed(
            v=SCHEMA_VERSION,
            id=stamp.id,
            at_ms=stamp.at_ms,
            boot_ms=stamp.boot_ms,
            tz_minutes=stamp.tz_minutes,
            program=self._context.program().version,
            sale_id=EventId(stored.id),
            sale_seq=stored.seq,
            member=sale.member,
            card_key=sale.card_key,
            earned_taken=sale.earned,
            redeemed_returned=sale.redeemed,
            rights_returned=sale.rights_used,
            rights_used=rights_used,
            rights_source=source,
            voucher_points_taken=voucher_points,
        )

    def _count_rewards_back(self, work: UnitOfWork, sale: SaleRecorded) -> None:
        """What the sale took of a stock in all is there again."""
        program = self._context.program_version(sale.program)
        if program is not None and sale.rewards:
            taken = tuple(reward.reward for reward in sale.rewards)
            count_rewards(program, work, taken, by=-1)


def _sale(work: Repositories, sale_id: SaleId | None) -> tuple[StoredEvent, SaleRecorded]:
    if sale_id is None:
        newest = work.journal.newest("sale", 1)
        if not newest:
            raise RuleViolation(Code.UNDO_NOTHING)
        stored = newest[0]
    else:
        found = work.journal.get(sale_id)
        if found is None:
            raise RuleViolation(Code.SALE_UNKNOWN)
        stored = found
    sale = decode_event(stored.data)
    if not isinstance(sale, SaleRecorded):
        raise RuleViolation(Code.SALE_UNKNOWN)
    if stored.stream_no != work.journal.stream().stream_no:
        # Rights go back only in the stream that used them; the server has the rest.
        raise RuleViolation(Code.UNDO_EARLIER_STREAM, saved=True)
    return stored, sale


def _voucher_points(work: Repositories, sale: SaleRecorded) -> int:
    """Return what a voucher on the sale gave; only a sale that names one is looked up."""
    if not any(voucher_of(reward.reward) for reward in sale.rewards):
        return 0
    return sum(claim.points for claim in claims_of_sale(work, sale.id))


def _ensure_unchanged(work: Repositories, sale_id: str) -> None:
    """What was refunded in part or moved is no longer what it was: the rest is refunded."""
    for event in work.journal.index.referring_to(sale_id):
        if isinstance(event, SaleRefunded | SaleMoved):
            raise RuleViolation(Code.UNDO_CHANGED, saved=True)
