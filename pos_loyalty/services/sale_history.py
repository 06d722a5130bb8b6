"""What became of a sale of this till: undone, refunded in part, moved to the right member."""

from collections.abc import Sequence

import msgspec

from pos_loyalty.domain.accrual import earn, facts_of
from pos_loyalty.domain.event import (
    Event,
    SaleMoved,
    SaleRecorded,
    SaleRefunded,
    StampsGiven,
)
from pos_loyalty.domain.ids import SaleId
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.rounding import whole_steps
from pos_loyalty.domain.tally import tally_left
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.event_index import fact_of
from pos_loyalty.store.unit_of_work import Repositories


class SaleHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A sale and what happened to it since, as far as this till knows.

    ``sale`` is as it counts now: after a move it is the new member's, with the facts of the
    move. ``in_open_stream`` tells whether spend rights that it used are of the open journal.
    """

    sale: SaleRecorded
    program: LoyaltyProgram
    refunds: tuple[SaleRefunded, ...] = ()
    move: SaleMoved | None = None
    reversal_id: str | None = None
    stream_no: int = 0
    seq: int = 0
    in_open_stream: bool = True

    @property
    def is_changed(self) -> bool:
        """Whether it is no longer what it was when it was recorded."""
        return bool(self.refunds) or self.move is not None

    @property
    def returned_amount(self) -> int:
        """Minor units that came back so far."""
        return sum(refund.amount for refund in self.refunds)


def sale_history(context: TillContext, work: Repositories, sale_id: SaleId) -> SaleHistory | None:
    """Return a sale of this till with what became of it; None where it is not here."""
    stored = work.journal.get(sale_id)
    sale = None if stored is None else fact_of(stored.data)
    if stored is None or not isinstance(sale, SaleRecorded):
        return None
    stream = work.journal.stream()
    return history_of(
        context,
        sale,
        work.journal.index.referring_to(sale_id),
        reversal_id=work.journal.is_reversed(sale_id),
        stream_no=stored.stream_no,
        seq=stored.seq,
        in_open_stream=stored.stream_no == stream.stream_no,
    )


def history_of(
    context: TillContext,
    sale: SaleRecorded,
    events: Sequence[Event],
    *,
    reversal_id: str | None = None,
    stream_no: int = 0,
    seq: int = 0,
    in_open_stream: bool = True,
) -> SaleHistory:
    """Return a sale with these events that refer to it; claims tell nothing of points."""
    program = context.program_version(sale.program) or context.program(sale.at_ms)
    moves = [event for event in events if isinstance(event, SaleMoved)]
    move = moves[-1] if moves else None
    return SaleHistory(
        sale=sale if move is None else as_moved(program, sale, move),
        program=program,
        refunds=tuple(
            event for event in events if isinstance(event, SaleRefunded) and not event.claim
        ),
        move=move,
        reversal_id=reversal_id,
        stream_no=stream_no,
        seq=seq,
        in_open_stream=in_open_stream,
    )


def as_moved(program: LoyaltyProgram, sale: SaleRecorded, move: SaleMoved) -> SaleRecorded:
    """Return a sale as if it had been its new member's from the start."""
    moved = msgspec.structs.replace(
        sale, member=move.to_member, card_key=None, tier=move.tier, known=move.known
    )
    accrual = earn(program, facts_of(moved))
    return msgspec.structs.replace(moved, earned=accrual.points, stamps=accrual.stamps)


def tally_of_history(history: SaleHistory, needed: frozenset[str]) -> Tally:
    """Return what a sale counts now, in the periods of the sale."""
    sale = history.sale
    total = sale.sale.total
    if history.reversal_id is not None:
        return {}
    back = history.returned_amount
    discount = sum(reward.discount for reward in sale.rewards)
    taken = sum(refund.earned_taken + refund.forgiven for refund in history.refunds)
    return tally_left(
        history.program,
        sale,
        needed,
        earned=sale.earned - taken,
        spend=total - back - (discount - whole_steps(discount * back, total)),
        stamps=stamps_left(history),
        is_gone=back >= total,
    )


def stamps_left(history: SaleHistory) -> dict[str, int]:
    """Return the stamps that a sale still gives, by stamp card."""
    left = {entry.card: entry.count for entry in history.sale.stamps}
    for refund in history.refunds:
        for entry in refund.stamps_taken:
            left[entry.card] = left.get(entry.card, 0) - entry.count
    return left


def stamps_given(stamps: dict[str, int]) -> tuple[StampsGiven, ...]:
    """Return counts of stamps as an event holds them."""
    return tuple(StampsGiven(card=card, count=count) for card, count in stamps.items() if count)
