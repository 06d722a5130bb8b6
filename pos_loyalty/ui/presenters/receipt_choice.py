"""Which sale's receipt F7 shows."""

from pos_loyalty.domain.ids import SaleId
from pos_loyalty.ui.presenters.counter_state import CounterState, Mode


def receipt_sale(state: CounterState) -> SaleId | None:
    """Return whose receipt F7 shows; None where there is no sale yet."""
    if state.mode is Mode.LAST_SALES:
        chosen = state.last_sales[state.selected : state.selected + 1]
        return chosen[0].sale_id if chosen else None
    if state.mode is Mode.SALE_PAGE and state.page is not None:
        return state.page.sale_id
    if state.done is not None:
        return state.done.sale_id
    return state.last_sales[0].sale_id if state.last_sales else None
