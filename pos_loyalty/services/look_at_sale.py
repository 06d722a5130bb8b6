"""Look at one sale of this till: what it earned and why, and what became of it since."""

from collections.abc import Collection
from dataclasses import dataclass

from pos_loyalty.domain.error_catalog import Code
from pos_loyalty.domain.errors import RuleViolation
from pos_loyalty.domain.event import RefundLine, SaleMoved, SaleRefunded
from pos_loyalty.domain.explanation import Explanation, explain
from pos_loyalty.domain.ids import MemberId, SaleId
from pos_loyalty.domain.refund import what_is_left
from pos_loyalty.domain.rounding import spread
from pos_loyalty.domain.sale_facts import facts_of, lines_of
from pos_loyalty.services.explain import JournalPast
from pos_loyalty.services.sale_history import SaleHistory, holder_of, sale_history
from pos_loyalty.services.till_context import TillContext


@dataclass(frozen=True)
class LookAtSale:
    """Which sale."""

    sale_id: SaleId


@dataclass(frozen=True)
class LineLookedAt:
    """A line of a sale as it stands; ``number`` counts from 0, amounts are minor units.

    ``amount`` is what it cost, below 0 for a discount that was rung up as a line.
    ``left_amount`` is what did not come back yet; where nothing is left of the sale, it is 0.
    """

    number: int
    sku: str
    category: str
    quantity: int
    amount: int
    left_amount: int


@dataclass(frozen=True)
class SaleLookedAt:
    """A sale as it stands. Amounts in minor units; ``left_amount`` can still be refunded.

    ``member_id`` is whose points they are now. ``waits_on_card`` says that the sale is on a
    card that is nobody's yet. ``later`` explains its refunds and moves, in their order.
    A sale without lines has one in ``lines``: itself.
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
    lines: tuple[LineLookedAt, ...] = ()

    @property
    def open_lines(self) -> tuple[LineLookedAt, ...]:
        """The lines of which something can still come back."""
        return () if self.is_undone else tuple(line for line in self.lines if line.left_amount)

    @property
    def has_choice(self) -> bool:
        """Whether it makes a difference which lines come back."""
        return len(self.open_lines) > 1

    def coming_back(self, numbers: Collection[int]) -> tuple[RefundLine, ...]:
        """Return what comes back when all that is left of these lines does.

        Beside a discount that was rung up as a line they may be more than the sale; then what is
        left of the sale is spread over them, as every refund does it (docs/rules.md, section 8).
        """
        named = [line for line in self.open_lines if line.number in numbers]
        lefts = [line.left_amount for line in named]
        amounts = spread(min(sum(lefts), self.left_amount), lefts)
        # A line without an amount would stand for all that is left of it.
        return tuple(
            RefundLine(line=line.number, amount=amount)
            for line, amount in zip(named, amounts, strict=True)
            if amount
        )


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
                lines=_lines(history),
            )


def _lines(history: SaleHistory) -> tuple[LineLookedAt, ...]:
    is_gone = what_is_left(history.sale, history.state).amount == 0
    lines = zip(lines_of(facts_of(history.sale)), history.state.lines, strict=True)
    return tuple(
        LineLookedAt(
            number=number,
            sku=line.sku,
            category=line.category,
            quantity=line.quantity,
            amount=line.amount,
            left_amount=0 if is_gone else max(0, line.amount - back),
        )
        for number, (line, back) in enumerate(lines)
    )
