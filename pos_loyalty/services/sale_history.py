"""What became of a sale of this till: undone, refunded in part, moved to the right member."""

from collections.abc import Iterable

import msgspec

from pos_loyalty.domain.event import Event, SaleMoved, SaleRecorded, SaleRefunded
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.domain.member_facts import Tally
from pos_loyalty.domain.program import LoyaltyProgram
from pos_loyalty.domain.refund import (
    Returned,
    nothing_returned,
    returned_by,
    sale_after_move,
    what_is_left,
)
from pos_loyalty.domain.tally import tally_left
from pos_loyalty.services.till_context import TillContext
from pos_loyalty.store.event_index import fact_of
from pos_loyalty.store.unit_of_work import Repositories


class SaleHistory(msgspec.Struct, frozen=True, kw_only=True):
    """A sale and what happened to it since, as far as this till knows.

    ``sale`` is as it counts now: after a move it is the new member's. ``state`` is what came
    back of it. ``rights_returned`` are spend rights that refunds gave back. ``stream_no`` and
    ``seq`` are its place in this till's journals.
    """

    sale: SaleRecorded
    program: LoyaltyProgram
    state: Returned
    is_changed: bool = False
    is_moved: bool = False
    rights_returned: int = 0
    reversal_id: str | None = None
    stream_no: int = 0
    seq: int = 0


def sale_history(context: TillContext, work: Repositories, sale_id: SaleId) -> SaleHistory | None:
    """Return a sale of this till with what became of it; None where it is not here."""
    stored = work.journal.get(sale_id)
    sale = None if stored is None else fact_of(stored.data)
    if stored is None or not isinstance(sale, SaleRecorded):
        return None
    history = history_of(context, sale, work.journal.index.referring_to(sale_id))
    return msgspec.structs.replace(
        history,
        reversal_id=work.journal.is_reversed(sale_id),
        stream_no=stored.stream_no,
        seq=stored.seq,
    )


def history_of(context: TillContext, sale: SaleRecorded, events: Iterable[Event]) -> SaleHistory:
    """Return a sale after events that refer to it, in their order."""
    program = context.program_version(sale.program) or context.program(sale.at_ms)
    history = SaleHistory(sale=sale, program=program, state=nothing_returned(sale))
    for event in events:
        history = after(history, event)
    return history


def after(history: SaleHistory, event: Event) -> SaleHistory:
    """Return a sale after one more event; a claim tells nothing of points, so it is passed over."""
    replace = msgspec.structs.replace
    sale, state = history.sale, history.state
    if isinstance(event, SaleMoved):
        moved = sale_after_move(sale, event, state)
        return replace(history, sale=moved, is_changed=True, is_moved=True)
    if not isinstance(event, SaleRefunded) or event.claim:
        return history
    after_refund = returned_by(sale, [event], state)
    return replace(
        history,
        state=after_refund,
        is_changed=True,
        rights_returned=history.rights_returned + event.rights_returned,
    )


def tally_of_history(history: SaleHistory, needed: frozenset[str]) -> Tally:
    """Return what a sale counts now, in the periods of the sale."""
    if history.reversal_id is not None:
        return {}
    left = what_is_left(history.sale, history.state)
    return tally_left(
        history.program,
        history.sale,
        needed,
        earned=left.earned,
        spend=left.spend,
        stamps=left.stamps,
        is_gone=left.is_gone,
    )


def holder_of(work: Repositories, history: SaleHistory) -> MemberId | None:
    """Return whose points the sale's are now; of a merged account the one that stayed."""
    member = history.sale.member
    return None if member is None else work.members.survivor(member)
