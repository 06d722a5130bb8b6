"""Look at one sale of this till: what it earned and why, and what became of it since."""

from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import SaleMoved, SaleRefunded
from pos_loyalty.domain.explanation import Explanation, explain
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.domain.refund import what_is_left
from pos_loyalty.services.explain import JournalPast
from pos_loyalty.services.sale_history import holder_of, sale_history
from pos_loyalty.services.till_context import TillContext


@dataclass(frozen=True)
class LookAtSale:
    """Which sale."""

    sale_id: SaleId


@dataclass(frozen=True)
class SaleLookedAt:
    """A sale as it stands. Amounts in minor units; ``left_amount`` can still be refunded.

    ``member_id`` is whose points they are now. ``waits_on_card`` says that the sale is on a
    card that is nobody's yet. ``later`` explains its refunds and moves, in their order.
    """

    sale_id: SaleId
    at_ms: int
    total: int
    left_amount: int
    member_id: MemberId | None
    member_name: str
    waits_on_card: bool
    is_undone: bool
    is_changed: bool
    why: Explanation
    later: tuple[Explanation, ...] = ()


class LookAtSaleHandler:
    """Reads a sale with everything that refers to it, in one snapshot."""

    def __init__(self, context: TillContext) -> None:
        self._context = context

    def __call__(self, command: LookAtSale) -> SaleLookedAt:
        """Return the sale.

        Raises:
            RuleViolation: there is no such sale here.
        """
        with self._context.store.read() as work:
            history = sale_history(self._context, work, command.sale_id)
            past = JournalPast(work)
            event = past.event(command.sale_id)
            if history is None or event is None:
                raise RuleViolation(Code.SALE_UNKNOWN)
            holder = holder_of(work, history)
            record = None if holder is None else work.members.record(holder)
            return SaleLookedAt(
                sale_id=command.sale_id,
                at_ms=history.sale.at_ms,
                total=history.sale.sale.total,
                left_amount=what_is_left(history.sale, history.state).amount,
                member_id=holder,
                member_name="" if record is None else record.name,
                waits_on_card=holder is None and history.sale.card_key is not None,
                is_undone=history.reversal_id is not None,
                is_changed=history.is_changed,
                why=explain(event, past),
                later=tuple(
                    explain(each, past)
                    for each in past.referring_to(command.sale_id)
                    if isinstance(each, SaleRefunded | SaleMoved)
                ),
            )
